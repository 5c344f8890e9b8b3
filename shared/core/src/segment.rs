//! One segment of a path template: which texts it matches, what its parameters stand for in them, and which
//! of two segments is the more specific. Knows no path, only decoded segments.

use std::cmp::Ordering;
use std::ops::Range;

use crate::percent::decode;
use crate::template::{Captures, InvalidTemplate};

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateSegment {
    /// Text, percent-decoded.
    Literal(Box<str>),
    /// Literals and parameters in turn, at least one of each.
    Pattern(Vec<Part>),
    /// One parameter alone.
    Parameter(Box<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Box<str>),
    Parameter(Box<str>),
}

impl TemplateSegment {
    /// Reads one segment as OpenAPI writes it.
    pub(crate) fn parse(segment: &str) -> Result<Self, InvalidTemplate> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = segment;
        while let Some((literal, behind)) = rest.split_once('{') {
            if !literal.is_empty() {
                parts.push(Part::Literal(read_literal(literal)?));
            }
            let (name, behind) = behind.split_once('}').ok_or(InvalidTemplate::Braces)?;
            if name.is_empty() {
                return Err(InvalidTemplate::EmptyName);
            }
            if let Some(Part::Parameter(left)) = parts.last() {
                return Err(InvalidTemplate::AdjacentParameters(left.to_string(), name.to_owned()));
            }
            parts.push(Part::Parameter(name.into()));
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(read_literal(rest)?));
        }
        match parts.as_slice() {
            [] => Err(InvalidTemplate::UnreachableSegment),
            [Part::Literal(text)] if matches!(&**text, "." | "..") => {
                Err(InvalidTemplate::UnreachableSegment)
            }
            [Part::Literal(text)] => Ok(Self::Literal(text.clone())),
            [Part::Parameter(name)] => Ok(Self::Parameter(name.clone())),
            _ => Ok(Self::Pattern(parts)),
        }
    }

    /// Whether the decoded segment is one of this shape.
    pub(crate) fn matches(&self, decoded: &str) -> bool {
        match self {
            Self::Literal(text) => **text == *decoded,
            Self::Parameter(_) => !decoded.is_empty(),
            Self::Pattern(parts) => spans(parts, decoded, |_, _| {}).is_some(),
        }
    }

    /// Adds what the parameters stand for in the segment, still encoded; `None` when it does not match.
    pub(crate) fn capture<'p>(
        &'p self,
        raw: &'p str,
        decoded: &str,
        captures: &mut Captures<'p>,
    ) -> Option<()> {
        match self {
            Self::Literal(text) => (**text == *decoded).then_some(()),
            Self::Parameter(name) => {
                captures.push((name, raw));
                Some(())
            }
            Self::Pattern(parts) => {
                let before = captures.len();
                spans(parts, decoded, |name, span| {
                    let value = raw.get(raw_offset(raw, span.start)..raw_offset(raw, span.end));
                    captures.push((name, value.unwrap_or_default()));
                })?;
                captures.get_mut(before..)?.reverse();
                Some(())
            }
        }
    }

    /// The parameters' names in order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        let (alone, parts) = match self {
            Self::Literal(_) => (None, &[][..]),
            Self::Parameter(name) => (Some(&**name), &[][..]),
            Self::Pattern(parts) => (None, &parts[..]),
        };
        alone.into_iter().chain(parts.iter().filter_map(|part| match part {
            Part::Parameter(name) => Some(&**name),
            Part::Literal(_) => None,
        }))
    }

    /// Appends the segment with its parameters nameless.
    pub(crate) fn write_shape(&self, shape: &mut String) {
        match self {
            Self::Literal(text) => write_literal(text, shape),
            Self::Parameter(_) => shape.push_str("{}"),
            Self::Pattern(parts) => {
                for part in parts {
                    match part {
                        Part::Literal(text) => write_literal(text, shape),
                        Part::Parameter(_) => shape.push_str("{}"),
                    }
                }
            }
        }
    }

    /// The precedence between two segments that match the same text; `Less` comes first: the kind, then more
    /// literal text, then fewer parameters, then the texts themselves, so that only segments that match the
    /// same texts are equal.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Literal(left), Self::Literal(right)) => left.cmp(right),
            (Self::Pattern(left), Self::Pattern(right)) => literal_length(right)
                .cmp(&literal_length(left))
                .then_with(|| self.parameters().count().cmp(&other.parameters().count()))
                .then_with(|| left.iter().map(Part::literal).cmp(right.iter().map(Part::literal))),
            _ => self.kind().cmp(&other.kind()),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Pattern(_) => 1,
            Self::Parameter(_) => 2,
        }
    }
}

