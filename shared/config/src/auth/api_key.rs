//! API keys.

use serde::{Deserialize, Serialize};

use super::account::AccountConfig;

/// A known API key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// SHA-256 of the key, lower-case hex.
    pub sha256: String,
    /// Who holds it.
    pub consumer: String,
    /// What it grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// APIs it is good for; none means all of the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
    /// Whether it is good no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// The first second since 1970 at which it is good no more; none: it does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Ranges of addresses in CIDR notation, from which it may be used; none: from any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// What `Referer` may be, `*` standing for any text; none: anything, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referers: Vec<String>,
    /// Its application, tier and environment.
    #[serde(default, skip_serializing_if = "AccountConfig::is_empty")]
    pub account: AccountConfig,
}
