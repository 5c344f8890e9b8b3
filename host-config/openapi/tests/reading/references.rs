//! `$ref`s: over files, in circles, to nothing.

use portcullis_openapi::model::ParameterValue;

use super::{codes, with_model};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n";

fn document(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn references_lead_over_files_relative_to_the_file_they_stand_in() {
    let main = document("paths:\n  /a: {$ref: 'paths/a.yaml#/item'}\n");
    let path = "item:\n  get:\n    parameters: [{$ref: '../shared%20parts.json#/p~1q'}]\n    responses: {'200': {description: d}}\n";
    let shared =
        r##"{"p/q": {"name": "n", "in": "query", "schema": {"$ref": "#/s"}}, "s": {"type": "string"}}"##;
    with_model(&[("main.yaml", &main), ("paths/a.yaml", path), ("shared parts.json", shared)], |model| {
        let parameter = &model.operations[0].parameters[0];
        let ParameterValue::Styled { schema: Some(schema), .. } = parameter.value else { panic!("a schema") };
        let resolved = model.resolve(schema).unwrap();
        assert_eq!(resolved.node.to_json(), r#"{"type":"string"}"#);
        assert_eq!(model.documents.name(resolved.place().file), "shared parts.json");
    });
}

#[test]
fn references_that_lead_nowhere_are_errors() {
    let with_parameter = |reference: &str| {
        document(&format!(
            "paths:\n  /a:\n    get:\n      parameters: [{{$ref: {reference}}}]\n      responses: {{'200': {{description: d}}}}\ncomponents:\n  parameters:\n    x: {{$ref: '#/components/parameters/y'}}\n    y: {{$ref: '#/components/parameters/x'}}\n"
        ))
    };
    for (name, reference, expected) in [
        ("no such node", "'#/components/parameters/z'", "ref-dangling"),
        ("no such anchor", "'#z'", "ref-dangling"),
        ("circle", "'#/components/parameters/x'", "ref-cycle"),
        ("url", "'https://example.com/a.yaml#/x'", "ref-remote"),
        ("absolute path", "/etc/passwd", "ref-remote"),
        ("no such file", "other.yaml", "ref-file"),
        ("broken percent-encoding", "'#/%zz'", "ref-syntax"),
        ("not a string", "1", "ref-syntax"),
    ] {
        assert_eq!(codes(&[("a.yaml", &with_parameter(reference))]), [expected], "{name}");
    }
}

#[test]
fn references_within_schemas_are_followed_wherever_a_schema_can_stand() {
    for (name, version, schema, expected) in [
        (
            "recursive schemas are fine",
            "3.0.0",
            "{properties: {a: {$ref: '#/components/schemas/s'}}}",
            vec![],
        ),
        ("properties", "3.0.0", "{properties: {a: {$ref: '#/x'}}}", vec!["ref-dangling"]),
        ("items of a list", "3.0.0", "{allOf: [{items: {$ref: '#/x'}}]}", vec!["ref-dangling"]),
        ("a property named $ref", "3.0.0", "{properties: {$ref: {type: string}}}", vec![]),
        ("an example is no schema", "3.0.0", "{example: {$ref: '#/x'}}", vec![]),
        (
            "siblings do not count in 3.0",
            "3.0.0",
            "{$ref: '#/components/schemas/t', not: {$ref: '#/x'}}",
            vec![],
        ),
        (
            "siblings count in 3.1",
            "3.1.0",
            "{$ref: '#/components/schemas/t', not: {$ref: '#/x'}}",
            vec!["ref-dangling"],
        ),
        ("a schema that is only itself", "3.0.0", "{$ref: '#/components/schemas/s'}", vec!["ref-cycle"]),
        ("an anchor in 3.1", "3.1.0", "{$ref: '#here', $defs: {d: {$anchor: here}}}", vec![]),
        (
            "an `$id`",
            "3.1.0",
            "{$id: 'https://example.com/s', items: {$ref: 'https://example.com/s'}}",
            vec![],
        ),
        ("a relative `$id`", "3.1.0", "{items: {$ref: x/t}, $defs: {d: {$id: x/t}}}", vec![]),
        ("an `$id` with a fragment", "3.1.0", "{$id: 'https://example.com/s#f'}", vec!["schema-id"]),
        ("an `$id` that is no text", "3.1.0", "{$id: 1}", vec!["schema-id"]),
        ("a URL that nothing has", "3.1.0", "{items: {$ref: 'https://example.com/s'}}", vec!["ref-remote"]),
        (
            "a base that leads elsewhere",
            "3.1.0",
            "{$id: 'https://a.example/s', items: {$ref: t}}",
            vec!["ref-remote"],
        ),
        (
            "within a base, `#` is the schema",
            "3.1.0",
            "{$id: s, items: {$ref: '#/components/schemas/t'}}",
            vec!["ref-dangling"],
        ),
        (
            "two with one `$id`",
            "3.1.0",
            "{items: {$ref: x}, $defs: {a: {$id: x}, b: {$id: ./x}}}",
            vec!["ref-ambiguous"],
        ),
        (
            "two with one anchor",
            "3.1.0",
            "{items: {$ref: '#x'}, $defs: {a: {$anchor: x}, b: {$anchor: x}}}",
            vec!["ref-ambiguous"],
        ),
        (
            "one anchor in each of two",
            "3.1.0",
            "{items: {$ref: 'b#x'}, $defs: {a: {$anchor: x}, b: {$id: b, $anchor: x}}}",
            vec![],
        ),
        (
            "an `$id` in a value",
            "3.1.0",
            "{items: {$ref: x}, const: {$id: x}, examples: [{$id: x}], $defs: {b: {$id: x}}}",
            vec![],
        ),
        (
            "a property named `$id`",
            "3.1.0",
            "{properties: {$id: {type: string}}, items: {$ref: '#/components/schemas/t'}}",
            vec![],
        ),
        (
            "no `$id`s in 3.0",
            "3.0.3",
            "{$id: 'https://example.com/s', items: {$ref: '#/components/schemas/t'}}",
            vec![],
        ),
        (
            "a dynamic reference",
            "3.1.0",
            "{items: {$dynamicRef: '#x'}, $defs: {a: {$dynamicAnchor: x}}}",
            vec![],
        ),
        ("a dynamic one to nothing", "3.1.0", "{items: {$dynamicRef: '#x'}}", vec!["ref-dangling"]),
        (
            "a dynamic one to two",
            "3.1.0",
            "{items: {$dynamicRef: 'o#x'}, $defs: {o: {$id: o, $dynamicAnchor: x}, a: {$dynamicAnchor: x}, b: {$dynamicAnchor: x}}}",
            vec!["ref-ambiguous"],
        ),
        (
            "behind a dynamic one",
            "3.1.0",
            "{items: {$dynamicRef: 'o#x'}, $defs: {o: {$id: o, $dynamicAnchor: x}, a: {$id: p, $dynamicAnchor: x, not: {$ref: '#/no'}}}}",
            vec!["ref-dangling"],
        ),
        ("a dynamic one that is no text", "3.1.0", "{items: {$dynamicRef: 1}}", vec!["ref-syntax"]),
        ("booleans in 3.0", "3.0.0", "{additionalProperties: false, not: true}", vec!["wrong-type"]),
        ("booleans in 3.1", "3.1.0", "{additionalProperties: false, not: true}", vec![]),
        ("not a schema", "3.0.0", "{items: [1]}", vec!["wrong-type"]),
    ] {
        let text = format!(
            "openapi: {version}\ninfo: {{title: t, version: '1'}}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: d\n          content: {{a/b: {{schema: {{$ref: '#/components/schemas/s'}}}}}}\ncomponents:\n  schemas:\n    s: {schema}\n    t: {{}}\n"
        );
        let mut found = codes(&[("a.yaml", &text)]);
        found.dedup();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_is_published_beside_a_file_is_looked_for_beside_it() {
    let main = "openapi: 3.1.1\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: d\n          content: {a/b: {schema: {$ref: 'schemas/pet.json'}}}\n";
    let pet = |reference: &str| {
        format!(
            r#"{{"$id": "https://x.example/s/pet.json", "properties": {{"o": {{"$ref": "{reference}"}}}}}}"#
        )
    };
    let owner = r#"{"$id": "https://x.example/s/owner.json"}"#;
    let stranger = r#"{"$id": "https://x.example/s/stranger.json"}"#;
    for (name, reference, owner, expected) in [
        ("relative", "owner.json", owner, vec![]),
        ("a URL in the same folder", "https://x.example/s/owner.json", owner, vec![]),
        ("a file of the name without an `$id`", "owner.json", "{}", vec![]),
        ("a URL that the file does not have", "https://x.example/s/owner.json", stranger, vec!["ref-remote"]),
        ("a URL elsewhere", "https://x.example/owner.json", owner, vec!["ref-remote"]),
    ] {
        let found =
            codes(&[("a.yaml", main), ("schemas/pet.json", &pet(reference)), ("schemas/owner.json", owner)]);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_no_operation_uses_is_nobodys_problem() {
    let text = document("paths: {}\ncomponents:\n  schemas: {s: {$ref: '#/x'}}\n  responses: {r: 1}\n");
    assert_eq!(codes(&[("a.yaml", &text)]), [""; 0]);
}

#[test]
fn operations_next_to_the_reference_of_a_path_item_are_an_error() {
    let text = document(
        "paths:\n  /a:\n    $ref: '#/components/x-p'\n    post: {responses: {'200': {description: d}}}\ncomponents:\n  x-p: {get: {responses: {'200': {description: d}}}}\n",
    );
    assert!(codes(&[("a.yaml", &text)]).contains(&"ref-siblings"));
}

#[test]
fn files_that_refer_to_one_another_are_read_once() {
    let main = document("paths:\n  /a: {$ref: 'b.yaml#/item'}\nx-here: {}\n");
    let other = "item: {get: {responses: {'200': {$ref: 'c.yaml#/r'}}}}\n";
    let third = "r: {description: d}\nback: {$ref: 'b.yaml'}\n";
    with_model(&[("a.yaml", &main), ("b.yaml", other), ("c.yaml", third)], |model| {
        assert_eq!(model.documents.files().count(), 3);
        assert_eq!(model.operations[0].responses[0].status, "200");
    });
}

#[test]
fn a_file_that_is_no_tree_is_told_where_it_breaks_and_where_it_is_used() {
    let main = document("paths:\n  /a: {$ref: 'b.yaml'}\n");
    assert_eq!(codes(&[("a.yaml", &main), ("b.yaml", "get: [")]), ["yaml-syntax", "ref-file"]);
}
