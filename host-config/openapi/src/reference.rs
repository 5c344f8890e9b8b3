//! What a `$ref` means: another file (relative to the referring one), then a JSON pointer (RFC 6901) or an anchor.

use std::borrow::Cow;

/// A `$ref` that leads nowhere, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// It names a URL or an absolute path; only files next to the document are read.
    #[error("`{reference}` is not a relative file reference")]
    Remote {
        /// The `$ref`.
        reference: String,
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
    /// References that lead back to themselves, or more than 64 in a row.
    #[error("`{reference}` leads back to itself")]
    Cycle {
        /// The `$ref`.
        reference: String,
    },
}

/// The two parts of a `$ref`, percent-decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'r> {
    /// The file, normalised, when it is not the referring one.
    pub(crate) file: Option<String>,
    pub(crate) fragment: Cow<'r, str>,
}

impl<'r> Reference<'r> {
    /// Reads a `$ref` that stands in the file named `from`.
    pub(crate) fn parse(text: &'r str, from: &str) -> Result<Self, Unresolved> {
        let invalid = || Unresolved::Syntax { reference: text.to_owned() };
        let (file, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fragment = percent_decoded(fragment).ok_or_else(invalid)?;
        if file.is_empty() {
            return Ok(Self { file: None, fragment });
        }
        let remote = || Unresolved::Remote { reference: text.to_owned() };
        if file.starts_with(['/', '\\']) || file.contains('?') || has_scheme(file) {
            return Err(remote());
        }
        let file = percent_decoded(file).ok_or_else(invalid)?;
        Ok(Self { file: Some(joined(from, &file).ok_or_else(remote)?), fragment })
    }
}

/// RFC 3986 3.1: a letter, then letters, digits, `+`, `-`, `.`, then a colon.
fn has_scheme(file: &str) -> bool {
    file.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
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
            ("api.yaml", "#/a", None),
            ("api.yaml", "b.yaml#/a", Some("b.yaml")),
            ("api.yaml", "./b.yaml", Some("b.yaml")),
            ("v1/api.yaml", "b.yaml", Some("v1/b.yaml")),
            ("v1/api.yaml", "../b%20c.yaml", Some("b c.yaml")),
            ("api.yaml", "../b.yaml", Some("../b.yaml")),
            ("../x/api.yaml", "../../b.yaml", Some("../../b.yaml")),
            ("/srv/api.yaml", "../b.yaml", Some("/b.yaml")),
        ] {
            let parsed = Reference::parse(reference, from).unwrap();
            assert_eq!(parsed.file.as_deref(), expected, "{from} {reference}");
        }
    }

    #[test]
    fn urls_and_absolute_paths_are_remote() {
        for reference in [
            "https://example.com/a.yaml",
            "//host/a",
            "/etc/passwd",
            "file:///a",
            "a.yaml?x=1#/a",
            "\\\\host\\a",
        ] {
            let parsed = Reference::parse(reference, "api.yaml");
            assert!(matches!(parsed, Err(Unresolved::Remote { .. })), "{reference}");
        }
        assert!(matches!(Reference::parse("../../b", "/a/api.yaml"), Err(Unresolved::Remote { .. })));
    }

    #[test]
    fn broken_percent_encoding_is_refused() {
        for reference in ["#/%", "#/%2", "#/%zz", "#/%ff", "%.yaml"] {
            let parsed = Reference::parse(reference, "api.yaml");
            assert!(matches!(parsed, Err(Unresolved::Syntax { .. })), "{reference}");
        }
        assert_eq!(Reference::parse("#/a%7Eb/%C3%A4", "a").unwrap().fragment, "/a~b/ä");
    }
}
