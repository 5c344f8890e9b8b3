//! The tokens of a pattern, as far as rewriting needs them.

use super::class;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// As it is written, or rewritten.
    pub(super) text: String,
}

/// What a piece means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `^`.
    Start,
    /// `$`.
    End,
    /// Takes exactly one character.
    Character,
    /// `{m}`, `{m,}` or `{m,n}`, lazy or not.
    Count(u32, Option<u32>),
    /// Anything else.
    Other,
}

/// The tokens; `None` when the pattern is not understood.
pub(super) fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (kind, text, tail) = match first {
            '[' => {
                let (class, tail) = class::read(rest)?;
                (Kind::Character, class, tail)
            }
            '\\' => {
                let (kind, length) = escape(rest)?;
                split(kind, rest, length)?
            }
            '{' => count(rest).and_then(|(kind, length)| split(kind, rest, length))?,
            '^' => split(Kind::Start, rest, 1)?,
            '$' => split(Kind::End, rest, 1)?,
            '(' | ')' | '|' | '*' | '+' | '?' => split(Kind::Other, rest, 1)?,
            // Alone these are characters (ECMA-262, Annex B.1.2).
            '}' | ']' => (Kind::Character, format!("\\{first}"), rest.get(1..)?),
            _ => split(Kind::Character, rest, first.len_utf8())?,
        };
        tokens.push(Token { kind, text });
        rest = tail;
    }
    Some(tokens)
}

fn split(kind: Kind, text: &str, at: usize) -> Option<(Kind, String, &str)> {
    let (token, tail) = text.split_at_checked(at)?;
    Some((kind, token.to_owned(), tail))
}

/// What a backslash begins, and how long it is. Not understood: back-references, and escapes longer than a letter.
fn escape(text: &str) -> Option<(Kind, usize)> {
    match text.chars().nth(1)? {
        'b' | 'B' => Some((Kind::Other, 2)),
        escaped if "dDwWsStnrfv".contains(escaped) || escaped.is_ascii_punctuation() => {
            Some((Kind::Character, 2))
        }
        _ => None,
    }
}

fn count(text: &str) -> Option<(Kind, usize)> {
    let (inner, tail) = text.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (min, max) = match inner.split_once(',') {
        None => (number(inner)?, Some(number(inner)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    if max.is_some_and(|max| max < min) {
        return None;
    }
    let lazy = usize::from(tail.starts_with('?'));
    Some((Kind::Count(min, max), inner.len() + 2 + lazy))
}
