//! A key set (RFC 7517) makes an issuer or is refused, and whatever its keys are, an empty signature is none of theirs.
//! Input: the members of a JWK Set's `keys` as a JSON array.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::AuthPolicy;
use portcullis_config::auth::{AuthConfig, IssuerConfig};
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use serde_json::{Value, json};

const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/// `{"alg":"RS256"}` and `{"iss":"i","sub":"s","exp":99999999999}`, unsigned.
const TOKEN: &str = "Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpIiwic3ViIjoicyIsImV4cCI6OTk5OTk5OTk5OTl9.";

fuzz_target!(|input: &[u8]| {
    let Ok(keys) = serde_json::from_slice::<Vec<Value>>(input) else { return };
    let issuer = IssuerConfig {
        issuer: "i".to_owned(),
        algorithms: ALGORITHMS.map(str::to_owned).to_vec(),
        keys,
        consumer_claims: vec!["sub".to_owned()],
        ..IssuerConfig::default()
    };
    let config = json!({
        "realm": "r",
        "apis": [{"name": "a", "operations": [{
            "key": "o", "method": "GET", "path": "/", "rule": {"alternatives": [[{"scheme": "t"}]]},
        }]}],
        "schemes": {"t": {"type": "bearer", "issuers": ["i"]}},
        "issuers": {"i": issuer},
    });
    let config: AuthConfig = serde_json::from_value(config).expect("a configuration");
    let Ok(policy) = AuthPolicy::compile(config) else { return };
    let head = [(":method", "GET"), (":path", "/"), (":authority", "a"), ("authorization", TOKEN)];
    let request = Request::new(Headers::from_pairs(head)).expect("a request");
    assert!(matches!(policy.on_request(&request, &FakeEnv::new()), Decision::Reject(_)));
});
