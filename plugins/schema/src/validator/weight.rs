//! What a byte of a text costs a pattern's engine, at most: as many parts of the pattern as it must follow at once. Measured on
//! texts made for the purpose; up to some hundred parts the engine remembers what it saw, beyond that it does not.

use super::outline::Outline;

/// What a pattern may make of each byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    outline: Outline,
    /// Whether a part is a class of Unicode, which is hundreds of ranges.
    has_unicode: bool,
}

/// Parts that cost as much as a class of Unicode.
const PARTS_OF_UNICODE: usize = 32;
/// Parts beyond which the cost grows no faster than their number.
const MANY_PARTS: usize = 1_000;
/// Parts of a pattern that cost as much as the first, where it is known how many are followed.
const STRAIGHT_PARTS: usize = 64;

impl Weight {
    pub(super) fn of(pattern: &str) -> Self {
        let has_unicode = pattern.contains("\\p") || pattern.contains("\\P");
        Self { outline: Outline::of(pattern), has_unicode }
    }

    /// How many times as much as for a plain pattern a byte costs in a text of this length.
    pub(super) fn in_text(self, length: usize) -> usize {
        let each = if self.has_unicode { PARTS_OF_UNICODE } else { 1 };
        let followed = |parts: usize| 1 + parts.saturating_mul(parts.min(MANY_PARTS)) / MANY_PARTS;
        let Outline { parts, reach, straight, .. } = self.outline;
        match straight {
            Some(1) => parts / STRAIGHT_PARTS + 1,
            Some(at_once) => parts / STRAIGHT_PARTS + followed(at_once.saturating_mul(each)),
            // After so many bytes no repetition has come further.
            None => followed(parts.min(length.saturating_mul(reach)).saturating_mul(each)),
        }
    }

    /// Whether something looks ahead or back, however far, at each turn of a repetition.
    pub(super) fn looks_far_in_turn(self) -> bool {
        self.outline.looks_far_in_turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nanoseconds of a byte in a text of 64 KiB that is made for the pattern, against the two that a plain one takes.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_was_measured_is_charged() {
        for (pattern, measured) in [
            ("a.{50}c", 5),
            ("a.{100}c", 13),
            ("a.{500}c", 187),
            ("a.{1000}c", 743),
            ("a.{0,500}c", 611),
            ("(a.{50}){10}c", 257),
            ("[ab]{500}c", 142),
            ("(a|b){1,200}c", 31),
            ("\\p{L}{100}!", 7_716),
            ("\\p{Lu}{200}c", 228),
            ("[\\p{L}\\p{N} ]{0,100}!", 10_033),
            ("(?:..........){50}c", 187),
        ] {
            let charged = Weight::of(pattern).in_text(64 << 10);
            // What a step takes differs by as much.
            assert!(charged * 2 * 2 >= measured, "{pattern}: {charged}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_cheap_stays_so() {
        for (pattern, length, most) in [
            ("^[\\p{L} ]{1,100}$", 100, 2),
            ("^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$", 34, 1),
            ("^[a-z]+$", 1 << 20, 1),
            ("\\p{L}+", 1 << 20, 1),
            ("^arn:[a-z]*:[\\w+=,.@-]{1,1000}/x$", 60, 5),
            ("[0-9a-f]{8}-[0-9a-f]{4}", 1 << 20, 1),
            ("^[a-zA-Z0-9_.-]{1,64}@[a-z.]{1,32}$", 40, 8),
            ("^\\S[\\s\\S]{0,3998}\\S$", 4_000, 64),
            ("^(?:\\p{Lu}[\\p{L} '-]{0,99})$", 12, 150),
            (".{1,1024}", 1 << 10, 2),
        ] {
            let charged = Weight::of(pattern).in_text(length);
            assert!(charged <= most, "{pattern}: {charged}");
        }
    }
}
