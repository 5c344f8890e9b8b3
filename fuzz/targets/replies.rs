//! Whatever a server replies about keys, tokens, users and what is revoked, and whatever a worker finds in the shared data: it
//! is read or refused, and lets nobody in that it does not vouch for.
//! Input: a digit that says who replies, and the reply's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::AuthPolicy;
use portcullis_config::auth::AuthConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Answer, CallReply, Decision, Env, Fetch, Headers, Learn, Policy, Request};
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    match kind {
        b'0' => fetched("keys.listed", body),
        b'1' => fetched("keys.discovered", body),
        b'2' => fetched("revoked", body),
        b'3' => shared(body),
        b'4' => asked("Bearer opaque", body, |said| said["active"] == json!(true)),
        _ => asked("Basic YTpi", body, Value::is_object),
    }
});

fn policy(store: Value) -> AuthPolicy {
    let remote = |path: &str| {
        json!({
            "service": "s", "authority": "s", "origin": "https://s", "path": path, "timeout_milliseconds": 1,
        })
    };
    let published = |discovery: bool| {
        json!({
            "issuer": "i", "algorithms": ["ES256", "RS256"], "skew_seconds": 0, "consumer_claims": ["sub"], "scope_claims": ["scope"],
            "published": { "remote": remote("/keys"), "discovery": discovery, "refresh_seconds": 1, "retry_seconds": 1 },
        })
    };
    let rule = json!({ "alternatives": [[{ "scheme": "t" }], [{ "scheme": "b" }]] });
    let config = json!({
        "realm": "r",
        "apis": [{ "name": "a", "operations": [{ "key": "o", "method": "GET", "path": "/", "rule": rule }] }],
        "schemes": { "t": { "type": "bearer", "issuers": ["server"] }, "b": { "type": "basic", "api": "a" } },
        "issuers": { "listed": published(false), "discovered": published(true) },
        "introspections": { "server": {
            "remote": remote("/introspect"), "client": { "method": "mtls", "id": "g" }, "consumer_claims": ["sub"], "scope_claims": ["scope"],
            "ceiling_seconds": 1, "negative_seconds": 1,
        } },
        "user_store": { "remote": remote("/verify"), "ceiling_seconds": 1, "negative_seconds": 1 },
        "revocation": { "remote": remote("/revoked"), "store": store, "interval_milliseconds": 1000 },
    });
    let config: AuthConfig = serde_json::from_value(config).expect("a configuration");
    AuthPolicy::compile(config).expect("a good one")
}

fn reply(body: &[u8]) -> Answer {
    let headers = Headers::from_pairs([(":status", "200"), ("etag", "1")]);
    let trailers = Headers::default();
    Answer::Replied(CallReply { status: 200, headers, body: body.to_vec().into(), trailers })
}

/// What one fetch brings can be learned.
fn fetched(source: &str, body: &[u8]) {
    for store in [json!("feed"), json!({ "etcd": { "prefix": "p/" } })] {
        let (policy, env) = (policy(store), FakeEnv::new());
        let mut step = policy.fetch(source, None, &env);
        for _ in 0..3 {
            let (text, replaces) = match step {
                Fetch::Call(_) => {
                    step = policy.fetch(source, Some(&reply(body)), &env);
                    continue;
                }
                Fetch::Replace(text) => (text, true),
                Fetch::Add(text) => (text, false),
                Fetch::Unchanged | Fetch::Failed(_) => return,
            };
            assert!(policy.learn(source, text, replaces, &env));
            break;
        }
    }
}

/// What a worker finds is a list whole, or none; and nobody gets in by it who has no token.
fn shared(input: &[u8]) {
    let (policy, env) = (policy(json!("feed")), FakeEnv::new());
    let cut = input.iter().position(|byte| *byte == b'|').unwrap_or(input.len());
    let (text, part) = input.split_at(cut);
    let part = part.get(1..).unwrap_or_default();
    for place in [0, 1] {
        env.shared_set(&format!("portcullis.revoked.{place}.0"), part, None).expect("it takes everything");
    }
    assert!(!policy.learn("revoked", text.to_vec(), false, &env), "there is nothing to add to");
    if policy.learn("revoked", text.to_vec(), true, &env) {
        let entries = u32::from_le_bytes(text[25..].try_into().expect("a manifest"));
        assert!(entries == 0 || part.len() == 8 + 16 * entries as usize, "a list with less than it says");
        policy.learn("revoked", part.to_vec(), false, &env);
    }
    policy.learn("keys.listed", text.to_vec(), true, &env);
}

fn asked(authorization: &str, body: &[u8], vouches: impl Fn(&Value) -> bool) {
    let (policy, env) = (policy(json!("feed")), FakeEnv::new());
    // A list with nothing in it: before there is one, nobody gets in.
    assert!(policy.learn("revoked", [&[7; 16][..], &[0; 13]].concat(), true, &env));
    let head = [(":method", "GET"), (":path", "/"), (":authority", "a"), ("authorization", authorization)];
    let request = Request::new(Headers::from_pairs(head)).expect("a request");
    let Decision::Ask(question) = policy.on_request(&request, &env) else { panic!("nothing is asked") };
    env.set_answer(question.topic(), reply(body));
    match policy.on_request(&request, &env) {
        Decision::Continue(_) => {
            let said = serde_json::from_slice(body).expect("who lets somebody in speaks JSON");
            assert!(vouches(&said));
        }
        Decision::Reject(_) => {}
        other => panic!("{other:?}"),
    }
}
