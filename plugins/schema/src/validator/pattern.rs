//! A pattern (ECMA-262), translated for our engine. Texts that need no engine are compared.

use std::cell::OnceCell;

use fancy_regex::{Regex, RegexBuilder};
use jsonschema_regex::PatternAnalysis;

use super::judge::BYTES_A_STEP;
use super::sequence::Sequence;
use crate::work::Work;

/// Steps that one match of a pattern may take that the engine backtracks for; the others are linear.
const STEPS: usize = 100_000;
/// Steps that such a match is tried with first, and then, until it needs no more: most need few, and how many one has taken, the
/// engine does not tell.
const FIRST_STEPS: usize = 8;
const LATER_STEPS: [usize; 5] = [64, 512, 4_096, 32_768, STEPS];
/// What each of these steps costs, and how many bytes of the text cost as much as one more: a step may look through all of it.
const COST: usize = 12;
const BYTES_A_BACKTRACK: usize = 256;
/// Repetitions in a pattern that make a byte cost as much as two.
const REPEATS: usize = 64;
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
    Sequence(Sequence),
    /// And what a byte costs.
    Linear(Box<Regex>, usize),
    Backtracking(Box<Backtracking>),
}

/// A pattern that the engine backtracks for.
#[derive(Debug)]
struct Backtracking {
    translated: String,
    first: Regex,
    later: [(usize, OnceCell<Option<Regex>>); LATER_STEPS.len()],
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
            None if let Some(sequence) = Sequence::of(text) => Matcher::Sequence(sequence),
            None => {
                let translated = jsonschema_regex::to_rust_regex(text).ok()?;
                let translated = translated.into_owned();
                if is_linear(text) {
                    Matcher::Linear(Box::new(regex(&translated, STEPS)?), 1 + repeats(text) / REPEATS)
                } else {
                    let first = regex(&translated, FIRST_STEPS)?;
                    let later = LATER_STEPS.map(|steps| (steps, OnceCell::new()));
                    Matcher::Backtracking(Box::new(Backtracking { translated, first, later }))
                }
            }
        };
        Some(Self { text: text.to_owned(), matcher })
    }

    /// Whether the pattern is found in a text.
    pub(crate) fn matches(&self, text: &str, work: &Work) -> Result<bool, Unfinished> {
        match &self.matcher {
            Matcher::Prefix(start) => Ok(text.starts_with(start)),
            Matcher::Exact(whole) => Ok(text == whole),
            Matcher::OneOf(wholes) => Ok(wholes.iter().any(|whole| text == whole)),
            Matcher::NoWhitespace => Ok(!jsonschema_regex::contains_ecma_whitespace(text)),
            Matcher::Sequence(sequence) => Ok(sequence.matches(text)),
            Matcher::Linear(regex, weight) => {
                work.spend((1 + text.len() / BYTES_A_STEP) * weight);
                regex.is_match(text).map_err(|_| Unfinished)
            }
            Matcher::Backtracking(pattern) => pattern.matches(text, work),
        }
    }
}

impl Backtracking {
    fn matches(&self, text: &str, work: &Work) -> Result<bool, Unfinished> {
        let cost = COST + text.len() / BYTES_A_BACKTRACK;
        work.spend(FIRST_STEPS * cost);
        if let Ok(verdict) = self.first.is_match(text) {
            return Ok(verdict);
        }
        for (steps, made) in &self.later {
            work.spend(steps * cost);
            if work.is_spent() {
                break;
            }
            let made = made.get_or_init(|| regex(&self.translated, *steps)).as_ref();
            if let Some(Ok(verdict)) = made.map(|made| made.is_match(text)) {
                return Ok(verdict);
            }
        }
        Err(Unfinished)
    }
}

fn regex(translated: &str, steps: usize) -> Option<Regex> {
    RegexBuilder::new(translated).backtrack_limit(steps).delegate_size_limit(BYTES).build().ok()
}

