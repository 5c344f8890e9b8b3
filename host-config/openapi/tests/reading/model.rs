//! What a definition says, whichever way it says it.

use portcullis_openapi::model::{
    KeyLocation, Location, Method, ParameterValue, RequirementOrigin, SchemeKind, Style, Version,
};

use super::with_model;

const PARAMETERS: &str = "\
openapi: 3.0.3
info: {title: Shop, version: 1.0.0}
paths:
  /a/{id}/{format}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: q, in: query, schema: {type: string}}
      - {name: X-Trace, in: header, schema: {type: string}}
    get:
      parameters:
        - {name: q, in: query, required: true, style: deepObject, explode: true, schema: {type: object}}
        - {name: x-trace, in: header, required: true, schema: {type: integer}}
        - {name: format, in: path, required: true, style: matrix, schema: {}}
        - {name: filter, in: query, allowEmptyValue: true, content: {application/json: {schema: {type: array}}}}
        - {name: q, in: cookie, schema: {}, examples: {one: {value: 1}, two: {value: 2}}}
      responses: {default: {description: d}}
    put:
      parameters: [{name: format, in: path, required: true, schema: {}}]
      responses: {2XX: {description: d}}
";

#[test]
fn an_operations_parameters_win_over_those_of_its_path() {
    with_model(&[("a.yaml", PARAMETERS)], |model| {
        let named = |method: usize| -> Vec<_> {
            let parameters = model.operations[method].parameters.iter();
            parameters.map(|one| (one.location, one.name, one.required)).collect()
        };
        assert_eq!(
            named(0),
            [
                (Location::Path, "id", true),
                (Location::Query, "q", true),
                (Location::Header, "x-trace", true),
                (Location::Path, "format", true),
                (Location::Query, "filter", false),
                (Location::Cookie, "q", false),
            ]
        );
    });
}

#[test]
fn parameters_have_the_defaults_of_their_location() {
    with_model(&[("a.yaml", PARAMETERS)], |model| {
        let parameters = model.operations[0].parameters.iter();
        let styles: Vec<_> = parameters
            .map(|one| match one.value {
                ParameterValue::Styled { style, explode, .. } => Ok((style, explode)),
                ParameterValue::Content { media_type, .. } => Err(media_type),
            })
            .collect();
        assert_eq!(
            styles,
            [
                Ok((Style::Simple, false)),
                Ok((Style::DeepObject, true)),
                Ok((Style::Simple, false)),
                Ok((Style::Matrix, false)),
                Err("application/json"),
                Ok((Style::Form, true)),
            ]
        );
        let cookie = &model.operations[0].parameters[5];
        let examples: Vec<_> = cookie.examples.iter().map(|one| (one.name, one.value.to_json())).collect();
        assert_eq!(examples, [("one", "1".to_owned()), ("two", "2".to_owned())]);
        assert!(model.operations[0].parameters[4].allow_empty_value);
    });
}

const SECURITY: &str = r#"{
  "openapi": "3.1.0",
  "info": {"title": "Shop", "version": "1"},
  "security": [{"key": []}, {"jwt": ["read"], "tls": []}],
  "servers": [{"url": "https://{host}:{port}/v1", "variables": {
    "host": {"default": "a.example", "enum": ["a.example", "b.example"]}, "port": {"default": "443"}}}],
  "paths": {
    "/a": {
      "servers": [{"url": "/path"}],
      "get": {"responses": {"200": {"description": "d"}}},
      "put": {"security": [], "servers": [{"url": "/own"}], "responses": {"200": {"description": "d"}}},
      "post": {"security": [{}, {"jwt": ["write"]}], "responses": {"200": {"description": "d"}}}
    },
    "/b": {"get": {"responses": {"200": {"description": "d"}}}}
  },
  "components": {"securitySchemes": {
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "basic": {"type": "http", "scheme": "Basic"},
    "jwt": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "u", "scopes": {"read": "r", "write": "w"}}}},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example"},
    "tls": {"type": "mutualTLS"}
  }}
}"#;

