//! A character class, with what JavaScript accepts in it beyond the grammar written out: a hyphen beside `\w` and
//! its like is a hyphen, digits behind a backslash are an octal number (ECMA-262, Annex B.1.2), and surrogates,
//! which no text has, are left out.

/// Something between the brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Atom {
    kind: Kind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Character,
    /// `\w` and its like.
    Set,
    Surrogate(u32),
    Hyphen,
}

const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;
const LOW_SURROGATES: std::ops::RangeInclusive<u32> = 0xDC00..=0xDFFF;

/// The class at the start of `text`, and what is behind it; `None` when it is not understood or takes nothing.
pub(super) fn read(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('[')?;
    let (mut written, mut rest) = match inner.strip_prefix('^') {
        Some(rest) => ("[^".to_owned(), rest),
        None => ("[".to_owned(), inner),
    };
    let mut atoms = Vec::new();
    while !rest.starts_with(']') {
        let (atom, tail) = atom(rest)?;
        atoms.push(atom);
        rest = tail;
    }
    let body = write(&atoms);
    if body.is_empty() {
        return None;
    }
    written.push_str(&body);
    written.push(']');
    Some((written, rest.get(1..)?))
}

fn write(atoms: &[Atom]) -> String {
    let mut written = String::new();
    let mut rest = atoms;
    while let Some((first, tail)) = rest.split_first() {
        if let [hyphen, last, tail @ ..] = tail
            && hyphen.kind == Kind::Hyphen
        {
            written.push_str(&range(first, last));
            rest = tail;
            continue;
        }
        if !matches!(first.kind, Kind::Surrogate(_)) {
            written.push_str(&first.text);
        }
        rest = tail;
    }
    written
}

fn range(first: &Atom, last: &Atom) -> String {
    match (first.kind, last.kind) {
        (Kind::Surrogate(_), Kind::Surrogate(_)) => String::new(),
        (Kind::Surrogate(_), _) => format!("\\uE000-{}", last.text),
        (_, Kind::Surrogate(_)) => format!("{}-\\uD7FF", first.text),
        (Kind::Set, _) | (_, Kind::Set) => format!("{}\\-{}", first.text, last.text),
        _ => format!("{}-{}", first.text, last.text),
    }
}

fn atom(text: &str) -> Option<(Atom, &str)> {
    let first = text.chars().next()?;
    let Some(escaped) = text.strip_prefix('\\') else {
        // Other engines nest classes and intersect them; here these are characters, if the author meant it so.
        if first == '[' || text.starts_with("&&") {
            return None;
        }
        let kind = if first == '-' { Kind::Hyphen } else { Kind::Character };
        let (atom, tail) = text.split_at_checked(first.len_utf8())?;
        return Some((Atom { kind, text: atom.to_owned() }, tail));
    };
    match escaped.chars().next()? {
        'd' | 'D' | 'w' | 'W' | 's' | 'S' => taken(Kind::Set, text, 2),
        'p' | 'P' => {
            let (_, tail) = escaped.get(1..)?.strip_prefix('{')?.split_once('}')?;
            taken(Kind::Set, text, text.len() - tail.len())
        }
        '0'..='7' => octal(escaped),
        'u' => unicode(text),
        'x' => {
            u32::from_str_radix(escaped.get(1..3)?, 16).ok()?;
            taken(Kind::Character, text, 4)
        }
        't' | 'n' | 'r' | 'f' | 'v' => taken(Kind::Character, text, 2),
        character if character.is_ascii_punctuation() => taken(Kind::Character, text, 2),
        _ => None,
    }
}

fn taken(kind: Kind, text: &str, length: usize) -> Option<(Atom, &str)> {
    let (atom, tail) = text.split_at_checked(length)?;
    Some((Atom { kind, text: atom.to_owned() }, tail))
}

/// One to three octal digits, up to 377.
fn octal(digits: &str) -> Option<(Atom, &str)> {
    let is_octal = |length: &usize| {
        digits
            .get(..*length)
            .and_then(|digits| u32::from_str_radix(digits, 8).ok())
            .is_some_and(|code| code < 256)
    };
    let length = (1..=3).rev().find(is_octal)?;
    let (digits, tail) = digits.split_at_checked(length)?;
    let code = u32::from_str_radix(digits, 8).ok()?;
    Some((Atom { kind: Kind::Character, text: format!("\\x{code:02x}") }, tail))
}

/// `\uHHHH` or `\u{H…}`; a pair of surrogates is the character that it stands for.
fn unicode(text: &str) -> Option<(Atom, &str)> {
    if text.starts_with("\\u{") {
        let (_, tail) = text.split_once('}')?;
        return taken(Kind::Character, text, text.len() - tail.len());
    }
    let (code, tail) = four_digits(text)?;
    if !SURROGATES.contains(&code) {
        return taken(Kind::Character, text, 6);
    }
    match four_digits(tail) {
        Some((low, tail)) if !LOW_SURROGATES.contains(&code) && LOW_SURROGATES.contains(&low) => {
            let code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            Some((Atom { kind: Kind::Character, text: format!("\\u{{{code:X}}}") }, tail))
        }
        _ => taken(Kind::Surrogate(code), text, 6),
    }
}

fn four_digits(text: &str) -> Option<(u32, &str)> {
    let (digits, tail) = text.strip_prefix("\\u")?.split_at_checked(4)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?, tail))
}
