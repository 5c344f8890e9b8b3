//! Tokens in a host that verifies signatures: what it is asked, and what its answers are worth.

use std::cell::RefCell;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{HashFunction, SignatureVerdict};
use serde_json::json;

use super::gateway::{compile, config, outcome};
use super::signer::{good, one_of_each};

fn judge(env: &FakeEnv, token: &str) -> String {
    let policy = compile(config()).unwrap();
    outcome(&policy, env, "/token", &[("authorization", &format!("Bearer {token}"))])
}

fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[7] ^= 1;
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_clear_answer_of_the_host_holds_and_any_other_is_none() {
    let signature_invalid = "401 token-signature-invalid";
    for (algorithm, token) in one_of_each() {
        let beyond_host = ["PS", "Ed", "HS"].contains(&&algorithm[..2]);
        let accepted = if ["EdDSA", "ES512"].contains(&algorithm) {
            "ada via token: read write"
        } else {
            "ada via token: read"
        };
        let cases = [
            (SignatureVerdict::Unknown, accepted, signature_invalid),
            (SignatureVerdict::Valid, accepted, if beyond_host { signature_invalid } else { accepted }),
            (
                SignatureVerdict::Invalid,
                if beyond_host { accepted } else { signature_invalid },
                signature_invalid,
            ),
        ];
        for (verdict, of_good, of_forged) in cases {
            for (token, expected) in [(&token, of_good), (&forged(&token), of_forged)] {
                let env = FakeEnv::new().with_verifier(move |_| verdict);
                assert_eq!(judge(&env, token), expected, "{algorithm}, {verdict:?}");
                assert_eq!(env.calls().verify_signature, usize::from(!beyond_host), "{algorithm}");
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_host_is_told_what_is_signed_and_in_which_hash() {
    for (algorithm, token) in one_of_each() {
        let asked = Rc::new(RefCell::new(None));
        let seen = asked.clone();
        let env = FakeEnv::new().with_verifier(move |signed| {
            *seen.borrow_mut() = Some((signed.hash, signed.text.to_vec()));
            SignatureVerdict::Valid
        });
        judge(&env, &token);
        let hash = match algorithm {
            "RS256" | "ES256" => HashFunction::Sha256,
            "ES384" => HashFunction::Sha384,
            "RS512" | "ES512" => HashFunction::Sha512,
            _ => continue,
        };
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(*asked.borrow(), Some((hash, signed.as_bytes().to_vec())), "{algorithm}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn members_of_a_wrong_type_are_refused_though_they_are_signed() {
    let malformed = "401 token-malformed";
    let accepted = "ada via token: read write";
    let cases = [
        (json!({}), json!({}), accepted),
        (json!({"cty": null, "x5c": ["a"], "x5t#S256": "b"}), json!({"jti": null, "nonce": "n"}), accepted),
        (json!({"cty": 7}), json!({}), malformed),
        (json!({"x5t#S256": ["b"]}), json!({}), malformed),
        (json!({"x5c": "a"}), json!({}), malformed),
        (json!({"x5c": ["a", 7]}), json!({}), malformed),
        (json!({}), json!({"jti": 7}), malformed),
        (json!({}), json!({"nonce": {}}), malformed),
    ];
    for (header, claims, expected) in cases {
        let part = |mut value: serde_json::Value, over: &serde_json::Value| {
            for (name, member) in over.as_object().unwrap() {
                value[name] = member.clone();
            }
            URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let head = part(json!({"alg": "RS256", "kid": "rsa"}), &header);
        let token = format!("{head}.{}.c2lnbmF0dXJl", part(good(), &claims));
        let env = FakeEnv::new().with_verifier(|_| SignatureVerdict::Valid);
        assert_eq!(judge(&env, &token), expected, "{header} {claims}");
    }
}
