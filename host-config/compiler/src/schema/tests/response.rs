use serde_json::{Value, json};

use super::compile;
use crate::coverage::Treatment;

fn operation(mode: &str, responses: &Value) -> Value {
    let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}});
    json!({
        "x-portcullis": {"validation": {"responses": mode, "maxResponseBytes": 9}},
        "requestBody": body, "responses": responses
    })
}

fn users() -> Value {
    json!({"User": {
        "type": "object", "required": ["id", "password"],
        "properties": {"id": {"type": "integer", "readOnly": true}, "password": {"type": "string", "writeOnly": true}}
    }})
}

#[test]
fn responses_are_left_alone_unless_told() {
    let compiled = compile("3.0.0", &operation("off", &json!({"200": {"description": "d"}})), &users(), &[]);
    assert_eq!(compiled.rule.get("responses"), None);
    let reason = "responses are not validated".to_owned();
    assert_eq!(compiled.rows.last(), Some(&("200".to_owned(), Treatment::Waived(reason))));
}

#[test]
fn status_headers_and_bodies_become_rules_of_their_direction() {
    let responses = json!({
        "200": {"description": "d",
            "headers": {"X-Left": {"required": true, "schema": {"type": "integer"}}},
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/User"}},
                "text/event-stream": {"schema": {"type": "object"}}}},
        "4XX": {"description": "d"}
    });
    for (mode, treatment) in [("observe", Treatment::Observed), ("enforce", Treatment::Enforced)] {
        let compiled = compile("3.0.0", &operation(mode, &responses), &users(), &[]);
        assert_eq!(compiled.told, []);
        let styled = json!({"style": {"style": "simple", "explode": false, "shape": {"types": ["integer"]}}});
        let expected = json!({
            "document": "api responses", "mode": mode, "max_bytes": 9,
            "by_status": {
                "200": {
                    "headers": [{"name": "x-left", "in": "header", "required": true,
                        "encoding": styled, "schema": {"type": "integer"}}],
                    "content": [
                        {"range": "application/json", "format": "json", "schema": {"$ref": "#/$defs/User"}},
                        {"range": "text/event-stream", "format": "bytes"}
                    ]},
                "4XX": {}
            }
        });
        assert_eq!(compiled.rule["responses"], expected);
        assert_eq!(compiled.document["definitions"]["User"]["required"], json!(["password"]));
        assert_eq!(compiled.responses["definitions"]["User"]["required"], json!(["id"]));
        let waived = Treatment::Waived("a stream is never held".to_owned());
        let rows: Vec<_> = compiled.rows.into_iter().filter(|(name, _)| name != "application/json").collect();
        let named = |name: &str| (name.to_owned(), treatment.clone());
        let expected = [
            named("200"),
            named("200 header X-Left"),
            named("200 application/json"),
            ("200 text/event-stream schema".to_owned(), waived),
            named("200 text/event-stream"),
            named("4XX"),
        ];
        assert_eq!(rows, expected);
    }
}

#[test]
fn both_directions_share_schemas_that_are_the_same() {
    let responses = json!({"200": {"description": "d",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}}});
    for (version, schemas) in [("3.0.0", json!({"User": {"type": "object"}})), ("3.1.0", users())] {
        let compiled = compile(version, &operation("enforce", &responses), &schemas, &[]);
        assert_eq!(compiled.rule["responses"].get("document"), None, "{version}");
        assert_eq!(compiled.responses, Value::Null, "{version}");
    }
}

#[test]
fn what_cannot_be_enforced_of_a_response_is_refused_or_waived() {
    let responses =
        json!({"200": {"description": "d", "content": {"application/yaml": {"schema": {"type": "object"}}}}});
    let compiled = compile("3.0.0", &operation("enforce", &responses), &users(), &[]);
    assert_eq!(compiled.told.first().map(|(code, _)| code.as_str()), Some("media-type-unsupported"));
    let mut waived = operation("enforce", &responses);
    waived["x-portcullis"]["waive"] = json!({"media-type-unsupported": "r"});
    let compiled = compile("3.0.0", &waived, &users(), &[]);
    assert_eq!(compiled.told, []);
    let row = ("200 application/yaml".to_owned(), Treatment::Waived("r".to_owned()));
    assert_eq!(compiled.rows.last(), Some(&row));
}

#[test]
fn what_is_observed_of_requests_is_told_so() {
    let mut operation = operation("off", &json!({}));
    operation["parameters"] = json!([{"name": "q", "in": "query", "schema": {"type": "integer"}}]);
    operation["x-portcullis"]["validation"] = json!({"parameters": "observe", "body": "observe"});
    let compiled = compile("3.0.0", &operation, &users(), &[]);
    assert_eq!(compiled.rule["observe"], json!({"parameters": true, "body": true}));
    let expected =
        [("query q".to_owned(), Treatment::Observed), ("application/json".to_owned(), Treatment::Observed)];
    assert_eq!(compiled.rows, expected);
}

#[test]
fn bounds_are_held() {
    let mut operation = operation("enforce", &json!({}));
    operation["x-portcullis"]["validation"]["maxResponseBytes"] = json!(0);
    let compiled = compile("3.0.0", &operation, &users(), &[]);
    assert_eq!(compiled.told.first().map(|(code, _)| code.as_str()), Some("setting-invalid"));
}
