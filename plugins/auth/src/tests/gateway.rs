//! A gateway with one operation for each kind of requirement.

use portcullis_config::auth::AuthConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Edits, Headers, Policy, Rejection, Request};
use serde_json::{Value, json};

use super::signer::{jwks, secret};
use crate::AuthPolicy;

/// Names and values.
pub(crate) type Pairs<'p> = &'p [(&'p str, &'p str)];

/// SHA-256 of `k-reader`, `k-writer` and `k-elsewhere`.
const READER: &str = "395d4a6f304809c8f0de3c9c46ed6fc831faf84dc0e0e8e3505a8c0095ea6916";
const WRITER: &str = "c8692da0333b9845aaf20eb4bef8ca439e56e5aad7a3dc590186ad6756132632";
const ELSEWHERE: &str = "2117e136baedf4167625dc1f523f4cf9a997f247413485f4c88f7281f1ffe259";
/// `secret`.
const PASSWORD: &str =
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

/// The configuration, in the compiler's words.
pub(crate) fn config() -> Value {
    let operation = |path: &str, alternatives: Value| {
        let rule = json!({"alternatives": alternatives, "keep_credential": path == "/kept"});
        json!({"key": format!("shop GET {path}"), "method": "GET", "path": path, "rule": rule})
    };
    let needs = |scheme: &str| json!({"scheme": scheme});
    let scoped = |scheme: &str, scope: &str| json!({"scheme": scheme, "scopes": [scope]});
    json!({
        "realm": "shop",
        "apis": [{"name": "shop", "operations": [
            operation("/open", json!([])),
            operation("/key", json!([[needs("header")]])),
            operation("/kept", json!([[needs("header")]])),
            operation("/query", json!([[needs("query")]])),
            operation("/cookie", json!([[needs("cookie")]])),
            operation("/basic", json!([[needs("basic")]])),
            operation("/token", json!([[needs("token")]])),
            operation("/write", json!([[scoped("token", "write")], [scoped("header", "write")]])),
            operation("/either", json!([[needs("header")], [needs("token")], [needs("basic")]])),
            operation("/both", json!([[needs("token"), needs("header")]])),
            operation("/optional", json!([[], [needs("header")]])),
            operation("/strict", json!([[needs("strict")]])),
        ]}],
        "schemes": {
            "header": {"type": "api-key", "in": "header", "name": "X-Api-Key", "api": "shop"},
            "query": {"type": "api-key", "in": "query", "name": "api key", "api": "shop"},
            "cookie": {"type": "api-key", "in": "cookie", "name": "sid", "api": "shop"},
            "basic": {"type": "basic", "api": "shop"},
            "token": {"type": "bearer", "issuers": ["main", "other", "shared"]},
            "strict": {"type": "bearer", "issuers": ["other"]},
        },
        "issuers": {
            "main": {
                "issuer": "https://issuer.test", "audiences": ["shop"],
                "algorithms": ["RS256", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"],
                "keys": jwks(),
                "skew_seconds": 5, "consumer_claims": ["azp", "sub"], "scope_claims": ["scope", "scp"],
            },
            "shared": {
                "issuer": "https://shared.test", "audiences": ["shop"], "algorithms": ["HS256", "HS384", "HS512"],
                "keys": [], "secrets": [{"id": "hmac", "secret": secret()}],
                "skew_seconds": 5, "consumer_claims": ["sub"], "scope_claims": ["scope"],
            },
            "other": {
                "issuer": "https://other.test", "algorithms": ["ES256"], "keys": jwks(),
                "skew_seconds": 0, "consumer_claims": ["sub"], "scope_claims": [],
            },
        },
        "api_keys": [
            {"sha256": READER, "consumer": "reader", "scopes": ["read"], "apis": ["shop"]},
            {"sha256": WRITER, "consumer": "writer", "scopes": ["read", "write"]},
            {"sha256": ELSEWHERE, "consumer": "stranger", "apis": ["bank"]},
        ],
        "users": [
            {"name": "ada", "password": PASSWORD, "scopes": ["read"]},
            {"name": "bob", "password": PASSWORD, "apis": ["bank"]},
        ],
    })
}

/// The policy of a configuration.
pub(crate) fn compile(config: Value) -> Result<AuthPolicy, crate::InvalidAuth> {
    AuthPolicy::compile(serde_json::from_value::<AuthConfig>(config).unwrap())
}

/// What becomes of a GET with these headers.
pub(crate) fn send(
    policy: &AuthPolicy,
    env: &FakeEnv,
    target: &str,
    headers: Pairs,
) -> Result<Edits, Rejection> {
    let head = [(":method", "GET"), (":path", target), (":authority", "shop.test")];
    let pairs = head.iter().chain(headers).copied();
    let request = Request::new(Headers::from_pairs(pairs)).unwrap();
    match policy.on_request(&request, env) {
        Decision::Continue(edits) => Ok(edits),
        Decision::Reject(rejection) => Err(rejection),
        other => panic!("{other:?}"),
    }
}

/// The caller as `consumer via scheme: scopes`, `anonymous`, or status and code of the refusal.
pub(crate) fn outcome(policy: &AuthPolicy, env: &FakeEnv, target: &str, headers: Pairs) -> String {
    match send(policy, env, target, headers) {
        Ok(Edits { identity: Some(caller), .. }) => {
            format!("{} via {}: {}", caller.consumer(), caller.scheme(), caller.scopes().join(" "))
        }
        Ok(_) => "anonymous".to_owned(),
        Err(rejection) => format!("{} {}", rejection.status, rejection.code),
    }
}
