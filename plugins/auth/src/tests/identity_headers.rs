//! Which headers may tell who calls, and how large a token may be to be remembered with what they tell.

use portcullis_core::testing::FakeEnv;
use serde_json::{Value, json};

use super::gateway::{compile, config, send};

fn with(headers: Value) -> Value {
    let mut config = config();
    config["backend_jwt"] = json!({
        "header": "x-jwt", "issuer": "gateway", "algorithm": "ES256", "key_id": "k1", "ttl_seconds": 100,
        "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
    });
    config["terminator"] = json!({ "header": "x-cert", "from": ["192.0.2.7"] });
    config["identity_headers"] = headers;
    config
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn only_headers_that_mean_nothing_else_tell_who_calls() {
    let good = json!({ "X-A": "consumer", "x-b_c": { "claim": "email" } });
    assert!(compile(with(good)).is_ok());
    for name in [
        "",
        "a b",
        "a:b",
        ":path",
        "host",
        "Host",
        "content-length",
        "cookie",
        "te",
        "expect",
        "x-portcullis-route",
        "x-envoy-upstream-rq-timeout-ms",
        "x-jwt",
        "X_JWT",
        "X-Cert",
    ] {
        let cause = compile(with(json!({ name: "consumer" }))).unwrap_err().to_string();
        assert!(cause.starts_with(&format!("the identity header '{name}': ")), "{name}: {cause}");
    }
    assert!(compile(with(json!({ "x-a-b": "consumer", "X_A_B": "tier" }))).is_err());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn names_that_upstreams_take_for_the_gateways_are_removed() {
    let policy = compile(with(json!({ "x-user-id": "consumer" }))).unwrap();
    let forged = [
        ("x_user_id", "root"),
        ("x-user-id", "root"),
        ("x-user_id", "root"),
        ("x_jwt", "forged"),
        ("x_cert", "forged"),
        ("x-user-idx", "other"),
        ("xuser-id", "other"),
    ];
    let removed = ["x_cert", "x_user_id", "x-user-id", "x-user_id", "x_jwt"];
    let edits = send(&policy, &FakeEnv::new(), "/open", &forged).unwrap();
    assert_eq!((edits.remove.as_slice(), edits.set.len()), (&removed.map(Into::into)[..], 0));
    let known: Vec<_> = forged.into_iter().chain([("x-api-key", "k-reader")]).collect();
    let edits = send(&policy, &FakeEnv::new(), "/key", &known).unwrap();
    assert!(removed.iter().all(|name| edits.remove.iter().any(|one| one == name)), "{:?}", edits.remove);
    let told: Vec<_> = edits.set.iter().filter(|(name, _)| name != "x-jwt").collect();
    assert_eq!(told, [&("x-user-id".into(), "reader".to_owned())]);
}
