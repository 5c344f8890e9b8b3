//! Percent-decoding (RFC 3986, section 2.1), once and never twice.

use std::borrow::Cow;

/// A text that is not well-formed percent-encoded UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidEncoding {
    /// `%` without two hexadecimal digits behind it.
    Escape,
    /// The decoded bytes are not UTF-8.
    Utf8,
}

impl std::fmt::Display for InvalidEncoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Escape => "contains a '%' that is not followed by two hexadecimal digits",
            Self::Utf8 => "is not UTF-8 after percent-decoding",
        })
    }
}

impl std::error::Error for InvalidEncoding {}

/// Decodes every escape; `+` stays a plus.
pub fn decode(text: &str) -> Result<Cow<'_, str>, InvalidEncoding> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    decode_bytes(text.as_bytes(), false)
}

/// Decodes as `application/x-www-form-urlencoded` does: `+` is a space.
pub fn decode_form(text: &str) -> Result<Cow<'_, str>, InvalidEncoding> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(Cow::Borrowed(text));
    }
    decode_bytes(text.as_bytes(), true)
}

/// What a reader makes of a text that is not encoded as it must be: a `%` without digits is itself, and what is not
/// UTF-8 becomes U+FFFD.
pub fn decode_form_lossily(text: &str) -> String {
    let (octets, _) = octets(text.as_bytes(), true);
    String::from_utf8(octets).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn decode_bytes(text: &[u8], plus_is_space: bool) -> Result<Cow<'static, str>, InvalidEncoding> {
    let (octets, is_escaped) = octets(text, plus_is_space);
    if !is_escaped {
        return Err(InvalidEncoding::Escape);
    }
    String::from_utf8(octets).map(Cow::Owned).map_err(|_| InvalidEncoding::Utf8)
}

/// The octets, and whether each `%` has its two digits.
fn octets(mut rest: &[u8], plus_is_space: bool) -> (Vec<u8>, bool) {
    let mut decoded = Vec::with_capacity(rest.len());
    let mut is_escaped = true;
    loop {
        match rest {
            [] => break,
            [b'%', high, low, tail @ ..] if let Some(octet) = octet(*high, *low) => {
                decoded.push(octet);
                rest = tail;
            }
            [b'+', tail @ ..] if plus_is_space => {
                decoded.push(b' ');
                rest = tail;
            }
            [byte, tail @ ..] => {
                is_escaped &= *byte != b'%';
                decoded.push(*byte);
                rest = tail;
            }
        }
    }
    (decoded, is_escaped)
}

/// The byte that two hexadecimal digits stand for.
pub(crate) fn octet(high: u8, low: u8) -> Option<u8> {
    Some(hex(high)? << 4 | hex(low)?)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn escapes_are_decoded_exactly_once() {
        let cases = [
            ("plain", Ok("plain")),
            ("a%20b", Ok("a b")),
            ("%2525", Ok("%25")),
            ("%e2%82%AC", Ok("€")),
            ("a+b", Ok("a+b")),
            ("%", Err(InvalidEncoding::Escape)),
            ("%4", Err(InvalidEncoding::Escape)),
            ("%zz", Err(InvalidEncoding::Escape)),
            ("%ff", Err(InvalidEncoding::Utf8)),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).as_deref(), expected.as_deref(), "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_plus_is_a_space_in_forms_only() {
        assert_eq!(decode_form("a+b%2B").as_deref(), Ok("a b+"));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_broken_is_read_as_others_read_it() {
        assert_eq!(decode_form_lossily("a+%2B%zz%ff%4"), "a +%zz\u{fffd}%4");
    }
}
