//! A pattern as the plugin's engine takes it. Counted repetitions are unrolled by that engine, so those whose
//! count can be told otherwise are rewritten; what JavaScript accepts beyond its grammar (ECMA-262, Annex B) is
//! written out. Both are exact: the same texts match. What is not understood stays as it is.

mod class;
mod scan;

use scan::{Kind, Token};

/// Counts up to this are cheap enough to unroll.
const CHEAP: u32 = 64;

/// A rewritten pattern, and how many characters the text must have beside matching it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) min_length: Option<u32>,
    pub(super) max_length: Option<u32>,
}

impl Pattern {
    /// Rewrites a pattern.
    pub(super) fn of(pattern: &str) -> Self {
        let Some(tokens) = scan::tokens(pattern) else {
            return Self { text: pattern.to_owned(), ..Self::default() };
        };
        whole(&tokens).unwrap_or_else(|| Self { text: open_end(&tokens), ..Self::default() })
    }
}

/// `^A{m,n}$`, where A takes one character: every character is an A, and there are m to n of them.
fn whole(tokens: &[Token]) -> Option<Pattern> {
    let [start, atom, count, end] = tokens else { return None };
    let Kind::Count(min, max) = count.kind else { return None };
    let is_anchored = start.kind == Kind::Start && end.kind == Kind::End;
    if !is_anchored || atom.kind != Kind::Character || max.unwrap_or(min) <= CHEAP {
        return None;
    }
    let min_length = (min > 0).then_some(min);
    Some(Pattern { text: format!("^{}*$", atom.text), min_length, max_length: max })
}

/// `…A{m,n}` with nothing behind it that could fail: m are enough, whatever follows them.
fn open_end(tokens: &[Token]) -> String {
    let written = |tokens: &[Token]| tokens.iter().map(|token| token.text.as_str()).collect::<String>();
    match tokens {
        [before @ .., atom, count] if atom.kind == Kind::Character => match count.kind {
            Kind::Count(min, max) if max.unwrap_or(min) > CHEAP => match min {
                0 => written(before),
                1 => written(before) + &atom.text,
                min => format!("{}{}{{{min}}}", written(before), atom.text),
            },
            _ => written(tokens),
        },
        _ => written(tokens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_cheaper_ones_that_match_the_same() {
        for (pattern, text, min, max) in [
            (r"^.{1,2048}$", "^.*$", Some(1), Some(2048)),
            (r"^\S{0,2000}$", r"^\S*$", None, Some(2000)),
            (r"^[^\u0000\]]{3,4357}$", r"^[^\u0000\]]*$", Some(3), Some(4357)),
            (r"^.{100,}$", "^.*$", Some(100), None),
            (r"^.{300}$", "^.*$", Some(300), Some(300)),
            (r".{0,1600}", "", None, None),
            (r"\S{1,8192}", r"\S", None, None),
            (r".{16,1024}", ".{16}", None, None),
            (r"a|b[^/].{0,1023}", "a|b[^/]", None, None),
            // Others stay: the count matters, or is cheap.
            (r"^.{1,64}$", r"^.{1,64}$", None, None),
            (r"a.{1,1023}$", r"a.{1,1023}$", None, None),
            (r"(.{1,1023})", r"(.{1,1023})", None, None),
            (r"(ab){1,1023}", r"(ab){1,1023}", None, None),
            (r"^\b{1,1023}$", r"^\b{1,1023}$", None, None),
            (r"a|^.{1,1023}$", r"a|^.{1,1023}$", None, None),
        ] {
            let expected = Pattern { text: text.to_owned(), min_length: min, max_length: max };
            assert_eq!(Pattern::of(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn what_javascript_accepts_is_written_out() {
        for (pattern, text) in [
            (r"^[\w-.+]+@[a-\d]$", r"^[\w\-.+]+@[a\-\d]$"),
            (r"[\w-]", r"[\w-]"),
            (r"[a-z0-9-.]", r"[a-z0-9-.]"),
            (r"[^/|\000-\037]+", r"[^/|\x00-\x1f]+"),
            (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\t]*", r"[\u0020-\uD7FF\uE000-\uFFFD\t]*"),
            (r"[\uD83D\uDE00a]", r"[\u{1F600}a]"),
            (r"[\u0000-\uDFFF]", r"[\u0000-\uD7FF]"),
            (r"[\uD800-\uFFFF]", r"[\uE000-\uFFFF]"),
            (r"^\{a}]$", r"^\{a\}\]$"),
        ] {
            assert_eq!(Pattern::of(pattern).text, text, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        for pattern in [
            "[",
            "a{",
            "\\",
            "[]",
            r"[\uD800]",
            r"[\p{Print}&&[^|]]",
            "{1,2}",
            "",
            r"[\k]",
            "x{2,1}",
            r"\u0041{0,99}",
            r"(a)\1{0,99}",
        ] {
            assert_eq!(Pattern::of(pattern), Pattern { text: pattern.to_owned(), ..Pattern::default() });
        }
    }

    proptest::proptest! {
        // Each case compiles what is slow to compile.
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn a_rewritten_pattern_takes_the_same_texts(
            atom in proptest::sample::select(vec![".", r"\w", "[a-b]", r"[^a]", "a"]),
            before in proptest::sample::select(vec!["", "^", "b", "^b", "a|", "(a)"]),
            after in proptest::sample::select(vec!["", "$"]),
            (min, more) in (0_usize..4, 65_usize..70),
            text in "[ab\n]{0,4}|a{60,80}",
        ) {
            let original = format!("{before}{atom}{{{min},{}}}{after}", min + more);
            let pattern = Pattern::of(&original);
            let matches = |pattern: &str| regex::Regex::new(pattern).unwrap().is_match(&text);
            let length = u32::try_from(text.chars().count()).unwrap();
            let fits = pattern.min_length.is_none_or(|min| length >= min)
                && pattern.max_length.is_none_or(|max| length <= max);
            proptest::prop_assert_eq!(matches(&original), matches(&pattern.text) && fits, "{}", original);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in r"[\[\]\\(){},0-9a^$|*?uUdDxpé-]{0,24}") {
            let _ = Pattern::of(&pattern);
        }
    }
}
