//! What is wrong with a definition, and where.

use portcullis_openapi::{ApiModel, Severity};

use super::{codes, load};

/// A definition with one operation, `get` of `/a/{id}`, and what it needs.
fn definition(operation: &str, rest: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /a/{{id}}:\n    get:\n      responses: {{'200': {{description: d}}}}\n{operation}\n{rest}\n"
    )
}

const ID: &str = "{name: id, in: path, required: true, schema: {}}";

#[test]
fn a_whole_document_of_the_wrong_kind_is_one_error() {
    for (name, input, expected) in [
        ("swagger 1.2", "swagger: '1.2'\ninfo: {}\npaths: {}\n", "openapi-version"),
        ("swagger 2.0 without paths", "swagger: 2.0\n", "missing-field"),
        ("a later version", "openapi: 3.2.0\npaths: {}\n", "openapi-version"),
        ("3.10 is not 3.1", "openapi: 3.10.0\npaths: {}\n", "openapi-version"),
        ("no version", "paths: {}\n", "openapi-version"),
        ("a list", "[]", "openapi-version"),
        ("nothing", "", "openapi-version"),
        ("no paths", "openapi: 3.0.0\ninfo: {}\n", "missing-field"),
    ] {
        assert_eq!(codes(&[("a.yaml", input)]), [expected], "{name}");
    }
    assert_eq!(codes(&[("a.yaml", "openapi: 3.1.0\nwebhooks: {}\n")]), [""; 0]);
}

#[test]
fn a_document_that_cannot_be_read_is_an_error() {
    let mut report = portcullis_openapi::Report::default();
    let nothing = std::collections::HashMap::new();
    let documents = portcullis_openapi::Documents::load(&nothing, "a.yaml", &mut report);
    assert!(ApiModel::read(&documents, &mut report).is_none());
    assert_eq!(report.diagnostics()[0].message, "a.yaml: no such file");
}

#[test]
fn problems_of_parameters_are_found() {
    for (name, parameter, expected) in [
        ("no name", "{in: query, schema: {}}", "missing-field"),
        ("no location", "{name: a, schema: {}}", "missing-field"),
        ("no such location", "{name: a, in: body, schema: {}}", "invalid-value"),
        ("no such style", "{name: a, in: query, style: curly, schema: {}}", "parameter-style"),
        ("style of another location", "{name: a, in: query, style: matrix, schema: {}}", "parameter-style"),
        ("schema and content", "{name: a, in: query, schema: {}, content: {a/b: {}}}", "parameter-schema"),
        ("two media types", "{name: a, in: query, content: {a/b: {}, c/d: {}}}", "parameter-schema"),
        ("neither schema nor content", "{name: a, in: query}", "missing-field"),
        ("declared twice", "{name: id, in: path, required: true, schema: {}}", "parameter-duplicate"),
        ("not in the path", "{name: other, in: path, required: true, schema: {}}", "path-parameter-unused"),
        ("unknown field", "{name: a, in: query, schema: {}, type: string}", "unknown-field"),
        (
            "empty outside the query",
            "{name: a, in: header, allowEmptyValue: true, schema: {}}",
            "unknown-field",
        ),
        (
            "a style beside content",
            "{name: a, in: query, explode: true, content: {a/b: {}}}",
            "unknown-field",
        ),
        ("required is no boolean", "{name: a, in: query, required: 'yes', schema: {}}", "wrong-type"),
        ("ignored header", "{name: authorization, in: header, schema: {}}", "parameter-ignored"),
        ("extension of ours", "{name: a, in: query, schema: {}, x-portcullis: {}}", "extension-misplaced"),
        (
            "external example",
            "{name: a, in: query, schema: {}, examples: {e: {externalValue: u}}}",
            "example-external",
        ),
        (
            "one example and several",
            "{name: a, in: query, schema: {}, example: 1, examples: {e: {value: 1}}}",
            "invalid-value",
        ),
        ("not an object", "7", "wrong-type"),
    ] {
        let text = definition(&format!("      parameters: [{ID}, {parameter}]"), "");
        assert_eq!(codes(&[("a.yaml", &text)]), [expected], "{name}");
    }
}

