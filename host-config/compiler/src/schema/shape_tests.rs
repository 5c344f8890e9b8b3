//! Shapes of schemas that combine and recur.

use portcullis_openapi::Report;
use serde_json::json;

use super::*;
use crate::schema::tests::documents;

fn config(schema: &str) -> serde_json::Value {
    config_of("3.0.0", schema)
}

fn config_of(version: &str, schema: &str) -> serde_json::Value {
    let text = format!(
        r##"{{"openapi":"{version}","info":{{}},"paths":{{}},"components":{{"schemas":{{"S":{schema},
            "Tree":{{"type":"object","properties":{{"value":{{"type":"integer"}},
                "children":{{"type":"array","items":{{"$ref":"#/components/schemas/Tree"}}}}}}}}}}}}}}"##
    );
    let documents = documents(&[("api.json", &text)]);
    let model = ApiModel::read(&documents, &mut Report::default()).unwrap();
    let root = documents.root().unwrap();
    let schema = documents.resolve("#/components/schemas/S", root.place()).unwrap();
    serde_json::to_value(Seen::of(&model, schema).shape.config(true)).unwrap()
}

#[test]
fn shapes_follow_combinations_and_end_at_recursion() {
    let tree = |items| json!({"types": ["object"], "properties": {"value": {"types": ["integer"]}, "children": {"types": ["array"], "items": items}}});
    let trees = (0..8).fold(json!({"cut": true}), |items, _| tree(items));
    for (name, schema, expected) in [
        ("recursion", r##"{"$ref":"#/components/schemas/Tree"}"##, trees.clone()),
        (
            "an item",
            r##"{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}"##,
            json!({"types": ["array"], "items": trees}),
        ),
        (
            "all of",
            r#"{"allOf":[{"type":"object","properties":{"a":{"type":"number"}}},{"properties":{"a":{"type":"integer"},"b":{}}}]}"#,
            json!({"types": ["object"], "properties": {"a": {"types": ["integer"]}, "b": {}}}),
        ),
        (
            "one of",
            r#"{"oneOf":[{"type":"object","properties":{"a":{"type":"boolean"}}},{"type":"object","properties":{"a":{"type":"integer"}}}]}"#,
            json!({"types": ["object"], "properties": {"a": {"types": ["boolean", "integer"]}}}),
        ),
        ("a keyword's hint", r#"{"minimum":1}"#, json!({"types": ["number", "string"]})),
        (
            "XML",
            r#"{"type":"array","items":{"type":"string","xml":{"name":"i","attribute":false}},"xml":{"wrapped":true}}"#,
            json!({"types": ["array"], "items": {"types": ["string"], "xml": {"name": "i"}}, "xml": {"wrapped": true}}),
        ),
    ] {
        assert_eq!(config(schema), expected, "{name}");
    }
}

#[test]
fn what_holds_under_a_condition_and_of_what_is_left_counts_in_3_1() {
    let then = r#"{"properties":{"k":{"type":"string"}},"then":{"properties":{"k":{"type":"integer"},"n":{"type":"integer"}}}}"#;
    for (name, schema, expected) in [
        (
            "then",
            then,
            json!({"types": ["object", "string"], "properties": {"k": {"types": ["string"]}, "n": {"types": ["integer", "string"]}}}),
        ),
        (
            "dependent schemas",
            r#"{"type":"object","dependentSchemas":{"a":{"properties":{"b":{"type":"boolean"}}}}}"#,
            json!({"types": ["object"], "properties": {"b": {"types": ["boolean", "string"]}}}),
        ),
        (
            "unevaluated properties",
            r#"{"type":"object","unevaluatedProperties":{"type":"integer"}}"#,
            json!({"types": ["object"], "rest": {"types": ["integer"]}}),
        ),
        (
            "unevaluated items",
            r#"{"type":"array","unevaluatedItems":{"type":"integer"}}"#,
            json!({"types": ["array"], "items": {"types": ["integer"]}}),
        ),
    ] {
        assert_eq!(config_of("3.1.0", schema), expected, "{name}");
    }
    assert_eq!(config(then)["properties"], json!({"k": {"types": ["string"]}}));
}

#[test]
fn a_schema_that_branches_without_end_is_cut_off() {
    let branch = r##"{"type":"object","properties":{"a":{"$ref":"#/components/schemas/S/properties/b"},"b":{"type":"object",
        "properties":{"c":{"$ref":"#/components/schemas/S/properties/d"}}},"d":{"type":"object",
        "properties":{"e":{"$ref":"#/components/schemas/S"}}}}}"##;
    let text = config(branch).to_string();
    assert!(text.len() < 10_000 && text.contains(r#""cut":true"#), "{}", text.len());
}
