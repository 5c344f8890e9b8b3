//! A list of what is revoked as a JSON document: `{"revoked": [{"jti": "…", "until": 1767225600}], "next": "/page/2"}`.
//! Entries name a `jti`, a `token` (SHA-256 of its text in hex), a `sub` or an `iss`, and no two of them; `before` limits
//! an entry to tokens issued earlier. An entry that is none of these spoils the list: it would revoke nothing.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::revoked::{Entry, HashKey, Mark};

/// Reads a page; returns the path of the next one.
pub(crate) fn read(text: &[u8], key: HashKey, entries: &mut Vec<Entry>) -> Result<Option<String>, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let next = Page { key, entries }.deserialize(&mut reader);
    let next = next.and_then(|next| reader.end().map(|()| next));
    // What serde tells may quote the list.
    next.map_err(|cause| format!("the list cannot be read: line {}, column {}", cause.line(), cause.column()))
}

/// One entry, here and in etcd's values.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Item<'i> {
    #[serde(borrow, default)]
    jti: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    token: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    sub: Option<Cow<'i, str>>,
    #[serde(borrow, default)]
    iss: Option<Cow<'i, str>>,
    #[serde(default)]
    pub(crate) until: Option<u64>,
    #[serde(default)]
    pub(crate) before: Option<u64>,
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
pub(crate) fn digest_entry(digest: &str, until: u32, before: u32, key: HashKey) -> Option<Entry> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = digest.to_ascii_lowercase();
    is_digest.then(|| key.entry(Mark::Digest(&digest), until, before))
}

/// For ever, when nothing is said or it is beyond 2106.
pub(crate) fn seconds(value: Option<u64>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX)
}

struct Page<'e> {
    key: HashKey,
    entries: &'e mut Vec<Entry>,
}

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        let (mut next, mut is_there) = (None, false);
        let mut items = Items { key: self.key, entries: self.entries };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "revoked" => {
                    map.next_value_seed(&mut items)?;
                    is_there = true;
                }
                "next" => next = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if is_there { Ok(next) } else { Err(A::Error::missing_field("revoked")) }
    }
}

/// Entries are hashed as they are read, so that the list is never there as texts.
struct Items<'e> {
    key: HashKey,
    entries: &'e mut Vec<Entry>,
}

impl<'de> DeserializeSeed<'de> for &mut Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Item<'de>>()? {
            self.entries.push(item.entry(self.key).ok_or_else(|| A::Error::custom("no entry"))?);
        }
        Ok(())
    }
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
            let mut entries = Vec::new();
            let read = read(text.as_bytes(), key, &mut entries);
            let found = read.ok().map(|next| (entries.len(), next));
            assert_eq!(found, expected.map(|(count, next)| (count, next.map(str::to_owned))), "{text}");
        }
    }
}
