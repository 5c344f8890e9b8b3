//! Swagger 2.0: what it says, said as OpenAPI 3.0 would, at the author's own lines.

use portcullis_openapi::model::{KeyLocation, Location, ParameterValue, SchemeKind, Style, Version};
use portcullis_openapi::{ApiModel, Severity};

use super::{codes, load, with_model};

const SHOP: &str = "\
swagger: '2.0'
info: {title: Shop, version: '1'}
host: shop.example
basePath: /v1
schemes: [https, http]
consumes: [application/json]
produces: [application/json, text/xml]
securityDefinitions:
  login: {type: basic}
  key: {type: apiKey, name: X-Key, in: header}
  oauth: {type: oauth2, flow: accessCode, authorizationUrl: 'https://a', tokenUrl: 'https://t', scopes: {read: r}}
security: [{key: []}]
parameters:
  limit: {name: limit, in: query, type: integer, format: int32, maximum: 50, x-nullable: true}
  pet: {name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}
responses:
  broken: {description: d, schema: {$ref: '#/definitions/Pet'}, headers: {X-Left: {type: array, items: {type: integer}, collectionFormat: pipes}}}
definitions:
  Pet: {type: object, discriminator: kind, required: [kind], properties: {kind: {type: string}}}
paths:
  /pets/{id}:
    parameters:
    - {name: id, in: path, required: true, type: array, items: {type: string}, collectionFormat: ssv}
    - {$ref: '#/parameters/pet'}
    put:
      security: [{oauth: [read]}]
      consumes: [application/json, application/vnd.pet+json]
      parameters: [{$ref: '#/parameters/limit'}, {name: tag, in: query, type: array, items: {type: string}, collectionFormat: multi}]
      responses: {200: {$ref: '#/responses/broken'}, default: {description: d, schema: {type: file}}}
    post:
      schemes: [http]
      consumes: [multipart/form-data, application/x-www-form-urlencoded]
      parameters:
      - {name: note, in: formData, type: string, required: true}
      - {name: ids, in: formData, type: array, items: {type: integer}, collectionFormat: tsv}
      - {name: photo, in: formData, type: file}
      responses: {204: {description: d, examples: {application/json: {a: 1}}}}
";

