//! Published tokens that name an issuer, sent through the built auth module: by a host that verifies signatures, and by
//! one that does not.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use portcullis_suite::gateway::modules_folder;
use portcullis_suite::repository;
use portcullis_test_host::{Chain, Module, Outcome, Request, SharedState, Vm};
use serde_json::{Value, json};

/// Before RFC 7515's examples expire, in March 2011.
const CLOCK: Duration = Duration::from_secs(1_300_819_000);

/// The built auth module.
fn module() -> Module {
    let path = modules_folder().join("auth.wasm");
    let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    Module::load(&bytes).expect("a module")
}

/// A gateway that knows the vector's key alone; `None` when the module refuses that.
fn open(module: &Module, vector: &Value, verifies: bool) -> Option<Chain> {
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
    let shared = SharedState::default();
    shared.set_clock(CLOCK);
    shared.set_verifies_signatures(verifies);
    Vm::start(module, config.to_string().as_bytes(), &shared).ok().map(|vm| Chain::new(vec![vm]))
}

fn vectors() -> Vec<Value> {
    let text =
        std::fs::read_to_string(repository().join("tests/suite/vectors/jws.json")).expect("the vectors");
    let mut vectors: Value = serde_json::from_str(&text).expect("JSON");
    vectors["vectors"].as_array_mut().map(std::mem::take).expect("a list")
}

fn send(gateway: &mut Chain, token: &str) -> u16 {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let exchange = gateway.request(&request);
    exchange.outcome.status().unwrap_or_else(|| panic!("no answer: {exchange:?}"))
}

#[test]
fn published_tokens_pass_and_no_change_of_one_does() {
    let (module, mut passed) = (module(), 0);
    for vector in &vectors() {
        let token = vector["token"].as_str().expect("a text");
        let is_ours = ["RFC 7515, A.1", "RFC 7515, A.2", "RFC 7515, A.3"]
            .contains(&vector["name"].as_str().expect("a name"));
        if !is_ours {
            continue;
        }
        for verifies in [true, false] {
            let mut gateway = open(&module, vector, verifies).expect("a good configuration");
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

/// Most published vectors sign a text, or claims of nobody. The gateway says so, whether or not it has a host that verifies,
/// and never lets one pass; their signatures are judged by the same code in the crate's own tests.
#[test]
fn every_published_token_is_taken_for_what_it_is() {
    let (module, mut seen) = (module(), BTreeMap::<&str, usize>::new());
    for vector in &vectors() {
        let (name, token) = (&vector["name"], vector["token"].as_str().expect("a text"));
        for verifies in [true, false] {
            let outcome = match open(&module, vector, verifies) {
                // No issuer can have such a key or algorithm.
                None if vector.get("refused").is_some() => "no such issuer",
                None => panic!("{name}: the module refuses its configuration"),
                Some(mut gateway) => outcome(&mut gateway, token),
            };
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("a payload"));
            let claims = serde_json::from_slice::<Value>(&payload.expect("base64url")).unwrap_or_default();
            let expected = match (&claims, claims.get("iss")) {
                _ if vector.get("refused").is_some() => "no such issuer",
                (Value::Object(_), Some(_)) => "passes",
                (Value::Object(_), None) => "token-claim-missing",
                _ => "token-malformed",
            };
            assert_eq!(outcome, expected, "{name}");
            *seen.entry(expected).or_default() += 1;
        }
    }
    assert!(seen.len() == 4 && seen.values().sum::<usize>() > 40, "{seen:?}");
}

fn outcome(gateway: &mut Chain, token: &str) -> &'static str {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let exchange = gateway.request(&request);
    let Outcome::LocalReply { reply, .. } = &exchange.outcome else { return "passes" };
    let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match problem["code"].as_str() {
        Some("token-malformed") => "token-malformed",
        Some("token-claim-missing") => "token-claim-missing",
        _ => "another refusal",
    }
}
