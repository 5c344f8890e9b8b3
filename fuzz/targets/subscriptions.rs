//! Whatever a server says about applications and what they have subscribed to: it is read whole or refused, and lets in whom it
//! names and nobody else.
//! Input: the document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::AuthPolicy;
use portcullis_config::auth::AuthConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Answer, CallReply, Decision, Fetch, Headers, Learn, Policy, Request};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

const SOURCE: &str = "subscriptions";
/// SHA-256 of `k-reader` and `k-writer`: keys of the consumer `c`, and of the application `n` besides.
const ALONE: &str = "395d4a6f304809c8f0de3c9c46ed6fc831faf84dc0e0e8e3505a8c0095ea6916";
const NAMED: &str = "c8692da0333b9845aaf20eb4bef8ca439e56e5aad7a3dc590186ad6756132632";

fuzz_target!(|document: &[u8]| {
    let (policy, env) = (policy(), FakeEnv::new());
    let is_known = fetch(&policy, document, &env);
    let said: Option<Value> = serde_json::from_slice(document).ok().filter(|_| is_known);
    if is_known {
        let text = std::str::from_utf8(document).expect("what is learned is UTF-8");
        serde_json::from_str::<IgnoredAny>(text).expect("what is learned is JSON");
        // A tree holds no half of a surrogate pair and is only so deep; members that are passed over may be either.
        if said.is_none() {
            return;
        }
    }
    for (key, name) in [("k-reader", None), ("k-writer", Some("n"))] {
        let head = [(":method", "GET"), (":path", "/"), (":authority", "a"), ("key", key)];
        let request = Request::new(Headers::from_pairs(head)).expect("a request");
        let passes = match policy.on_request(&request, &env) {
            Decision::Continue(_) => true,
            Decision::Reject(_) => false,
            // Nothing is known yet.
            Decision::Ask(_) => false,
            other => panic!("{other:?}"),
        };
        let expected = said.as_ref().is_some_and(|said| is_subscribed(said, name));
        assert_eq!(passes, expected, "{key}");
    }
});

/// As anybody reads the document: the application of the credential's name, else the consumer's, and its first subscription to
/// the API; and the API must not be blocked.
fn is_subscribed(said: &Value, name: Option<&str>) -> bool {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let applications = list(said, "applications");
    let named = applications.iter().find(|one| name.is_some() && one["name"].as_str() == name);
    let application =
        named.or_else(|| applications.iter().find(|one| list(one, "consumers").contains(&json!("c"))));
    let is_this = |one: &Value, name: &str| {
        one[name] == "a" && (one["version"].is_null() || one["version"] == "*" || one["version"] == "1")
    };
    let subscriptions = application.map(|one| list(one, "subscriptions")).unwrap_or_default();
    let subscription = subscriptions.iter().find(|one| is_this(one, "api"));
    let is_active = |one: &Value| {
        one.get("state")
            .is_none_or(|state| [json!("active"), json!("UNBLOCKED"), json!("ACTIVE")].contains(state))
    };
    let is_blocked =
        |one: &Value| is_this(one, "name") && [json!("blocked"), json!("BLOCKED")].contains(&one["state"]);
    subscription.is_some_and(is_active) && !list(said, "apis").iter().any(is_blocked)
}

/// Whether a fetch of a document in one page ends well.
fn fetch(policy: &AuthPolicy, document: &[u8], env: &FakeEnv) -> bool {
    let reply = || {
        let headers = Headers::from_pairs([(":status", "200")]);
        Answer::Replied(CallReply {
            status: 200,
            headers,
            body: document.to_vec().into(),
            trailers: Headers::default(),
        })
    };
    assert!(matches!(policy.fetch(SOURCE, None, env), Fetch::Call(_)));
    match policy.fetch(SOURCE, Some(&reply()), env) {
        Fetch::Replace(text) => {
            assert!(policy.learn(SOURCE, text, true, env));
            true
        }
        Fetch::Failed(_) | Fetch::Call(_) => false,
        other => panic!("{other:?}"),
    }
}

fn policy() -> AuthPolicy {
    let api = json!({ "api": "a", "version": "1" });
    let rule = json!({ "alternatives": [[{ "scheme": "k" }]], "subscribed": api, "fed": api });
    let config = json!({
        "realm": "r",
        "apis": [{ "name": "a", "operations": [{ "key": "o", "method": "GET", "path": "/", "rule": rule }] }],
        "schemes": { "k": { "type": "api-key", "in": "header", "name": "key", "api": "a" } },
        "api_keys": [
            { "sha256": ALONE, "consumer": "c" },
            { "sha256": NAMED, "consumer": "c", "account": { "application": "n" } },
        ],
        "subscription_feed": {
            "interval_milliseconds": 1000,
            "remote": { "service": "s", "authority": "s", "origin": "https://s", "path": "/", "timeout_milliseconds": 1 },
        },
    });
    let config: AuthConfig = serde_json::from_value(config).expect("a configuration");
    AuthPolicy::compile(config).expect("a good one")
}
