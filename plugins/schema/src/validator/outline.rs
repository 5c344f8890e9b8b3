//! What of a pattern (ECMA-262) its engine must follow at once: what numbers repeat, groups within groups, and what looks around.

/// The parts of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    /// How many parts numbers make of what they repeat.
    pub(super) parts: usize,
    /// How many of them one byte more can reach, at most.
    pub(super) reach: usize,
    /// How many can be meant at any byte, where that is known: the pattern is anchored, without groups, alternatives and repetitions
    /// without a number, and one number at most is a range.
    pub(super) straight: Option<usize>,
    /// Whether something looks ahead or back, however far, at each turn of a repetition.
    pub(super) looks_far_in_turn: bool,
}

/// A group that is being read; the first is the pattern itself.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Parts that no number repeats, and those that numbers make.
    plain: usize,
    counted: usize,
    /// As [`Outline::reach`], seen from within.
    reach: usize,
    /// Whether an alternative that is complete, and the one that is being read, may be nothing.
    may_be_empty: bool,
    is_filled: bool,
    /// Whether something is repeated without an end, and whether something looks around so far.
    is_endless: bool,
    looks_far: bool,
    is_look: bool,
}

/// What a quantifier stands behind.
#[derive(Debug, Clone, Copy)]
struct Item {
    group: Group,
    may_be_empty: bool,
}

/// `+`, `{2,5}`, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    Optional,
    Endless {
        least: usize,
    },
    Counted {
        least: usize,
        most: usize,
    },
    /// `{2,}`.
    CountedOn {
        least: usize,
    },
}

impl Outline {
    pub(super) fn of(pattern: &str) -> Self {
        let mut reading = Reading {
            groups: Vec::new(),
            top: Group::default(),
            straight: Some(1),
            range: false,
            turns: false,
        };
        let (is_anchored, mut rest) = match pattern.strip_prefix('^') {
            Some(rest) => (true, rest.as_bytes()),
            None => (false, pattern.as_bytes()),
        };
        let mut last = (Times::Once, false);
        while let Some((item, behind)) = reading.token(rest) {
            let Some(item) = item else {
                rest = behind;
                continue;
            };
            let (times, behind) = quantifier(behind);
            reading.add(item, times);
            last = (times, reading.groups.is_empty() && behind.is_empty());
            rest = behind;
        }
        while let Some(item) = reading.close() {
            reading.add(item, Times::Once);
        }
        let mut top = reading.top;
        // A match is found as soon as there is one.
        if let (Times::Counted { least, most }, true) = last {
            top.counted = top.counted.saturating_sub(most.saturating_sub(least.max(1)));
        }
        Self {
            parts: top.counted,
            reach: top.reach,
            straight: reading.straight.filter(|_| is_anchored),
            looks_far_in_turn: reading.turns,
        }
    }
}

/// How far a pattern has been read.
struct Reading {
    /// The groups around the innermost, `top`.
    groups: Vec<Group>,
    top: Group,
    straight: Option<usize>,
    /// Whether a number was a range.
    range: bool,
    turns: bool,
}

