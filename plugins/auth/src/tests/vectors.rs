//! Tokens that others have published, with their keys: see `tests/suite/vectors`.

use portcullis_config::SecretSource;
use portcullis_config::auth::SecretConfig;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::key::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VECTORS: &str = include_str!("../../../../tests/suite/vectors/jws.json");

/// Whether a key can be made of the vector's, and verifies.
fn verifies(vector: &Value, signed: &str, signature: &[u8]) -> bool {
    let Some(algorithm) = Algorithm::parse(vector["algorithm"].as_str().unwrap()) else { return false };
    let key = &vector["key"];
    let keys = match key.get("k") {
        Some(secret) => {
            let secret = serde_json::from_value(secret.clone()).unwrap();
            Key::share(
                &SecretConfig { id: None, secret: SecretSource::Here(secret), base64: false },
                0,
                &[algorithm],
            )
        }
        None => Key::read(key, 0, &[algorithm]),
    };
    keys.is_ok_and(|keys| keys.iter().any(|key| key.verify_here(signed.as_bytes(), signature)))
}

#[test]
fn published_signatures_verify_and_nothing_near_them() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() > 20);
    for vector in vectors {
        let name = &vector["name"];
        let (signed, signature) = vector["token"].as_str().unwrap().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let refused = vector.get("refused").is_some();
        assert_eq!(verifies(vector, signed, &signature), !refused, "{name}");
        for at in 0..signature.len().min(3) {
            let mut forged = signature.clone();
            forged[at] ^= 1;
            assert!(!verifies(vector, signed, &forged), "{name}: {at}");
        }
        assert!(!verifies(vector, &format!("{signed}A"), &signature), "{name}");
    }
}
