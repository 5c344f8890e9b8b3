//! API keys that the gateway signs itself.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::BackendAlgorithmConfig;
use crate::SecretSource;

/// What the keys say that operations with [`super::AuthRule::issues_keys`] give to their callers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyServiceConfig {
    /// The `iss`.
    pub issuer: String,
    /// The `aud`; none: there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// `RS256`, which the host signs, or `ES256`.
    pub algorithm: BackendAlgorithmConfig,
    /// The `kid`.
    pub key_id: String,
    /// As [`super::BackendJwtConfig::key`].
    pub key: SecretSource,
    /// Seconds that a key lives at most, and if its caller asks for nothing else; absent: it need not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<NonZeroU32>,
    /// Names of the APIs that keys are for, as far as their callers may call them. At least one.
    pub apis: Vec<String>,
    /// Keys that a caller gets in a minute from a VM.
    pub per_minute: NonZeroU32,
}
