//! What is told of defaults and examples.

use super::*;

const OWN: &str = "example-invalid";

/// What is told of values: codes and the text at their places.
fn told(version: &str, operation: &Value, schemas: &Value) -> Vec<(String, String)> {
    let told = compile(version, operation, schemas, &[]).told;
    told.into_iter().filter(|(code, _)| code == OWN || code == "default-invalid").collect()
}

#[test]
fn values_in_schemas_are_judged_by_them() {
    let schema = |keywords: Value| json!({"type": "object", "properties": {"a": keywords}});
    let cases = [
        ("3.0.3", json!({"type": "integer", "default": "x"}), vec![("default-invalid", "\"x\"")]),
        ("3.0.3", json!({"type": "integer", "default": 1, "example": 2}), vec![]),
        ("3.0.3", json!({"type": "string", "nullable": true, "default": null}), vec![]),
        ("3.0.3", json!({"type": "string", "format": "date", "example": "1st"}), vec![(OWN, "\"1st\"")]),
        // No keyword of 3.0.
        ("3.0.3", json!({"type": "string", "examples": [1]}), vec![]),
        ("3.1.0", json!({"type": "string", "examples": ["x", 1, 2]}), vec![(OWN, "1"), (OWN, "2")]),
        (
            "3.1.0",
            json!({"items": {"$ref": "#/components/schemas/Pet"}, "default": [{"n": 7}]}),
            vec![("default-invalid", "7")],
        ),
        // The place is that of the part that is wrong.
        (
            "3.0.3",
            json!({"allOf": [{"$ref": "#/components/schemas/Pet"}], "example": {"n": true}}),
            vec![(OWN, "true")],
        ),
    ];
    let pets = json!({"Pet": {"type": "object", "properties": {"n": {"type": "string"}}}});
    for (version, keywords, expected) in cases {
        let found = told(version, &with_body(&schema(keywords.clone())), &pets);
        let found: Vec<_> = found.iter().map(|(code, text)| (&**code, &**text)).collect();
        assert_eq!(found, expected, "{keywords}");
    }
}

#[test]
fn a_value_in_a_schema_may_be_of_a_message_either_way() {
    let pet = |example: Value| {
        json!({"Pet": {
            "type": "object", "required": ["id", "secret", "name"], "example": example,
            "properties": {"id": {"readOnly": true}, "secret": {"writeOnly": true}, "name": {"type": "string"}}
        }})
    };
    let operation = with_body(&json!({"$ref": "#/components/schemas/Pet"}));
    for (example, count) in [
        (json!({"secret": 1, "name": "x"}), 0),
        (json!({"id": 1, "name": "x"}), 0),
        (json!({"name": "x"}), 1),
        (json!({"id": 1, "secret": 1, "name": 1}), 1),
    ] {
        assert_eq!(told("3.0.3", &operation, &pet(example.clone())).len(), count, "{example}");
    }
}

#[test]
fn examples_of_messages_are_judged_whether_or_not_the_messages_are() {
    let content = |example: Value| {
        json!({"application/json": {
            "schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
            "examples": {"e": {"value": example}}
        }})
    };
    let header = |example: Value| json!({"X-A": {"schema": {"type": "integer"}, "example": example}});
    let parameter = |schema: Value, example: Value| json!({"parameters": [{"name": "q", "in": "query", "schema": schema, "example": example}]});
    let list = || json!({"type": "array", "items": {"type": "integer"}});
    for (operation, expected) in [
        (json!({"requestBody": {"content": content(json!({"n": 1}))}}), None),
        (json!({"requestBody": {"content": content(json!({"n": "1"}))}}), Some("\"1\"")),
        (json!({"requestBody": {"content": content(json!("{\"n\": 1}"))}}), None),
        (json!({"requestBody": {"content": content(json!({}))}}), Some("{}")),
        (json!({"responses": {"200": {"content": content(json!({"n": "1"}))}}}), Some("\"1\"")),
        (json!({"responses": {"200": {"headers": header(json!("7"))}}}), None),
        (json!({"responses": {"200": {"headers": header(json!("x"))}}}), Some("\"x\"")),
        (parameter(json!({"type": "integer"}), json!("7")), None),
        (parameter(json!({"type": "integer", "maximum": 6}), json!("7")), Some("\"7\"")),
        (parameter(json!({"type": "string"}), json!(7)), Some("7")),
        // As it is written in the query: which items it has is for the request to show.
        (parameter(list(), json!("1,2")), None),
        (parameter(list(), json!([1, "x"])), Some("\"x\"")),
    ] {
        let found = told("3.0.3", &operation, &json!({}));
        let found: Vec<_> = found.iter().map(|(code, text)| (&**code, &**text)).collect();
        let expected: Vec<_> = expected.map(|text| (OWN, text)).into_iter().collect();
        assert_eq!(found, expected, "{operation}");
    }
}
