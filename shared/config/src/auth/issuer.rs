//! Issuers of tokens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A token issuer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact `iss`.
    pub issuer: String,
    /// The token's `aud` must name one of these; none: `aud` is not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// JWS algorithms accepted, at least one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA;
    /// the token's own `alg` only selects among them.
    pub algorithms: Vec<String>,
    /// The issuer's public keys: the members of a JWK Set's `keys` (RFC 7517). Those for other purposes are
    /// passed over, but one at least must fit an algorithm; secret keys are refused.
    pub keys: Vec<Value>,
    /// Seconds by which `exp` and `nbf` may be missed.
    pub skew_seconds: u32,
    /// The claim that names the consumer: the first that is a string which is not empty. At least one.
    pub consumer_claims: Vec<String>,
    /// The claims that hold scopes: a string split at spaces, or an array of strings; all are joined.
    pub scope_claims: Vec<String>,
    /// Whether its tokens must be bound to a certificate (`cnf`, RFC 8705, section 3.1). Those that are bound are
    /// good over that certificate alone, either way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_certificate_binding: bool,
}
