//! Configurations that must not go live.

use serde_json::{Value, json};

use super::gateway::{compile, config};

/// A modulus of 1024 bits.
const SHORT: &str = "pN1Ge4PWlhs3hYdC0dUnyEWZ4WgNKHATEK9ow9MKUlaRIN0WhP123xrtT_OojaOXeUi77RdOajuaEnXzsderUxGSGVvOhlAjs6tk00FOLeVbTuWJbg6EpHfQsJtZGjbK1fvYwJV2f1e_3Yh1CUlZ10BHJNdIfFMIQomXf0Uok-M";

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_configuration_that_cannot_be_enforced_is_refused() {
    let user = |name: &str, password: &str| json!([{"name": name, "password": password}]);
    let sound = config().pointer("/users/0/password").unwrap().as_str().unwrap().to_owned();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases: [(&str, &str, Value, &str); 24] = [
        ("a realm", "/realm", json!("a\nb"), "realm"),
        (
            "an unknown scheme",
            "/apis/0/operations/1/rule/alternatives",
            json!([[{"scheme": "x"}]]),
            "'shop GET /key' requires the scheme 'x'",
        ),
        ("an unknown issuer", "/schemes/token/issuers", json!(["x"]), "issuer 'x'"),
        ("no key name", "/schemes/query/name", json!(""), "'query' reads a key"),
        ("a reserved header", "/schemes/header/name", json!("Host"), "'Host'"),
        ("a header that is no token", "/schemes/header/name", json!("a b"), "'a b'"),
        ("a short digest", "/api_keys/0/sha256", json!("ab"), "position 0"),
        ("an upper-case digest", "/api_keys/0/sha256", json!(empty.to_uppercase()), "position 0"),
        ("the empty key", "/api_keys/1/sha256", json!(empty), "empty text"),
        ("one key twice", "/api_keys/1/sha256", config()["api_keys"][0]["sha256"].clone(), "same digest"),
        ("a user with a colon", "/users", user("a:b", &sound), "colon"),
        ("a plain password", "/users", user("a", "secret"), "neither a PHC string"),
        ("a dear password", "/users", user("a", &sound.replace("1000", "600000")), "i=6250"),
        ("one user twice", "/users/1/name", json!("ada"), "stands twice"),
        ("no algorithm", "/issuers/main/algorithms", json!([]), "no algorithm"),
        ("the algorithm none", "/issuers/main/algorithms", json!(["none"]), "'none' is not supported"),
        ("a symmetric algorithm", "/issuers/main/algorithms", json!(["HS256"]), "need secrets and no keys"),
        (
            "a short secret",
            "/issuers/shared/secrets/0/secret",
            json!("c2VjcmV0"),
            "shorter than the hash of HS",
        ),
        (
            "a secret of another alphabet",
            "/issuers/shared/secrets/0/secret",
            json!("+".repeat(100)),
            "no base64url",
        ),
        (
            "a key beside secrets",
            "/issuers/shared/keys",
            config()["issuers"]["main"]["keys"].clone(),
            "no keys",
        ),
        ("both kinds", "/issuers/main/algorithms", json!(["HS256", "RS256"]), "one or the other"),
        (
            "no key",
            "/issuers/main/keys",
            json!([{"kty": "RSA", "use": "enc", "n": SHORT, "e": "AQAB"}]),
            "none of its keys",
        ),
        (
            "a short key",
            "/issuers/main/keys",
            json!([{"kty": "RSA", "n": SHORT, "e": "AQAB"}]),
            "position 0 is no usable RS256 key",
        ),
        (
            "a secret key",
            "/issuers/main/keys",
            json!([{"kty": "oct", "k": "c2VjcmV0"}]),
            "position 0 is secret",
        ),
    ];
    for (name, place, value, expected) in cases {
        let mut config = config();
        *config.pointer_mut(place).unwrap() = value;
        let cause = compile(config).unwrap_err().to_string();
        assert!(cause.contains(expected), "{name}: {cause}");
        // The password, not the word for what symmetric algorithms need.
        assert!(
            !cause.contains("secret") || name.contains("secret") || name.contains("symmetric"),
            "{name}: {cause}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn keys_for_other_purposes_are_passed_over() {
    let mut config = config();
    let keys = config.pointer_mut("/issuers/main/keys").unwrap().as_array_mut().unwrap();
    keys.push(json!({"kty": "RSA", "use": "enc", "n": SHORT, "e": "AQAB"}));
    keys.push(json!({"kty": "EC", "crv": "secp256k1", "x": "", "y": ""}));
    keys.push(json!({"kty": "something new"}));
    assert!(compile(config).is_ok());
}
