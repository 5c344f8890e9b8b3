//! The one canonical form of a request path. Routing, authentication, limits and validation all judge
//! this form, and it is the form Envoy makes with `normalize_path` and `merge_slashes`.
//!
//! The rule: adjacent slashes are one; `.` and `..` segments (also as `%2e`) are resolved; what need not be
//! percent-encoded is not; segments are compared decoded; an encoded slash is data and never separates
//! segments. What could mean one thing here and another to an upstream is refused.

use std::borrow::Cow;
use std::ops::Range;

use crate::percent::decode;

/// Longest path accepted, in bytes, before the query; longer is 414.
pub const MAX_PATH: usize = 8192;
/// Most segments a path may have; more is 414.
pub const MAX_SEGMENTS: usize = 128;

/// Why a path is not judged at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// Over [`MAX_PATH`] bytes or [`MAX_SEGMENTS`] segments.
    TooLong,
    /// Does not begin with a slash.
    NotAbsolute,
    /// A byte that RFC 3986 allows in no path: control, space, non-ASCII, backslash, `#`.
    Character,
    /// A broken escape, or not UTF-8 when decoded.
    Encoding,
    /// `..` above the root.
    AboveRoot,
    /// A segment with an encoded slash or backslash that would hide a `.` or `..` segment, or an encoded NUL.
    HiddenTraversal,
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the path is too long",
            Self::NotAbsolute => "the path does not begin with '/'",
            Self::Character => "the path contains a character that must be percent-encoded",
            Self::Encoding => "the path is not percent-encoded UTF-8",
            Self::AboveRoot => "the path leaves the root",
            Self::HiddenTraversal => "the path hides a traversal in an encoded segment",
        })
    }
}

impl std::error::Error for PathError {}

/// A path in canonical form, with its segments at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath {
    text: String,
    segments: Vec<Range<u32>>,
    trailing_slash: bool,
    encoded: bool,
}

impl CanonicalPath {
    /// Brings a raw path (no query) into canonical form.
    pub fn new(raw: &[u8]) -> Result<Self, PathError> {
        if raw.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        if !raw.iter().all(|byte| is_path_byte(*byte)) {
            return Err(PathError::Character);
        }
        let raw = std::str::from_utf8(raw).map_err(|_| PathError::Character)?;
        let rest = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        if let Some(path) = Self::as_it_is(raw)? {
            return Ok(path);
        }
        let (kept, trailing_slash) = resolve(rest)?;
        Self::assemble(&kept, trailing_slash)
    }

    /// The canonical text, still percent-encoded: what an upstream should see.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path ends in a slash; true for the root.
    pub fn has_trailing_slash(&self) -> bool {
        self.trailing_slash
    }

    /// The segments as they stand in the text, still encoded.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.segments.iter().map(|range| self.slice(range))
    }

    /// The segment at `index`, percent-decoded: what literals of templates are compared with.
    pub fn decoded(&self, index: usize) -> Option<Cow<'_, str>> {
        let raw = self.raw(index)?;
        if !self.encoded {
            return Some(Cow::Borrowed(raw));
        }
        decode(raw).ok()
    }

    /// The segment at `index` as it stands in the text.
    pub fn raw(&self, index: usize) -> Option<&str> {
        self.segments.get(index).map(|range| self.slice(range))
    }

    /// How many segments there are; the root has none.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether this is the root.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The path of most requests: nothing in it to decode, join or resolve.
    fn as_it_is(raw: &str) -> Result<Option<Self>, PathError> {
        let mut segments = Vec::with_capacity(8);
        let mut start = 1;
        for (at, byte) in raw.as_bytes().iter().enumerate().skip(1) {
            match byte {
                b'%' => return Ok(None),
                b'/' if is_plain_name(raw.get(start..at).unwrap_or_default()) => {
                    segments.push(start as u32..at as u32);
                    start = at + 1;
                }
                b'/' => return Ok(None),
                _ => {}
            }
        }
        match raw.get(start..).unwrap_or_default() {
            // Behind a final slash there is nothing, as there should be.
            "" => {}
            last if is_plain_name(last) => segments.push(start as u32..raw.len() as u32),
            _dots => return Ok(None),
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(PathError::TooLong);
        }
        let trailing_slash = raw.ends_with('/');
        Ok(Some(Self { text: raw.to_owned(), segments, trailing_slash, encoded: false }))
    }

    fn assemble(kept: &[&str], trailing_slash: bool) -> Result<Self, PathError> {
        if kept.len() > MAX_SEGMENTS {
            return Err(PathError::TooLong);
        }
        let mut text = String::with_capacity(kept.iter().map(|segment| segment.len() + 1).sum::<usize>() + 1);
        let mut segments = Vec::with_capacity(kept.len());
        for segment in kept {
            text.push('/');
            let start = text.len() as u32;
            push_plain(&mut text, segment);
            segments.push(start..text.len() as u32);
        }
        if trailing_slash {
            text.push('/');
        }
        let encoded = text.contains('%');
        Ok(Self { text, segments, trailing_slash, encoded })
    }
}

