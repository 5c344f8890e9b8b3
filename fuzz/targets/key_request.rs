//! What a user asks of a key is read or refused: a key that is given is for no longer than it may, and says from where it may be
//! used what was asked, and nothing else.
//! Input: the body of the request.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use portcullis_auth::AuthPolicy;
use portcullis_config::auth::AuthConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use serde_json::{Value, json};

const MAX_SECONDS: i64 = 3600;
/// The key's password is secret.
const PASSWORD: &str =
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

// The password is hashed once, and then remembered.
thread_local!(static POLICY: AuthPolicy = policy());

fuzz_target!(|body: &[u8]| {
    let head = [
        (":method", "POST"),
        (":path", "/apikey"),
        (":authority", "a"),
        ("authorization", "Basic YWRhOnNlY3JldA=="),
    ];
    let mut request = Request::new(Headers::from_pairs(head)).expect("a request");
    request.set_body(body.to_vec());
    match POLICY.with(|policy| policy.on_request(&request, &FakeEnv::new())) {
        Decision::Respond(reply) => given(body, &reply.body),
        Decision::Reject(rejection) => {
            assert_eq!((rejection.status, rejection.code.as_ref()), (400, "request-invalid"));
        }
        other => panic!("{other:?}"),
    }
});

/// The key says what the body does.
fn given(body: &[u8], key: &[u8]) {
    let claims = key.split(|byte| *byte == b'.').nth(1).expect("a signed key");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("claims");
    let asked: Value = match body.trim_ascii() {
        b"" => json!({}),
        text => serde_json::from_slice(text).expect("who gets a key speaks JSON"),
    };
    let known = ["validityTime", "permittedIP", "permittedReferer"];
    let members = asked.as_object().expect("an object");
    assert!(members.keys().all(|name| known.contains(&name.as_str())));
    for name in ["permittedIP", "permittedReferer"] {
        let text = |value: &Value| value[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(text(&claims), text(&asked));
    }
    let lives = claims["exp"].as_i64().expect("an end") - claims["iat"].as_i64().expect("a beginning");
    let validity = &asked["validityTime"];
    let wanted = validity.as_i64().or_else(|| validity.as_str()?.parse().ok()).filter(|seconds| *seconds > 0);
    assert_eq!(lives, wanted.unwrap_or(MAX_SECONDS).min(MAX_SECONDS));
}

fn policy() -> AuthPolicy {
    let rule = json!({ "alternatives": [[{ "scheme": "b" }]], "issues_keys": true });
    let config = json!({
        "realm": "r",
        "apis": [{ "name": "a", "operations": [{ "key": "o", "method": "POST", "path": "/apikey", "rule": rule }] }],
        "schemes": { "b": { "type": "basic" } },
        "users": [{ "name": "ada", "password": PASSWORD }],
        "key_service": {
            "issuer": "g", "audiences": ["g"], "algorithm": "ES256", "key_id": "k", "key": URL_SAFE_NO_PAD.encode([7; 32]),
            "max_seconds": MAX_SECONDS, "apis": ["a"], "per_minute": u32::MAX,
        },
    });
    let config: AuthConfig = serde_json::from_value(config).expect("a configuration");
    AuthPolicy::compile(config).expect("a good one")
}
