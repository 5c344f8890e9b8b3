//! OpenAPI path templates: `/pets/{id}`, and expressions within a segment, `/files/{name}.{ext}`.
//! Which template wins where several match is one order: segment by segment from the left, a literal comes
//! before a pattern, a pattern with more literal text before one with less, and both before a parameter.

use crate::path::{CanonicalPath, MAX_SEGMENTS};
use crate::segment::TemplateSegment;

/// A compiled path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    pub(crate) segments: Vec<TemplateSegment>,
    pub(crate) trailing_slash: bool,
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
    /// More than [`MAX_SEGMENTS`] segments: no canonical path has so many.
    TooManySegments,
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
            Self::TooManySegments => write!(f, "a path has at most {MAX_SEGMENTS} segments"),
            Self::Encoding => f.write_str("a segment is not percent-encoded UTF-8"),
        }
    }
}

impl std::error::Error for InvalidTemplate {}

/// The parameters of a template in its order, each with its value, still encoded.
pub type Captures<'p> = Vec<(&'p str, &'p str)>;

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
                segments.push(TemplateSegment::parse(segment)?);
            }
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(InvalidTemplate::TooManySegments);
        }
        let template = Self { segments, trailing_slash };
        template.check_names()?;
        Ok(template)
    }

    /// The parameters' names in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(TemplateSegment::parameters)
    }

    /// The template with every parameter nameless and without a final slash: templates of the same shape match
    /// the same segments. In literals, what could be taken for a slash or a parameter stays encoded.
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
    pub fn capture<'p>(&'p self, path: &'p CanonicalPath, skip: usize) -> Option<Captures<'p>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let path = CanonicalPath::new(path.as_bytes()).unwrap();
        let template = PathTemplate::parse(template).unwrap();
        let captures = template.capture(&path, 0)?;
        Some(captures.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    type Expected = Option<&'static [(&'static str, &'static str)]>;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn parameters_are_captured_still_encoded() {
        let cases: [(&str, &str, Expected); 14] = [
            ("/pets/{id}", "/pets/7", Some(&[("id", "7")])),
            ("/pets/{id}", "/pets/a%2Fb", Some(&[("id", "a%2Fb")])),
            ("/pets/{id}", "/pets", None),
            ("/pets/{id}", "/pets/7/8", None),
            ("/files/{name}.{ext}", "/files/a.b.c", Some(&[("name", "a.b"), ("ext", "c")])),
            ("/files/{name}.{ext}", "/files/a%20b.c%2C", Some(&[("name", "a%20b"), ("ext", "c%2C")])),
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

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
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

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_trailing_slash_is_kept_apart() {
        assert!(PathTemplate::parse("/a/").unwrap().trailing_slash);
        assert!(!PathTemplate::parse("/a").unwrap().trailing_slash);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn more_segments_than_any_path_has_are_refused() {
        assert!(PathTemplate::parse(&"/a".repeat(MAX_SEGMENTS)).is_ok());
        let longer = PathTemplate::parse(&"/a".repeat(MAX_SEGMENTS + 1));
        assert_eq!(longer, Err(InvalidTemplate::TooManySegments));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_templates_that_match_the_same_paths_have_one_shape() {
        let cases = [
            ("/a/{x}", "/a/{y}", true),
            ("/{x}-{y}", "/{y}-{x}", true),
            ("/%61", "/a", true),
            ("/a%2Fb", "/a/b", false),
            ("/%7B%7D", "/{x}", false),
            ("/{x}%7B%7D-", "/%7B%7D{x}-", false),
            ("/%252F", "/%2F", false),
        ];
        for (left, right, expected) in cases {
            let (left, right) = (PathTemplate::parse(left).unwrap(), PathTemplate::parse(right).unwrap());
            assert_eq!(left.shape() == right.shape(), expected, "{left:?} {right:?}");
        }
    }
}
