//! What can stand in a header, of texts that anybody may have chosen: visible ASCII and single texts' own spaces stay, all else and `%` is
//! percent-encoded, so that two different texts never look the same to an upstream.

use serde_json::Value;

/// A text as it is told.
pub(super) fn text(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, byte) in text.bytes().enumerate() {
        // Whoever reads the header drops spaces at its ends.
        push(byte, byte == b' ' && at > 0 && at < last, &mut encoded);
    }
    encoded
}

/// Words with spaces between; within a word there is none.
pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let mut encoded = String::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        if !encoded.is_empty() {
            encoded.push(' ');
        }
        word.bytes().for_each(|byte| push(byte, false, &mut encoded));
    }
    encoded
}

/// A claim, if it is a text, a number, true or false, or a list of such.
pub(super) fn claim(value: &Value) -> Option<String> {
    match value {
        Value::String(string) => Some(text(string)),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(plain).collect();
            Some(words(items?.iter().map(String::as_str)))
        }
        other => plain(other),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn push(byte: u8, is_kept: bool, into: &mut String) {
    if is_kept || (byte.is_ascii_graphic() && byte != b'%') {
        into.push(char::from(byte));
    } else {
        into.push_str(&format!("%{byte:02X}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn texts_stay_apart_and_hold_nothing_that_ends_a_header() {
        let cases = [
            ("ada", "ada"),
            ("Ada King", "Ada King"),
            (" ada ", "%20ada%20"),
            (" ", "%20"),
            ("a\r\nX-Admin: 1", "a%0D%0AX-Admin: 1"),
            ("a\0\t\u{7f}", "a%00%09%7F"),
            ("50%25", "50%2525"),
            ("Zoë", "Zo%C3%AB"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(text(given), expected, "{given:?}");
        }
        assert_eq!(words(["a b", "", "c"]), "a%20b c");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_plain_claims_are_told() {
        let cases = [
            (r#""x y""#, Some("x y")),
            ("7", Some("7")),
            ("1.5", Some("1.5")),
            ("false", Some("false")),
            (r#"["a b",1,true]"#, Some("a%20b 1 true")),
            ("[]", Some("")),
            ("null", None),
            (r#"{"a":1}"#, None),
            (r#"["a",["b"]]"#, None),
            (r#"["a",null]"#, None),
        ];
        for (given, expected) in cases {
            assert_eq!(claim(&serde_json::from_str(given).unwrap()).as_deref(), expected, "{given}");
        }
    }
}