#[test]
fn problems_of_path_parameters_are_warnings() {
    for (name, parameters, expected) in [
        ("undeclared", "[]", "path-parameter-undeclared"),
        ("optional", "[{name: id, in: path, schema: {}}]", "path-parameter-optional"),
    ] {
        let (documents, mut report) =
            load(&[("a.yaml", &definition(&format!("      parameters: {parameters}"), ""))]);
        let model = ApiModel::read(&documents, &mut report).unwrap();
        assert_eq!(report.diagnostics()[0].code, expected, "{name}");
        assert_eq!(report.diagnostics()[0].severity, Severity::Warning, "{name}");
        assert!(model.operations[0].parameters.iter().all(|one| one.required), "{name}");
    }
}

#[test]
fn problems_of_operations_are_found() {
    for (name, operation, rest, expected) in [
        ("no such scheme", "security: [{nobody: []}]", "", "security-scheme-undefined"),
        ("security is no list", "security: {}", "", "wrong-type"),
        (
            "scopes are no list",
            "security: [{s: read}]",
            "components: {securitySchemes: {s: {type: mutualTLS}}}",
            "wrong-type",
        ),
        (
            "type of scheme",
            "security: [{s: []}]",
            "components: {securitySchemes: {s: {type: magic}}}",
            "invalid-value",
        ),
        (
            "place of key",
            "security: [{s: []}]",
            "components: {securitySchemes: {s: {type: apiKey, name: k, in: body}}}",
            "invalid-value",
        ),
        (
            "key without name",
            "security: [{s: []}]",
            "components: {securitySchemes: {s: {type: apiKey, in: query}}}",
            "missing-field",
        ),
        (
            "http without scheme",
            "security: [{s: []}]",
            "components: {securitySchemes: {s: {type: http}}}",
            "missing-field",
        ),
        ("body without content", "requestBody: {}", "", "missing-field"),
        ("server variable", "servers: [{url: 'https://{h}'}]", "", "server-variable-undefined"),
        (
            "default that is no value",
            "servers: [{url: 'https://{h}', variables: {h: {default: a, enum: [b]}}}]",
            "",
            "invalid-value",
        ),
        (
            "style of a form's property",
            "requestBody: {content: {application/x-www-form-urlencoded: {encoding: {a: {style: matrix}}}}}",
            "",
            "invalid-value",
        ),
        ("open brace in a server", "servers: [{url: 'https://{h'}]", "", "invalid-value"),
        ("unknown field", "consumes: []", "", "unknown-field"),
        ("misspelt extension", "x-Portcullis: {}", "", "extension-misplaced"),
        (
            "reference where none can be",
            "requestBody: {content: {a/b: {$ref: '#/info'}}}",
            "",
            "ref-misplaced",
        ),
        (
            "undeclared scope",
            "security: [{s: [read]}]",
            "components: {securitySchemes: {s: {type: oauth2, flows: {implicit: {scopes: {write: w}}}}}}",
            "scope-undeclared",
        ),
    ] {
        let text = definition(&format!("      parameters: [{ID}]\n      {operation}"), rest);
        assert_eq!(codes(&[("a.yaml", &text)]), [expected], "{name}");
    }
}

