//! OpenAPI path templates: `/pets/{id}`, and expressions within a segment, `/files/{name}.{ext}`.
//! Which template wins where several match is one `Ord`: segment by segment from the left, a literal comes
//! before a pattern, a pattern with more literal text before one with less, and both before a parameter.

use std::cmp::Ordering;

use crate::path::CanonicalPath;
use crate::percent::decode;

/// A compiled path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    pub(crate) segments: Vec<TemplateSegment>,
    pub(crate) trailing_slash: bool,
}

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

/// Why a text is no path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTemplate {
    /// Does not begin with a slash.
    NotAbsolute,
    /// `{` and `}` do not pair up, or stand inside one another.
    Braces,
    /// `{}`.
    EmptyName,
    /// The same name twice.
    RepeatedName(String),
    /// Two parameters with nothing between: no request could tell where one ends.
    AdjacentParameters(String, String),
    /// An empty, `.` or `..` segment: no canonical path has one.
    UnreachableSegment,
    /// A literal with a broken escape.
    Encoding,
}

impl std::fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAbsolute => f.write_str("a path template begins with '/'"),
            Self::Braces => f.write_str("'{' and '}' do not pair up"),
            Self::EmptyName => f.write_str("a parameter has no name"),
            Self::RepeatedName(name) => write!(f, "the parameter '{name}' stands twice in the template"),
            Self::AdjacentParameters(left, right) => {
                write!(f, "nothing separates the parameters '{left}' and '{right}'")
            }
            Self::UnreachableSegment => {
                f.write_str("an empty, '.' or '..' segment can never match a normalised path")
            }
            Self::Encoding => f.write_str("a segment is not percent-encoded UTF-8"),
        }
    }
}

impl std::error::Error for InvalidTemplate {}

/// The values of a template's parameters, still encoded, in template order.
pub type Captures<'p> = Vec<(String, &'p str)>;

impl PathTemplate {
    /// Reads a template as OpenAPI writes it (no query, no fragment).
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let rest = text.strip_prefix('/').ok_or(InvalidTemplate::NotAbsolute)?;
        let (rest, trailing_slash) = match rest.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (rest, rest.is_empty()),
        };
        let mut segments = Vec::new();
        if !(rest.is_empty() && trailing_slash && text == "/") {
            for segment in split_outside_braces(rest)? {
                segments.push(parse_segment(segment)?);
            }
        }
        let template = Self { segments, trailing_slash };
        template.check_names()?;
        Ok(template)
    }

    /// The parameters' names in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(TemplateSegment::parameters)
    }

    /// The template with every parameter nameless: templates of the same shape match the same paths.
    pub fn shape(&self) -> String {
        let mut shape = String::new();
        for segment in &self.segments {
            shape.push('/');
            segment.write_shape(&mut shape);
        }
        shape
    }

    /// What the parameters stand for in `path`, of which the first `skip` segments are the base path;
    /// `None` when it does not match.
    pub fn capture<'p>(&self, path: &'p CanonicalPath, skip: usize) -> Option<Captures<'p>> {
        if path.len() != self.segments.len() + skip {
            return None;
        }
        let mut captures = Vec::new();
        for (offset, segment) in self.segments.iter().enumerate() {
            let raw = path.raw(skip + offset)?;
            let decoded = path.decoded(skip + offset)?;
            segment.capture(raw, &decoded, &mut captures)?;
        }
        Some(captures)
    }

    fn check_names(&self) -> Result<(), InvalidTemplate> {
        let mut seen = std::collections::HashSet::new();
        for name in self.parameters() {
            if !seen.insert(name) {
                return Err(InvalidTemplate::RepeatedName(name.to_owned()));
            }
        }
        Ok(())
    }
}

impl TemplateSegment {
    /// Whether the decoded segment is one of this shape.
    pub(crate) fn matches(&self, decoded: &str) -> bool {
        match self {
            Self::Literal(text) => **text == *decoded,
            Self::Parameter(_) => !decoded.is_empty(),
            Self::Pattern(parts) => spans(parts, decoded).is_some(),
        }
    }

