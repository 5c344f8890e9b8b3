//! A pattern (ECMA-262), translated for our engine. Texts that need no engine are compared.

use std::borrow::Cow;
use std::cell::OnceCell;

use fancy_regex::{Regex, RegexBuilder};
use jsonschema_regex::PatternAnalysis;

use super::judge::BYTES_A_STEP;
use super::outline;
use super::sequence::Sequence;
use super::weight::Weight;
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
/// Most looks that a pattern may begin with to be told from others.
const MOST_LOOKS: usize = 8;
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
    Linear(Box<Regex>, Weight),
    Backtracking(Box<Backtracking>),
}

/// A pattern that the engine backtracks for.
#[derive(Debug)]
struct Backtracking {
    translated: String,
    first: Regex,
    later: [(usize, OnceCell<Option<Regex>>); LATER_STEPS.len()],
    ways: Ways,
}

/// How such a pattern goes through a text.
#[derive(Debug)]
enum Ways {
    /// From the start, once for each look ahead and once for the rest, none of which needs backtracking.
    Few(Vec<Weight>),
    /// As often as it has steps.
    Many(Weight),
}

/// What is asked of a text that long: for a try, and for each step of one.
struct Price {
    of_try: usize,
    of_step: usize,
}

impl Ways {
    fn of(pattern: &str) -> Self {
        let few = || {
            let (mut rest, mut weights) = (pattern.strip_prefix('^')?, Vec::new());
            while let Some(look) = rest.strip_prefix("(?=").or_else(|| rest.strip_prefix("(?!")) {
                let (looked_for, behind) = outline::split_group(look)?;
                if !is_linear(looked_for) || weights.len() == MOST_LOOKS {
                    return None;
                }
                weights.push(Weight::of(&format!("^{looked_for}")));
                rest = behind;
            }
            if !is_linear(rest) {
                return None;
            }
            weights.push(Weight::of(&format!("^{rest}")));
            Some(weights)
        };
        few().map_or_else(|| Self::Many(Weight::of(pattern)), Self::Few)
    }

    fn price(&self, length: usize) -> Price {
        let times = 1 + length / BYTES_A_STEP;
        match self {
            Self::Few(weights) => {
                let all = weights.iter().map(|weight| weight.in_text(length)).fold(0, usize::saturating_add);
                Price { of_try: times.saturating_mul(all), of_step: COST }
            }
            Self::Many(weight) => {
                let all = length.saturating_mul(weight.in_text(length)) / BYTES_A_BACKTRACK;
                // What succeeds is no step to the engine, and a look may go on to the end of the text.
                let turn = if weight.looks_far_in_turn() { 1 + length / BYTES_A_BACKTRACK } else { 1 };
                Price { of_try: length.saturating_mul(turn), of_step: COST.saturating_add(all) }
            }
        }
    }
}

/// A match that takes too many steps to be found or ruled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfinished;

impl Pattern {
    /// `None` when it is no pattern, or too large a one.
    pub(crate) fn compile(text: &str) -> Option<Self> {
        let written = text;
        let text = &*without_needless_escapes(text);
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
                    Matcher::Linear(Box::new(regex(&translated, STEPS)?), Weight::of(text))
                } else {
                    let first = regex(&translated, FIRST_STEPS)?;
                    let later = LATER_STEPS.map(|steps| (steps, OnceCell::new()));
                    let ways = Ways::of(text);
                    Matcher::Backtracking(Box::new(Backtracking { translated, first, later, ways }))
                }
            }
        };
        Some(Self { text: written.to_owned(), matcher })
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
                work.spend((1 + text.len() / BYTES_A_STEP).saturating_mul(weight.in_text(text.len())));
                // It may have taken the last steps, and a match of that kind takes seconds.
                if work.is_spent() {
                    return Err(Unfinished);
                }
                regex.is_match(text).map_err(|_| Unfinished)
            }
            Matcher::Backtracking(pattern) => pattern.matches(text, work),
        }
    }
}

impl Backtracking {
    fn matches(&self, text: &str, work: &Work) -> Result<bool, Unfinished> {
        let Price { of_try, of_step } = self.ways.price(text.len());
        let price = |steps: usize| steps.saturating_mul(of_step).saturating_add(of_try);
        work.spend(price(FIRST_STEPS));
        if work.is_spent() {
            return Err(Unfinished);
        }
        if let Ok(verdict) = self.first.is_match(text) {
            return Ok(verdict);
        }
        for (steps, made) in &self.later {
            work.spend(price(*steps));
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

/// `\<` and `\>` are characters to ECMA-262, and edges of words to the engine.
fn without_needless_escapes(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains("\\<") && !pattern.contains("\\>") {
        return Cow::Borrowed(pattern);
    }
    let (mut plain, mut characters) = (String::with_capacity(pattern.len()), pattern.chars());
    while let Some(one) = characters.next() {
        let escaped = if one == '\\' { characters.next() } else { None };
        match escaped {
            Some(edge @ ('<' | '>')) => plain.push(edge),
            _ => plain.extend([one].into_iter().chain(escaped)),
        }
    }
    Cow::Owned(plain)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn angles_are_characters_with_a_backslash_or_without() {
        for (pattern, text, expected) in [
            ("\\<b\\>", "a <b> c", true),
            ("\\<b\\>", "a b c", false),
            ("^\\<.*\\>$", "<b>", true),
            ("^[\\<\\>]+$", "<>", true),
            ("^\\\\<$", "\\<", true),
            ("^\\<[a-z]+\\>$", "<b>", true),
        ] {
            let found = Pattern::compile(pattern).unwrap().matches(text, &Work::default());
            assert_eq!(found, Ok(expected), "{pattern}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_text_that_makes_the_engine_follow_much_is_not_matched() {
        let text = "a".repeat(1 << 20);
        for (pattern, expected) in [
            ("a.{500}c", None),
            ("\\p{L}{100}!", None),
            ("(?=a.{500}c)x", None),
            ("[a-z]+!", Some(false)),
            ("a.{20}c", Some(false)),
        ] {
            let (pattern, work) = (Pattern::compile(pattern).unwrap(), Work::default());
            assert_eq!(pattern.matches(&text, &work).ok(), expected, "{}", pattern.text);
            assert_eq!(work.is_spent(), expected.is_none(), "{}", pattern.text);
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
        assert_eq!((count("b"), count(&text)), (103_093, 7));
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
            ("a tag", "^(?!aws:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", "\u{5b57}".repeat(128), 30_000),
            ("not blank, and long", "^(?!\\s*$)[\\s\\S]{1,4000}$", "all is well ".repeat(300), 500),
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
        for (pattern, text) in [
            ("(?=.*[A-Z])(?=.*\\d).{8,}", "a".repeat(1 << 20)),
            // What succeeds is no step, and takes its time.
            ("^(?:(?=.*\\d).)+$", "1".repeat(64 << 10)),
        ] {
            let (pattern, work) = (Pattern::compile(pattern).unwrap(), Work::default());
            assert_eq!(pattern.matches(&text, &work), Err(Unfinished), "{}", pattern.text);
            assert!(work.is_spent());
        }
        let (pattern, work) = (Pattern::compile("^(?=.*\\p{L}{100}!)").unwrap(), Work::default());
        let _ = pattern.matches(&"a".repeat(255), &work);
        assert!(Work::default().left() - work.left() > 10_000, "a short text for a heavy pattern");
    }
}
