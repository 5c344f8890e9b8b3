//! URIs as `$id` and references have them: a relative one is read from its base (RFC 3986, section 5.2). The base
//! may be a file's name, which is a relative URI.

/// A letter, then letters, digits, `+`, `-`, `.`, then a colon (RFC 3986, section 3.1).
pub(crate) fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// What `reference`, which has no fragment, means where `base` is the base.
pub(crate) fn resolved(base: &str, reference: &str) -> String {
    if has_scheme(reference) {
        return normal(reference);
    }
    let (head, path) = split(base);
    let path = path.split('?').next().unwrap_or_default();
    match reference {
        "" => base.to_owned(),
        _ if reference.starts_with("//") => {
            let scheme = head.split_inclusive(':').next().unwrap_or_default();
            normal(&format!("{scheme}{reference}"))
        }
        _ if reference.starts_with('?') => format!("{head}{path}{reference}"),
        _ if reference.starts_with('/') => format!("{head}{}", without_dots(reference)),
        _ => {
            let folder = path.rsplit_once('/').map(|(folder, _)| folder);
            // Behind an authority every path begins with a slash.
            let merged = match folder.or(head.contains("//").then_some("")) {
                Some(folder) => format!("{folder}/{reference}"),
                None => reference.to_owned(),
            };
            format!("{head}{}", without_dots(&merged))
        }
    }
}

/// Everything up to the last slash of a URI's path, the slash included.
pub(crate) fn folder(uri: &str) -> &str {
    let (head, path) = split(uri);
    let end = path.split('?').next().unwrap_or_default().rfind('/').map_or(0, |at| at + 1);
    uri.get(..head.len() + end).unwrap_or_default()
}

fn normal(uri: &str) -> String {
    let (head, path) = split(uri);
    format!("{}{}", head.to_ascii_lowercase(), without_dots(path))
}

/// Scheme and authority, and what follows them.
fn split(uri: &str) -> (&str, &str) {
    if !has_scheme(uri) {
        return ("", uri);
    }
    let scheme = uri.find(':').map_or(0, |at| at + 1);
    let rest = uri.get(scheme..).unwrap_or_default();
    let length = match rest.strip_prefix("//") {
        Some(rest) => 2 + rest.find(['/', '?']).unwrap_or(rest.len()),
        None => 0,
    };
    uri.split_at_checked(scheme + length).unwrap_or((uri, ""))
}

/// A path, with or without a query, without `.` and, where it can be told, `..`.
fn without_dots(path: &str) -> String {
    let (path, query) = path.find('?').and_then(|at| path.split_at_checked(at)).unwrap_or((path, ""));
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        is_folder = matches!(segment, "." | "..");
        match (segment, kept.last()) {
            (".", _) => {}
            ("..", Some(&last)) if last != ".." => {
                kept.pop();
            }
            ("..", _) if is_absolute => {}
            _ => kept.push(segment),
        }
    }
    if is_folder {
        kept.push("");
    }
    format!("{}{}{query}", if is_absolute { "/" } else { "" }, kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_from_their_base() {
        // The first ones are RFC 3986's, section 5.4.
        for (base, reference, expected) in [
            ("http://a/b/c/d;p?q", "g:h", "g:h"),
            ("http://a/b/c/d;p?q", "g", "http://a/b/c/g"),
            ("http://a/b/c/d;p?q", "./g/", "http://a/b/c/g/"),
            ("http://a/b/c/d;p?q", "/g", "http://a/g"),
            ("http://a/b/c/d;p?q", "//g", "http://g"),
            ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"),
            ("http://a/b/c/d;p?q", "g?y/../z", "http://a/b/c/g?y/../z"),
            ("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"),
            ("http://a/b/c/d;p?q", "..", "http://a/b/"),
            ("http://a/b/c/d;p?q", "../../../g", "http://a/g"),
            ("http://a", "g", "http://a/g"),
            ("HTTP://A.example/B", "HTTP://A.example/B/./C", "http://a.example/B/C"),
            ("urn:uuid:f", "urn:uuid:F", "urn:uuid:F"),
            ("lib/api.yaml", "b.yaml", "lib/b.yaml"),
            ("api.yaml", "sub/", "sub/"),
            ("sub/", "x.json", "sub/x.json"),
            ("api.yaml", "../x", "../x"),
            ("api.yaml", "/base", "/base"),
        ] {
            assert_eq!(resolved(base, reference), expected, "{base} {reference}");
        }
    }

    #[test]
    fn folders_end_in_a_slash() {
        for (uri, expected) in [
            ("http://a/b/c?d/e", "http://a/b/"),
            ("http://a", "http://a"),
            ("lib/api.yaml", "lib/"),
            ("api.yaml", ""),
            ("urn:x", "urn:"),
        ] {
            assert_eq!(folder(uri), expected, "{uri}");
        }
    }
}
