//! A list of what is revoked as keys in etcd (JSON gateway of its API, v3): `PREFIX/jti/ID`, `PREFIX/token/SHA256`,
//! `PREFIX/sub/NAME`, `PREFIX/iss/URL`; anything else after the prefix is a `jti`. The value is empty, the second at
//! which the entry ends, or `{"until": …, "before": …}`.

use std::borrow::Cow;
use std::io::BufRead;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::document::{self, Member};
use super::feed::{Item, digest_entry, seconds};
use crate::revoked::{Entry, HashKey, Mark};

/// Keys in one reply.
const PAGE: u32 = 10_000;

/// What a page leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The revision it is of.
    pub(super) revision: u64,
    /// The key that the next page begins with.
    pub(super) next: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Header {
    revision: String,
}

#[derive(Deserialize)]
struct KeyValue<'k> {
    #[serde(borrow)]
    key: Cow<'k, str>,
    #[serde(borrow, default)]
    value: Cow<'k, str>,
}

/// A range request: all keys, or those changed since a revision; from a key on, as of a revision.
pub(super) fn range(prefix: &str, from: Option<&[u8]>, since: Option<u64>, at: Option<u64>) -> String {
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

/// Reads a page, and hands its entries over.
pub(super) fn read(
    text: impl BufRead,
    prefix: &str,
    key: HashKey,
    take: &mut dyn FnMut(Entry) -> bool,
) -> Result<Page, String> {
    let (mut revision, mut has_more, mut last) = (None, false, Vec::new());
    let mut wrong = "the reply is not etcd's";
    let read = document::read(text, "kvs", &mut |member| match member {
        Member::Element(text) => {
            let pair: KeyValue<'_> = serde_json::from_slice(text).ok()?;
            let (name, entry) = read_pair(&pair, prefix, key).map_err(|cause| wrong = cause).ok()?;
            last = name;
            take(entry).then_some(())
        }
        Member::Other("header", text) => {
            let header: Header = serde_json::from_slice(text).ok()?;
            revision = Some(header.revision.parse().ok()?);
            Some(())
        }
        Member::Other("more", text) => {
            has_more = serde_json::from_slice(text).ok()?;
            Some(())
        }
        Member::Other(_, text) => serde_json::from_slice::<IgnoredAny>(text).ok().map(drop),
    });
    read.map_err(|_| wrong)?;
    let revision = revision.ok_or("the reply has no revision")?;
    last.push(0);
    // Behind the last key; a page without keys leads nowhere.
    Ok(Page { revision, next: Some(last).filter(|last| has_more && last.len() > 1) })
}

fn read_pair(pair: &KeyValue<'_>, prefix: &str, key: HashKey) -> Result<(Vec<u8>, Entry), &'static str> {
    let name = STANDARD.decode(&*pair.key).map_err(|_| "a key is not base64")?;
    let value = STANDARD.decode(&*pair.value).map_err(|_| "a value is not base64")?;
    let entry = entry(&name, &value, prefix, key)?;
    Ok((name, entry))
}

fn entry(name: &[u8], value: &[u8], prefix: &str, key: HashKey) -> Result<Entry, &'static str> {
    let name = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix(prefix));
    let name = name.ok_or("a key is not text under the prefix")?.trim_start_matches('/');
    let (until, before) = ends(value).ok_or("a value is no end of an entry")?;
    let mark = match name.split_once('/') {
        Some(("jti", id)) => Mark::Id(id),
        Some(("token", digest)) => {
            return digest_entry(digest, until, before, key).ok_or("a key under token/ is no SHA-256 in hex");
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
        let mut revoked = Vec::new();
        let page = read(reply.to_string().as_bytes(), "revoked/", key, &mut |entry| {
            revoked.push(entry);
            true
        });
        let next = Some(b"revoked/iss/https://idp.example\0".to_vec());
        assert_eq!(page, Ok(Page { revision: 7, next }));
        let expected = [
            key.entry(Mark::Id("a"), u32::MAX, u32::MAX),
            key.entry(Mark::Id("b"), 100, u32::MAX),
            key.entry(Mark::Subject("ada/x"), u32::MAX, 50),
            key.entry(Mark::Issuer("https://idp.example"), 90, 70),
        ];
        assert_eq!(revoked, expected);
        for broken in [
            "",
            "{}",
            r#"{"header":{"revision":"x"}}"#,
            r#"{"header":{"revision":"1"},"kvs":[{"key":"!"}]}"#,
            r#"{"header":{"revision":"1"}} x"#,
        ] {
            assert!(read(broken.as_bytes(), "revoked/", key, &mut |_| true).is_err(), "{broken}");
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
