//! What a list of a million revoked tokens costs a request, in instructions of the built auth module: the same on every
//! machine. `cargo test -p portcullis-suite --test revoked -- --nocapture` prints it.

use std::fmt::Write;

use jwt_simple::prelude::*;
use portcullis_suite::gateway::modules_folder;
use portcullis_test_host::{Chain, Message, Module, Request, SharedState, Vm};
use serde_json::{Value, json};

const ENTRIES: usize = 1_000_000;
const PAGE: usize = 100_000;
/// V8 takes sixteen microseconds for 68,000 (`docs/performance.md`).
const MICROSECOND: u64 = 4_250;
/// For a token that is known: what is looked at is whether the list is another.
const KNOWN: u64 = 400;
/// Ten minutes after the host's clock starts.
const EXP: u64 = 1_767_226_200;

fn config(jwk: &Value, entries: usize) -> Value {
    let revocation = json!({
        "store": "feed",
        "remote": { "service": "feed", "authority": "feed", "origin": "http://feed", "path": "/0", "timeout_milliseconds": 1000 },
        "interval_milliseconds": 1000,
    });
    json!({
        "realm": "r",
        "apis": [{"name": "a", "operations": [{
            "key": "a GET /", "method": "GET", "path": "/", "rule": {"alternatives": [[{"scheme": "token"}]]},
        }]}],
        "schemes": {"token": {"type": "bearer", "issuers": ["main"]}},
        "issuers": {"main": {
            "issuer": "https://issuer.test", "skew_seconds": 0, "keys": [jwk], "algorithms": ["ES256"],
            "consumer_claims": ["sub"], "scope_claims": [],
        }},
        "revocation": if entries == 0 { Value::Null } else { revocation },
    })
}

/// A page of a list of tokens that nobody has.
fn page(number: usize, entries: usize) -> String {
    let mut page = String::from(r#"{"revoked":["#);
    let from = number * PAGE;
    for entry in from..(from + PAGE).min(entries) {
        let comma = if entry == from { "" } else { "," };
        write!(page, r#"{comma}{{"jti":"b7c9f1c6-4f60-4d0c-9c31-{entry:012}"}}"#).expect("a text");
    }
    page.push(']');
    if from + PAGE < entries {
        write!(page, r#","next":"/{}""#, number + 1).expect("a text");
    }
    page + "}"
}

/// A gateway whose list has so many entries, which it has learned; none stands for no list at all.
fn open(jwk: &Value, entries: usize) -> Chain {
    let path = modules_folder().join("auth.wasm");
    let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let module = Module::load(&bytes).expect("a module");
    let shared = SharedState::default();
    shared.set_verifies_signatures(true);
    shared.serve(move |call| {
        let path = String::from_utf8_lossy(call.headers.get(":path").expect("a path")).into_owned();
        let number = path.trim_start_matches('/').parse().expect("a number");
        Some(Message::response(200, page(number, entries)))
    });
    let config = config(jwk, entries).to_string();
    let mut vm = Vm::start(&module, config.as_bytes(), &shared).expect("a good configuration");
    vm.settle().unwrap_or_else(|trap| panic!("{trap}"));
    Chain::new(vec![vm])
}

/// Instructions of the first and the second request with a token.
fn cost(gateway: &mut Chain, token: &str) -> [u64; 2] {
    [(); 2].map(|()| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let exchange = gateway.request(&request);
        assert_eq!(exchange.outcome.status(), Some(200), "{exchange:?}");
        exchange.work[0].fuel
    })
}

#[test]
fn a_million_entries_cost_a_request_less_than_a_microsecond() {
    let key = ES256KeyPair::from_bytes(&[7; 32]).expect("a key").with_key_id("key");
    let mut jwk: Value = serde_json::from_str(&key.public_key().to_jwk()).expect("a JWK");
    jwk["kid"] = json!("key");
    let token = |id: &str| {
        let mut claims = Claims::create(Duration::from_secs(1)).with_issuer("https://issuer.test");
        claims.expires_at = Some(UnixTimeStamp::from_secs(EXP));
        (claims.issued_at, claims.invalid_before) = (None, None);
        key.sign(claims.with_subject("ada").with_jwt_id(id)).expect("it is signed")
    };
    let mut costs = Vec::new();
    for entries in [0, 1, ENTRIES] {
        let mut gateway = open(&jwk, entries);
        // The first request of all warms up what is made once.
        cost(&mut gateway, &token("first"));
        let seen = cost(&mut gateway, &token("b7c9f1c6-4f60-4d0c-9c31-x"));
        println!("{entries} entries: {} instructions for a new token, {} for a known one", seen[0], seen[1]);
        costs.push(seen);
        if entries == ENTRIES {
            let request = Request::get("/")
                .header("authorization", format!("Bearer {}", token("b7c9f1c6-4f60-4d0c-9c31-000000999999")));
            assert_eq!(gateway.request(&request).outcome.status(), Some(401), "the list is whole");
        }
    }
    let [none, _, million] = costs.as_slice() else { panic!("three of them") };
    assert!(million[1] <= none[1] + KNOWN, "a known token: {million:?} after {none:?}");
    assert!(million[0] <= none[0] + MICROSECOND, "a new token: {million:?} after {none:?}");
}
