//! When two JSON values are one: numbers by what they are worth, objects by their members in any order.

use std::cmp::Ordering;

use super::number;
use crate::value::Value;

/// Whether two values are equal.
pub(crate) fn equal(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one == other,
        _ => order(one, other).is_eq(),
    }
}

/// Whether a list holds no value twice. Sorts, so that a long list costs little more than its length.
pub(crate) fn all_differ(items: &[Value<'_>]) -> bool {
    let mut sorted: Vec<&Value<'_>> = items.iter().collect();
    sorted.sort_unstable_by(|one, other| order(one, other));
    sorted.iter().zip(sorted.iter().skip(1)).all(|(one, next)| order(one, next).is_ne())
}

/// Some order of all values, in which only equal ones are equal.
fn order(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => number::compare(one, other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Array(one), Value::Array(other)) => one.len().cmp(&other.len()).then_with(|| {
            let mut pairs = one.iter().zip(other).map(|(one, other)| order(one, other));
            pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }),
        (Value::Object(one), Value::Object(other)) => one.len().cmp(&other.len()).then_with(|| {
            let mut pairs = one.iter().zip(other.iter()).map(|((name, value), (other_name, other))| {
                name.cmp(other_name).then_with(|| order(value, other))
            });
            pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value<'_> {
        crate::json::read(text.as_bytes(), crate::json::Limits::MESSAGE).unwrap()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn values_are_equal_by_worth() {
        let cases = [
            ("1", "1.0", true),
            ("1", "\"1\"", false),
            ("0", "false", false),
            ("null", "null", true),
            ("[1,2]", "[1.0,2]", true),
            ("[1,2]", "[2,1]", false),
            (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#, false),
            (r#"{"a":1}"#, r#"{"b":1}"#, false),
            ("true", "true", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(equal(&value(one), &value(other)), expected, "{one} {other}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn equal_items_are_found_anywhere_in_a_list() {
        for (list, expected) in [
            ("[]", true),
            ("[1,2,3]", true),
            ("[1,\"1\",true,[1],{\"a\":1},null]", true),
            ("[1,2,3,1.0]", false),
            ("[{\"a\":[1]},{\"b\":1},{\"a\":[1.0]}]", false),
        ] {
            assert_eq!(all_differ(value(list).as_array().unwrap()), expected, "{list}");
        }
    }
}
