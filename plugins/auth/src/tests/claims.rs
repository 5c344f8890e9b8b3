//! What an issuer's configuration demands of its tokens' types and claims, and where it finds what the gateway reads.

use std::time::Duration;

use portcullis_core::testing::FakeEnv;
use portcullis_core::{Learn, SignatureVerdict};
use serde_json::{Value, json};

use super::gateway::{compile, config, outcome};
use super::signer::{EXP, good, good_but, one_of_each, sign, sign_as};
use crate::AuthPolicy;

fn judge(policy: &AuthPolicy, env: &FakeEnv, token: &str) -> String {
    outcome(policy, env, "/token", &[("authorization", &format!("Bearer {token}"))])
}

/// The policy with one setting of the main issuer changed.
fn with(setting: &str, value: Value) -> AuthPolicy {
    let mut config = config();
    config["issuers"]["main"][setting] = value;
    compile(config).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_configured_type_must_be_there() {
    let accepted = "ada via token: read write";
    let refused = "401 token-type-refused";
    let cases = [
        (json!("at+jwt"), accepted),
        (json!("AT+JWT"), accepted),
        (json!("application/at+jwt"), accepted),
        (json!("JWT"), refused),
        (json!("xat+jwt"), refused),
        (Value::Null, refused),
        (json!("id"), "401 token-malformed"),
        (json!(7), "401 token-malformed"),
    ];
    let policy = with("token_types", json!(["at+JWT"]));
    for (typ, expected) in cases {
        let mut header = json!({"alg": "EdDSA", "kid": "ed", "typ": typ});
        if typ.is_null() {
            header.as_object_mut().unwrap().remove("typ");
        }
        let token = sign_as(&header, &good().to_string());
        assert_eq!(judge(&policy, &FakeEnv::new(), &token), expected, "{typ}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_token_without_expiry_is_good_only_where_that_is_said() {
    let policy = with("without_expiry", json!(true));
    let endless = sign(&good_but("exp", Value::Null));
    assert_eq!(judge(&policy, &FakeEnv::new(), &endless), "ada via token: read write");
    let expired = sign(&good_but("exp", (EXP - 605).into()));
    assert_eq!(judge(&policy, &FakeEnv::new(), &expired), "401 token-expired");
    let null = sign_as(&json!({"alg": "EdDSA"}), &good().to_string().replace(&EXP.to_string(), "null"));
    assert_eq!(judge(&policy, &FakeEnv::new(), &null), "401 token-malformed");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn required_claims_are_demanded() {
    let policy = with("required_claims", json!({"tenant.id": ["t1", "t2"], "amr": []}));
    let claims = |tenant: Value, amr: Value| {
        let mut claims = good();
        (claims["tenant"], claims["amr"]) = (tenant, amr);
        sign(&claims)
    };
    let cases = [
        (claims(json!({"id": "t2"}), json!([])), "ada via token: read write"),
        (claims(json!({"id": "t3"}), json!([])), "401 token-claim-mismatch"),
        (claims(json!({}), json!([])), "401 token-claim-missing"),
        (claims(json!({"id": "t2"}), Value::Null), "401 token-claim-missing"),
    ];
    for (token, expected) in cases {
        assert_eq!(judge(&policy, &FakeEnv::new(), &token), expected, "{token}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn consumer_and_scopes_are_found_where_they_are_mapped_from() {
    let policy =
        with("claim_map", json!({"consumer": ["client.name"], "scope": ["realm_access.roles", "roles"]}));
    let mut claims = good();
    claims["client"] = json!({"name": "app"});
    claims["realm_access"] = json!({"roles": ["audit"]});
    claims["consumer"] = json!("root");
    let judged = judge(&policy, &FakeEnv::new(), &sign(&claims));
    assert_eq!(judged, "app via token: audit", "the token's own scope does not count");
    let judged = judge(&policy, &FakeEnv::new(), &sign(&good()));
    assert_eq!(judged, "ada via token: ", "nothing is mapped, so the next name of the consumer counts");
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"] {
        let mut config = config();
        config["issuers"]["main"]["claim_map"] = json!({name: ["x"]});
        let cause = compile(config).unwrap_err().to_string();
        assert!(cause.contains("cannot be mapped"), "{name}: {cause}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn keys_without_a_name_fit_tokens_that_name_one() {
    let mut config = config();
    for key in config["issuers"]["main"]["keys"].as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("kid");
    }
    let policy = compile(config).unwrap();
    for (algorithm, token) in one_of_each() {
        let judged = judge(&policy, &FakeEnv::new(), &token);
        assert!(judged.starts_with("ada via token"), "{algorithm}: {judged}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_bad_token_is_remembered_for_itself_alone_and_not_for_long() {
    let policy = compile(config()).unwrap();
    let (_, token) = one_of_each().into_iter().find(|(name, _)| *name == "RS256").unwrap();
    let env = FakeEnv::new().with_verifier({
        let token = token.clone();
        move |signed| {
            let is_good = token.starts_with(std::str::from_utf8(signed.text).unwrap());
            if is_good { SignatureVerdict::Valid } else { SignatureVerdict::Invalid }
        }
    });
    // A claim changed: another text under the same signature.
    let mut parts: Vec<&str> = token.split('.').collect();
    let changed = sign(&good_but("sub", "eve".into()));
    parts[1] = changed.split('.').nth(1).unwrap();
    let tampered = parts.join(".");
    let refused = "401 token-signature-invalid";
    assert_eq!(judge(&policy, &env, &tampered), refused);
    assert_eq!(judge(&policy, &env, &token), "ada via token: read");
    assert_eq!(judge(&policy, &env, &tampered), refused);
    assert_eq!(env.calls().verify_signature, 2, "the third is remembered");
    env.advance(Duration::from_secs(10));
    assert_eq!(judge(&policy, &env, &tampered), refused);
    assert_eq!(env.calls().verify_signature, 3, "it is forgotten");
    env.set_now(portcullis_core::UnixNanos(EXP * 1_000_000_000 - 3_600_000_000_000));
    assert_eq!(judge(&policy, &env, &tampered), refused);
    assert_eq!(env.calls().verify_signature, 4, "what comes from the future is not known");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_time_mends_is_not_remembered() {
    let policy = compile(config()).unwrap();
    let env = FakeEnv::new();
    let token = sign(&good_but("nbf", (EXP - 590).into()));
    assert_eq!(judge(&policy, &env, &token), "401 token-not-yet-valid");
    env.advance(Duration::from_secs(6));
    assert_eq!(judge(&policy, &env, &token), "ada via token: read write");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn no_number_of_bad_tokens_evicts_a_good_one() {
    let policy = compile(config()).unwrap();
    let env = FakeEnv::new().with_verifier(|_| SignatureVerdict::Valid);
    let (_, token) = one_of_each().into_iter().find(|(name, _)| *name == "RS256").unwrap();
    assert_eq!(judge(&policy, &env, &token), "ada via token: read");
    for number in 0..10_000 {
        assert_eq!(judge(&policy, &env, &format!("{number}.{token}")), "401 token-malformed");
    }
    assert_eq!(judge(&policy, &env, &token), "ada via token: read");
    assert_eq!(env.calls().verify_signature, 1);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_bad_token_is_judged_anew_when_other_keys_are_published() {
    let mut settings = config();
    let main = settings["issuers"]["main"].as_object_mut().unwrap();
    let keys = main.remove("keys").unwrap();
    main.insert(
        "published".to_owned(),
        json!({
            "remote": {"service": "s", "authority": "a", "origin": "https://a", "path": "/keys", "timeout_milliseconds": 1},
            "refresh_seconds": 60, "retry_seconds": 1,
        }),
    );
    let policy = compile(settings).unwrap();
    let env = FakeEnv::new();
    let token = sign(&good());
    // The same name, and another key: the base point.
    let mut others = keys.clone();
    let ed = others.as_array_mut().unwrap().iter_mut().find(|key| key["kid"] == "ed").unwrap();
    ed["x"] = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY".into();
    policy.learn("keys.main", json!({"keys": others}).to_string().into_bytes(), true, &FakeEnv::new());
    assert_eq!(judge(&policy, &env, &token), "401 token-signature-invalid");
    policy.learn("keys.main", json!({"keys": keys}).to_string().into_bytes(), true, &FakeEnv::new());
    assert_eq!(judge(&policy, &env, &token), "ada via token: read write");
}
