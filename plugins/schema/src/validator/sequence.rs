//! Patterns that need no engine: from the start of a text to its end, characters and classes of ASCII, each repeated as often as it
//! may, where what follows tells the end of a repetition. So are most that real documents have, and a match looks at each byte once.

/// `^[A-Z]{2}-[0-9]+$` and its kin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sequence(Vec<Part>);

/// A class and how often it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    class: Class,
    least: usize,
    most: usize,
}

/// A set of ASCII characters, a bit for each: wasm has no word for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class([u64; 2]);

/// Most parts of a sequence; a longer one is the engine's.
const MOST_PARTS: usize = 64;
/// Most repetitions that are counted.
const MOST_REPEATED: usize = 100_000;

impl Sequence {
    /// `None` when the pattern is another than these.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
        let (mut rest, mut parts) = (inner.as_bytes(), Vec::<Part>::new());
        while !rest.is_empty() {
            let (class, behind) = Class::read(rest)?;
            let (least, most, behind) = repetition(behind)?;
            if parts.len() == MOST_PARTS {
                return None;
            }
            parts.push(Part { class, least, most });
            rest = behind;
        }
        parts
            .iter()
            .enumerate()
            .all(|(at, part)| part.ends_before(parts.get(at + 1..)))
            .then_some(Self(parts))
    }

    /// Whether the pattern matches a text, which is all of it.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for part in &self.0 {
            let fits = rest.iter().take(part.most).take_while(|byte| part.class.has(**byte)).count();
            if fits < part.least {
                return false;
            }
            rest = rest.get(fits..).unwrap_or_default();
        }
        rest.is_empty()
    }
}

impl Part {
    /// Whether no character that this part takes could be the next part's: then to take as many as there are is the only way.
    fn ends_before(&self, next: Option<&[Self]>) -> bool {
        if self.least == self.most {
            return true;
        }
        for part in next.unwrap_or_default() {
            if self.class.meets(part.class) {
                return false;
            }
            if part.least > 0 {
                break;
            }
        }
        true
    }
}

impl Class {
    const fn new(bits: u128) -> Self {
        Self([bits as u64, (bits >> 64) as u64])
    }

    fn has(self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    /// Whether some character is in both.
    fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(ours, theirs)| ours & theirs != 0)
    }

    const fn of(first: u8, last: u8) -> u128 {
        let (mut bits, mut one) = (0, first);
        while one <= last {
            bits |= 1 << one;
            one += 1;
        }
        bits
    }

    const DIGITS: u128 = Self::of(b'0', b'9');
    const WORD: u128 = Self::DIGITS | Self::of(b'a', b'z') | Self::of(b'A', b'Z') | Self::of(b'_', b'_');

    /// Reads a character, an escape or a class in brackets; gives what is behind it, too.
    fn read(text: &[u8]) -> Option<(Self, &[u8])> {
        match text {
            [b'[', b'^', ..] => None,
            [b'[', rest @ ..] => Self::brackets(rest),
            [b'\\', escaped, rest @ ..] => Some((Self::new(escape(*escaped)?), rest)),
            // What means something here, and `.`, which takes more than ASCII.
            [
                b'(' | b')' | b'|' | b'.' | b'?' | b'*' | b'+' | b'{' | b'}' | b']' | b'^' | b'$' | b'\\',
                ..,
            ] => None,
            [one, rest @ ..] if one.is_ascii() => Some((Self::new(1 << one), rest)),
            _ => None,
        }
    }

    /// Up to the closing bracket.
    fn brackets(mut rest: &[u8]) -> Option<(Self, &[u8])> {
        let mut bits = 0;
        loop {
            let (first, behind) = match rest {
                [b']', behind @ ..] if bits != 0 => return Some((Self::new(bits), behind)),
                [b'\\', escaped, behind @ ..] => (escape(*escaped)?, behind),
                // Two of these are operators to some engines.
                [b'[' | b']' | b'&' | b'~', ..] | [b'-', b'-', ..] => return None,
                [one, behind @ ..] if one.is_ascii() => (1 << one, behind),
                _ => return None,
            };
            (bits, rest) = match behind {
                [b'-', b']', ..] | [b']', ..] => (bits | first, behind),
                [b'-', last, behind @ ..] if last.is_ascii_alphanumeric() => {
                    let start =
                        u8::try_from(first.trailing_zeros()).ok().filter(|_| first.is_power_of_two())?;
                    let is_range = start.is_ascii_alphanumeric() && start <= *last;
                    (bits | is_range.then(|| Self::of(start, *last))?, behind)
                }
                [b'-', ..] => return None,
                _ => (bits | first, behind),
            };
        }
    }
}

/// What stands behind a backslash; letters but those of the common classes are left to the engine.
fn escape(letter: u8) -> Option<u128> {
    match letter {
        b'd' => Some(Class::DIGITS),
        b'w' => Some(Class::WORD),
        _ if letter.is_ascii_punctuation() => Some(1 << letter),
        _ => None,
    }
}

/// How often what stands before may stand there: `?`, `*`, `+`, `{2}`, `{2,}`, `{2,4}`, or once.
fn repetition(text: &[u8]) -> Option<(usize, usize, &[u8])> {
    let (least, most, rest) = match text {
        [b'?', rest @ ..] => (0, 1, rest),
        [b'*', rest @ ..] => (0, usize::MAX, rest),
        [b'+', rest @ ..] => (1, usize::MAX, rest),
        [b'{', rest @ ..] => counted(rest)?,
        _ => (1, 1, text),
    };
    // A lazy one matches the same texts, but is rare enough for the engine; a third sign is a mistake.
    let is_over = !matches!(rest, [b'?' | b'*' | b'+' | b'{', ..]);
    is_over.then_some((least, most, rest))
}

fn counted(text: &[u8]) -> Option<(usize, usize, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'}')?;
    let bounds = std::str::from_utf8(text.get(..end)?).ok()?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<usize>().ok().filter(|number| is_number && *number <= MOST_REPEATED)
    };
    let (least, most) = match bounds.split_once(',') {
        None => (number(bounds)?, number(bounds)?),
        Some((least, "")) => (number(least)?, usize::MAX),
        Some((least, most)) => (number(least)?, number(most)?),
    };
    (least <= most).then_some((least, most, text.get(end + 1..)?))
}

#[cfg(test)]
#[path = "sequence_tests.rs"]
mod tests;
