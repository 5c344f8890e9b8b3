//! Users that a server knows.

use serde::{Deserialize, Serialize};

use super::RemoteConfig;

/// A server that says whether a user's password is right: it gets a POST with `{"username": "…", "password": "…"}`, and answers
/// 200 with `{"consumer": "…", "scopes": ["…"]}`, of which each may be missing, or 401.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserStoreConfig {
    /// The verifier.
    pub remote: RemoteConfig,
    /// The environment variable of Envoy whose value is sent as `Authorization`; default: none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_env: Option<String>,
    /// Seconds for which a right password is remembered. 0: not at all.
    pub ceiling_seconds: u32,
    /// Seconds for which a wrong one is. 0: not at all.
    pub negative_seconds: u32,
    /// APIs that its users may call; none means all of the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
}