impl Part {
    /// The literal text, or `None` for a parameter.
    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Parameter(_) => None,
        }
    }
}

fn literal_length(parts: &[Part]) -> usize {
    parts.iter().filter_map(Part::literal).map(str::len).sum()
}

fn write_literal(text: &str, shape: &mut String) {
    for character in text.chars() {
        match character {
            '/' => shape.push_str("%2F"),
            '{' => shape.push_str("%7B"),
            '}' => shape.push_str("%7D"),
            '%' => shape.push_str("%25"),
            other => shape.push(other),
        }
    }
}

/// Tells `visit` where each parameter of a pattern stands in the decoded segment, from the last to the first;
/// `None` when the segment does not match. A later parameter is as short as possible: `{name}.{ext}` reads
/// `a.b.c` as `a.b` and `c`. No parameter is empty.
fn spans<'t>(parts: &'t [Part], decoded: &str, mut visit: impl FnMut(&'t str, Range<usize>)) -> Option<()> {
    let mut end = decoded.len();
    let mut pending: Option<&str> = None;
    for (index, part) in parts.iter().enumerate().rev() {
        match part {
            Part::Parameter(name) => pending = Some(name),
            Part::Literal(text) => {
                let head = decoded.get(..end)?;
                let start = match pending {
                    None => head.strip_suffix(&**text)?.len(),
                    Some(_) if index == 0 => head.starts_with(&**text).then_some(0)?,
                    Some(_) => last_before_end(head, text)?,
                };
                if let Some(name) = pending.take() {
                    let after = start + text.len();
                    (after < end).then(|| visit(name, after..end))?;
                }
                end = start;
            }
        }
    }
    match pending {
        Some(name) if end > 0 => visit(name, 0..end),
        None if end == 0 => {}
        _ => return None,
    }
    Some(())
}

/// The last place of `text` in `head` that leaves at least one character behind it.
fn last_before_end(head: &str, text: &str) -> Option<usize> {
    let (last, _) = head.char_indices().next_back()?;
    head.get(..last)?.rfind(text)
}

/// The offset in `raw` of the byte at `decoded_offset` of its decoded form.
fn raw_offset(raw: &str, decoded_offset: usize) -> usize {
    let mut offset = 0;
    let mut bytes = raw.bytes();
    for _ in 0..decoded_offset {
        let Some(byte) = bytes.next() else { break };
        let width = if byte == b'%' { 3 } else { 1 };
        if width == 3 {
            bytes.nth(1);
        }
        offset += width;
    }
    offset
}

fn read_literal(text: &str) -> Result<Box<str>, InvalidTemplate> {
    decode(text).map(|decoded| decoded.into_owned().into()).map_err(|_| InvalidTemplate::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_more_specific_segment_comes_first_and_names_do_not_matter() {
        let in_order = ["abc", "{x}long", "{x}-%7B", "ab{x}", "{x}-{y}-{z}", "a{x}", "{x}-{y}", "{x}"];
        let segments = in_order.map(|text| TemplateSegment::parse(text).unwrap());
        let renamed = in_order.map(|text| TemplateSegment::parse(&text.replace('x', "w")).unwrap());
        for (at, left) in segments.iter().enumerate() {
            for (other, right) in renamed.iter().enumerate() {
                assert_eq!(left.precedence(right), at.cmp(&other), "{} {}", in_order[at], in_order[other]);
            }
        }
    }
}
