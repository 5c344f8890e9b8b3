//! API keys that are tokens: what tells them from access tokens, and which of them an API accepts.

use serde::{Deserialize, Serialize};

/// What the keys of an issuer say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedKeyConfig {
    /// What the claim `token_type` must say, in any case: `apiKey`.
    pub token_type: String,
    /// Whether a key without `token_type` is one as well. Then no issuer of access tokens may have the same `iss`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untyped: bool,
    /// Whether a key must name the APIs that it is for (`subscribedAPIs` or `allowedAPIs`); else one that names none is for all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_apis: bool,
}

/// Which signed keys an API accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedKeysConfig {
    /// Names of issuers of keys; at least one.
    pub issuers: Vec<String>,
    /// The API's version, as its document has it.
    pub version: String,
    /// Whether no other keys are accepted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}
