//! The keys that verify signatures. Which algorithm a key serves is decided when the key is read, from the key and
//! the configuration; a token can only name one of the results.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use portcullis_config::SecretSource;
use portcullis_config::auth::SecretConfig;
use portcullis_core::{Env, HashFunction, SignatureVerdict};
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::host_key::HostKey;
use crate::invalid::IssuerError;
use crate::jwk::{self, InvalidJwk};
use crate::rsa::{Padding, RsaKey};
use crate::secret::Secret;

/// A key that has been read for one algorithm.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    material: Material,
    /// The same key for the host, where it can verify the algorithm.
    host: Option<HostKey>,
}

/// A key in the form in which this module verifies with it.
#[derive(Debug)]
enum Material {
    Rsa { key: Box<RsaKey>, hash: HashFunction, padding: Padding },
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    Hmac { secret: Secret, hash: HashFunction },
}

impl Key {
    /// Reads the JWK at `position` for every accepted algorithm it is meant for. RSA keys are between 2048
    /// and 4096 bits long.
    pub(crate) fn read(
        jwk: &Value,
        position: usize,
        accepted: &[Algorithm],
    ) -> Result<Vec<Self>, IssuerError> {
        if jwk.get("kty").is_some_and(|kty| kty == "oct") || jwk.get("d").is_some() {
            return Err(IssuerError::SecretKey { position });
        }
        let fitting = accepted.iter().copied().filter(|algorithm| algorithm.fits(jwk));
        fitting
            .map(|algorithm| {
                let material = Material::read(jwk, algorithm).map_err(|cause| IssuerError::Key {
                    position,
                    algorithm: algorithm.name(),
                    cause: cause.to_string(),
                })?;
                let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
                let host = material.for_host(algorithm);
                Ok(Self { id, algorithm, material, host })
            })
            .collect()
    }

    /// Reads the secret at `position` for every accepted algorithm, all of which are symmetric.
    pub(crate) fn share(
        config: &SecretConfig,
        position: usize,
        accepted: &[Algorithm],
    ) -> Result<Vec<Self>, IssuerError> {
        let key = |algorithm: Algorithm| {
            let bytes = match &config.secret {
                SecretSource::Here(secret) => URL_SAFE_NO_PAD.decode(secret.expose()).ok(),
                SecretSource::Environment { .. } => None,
            };
            let secret =
                bytes.zip(algorithm.hash()).and_then(|(bytes, hash)| Some((Secret::new(bytes, hash)?, hash)));
            let (secret, hash) =
                secret.ok_or(IssuerError::ShortSecret { position, algorithm: algorithm.name() })?;
            let material = Material::Hmac { secret, hash };
            Ok(Self { id: config.id.clone(), algorithm, material, host: None })
        };
        accepted.iter().copied().map(key).collect()
    }

    /// Whether the key's owner signed `text`: the host verifies if it can, for it does so many times as fast, and
    /// otherwise this module. The one place where a signature is verified; what the text says is not judged here.
    pub(crate) fn verify(&self, text: &[u8], signature: &[u8], env: &dyn Env) -> bool {
        match self.host.as_ref().map_or(SignatureVerdict::Unknown, |host| host.verify(text, signature, env)) {
            SignatureVerdict::Valid => true,
            SignatureVerdict::Invalid => false,
            SignatureVerdict::Unknown => self.material.verify(text, signature),
        }
    }
}

impl Material {
    fn read(jwk: &Value, algorithm: Algorithm) -> Result<Self, InvalidJwk> {
        let point = |length| jwk::point(jwk, length);
        let invalid = InvalidJwk::Point;
        let rsa = |hash, padding| Ok(Self::Rsa { key: Box::new(jwk::rsa(jwk)?), hash, padding });
        match algorithm {
            Algorithm::Rs256 => rsa(HashFunction::Sha256, Padding::Pkcs1),
            Algorithm::Rs384 => rsa(HashFunction::Sha384, Padding::Pkcs1),
            Algorithm::Rs512 => rsa(HashFunction::Sha512, Padding::Pkcs1),
            Algorithm::Ps256 => rsa(HashFunction::Sha256, Padding::Pss),
            Algorithm::Ps384 => rsa(HashFunction::Sha384, Padding::Pss),
            Algorithm::Ps512 => rsa(HashFunction::Sha512, Padding::Pss),
            Algorithm::Es256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point(32)?);
                key.map(Self::P256).map_err(|_| invalid)
            }
            Algorithm::Es384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point(48)?);
                key.map(Self::P384).map_err(|_| invalid)
            }
            Algorithm::Es512 => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(66)?);
                key.map(|key| Self::P521(Box::new(key))).map_err(|_| invalid)
            }
            Algorithm::EdDsa => {
                let bytes = jwk::number(jwk, "x")?;
                let bytes = bytes.as_slice().try_into().map_err(|_| InvalidJwk::Length("x"))?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| invalid)?;
                // A point of small order: signatures under it fit more than one text.
                if key.is_weak() { Err(invalid) } else { Ok(Self::Ed25519(Box::new(key))) }
            }
            // No JWK is meant for these.
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Err(InvalidJwk::Number("n")),
        }
    }

    /// What the host needs to verify in this key's place: made of the key that was read and checked, not of
    /// what it was read from.
    fn for_host(&self, algorithm: Algorithm) -> Option<HostKey> {
        let hash = algorithm.hash()?;
        match self {
            Self::Rsa { key, padding: Padding::Pkcs1, .. } => {
                Some(HostKey::rsa(hash, &key.modulus(), &key.exponent()))
            }
            Self::P256(key) => Some(HostKey::p256(hash, key.to_sec1_point(false).as_bytes())),
            Self::P384(key) => Some(HostKey::p384(hash, key.to_sec1_point(false).as_bytes())),
            Self::P521(key) => Some(HostKey::p521(hash, key.to_sec1_point(false).as_bytes())),
            Self::Rsa { padding: Padding::Pss, .. } | Self::Ed25519(_) | Self::Hmac { .. } => None,
        }
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { key, hash, padding } => key.verify(*padding, *hash, text, signature),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(text, &signature).is_ok()),
            Self::Hmac { secret, hash } => secret.verify(*hash, text, signature),
        }
    }
}
