//! Signature algorithms (RFC 7518, RFC 8037), and which keys are meant for them.

use portcullis_core::HashFunction;
use serde_json::Value;

/// A signature algorithm (RFC 7518, RFC 8037). There is no `none`.
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
    Es512,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
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
            "ES512" => Self::Es512,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
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
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The hash of the text; Ed25519 has one of its own.
    pub(crate) fn hash(self) -> Option<HashFunction> {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => Some(HashFunction::Sha256),
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => Some(HashFunction::Sha384),
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::Hs512 => Some(HashFunction::Sha512),
            Self::EdDsa => None,
        }
    }

    /// Whether the signer's key is the verifier's.
    pub(crate) fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Whether a JWK is meant for this algorithm: type, curve, `alg`, `use` and `key_ops` agree. A key that
    /// is not is passed over, as RFC 7517, section 5 asks; a set may well hold keys for other purposes. None is meant
    /// for a symmetric algorithm: secrets are configured as such.
    pub(crate) fn fits(self, jwk: &Value) -> bool {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let material = match self {
            Self::Es256 => text("kty") == Some("EC") && text("crv") == Some("P-256"),
            Self::Es384 => text("kty") == Some("EC") && text("crv") == Some("P-384"),
            Self::Es512 => text("kty") == Some("EC") && text("crv") == Some("P-521"),
            Self::EdDsa => text("kty") == Some("OKP") && text("crv") == Some("Ed25519"),
            Self::Hs256 | Self::Hs384 | Self::Hs512 => false,
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