#[test]
fn security_is_the_operations_own_or_the_roots() {
    with_model(&[("a.json", SECURITY)], |model| {
        let all: Vec<_> = model
            .operations
            .iter()
            .map(|operation| {
                let alternatives = operation.security.alternatives.iter();
                let names = |schemes: &[portcullis_openapi::model::SchemeUse<'_>]| {
                    schemes
                        .iter()
                        .map(|one| format!("{}{:?}", one.name, one.scopes))
                        .collect::<Vec<_>>()
                        .join("+")
                };
                let is_own = matches!(operation.security.origin, RequirementOrigin::Operation(_));
                (is_own, alternatives.map(|one| names(&one.schemes)).collect::<Vec<_>>().join(" or "))
            })
            .collect();
        let inherited = (false, r#"key[] or jwt["read"]+tls[]"#.to_owned());
        assert_eq!(
            all,
            [inherited.clone(), (true, String::new()), (true, r#" or jwt["write"]"#.to_owned()), inherited]
        );
    });
}

#[test]
fn an_api_that_says_nothing_of_security_is_open() {
    with_model(&[("a.yaml", PARAMETERS)], |model| {
        assert_eq!(model.operations[0].security.origin, RequirementOrigin::Absent);
        assert!(model.operations[0].security.alternatives.is_empty());
    });
}

#[test]
fn security_schemes_are_known_by_their_kind() {
    with_model(&[("a.json", SECURITY)], |model| {
        let kinds: Vec<_> =
            model.security_schemes.iter().map(|(name, scheme)| (*name, scheme.kind.clone())).collect();
        assert_eq!(
            kinds,
            [
                ("key", SchemeKind::ApiKey { location: KeyLocation::Query, name: "k" }),
                ("basic", SchemeKind::Http { scheme: "Basic", bearer_format: None }),
                ("jwt", SchemeKind::OAuth2 { flows: vec![("implicit", vec!["read", "write"])] }),
                ("oidc", SchemeKind::OpenIdConnect { url: "https://id.example" }),
                ("tls", SchemeKind::MutualTls),
            ]
        );
    });
}

#[test]
fn servers_are_the_innermost_with_variables_replaced_by_defaults() {
    with_model(&[("a.json", SECURITY)], |model| {
        let urls: Vec<_> = model.operations.iter().map(|operation| &*operation.servers[0].url).collect();
        assert_eq!(urls, ["/path", "/own", "/path", "https://a.example:443/v1"]);
        assert_eq!(model.servers[0].variables[0].allowed, ["a.example", "b.example"]);
    });
    with_model(&[("a.yaml", PARAMETERS)], |model| assert_eq!(model.servers[0].url, "/"));
}

const MESSAGES: &str = "\
openapi: 3.0.0
info: {title: Shop, version: '1'}
x-portcullis: {at: root}
x-vendor: 1
paths:
  x-vendor: 1
  /b:
    x-portcullis: {at: path}
    x-vendor: 2
    post:
      operationId: create
      deprecated: true
      x-portcullis: {at: operation}
      x-other: 3
      requestBody: {$ref: '#/components/requestBodies/b'}
      callbacks: {c: {}}
      responses:
        200:
          description: d
          headers:
            X-A: {required: true, schema: {type: string}}
            Content-Type: {schema: {type: string}}
          content: {application/json: {example: {a: 1}}, text/*: {schema: {type: string}}}
        4XX: {description: d}
        x-vendor: 4
  /a:
    head: {responses: {204: {description: d}}}
    get: {responses: {204: {description: d}}, parameters: [{name: Accept, in: header, schema: {}}]}
components:
  requestBodies:
    b:
      required: true
      content:
        multipart/form-data:
          schema: {type: object}
          encoding: {file: {contentType: 'image/png, image/jpeg', headers: {X-B: {schema: {}}}}}
";

#[test]
fn operations_stand_in_document_order_with_their_place() {
    let (documents, mut report) = super::load(&[("a.yaml", MESSAGES)]);
    let model = portcullis_openapi::ApiModel::read(&documents, &mut report).unwrap();
    assert!(!report.has_errors());
    assert_eq!((model.version, model.title, model.api_version), (Version::V3_0, "Shop", "1"));
    let operations: Vec<_> =
        model.operations.iter().map(|one| (one.method, one.path, documents.pointer(one.place))).collect();
    assert_eq!(
        operations,
        [
            (Method::Post, "/b", "/paths/~1b/post".to_owned()),
            (Method::Head, "/a", "/paths/~1a/head".to_owned()),
            (Method::Get, "/a", "/paths/~1a/get".to_owned()),
        ]
    );
    assert_eq!(documents.position(model.operations[0].path_place).line, 7);
    assert_eq!(model.operations[0].operation_id, Some("create"));
    assert!(model.operations[0].deprecated && model.operations[0].callbacks.is_some());
    let get = &model.operations[2];
    assert_eq!((get.parameters.len(), get.ignored_parameters[0].name), (0, "Accept"));
}

#[test]
fn bodies_and_responses_keep_their_media_types_in_order() {
    with_model(&[("a.yaml", &MESSAGES.replace("name: Accept", "name: X"))], |model| {
        let body = model.operations[0].request_body.as_ref().unwrap();
        let encoding = &body.content[0].encoding[0];
        assert!(body.required);
        assert_eq!(body.content[0].range, "multipart/form-data");
        assert_eq!((encoding.property, encoding.style, encoding.explode), ("file", None, None));
        assert_eq!((encoding.content_type, encoding.headers[0].name), (Some("image/png, image/jpeg"), "X-B"));
        let responses = &model.operations[0].responses;
        assert_eq!(responses.iter().map(|one| one.status).collect::<Vec<_>>(), ["200", "4XX"]);
        let headers: Vec<_> = responses[0].headers.iter().map(|one| (one.name, one.required)).collect();
        assert_eq!(headers, [("X-A", true)]);
        let ranges: Vec<_> =
            responses[0].content.iter().map(|one| (one.range, one.schema.is_some())).collect();
        assert_eq!(ranges, [("application/json", false), ("text/*", true)]);
        assert_eq!(responses[0].content[0].examples[0].value.to_json(), r#"{"a":1}"#);
    });
}

#[test]
fn extensions_are_kept_and_those_of_others_are_counted() {
    with_model(&[("a.yaml", &MESSAGES.replace("name: Accept", "name: X"))], |model| {
        let json = |node: Option<&portcullis_openapi::Node>| node.map(portcullis_openapi::Node::to_json);
        let post = &model.operations[0];
        assert_eq!(json(model.extension).as_deref(), Some(r#"{"at":"root"}"#));
        assert_eq!(json(post.path_extension).as_deref(), Some(r#"{"at":"path"}"#));
        assert_eq!(json(post.extension).as_deref(), Some(r#"{"at":"operation"}"#));
        assert_eq!(model.operations[1].path_extension, None);
        let foreign: Vec<_> = model.foreign_extensions.iter().map(|(name, one)| (*name, one.count)).collect();
        assert_eq!(foreign, [("x-vendor", 2), ("x-other", 1)]);
    });
}

/// What an encoding says in the end, and which of its fields are told to have no effect.
fn encoding(version: &str, media_type: &str, fields: &str) -> (Option<String>, Vec<String>) {
    let text = format!(
        "openapi: {version}\ninfo: {{title: t, version: '1'}}\npaths:\n  /a:\n    post:\n      requestBody: \
         {{content: {{{media_type}: {{schema: {{}}, encoding: {{p: {fields}}}}}}}}}\n      responses: {{}}\n"
    );
    let (documents, mut report) = super::load(&[("a.yaml", &text)]);
    let model = portcullis_openapi::ApiModel::read(&documents, &mut report).unwrap();
    let media_type = &model.operations[0].request_body.as_ref().unwrap().content[0];
    let said = media_type.encoding.first().map(|one| {
        let style = one.style.map_or("-", Style::as_str);
        format!("{} {style} {:?} {}", one.content_type.unwrap_or("-"), one.explode, one.headers.len())
    });
    let told = report.diagnostics().iter().filter(|one| one.code == "unknown-field");
    (said, told.map(|one| one.pointer.rsplit('/').next().unwrap_or_default().to_owned()).collect())
}

#[test]
fn the_fields_of_an_encoding_count_where_openapi_says() {
    let (form, parts) = ("application/x-www-form-urlencoded", "multipart/form-data");
    let all = "{contentType: a/b, headers: {X: {schema: {}}}, style: form, explode: false}";
    for (version, media_type, fields, expected, without_effect) in [
        ("3.0.3", form, all, Some("- form Some(false) 0"), &["contentType", "headers"][..]),
        ("3.0.3", form, "{contentType: a/b}", Some("a/b - None 0"), &[]),
        ("3.0.3", parts, all, Some("a/b - None 1"), &["style", "explode"]),
        ("3.1.0", parts, all, Some("- form Some(false) 1"), &["contentType"]),
        ("3.1.0", parts, "{contentType: a/b}", Some("a/b - None 0"), &[]),
        ("3.1.0", "multipart/mixed", all, Some("a/b - None 1"), &["style", "explode"]),
        ("3.0.3", "application/json", all, None, &["encoding"]),
    ] {
        let (said, told) = encoding(version, media_type, fields);
        assert_eq!(said.as_deref(), expected, "{version} {media_type} {fields}");
        assert_eq!(told, without_effect, "{version} {media_type} {fields}");
    }
}
