//! Signs what the gateway tells itself (RFC 7515): ES256 in the module, RS256 by the host, which has the big numbers for it.

mod pem;

use std::cell::OnceCell;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use portcullis_config::SecretSource;
use portcullis_config::auth::BackendAlgorithmConfig;
use portcullis_core::{Env, HashFunction, ToSign};
use serde_json::json;

/// A private key and its algorithm.
pub(crate) struct Signer {
    /// The JOSE header, encoded.
    header: String,
    algorithm: BackendAlgorithmConfig,
    place: Place,
}

/// Where the key is.
enum Place {
    Here(Key),
    /// Read when it is first needed.
    Environment {
        name: String,
        key: OnceCell<Key>,
    },
}

enum Key {
    /// DER of a PrivateKeyInfo.
    Rs256(Vec<u8>),
    Es256(Box<SigningKey>),
}

impl Key {
    /// As [`portcullis_config::auth::BackendJwtConfig::key`] has it.
    fn new(algorithm: BackendAlgorithmConfig, bytes: Vec<u8>) -> Option<Self> {
        match algorithm {
            BackendAlgorithmConfig::Rs256 => (!bytes.is_empty()).then_some(Self::Rs256(bytes)),
            BackendAlgorithmConfig::Es256 => {
                let number = <[u8; 32]>::try_from(bytes).ok()?;
                Some(Self::Es256(Box::new(SigningKey::from_slice(&number).ok()?)))
            }
        }
    }
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Signer {
    /// `None` for a key that is none of the algorithm.
    pub(crate) fn compile(algorithm: BackendAlgorithmConfig, id: &str, key: &SecretSource) -> Option<Self> {
        let place = match key {
            SecretSource::Here(key) => {
                Place::Here(Key::new(algorithm, URL_SAFE_NO_PAD.decode(key.expose()).ok()?)?)
            }
            SecretSource::Environment { env } => {
                Place::Environment { name: env.clone(), key: OnceCell::new() }
            }
        };
        let name = match algorithm {
            BackendAlgorithmConfig::Rs256 => "RS256",
            BackendAlgorithmConfig::Es256 => "ES256",
        };
        let header = json!({ "alg": name, "kid": id, "typ": "JWT" }).to_string();
        Some(Self { header: URL_SAFE_NO_PAD.encode(header), algorithm, place })
    }

    /// A whole token of these claims, in compact form; `None` when it cannot be signed.
    pub(crate) fn token(&self, claims: &str, env: &dyn Env) -> Option<String> {
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(signed.as_bytes(), env)?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// `None` while the environment has none that fits.
    fn key(&self, env: &dyn Env) -> Option<&Key> {
        let (name, key) = match &self.place {
            Place::Here(key) => return Some(key),
            Place::Environment { name, key } => (name, key),
        };
        if let Some(known) = key.get() {
            return Some(known);
        }
        let bytes = pem::read(self.algorithm, &env.secret(name)?)?;
        let read = Key::new(self.algorithm, bytes)?;
        Some(key.get_or_init(|| read))
    }

    /// The signature; `None` when the host cannot make one.
    fn sign(&self, text: &[u8], env: &dyn Env) -> Option<Vec<u8>> {
        match self.key(env)? {
            Key::Rs256(private_key) => env.sign(&ToSign { hash: HashFunction::Sha256, private_key, text }),
            Key::Es256(key) => {
                let signature: Signature = key.try_sign(text).ok()?;
                Some(signature.to_bytes().to_vec())
            }
        }
    }
}
