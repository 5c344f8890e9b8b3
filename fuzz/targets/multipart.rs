//! Multipart bodies with the boundary `B`: no body makes the reader panic, what it reads is JSON, and what it takes
//! has the names and values that multer finds.
//! Input: the body.
#![no_main]

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use libfuzzer_sys::fuzz_target;
use multer::Multipart;
use portcullis_config::schema::StyleConfig;
use portcullis_fuzz::{check, shape, strings};
use portcullis_schema::multipart::Parts;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let styles = [("csv".to_owned(), StyleConfig::PipeDelimited), ("o".to_owned(), StyleConfig::Form)];
    let parts = Parts { styles: styles.into(), ..Parts::default() };
    check(parts.read(body, "B", &shape()));
    if !is_for_multer(body) {
        return;
    }
    let Ok(members) = Parts::default().read(body, "B", &strings()) else { return };
    let members: BTreeMap<String, Value> = serde_json::from_str(&members.to_string()).expect("an object");
    let others = match futures_executor::block_on(read(body)) {
        Ok(others) => others,
        // It takes 32 header fields for a part.
        Err(multer::Error::ReadHeaderFailed(httparse::Error::TooManyHeaders)) => return,
        Err(error) => panic!("multer: {error}"),
    };
    assert!(members.keys().eq(others.keys()), "{members:?} {others:?}");
    for (value, parts) in members.values().zip(others.values()) {
        let is_same = match value {
            Value::Array(items) if parts.len() > 1 => {
                items.len() == parts.len() && items.iter().zip(parts).all(|(item, part)| is_same(item, part))
            }
            value => parts.len() == 1 && is_same(value, &parts[0]),
        };
        assert!(is_same, "{value} {parts:?}");
    }
});

/// It compares the names of parameters as they are written, and takes no control characters in headers.
fn is_for_multer(body: &[u8]) -> bool {
    let names = |text: &str| text.matches("name").count();
    let text = String::from_utf8_lossy(body);
    names(&text) == names(&text.to_ascii_lowercase())
        && !body.iter().any(|byte| byte.is_ascii_control() && !b"\t\r\n".contains(byte))
}

async fn read(body: &[u8]) -> Result<BTreeMap<String, Vec<Bytes>>, multer::Error> {
    let body = Bytes::copy_from_slice(body);
    let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), "B");
    let mut others = BTreeMap::<_, Vec<_>>::new();
    while let Some(part) = parts.next_field().await? {
        let name = part.name().expect("a part that is taken has a name").to_owned();
        others.entry(name).or_default().push(part.bytes().await?);
    }
    Ok(others)
}

/// A text has the bytes, or a character for each of a file's; what is a JSON document is not looked into.
fn is_same(value: &Value, part: &[u8]) -> bool {
    match value {
        Value::String(text) => {
            text.as_bytes() == part || text.chars().eq(part.iter().map(|byte| char::from(*byte)))
        }
        value => serde_json::from_slice::<Value>(part).is_ok_and(|part| part == *value),
    }
}
