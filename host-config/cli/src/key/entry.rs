//! Key files as text: entries are added and marked as revoked where they stand, and all else stays as it was written.

use portcullis_compiler::{KnownKey, known_keys};

use crate::Failure;

/// Adds an entry, a block of YAML, to a key file; `None` is a file that is not there yet.
pub(crate) fn add(file: &str, text: Option<&str>, entry: &str) -> Result<String, Failure> {
    let text = text.unwrap_or_default();
    let before = if text.trim().is_empty() { Vec::new() } else { read(file, text)? };
    let mut added = text.to_owned();
    if !added.is_empty() && !added.ends_with('\n') {
        added.push('\n');
    }
    added.push_str(entry);
    match known_keys(file, &added) {
        Ok(after) if after.len() == before.len() + 1 => Ok(added),
        Err(cause) if before.is_empty() => Err(Failure::new(cause)),
        _ => Err(by_hand(file, "the entry cannot be added to it")),
    }
}

/// Marks keys as revoked. They are those whose SHA-256 begins so, or those of a consumer.
pub(crate) fn revoke(
    file: &str,
    text: &str,
    wanted: &dyn Fn(&KnownKey) -> bool,
) -> Result<(String, Vec<KnownKey>), Failure> {
    let before = read(file, text)?;
    let chosen: Vec<KnownKey> = before.iter().filter(|key| wanted(key) && !key.revoked).cloned().collect();
    let mut marked = text.to_owned();
    for key in &chosen {
        marked = mark(&marked, &key.sha256)
            .ok_or_else(|| by_hand(file, "the entry cannot be found in its text"))?;
    }
    let after = read(file, &marked).map_err(|_| by_hand(file, "the entry cannot be marked"))?;
    let is_done = before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| {
            before.sha256 == after.sha256 && after.revoked == (before.revoked || chosen.contains(before))
        });
    if is_done { Ok((marked, chosen)) } else { Err(by_hand(file, "the entry cannot be marked")) }
}

fn read(file: &str, text: &str) -> Result<Vec<KnownKey>, Failure> {
    known_keys(file, text).map_err(Failure::new)
}

fn by_hand(file: &str, what: &str) -> Failure {
    Failure::with_hint(
        format!("{file}: {what}"),
        "edit it by hand: an entry that has `revoked: true` is good no more",
    )
}

/// Behind the digest: on a line of its own in a block, within the braces otherwise.
fn mark(text: &str, digest: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find(digest)?;
    let (before, rest) = text.split_at_checked(at + digest.len())?;
    let quote = rest.chars().next().filter(|one| matches!(one, '"' | '\''));
    let (scalar, rest) = rest.split_at_checked(quote.map_or(0, char::len_utf8))?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    let key = line.trim_start_matches([' ', '-']);
    let in_braces = !key.starts_with("sha256:") || text.trim_start().starts_with('[') || line.contains('{');
    if in_braces {
        return Some(format!("{before}{scalar}, \"revoked\": true{rest}"));
    }
    let indent = " ".repeat(line.len() - key.len());
    let (remark, rest) = rest.split_at_checked(rest.find('\n').unwrap_or(rest.len()))?;
    Some(format!("{before}{scalar}{remark}\n{indent}revoked: true{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "f5113b27bc11c62177b44413cf0c1c3a0d85dc165d1beb2acd16fcf5cbda4473";
    const TWO: &str = "395d4a6f304809c8f0de3c9c46ed6fc831faf84dc0e0e8e3505a8c0095ea6916";

    #[test]
    fn an_entry_is_marked_where_it_stands() {
        let cases = [
            (
                "- consumer: a\n  sha256: {1}\n  scopes: [x]\n",
                "- consumer: a\n  sha256: {1}\n  revoked: true\n  scopes: [x]\n",
            ),
            ("- sha256: \"{1}\" # a\n  consumer: a", "- sha256: \"{1}\" # a\n  revoked: true\n  consumer: a"),
            ("-   sha256: {1}\n    consumer: a\n", "-   sha256: {1}\n    revoked: true\n    consumer: a\n"),
            ("- { consumer: a, sha256: {1} }\n", "- { consumer: a, sha256: {1}, \"revoked\": true }\n"),
            (
                "[{\"sha256\": \"{1}\",\n \"consumer\": \"a\"}]",
                "[{\"sha256\": \"{1}\", \"revoked\": true,\n \"consumer\": \"a\"}]",
            ),
        ];
        for (text, expected) in cases {
            let other = if text.starts_with('[') {
                String::new()
            } else {
                format!("- consumer: b\n  sha256: {TWO}\n")
            };
            let fill = |text: &str| format!("{other}{}", text.replace("{1}", ONE));
            let (marked, keys) = revoke("keys", &fill(text), &|key| key.sha256.starts_with("f511")).unwrap();
            assert_eq!(marked, fill(expected));
            assert_eq!(keys.len(), 1);
            let (again, none) = revoke("keys", &marked, &|key| key.consumer == "a").unwrap();
            assert_eq!((again, none), (marked, vec![]));
        }
    }

    #[test]
    fn what_cannot_be_edited_is_left_alone() {
        for text in [
            "- consumer: a\n  sha256: {1}\n  revoked: false\n",
            "- {\n  consumer: a,\n  sha256: {1}\n  }\n",
            "keys",
        ] {
            assert!(revoke("keys", &text.replace("{1}", ONE), &|_| true).is_err(), "{text}");
        }
        let entry = format!("- consumer: a\n  sha256: {ONE}\n");
        for text in ["[]", "{}", "- consumer: a\n", "[{ consumer: b }]"] {
            assert!(add("keys", Some(text), &entry).is_err(), "{text}");
        }
    }

    #[test]
    fn entries_are_added_behind_those_there_are() {
        let entry = |digest: &str| format!("- consumer: a\n  sha256: {digest}\n");
        let first = add("keys", None, &entry(ONE)).unwrap();
        assert_eq!(first, entry(ONE));
        let both = add("keys", Some(&format!("# keys\n{}", first.trim_end())), &entry(TWO)).unwrap();
        assert_eq!(both, format!("# keys\n{}{}", entry(ONE), entry(TWO)));
        assert!(add("keys", Some(&both), "- consumer: a\n  sha256: x\n").is_err());
    }
}
