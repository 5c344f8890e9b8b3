//! A key by itself, apart from any token: for tests that have others' signatures judged, wherever this code runs.

use portcullis_config::auth::SecretConfig;
use portcullis_config::{Secret, SecretSource};
use portcullis_core::Env;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::invalid::IssuerError;
use crate::key::Key;

/// A public key, or a secret, that serves one algorithm, as an issuer's do.
#[derive(Debug)]
pub struct Verifier(Key);

impl Verifier {
    /// Reads a JWK, whose `k` is a secret. `None` where an issuer would not accept it for this algorithm, or nobody knows the algorithm.
    pub fn new(jwk: &Value, algorithm: &str) -> Option<Self> {
        let algorithm = Algorithm::parse(algorithm)?;
        let keys = match jwk.get("k").and_then(Value::as_str) {
            Some(secret) => share(secret, algorithm),
            None => Key::read(jwk, 0, &[algorithm]),
        };
        keys.ok()?.pop().map(Self)
    }

    /// Whether this is the JWS signature of `text` by this key.
    pub fn accepts(&self, text: &[u8], signature: &[u8], env: &dyn Env) -> bool {
        self.0.verify(text, signature, env)
    }
}

fn share(secret: &str, algorithm: Algorithm) -> Result<Vec<Key>, IssuerError> {
    let secret = SecretSource::Here(Secret::new(secret.to_owned()));
    Key::share(&SecretConfig { id: None, secret, base64: false }, 0, &[algorithm])
}
