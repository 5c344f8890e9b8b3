//! Published tokens that name an issuer, sent through the built auth module: by a host that verifies signatures, and by
//! one that does not.

use std::time::Duration;

use portcullis_suite::gateway::modules_folder;
use portcullis_suite::repository;
use portcullis_test_host::{Chain, Module, Request, SharedState, Vm};
use serde_json::{Value, json};

/// Before RFC 7515's examples expire, in March 2011.
const CLOCK: Duration = Duration::from_secs(1_300_819_000);

/// A gateway that knows the vector's key alone.
fn open(vector: &Value, verifies: bool) -> Chain {
    let algorithm = &vector["algorithm"];
    let (keys, secrets) = match vector["key"].get("k") {
        Some(secret) => (json!([]), json!([{ "secret": secret }])),
        None => (json!([vector["key"]]), json!([])),
    };
    let config = json!({
        "realm": "r",
        "apis": [{"name": "a", "operations": [{
            "key": "a GET /", "method": "GET", "path": "/",
            "rule": {"alternatives": [[{"scheme": "token"}]]},
        }]}],
        "schemes": {"token": {"type": "bearer", "issuers": ["joe"]}},
        "issuers": {"joe": {
            "issuer": "joe", "skew_seconds": 0, "algorithms": [algorithm], "keys": keys, "secrets": secrets,
            "consumer_claims": ["iss"], "scope_claims": [],
        }},
    });
    let path = modules_folder().join("auth.wasm");
    let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let module = Module::load(&bytes).expect("a module");
    let shared = SharedState::default();
    shared.set_clock(CLOCK);
    shared.set_verifies_signatures(verifies);
    let vm = Vm::start(&module, config.to_string().as_bytes(), &shared).expect("a good configuration");
    Chain::new(vec![vm])
}

fn send(gateway: &mut Chain, token: &str) -> u16 {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let exchange = gateway.request(&request);
    exchange.outcome.status().unwrap_or_else(|| panic!("no answer: {exchange:?}"))
}

#[test]
fn published_tokens_pass_and_no_change_of_one_does() {
    let text =
        std::fs::read_to_string(repository().join("tests/suite/vectors/jws.json")).expect("the vectors");
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let mut passed = 0;
    for vector in vectors["vectors"].as_array().expect("a list") {
        let token = vector["token"].as_str().expect("a text");
        let is_ours = ["RFC 7515, A.1", "RFC 7515, A.2", "RFC 7515, A.3"]
            .contains(&vector["name"].as_str().expect("a name"));
        if !is_ours {
            continue;
        }
        for verifies in [true, false] {
            let mut gateway = open(vector, verifies);
            assert_eq!(send(&mut gateway, token), 200, "{}", vector["name"]);
            // Where the host cannot verify, some of ECDSA's changes cost this host a second each.
            let step = if verifies { 1 } else { 29 };
            for at in (0..token.len()).step_by(step) {
                let mut changed = token.as_bytes().to_vec();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).expect("ASCII");
                assert_eq!(send(&mut gateway, &changed), 401, "{}: {at}: {changed}", vector["name"]);
            }
            assert_eq!(send(&mut gateway, token), 200, "{}, after the others", vector["name"]);
        }
        passed += 1;
    }
    assert_eq!(passed, 3);
}
