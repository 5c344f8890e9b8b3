//! Users of HTTP basic.

use serde::{Deserialize, Serialize};

/// A known user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    /// The user name.
    pub name: String,
    /// The password as a PHC string, `$pbkdf2-sha256$i=1000,l=32$salt$hash`, of 1,000 to 5,000 iterations and
    /// a salt of 8 to 64 bytes.
    pub password: String,
    /// What the user may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// APIs the user may call; none means all of the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
}