/// Whether nothing in a pattern looks like look-around, a back-reference or an edge of a word: the engine backtracks for these.
fn is_linear(pattern: &str) -> bool {
    let escapes = pattern.as_bytes().windows(2);
    let mut escapes = escapes.filter(|pair| matches!(pair, [b'\\', b'1'..=b'9' | b'k' | b'b' | b'B']));
    escapes.next().is_none() && !["(?=", "(?!", "(?<=", "(?<!"].iter().any(|start| pattern.contains(start))
}

/// About how often a pattern's parts are repeated by number: the engine may follow so many at once.
fn repeats(pattern: &str) -> usize {
    let mut sum: usize = 0;
    for (at, _) in pattern.match_indices('{') {
        let Some((bounds, _)) = pattern.get(at + 1..).and_then(|rest| rest.split_once('}')) else { break };
        let most = bounds.rsplit(',').find_map(|bound| bound.parse().ok()).unwrap_or(0);
        // What is repeated is all that stands before, at most.
        let is_group = pattern.get(..at).is_some_and(|before| before.ends_with(')'));
        sum = if is_group { sum.saturating_add(1).saturating_mul(most) } else { sum.saturating_add(most) };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn repetitions_are_counted() {
        let cases = [
            ("^[a-z]+$", 0),
            ("^.{0,1023}$", 1023),
            ("^[0-9a-f]{8}-[0-9a-f]{4}$", 12),
            ("^([0-9]{3}\\.){4}$", 16),
            ("^a{2,}$", 2),
            ("\\{x", 0),
            ("(a{99999999}){99999999}{99999999}", usize::MAX),
        ];
        for (pattern, expected) in cases {
            let counted = repeats(pattern);
            if expected == usize::MAX {
                assert!(counted >= usize::MAX / 2 || counted > 1 << 31, "{pattern}: {counted}");
            } else {
                assert_eq!(counted, expected, "{pattern}");
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_needs_backtracking_is_told_apart() {
        for (pattern, expected) in [
            ("^a+$", true),
            ("\\d{3}", true),
            ("(?:a|b)", true),
            ("^(?!x)a", false),
            ("(?<=a)b", false),
            ("(a)\\1", false),
            ("(?<n>a)\\k<n>", false),
            ("(?<year>\\d{4})", true),
            ("\\bfoo\\b", false),
            ("a\\Bb", false),
        ] {
            assert_eq!(is_linear(pattern), expected, "{pattern}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_match_that_needs_many_steps_costs_many() {
        let pattern = Pattern::compile("^(?:(?=a)a+)+b$").unwrap();
        let text = "a".repeat(40);
        let count = |text: &str| {
            let work = Work::default();
            (0..)
                .take_while(|_| {
                    !work.is_spent() && {
                        let _ = pattern.matches(text, &work);
                        true
                    }
                })
                .count()
        };
        assert!(pattern.matches(&text, &Work::default()).is_err());
        assert_eq!((count("b"), count(&text)), (104_167, 7));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn common_patterns_with_look_around_are_affordable() {
        // Texts of one message that fit beside one another.
        let cases = [
            ("no markup, comments", "^((?!<script).)*$", "all is well ".repeat(10), 1_000),
            ("no markup, descriptions", "^((?!<script).)*$", "all is well ".repeat(250), 50),
            ("not blank", "^(?!\\s*$).+", "a name".to_owned(), 50_000),
            ("a password", "^(?=.*[A-Z])(?=.*\\d).{8,}$", "Secret0123".to_owned(), 10_000),
            ("a word", "\\bfoo\\b", "it is foo or bar".to_owned(), 10_000),
        ];
        for (name, pattern, text, least) in cases {
            let (pattern, work) = (Pattern::compile(pattern).unwrap(), Work::default());
            for _ in 0..least {
                assert_eq!(pattern.matches(&text, &work), Ok(true), "{name}");
            }
            assert!(!work.is_spent(), "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_long_text_is_not_looked_through_for_ever() {
        let pattern = Pattern::compile("(?=.*[A-Z])(?=.*\\d).{8,}").unwrap();
        let work = Work::default();
        assert_eq!(pattern.matches(&"a".repeat(1 << 20), &work), Err(Unfinished));
        assert!(work.is_spent());
    }
}
