use fancy_regex::Regex;

use super::*;

/// Patterns of real documents, and what may stand in one.
const SEQUENCES: &[&str] = &[
    "^[A-Z]{2}-[0-9]{8}$",
    "^[a-z]{3}-[0-9]{6}$",
    "^[0-9]{4,5}$",
    "^\\d+$",
    "^\\w+$",
    "^[a-zA-Z0-9_-]+$",
    "^[a-zA-Z0-9-_]*$",
    "^[\\w\\-.]+$",
    "^[-a-z]?$",
    "^arn:aws:[a-z0-9-]+:[0-9]{12}$",
    "^[0-9]+\\.[0-9]+$",
    "^\\+?[0-9]{2,15}$",
    "^a{2,}b*c?$",
    "^#[0-9a-fA-F]{6}$",
    "^$",
    "^a b$",
    "^[0-9]{3}[0-9]{2}$",
    "^[a-z][a-z0-9]*$",
    "^[a-z]?[0-9]?-$",
    "^[a-z-9]$",
];
const OTHERS: &[&str] = &[
    "[a-z]+",
    "^[a-z]+",
    "[a-z]+$",
    "^.*$",
    "^[^a]+$",
    "^a|b$",
    "^(ab)+$",
    "^[a-z]+[a-z]$",
    "^[a-z]?[0-9]?x$",
    "^[a-z]+[0-9]*[a-z]$",
    "^a+?$",
    "^a++$",
    "^\\s+$",
    "^\\p{L}+$",
    "^[é]$",
    "^é$",
    "^a{,3}$",
    "^a{3,2}$",
    "^a{x}$",
    "^a{1000000}$",
    "^[]$",
    "^[]a]$",
    "^[[a]]$",
    "^[a&&b]$",
    "^[a--b]$",
    "^[z-a]$",
    "^[!-/]$",
    "^[a-\\d]$",
    "^a\\$",
    "^[a\\]$",
    "^[a$",
    "^a]$",
    "^\\bfoo$",
    "^a}$",
    "^a$b$",
    "^^a$",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "ab",
    "aab",
    "aabbc",
    "aabc",
    "abc",
    "a b",
    "AB-12345678",
    "abc-123456",
    "abc-12345",
    "1234",
    "12345",
    "123456",
    "a_b-c",
    "a.b",
    "-",
    "é",
    "1.5",
    "1.",
    ".5",
    "+4412345678",
    "44",
    "+4",
    "#00ffAA",
    "#00ffA",
    "x",
    "1x",
    "a1x",
    "ax",
    "a1",
    "arn:aws:s3-x:123456789012",
    "arn:aws::123456789012",
    "a\n",
    "\n",
    "a$",
    "^a",
    "١",
    "_",
    "a-",
    "aa",
    "12",
];

fn regex(pattern: &str) -> Regex {
    Regex::new(&jsonschema_regex::to_rust_regex(pattern).unwrap()).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn sequences_match_what_the_engine_matches() {
    for pattern in SEQUENCES {
        let (sequence, engine) = (Sequence::of(pattern), regex(pattern));
        let sequence = sequence.unwrap_or_else(|| panic!("{pattern} is a sequence"));
        for text in TEXTS {
            assert_eq!(sequence.matches(text), engine.is_match(text).unwrap(), "{pattern} {text:?}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn other_patterns_are_left_to_the_engine() {
    for pattern in OTHERS {
        assert_eq!(Sequence::of(pattern), None, "{pattern}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn made_up_patterns_match_what_the_engine_matches() {
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let classes =
        ["a", "b", "[ab]", "[a-c]", "[0-9]", "\\d", "\\w", "[b-d_]", "[-a]", "[a-]", "\\.", "-", "[.\\]]"];
    let times = ["", "?", "*", "+", "{2}", "{1,}", "{0,2}", "{0}"];
    let letters = ["a", "b", "c", "1", "_", "-", ".", "]", "é", "\n"];
    let mut sequences = 0;
    for _ in 0..3_000 {
        let part = |_| format!("{}{}", classes[next(classes.len())], times[next(times.len())]);
        let pattern = format!("^{}$", (0..3).map(part).collect::<String>());
        let Some(sequence) = Sequence::of(&pattern) else { continue };
        let engine = regex(&pattern);
        sequences += 1;
        for _ in 0..40 {
            let length = next(6);
            let text: String = (0..length).map(|_| letters[next(letters.len())]).collect();
            assert_eq!(sequence.matches(&text), engine.is_match(&text).unwrap(), "{pattern} {text:?}");
        }
    }
    assert!(sequences > 500, "{sequences}");
}
