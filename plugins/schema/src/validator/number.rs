//! JSON numbers as they are written: compared exactly, whatever their length.

use std::cmp::Ordering;

use crate::json::plain::{self, Number};

/// A number in parts: `0.DIGITS` times ten to the power of `point`, the digits without zeros at either end.
#[derive(Debug, Clone, Copy)]
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    point: i64,
}

impl<'t> Decimal<'t> {
    /// Takes a JSON number apart.
    fn of(text: &'t str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = split(text, |byte| matches!(byte, b'e' | b'E'));
        // Readers bound exponents; one that is beyond `i64` is no number of theirs.
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = split(mantissa, |byte| byte == b'.');
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.is_empty() {
            let digits = fraction.trim_start_matches('0');
            let zeros = (fraction.len() - digits.len()) as i64;
            let is_zero = digits.is_empty();
            let point = if is_zero { 0 } else { exponent.saturating_sub(zeros) };
            return Self { negative: negative && !is_zero, whole, fraction: digits, point };
        }
        let point = exponent.saturating_add(whole.len() as i64);
        let whole = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
        Self { negative, whole, fraction, point }
    }

    fn digits(self) -> impl Iterator<Item = u8> + 't {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    fn length(self) -> i64 {
        (self.whole.len() + self.fraction.len()) as i64
    }

    fn is_zero(self) -> bool {
        self.length() == 0
    }

    fn is_whole(self) -> bool {
        self.length() <= self.point || self.is_zero()
    }

    fn sign(self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare(self, other: Self) -> Ordering {
        let magnitude = || self.point.cmp(&other.point).then_with(|| self.digits().cmp(other.digits()));
        self.sign().cmp(&other.sign()).then_with(|| match self.sign() {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

/// What stands before and behind a byte; all and nothing without it.
fn split(text: &str, at: impl Fn(u8) -> bool) -> (&str, &str) {
    let place = text.bytes().position(at);
    let parts = place.and_then(|place| Some((text.get(..place)?, text.get(place + 1..)?)));
    parts.unwrap_or((text, ""))
}

/// What a reader would see of a number.
pub(crate) fn seen(number: &str) -> Number<'_> {
    let unseen = Number { text: number, small: None, is_written_whole: is_written_whole(number) };
    plain::number(number).unwrap_or(unseen)
}

/// Whether a number is written without fraction and exponent: what draft 4 takes for an integer.
pub(crate) fn is_written_whole(number: &str) -> bool {
    !number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

/// Whether a number is whole, however it is written.
pub(crate) fn is_whole(number: &str) -> bool {
    is_written_whole(number) || Decimal::of(number).is_whole()
}

/// A whole number of few digits: nearly all that are sent.
pub(crate) fn small(number: &str) -> Option<i64> {
    let (digits, sign) = number.strip_prefix('-').map_or((number, 1), |digits| (digits, -1));
    if digits.len() > 18 {
        return None;
    }
    let sum = |sum: i64, digit: u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
    digits.bytes().try_fold(0, sum).map(|sum| sum * sign)
}

/// Compares two numbers.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    match (small(one), small(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => Decimal::of(one).compare(Decimal::of(other)),
    }
}

/// How many steps of judging [`is_multiple`] takes, beyond the first.
pub(crate) fn steps_of_division(number: &str, of: &str) -> usize {
    if small(number).is_some() && small(of).is_some() {
        return 0;
    }
    let zeros = (Decimal::of(number).point - Decimal::of(of).point).max(0);
    let digits = number.len().saturating_add(usize::try_from(zeros).unwrap_or(usize::MAX));
    // Without a machine word for what is left over, a digit takes up to nine subtractions of all digits.
    if of.len() <= WORD_DIGITS { digits / 4 } else { digits.saturating_mul(of.len()) / 2 }
}

/// Digits that a machine word has, and room for one more.
const WORD_DIGITS: usize = 18;

/// Whether a number is a multiple of another, which is not zero.
pub(crate) fn is_multiple(number: &str, of: &str) -> bool {
    if let (Some(number), Some(of)) = (small(number), small(of)) {
        return number.checked_rem(of).is_none_or(|rest| rest == 0);
    }
    let (number, of) = (Decimal::of(number), Decimal::of(of));
    if number.is_zero() {
        return true;
    }
    // Both become whole numbers. The digits of the first end in no zero, so ten cannot divide it further.
    let zeros = (number.point - number.length()) - (of.point - of.length());
    let Ok(zeros) = usize::try_from(zeros) else { return false };
    let digits = number.digits().chain(std::iter::repeat_n(b'0', zeros)).map(|digit| digit - b'0');
    leaves_no_rest(digits, of)
}

/// Long division of digits by the digits of `of`.
fn leaves_no_rest(digits: impl Iterator<Item = u8>, of: Decimal<'_>) -> bool {
    let divisor: Vec<u8> = of.digits().map(|digit| digit - b'0').collect();
    if divisor.len() <= WORD_DIGITS {
        let word = divisor.iter().fold(0_u64, |word, digit| word * 10 + u64::from(*digit));
        let rest = |rest: u64, digit: u8| (rest * 10 + u64::from(digit)).checked_rem(word).unwrap_or(1);
        return digits.fold(0, rest) == 0;
    }
    let mut rest: Vec<u8> = Vec::new();
    for digit in digits {
        if digit != 0 || !rest.is_empty() {
            rest.push(digit);
        }
        while rest.len().cmp(&divisor.len()).then_with(|| rest.cmp(&divisor)).is_ge() {
            subtract(&mut rest, &divisor);
        }
    }
    rest.is_empty()
}

/// Takes the smaller number from the larger, digit by digit from the right.
fn subtract(from: &mut Vec<u8>, number: &[u8]) {
    let mut borrow = 0;
    let mut number = number.iter().rev();
    for digit in from.iter_mut().rev() {
        let taken = number.next().copied().unwrap_or(0) + borrow;
        borrow = u8::from(*digit < taken);
        *digit = *digit + 10 * borrow - taken;
    }
    let zeros = from.iter().take_while(|digit| **digit == 0).count();
    from.drain(..zeros);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn numbers_compare_exactly() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            ("1", "2", Less),
            ("-1", "-2", Greater),
            ("-1", "1", Less),
            ("0", "-0", Equal),
            ("0", "-0.0e5", Equal),
            ("1", "1.0", Equal),
            ("1e2", "100", Equal),
            ("1E-2", "0.01", Equal),
            ("10", "9.99", Greater),
            ("0.1", "0.09", Greater),
            ("-0.1", "-0.09", Less),
            ("18446744073709551616", "18446744073709551617", Less),
            ("9007199254740993", "9007199254740992.0", Greater),
            ("1e400", "1e399", Greater),
            ("0.0012", "12e-4", Equal),
        ];
        for (one, other, expected) in cases {
            assert_eq!(compare(one, other), expected, "{one} {other}");
            assert_eq!(compare(other, one), expected.reverse(), "{other} {one}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_seen_of_a_number_is_what_it_is_worth() {
        let small = ["0", "-0", "-0.5", "0.5", "-0.0", "1.50", "1.00", "-1.5", "-1.0", "-2", "12.000001"];
        for number in small.into_iter().chain(["123456789012345678", "-123456789012345678.9"]) {
            let (whole, rest) = seen(number).small.unwrap();
            for limit in ["-2", "-1", "0", "1", "2", "12", "123456789012345678", "-123456789012345678"] {
                let order = whole.cmp(&limit.parse().unwrap()).then(rest);
                assert_eq!(order, Decimal::of(number).compare(Decimal::of(limit)), "{number} {limit}");
            }
        }
        let long = ["1".repeat(19), "9".repeat(128), "-9223372036854775808".into(), "8".repeat(200)];
        for number in
            long.iter().map(String::as_str).chain(["1e2", "1.5e1", "1.5E-1", "1234567890123456789.5"])
        {
            assert_eq!(seen(number).small, None, "{number}");
        }
        for number in small.into_iter().chain(long.iter().map(String::as_str)).chain(["1e2", "1E2", "1.0e2"])
        {
            assert_eq!(
                (seen(number).text, seen(number).is_written_whole),
                (number, is_written_whole(number))
            );
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn multiples_are_found_exactly() {
        let cases = [
            ("10", "5", true),
            ("11", "5", false),
            ("-10", "5", true),
            ("0", "7", true),
            ("0.0", "0.3", true),
            ("19.99", "0.01", true),
            ("19.999", "0.01", false),
            ("1e3", "0.125", true),
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("1e300", "3", false),
            ("3e300", "3", true),
            ("246913578024691357802469135780", "123456789012345678901234567890", true),
            ("246913578024691357802469135781", "123456789012345678901234567890", false),
            ("-9223372036854775808", "-1", true),
            ("7.5", "2.5", true),
        ];
        for (number, of, expected) in cases {
            assert_eq!(is_multiple(number, of), expected, "{number} {of}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn whole_numbers_are_known_in_any_writing() {
        for (number, whole, written) in [
            ("1", true, true),
            ("-0", true, true),
            ("1.0", true, false),
            ("1.5", false, false),
            ("1.5e1", true, false),
            ("1e2", true, false),
            ("100e-2", true, false),
            ("1e-1", false, false),
            ("0e-9", true, false),
        ] {
            assert_eq!((is_whole(number), is_written_whole(number)), (whole, written), "{number}");
        }
    }
}