#[test]
fn our_extension_is_refused_wherever_it_is_not_read() {
    for (name, operation, rest, expected) in [
        ("root", "", "x-portcullis: {}", vec![]),
        ("operation", "x-portcullis: {}", "", vec![]),
        ("unused path item", "", "components: {pathItems: {p: {x-portcullis: {}}}}", vec![]),
        ("name of a property", "", "components: {schemas: {s: {properties: {x-portcullis: {}}}}}", vec![]),
        ("name of a header", "", "components: {responses: {r: {headers: {X-Portcullis: {}}}}}", vec![]),
        ("within an example", "", "components: {schemas: {s: {example: {x-portcullis: {}}}}}", vec![]),
        ("misspelt", "X-Portcullis: {}", "", vec!["unknown-field", "extension-misplaced"]),
        ("paths", "", "  x-portcullis: {}", vec!["extension-misplaced"]),
        ("tags", "", "tags: [{name: a, x-portcullis: {}}]", vec!["extension-misplaced"]),
        ("a schema", "", "components: {schemas: {s: {x-portcullis: {}}}}", vec!["extension-misplaced"]),
        ("a callback", "callbacks: {c: {u: {get: {x-portcullis: {}}}}}", "", vec!["extension-misplaced"]),
        (
            "next to a reference",
            "requestBody: {$ref: '#/components/requestBodies/b', x-portcullis: {}}",
            "components: {requestBodies: {b: {content: {}}}}",
            vec!["extension-misplaced"],
        ),
    ] {
        let text = definition(&format!("      parameters: [{ID}]\n      {operation}"), rest);
        assert_eq!(codes(&[("a.yaml", &text)]), expected, "{name}");
    }
}

#[test]
fn problems_of_paths_and_responses_are_found() {
    let operation = "get: {responses: {'200': {description: d}}}";
    for (name, paths, expected) in [
        ("no slash", format!("a: {{{operation}}}"), "path-without-slash"),
        ("not a status", "/a: {get: {responses: {'20': {description: d}}}}".to_owned(), "response-status"),
        ("lower-case range", "/a: {get: {responses: {2xx: {description: d}}}}".to_owned(), "response-status"),
        ("no responses", "/a: {get: {}}".to_owned(), "missing-field"),
        ("unknown method", "/a: {fetch: {}}".to_owned(), "unknown-field"),
        ("path item is a list", "/a: []".to_owned(), "wrong-type"),
        (
            "one id twice",
            "/a: {get: {operationId: i, responses: {}}, put: {operationId: i, responses: {}}}".to_owned(),
            "operation-id-duplicate",
        ),
    ] {
        let text = format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  {paths}\n");
        assert_eq!(codes(&[("a.yaml", &text)]), [expected], "{name}");
    }
}

#[test]
fn what_is_wrong_with_an_unused_scheme_is_a_warning() {
    let text =
        definition(&format!("      parameters: [{ID}]"), "components: {securitySchemes: {s: {type: magic}}}");
    let (documents, mut report) = load(&[("a.yaml", &text)]);
    let _ = ApiModel::read(&documents, &mut report);
    assert_eq!(report.diagnostics().len(), 1);
    assert!(!report.has_errors());
}

#[test]
fn all_problems_are_told_at_once_each_with_its_place() {
    let text = definition(
        "      parameters:\n        - {name: id, in: path, required: true, schema: {$ref: '#/x'}}\n        - {name: q, in: nowhere}",
        "security:\n  - ghost: []",
    );
    let (documents, mut report) = load(&[("a.yaml", &text)]);
    let _ = ApiModel::read(&documents, &mut report);
    let told: Vec<_> = report
        .diagnostics()
        .iter()
        .map(|one| {
            let position = documents.position(one.place.unwrap());
            format!("{}:{} {} {} {}", position.line, position.column, one.code, one.pointer, one.message)
        })
        .collect();
    assert_eq!(
        told,
        [
            "8:63 ref-dangling /paths/~1a~1{id}/get/parameters/0/schema/$ref `#/x` names nothing",
            "9:25 invalid-value /paths/~1a~1{id}/get/parameters/1/in a parameter cannot stand in `nowhere`",
            "11:5 security-scheme-undefined /security/0/ghost the security scheme `ghost` is not defined",
        ]
    );
}

#[test]
fn a_problem_of_a_shared_component_is_told_once() {
    let uses = "responses: {'200': {$ref: '#/components/responses/r'}}";
    let text = format!(
        "openapi: 3.0.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /a: {{get: {{{uses}}}, put: {{{uses}}}}}\ncomponents:\n  responses: {{r: {{description: d, extra: 1}}}}\n"
    );
    assert_eq!(codes(&[("a.yaml", &text)]), ["unknown-field"]);
}
