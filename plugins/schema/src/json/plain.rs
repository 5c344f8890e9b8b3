//! What most of a JSON text is: strings in which nothing is escaped and numbers without an exponent, looked at once and by words.

use std::cmp::Ordering;

/// A number, and what is seen of it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'t> {
    pub(crate) text: &'t str,
    /// What it is worth without its fraction, where it has few digits and no exponent, and where it is from there.
    pub(crate) small: Option<(i64, Ordering)>,
    /// Whether it has neither fraction nor exponent.
    pub(crate) is_written_whole: bool,
}

/// As many digits as an `i64` has, whatever they are.
const SMALL_DIGITS: usize = 18;

/// The number without an exponent that a text begins with.
pub(crate) fn number(text: &str) -> Option<Number<'_>> {
    let bytes = text.as_bytes();
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let (mut whole, mut end) = (0_i64, start);
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        whole = whole.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        end += 1;
    }
    let (digits, point) = (end - start, end);
    if digits == 0 || (digits > 1 && bytes.get(start) == Some(&b'0')) {
        return None;
    }
    let mut has_rest = false;
    if bytes.get(point) == Some(&b'.') {
        end += 1;
        while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
            has_rest |= *digit != b'0';
            end += 1;
        }
        if end == point + 1 {
            return None;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        return None;
    }
    let worth = match (is_negative, has_rest) {
        (true, true) => (whole.wrapping_neg(), Ordering::Less),
        (true, false) => (whole.wrapping_neg(), Ordering::Equal),
        (false, true) => (whole, Ordering::Greater),
        (false, false) => (whole, Ordering::Equal),
    };
    let small = (digits <= SMALL_DIGITS).then_some(worth);
    Some(Number { text: text.get(..end)?, small, is_written_whole: point == end })
}

/// How many bytes stand before a quote, a backslash or a control character. Looks at eight at a time.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const fn each(byte: u8) -> u64 {
        ONES * byte as u64
    }
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        // With its second bit turned, a quote comes right behind the control characters, which change places.
        let quote_or_control = (word ^ each(2)).wrapping_sub(each(b' ' + 1));
        let backslash = (word ^ each(b'\\')).wrapping_sub(ONES);
        let found = (quote_or_control | backslash) & !word & HIGH;
        if found != 0 {
            // What is found behind the first may be a mistake, the first is none.
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ')).map(|length| at + length)
}

/// Whether two texts are equal, by words: wasm compares memory byte by byte.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && by_words(one, other, u64::from_le_bytes)
            .or_else(|| by_words(one, other, u32::from_le_bytes))
            .unwrap_or_else(|| one.iter().zip(other).all(|(one, other)| one == other))
}

/// The same of texts of one length that is a word's or more. The last words may overlap those before them.
fn by_words<const N: usize, W: PartialEq>(one: &[u8], other: &[u8], word: fn([u8; N]) -> W) -> Option<bool> {
    let is_equal = |one: &[u8; N], other: &[u8; N]| word(*one) == word(*other);
    let first = is_equal(one.first_chunk()?, other.first_chunk()?);
    let last = is_equal(one.last_chunk()?, other.last_chunk()?);
    let mut between = one.as_chunks().0.iter().zip(other.as_chunks().0).skip(1);
    Some(first && last && (one.len() <= 2 * N || between.all(|(one, other)| is_equal(one, other))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_end_of_plain_text_is_found_at_any_place() {
        let naive = |bytes: &[u8]| bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '));
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=255 {
                    // What follows must not move what is found.
                    for behind in [b'a', b'"', b'!', 0, 0xFF, b'[', b']'] {
                        let mut bytes = vec![b'a'; length];
                        bytes[at + 1..].fill(behind);
                        bytes[at] = byte;
                        assert_eq!(super::length(&bytes), naive(&bytes), "{bytes:?}");
                    }
                }
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn texts_are_the_same_when_every_byte_is() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(is_same(&text, &text.clone()));
            assert!(!is_same(&text, &[text.as_slice(), b"x"].concat()));
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!is_same(&text, &other), "{length} bytes, another at {at}");
            }
        }
    }
}
