//! Files of users as Apache's `htpasswd` writes them: `name:hash`, a line each. Says nothing of whether the hashes are
//! good.

/// A line that names a user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'f> {
    /// Counted from 1.
    pub(super) line: u32,
    pub(super) name: &'f str,
    pub(super) hash: &'f str,
}

/// The users of a file, or the first line that has none. Empty lines and those that begin with `#` are passed over, as
/// Apache does, and so is what stands behind a second colon.
pub(super) fn read(text: &str) -> Result<Vec<Entry<'_>>, u32> {
    let mut entries = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim_end();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, rest) = text.split_once(':').ok_or(line)?;
        let hash = rest.split(':').next().unwrap_or(rest);
        entries.push(Entry { line, name, hash });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_user_a_remark_or_an_error() {
        let entry = |line, name, hash| Entry { line, name, hash };
        let cases = [
            ("", Ok(vec![])),
            ("# none\n\n", Ok(vec![])),
            ("ada:$2y$05$x\r\n\nbob:y:Bob's\n", Ok(vec![entry(1, "ada", "$2y$05$x"), entry(3, "bob", "y")])),
            ("ada:x\nbob\n", Err(2)),
            (":x", Ok(vec![entry(1, "", "x")])),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
