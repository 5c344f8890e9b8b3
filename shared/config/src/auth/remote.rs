//! Servers that the plugin asks: for keys, about tokens, about users, for what is revoked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A place at a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConfig {
    /// Envoy's name of the cluster.
    pub service: String,
    /// `Host` of the requests.
    pub authority: String,
    /// The URL without its path, `https://idp.example`: what other URLs of the server begin with.
    pub origin: String,
    /// Path and query.
    pub path: String,
    /// How long a call may take, in milliseconds; at least 1.
    pub timeout_milliseconds: u32,
}

/// Where an issuer publishes its keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedKeysConfig {
    /// A JWK Set (RFC 7517), or with `discovery` the metadata that name one.
    pub remote: RemoteConfig,
    /// Whether it is the issuer's metadata (OpenID Connect Discovery 1.0, section 4): then `jwks_uri` must be at the same server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discovery: bool,
    /// Whether nothing but the URL of the metadata names the issuer: then its name may have a slash at its end that the
    /// configuration lacks, and the metadata say so. Only with `discovery`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// Seconds after which the keys are fetched again; at least 1.
    pub refresh_seconds: u32,
    /// Seconds that lie at least between two fetches when tokens name an unknown key, or fetching fails; at least 1.
    pub retry_seconds: u32,
}

/// An authorization server that says what its opaque tokens are good for (RFC 7662).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionConfig {
    /// The introspection endpoint.
    pub remote: RemoteConfig,
    /// How the gateway proves itself there.
    pub client: ClientConfig,
    /// The `iss` of replies, if they have one; default: it is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The reply's `aud` must name one of these; none: it is not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The member of the reply that names the consumer: the first that is a string which is not empty. At least one.
    pub consumer_claims: Vec<String>,
    /// The members that hold scopes.
    pub scope_claims: Vec<String>,
    /// As of an issuer, of the reply's members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub required_claims: BTreeMap<String, Vec<Value>>,
    /// As of an issuer, of the reply's members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claim_map: BTreeMap<String, Vec<String>>,
    /// Whether the reply must say that the token is bound to a certificate (`cnf`, RFC 8705, section 3.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_certificate_binding: bool,
    /// Seconds for which a good reply is remembered at most; its own `exp` may end it earlier. 0: not at all.
    pub ceiling_seconds: u32,
    /// Seconds for which it is remembered that a token is not good. 0: not at all.
    pub negative_seconds: u32,
}

/// How the gateway authenticates at a token server (RFC 6749, section 2.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "method", rename_all = "kebab-case")]
pub enum ClientConfig {
    /// HTTP basic.
    Basic {
        /// The client's name.
        id: String,
        /// The environment variable of Envoy that holds its secret.
        secret_env: String,
    },
    /// In the form.
    Post {
        /// The client's name.
        id: String,
        /// The environment variable of Envoy that holds its secret.
        secret_env: String,
    },
    /// By the certificate that Envoy shows to the server (RFC 8705).
    Mtls {
        /// The client's name.
        id: String,
    },
    /// By a token.
    Bearer {
        /// The environment variable of Envoy that holds it.
        secret_env: String,
    },
}

impl ClientConfig {
    /// The environment variable that holds the secret.
    pub fn secret_env(&self) -> Option<&str> {
        match self {
            Self::Basic { secret_env, .. } | Self::Post { secret_env, .. } | Self::Bearer { secret_env } => {
                Some(secret_env)
            }
            Self::Mtls { .. } => None,
        }
    }
}
