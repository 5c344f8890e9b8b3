//! Signature algorithms and the public keys that verify them. Which algorithm a key serves is decided when
//! the key is read, from the key and the configuration; a token can only name one of the results.

use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike, ECDSAP384PublicKeyLike, ES256PublicKey, ES384PublicKey, Ed25519PublicKey,
    EdDSAPublicKeyLike, NoCustomClaims, PS256PublicKey, PS384PublicKey, PS512PublicKey, RS256PublicKey,
    RS384PublicKey, RS512PublicKey, RSAPublicKeyLike, UnixTimeStamp, VerificationOptions,
};
use serde_json::Value;

use crate::invalid::IssuerError;
use crate::token::Token;

/// A signature algorithm (RFC 7518, RFC 8037). There is no symmetric one and no `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

/// A key that has been read for one algorithm.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    public: PublicKey,
}

enum PublicKey {
    Rs256(RS256PublicKey),
    Rs384(RS384PublicKey),
    Rs512(RS512PublicKey),
    Ps256(PS256PublicKey),
    Ps384(PS384PublicKey),
    Ps512(PS512PublicKey),
    Es256(ES256PublicKey),
    Es384(ES384PublicKey),
    EdDsa(Ed25519PublicKey),
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicKey")
    }
}

/// Why a signature does not vouch for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// The signature is not this key's over this token.
    Signature,
    /// A registered member has the wrong type, so nothing can be said of the token.
    Unreadable,
}

impl Algorithm {
    /// The algorithm of a JWA name, in its exact spelling.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether a JWK is meant for this algorithm: type, curve, `alg`, `use` and `key_ops` agree. A key that
    /// is not is passed over, as RFC 7517, section 5 asks; a set may well hold keys for other purposes.
    fn fits(self, jwk: &Value) -> bool {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let material = match self {
            Self::Es256 => text("kty") == Some("EC") && text("crv") == Some("P-256"),
            Self::Es384 => text("kty") == Some("EC") && text("crv") == Some("P-384"),
            Self::EdDsa => text("kty") == Some("OKP") && text("crv") == Some("Ed25519"),
            _ => text("kty") == Some("RSA"),
        };
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
        };
        material
            && text("alg").is_none_or(|alg| Self::parse(alg) == Some(self))
            && text("use").is_none_or(|purpose| purpose == "sig")
            && jwk.get("key_ops").is_none_or(verifies)
    }
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
                Ok(Self { id, algorithm, public })
            })
            .collect()
    }

    /// Whether the key's owner signed the token. The one place where a signature is verified; the claims
    /// are not judged here.
    pub(crate) fn verify(&self, token: &Token) -> Result<(), Unsigned> {
        self.public.verify(token.text).map_err(|cause| match cause.is::<serde_json::Error>() {
            true => Unsigned::Unreadable,
            false => Unsigned::Signature,
        })
    }
}

impl PublicKey {
    fn read(jwk: &str, algorithm: Algorithm) -> Result<Self, jwt_simple::Error> {
        Ok(match algorithm {
            Algorithm::Rs256 => Self::Rs256(RS256PublicKey::from_jwk(jwk)?),
            Algorithm::Rs384 => Self::Rs384(RS384PublicKey::from_jwk(jwk)?),
            Algorithm::Rs512 => Self::Rs512(RS512PublicKey::from_jwk(jwk)?),
            Algorithm::Ps256 => Self::Ps256(PS256PublicKey::from_jwk(jwk)?),
            Algorithm::Ps384 => Self::Ps384(PS384PublicKey::from_jwk(jwk)?),
            Algorithm::Ps512 => Self::Ps512(PS512PublicKey::from_jwk(jwk)?),
            Algorithm::Es256 => Self::Es256(ES256PublicKey::from_jwk(jwk)?),
            Algorithm::Es384 => Self::Es384(ES384PublicKey::from_jwk(jwk)?),
            Algorithm::EdDsa => Self::EdDsa(Ed25519PublicKey::from_jwk(jwk)?),
        })
    }

    fn verify(&self, token: &str) -> Result<(), jwt_simple::Error> {
        let options = Some(signature_only());
        match self {
            Self::Rs256(key) => key.verify_token::<NoCustomClaims>(token, options),
            Self::Rs384(key) => key.verify_token(token, options),
            Self::Rs512(key) => key.verify_token(token, options),
            Self::Ps256(key) => key.verify_token(token, options),
            Self::Ps384(key) => key.verify_token(token, options),
            Self::Ps512(key) => key.verify_token(token, options),
            Self::Es256(key) => key.verify_token(token, options),
            Self::Es384(key) => key.verify_token(token, options),
            Self::EdDsa(key) => key.verify_token(token, options),
        }
        .map(|_| ())
    }
}

/// Options under which jwt-simple accepts whatever is signed and never reads a clock: times, issuer and
/// audience are judged by [`crate::claims`], which can say precisely what is wrong. At time zero and without
/// tolerance nothing has expired.
fn signature_only() -> VerificationOptions {
    VerificationOptions {
        accept_future: true,
        artificial_time: Some(UnixTimeStamp::from_secs(0)),
        time_tolerance: None,
        max_token_length: None,
        max_header_length: Some(usize::MAX),
        ..VerificationOptions::default()
    }
}
