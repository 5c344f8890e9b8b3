//! The formats that values are checked against; unknown ones assert nothing. They are those of JSON Schema and of OpenAPI's
//! format registry whose definition leaves no doubt.

mod network;
mod time;
mod written;

use std::borrow::Cow;

use portcullis_config::schema::DialectConfig;

use crate::media_type::MediaType;
use crate::sentence;

/// Most bytes of a text that is a pattern: to look for the names of its groups takes the square of its length.
const MOST_OF_A_PATTERN: usize = 4 << 10;

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
        let hostname = match dialect {
            DialectConfig::Draft4 => &HOSTNAME,
            DialectConfig::Draft202012 => &LATER_HOSTNAME,
        };
        let found = TEXTS.iter().chain([hostname]).find(|(known, _)| *known == name);
        found.map(|(name, takes)| Self::Text(name, *takes))
    }

    /// Whether a number is written in the format, or the format says nothing of numbers.
    pub(crate) fn takes_number(self, number: &str) -> bool {
        match self {
            Self::Number(format) => format.takes(number),
            Self::Text(..) => true,
        }
    }

    /// The same of a text.
    pub(crate) fn takes_text(self, text: &str) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Text(_, takes) => takes(text),
        }
    }

    /// What is told of a value that is not written so.
    pub(crate) fn sentence(self) -> Cow<'static, str> {
        match self {
            Self::Number(NumberFormat::Whole { sentence, .. }) => sentence.into(),
            Self::Number(NumberFormat::Float) => "is beyond single precision".into(),
            Self::Number(NumberFormat::Double) => "is beyond double precision".into(),
            Self::Text(name, _) => sentence::is_no(name),
        }
    }
}

type TextFormat = (&'static str, fn(&str) -> bool);

const TEXTS: &[TextFormat] = &[
    ("base64url", is_base64url),
    ("byte", is_base64),
    ("char", is_character),
    ("date", time::is_date),
    ("date-time", time::is_date_time),
    ("date-time-local", time::is_local_date_time),
    ("duration", time::is_duration),
    ("email", network::is_email),
    ("http-date", time::is_http_date),
    ("idn-email", network::is_internationalised_email),
    ("ipv4", network::is_ipv4),
    ("ipv6", network::is_ipv6),
    ("iri", network::is_iri),
    ("iri-reference", network::is_iri_reference),
    ("json-pointer", written::is_pointer),
    ("media-range", is_media_range),
    ("regex", is_pattern),
    ("relative-json-pointer", written::is_relative_pointer),
    ("time", time::is_time),
    ("time-local", time::is_local_time),
    ("uri", network::is_uri),
    ("uri-reference", network::is_uri_reference),
    ("uri-template", written::is_template),
    ("uuid", is_uuid),
];
const HOSTNAME: TextFormat = ("hostname", network::is_hostname);
/// Which knows of internationalised names by then.
const LATER_HOSTNAME: TextFormat = ("hostname", network::is_internationalised_hostname);

/// Whether values are checked against a format.
pub fn is_asserted(format: &str, dialect: DialectConfig) -> bool {
    Format::named(format, dialect).is_some()
}

/// A format of numbers (OpenAPI 3.0.4, "Data Type Format", and the registry).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    /// The least and the most, and what is said of others.
    Whole {
        least: i64,
        most: u64,
        sentence: &'static str,
    },
    Float,
    Double,
}

