//! Users of HTTP basic.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::account::AccountConfig;

/// A known user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    /// The user name.
    pub name: String,
    /// The password's hash: `$argon2id$v=19$m=1024,t=1,p=1$salt$hash`, `$2y$05$…` or
    /// `$pbkdf2-sha256$i=1000,l=32$salt$hash`. A check may take 5 ms in a module, and salts have 8 to 64 bytes.
    pub password: String,
    /// What the user may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// APIs the user may call; none means all of the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
    /// Application, tier and environment.
    #[serde(default, skip_serializing_if = "AccountConfig::is_empty")]
    pub account: AccountConfig,
}

/// How many wrong passwords a VM accepts in a minute; then 429 without looking. Right ones are not counted, and one that
/// was right before is always let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptsConfig {
    /// For a user name, known or not.
    pub per_user: NonZeroU32,
    /// From an address; IPv6 by /64.
    pub per_address: NonZeroU32,
}

impl AttemptsConfig {
    /// Whether it is what is meant when nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A minute's guesses of one user's password by hand, and those of a few users behind one address.
impl Default for AttemptsConfig {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_user: number(10), per_address: number(30) }
    }
}
