//! Tokens that the gateway signs for upstreams, about who is calling.

use serde::{Deserialize, Serialize};

use crate::SecretSource;

/// The token that upstreams get with each request of a known caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendJwtConfig {
    /// The header that carries it; what clients send under this name is removed.
    pub header: String,
    /// The `iss`.
    pub issuer: String,
    /// The `aud`; none: there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// `RS256`, which the host signs, or `ES256`.
    pub algorithm: BackendAlgorithmConfig,
    /// The `kid`.
    pub key_id: String,
    /// Here in base64url without padding: for ES256 the 32 bytes of the private number, for RS256 the DER of a
    /// PrivateKeyInfo (RFC 5208). In the environment in PEM, as a PrivateKeyInfo.
    pub key: SecretSource,
    /// Put before the names of the gateway's own claims.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dialect: String,
    /// Seconds after which it expires, at least 4; it is made anew when three quarters have passed.
    pub ttl_seconds: u32,
    /// Names of those claims of the caller's own token that are passed on; absent: all but the registered ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<String>>,
    /// Names of claims, without the dialect, that upstreams never see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restricted_claims: Vec<String>,
    /// The claim of the caller's own token whose text, a compact JWS, goes to the upstream in the place of the gateway's own
    /// token; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_claim: Option<String>,
}

/// How upstreams' tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendAlgorithmConfig {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// The API of an operation, for the upstream's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertedApiConfig {
    /// Its name.
    pub name: String,
    /// The document's `info.version`.
    pub version: String,
    /// Where it is mounted.
    pub context: String,
}
