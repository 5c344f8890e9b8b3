//! Users, as files list them.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

use super::application::EnvironmentFile;

/// A user, known by a password hash only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserFile {
    /// The user name.
    pub name: String,
    /// The password's hash: a PHC string with argon2id (`$argon2id$v=19$m=4096,t=1,p=1$SALT$HASH`) or PBKDF2
    /// (`$pbkdf2-sha256$i=5000,l=32$SALT$HASH`), or bcrypt (`$2y$05$…`). Default: the one that stands with the name in
    /// `htpasswdFiles`.
    #[serde(default)]
    pub password: Option<String>,
    /// Scopes the user has.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Names of the APIs the user may call. Default: all of the gateway.
    #[serde(default)]
    pub apis: Vec<String>,
    /// The application under `identity.applications` that it belongs to. Default: none, and no subscription.
    #[serde(default)]
    pub application: Option<String>,
    /// A tier of its own; that of a subscription goes before it.
    #[serde(default)]
    pub tier: Option<String>,
    /// The environment whose endpoints it may call. Default: production.
    #[serde(default)]
    pub environment: Option<EnvironmentFile>,
}

/// How many wrong passwords are looked at in each worker; more are answered 429 without looking. A password that was
/// right before passes all the same.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AttemptsFile {
    /// In a minute for a user name, known or not. Default: 10.
    #[serde(default)]
    pub per_user: Option<NonZeroU32>,
    /// In a minute from an address (IPv6: a /64). Default: 30.
    #[serde(default)]
    pub per_address: Option<NonZeroU32>,
}
