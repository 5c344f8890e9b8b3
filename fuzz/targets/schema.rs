//! The schema compiler and what it makes: a schema that is accepted judges any value, within bounds and twice the same, while it
//! is read and as a whole.
//! Input: a line with a schema, a line with a definition that it may refer to as `#/$defs/d`, then a value.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use portcullis_config::schema::{DialectConfig, DocumentConfig, SchemaConfig};
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use portcullis_schema::{SchemaPolicy, check_schema};
use serde_json::value::RawValue;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(3, '\n');
    let (Some(schema), Some(definition), Some(value)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    for dialect in [DialectConfig::Draft4, DialectConfig::Draft202012] {
        let (Ok(schema), Ok(definition)) = (raw(schema), raw(definition)) else { return };
        let definitions = BTreeMap::from([("d".to_owned(), definition)]);
        let document = DocumentConfig { dialect, definitions };
        let accepted = document.definitions.values().all(|one| check_schema(&document, one).is_ok());
        if accepted && check_schema(&document, &schema).is_ok() {
            judge(document, &schema, value);
        }
    }
});

fn raw(text: &str) -> Result<Box<RawValue>, serde_json::Error> {
    RawValue::from_string(text.to_owned())
}

fn judge(document: DocumentConfig, schema: &RawValue, value: &str) {
    let schema: Value = serde_json::from_str(schema.get()).expect("JSON");
    let config = json!({
        "max_violations": 5,
        "documents": { "d": document },
        "apis": [{ "name": "a", "operations": [
            { "key": "k", "method": "POST", "path": "/", "rule": { "document": "d", "body": {
                "max_bytes": 1_000_000, "content": [{ "range": "*/*", "format": "json", "schema": schema }] } } },
            { "key": "l", "method": "GET", "path": "/", "rule": { "document": "d", "parameters": [
                { "name": "p", "in": "query", "required": true, "schema": schema, "encoding": "json" }] } },
        ] }],
    });
    let config: SchemaConfig = serde_json::from_value(config).expect("a configuration");
    let policy = SchemaPolicy::compile(config).expect("a schema that was accepted");
    let mut request =
        Request::new(Headers::from_pairs([(":method", "POST"), (":path", "/")])).expect("a head");
    request.set_body(value.as_bytes().to_vec());
    let decision = policy.on_request(&request, &FakeEnv::new());
    assert_eq!(decision, policy.on_request(&request, &FakeEnv::new()));
    if let Decision::Reject(rejection) = &decision {
        let known = [(400, "request-invalid"), (422, "request-too-complex")];
        assert!(known.contains(&(rejection.status, rejection.code)), "{rejection:?}");
    }
    // A body is judged while it is read, a parameter as a value. An empty body is none.
    if value.is_empty() {
        return;
    }
    let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let target = format!("/?p={encoded}");
    let request =
        Request::new(Headers::from_pairs([(":method", "GET"), (":path", target.as_str())])).expect("a head");
    let by_value = policy.on_request(&request, &FakeEnv::new());
    let passes = |decision: &Decision| matches!(decision, Decision::Continue(_));
    assert_eq!(passes(&decision), passes(&by_value), "{decision:?} {by_value:?}");
}