/// Whether the segment stays in a canonical path as it is, when it has no escapes.
fn is_plain_name(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

/// Drops empty and dot segments; says whether the path ends in a slash.
fn resolve(rest: &str) -> Result<(Vec<&str>, bool), PathError> {
    let mut kept: Vec<&str> = Vec::with_capacity(8);
    let mut trailing_slash = true;
    for segment in rest.split('/') {
        trailing_slash = true;
        match classify(segment)? {
            Segment::Here => {}
            // Counts for `..`, as in RFC 3986: adjacent slashes are joined last.
            Segment::Empty => kept.push(segment),
            Segment::Up => {
                kept.pop().ok_or(PathError::AboveRoot)?;
            }
            Segment::Name => {
                kept.push(segment);
                trailing_slash = false;
            }
        }
    }
    kept.retain(|segment| !segment.is_empty());
    Ok((kept, trailing_slash))
}

/// Adds a segment, letters, digits, `-`, `.`, `_` and `~` decoded: written with an escape they are still the same
/// (RFC 3986, section 6.2.2.2). Escapes were checked before.
fn push_plain(text: &mut String, segment: &str) {
    let mut rest = segment;
    while let Some((before, escaped)) = rest.split_once('%') {
        text.push_str(before);
        let byte = escaped.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.map(char::from).filter(|one| one.is_ascii_alphanumeric() || "-._~".contains(*one)) {
            Some(plain) => {
                text.push(plain);
                rest = escaped.get(2..).unwrap_or_default();
            }
            None => {
                text.push('%');
                rest = escaped;
            }
        }
    }
    text.push_str(rest);
}

enum Segment {
    /// Nothing between two slashes, or behind the last.
    Empty,
    /// `.`
    Here,
    /// `..`
    Up,
    /// Anything else.
    Name,
}

fn classify(segment: &str) -> Result<Segment, PathError> {
    let decoded = decode(segment).map_err(|_| PathError::Encoding)?;
    match decoded.as_ref() {
        "" => return Ok(Segment::Empty),
        "." => return Ok(Segment::Here),
        ".." => return Ok(Segment::Up),
        _ => {}
    }
    if matches!(decoded, Cow::Owned(_)) && hides_traversal(&decoded) {
        return Err(PathError::HiddenTraversal);
    }
    Ok(Segment::Name)
}

fn hides_traversal(decoded: &str) -> bool {
    decoded.contains('\0')
        || (decoded.contains(['/', '\\'])
            && decoded.split(['/', '\\']).any(|part| matches!(part, "." | "..")))
}

/// RFC 3986 `pchar` and `/`, plus what browsers leave alone in paths (`"<>[]^`{|}`).
fn is_path_byte(byte: u8) -> bool {
    byte.wrapping_sub(b'!') < 94 && byte != b'\\' && byte != b'#' && byte != b'?'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_path_has_one_canonical_form() {
        let cases = [
            ("/", Ok("/")),
            ("/pets", Ok("/pets")),
            ("/pets/", Ok("/pets/")),
            ("//pets///7", Ok("/pets/7")),
            ("/a/./b/../c", Ok("/a/c")),
            ("/a/%2e%2E/c", Ok("/c")),
            ("/a/b/..", Ok("/a/")),
            ("/a//../b", Ok("/a/b")),
            ("/a/b//..", Ok("/a/b/")),
            ("//..", Ok("/")),
            ("/a/.", Ok("/a/")),
            ("/files/a%2Fb", Ok("/files/a%2Fb")),
            ("/%761/%2D%2e%5F%7e%30", Ok("/v1/-._~0")),
            ("/%2a%C3%A4%20%2561", Ok("/%2a%C3%A4%20%2561")),
            ("/...", Ok("/...")),
            ("/..", Err(PathError::AboveRoot)),
            ("/a/../../b", Err(PathError::AboveRoot)),
            ("/a/..%2fb", Err(PathError::HiddenTraversal)),
            ("/a/x%5c..%5cb", Err(PathError::HiddenTraversal)),
            ("/a%00b", Err(PathError::HiddenTraversal)),
            ("/a%", Err(PathError::Encoding)),
            ("/a%ff", Err(PathError::Encoding)),
            ("/a\\b", Err(PathError::Character)),
            ("/a b", Err(PathError::Character)),
            ("/\u{e9}", Err(PathError::Character)),
            ("", Err(PathError::NotAbsolute)),
            ("*", Err(PathError::NotAbsolute)),
        ];
        for (raw, expected) in cases {
            let path = CanonicalPath::new(raw.as_bytes());
            assert_eq!(path.as_ref().map(CanonicalPath::as_str), expected.as_ref().copied(), "{raw}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn length_and_depth_are_bounded() {
        assert_eq!(CanonicalPath::new(&[b'/'; MAX_PATH + 1]), Err(PathError::TooLong));
        assert_eq!(CanonicalPath::new("/a".repeat(MAX_SEGMENTS + 1).as_bytes()), Err(PathError::TooLong));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(raw in "/[a.%2eEfF5cC6/;]{0,24}") {
            if let Ok(path) = CanonicalPath::new(raw.as_bytes()) {
                let again = CanonicalPath::new(path.as_str().as_bytes());
                proptest::prop_assert_eq!(again, Ok(path));
            }
        }

        #[test]
        fn the_short_way_leads_to_the_same_path(raw in "/[a./;]{0,24}") {
            if let Ok(Some(path)) = CanonicalPath::as_it_is(&raw) {
                let (kept, trailing_slash) = resolve(&raw[1..]).unwrap();
                proptest::prop_assert_eq!(CanonicalPath::assemble(&kept, trailing_slash), Ok(path));
            }
        }
    }
}
