//! A list of what is revoked as keys in etcd (JSON gateway of its API, v3): `PREFIX/jti/ID`, `PREFIX/token/SHA256`,
//! `PREFIX/sub/NAME`, `PREFIX/iss/URL`; anything else after the prefix is a `jti`. The value is empty, the second at
//! which the entry ends, or `{"until": …, "before": …}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::feed::{Item, digest_entry, seconds};
use crate::revoked::{Entry, HashKey, Mark};

/// Keys in one reply.
const PAGE: u32 = 10_000;

/// What a page leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The revision it is of.
    pub(crate) revision: u64,
    /// The key that the next page begins with.
    pub(crate) next: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Reply {
    header: Header,
    #[serde(default)]
    kvs: Vec<KeyValue>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct Header {
    revision: String,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
}

/// A range request: all keys, or those changed since a revision; from a key on, as of a revision.
pub(crate) fn range(prefix: &str, from: Option<&[u8]>, since: Option<u64>, at: Option<u64>) -> String {
    let mut body = json!({
        "key": STANDARD.encode(from.unwrap_or(prefix.as_bytes())),
        "range_end": STANDARD.encode(end_of(prefix.as_bytes())),
        "limit": PAGE,
    });
    if let Some(body) = body.as_object_mut() {
        // Numbers of 64 bits are texts in protobuf's JSON.
        body.extend(since.map(|revision| ("min_mod_revision".to_owned(), json!(revision.to_string()))));
        body.extend(at.map(|revision| ("revision".to_owned(), json!(revision.to_string()))));
    }
    body.to_string()
}

/// Reads a page.
pub(crate) fn read(
    text: &[u8],
    prefix: &str,
    key: HashKey,
    entries: &mut Vec<Entry>,
) -> Result<Page, String> {
    let reply: Reply = serde_json::from_slice(text).map_err(|_| "the reply is not etcd's")?;
    let revision = reply.header.revision.parse().map_err(|_| "the reply has no revision")?;
    let mut last = None;
    for pair in reply.kvs {
        let name = STANDARD.decode(&pair.key).map_err(|_| "a key is not base64")?;
        let value = STANDARD.decode(&pair.value).map_err(|_| "a value is not base64")?;
        entries.push(entry(&name, &value, prefix, key)?);
        last = Some(name);
    }
    let next = last.filter(|_| reply.more).map(|mut name| {
        name.push(0);
        name
    });
    Ok(Page { revision, next })
}

fn entry(name: &[u8], value: &[u8], prefix: &str, key: HashKey) -> Result<Entry, String> {
    let name = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix(prefix));
    let name = name.ok_or("a key is not text under the prefix")?.trim_start_matches('/');
    let (until, before) = ends(value).ok_or("a value is no end of an entry")?;
    let mark = match name.split_once('/') {
        Some(("jti", id)) => Mark::Id(id),
        Some(("token", digest)) => {
            let entry = digest_entry(digest, until, before, key);
            return entry.ok_or_else(|| "a key under token/ is no SHA-256 in hex".to_owned());
        }
        Some(("sub", subject)) => Mark::Subject(subject),
        Some(("iss", issuer)) => Mark::Issuer(issuer),
        _ => Mark::Id(name),
    };
    Ok(key.entry(mark, until, before))
}

fn ends(value: &[u8]) -> Option<(u32, u32)> {
    let value = std::str::from_utf8(value).ok()?.trim();
    if value.is_empty() {
        return Some((u32::MAX, u32::MAX));
    }
    if let Ok(until) = value.parse() {
        return Some((seconds(Some(until)), u32::MAX));
    }
    let item: Item<'_> = serde_json::from_str(value).ok()?;
    Some((seconds(item.until), seconds(item.before)))
}

/// The first key behind all that begin with the prefix; a single zero byte means: to the end of all keys.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX).map_or(0, |at| at + 1);
    let mut end = prefix.get(..kept).unwrap_or_default().to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(0),
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revoked::Revoked;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn keys_and_values_of_every_kind_are_read() {
        let key = HashKey::random().unwrap();
        let pairs = [
            ("revoked/jti/a", ""),
            ("revoked/b", "100"),
            ("revoked/sub/ada/x", r#"{"before": 50}"#),
            ("revoked/iss/https://idp.example", r#"{"before": 70, "until": 90}"#),
        ];
        let kvs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| json!({ "key": STANDARD.encode(name), "value": STANDARD.encode(value) }))
            .collect();
        let reply = json!({ "header": { "revision": "7" }, "kvs": kvs, "more": true, "count": "9" });
        let mut entries = Vec::new();
        let page = read(reply.to_string().as_bytes(), "revoked/", key, &mut entries).unwrap();
        assert_eq!(page, Page { revision: 7, next: Some(b"revoked/iss/https://idp.example\0".to_vec()) });
        let revoked = Revoked::default();
        revoked.learn(crate::revoked::image(key, &entries, 10), true);
        for (mark, issued, now, expected) in [
            (Mark::Id("a"), 0, 1000, true),
            (Mark::Id("b"), 0, 99, true),
            (Mark::Id("b"), 0, 100, false),
            (Mark::Subject("ada/x"), 49, 1000, true),
            (Mark::Issuer("https://idp.example"), 69, 89, true),
            (Mark::Issuer("https://idp.example"), 70, 89, false),
        ] {
            assert_eq!(revoked.is_revoked(mark, issued, now), expected, "{mark:?}");
        }
        for broken in
            ["", "{}", r#"{"header":{"revision":"x"}}"#, r#"{"header":{"revision":"1"},"kvs":[{"key":"!"}]}"#]
        {
            assert!(read(broken.as_bytes(), "revoked/", key, &mut Vec::new()).is_err(), "{broken}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_range_ends_behind_its_prefix() {
        assert_eq!(end_of(b"revoked/"), b"revoked0");
        assert_eq!(end_of(b"a\xff"), b"b");
        assert_eq!(end_of(b"\xff"), [0]);
        let body = range("p", Some(b"p/x"), Some(8), Some(9));
        assert_eq!(
            body,
            r#"{"key":"cC94","limit":10000,"min_mod_revision":"8","range_end":"cQ==","revision":"9"}"#
        );
    }
}