impl Reading {
    /// What comes next, if it can be repeated, and what stands behind; nothing at the end.
    fn token<'t>(&mut self, text: &'t [u8]) -> Option<(Option<Item>, &'t [u8])> {
        let (first, rest) = text.split_first()?;
        let part = Group { plain: 1, ..Group::default() };
        let part = Some(Item { group: part, may_be_empty: false });
        let nothing = Some(Item { group: Group::default(), may_be_empty: true });
        Some(match first {
            b'(' => {
                let (is_look, length) = opening(rest);
                self.groups.push(self.top);
                self.top = Group { is_look, ..Group::default() };
                self.straight = None;
                (None, rest.get(length..).unwrap_or_default())
            }
            b')' => (self.close(), rest),
            b'|' => {
                self.top.may_be_empty |= !self.top.is_filled;
                self.top.is_filled = false;
                self.straight = None;
                (None, rest)
            }
            b'^' | b'$' => (nothing, rest),
            b'[' => (part, behind_class(rest)),
            b'\\' => (part, behind_escape(rest)),
            _ => (part, rest),
        })
    }

    /// The group that ends; nothing where none was open.
    fn close(&mut self) -> Option<Item> {
        let around = self.groups.pop()?;
        let mut group = std::mem::replace(&mut self.top, around);
        let may_be_empty = group.may_be_empty || !group.is_filled || group.is_look;
        group.looks_far |= group.is_look && group.is_endless;
        Some(Item { group, may_be_empty })
    }

    /// Adds what was read, so many times.
    fn add(&mut self, item: Item, times: Times) {
        let Item { group, may_be_empty } = item;
        let inner = group.plain.saturating_add(group.counted);
        let (plain, counted, reach) = match times {
            Times::Counted { most, .. } | Times::CountedOn { least: most } => {
                // Where a turn may be nothing, one byte may be in any of them.
                let turns = match (may_be_empty, group.reach) {
                    (true, _) => usize::MAX,
                    (false, 0) => 1,
                    (false, _) => most,
                };
                let reach = group.reach.saturating_add(1).saturating_mul(turns);
                (0, inner.saturating_mul(most), reach)
            }
            _ => (group.plain, group.counted, group.reach),
        };
        let (is_turn, is_optional) = match times {
            Times::Once => (false, false),
            Times::Optional => (false, true),
            Times::Endless { least } | Times::CountedOn { least } | Times::Counted { least, .. } => {
                (true, least == 0)
            }
        };
        self.turns |= is_turn && group.looks_far;
        self.top.plain = self.top.plain.saturating_add(plain);
        self.top.counted = self.top.counted.saturating_add(counted);
        self.top.reach = self.top.reach.saturating_add(reach);
        self.top.is_filled |= !may_be_empty && !is_optional;
        self.top.is_endless |=
            group.is_endless || matches!(times, Times::Endless { .. } | Times::CountedOn { .. });
        self.top.looks_far |= group.looks_far;
        self.straight = self.straight.and_then(|at_once| match times {
            Times::Once => Some(at_once.saturating_add(if self.range { group.plain } else { 0 })),
            Times::Counted { least, most } if least == most => {
                Some(at_once.saturating_add(if self.range { counted } else { 0 }))
            }
            Times::Counted { .. } if !self.range => {
                self.range = true;
                Some(at_once)
            }
            _ => None,
        });
    }
}

/// What stands in a group whose beginning has been read, and what behind it.
pub(super) fn split_group(text: &str) -> Option<(&str, &str)> {
    let (mut rest, mut depth) = (text.as_bytes(), 0_usize);
    loop {
        rest = match rest {
            [] => return None,
            [b')', behind @ ..] if depth == 0 => {
                let end = text.len() - behind.len();
                return Some((text.get(..end - 1)?, text.get(end..)?));
            }
            [b')', behind @ ..] => {
                depth -= 1;
                behind
            }
            [b'(', behind @ ..] => {
                depth += 1;
                behind
            }
            [b'[', behind @ ..] => behind_class(behind),
            [b'\\', behind @ ..] => behind_escape(behind),
            [_, behind @ ..] => behind,
        };
    }
}

/// Whether a group looks around, and how much of it is no part.
fn opening(text: &[u8]) -> (bool, usize) {
    match text {
        [b'?', b'=' | b'!', ..] => (true, 2),
        [b'?', b'<', b'=' | b'!', ..] => (true, 3),
        [b'?', b':', ..] => (false, 2),
        [b'?', b'<', ..] => (false, text.iter().position(|byte| *byte == b'>').map_or(2, |at| at + 1)),
        _ => (false, 0),
    }
}

fn behind_class(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [] => return text,
            [b'\\', _, rest @ ..] => rest,
            [b']', rest @ ..] => return rest,
            [_, rest @ ..] => rest,
        };
    }
}

fn behind_escape(text: &[u8]) -> &[u8] {
    match text {
        [b'p' | b'P' | b'u', b'{', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b'}').map_or(rest.len(), |at| at + 1);
            rest.get(end..).unwrap_or_default()
        }
        [_, rest @ ..] => rest,
        [] => text,
    }
}

