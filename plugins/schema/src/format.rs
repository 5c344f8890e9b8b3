//! The formats of OpenAPI that JSON Schema's own vocabulary lacks: `int32`, `int64`, `float`, `double` on
//! numbers, `byte` and `uuid` on strings. The rest is the validator's; unknown formats assert nothing.

use jsonschema::{Keyword, ValidationError};
use portcullis_config::schema::DialectConfig;
use serde_json::{Map, Number, Value};

/// The keyword that stands beside `format` where it names a format of numbers.
pub(crate) const NUMBER_FORMAT: &str = "x-portcullis-number-format";

/// Formats that are asserted in every dialect.
const ASSERTED: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "double",
    "email",
    "float",
    "hostname",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "regex",
    "time",
    "uri",
    "uuid",
];
/// Formats that came with drafts later than 4.
const ASSERTED_IN_2020_12: &[&str] = &[
    "duration",
    "iri",
    "iri-reference",
    "json-pointer",
    "relative-json-pointer",
    "uri-reference",
    "uri-template",
];

/// Whether values are checked against a format.
pub fn is_asserted(format: &str, dialect: DialectConfig) -> bool {
    ASSERTED.contains(&format)
        || (dialect == DialectConfig::Draft202012 && ASSERTED_IN_2020_12.contains(&format))
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
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float" => Self::Float,
            "double" => Self::Double,
            _ => return None,
        })
    }

    /// Whether a number fits. An integer format takes `1.0` as 1 and refuses a fraction.
    fn takes(self, number: &Number) -> bool {
        match self {
            Self::Int32 => whole(number).is_some_and(|whole| i32::try_from(whole).is_ok()),
            Self::Int64 => whole(number).is_some(),
            Self::Float => number.as_f64().is_some_and(|float| float.abs() <= f64::from(f32::MAX)),
            Self::Double => number.as_f64().is_some_and(f64::is_finite),
        }
    }
}

/// A whole number as an `i64`, however it is written.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|_| number.as_u64().is_none())?;
        // Past 2^53 a fraction can hide in the rounding; integers that large are not written with one.
        (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
    })
}

impl<'i> Keyword<'i> for NumberFormat {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        Err(ValidationError::custom(match self {
            Self::Int32 => "is not a whole number of 32 bits",
            Self::Int64 => "is not a whole number of 64 bits",
            Self::Float => "is beyond single precision",
            Self::Double => "is beyond double precision",
        }))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match instance {
            Value::Number(number) => self.takes(number),
            _ => true,
        }
    }
}

/// The number format that [`mark_number_formats`] found.
pub(crate) fn compile<'a>(
    _: &'a Map<String, Value>,
    name: &'a Value,
    _: jsonschema::paths::Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    match name.as_str().and_then(NumberFormat::of_name) {
        Some(format) => Ok(Box::new(format)),
        None => Err(ValidationError::schema("no format of numbers")),
    }
}

/// Writes [`NUMBER_FORMAT`] beside every `format` that names one, in all places where schemas stand.
pub(crate) fn mark_number_formats(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (keyword, value) in members.iter_mut() {
                match (keyword.as_str(), value) {
                    ("enum" | "const" | "default" | "example" | "examples", _) => {}
                    (
                        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                        Value::Object(named),
                    ) => named.values_mut().for_each(mark_number_formats),
                    (_, value) => mark_number_formats(value),
                }
            }
            let name = members
                .get("format")
                .filter(|name| name.as_str().is_some_and(|name| NumberFormat::of_name(name).is_some()));
            if let Some(name) = name.cloned() {
                members.insert(NUMBER_FORMAT.to_owned(), name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mark_number_formats),
        _ => {}
    }
}

/// `uuid` (RFC 9562, section 4): five groups of hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `byte`: base64 with padding (RFC 4648, section 4).
pub(crate) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read_number;

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
            let takes = NumberFormat::of_name(format).unwrap().takes(&read_number(number).unwrap());
            assert_eq!(takes, expected, "{format} {number}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_schemas_are_marked() {
        let schema = r#"{"properties":{"format":{"format":"int32"},"enum":{"format":"float"}},"enum":[{"format":"int32"}]}"#;
        let mut schema: Value = serde_json::from_str(schema).unwrap();
        mark_number_formats(&mut schema);
        let expected = r#"{"enum":[{"format":"int32"}],"properties":{"enum":{"format":"float","x-portcullis-number-format":"float"},"format":{"format":"int32","x-portcullis-number-format":"int32"}}}"#;
        assert_eq!(schema, serde_json::from_str::<Value>(expected).unwrap());
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
