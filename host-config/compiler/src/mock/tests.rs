//! What documents are answered with.

use serde_json::{Value, json};

use super::*;
use crate::schema::tests::documents;

fn mocked(version: &str, responses: &Value, schemas: &Value) -> (MockRule, Vec<&'static str>) {
    let text = json!({
        "openapi": version, "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"responses": responses}}}, "components": {"schemas": schemas}
    });
    let documents = documents(&[("api.json", &text.to_string())]);
    let model = ApiModel::read(&documents, &mut Report::default()).unwrap();
    let mut report = Report::default();
    let rule = rule(&model, &model.operations[0], &mut report);
    (rule, report.diagnostics().iter().map(|one| one.code).collect())
}

fn body(version: &str, media_type: &str, media: &Value) -> Option<String> {
    let schemas = json!({
        "Node": {"type": "object", "properties": {"id": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Node"}}},
        "Never": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Never"}}}
    });
    let (rule, _) = mocked(version, &json!({"200": {"content": {media_type: media}}}), &schemas);
    rule.responses[0].content[0].body.clone()
}

#[test]
fn bodies_are_examples_or_made_from_schemas() {
    for (name, media, expected) in [
        ("an example", json!({"example": {"b": 1, "a": 2.50}}), Some(r#"{"a":2.5,"b":1}"#)),
        (
            "the first named example",
            json!({"examples": {"x": {"value": [1]}, "y": {"value": 2}}}),
            Some("[1]"),
        ),
        ("a schema's example", json!({"schema": {"type": "string", "example": "x"}}), Some("\"x\"")),
        ("a default", json!({"schema": {"type": "integer", "default": 7}}), Some("7")),
        ("the first listed value", json!({"schema": {"enum": [null, "a"]}}), Some("\"a\"")),
        (
            "an example written out",
            json!({"example": "{\"a\": 1}", "schema": {"type": "object"}}),
            Some("{\"a\": 1}"),
        ),
        (
            "a string that looks like one",
            json!({"example": "{}", "schema": {"type": "string"}}),
            Some("\"{}\""),
        ),
        ("recursion", json!({"schema": {"$ref": "#/components/schemas/Node"}}), Some(r#"{"id":0}"#)),
        ("a value without end", json!({"schema": {"$ref": "#/components/schemas/Never"}}), None),
        (
            "all of",
            json!({"schema": {"allOf": [{"properties": {"a": {"type": "boolean"}}}, {"properties": {"b": {"type": "null"}}}]}}),
            Some(r#"{"a":true,"b":null}"#),
        ),
        (
            "the first of any",
            json!({"schema": {"oneOf": [{"type": "integer", "minimum": 3}, {"type": "string"}]}}),
            Some("3"),
        ),
        (
            "write only",
            json!({"schema": {"properties": {"p": {"type": "string", "writeOnly": true}}}}),
            Some("{}"),
        ),
        (
            "a list",
            json!({"schema": {"type": "array", "minItems": 2, "items": {"type": "integer"}}}),
            Some("[0,0]"),
        ),
        ("a format", json!({"schema": {"type": "string", "format": "date"}}), Some("\"2024-01-31\"")),
        ("a length", json!({"schema": {"type": "string", "minLength": 8}}), Some("\"stringst\"")),
        ("a short length", json!({"schema": {"type": "string", "maxLength": 2}}), Some("\"st\"")),
        (
            "a bound that is excluded",
            json!({"schema": {"type": "integer", "minimum": 3, "exclusiveMinimum": true}}),
            Some("4"),
        ),
        ("a multiple", json!({"schema": {"type": "integer", "minimum": 4, "multipleOf": 3}}), Some("6")),
        ("a negative bound", json!({"schema": {"type": "number", "maximum": -1.5}}), Some("-1.5")),
        ("nothing said", json!({}), None),
    ] {
        assert_eq!(body("3.0.0", "application/json", &media).as_deref(), expected, "{name}");
    }
    let beside =
        json!({"schema": {"$ref": "#/components/schemas/Node", "required": ["id"], "examples": [{"id": 9}]}});
    assert_eq!(body("3.1.0", "application/json", &beside).as_deref(), Some(r#"{"id":9}"#));
}

#[test]
fn each_kind_of_body_has_its_own_text() {
    let media = json!({"schema": {"type": "object", "xml": {"name": "pet"}, "properties": {"a b": {"type": "string", "example": "<&"}}}});
    for (media_type, expected) in [
        ("application/json", r#"{"a b":"<&"}"#),
        ("application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><pet><a_b>&lt;&amp;</a_b></pet>"),
        ("text/plain", r#"{"a b":"<&"}"#),
        ("image/png", ""),
    ] {
        assert_eq!(body("3.0.0", media_type, &media).as_deref(), Some(expected), "{media_type}");
    }
    assert_eq!(body("3.0.0", "text/plain", &json!({"example": "a\nb"})).as_deref(), Some("a\nb"));
}

#[test]
fn responses_keep_order_names_and_headers_and_ranges_become_types() {
    let responses = json!({
        "404": {"content": {"*/*": {"examples": {"gone": {"value": {"a": 1}}}}}},
        "2XX": {"headers": {
            "X-Total": {"schema": {"type": "integer", "example": 3}},
            "X-Tags": {"schema": {"type": "array", "items": {"type": "string"}}, "example": ["a", "b"]},
            "X-Split": {"schema": {"type": "string"}, "example": "a\r\nb: c"}
        }}
    });
    let (rule, told) = mocked("3.0.0", &responses, &json!({}));
    assert_eq!(told, Vec::<&str>::new());
    let expected = json!({"mocked": true, "responses": [
        {"status": "404", "content": [{"media_type": "application/json", "body": "{\"a\":1}", "examples": {"gone": "{\"a\":1}"}}]},
        {"status": "2XX", "headers": {"x-total": "3", "x-tags": "a,b"}}
    ]});
    let mut found = serde_json::to_value(&rule).unwrap();
    // The order of keys is the map's, not the document's.
    found["responses"].as_array_mut().unwrap().sort_by_key(|one| one["status"] == "2XX");
    assert_eq!(found, expected);
}

#[test]
fn a_body_that_is_too_large_is_left_out_and_told() {
    let media = json!({"example": "x".repeat(MAX_BODY_BYTES)});
    let (rule, told) = mocked("3.0.0", &json!({"200": {"content": {"application/json": media}}}), &json!({}));
    assert_eq!(rule.responses[0].content[0].body, None);
    assert_eq!(told, [codes::MOCK_TOO_LARGE]);
}
