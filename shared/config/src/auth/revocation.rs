//! What is revoked before its time.

use serde::{Deserialize, Serialize};

use super::RemoteConfig;

/// Where the list of what is revoked is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationConfig {
    /// The server.
    pub remote: RemoteConfig,
    /// What it speaks.
    pub store: RevocationStoreConfig,
    /// Milliseconds between two looks; at least 100.
    pub interval_milliseconds: u32,
    /// The environment variable of Envoy whose value is sent as `Authorization`; default: none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_env: Option<String>,
}

impl RevocationConfig {
    /// The environment variable that holds what the gateway proves itself with.
    pub fn secret_env(&self) -> Option<&str> {
        match &self.store {
            RevocationStoreConfig::Etcd { user: Some(user), .. } => Some(&user.password_env),
            _ => self.authorization_env.as_deref(),
        }
    }
}

/// How a list is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum RevocationStoreConfig {
    /// A JSON document behind an ETag: `{"revoked": [{"jti": "…", "until": 1767225600}], "next": "/page/2"}`.
    Feed,
    /// Keys in etcd under a prefix (JSON gateway of its API, v3).
    Etcd {
        /// What the keys begin with.
        prefix: String,
        /// Who the gateway is there; default: etcd asks nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<EtcdUserConfig>,
    },
}

/// A user of etcd (`/v3/auth/authenticate`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EtcdUserConfig {
    /// Its name.
    pub name: String,
    /// The environment variable of Envoy that holds its password.
    pub password_env: String,
}
