//! Signature algorithms (RFC 7518, RFC 8037), and which keys are meant for them.

use portcullis_core::HashFunction;
use serde_json::Value;

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

    /// The hash of signatures that a host can verify: not RSASSA-PSS, nor Ed25519.
    pub(crate) fn host_hash(self) -> Option<HashFunction> {
        match self {
            Self::Rs256 | Self::Es256 => Some(HashFunction::Sha256),
            Self::Rs384 | Self::Es384 => Some(HashFunction::Sha384),
            Self::Rs512 => Some(HashFunction::Sha512),
            Self::Ps256 | Self::Ps384 | Self::Ps512 | Self::EdDsa => None,
        }
    }

    /// Whether a JWK is meant for this algorithm: type, curve, `alg`, `use` and `key_ops` agree. A key that
    /// is not is passed over, as RFC 7517, section 5 asks; a set may well hold keys for other purposes.
    pub(crate) fn fits(self, jwk: &Value) -> bool {
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
