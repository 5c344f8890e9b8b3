//! Applications and their subscriptions as a server keeps them.

use serde::{Deserialize, Serialize};

use super::RemoteConfig;

/// A JSON document behind an ETag: `{"applications": [{"name": "…", "consumers": ["…"], "tier": "…", "subscriptions": [{"api": "…",
/// "version": "…", "tier": "…", "state": "…"}]}], "apis": [{"name": "…", "version": "…", "state": "…"}], "next": "/page/2"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionFeedConfig {
    /// The server.
    pub remote: RemoteConfig,
    /// Milliseconds between two looks; at least 100.
    pub interval_milliseconds: u32,
    /// The environment variable of Envoy whose value is sent as `Authorization`; default: none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_env: Option<String>,
}
