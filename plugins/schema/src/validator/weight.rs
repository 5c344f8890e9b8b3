//! What a byte of a text costs a pattern's engine, at most: as many parts of the pattern as it must follow at once. Measured on
//! texts made for the purpose; up to some hundred parts the engine remembers what it saw, beyond that it does not.

/// What a pattern may make of each byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// How many parts its numbers make of what they repeat.
    parts: usize,
    /// How many of its repetitions have numbers.
    repetitions: usize,
    /// Whether parts can be skipped in groups, so that a byte may be in any of them.
    may_skip: bool,
    /// Whether a part is a class of Unicode, which is hundreds of ranges.
    has_unicode: bool,
    /// Whether only one part can be meant at any byte.
    is_straight: bool,
}

/// Parts that cost as much as a class of Unicode.
const PARTS_OF_UNICODE: usize = 32;
/// Parts beyond which the cost grows no faster than their number.
const MANY_PARTS: usize = 1_000;
/// Parts of a straight pattern that cost as much as the first.
const STRAIGHT_PARTS: usize = 64;

impl Weight {
    pub(super) fn of(pattern: &str) -> Self {
        let (parts, repetitions) = repeated(pattern);
        let is_optional = pattern.contains(['?', '*']) || pattern.contains("{0");
        Self {
            parts,
            repetitions,
            may_skip: is_optional && pattern.contains(')'),
            has_unicode: pattern.contains("\\p") || pattern.contains("\\P"),
            is_straight: is_straight(pattern),
        }
    }

    /// How many times as much as for a plain pattern a byte costs in a text of this length.
    pub(super) fn in_text(self, length: usize) -> usize {
        if self.is_straight {
            return self.parts / STRAIGHT_PARTS + 1;
        }
        // After so many bytes no repetition has come further.
        let reached = if self.may_skip { usize::MAX } else { length.saturating_mul(self.repetitions) };
        let each = if self.has_unicode { PARTS_OF_UNICODE } else { 1 };
        let parts = self.parts.min(reached).saturating_mul(each);
        1 + (parts.saturating_mul(parts.min(MANY_PARTS)) / MANY_PARTS)
    }
}

/// About how many parts a pattern has because of numbers, and how many numbers it has.
fn repeated(pattern: &str) -> (usize, usize) {
    let (mut parts, mut repetitions): (usize, usize) = (0, 0);
    for (at, _) in pattern.match_indices('{') {
        let Some((bounds, _)) = pattern.get(at + 1..).and_then(|rest| rest.split_once('}')) else { break };
        let Some(most) = bounds.rsplit(',').find_map(|bound| bound.parse().ok()) else { continue };
        repetitions += 1;
        // What is repeated is all that stands before, at most.
        let is_group = pattern.get(..at).is_some_and(|before| before.ends_with(')'));
        parts =
            if is_group { parts.saturating_add(1).saturating_mul(most) } else { parts.saturating_add(most) };
    }
    (parts, repetitions)
}

/// Whether a pattern is anchored, without groups and alternatives, and repeats by exact numbers, but for what stands last.
fn is_straight(pattern: &str) -> bool {
    let Some(inner) = pattern.strip_prefix('^') else { return false };
    let mut rest = inner.strip_suffix('$').unwrap_or(inner).bytes().enumerate();
    let mut in_class = false;
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'\\' => drop(rest.next()),
            b']' => in_class = false,
            _ if in_class => {}
            b'[' => in_class = true,
            b'(' | b')' | b'|' | b'*' | b'+' | b'?' => return false,
            b'{' => {
                let behind = inner.get(at + 1..).and_then(|rest| rest.split_once('}'));
                let Some((bounds, behind)) = behind else { return false };
                let is_last = behind.is_empty() || behind == "$";
                // A class of Unicode has braces, too.
                if bounds.contains(',') && (!is_last || bounds.ends_with(',')) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn repetitions_are_counted() {
        let cases = [
            ("^[a-z]+$", (0, 0)),
            ("^.{0,1023}$", (1023, 1)),
            ("^[0-9a-f]{8}-[0-9a-f]{4}$", (12, 2)),
            ("^([0-9]{3}\\.){4}$", (16, 2)),
            ("^a{2,}$", (2, 1)),
            ("\\{x", (0, 0)),
            ("\\p{L}{3}", (3, 1)),
        ];
        for (pattern, expected) in cases {
            assert_eq!(repeated(pattern), expected, "{pattern}");
        }
        assert!(repeated("(a{99999999}){99999999}{99999999}").0 > 1 << 31);
    }

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
        ] {
            let charged = Weight::of(pattern).in_text(length);
            assert!(charged <= most, "{pattern}: {charged}");
        }
        for (pattern, expected) in [
            ("^a{3}$", true),
            ("^a{3}[(|]{1,4}$", true),
            ("^a{1,3}b$", false),
            ("a{3}", false),
            ("^a{3,}$", false),
            ("^a|b$", false),
            ("^\\(\\+$", true),
            ("^a?b{3}", false),
        ] {
            assert_eq!(is_straight(pattern), expected, "{pattern}");
        }
    }
}
