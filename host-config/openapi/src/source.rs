//! Where text comes from and how a piece of it is named: files, byte ranges, lines.
//! Knows nothing of what the text says.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Gives the bytes of a file named relative to the first document's own folder.
pub trait Loader {
    /// Reads one file. `path` is the name of the first document, or one that a `$ref` names, joined with `/`.
    ///
    /// # Errors
    /// When the file is absent or cannot be read; the reason is shown to the author.
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError>;
}

/// Files in memory, by name.
impl Loader for HashMap<String, Vec<u8>> {
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let absent = || LoadError { reason: "no such file".to_owned() };
        self.get(path).cloned().ok_or_else(absent)
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LoadError {
    /// The cause in the words of whoever holds the files.
    pub reason: String,
}

/// Which of the loaded files; 0 is the document that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) u32);

/// A byte range of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The first byte, from 0.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One file's name and text.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    index: OnceLock<Index>,
}

/// Bytes between two counts of characters: a file of one long line is as quickly searched as any other.
const STRIDE: usize = 1024;

/// Where lines begin, and how many characters stand before every [`STRIDE`]th byte.
#[derive(Debug)]
struct Index {
    line_starts: Vec<u32>,
    characters: Vec<u32>,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Self {
        Self { name, text, index: OnceLock::new() }
    }

    /// The line and column of a byte offset; an offset past the end counts as the end.
    pub(crate) fn position(&self, offset: u32) -> Position {
        let index = self.index.get_or_init(|| Index::of(self.text.as_bytes()));
        let offset = offset.min(saturating(self.text.len()));
        let line = index.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = index.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = |offset| index.characters_before(self.text.as_bytes(), offset);
        let column = before(offset).saturating_sub(before(start)).saturating_add(1);
        Position { line: saturating(line), column }
    }
}

impl Index {
    fn of(text: &[u8]) -> Self {
        let after_breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let line_starts = std::iter::once(0).chain(after_breaks.map(|(at, _)| saturating(at + 1))).collect();
        let mut counted = 0;
        let characters = std::iter::once(0).chain(text.chunks(STRIDE).map(|chunk| {
            counted += count(chunk);
            counted
        }));
        Self { line_starts, characters: characters.collect() }
    }

    fn characters_before(&self, text: &[u8], offset: u32) -> u32 {
        let stride = offset as usize / STRIDE;
        let rest = text.get(stride * STRIDE..offset as usize).unwrap_or_default();
        self.characters.get(stride).copied().unwrap_or(0) + count(rest)
    }
}

/// Characters that begin in these bytes of UTF-8.
fn count(bytes: &[u8]) -> u32 {
    saturating(bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count())
}

/// Offsets fit: all files together are at most [`crate::MAX_BYTES`] long.
pub(crate) fn saturating(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_counted_in_characters() {
        let source = Source::new("a".into(), "ab\nä=1\n\nx".into());
        for (name, offset, expected) in [
            ("start", 0, (1, 1)),
            ("within the first line", 1, (1, 2)),
            ("line break", 2, (1, 3)),
            ("second line", 3, (2, 1)),
            ("after a wide character", 5, (2, 2)),
            ("empty line", 8, (3, 1)),
            ("last", 9, (4, 1)),
        ] {
            let position = source.position(offset);
            assert_eq!((position.line, position.column), expected, "{name}");
        }
    }

    #[test]
    fn columns_of_a_long_line_count_characters_too() {
        let source = Source::new("a".into(), format!("x\n{}", "ä1".repeat(2000)));
        for (offset, expected) in
            [(2, (2, 1)), (2 + 3 * 341, (2, 683)), (2 + 3 * 1500, (2, 3001)), (u32::MAX, (2, 4001))]
        {
            let position = source.position(offset);
            assert_eq!((position.line, position.column), expected, "{offset}");
        }
    }
}
