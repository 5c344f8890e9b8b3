//! When two JSON values are one: numbers by what they are worth, objects by their members in any order.

use std::cmp::Ordering;

use super::judge::BYTES_A_STEP;
use super::number;
use crate::json::plain;
use crate::value::Value;
use crate::work::Work;

/// Whether two values are equal. Each part that is compared takes a step; when none is left, the answer means nothing.
pub(crate) fn equal(one: &Value<'_>, other: &Value<'_>, work: &Work) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => same(one, other, work),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| part(one, other, work))
        }
        (Value::Object(one), Value::Object(other)) => {
            let mut pairs = one.iter().zip(other.iter());
            one.len() == other.len()
                && pairs.all(|((name, one), (other_name, other))| {
                    same(name, other_name, work) && part(one, other, work)
                })
        }
        _ => order(one, other).is_eq(),
    }
}

fn part(one: &Value<'_>, other: &Value<'_>, work: &Work) -> bool {
    work.spend(1);
    !work.is_spent() && equal(one, other, work)
}

pub(super) fn same(one: &str, other: &str, work: &Work) -> bool {
    if one.len() != other.len() {
        return false;
    }
    if one.len() >= BYTES_A_STEP {
        work.spend(one.len() / BYTES_A_STEP);
    }
    plain::is_same(one.as_bytes(), other.as_bytes())
}

/// Whether a list holds no value twice. Sorts, so that a long list costs little more than its length; each item is compared as
/// often as that takes, as far as it goes. When no steps are left, the answer means nothing.
pub(crate) fn all_differ(items: &[Value<'_>], work: &Work) -> bool {
    let rounds = items.len().max(1).ilog2() as usize + 1;
    work.spend(items.len() / 2 * rounds);
    // What is within the items: to count it takes as many steps, once.
    let within: usize = items.iter().map(size).sum();
    work.spend(within.saturating_mul(rounds));
    if work.is_spent() {
        return false;
    }
    let mut sorted: Vec<&Value<'_>> = items.iter().collect();
    sorted.sort_unstable_by(|one, other| order(one, other));
    sorted.iter().zip(sorted.iter().skip(1)).all(|(one, next)| order(one, next).is_ne())
}

/// Steps that comparing a value takes beyond the first.
fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) => text.len() / BYTES_A_STEP,
        Value::String(text) => text.len() / BYTES_A_STEP,
        Value::Array(items) => items.iter().map(|item| 1 + size(item)).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| 1 + name.len() / BYTES_A_STEP + size(member)).sum()
        }
    }
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
            assert_eq!(equal(&value(one), &value(other), &Work::default()), expected, "{one} {other}");
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
            assert_eq!(all_differ(value(list).as_array().unwrap(), &Work::default()), expected, "{list}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_compared_is_charged_by_its_size() {
        let spent = |compare: &dyn Fn(&Work)| {
            let work = Work::default();
            let before = work.left();
            compare(&work);
            before - work.left()
        };
        let long = format!("[{}]", vec!["1"; 10_000].join(","));
        let (one, other) = (value(&long), value(&long));
        assert!(spent(&|work| assert!(equal(&one, &other, work))) >= 10_000);
        // What differs at once costs nothing.
        assert_eq!(spent(&|work| assert!(!equal(&one, &value("[1]"), work))), 0);
        let text = format!("\"{}\"", "a".repeat(16_000));
        assert!(spent(&|work| assert!(equal(&value(&text), &value(&text), work))) >= 1_000);
        // Eight lists that differ at their ends alone: each is compared with some others, to the end.
        let lists: Vec<String> = (0..8).map(|last| format!("[{}{last}]", "1,".repeat(10_000))).collect();
        let lists = format!("[{}]", lists.join(","));
        let lists = value(&lists);
        let lists = lists.as_array().unwrap();
        assert!(spent(&|work| assert!(all_differ(lists, work))) >= 8 * 10_000 * 3);
        assert!(spent(&|work| assert!(all_differ(value("[1,2,3,4]").as_array().unwrap(), work))) <= 10);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn where_no_steps_are_left_nothing_is_compared() {
        let work = Work::of_steps(100);
        let long = format!("[{}]", vec!["1"; 10_000].join(","));
        assert!(!equal(&value(&long), &value(&long), &work) && work.is_spent());
    }
}