    fn capture<'p>(&self, raw: &'p str, decoded: &str, captures: &mut Captures<'p>) -> Option<()> {
        match self {
            Self::Literal(text) => (**text == *decoded).then_some(()),
            Self::Parameter(name) => {
                captures.push((name.to_string(), raw));
                Some(())
            }
            Self::Pattern(parts) => {
                for (name, (start, end)) in spans(parts, decoded)? {
                    let value = raw.get(raw_offset(raw, start)..raw_offset(raw, end))?;
                    captures.push((name.to_owned(), value));
                }
                Some(())
            }
        }
    }

    fn parameters(&self) -> impl Iterator<Item = &str> {
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

    fn write_shape(&self, shape: &mut String) {
        match self {
            Self::Literal(text) => shape.push_str(text),
            Self::Parameter(_) => shape.push_str("{}"),
            Self::Pattern(parts) => {
                for part in parts {
                    match part {
                        Part::Literal(text) => shape.push_str(text),
                        Part::Parameter(_) => shape.push_str("{}"),
                    }
                }
            }
        }
    }

    /// Smaller is more specific: kind, then less literal text, then more parameters, then the text itself.
    fn rank(&self) -> (u8, std::cmp::Reverse<usize>, usize, String) {
        let mut shape = String::new();
        self.write_shape(&mut shape);
        let parameters = self.parameters().count();
        let kind = match self {
            Self::Literal(_) => 0,
            Self::Pattern(_) => 1,
            Self::Parameter(_) => 2,
        };
        (kind, std::cmp::Reverse(shape.len() - 2 * parameters), parameters, shape)
    }

    /// The precedence between two segments that match the same text; `Less` comes first.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// Where each parameter of a pattern stands in the decoded segment. The last parameter is the shortest
/// possible: `{name}.{ext}` reads `a.b.c` as `a.b` and `c`.
fn spans<'t>(parts: &'t [Part], decoded: &str) -> Option<Vec<(&'t str, (usize, usize))>> {
    let mut found = Vec::new();
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
                    (after < end).then(|| found.push((name, (after, end))))?;
                }
                end = start;
            }
        }
    }
    match pending {
        Some(name) if end > 0 => found.push((name, (0, end))),
        None if end == 0 => {}
        _ => return None,
    }
    found.reverse();
    Some(found)
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

fn split_outside_braces(text: &str) -> Result<Vec<&str>, InvalidTemplate> {
    let (mut segments, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if inside => return Err(InvalidTemplate::Braces),
            b'{' => inside = true,
            b'}' if !inside => return Err(InvalidTemplate::Braces),
            b'}' => inside = false,
            b'/' if !inside => {
                segments.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err(InvalidTemplate::Braces);
    }
    segments.push(text.get(start..).unwrap_or_default());
    Ok(segments)
}

fn parse_segment(segment: &str) -> Result<TemplateSegment, InvalidTemplate> {
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
        [Part::Literal(text)] if matches!(&**text, "." | "..") => Err(InvalidTemplate::UnreachableSegment),
        [Part::Literal(text)] => Ok(TemplateSegment::Literal(text.clone())),
        [Part::Parameter(name)] => Ok(TemplateSegment::Parameter(name.clone())),
        _ => Ok(TemplateSegment::Pattern(parts)),
    }
}

fn read_literal(text: &str) -> Result<Box<str>, InvalidTemplate> {
    decode(text).map(|decoded| decoded.into_owned().into()).map_err(|_| InvalidTemplate::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let path = CanonicalPath::new(path.as_bytes()).unwrap();
        let captures = PathTemplate::parse(template).unwrap().capture(&path, 0)?;
        Some(captures.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
    }

    type Expected = Option<&'static [(&'static str, &'static str)]>;

    #[test]
    fn parameters_are_captured_still_encoded() {
        let cases: [(&str, &str, Expected); 14] = [
            ("/pets/{id}", "/pets/7", Some(&[("id", "7")])),
            ("/pets/{id}", "/pets/a%2Fb", Some(&[("id", "a%2Fb")])),
            ("/pets/{id}", "/pets", None),
            ("/pets/{id}", "/pets/7/8", None),
            ("/files/{name}.{ext}", "/files/a.b.c", Some(&[("name", "a.b"), ("ext", "c")])),
            ("/files/{name}.{ext}", "/files/a%20b.c%2E", Some(&[("name", "a%20b"), ("ext", "c%2E")])),
            ("/files/{name}.{ext}", "/files/.c", None),
            ("/files/{name}.{ext}", "/files/a.", None),
            ("/v{major}", "/v2", Some(&[("major", "2")])),
            ("/v{major}", "/v", None),
            ("/{job}:cancel", "/7%3Acancel", Some(&[("job", "7")])),
            ("/a-{x}-b-{y}-c", "/a-1-b-2-b-3-c", Some(&[("x", "1-b-2"), ("y", "3")])),
            ("/x%20y", "/x%20y", Some(&[])),
            ("/", "/", Some(&[])),
        ];
        for (template, path, expected) in cases {
            let expected = expected.map(|pairs| {
                pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>()
            });
            assert_eq!(capture(template, path), expected, "{template} {path}");
        }
    }

    #[test]
    fn what_no_path_can_match_is_refused() {
        let cases = [
            ("pets", InvalidTemplate::NotAbsolute),
            ("/{a", InvalidTemplate::Braces),
            ("/a}", InvalidTemplate::Braces),
            ("/{a{b}}", InvalidTemplate::Braces),
            ("/{}", InvalidTemplate::EmptyName),
            ("/{a}/{a}", InvalidTemplate::RepeatedName("a".into())),
            ("/{a}{b}", InvalidTemplate::AdjacentParameters("a".into(), "b".into())),
            ("/a//b", InvalidTemplate::UnreachableSegment),
            ("/a/../b", InvalidTemplate::UnreachableSegment),
            ("/%zz", InvalidTemplate::Encoding),
        ];
        for (text, expected) in cases {
            assert_eq!(PathTemplate::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_trailing_slash_is_kept_apart() {
        assert!(PathTemplate::parse("/a/").unwrap().trailing_slash);
        assert!(!PathTemplate::parse("/a").unwrap().trailing_slash);
    }
}
