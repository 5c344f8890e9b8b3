//! What a `$ref` says: which document (by URI, or by a path relative to the referring one), then a JSON pointer
//! (RFC 6901) or an anchor.

use std::borrow::Cow;

use crate::uri;

/// A `$ref` that leads nowhere, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// It names a URL or an absolute path that is no schema's `$id`; only files next to the document are read.
    #[error("`{reference}`: no document at hand has the URI `{uri}`")]
    Remote {
        /// The `$ref`.
        reference: String,
        /// What it means where it stands.
        uri: String,
    },
    /// Its percent-encoding is broken, or the pointer neither starts with `/` nor is an anchor.
    #[error("`{reference}` is not a valid reference")]
    Syntax {
        /// The `$ref`.
        reference: String,
    },
    /// The file could not be read, or holds no tree.
    #[error("`{reference}`: {reason}")]
    File {
        /// The `$ref`.
        reference: String,
        /// The cause.
        reason: String,
    },
    /// There is no such node.
    #[error("`{reference}` names nothing")]
    Dangling {
        /// The `$ref`.
        reference: String,
    },
    /// There is no such node in the schema whose `$id` it is read from.
    #[error("`{reference}` names nothing within `{uri}`, which is the schema that it means by its `$id`")]
    Within {
        /// The `$ref`.
        reference: String,
        /// The schema's URI.
        uri: String,
    },
    /// Several schemas are called so.
    #[error("`{reference}` may mean several schemas: `$id`s, or anchors of one document, are the same")]
    Ambiguous {
        /// The `$ref`.
        reference: String,
    },
    /// References that lead back to themselves, or more than 64 in a row.
    #[error("`{reference}` leads back to itself")]
    Cycle {
        /// The `$ref`.
        reference: String,
    },
}

/// The two parts of a `$ref`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'r> {
    /// The URI, as written; empty for the referring document itself.
    pub(crate) uri: &'r str,
    /// The fragment, percent-decoded.
    pub(crate) fragment: Cow<'r, str>,
}

impl<'r> Reference<'r> {
    /// Reads a `$ref`.
    pub(crate) fn parse(text: &'r str) -> Result<Self, Unresolved> {
        let invalid = || Unresolved::Syntax { reference: text.to_owned() };
        let (uri, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fragment = percent_decoded(fragment).ok_or_else(invalid)?;
        percent_decoded(uri).ok_or_else(invalid)?;
        Ok(Self { uri, fragment })
    }

    /// The file that it names where `from` is the referring one; none for URLs and absolute paths.
    pub(crate) fn file(&self, from: &str) -> Option<String> {
        let file = self.uri;
        if file.starts_with(['/', '\\']) || file.contains('?') || uri::has_scheme(file) {
            return None;
        }
        joined(from, &percent_decoded(file)?)
    }
}

/// `file` as seen from the folder of `from`, without `.` and, where it can be told, `..`.
fn joined(from: &str, file: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_absolute = from.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(file.split('/')) {
        match segment {
            "" | "." => {}
            ".." => match segments.last() {
                Some(&last) if last != ".." => {
                    segments.pop();
                }
                _ if is_absolute => return None,
                _ => segments.push(".."),
            },
            _ => segments.push(segment),
        }
    }
    Some(format!("{}{}", if is_absolute { "/" } else { "" }, segments.join("/")))
}

/// `None` when a `%` is not followed by two hexadecimal digits or the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_referring_file() {
        for (from, reference, expected) in [
            ("api.yaml", "b.yaml#/a", "b.yaml"),
            ("api.yaml", "./b.yaml", "b.yaml"),
            ("v1/api.yaml", "b.yaml", "v1/b.yaml"),
            ("v1/api.yaml", "../b%20c.yaml", "b c.yaml"),
            ("sub/", "b.yaml", "sub/b.yaml"),
            ("api.yaml", "../b.yaml", "../b.yaml"),
            ("../x/api.yaml", "../../b.yaml", "../../b.yaml"),
            ("/srv/api.yaml", "../b.yaml", "/b.yaml"),
        ] {
            let parsed = Reference::parse(reference).unwrap();
            assert_eq!(parsed.file(from).as_deref(), Some(expected), "{from} {reference}");
        }
    }

    #[test]
    fn urls_and_absolute_paths_name_no_file() {
        for reference in [
            "https://example.com/a.yaml",
            "//host/a",
            "/etc/passwd",
            "file:///a",
            "a.yaml?x=1#/a",
            "\\\\host\\a",
        ] {
            assert_eq!(Reference::parse(reference).unwrap().file("api.yaml"), None, "{reference}");
        }
        assert_eq!(Reference::parse("../../b").unwrap().file("/a/api.yaml"), None);
    }

    #[test]
    fn broken_percent_encoding_is_refused() {
        for reference in ["#/%", "#/%2", "#/%zz", "#/%ff", "%.yaml"] {
            let parsed = Reference::parse(reference);
            assert!(matches!(parsed, Err(Unresolved::Syntax { .. })), "{reference}");
        }
        assert_eq!(Reference::parse("#/a%7Eb/%C3%A4").unwrap().fragment, "/a~b/ä");
    }
}