#[test]
fn a_whole_document_is_read() {
    with_model(&[("a.yaml", SHOP)], |model| {
        assert_eq!((model.version, model.title), (Version::V2_0, "Shop"));
        let urls: Vec<_> = model.servers.iter().map(|server| server.url.as_str()).collect();
        assert_eq!(urls, ["https://shop.example/v1", "http://shop.example/v1"]);
        let [put, post] = &model.operations[..] else { panic!("not two operations") };
        assert_eq!(post.servers[0].url, "http://shop.example/v1");
        assert_eq!(put.security.alternatives[0].schemes[0].scopes, ["read"]);
        let ranges = |content: &[portcullis_openapi::model::MediaType<'_>]| {
            content.iter().map(|one| one.range.to_owned()).collect::<Vec<_>>()
        };
        let body = put.request_body.as_ref().unwrap();
        assert!(body.required);
        assert_eq!(ranges(&body.content), ["application/json", "application/vnd.pet+json"]);
        assert_eq!(body.content[0].schema.unwrap().reference(), Some("#/definitions/Pet"));
        let pet = model.resolve(body.content[0].schema.unwrap()).unwrap();
        assert_eq!(pet.node.get("discriminator").and_then(|node| node.as_str()), Some("kind"));
        assert_eq!(ranges(&put.responses[0].content), ["application/json", "text/xml"]);
        assert_eq!(
            put.responses[1].content[0].schema.unwrap().node.to_json(),
            r#"{"type":"string","format":"binary"}"#
        );
        assert_eq!(post.responses[0].content[0].examples[0].value.to_json(), r#"{"a":1}"#);
    });
}

#[test]
fn lists_are_written_as_the_collection_format_says() {
    with_model(&[("a.yaml", SHOP)], |model| {
        let [put, post] = &model.operations[..] else { panic!("not two operations") };
        let styles: Vec<_> = put
            .parameters
            .iter()
            .map(|parameter| match &parameter.value {
                ParameterValue::Styled { style, explode, .. } => (parameter.name, *style, *explode),
                ParameterValue::Content { .. } => panic!("content"),
            })
            .collect();
        assert_eq!(
            styles,
            [("id", Style::SpaceDelimited, false), ("limit", Style::Form, false), ("tag", Style::Form, true)]
        );
        assert_eq!(put.parameters[1].location, Location::Query);
        let ParameterValue::Styled { schema: Some(schema), .. } = &put.parameters[1].value else {
            panic!("no schema")
        };
        assert_eq!(
            schema.node.to_json(),
            r#"{"type":"integer","format":"int32","maximum":50,"x-nullable":true}"#
        );
        let ParameterValue::Styled { style, .. } = &put.responses[0].headers[0].value else {
            panic!("content")
        };
        assert_eq!(*style, Style::PipeDelimited);
        let form = post.request_body.as_ref().unwrap();
        assert!(form.required);
        let [multipart, encoded] = &form.content[..] else { panic!("not two media types") };
        for media_type in [multipart, encoded] {
            let encoding = &media_type.encoding[0];
            assert_eq!((encoding.property, encoding.style), ("ids", Some(Style::TabDelimited)));
        }
        assert_eq!(
            encoded.schema.unwrap().node.to_json(),
            r#"{"type":"object","properties":{"note":{"type":"string"},"ids":{"type":"array","items":{"type":"integer"}},"photo":{"type":"string","format":"binary"}},"required":["note"]}"#
        );
    });
}

#[test]
fn security_definitions_are_schemes() {
    with_model(&[("a.yaml", SHOP)], |model| {
        let kinds: Vec<_> = model.security_schemes.values().map(|scheme| &scheme.kind).collect();
        assert!(matches!(kinds[0], SchemeKind::Http { scheme: "basic", .. }));
        assert!(matches!(kinds[1], SchemeKind::ApiKey { location: KeyLocation::Header, name: "X-Key" }));
        let SchemeKind::OAuth2 { flows } = kinds[2] else { panic!("{:?}", kinds[2]) };
        assert_eq!(flows, &[("authorizationCode", vec!["read"])]);
    });
}

/// A document with one operation, `post` of `/a`.
fn with(operation: &str, rest: &str) -> String {
    format!(
        "swagger: '2.0'\ninfo: {{title: t, version: '1'}}\npaths: {{/a: {{post: {{responses: {{200: {{description: d}}}}, {operation}}}}}}}\n{rest}\n"
    )
}

#[test]
fn what_is_wrong_is_told() {
    let json = "consumes: [application/json]";
    let body = "{name: b, in: body, schema: {}}";
    let field = "{name: f, in: formData, type: string}";
    for (name, operation, rest, expected) in [
        ("nothing", String::new(), "", &[][..]),
        ("a body", format!("{json}, parameters: [{body}]"), "", &[]),
        ("no media type", format!("parameters: [{body}]"), "", &["swagger-media-type"]),
        ("a form as JSON", format!("{json}, parameters: [{field}]"), "", &["swagger-media-type"; 2]),
        ("a body and a form", format!("{json}, parameters: [{body}, {field}]"), "", &["parameter-duplicate"]),
        ("two bodies", format!("{json}, parameters: [{body}, {body}]"), "", &["parameter-duplicate"]),
        ("a body without schema", format!("{json}, parameters: [{{name: b, in: body}}]"), "", &["missing-field"]),
        ("several in a header", "parameters: [{name: h, in: header, type: array, items: {type: string}, collectionFormat: multi}]".into(), "", &["parameter-style"]),
        ("no such format", "parameters: [{name: h, in: query, type: array, items: {type: string}, collectionFormat: xsv}]".into(), "", &["parameter-style"]),
        ("a format of what is no list", "parameters: [{name: h, in: query, type: string, collectionFormat: multi}]".into(), "", &["unknown-field"]),
        ("a parameter without type", "parameters: [{name: h, in: query}]".into(), "", &["missing-field"]),
        ("an object in the query", "parameters: [{name: h, in: query, type: object}]".into(), "", &["invalid-value"]),
        ("a file in the query", "parameters: [{name: h, in: query, type: file}]".into(), "", &["invalid-value"]),
        ("an array of anything", "parameters: [{name: h, in: query, type: array}]".into(), "", &["missing-field"]),
        ("an array of objects", "parameters: [{name: h, in: query, type: array, items: {type: object}}]".into(), "", &["invalid-value"]),
        ("a cookie", "parameters: [{name: h, in: cookie, type: string}]".into(), "", &["invalid-value"]),
        ("an object in a form", "consumes: [multipart/form-data], parameters: [{name: f, in: formData, type: object}]".into(), "", &["invalid-value"]),
        ("a file in a form", "consumes: [multipart/form-data], parameters: [{name: f, in: formData, type: file}]".into(), "", &[]),
        ("a dangling parameter", "parameters: [{$ref: '#/parameters/x'}]".into(), "", &["ref-dangling"]),
        ("a dangling response", "responses: {201: {$ref: '#/responses/x'}}".into(), "", &["duplicate-key"]),
        ("a dangling schema", format!("{json}, parameters: [{{name: b, in: body, schema: {{$ref: '#/definitions/x'}}}}]"), "", &["ref-dangling"]),
        ("a cycle", "parameters: [{$ref: '#/parameters/x'}]".into(), "parameters: {x: {$ref: '#/parameters/x'}}", &["ref-cycle"]),
        ("no such scheme", "security: [{x: []}]".into(), "", &["security-scheme-undefined"]),
        ("no such security type", "security: [{x: []}]".into(), "securityDefinitions: {x: {type: bearer}}", &["invalid-value"]),
        ("no such transport", String::new(), "host: h\nschemes: [gopher]", &["invalid-value"]),
        ("an unknown field", "produce: [a/b]".into(), "", &["unknown-field"]),
        ("a field of OpenAPI 3", "requestBody: {content: {a/b: {}}}".into(), "", &["unknown-field"]),
        ("a schema in the query", "parameters: [{name: h, in: query, schema: {type: string}}]".into(), "", &["missing-field", "unknown-field"]),
        ("servers", String::new(), "servers: [{url: /x}]", &["unknown-field"]),
        ("components", String::new(), "components: {}", &["unknown-field"]),
    ] {
        assert_eq!(codes(&[("a.yaml", &with(&operation, rest))]), expected, "{name}");
    }
}

#[test]
fn a_field_may_be_empty_where_it_says_so() {
    let fields = "parameters: [{name: n, in: formData, type: integer, allowEmptyValue: true}]";
    let form = "consumes: [application/x-www-form-urlencoded]";
    with_model(&[("a.yaml", &with(&format!("{form}, {fields}"), ""))], |model| {
        let body = model.operations[0].request_body.as_ref().unwrap();
        assert_eq!(
            body.content[0].schema.unwrap().node.to_json(),
            r#"{"type":"object","properties":{"n":{"anyOf":[{"type":"integer"},{"enum":[""]}]}}}"#
        );
    });
}

#[test]
fn places_are_the_authors() {
    let text = with(
        "consumes: [application/json], parameters: [{name: b, in: body, schema: {$ref: '#/definitions/x'}}]",
        "",
    );
    let (documents, mut report) = load(&[("a.yaml", &text)]);
    let _ = ApiModel::read(&documents, &mut report);
    let [diagnostic] = report.diagnostics() else { panic!("{:?}", report.diagnostics()) };
    assert_eq!(diagnostic.severity, Severity::Error);
    assert_eq!(diagnostic.pointer, "/paths/~1a/post/parameters/0/schema/$ref");
}

#[test]
fn an_own_body_replaces_the_paths() {
    let text = "\
swagger: '2.0'
info: {title: t, version: '1'}
consumes: [application/x-www-form-urlencoded]
paths:
  /a:
    parameters: [{name: x, in: formData, type: string}, {name: y, in: formData, type: string}]
    put: {parameters: [{name: x, in: formData, type: integer}], responses: {200: {description: d}}}
    post: {consumes: [text/plain], parameters: [{name: x, in: body, schema: {type: string}}], responses: {200: {description: d}}}
";
    with_model(&[("a.yaml", text)], |model| {
        let schemas: Vec<_> = model
            .operations
            .iter()
            .map(|one| one.request_body.as_ref().unwrap().content[0].schema.unwrap().node.to_json())
            .collect();
        assert_eq!(
            schemas,
            [
                r#"{"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"string"}}}"#,
                r#"{"type":"string"}"#
            ]
        );
    });
}

#[test]
fn files_of_a_definition_keep_their_own_references() {
    let root = "\
swagger: '2.0'
info: {title: t, version: '1'}
consumes: [application/json]
paths: {/a: {$ref: 'more.yaml#/item'}}
";
    let more = "\
item: {post: {parameters: [{$ref: '#/body'}], responses: {200: {description: d}}}}
body: {name: b, in: body, schema: {$ref: '#/pet'}}
pet: {type: string}
";
    with_model(&[("a.yaml", root), ("more.yaml", more)], |model| {
        let schema = model.operations[0].request_body.as_ref().unwrap().content[0].schema.unwrap();
        assert_eq!(model.resolve(schema).unwrap().node.to_json(), r#"{"type":"string"}"#);
    });
}
