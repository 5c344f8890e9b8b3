//! A list of what is revoked as a JSON document: `{"revoked": [{"jti": "…", "until": 1767225600}], "next": "/page/2"}`.
//! Entries name a `jti`, a `token` (SHA-256 of its text in hex), a `sub` or an `iss`, and no two of them; `before` limits
//! an entry to tokens issued earlier. An entry that is none of these spoils the list: it would revoke nothing.

use std::borrow::Cow;
use std::io::BufRead;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{self, Broken, Member};
use crate::revoked::{Entry, HashKey, Mark};

/// Reads a page, and hands its entries over; returns the path of the next one.
pub(super) fn read(
    text: impl BufRead,
    key: HashKey,
    take: &mut dyn FnMut(Entry) -> bool,
) -> Result<Option<String>, String> {
    let mut next = None;
    let is_there = document::read(text, "revoked", &mut |member| match member {
        Member::Element(text) => {
            let item: Item<'_> = serde_json::from_slice(text).ok()?;
            take(item.entry(key)?).then_some(())
        }
        Member::Other("next", text) => {
            next = serde_json::from_slice(text).ok()?;
            Some(())
        }
        Member::Other(_, text) => serde_json::from_slice::<IgnoredAny>(text).ok().map(drop),
    });
    match is_there {
        Ok(true) => Ok(next),
        Ok(false) => Err("the list has no `revoked`".to_owned()),
        Err(Broken(at)) => Err(format!("the list cannot be read: byte {at}")),
    }
}

/// One entry, here and in etcd's values.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Item<'i> {
    #[serde(borrow, default)]
    jti: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    token: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    sub: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    iss: Option<Cow<'i, str>>,
    #[serde(default)]
    pub(super) until: Option<u64>,
    #[serde(default)]
    pub(super) before: Option<u64>,
}

impl Item<'_> {
    fn entry(&self, key: HashKey) -> Option<Entry> {
        let mark = match (&self.jti, &self.token, &self.sub, &self.iss) {
            (Some(id), None, None, None) => Mark::Id(id),
            (None, Some(digest), None, None) => {
                return digest_entry(digest, seconds(self.until), seconds(self.before), key);
            }
            (None, None, Some(subject), None) => Mark::Subject(subject),
            (None, None, None, Some(issuer)) => Mark::Issuer(issuer),
            _ => return None,
        };
        Some(key.entry(mark, seconds(self.until), seconds(self.before)))
    }
}

/// A digest must be one: a token's own text in its place would revoke nothing.
pub(super) fn digest_entry(digest: &str, until: u32, before: u32, key: HashKey) -> Option<Entry> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = digest.to_ascii_lowercase();
    is_digest.then(|| key.entry(Mark::Digest(&digest), until, before))
}

/// For ever, when nothing is said or it is beyond 2106.
pub(super) fn seconds(value: Option<u64>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_list_is_read_whole_or_not_at_all() {
        let digest = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
        let good = format!(
            r#"{{"since": 1, "revoked": [{{"jti": "a", "until": 9}}, {{"token": "{digest}"}}, {{"sub": "b\u0041", "before": 5, "note": []}}, {{"iss": "c"}}], "next": "/2"}}"#
        );
        let cases = [
            (good.as_str(), Some((4, Some("/2")))),
            (r#"{"revoked": []}"#, Some((0, None))),
            (r#"{"revoked": [], "next": null}"#, Some((0, None))),
            ("{}", None),
            ("[]", None),
            ("", None),
            (r#"{"revoked": []} x"#, None),
            (r#"{"revoked": [{}]}"#, None),
            (r#"{"revoked": [{"id": "a"}]}"#, None),
            (r#"{"revoked": [{"jti": "a", "sub": "b"}]}"#, None),
            (r#"{"revoked": [{"jti": 7}]}"#, None),
            (r#"{"revoked": [{"token": "eyJhbGciOiJub25lIn0.e30."}]}"#, None),
            (r#"{"revoked": [{"jti": "a", "until": -1}]}"#, None),
        ];
        let key = HashKey::random().unwrap();
        for (text, expected) in cases {
            let mut entries = 0;
            let read = read(text.as_bytes(), key, &mut |_| {
                entries += 1;
                true
            });
            let found = read.ok().map(|next| (entries, next));
            assert_eq!(found, expected.map(|(count, next)| (count, next.map(str::to_owned))), "{text}");
        }
    }
}
