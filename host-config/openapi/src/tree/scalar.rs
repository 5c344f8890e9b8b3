//! What a plain YAML scalar is, by the core schema of YAML 1.2 (10.3.2): `no` and dates are strings.

use super::Value;

/// A scalar that JSON cannot express: an infinity, not-a-number or an integer of more than 128 bits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson;

pub(super) fn resolve(text: &str) -> Result<Value, NotJson> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    match number(text) {
        Some(number) => number.map(|text| Value::Number(text.into())),
        None => Ok(Value::String(text.into())),
    }
}

/// The number in JSON's syntax, if the scalar is one.
pub(super) fn number(text: &str) -> Option<Result<String, NotJson>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(NotJson));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix).filter(|digits| has_digits(digits, radix)) {
            return Some(
                u128::from_str_radix(digits, radix).map(|value| value.to_string()).map_err(|_| NotJson),
            );
        }
    }
    decimal(text.starts_with('-'), unsigned).map(Ok)
}

fn has_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix))
}

/// `[0-9]+`, or a fraction or an exponent; zeros and points that JSON does not allow are amended.
fn decimal(negative: bool, unsigned: &str) -> Option<String> {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, unsigned.get(at..)?),
        None => (unsigned, ""),
    };
    let exponent_digits = exponent.get(1..).unwrap_or_default();
    let exponent_digits = exponent_digits.strip_prefix(['-', '+']).unwrap_or(exponent_digits);
    if !exponent.is_empty() && !has_digits(exponent_digits, 10) {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits_or_nothing = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_or_nothing(whole) || !digits_or_nothing(fraction) || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let sign = if negative { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let number = |text: &str| Value::Number(text.into());
        let string = |text: &str| Value::String(text.into());
        for (input, expected) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("NULL", Value::Null),
            ("nUll", string("nUll")),
            ("True", Value::Bool(true)),
            ("no", string("no")),
            ("on", string("on")),
            ("2020-01-01", string("2020-01-01")),
            ("12:30", string("12:30")),
            ("1_000", string("1_000")),
            ("200", number("200")),
            ("007", number("7")),
            ("-0", number("-0")),
            ("+12", number("12")),
            ("0x1F", number("31")),
            ("0o17", number("15")),
            ("0xZZ", string("0xZZ")),
            ("1.50", number("1.50")),
            ("1.", number("1")),
            (".5", number("0.5")),
            ("-.5e-3", number("-0.5e-3")),
            ("12e03", number("12e03")),
            ("1e", string("1e")),
            (".", string(".")),
            ("-", string("-")),
            ("1.2.3", string("1.2.3")),
            ("18446744073709551616", number("18446744073709551616")),
        ] {
            assert_eq!(resolve(input), Ok(expected), "{input}");
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_refused() {
        for input in [".inf", "-.INF", ".nan", "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"] {
            assert_eq!(resolve(input), Err(NotJson), "{input}");
        }
    }
}
