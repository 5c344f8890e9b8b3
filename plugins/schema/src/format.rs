//! The formats that values are checked against; unknown ones assert nothing. Those of numbers are OpenAPI's:
//! `int32`, `int64`, `float` and `double`; those of texts JSON Schema's, and `byte`.

mod network;
mod time;
mod written;

use std::borrow::Cow;

use portcullis_config::schema::DialectConfig;

use crate::sentence;
use crate::value::Value;

/// A format that is asserted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    /// Of numbers.
    Number(NumberFormat),
    /// Of texts: its name, and what tells.
    Text(&'static str, fn(&str) -> bool),
}

impl Format {
    /// The format of a name in a dialect.
    pub(crate) fn named(name: &str, dialect: DialectConfig) -> Option<Self> {
        if let Some(format) = NumberFormat::of_name(name) {
            return Some(Self::Number(format));
        }
        let is_latest = dialect == DialectConfig::Draft202012;
        let mut lists = EVERYWHERE.iter().chain(if is_latest { IN_2020_12 } else { IN_DRAFT_4 });
        let found = lists.find(|(known, _)| *known == name);
        found.map(|(name, takes)| Self::Text(name, *takes))
    }

    /// Whether a value is written in the format, or is of a type that the format says nothing of.
    pub(crate) fn takes(self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Number(format), Value::Number(number)) => format.takes(number),
            (Self::Text(_, takes), Value::String(text)) => takes(text),
            _ => true,
        }
    }

    /// What is told of a value that is not written so.
    pub(crate) fn sentence(self) -> Cow<'static, str> {
        match self {
            Self::Number(NumberFormat::Int32) => "is not a whole number of 32 bits".into(),
            Self::Number(NumberFormat::Int64) => "is not a whole number of 64 bits".into(),
            Self::Number(NumberFormat::Float) => "is beyond single precision".into(),
            Self::Number(NumberFormat::Double) => "is beyond double precision".into(),
            Self::Text(name, _) => sentence::is_no(name),
        }
    }
}

type TextFormat = (&'static str, fn(&str) -> bool);

const EVERYWHERE: &[TextFormat] = &[
    ("byte", is_base64),
    ("date", time::is_date),
    ("date-time", time::is_date_time),
    ("email", network::is_email),
    ("ipv4", network::is_ipv4),
    ("ipv6", network::is_ipv6),
    ("regex", jsonschema_regex::is_valid_ecma_regex),
    ("time", time::is_time),
    ("uri", network::is_uri),
    ("uuid", is_uuid),
];
const IN_DRAFT_4: &[TextFormat] = &[("hostname", network::is_hostname)];
/// Those that came with drafts later than 4, and `hostname`, which knows of internationalised names by then.
const IN_2020_12: &[TextFormat] = &[
    ("duration", time::is_duration),
    ("hostname", network::is_internationalised_hostname),
    ("iri", network::is_iri),
    ("iri-reference", network::is_iri_reference),
    ("json-pointer", written::is_pointer),
    ("relative-json-pointer", written::is_relative_pointer),
    ("uri-reference", network::is_uri_reference),
    ("uri-template", written::is_template),
];

/// Whether values are checked against a format.
pub fn is_asserted(format: &str, dialect: DialectConfig) -> bool {
    Format::named(format, dialect).is_some()
}

/// A format of numbers (OpenAPI 3.0.4, "Data Type Format").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    Int32,
    Int64,
    Float,
    Double,
}

impl NumberFormat {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float" => Self::Float,
            "double" => Self::Double,
            _ => return None,
        })
    }

    /// Whether a number fits. An integer format takes `1.0` as 1 and refuses a fraction.
    fn takes(self, number: &str) -> bool {
        match self {
            Self::Int32 => whole(number).is_some_and(|whole| i32::try_from(whole).is_ok()),
            Self::Int64 => whole(number).is_some(),
            Self::Float => number.parse().is_ok_and(|float: f64| float.abs() <= f64::from(f32::MAX)),
            Self::Double => number.parse().is_ok_and(f64::is_finite),
        }
    }
}

/// A whole number as an `i64`, however it is written.
fn whole(number: &str) -> Option<i64> {
    if let Ok(whole) = number.parse() {
        return Some(whole);
    }
    if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    let float: f64 = number.parse().ok()?;
    // Past 2^53 a fraction can hide in the rounding; integers that large are not written with one.
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
}

/// `uuid` (RFC 9562, section 4): five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `byte`: base64 with padding (RFC 4648, section 4).
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn numbers_fit_their_format_or_not() {
        let cases = [
            ("int32", "2147483647", true),
            ("int32", "2147483648", false),
            ("int32", "-2147483648", true),
            ("int32", "1.0", true),
            ("int32", "1.5", false),
            ("int64", "9223372036854775807", true),
            ("int64", "9223372036854775808", false),
            ("int64", "-9223372036854775809", false),
            ("int64", "1e3", true),
            ("int64", "1e30", false),
            ("float", "3.4e38", true),
            ("float", "3.5e38", false),
            ("double", "1e308", true),
            ("double", "1e309", false),
        ];
        for (format, number, expected) in cases {
            let takes = NumberFormat::of_name(format).unwrap().takes(number);
            assert_eq!(takes, expected, "{format} {number}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn texts_fit_their_format_or_not() {
        assert!(is_uuid("123e4567-E89b-12d3-a456-426614174000"));
        assert!(!is_uuid("123e4567e89b12d3a456426614174000"));
        assert!(!is_uuid("123e4567-e89b-12d3-a456-42661417400é"));
        for (text, expected) in [("", true), ("QQ==", true), ("QQ=", false), ("Q===", false), ("QQ-_", false)]
        {
            assert_eq!(is_base64(text), expected, "{text}");
        }
    }
}
