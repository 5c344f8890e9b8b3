//! Whatever a server replies about keys, tokens, users and what is revoked, and whatever a worker finds in the shared data: it
//! is read or refused, and lets nobody in that it does not vouch for.
//! Input: a digit that says who replies, and the reply's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::AuthPolicy;
use portcullis_config::auth::AuthConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Answer, CallReply, Decision, Fetch, Headers, Learn, Policy, Request};
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    match kind {
        b'0' => fetched("keys.listed", body),
        b'1' => fetched("keys.discovered", body),
        b'2' => fetched("revoked", body),
        b'3' => {
            let policy = policy(json!("feed"));
            policy.learn("revoked", body.to_vec(), true);
            policy.learn("revoked", body.to_vec(), false);
            policy.learn("keys.listed", body.to_vec(), true);
        }
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
    let policy = AuthPolicy::compile(config).expect("a good one");
    // A list with nothing in it: key, number of slots, kinds, one empty slot. Before there is one, nobody gets in.
    policy.learn("revoked", [&[7; 16][..], &[1, 0, 0, 0], &[0], &[0; 12]].concat(), true);
    policy
}

fn reply(body: &[u8]) -> Answer {
    let headers = Headers::from_pairs([(":status", "200"), ("etag", "1")]);
    Answer::Replied(CallReply { status: 200, headers, body: body.to_vec(), trailers: Headers::default() })
}

/// What one fetch brings can be learned.
fn fetched(source: &str, body: &[u8]) {
    for store in [json!("feed"), json!({ "etcd": { "prefix": "p/" } })] {
        let (policy, env) = (policy(store), FakeEnv::new());
        let mut step = policy.fetch(source, None, &env);
        for _ in 0..3 {
            match step {
                Fetch::Call(_) => step = policy.fetch(source, Some(&reply(body)), &env),
                Fetch::Replace(text) => return policy.learn(source, text, true),
                Fetch::Add(text) => return policy.learn(source, text, false),
                Fetch::Unchanged | Fetch::Failed(_) => return,
            }
        }
    }
}

fn asked(authorization: &str, body: &[u8], vouches: impl Fn(&Value) -> bool) {
    let (policy, env) = (policy(json!("feed")), FakeEnv::new());
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
