//! The public keys that verify signatures. Which algorithm a key serves is decided when the key is read, from
//! the key and the configuration; a token can only name one of the results.

use ed25519_compact::PublicKey as Ed25519Key;
use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike, ECDSAP384PublicKeyLike, ES256PublicKey, ES384PublicKey, Ed25519PublicKey,
    EdDSAPublicKeyLike, PS256PublicKey, PS384PublicKey, PS512PublicKey, RS256PublicKey, RS384PublicKey,
    RS512PublicKey, RSAPublicKey, RSAPublicKeyLike,
};
use p256::ecdsa::signature::Verifier as _;
use portcullis_core::{Env, SignatureVerdict};
use serde_json::Value;
use superboring::hash::MessageDigest;
use superboring::pkey::{PKey, Public};
use superboring::rsa::Padding;
use superboring::sign::Verifier;

use crate::algorithm::Algorithm;
use crate::host_key::HostKey;
use crate::invalid::IssuerError;
use crate::token::Token;

/// A key that has been read for one algorithm.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    public: PublicKey,
    /// The same key for the host, where it can verify the algorithm.
    host: Option<HostKey>,
}

/// A key, read and checked by jwt-simple, in the form of the crates that jwt-simple verifies with.
enum PublicKey {
    Rsa { key: Box<PKey<Public>>, hash: MessageDigest, padding: Padding },
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(Ed25519Key),
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicKey")
    }
}

/// The signature is not this key's over this token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsigned;

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
        let text = jwk.to_string();
        let fitting = accepted.iter().copied().filter(|algorithm| algorithm.fits(jwk));
        fitting
            .map(|algorithm| {
                let public = PublicKey::read(&text, algorithm).map_err(|cause| IssuerError::Key {
                    position,
                    algorithm: algorithm.name(),
                    cause: cause.to_string(),
                })?;
                let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
                let host = public.for_host(algorithm);
                Ok(Self { id, algorithm, public, host })
            })
            .collect()
    }

    /// Whether the key's owner signed the token: the host verifies if it can, for it does so fifty times as
    /// fast, and otherwise this module. The one place where a signature is verified; the claims are not judged
    /// here.
    pub(crate) fn verify(&self, token: &Token, env: &dyn Env) -> Result<(), Unsigned> {
        match self.host.as_ref().map_or(SignatureVerdict::Unknown, |host| host.verify(token, env)) {
            SignatureVerdict::Valid => Ok(()),
            SignatureVerdict::Invalid => Err(Unsigned),
            SignatureVerdict::Unknown if self.public.verify(token) => Ok(()),
            SignatureVerdict::Unknown => Err(Unsigned),
        }
    }
}

impl PublicKey {
    fn read(jwk: &str, algorithm: Algorithm) -> Result<Self, jwt_simple::Error> {
        match algorithm {
            Algorithm::Rs256 => rsa(&RS256PublicKey::from_jwk(jwk)?),
            Algorithm::Rs384 => rsa(&RS384PublicKey::from_jwk(jwk)?),
            Algorithm::Rs512 => rsa(&RS512PublicKey::from_jwk(jwk)?),
            Algorithm::Ps256 => rsa(&PS256PublicKey::from_jwk(jwk)?),
            Algorithm::Ps384 => rsa(&PS384PublicKey::from_jwk(jwk)?),
            Algorithm::Ps512 => rsa(&PS512PublicKey::from_jwk(jwk)?),
            Algorithm::Es256 => Ok(Self::P256(*ES256PublicKey::from_jwk(jwk)?.public_key().as_ref())),
            Algorithm::Es384 => Ok(Self::P384(*ES384PublicKey::from_jwk(jwk)?.public_key().as_ref())),
            Algorithm::EdDsa => Ok(Self::Ed25519(*Ed25519PublicKey::from_jwk(jwk)?.public_key().as_ref())),
        }
    }

    /// What the host needs to verify in this key's place: made of the key that was read and checked, not of
    /// what it was read from.
    fn for_host(&self, algorithm: Algorithm) -> Option<HostKey> {
        let hash = algorithm.host_hash()?;
        match self {
            Self::Rsa { key, .. } => match &**key {
                PKey::Rsa(key) => Some(HostKey::rsa(hash, &key.n().to_vec(), &key.e().to_vec())),
                PKey::None => None,
            },
            Self::Ed25519(_) => None,
            Self::P256(key) => Some(HostKey::p256(hash, key.to_sec1_point(false).as_bytes())),
            Self::P384(key) => Some(HostKey::p384(hash, key.to_sec1_point(false).as_bytes())),
        }
    }

    fn verify(&self, token: &Token) -> bool {
        let (text, signature) = (token.signed().as_bytes(), token.signature.as_slice());
        match self {
            Self::Rsa { key, hash, padding } => verify_rsa(key, hash.clone(), *padding, text, signature),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
            Self::Ed25519(key) => ed25519_compact::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(text, &signature).is_ok()),
        }
    }
}

fn rsa<K: RSAPublicKeyLike>(key: &K) -> Result<PublicKey, jwt_simple::Error> {
    let public: &RSAPublicKey = key.public_key();
    let (hash, padding) = (K::hash(), key.padding_scheme());
    let key = Box::new(PKey::from_rsa(public.as_ref().clone())?);
    Ok(PublicKey::Rsa { key, hash, padding })
}

fn verify_rsa(
    key: &PKey<Public>,
    hash: MessageDigest,
    padding: Padding,
    text: &[u8],
    signature: &[u8],
) -> bool {
    let verified = Verifier::new(hash, key).and_then(|mut verifier| {
        verifier.set_rsa_padding(padding)?;
        verifier.update(text)?;
        verifier.verify(signature)
    });
    verified.unwrap_or(false)
}
