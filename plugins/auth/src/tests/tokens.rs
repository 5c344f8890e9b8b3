//! Tokens: which are accepted, why the others are not, and that nothing between the two gets through.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::testing::FakeEnv;
use serde_json::{Value, json};

use super::gateway::{compile, config, outcome};
use super::signer::{EXP, good, good_but, one_of_each, sign, sign_as};
use crate::AuthPolicy;

fn judge(policy: &AuthPolicy, env: &FakeEnv, token: &str) -> String {
    outcome(policy, env, "/token", &[("authorization", &format!("Bearer {token}"))])
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_supported_algorithm_verifies() {
    let policy = compile(config()).unwrap();
    for (algorithm, token) in one_of_each() {
        let expected = if algorithm == "EdDSA" { "ada via token: read write" } else { "ada via token: read" };
        assert_eq!(judge(&policy, &FakeEnv::new(), &token), expected, "{algorithm}");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(judge(&policy, &FakeEnv::new(), &forged), "401 token-signature-invalid", "{algorithm}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn signed_claims_are_still_judged() {
    let accepted = "ada via token: read write";
    let cases = [
        ("as it should be", good(), accepted),
        ("issuer", good_but("iss", "https://issuer.test/".into()), "401 token-issuer-unknown"),
        ("no issuer", good_but("iss", Value::Null), "401 token-claim-missing"),
        (
            "another issuer's algorithms",
            good_but("iss", "https://other.test".into()),
            "401 token-algorithm-refused",
        ),
        ("audience", good_but("aud", "bank".into()), "401 token-audience-mismatch"),
        ("one of several audiences", good_but("aud", json!(["bank", "shop"])), accepted),
        ("no audience", good_but("aud", Value::Null), "401 token-claim-missing"),
        ("audience of a wrong type", good_but("aud", json!([["shop"]])), "401 token-malformed"),
        ("expired", good_but("exp", (EXP - 605).into()), "401 token-expired"),
        ("expired within the skew", good_but("exp", (EXP - 604).into()), accepted),
        ("a fraction of a second", good_but("exp", (EXP as f64 + 0.5).into()), accepted),
        ("no expiry", good_but("exp", Value::Null), "401 token-claim-missing"),
        ("expiry of a wrong type", good_but("exp", "1".into()), "401 token-malformed"),
        ("not yet", good_but("nbf", EXP.into()), "401 token-not-yet-valid"),
        ("issued in the future", good_but("iat", EXP.into()), "401 token-not-yet-valid"),
        ("no consumer", good_but("sub", Value::Null), "401 token-claim-missing"),
        ("consumer of a wrong type", good_but("sub", 7.into()), "401 token-claim-missing"),
        ("a registered claim of a wrong type", good_but("jti", 7.into()), "401 token-malformed"),
        ("consumer by another claim", good_but("azp", "app".into()), "app via token: read write"),
        ("scopes in an array", good_but("scp", json!(["x", "read"])), "ada via token: read write x"),
        ("scopes of a wrong type", good_but("scope", 7.into()), "ada via token: "),
    ];
    let policy = compile(config()).unwrap();
    for (name, claims, expected) in cases {
        assert_eq!(judge(&policy, &FakeEnv::new(), &sign(&claims)), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_header_cannot_choose_how_it_is_trusted() {
    let cases = [
        (json!({"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"}), "ada via token: read write"),
        (json!({"alg": "Ed25519", "kid": "ed"}), "ada via token: read write"),
        (json!({"alg": "EdDSA"}), "ada via token: read write"),
        (json!({"alg": "EdDSA", "kid": "ed", "jku": "https://evil.test/keys"}), "ada via token: read write"),
        (json!({"alg": "none"}), "401 token-algorithm-refused"),
        (json!({"alg": "None"}), "401 token-algorithm-refused"),
        (json!({"alg": "HS256", "kid": "rsa"}), "401 token-algorithm-refused"),
        (json!({"alg": "RS384", "kid": "rsa"}), "401 token-algorithm-refused"),
        (json!({"alg": "eddsa", "kid": "ed"}), "401 token-algorithm-refused"),
        (json!({"alg": "EdDSA", "kid": "rsa"}), "401 token-key-unknown"),
        (json!({"alg": "EdDSA", "kid": "../ed"}), "401 token-key-unknown"),
        (json!({"alg": "RS256", "kid": "rsa"}), "401 token-signature-invalid"),
        (json!({"alg": "ES256", "kid": "p256"}), "401 token-signature-invalid"),
        (json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false}), "401 token-malformed"),
        (json!({"alg": "EdDSA", "jwk": {"kty": "OKP"}}), "401 token-malformed"),
    ];
    let policy = compile(config()).unwrap();
    for (header, expected) in cases {
        let token = sign_as(&header, &good().to_string());
        assert_eq!(judge(&policy, &FakeEnv::new(), &token), expected, "{header}");
    }
    let repeated = good().to_string().replacen('{', r#"{"sub":"root","#, 1);
    let token = sign_as(&json!({"alg": "EdDSA", "kid": "ed"}), &repeated);
    assert_eq!(judge(&policy, &FakeEnv::new(), &token), "401 token-malformed");
    let unsigned = sign(&good());
    let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
    assert_eq!(judge(&policy, &FakeEnv::new(), unsigned), "401 token-signature-invalid");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_remembered_token_expires_and_stays_with_its_issuers() {
    let policy = compile(config()).unwrap();
    let env = FakeEnv::new();
    let token = sign(&good_but("nbf", (EXP - 600).into()));
    assert_eq!(judge(&policy, &env, &token), "ada via token: read write");
    env.advance(Duration::from_secs(604));
    assert_eq!(judge(&policy, &env, &token), "ada via token: read write");
    let elsewhere = outcome(&policy, &env, "/strict", &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!(elsewhere, "401 token-issuer-unknown");
    env.advance(Duration::from_secs(1));
    assert_eq!(judge(&policy, &env, &token), "401 token-expired");
    env.set_now(portcullis_core::UnixNanos(1));
    assert_eq!(judge(&policy, &env, &token), "401 token-not-yet-valid");
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use std::cell::LazyCell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        static POLICY: LazyCell<(AuthPolicy, Vec<(&'static str, String)>)> = const {
            LazyCell::new(|| {
                let policy = compile(config()).unwrap();
                let tokens = one_of_each();
                for (_, token) in &tokens {
                    assert!(judge(&policy, &FakeEnv::new(), token).starts_with("ada"), "and is remembered");
                }
                (policy, tokens)
            })
        };
    }

    proptest! {
        /// The good token is in the cache by then, so this also shows that no other finds its entry.
        #[test]
        fn no_token_with_one_byte_changed_is_accepted(at in any::<prop::sample::Index>(), of in 0_usize..6, byte in 0x20_u8..0x7f) {
            POLICY.with(|state| {
                let (policy, tokens) = &**state;
                let mut mutant = tokens[of].1.clone().into_bytes();
                let at = at.index(mutant.len());
                prop_assume!(mutant[at] != byte);
                mutant[at] = byte;
                let mutant = String::from_utf8(mutant).unwrap();
                // A blank at either end is not part of the token.
                prop_assume!(mutant.trim() == mutant);
                let judged = judge(policy, &FakeEnv::new(), &mutant);
                prop_assert!(judged.starts_with("40"), "{} {at} {byte}: {judged}", tokens[of].0);
                Ok(())
            })?;
        }
    }
}
