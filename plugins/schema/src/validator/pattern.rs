//! A pattern (ECMA-262), translated for our engine. Texts that need no engine are compared.

use fancy_regex::{Regex, RegexBuilder};
use jsonschema_regex::PatternAnalysis;

/// Steps that one match of a pattern with look-around or back-references may take; the others are linear.
const STEPS: usize = 100_000;
/// Most bytes of a compiled pattern; `.{0,1023}` takes about one million.
const BYTES: usize = 8 << 20;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As the schema writes it.
    pub(crate) text: String,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    Prefix(String),
    Exact(String),
    OneOf(Vec<String>),
    NoWhitespace,
    Regex(Box<Regex>),
}

/// A match that takes too many steps to be found or ruled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfinished;

impl Pattern {
    /// `None` when it is no pattern, or too large a one.
    pub(crate) fn compile(text: &str) -> Option<Self> {
        let matcher = match jsonschema_regex::analyze_pattern(text) {
            Some(PatternAnalysis::Prefix(start)) => Matcher::Prefix(start.into_owned()),
            Some(PatternAnalysis::Exact(whole)) => Matcher::Exact(whole.into_owned()),
            Some(PatternAnalysis::Alternation(wholes)) => Matcher::OneOf(wholes),
            Some(PatternAnalysis::NoWhitespace) => Matcher::NoWhitespace,
            None => {
                let translated = jsonschema_regex::to_rust_regex(text).ok()?;
                let mut builder = RegexBuilder::new(&translated);
                let regex = builder.backtrack_limit(STEPS).delegate_size_limit(BYTES).build().ok()?;
                Matcher::Regex(Box::new(regex))
            }
        };
        Some(Self { text: text.to_owned(), matcher })
    }

    /// Whether the pattern is found in a text.
    pub(crate) fn matches(&self, text: &str) -> Result<bool, Unfinished> {
        match &self.matcher {
            Matcher::Prefix(start) => Ok(text.starts_with(start)),
            Matcher::Exact(whole) => Ok(text == whole),
            Matcher::OneOf(wholes) => Ok(wholes.iter().any(|whole| text == whole)),
            Matcher::NoWhitespace => Ok(!jsonschema_regex::contains_ecma_whitespace(text)),
            Matcher::Regex(regex) => regex.is_match(text).map_err(|_| Unfinished),
        }
    }
}