impl NumberFormat {
    fn of_name(name: &str) -> Option<Self> {
        let whole = |least, most, sentence| Self::Whole { least, most, sentence };
        Some(match name {
            "int8" => whole(-0x80, 0x7f, "is not a whole number of 8 bits"),
            "int16" => whole(-0x8000, 0x7fff, "is not a whole number of 16 bits"),
            "int32" => whole(-0x8000_0000, 0x7fff_ffff, "is not a whole number of 32 bits"),
            "int64" => whole(i64::MIN, i64::MAX as u64, "is not a whole number of 64 bits"),
            "uint8" => whole(0, 0xff, "is not a whole number of 8 bits, from 0 on"),
            "uint16" => whole(0, 0xffff, "is not a whole number of 16 bits, from 0 on"),
            "uint32" => whole(0, 0xffff_ffff, "is not a whole number of 32 bits, from 0 on"),
            "uint64" => whole(0, u64::MAX, "is not a whole number of 64 bits, from 0 on"),
            "double-int" => {
                whole(-MOST_OF_A_DOUBLE, MOST_OF_A_DOUBLE as u64, "is not a whole number that a double has")
            }
            "float" => Self::Float,
            "double" => Self::Double,
            _ => return None,
        })
    }

    /// Whether a number fits. An integer format takes `1.0` as 1 and refuses a fraction.
    fn takes(self, number: &str) -> bool {
        match self {
            Self::Whole { least, most, .. } => match whole(number) {
                Some(whole) => whole >= least && (whole < 0 || whole.unsigned_abs() <= most),
                None => number.parse::<u64>().is_ok_and(|whole| whole <= most),
            },
            Self::Float => number.parse().is_ok_and(|float: f64| float.abs() <= f64::from(f32::MAX)),
            Self::Double => number.parse().is_ok_and(f64::is_finite),
        }
    }
}

/// Up to here a double has every whole number.
const MOST_OF_A_DOUBLE: i64 = (1 << 53) - 1;

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
    text.len().is_multiple_of(4) && has_digits_of_64(text, *b"+/")
}

/// Base64 for URLs (RFC 4648, section 5), with padding or without.
fn is_base64url(text: &str) -> bool {
    let is_whole = if text.ends_with('=') { text.len().is_multiple_of(4) } else { text.len() % 4 != 1 };
    is_whole && has_digits_of_64(text, *b"-_")
}

/// Whether a text is letters, digits and the last two of 64, and padding.
fn has_digits_of_64(text: &str, last: [u8; 2]) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || last.contains(&byte))
}

/// One Unicode character.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some() && characters.next().is_none()
}

/// RFC 9110, section 12.5.1.
fn is_media_range(text: &str) -> bool {
    MediaType::parse(text).is_some()
}

/// A pattern of ECMA-262.
fn is_pattern(text: &str) -> bool {
    text.len() <= MOST_OF_A_PATTERN && jsonschema_regex::is_valid_ecma_regex(text)
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
            ("int8", "-128", true),
            ("int8", "128", false),
            ("int16", "32768", false),
            ("int16", "-32769", false),
            ("uint8", "255", true),
            ("uint8", "-1", false),
            ("uint16", "65536", false),
            ("uint32", "4294967295", true),
            ("uint32", "4294967296", false),
            ("uint64", "18446744073709551615", true),
            ("uint64", "18446744073709551616", false),
            ("uint64", "-1", false),
            ("uint64", "1.5", false),
            ("double-int", "9007199254740991", true),
            ("double-int", "-9007199254740992", false),
            ("double-int", "0.5", false),
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
        for (text, expected) in [
            ("", true),
            ("QQ", true),
            ("QQ==", true),
            ("QQ=", false),
            ("Q", false),
            ("QQ-_", true),
            ("QQ+/", false),
        ] {
            assert_eq!(is_base64url(text), expected, "{text}");
        }
        for (text, expected) in [("é", true), ("", false), ("ab", false)] {
            assert_eq!(is_character(text), expected, "{text}");
        }
        assert!(is_media_range("text/*;q=1") && !is_media_range("text"));
    }

    /// A pattern with so many named groups would be looked through for each of them.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn patterns_are_looked_at_up_to_a_length() {
        assert!(is_pattern(&"a".repeat(MOST_OF_A_PATTERN)));
        assert!(!is_pattern(&"a".repeat(MOST_OF_A_PATTERN + 1)));
    }
}
