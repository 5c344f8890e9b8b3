//! Tokens: which are accepted, why the others are not, and that nothing between the two gets through.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::testing::FakeEnv;
use serde_json::{Value, json};

use super::gateway::{compile, config, outcome};
use super::signer::{EXP, authenticate_as, good, good_but, jwks, one_of_each, sign, sign_as};
use crate::AuthPolicy;

fn judge(policy: &AuthPolicy, env: &FakeEnv, token: &str) -> String {
    outcome(policy, env, "/token", &[("authorization", &format!("Bearer {token}"))])
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_supported_algorithm_verifies() {
    let policy = compile(config()).unwrap();
    for (algorithm, token) in one_of_each() {
        let judged = judge(&policy, &FakeEnv::new(), &token);
        assert!(judged.starts_with("ada via token: read"), "{algorithm}: {judged}");
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

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_public_key_is_never_a_secret_nor_one_issuers_secret_anothers() {
    let secret = [0x5e; 64];
    let pem = include_bytes!("rsa-2048.pem");
    let modulus = URL_SAFE_NO_PAD.decode(jwks()[0]["n"].as_str().unwrap()).unwrap();
    let shared = || good_but("iss", "https://shared.test".into());
    let cases: [(&str, Value, Value, &[u8], &str); 6] = [
        (
            "as it should be",
            json!({"alg": "HS256", "kid": "hmac"}),
            shared(),
            &secret,
            "ada via token: read write",
        ),
        ("without kid", json!({"alg": "HS256"}), shared(), &secret, "ada via token: read write"),
        ("another kid", json!({"alg": "HS256", "kid": "rsa"}), shared(), &secret, "401 token-key-unknown"),
        ("another secret", json!({"alg": "HS256"}), shared(), &[0x5f; 64], "401 token-signature-invalid"),
        (
            "the public key",
            json!({"alg": "HS256", "kid": "rsa"}),
            good(),
            &modulus,
            "401 token-algorithm-refused",
        ),
        ("its file", json!({"alg": "HS256", "kid": "rsa"}), good(), pem, "401 token-algorithm-refused"),
    ];
    let policy = compile(config()).unwrap();
    for (name, header, claims, secret, expected) in cases {
        let token = authenticate_as(&header, &claims, secret);
        assert_eq!(judge(&policy, &FakeEnv::new(), &token), expected, "{name}");
    }
    let signed = sign_as(&json!({"alg": "EdDSA", "kid": "ed"}), &shared().to_string());
    assert_eq!(judge(&policy, &FakeEnv::new(), &signed), "401 token-algorithm-refused");
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

    /// A good token, and what is made of it.
    fn attempt(of: usize, change: impl FnOnce(&str) -> String) -> Result<(), TestCaseError> {
        POLICY.with(|state| {
            let (policy, tokens) = &**state;
            let (algorithm, token) = &tokens[of % tokens.len()];
            let mutant = change(token);
            // A blank at either end is not part of the token.
            prop_assume!(mutant.trim() != token);
            let judged = judge(policy, &FakeEnv::new(), &mutant);
            prop_assert!(judged.starts_with("40"), "{algorithm}: {mutant}: {judged}");
            Ok(())
        })
    }

    /// The part at `of` decoded, changed, and encoded again.
    fn with_part(token: &str, of: usize, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[of] = URL_SAFE_NO_PAD.encode(change(URL_SAFE_NO_PAD.decode(&parts[of]).unwrap()));
        parts.join(".")
    }

    /// Header members and claims that mean something to a verifier, and values that fit them, more or less.
    fn member() -> impl Strategy<Value = (String, Value)> {
        let name = prop_oneof![
            prop::sample::select(vec![
                "alg", "kid", "typ", "cty", "crit", "jwk", "jku", "x5c", "x5t#S256", "iss", "aud", "sub",
                "exp", "nbf", "iat", "scope", "azp", "b64",
            ])
            .prop_map(str::to_owned),
            "[a-z]{1,3}",
        ];
        let value = prop_oneof![
            prop::sample::select(vec![
                "none",
                "RS256",
                "RS512",
                "PS256",
                "ES256",
                "ES512",
                "EdDSA",
                "HS256",
                "HS512",
                "rsa",
                "p256",
                "ed",
                "hmac",
                "JWT",
                "at+jwt",
                "https://issuer.test",
                "https://other.test",
                "shop",
                "read write admin",
            ])
            .prop_map(Value::from),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            Just(json!(["exp"])),
            Just(json!({"kty": "oct", "k": "AA"})),
        ];
        (name, value)
    }

    fn with_member(bytes: &[u8], name: &str, value: Value) -> Vec<u8> {
        let mut members: Value = serde_json::from_slice(bytes).unwrap();
        match value {
            Value::Null => drop(members.as_object_mut().unwrap().remove(name)),
            value => members[name] = value,
        }
        // In another order than a signer would write them, if need be: the text is what is signed.
        members.to_string().into_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// The good token is in the cache by then, so this also shows that no other finds its entry.
        #[test]
        fn no_token_with_one_byte_changed_is_accepted(at in any::<prop::sample::Index>(), of in 0_usize..99, byte in 0x20_u8..0x7f) {
            attempt(of, |token| {
                let mut mutant = token.as_bytes().to_vec();
                let at = at.index(mutant.len());
                mutant[at] = byte;
                String::from_utf8(mutant).unwrap()
            })?;
        }

        #[test]
        fn no_token_cut_lengthened_or_moved_is_accepted(of in 0_usize..99, at in any::<prop::sample::Index>(), more in "[A-Za-z0-9_.=-]{0,4}") {
            attempt(of, |token| token[..at.index(token.len())].to_owned())?;
            attempt(of, |token| {
                let at = at.index(token.len());
                format!("{}{more}{}", &token[..at], &token[at..])
            })?;
        }

        #[test]
        fn no_token_with_a_part_changed_is_accepted(of in 0_usize..99, part in 0_usize..3, at in any::<prop::sample::Index>(), mask in 1_u8..) {
            attempt(of, |token| with_part(token, part, |mut bytes| {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
                bytes
            }))?;
        }

        #[test]
        fn no_token_with_a_part_of_another_is_accepted(of in 0_usize..99, other in 0_usize..99, part in 0_usize..3) {
            POLICY.with(|state| {
                let (_, tokens) = &**state;
                let theirs = tokens[other % tokens.len()].1.split('.').nth(part).unwrap().to_owned();
                attempt(of, |token| {
                    let mut parts: Vec<&str> = token.split('.').collect();
                    parts[part] = &theirs;
                    parts.join(".")
                })
            })?;
        }

        #[test]
        fn no_token_with_a_member_changed_is_accepted(of in 0_usize..99, part in 0_usize..2, (name, value) in member()) {
            attempt(of, |token| with_part(token, part, |bytes| with_member(&bytes, &name, value)))?;
        }
    }
}
