//! What holds for every value.

use portcullis_openapi::{ApiModel, Node};
use proptest::prelude::*;
use serde_json::Value;

use super::load;

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[ -~]{0,12}", "\\PC{0,8}", "[\\x00-\\x1f\u{85}\u{2028}\u{feff}]{0,4}"];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let key = prop_oneof!["[a-z]{1,4}", "\\PC{0,6}", "[$~/\"\\\\ ]{0,4}"];
    scalar.prop_recursive(5, 64, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces the node that the steps lead to.
fn replace(value: &mut Value, steps: &[prop::sample::Index], replacement: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *value = replacement;
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = step.index(items.len());
            replace(&mut items[at], rest, replacement);
        }
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(step.index(map.len())).unwrap().clone();
            replace(&mut map[&key], rest, replacement);
        }
        scalar => *scalar = replacement,
    }
}

/// Block style with quoted keys and strings.
fn as_yaml(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{indent}-"));
                as_yaml(item, depth + 1, out);
            }
        }
        Value::Object(map) if !map.is_empty() => {
            for (key, item) in map {
                out.push_str(&format!("\n{indent}{}:", quoted(key)));
                as_yaml(item, depth + 1, out);
            }
        }
        Value::String(text) => out.push_str(&format!(" {}", quoted(text))),
        other => out.push_str(&format!(" {other}")),
    }
}

/// A double-quoted YAML scalar on one line.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' | '\u{a1}'..='\u{2027}' => character.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn tree_of(name: &str, text: &str) -> Node {
    let (documents, report) = load(&[(name, text)]);
    assert_eq!(report.diagnostics(), [], "{text}");
    documents.root().unwrap().clone()
}

proptest! {
    #[test]
    fn json_written_and_read_again_is_the_same(value in any_json()) {
        let text = value.to_string();
        prop_assert_eq!(tree_of("a.json", &text).to_json(), text.clone());
        prop_assert_eq!(tree_of("a.json", &text).read::<Value>().unwrap(), value);
    }

    #[test]
    fn yaml_and_json_of_one_value_give_the_same_tree(value in any_json()) {
        let mut yaml = String::new();
        as_yaml(&value, 0, &mut yaml);
        prop_assert_eq!(tree_of("a.yaml", &yaml).to_json(), tree_of("a.json", &value.to_string()).to_json());
    }

    #[test]
    fn what_is_json_is_what_serde_json_takes(text in "[\\[\\]{}:,\"\\\\a0-9.eE+ \n\t\u{a0}/*tru-]{0,10}") {
        let (documents, report) = load(&[("a.json", &text)]);
        let is_duplicate = report.diagnostics().iter().any(|diagnostic| diagnostic.code == "duplicate-key");
        prop_assert_eq!(documents.root().is_some() || is_duplicate, serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).is_ok());
    }

    #[test]
    fn a_definition_changed_anywhere_is_read_or_refused_with_a_place(
        steps in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        replacement in any_json(),
        is_3_1: bool,
    ) {
        let mut definition: Value = serde_json::from_str(super::oracle::DOCUMENT).unwrap();
        definition["openapi"] = Value::from(if is_3_1 { "3.1.0" } else { "3.0.3" });
        replace(&mut definition, &steps, replacement);
        let (documents, mut report) = load(&[("a.json", &definition.to_string())]);
        let model = ApiModel::read(&documents, &mut report);
        prop_assert!(model.is_some() || report.has_errors());
        for diagnostic in report.diagnostics() {
            let place = diagnostic.place.unwrap();
            prop_assert!(documents.text(place.file).get(place.start as usize..place.end as usize).is_some());
            let reference = format!("#{}", diagnostic.pointer.replace('%', "%25"));
            let is_known = documents.resolve(&reference, portcullis_openapi::Place { file: place.file, start: 0, end: 0 }).is_ok();
            prop_assert!(is_known, "{}", reference);
        }
    }

    #[test]
    fn no_text_is_a_panic(text in "(\\PC|[\\x00-\\x20:\\-\\[\\]{}&*!|>#?,'\"%@]){0,60}") {
        for name in ["a.json", "a.yaml"] {
            let (documents, report) = load(&[(name, &text)]);
            prop_assert_eq!(documents.root().is_none(), report.has_errors());
        }
    }
}