/// A quantifier, if one stands here, and what is behind it.
fn quantifier(text: &[u8]) -> (Times, &[u8]) {
    let (times, rest) = match text {
        [b'?', rest @ ..] => (Times::Optional, rest),
        [b'*', rest @ ..] => (Times::Endless { least: 0 }, rest),
        [b'+', rest @ ..] => (Times::Endless { least: 1 }, rest),
        [b'{', rest @ ..] => match counted(rest) {
            Some(found) => found,
            None => return (Times::Once, text),
        },
        _ => return (Times::Once, text),
    };
    (times, rest.strip_prefix(b"?").unwrap_or(rest))
}

fn counted(text: &[u8]) -> Option<(Times, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'}')?;
    let bounds = std::str::from_utf8(text.get(..end)?).ok()?;
    // One that is beyond all numbers is as good as the largest.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(usize::MAX))
    };
    let times = match bounds.split_once(',') {
        None => Times::Counted { least: number(bounds)?, most: number(bounds)? },
        Some((least, "")) => Times::CountedOn { least: number(least)? },
        Some((least, most)) => Times::Counted { least: number(least)?, most: number(most)? },
    };
    Some((times, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_numbers_repeat_is_counted() {
        let cases = [
            ("^[a-z]+$", (0, 0)),
            ("^.{0,1023}$", (1023, 1)),
            ("^[0-9a-f]{8}-[0-9a-f]{4}$", (12, 2)),
            ("^([0-9]{3}\\.){4}$", (16, 8)),
            ("^a{2,}$", (2, 1)),
            ("\\{x", (0, 0)),
            ("[{3}]", (0, 0)),
            ("\\p{L}{3}!", (3, 1)),
            ("\\u{61}{3}!", (3, 1)),
            ("(?:..){5}c", (10, 1)),
            ("(?<two>..){5}?c", (10, 1)),
            ("(a|b){5}c", (10, 1)),
            ("((a{2}){3}){4}c", (24, 28)),
            // All of what one may be, before anything else is taken.
            ("(a?){5}c", (5, usize::MAX)),
            ("(a{0,3}|b){5}c", (20, usize::MAX)),
            ("(a?b){5}c", (10, 1)),
            // The least is enough.
            ("a{2,5}", (2, 1)),
            ("a{2,5}$", (5, 1)),
            ("(a{2,5})", (5, 1)),
            ("a{0,5}", (1, 1)),
            ("(((a", (0, 0)),
            ("a)b{3}", (3, 1)),
        ];
        for (pattern, expected) in cases {
            let Outline { parts, reach, .. } = Outline::of(pattern);
            assert_eq!((parts, reach), expected, "{pattern}");
        }
        assert!(Outline::of("(a{99999999}){99999999}{99999999}c").parts > 1 << 31);
        assert_eq!(Outline::of("a{99999999999999999999999}c").parts, usize::MAX);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_can_be_meant_at_once_is_known_where_the_way_is_straight() {
        for (pattern, expected) in [
            ("^a{3}$", Some(1)),
            ("^a{3}[(|]{1,4}$", Some(1)),
            ("^a{1,3}b$", Some(2)),
            ("^a{1,3}b{7}c", Some(9)),
            ("^a{1,3}b{1,3}$", None),
            ("a{3}", None),
            ("^a{3,}$", None),
            ("^a|b$", None),
            ("^(a)$", None),
            ("^\\(\\+$", Some(1)),
            ("^a?b{3}", None),
        ] {
            assert_eq!(Outline::of(pattern).straight, expected, "{pattern}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_group_ends_where_it_does() {
        for (text, expected) in [
            ("a)b", Some(("a", "b"))),
            ("(a)[)]\\))b(c)", Some(("(a)[)]\\)", "b(c)"))),
            (")", Some(("", ""))),
            ("(a)", None),
            ("[)", None),
            ("\\", None),
        ] {
            assert_eq!(split_group(text), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn looks_that_go_far_at_each_turn_are_seen() {
        for (pattern, expected) in [
            ("^(?:(?=.*\\d).)+$", true),
            ("^((?=a(?:b{2,}))c){3}$", true),
            ("^((?!<script).)*$", false),
            ("^(?=.*\\d).+$", false),
            ("^(?:.(?<=a+))*$", true),
            ("^((?=.*a)b)?$", false),
        ] {
            assert_eq!(Outline::of(pattern).looks_far_in_turn, expected, "{pattern}");
        }
    }
}
