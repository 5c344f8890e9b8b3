use portcullis_config::schema::{DialectConfig, DocumentConfig};
use serde_json::value::RawValue;

use super::*;
use crate::json;
use crate::schema::compile;
use crate::value::Value;

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap()
}

/// Definitions that each refer to the next: `#/$defs/0` is the first.
fn chain(length: usize, link: impl Fn(usize) -> String) -> DocumentConfig {
    let mut definitions: std::collections::BTreeMap<_, _> =
        (0..length).map(|at| (at.to_string(), raw(link(at + 1)))).collect();
    definitions.insert(length.to_string(), raw(r#"{"type":"integer"}"#.to_owned()));
    DocumentConfig { dialect: DialectConfig::Draft202012, definitions }
}

fn verdict(document: &DocumentConfig, value: &Value<'_>) -> Option<bool> {
    let work = Work::default();
    let verdict = compile(document, r##"{"$ref":"#/$defs/0"}"##).unwrap().accepts(value, &work);
    (!work.is_spent()).then_some(verdict)
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_doubles_ends() {
    let all = |at: usize| format!(r##"{{"allOf":[{{"$ref":"#/$defs/{at}"}},{{"$ref":"#/$defs/{at}"}}]}}"##);
    let one = |at: usize| format!(r##"{{"oneOf":[{{"$ref":"#/$defs/{at}"}},{{"$ref":"#/$defs/{at}"}}]}}"##);
    let unevaluated = |at: usize| {
        format!(r##"{{"allOf":[{{"$ref":"#/$defs/{at}"}}],"unevaluatedItems":{{"$ref":"#/$defs/{at}"}}}}"##)
    };
    let number = Value::Number("1".into());
    let list = Value::Array(vec![number.clone()]);
    let nested = (0..60).fold(number.clone(), |inner, _| Value::Array(vec![inner]));
    let cases: [(&str, DocumentConfig, &Value<'_>, Option<bool>); 6] = [
        ("doubles ten times", chain(10, all), &number, Some(true)),
        ("doubles sixty times", chain(60, all), &number, None),
        ("alternatives", chain(60, one), &number, None),
        ("refused at the end", chain(60, one), &list, None),
        ("what is left over", chain(30, unevaluated), &nested, Some(false)),
        ("a long chain", chain(100, |at| format!(r##"{{"$ref":"#/$defs/{at}"}}"##)), &number, Some(true)),
    ];
    for (name, document, value, expected) in cases {
        assert_eq!(verdict(&document, value), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_nests_too_deep_ends() {
    let link = |at: usize| format!(r##"{{"allOf":[{{"$ref":"#/$defs/{at}"}}]}}"##);
    let number = Value::Number("1".into());
    assert_eq!(verdict(&chain(200, link), &number), Some(true));
    assert_eq!(verdict(&chain(5_000, link), &number), None);
    let unevaluated = |at: usize| format!(r##"{{"$ref":"#/$defs/{at}","unevaluatedItems":false}}"##);
    assert_eq!(verdict(&chain(5_000, unevaluated), &Value::Array(vec![number])), None);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_body_as_large_as_may_be_is_judged() {
    let schema =
        r##"{"type":"object","required":["tree"],"properties":{"tree":{"$ref":"#/$defs/t"}},"$defs":{}}"##;
    let tree = r##"{"anyOf":[{"type":"integer","minimum":0,"format":"int32"},{"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/t"}}]}"##;
    let document = DocumentConfig {
        dialect: DialectConfig::Draft202012,
        definitions: [("t".to_owned(), raw(tree.to_owned()))].into(),
    };
    let items: Vec<String> = (0..150_000).map(|at| at.to_string()).collect();
    let text = format!(r#"{{"tree":[{},[1,[2,[3]]]]}}"#, items.join(","));
    let value = json::read(text.as_bytes(), json::Limits::MESSAGE).unwrap();
    let work = Work::default();
    assert!(compile(&document, schema).unwrap().accepts(&value, &work));
    assert!(!work.is_spent());
}

/// However little is left to explain with, nothing is said that is not so.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_explanation_that_ends_early_tells_no_untruth() {
    let schema = r#"{
        "required": ["a", "z"],
        "properties": {
            "a": {"anyOf": [{"type": "integer"}, {"enum": [[1, 2, 3]]}]},
            "b": {"allOf": [{"not": {"type": "string"}}, {"oneOf": [{"minItems": 1}, {"maxItems": 0}]}]},
            "c": {"pattern": "a.{2}c", "minLength": 9},
            "d": {"uniqueItems": true, "contains": {"const": {"x": 1}}},
            "e": {"multipleOf": 0.1, "maximum": 1}
        },
        "patternProperties": {"^[a-e]$": true},
        "unevaluatedProperties": {"type": "integer"}
    }"#;
    let value = r#"{"a": [1, 2, 3], "b": [1], "c": "xabbcx", "d": [1, 2, {"x": 1}], "e": 1.5, "f": "no"}"#;
    let document = DocumentConfig { dialect: DialectConfig::Draft202012, definitions: [].into() };
    let validator = compile(&document, schema).unwrap();
    let value = json::read(value.as_bytes(), json::Limits::MESSAGE).unwrap();
    let told = |work: &Work| {
        let mut told: Vec<(String, &'static str)> = Vec::new();
        validator.explain(&value, work, |pointer, keyword, _| {
            told.push((pointer.to_owned(), keyword));
            std::ops::ControlFlow::Continue(())
        });
        told
    };
    let all = told(&Work::default());
    let expected = [("", "required"), ("/c", "minLength"), ("/e", "maximum"), ("", "unevaluatedProperties")];
    let mut sorted: Vec<_> = all.iter().map(|(pointer, keyword)| (pointer.as_str(), *keyword)).collect();
    sorted.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    for steps in 0..400 {
        for one in told(&Work::of_steps(steps)) {
            assert!(all.contains(&one), "{steps}: {one:?}");
        }
    }
}
