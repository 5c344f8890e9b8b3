//! Servers that the gateway asks, as its file describes them.

use schemars::JsonSchema;
use serde::Deserialize;

/// How a server is reached that the gateway asks.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceFile {
    /// PEM file with the authorities that vouch for it, relative to this file. Default: those of the system.
    #[serde(default)]
    pub ca: Option<String>,
    /// PEM file with the certificate that is shown to it, relative to this file; with `key`. Default: none.
    #[serde(default)]
    pub certificate: Option<String>,
    /// PEM file with that certificate's private key, relative to this file. Read by Envoy, never copied.
    #[serde(default)]
    pub key: Option<String>,
    /// How long a call may take, in milliseconds. Default: 2000.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60000))]
    pub timeout_milliseconds: Option<u32>,
}

/// Where an issuer publishes its keys, beside the URL.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IntrospectionFile {
    /// The URL of the introspection endpoint (RFC 7662).
    pub endpoint: String,
    /// The gateway's name at the server. Not needed with `method: bearer`.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The environment variable of Envoy that holds the gateway's secret there, or its token.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// How the gateway proves itself. Default: `basic`.
    #[serde(default)]
    pub method: ClientMethodFile,
    /// Seconds for which a good reply is remembered at most. Default: 60.
    #[serde(default = "default_ceiling")]
    pub cache_seconds: u32,
    /// Seconds for which it is remembered that a token is not good. Default: 5.
    #[serde(default = "default_negative")]
    pub negative_cache_seconds: u32,
}

/// Where the list of revoked tokens is kept: at one of these places.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RevocationFile {
    /// A file that `portcullis revoke` writes, relative to this file; Envoy watches it.
    #[serde(default)]
    pub file: Option<String>,
    /// The URL of a JSON document behind an ETag: `{"revoked": [{"jti": "…", "until": 1767225600}], "next": "/page/2"}`.
    #[serde(default)]
    pub feed: Option<String>,
    /// The URL of etcd's JSON gateway, without a path.
    #[serde(default)]
    pub etcd: Option<String>,
    /// What the keys in etcd begin with. Default: `revoked/`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The gateway's name in etcd, where etcd has authentication on; with `passwordEnv`. Default: it has none.
    #[serde(default)]
    pub user: Option<String>,
    /// The environment variable of Envoy that holds the password of `user`.
    #[serde(default)]
    pub password_env: Option<String>,
    /// Milliseconds between two looks. Default: 1000.
    #[serde(default)]
    #[schemars(range(min = 100, max = 600000))]
    pub interval_milliseconds: Option<u32>,
    /// The environment variable of Envoy whose value is sent as `Authorization`. Default: none is sent.
    #[serde(default)]
    pub authorization_env: Option<String>,
}

/// A server that knows what applications have subscribed to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SubscriptionsFile {
    /// The URL of a JSON document behind an ETag: `{"applications": [{"name": "shop", "consumers": ["client-7"], "tier": "Large",
    /// "subscriptions": [{"api": "pets", "version": "1.0.0", "tier": "Gold", "state": "active"}]}]}`.
    pub feed: String,
    /// Milliseconds between two looks. Default: 5000.
    #[serde(default)]
    #[schemars(range(min = 100, max = 600000))]
    pub interval_milliseconds: Option<u32>,
    /// The environment variable of Envoy whose value is sent as `Authorization`. Default: none is sent.
    #[serde(default)]
    pub authorization_env: Option<String>,
}

/// A server that says whether a user's password is right: it gets a POST with `{"username": "…", "password": "…"}`, and answers
/// 200 with `{"consumer": "…", "scopes": ["…"]}`, of which each may be missing, or 401.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserStoreFile {
    /// The URL of the verifier.
    pub endpoint: String,
    /// The environment variable of Envoy whose value is sent as `Authorization`. Default: none is sent.
    #[serde(default)]
    pub authorization_env: Option<String>,
    /// Seconds for which a right password is remembered at most. Default: 60.
    #[serde(default = "default_ceiling")]
    pub cache_seconds: u32,
    /// Seconds for which a wrong one is. Default: 5.
    #[serde(default = "default_negative")]
    pub negative_cache_seconds: u32,
    /// Names of the APIs that its users may call. Default: all of the gateway.
    #[serde(default)]
    pub apis: Vec<String>,
}

/// How the gateway proves itself at a token server (RFC 6749, section 2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientMethodFile {
    /// HTTP basic.
    #[default]
    Basic,
    /// In the form.
    Post,
    /// By the certificate that `services` names for the server (RFC 8705).
    Mtls,
    /// By a token.
    Bearer,
}

fn default_ceiling() -> u32 {
    60
}

fn default_negative() -> u32 {
    5
}
