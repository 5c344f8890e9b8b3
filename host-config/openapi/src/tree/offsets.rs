//! From character indices, in which the YAML parser counts, to byte offsets.

use crate::source::saturating;

/// A text whose characters can be found by their index.
pub(super) struct Offsets<'t> {
    pub(super) text: &'t str,
    /// The byte offset of every `STRIDE`th character; empty when all are ASCII.
    marks: Vec<u32>,
}

const STRIDE: usize = 128;

impl<'t> Offsets<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(byte, _)| saturating(byte)).collect()
        };
        Self { text, marks }
    }

    pub(super) fn byte(&self, index: usize) -> u32 {
        let end = saturating(self.text.len());
        if self.marks.is_empty() {
            return saturating(index).min(end);
        }
        let Some(mark) = self.marks.get(index / STRIDE) else { return end };
        let rest = self.text.get(*mark as usize..).unwrap_or_default();
        let within = rest.char_indices().nth(index % STRIDE).map_or(rest.len(), |(byte, _)| byte);
        mark.saturating_add(saturating(within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found_at_their_byte() {
        for text in ["", "abc", &"aä€😀\n".repeat(100), &"x".repeat(300)] {
            let offsets = Offsets::new(text);
            let bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
            for (index, byte) in bytes.enumerate() {
                assert_eq!(offsets.byte(index) as usize, byte);
            }
            assert_eq!(offsets.byte(10_000) as usize, text.len());
        }
    }
}
