//! URL-encoded bodies: no body makes the reader panic, what it reads is JSON, and what it takes has the names and
//! values that the URL Standard's parser gives.
//! Input: the body.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use portcullis_config::schema::StyleConfig;
use portcullis_fuzz::{check, shape, strings};
use portcullis_schema::form::{self, Encodings};

fuzz_target!(|body: &[u8]| {
    check(form::read(body, &shape(), &[("csv".to_owned(), (StyleConfig::Form, false))].into()));
    let Ok(members) = form::read(body, &strings(), &Encodings::new()) else { return };
    let mut others = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(body) {
        others.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let others: serde_json::Map<_, _> = others
        .into_iter()
        .map(|(name, values)| {
            (name, if let [value] = &values[..] { value.clone().into() } else { values.into() })
        })
        .collect();
    assert_eq!(members.to_string(), serde_json::Value::Object(others).to_string());
});
