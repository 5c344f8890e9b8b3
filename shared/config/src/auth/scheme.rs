//! Security schemes: how a credential is presented.

use serde::{Deserialize, Serialize};

use super::AcceptedKeysConfig;

/// How a credential is presented.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "kebab-case")]
pub enum SchemeConfig {
    /// An API key.
    ApiKey {
        /// Where it is.
        #[serde(rename = "in")]
        place: KeyPlaceConfig,
        /// Name of the header (any case), query parameter or cookie.
        name: String,
        /// The API whose keys are accepted: one of [`super::ApiKeyConfig::apis`].
        api: String,
        /// The signed keys that are accepted as well; what has the form of a JWT is then judged as one, and as nothing else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<AcceptedKeysConfig>,
    },
    /// HTTP basic (RFC 7617).
    Basic {
        /// The API whose users are accepted; absent: all users of the gateway.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api: Option<String>,
        /// The header that stands for `Authorization`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    },
    /// A client certificate (OpenAPI's `mutualTLS`).
    MutualTls {
        /// The API whose certificates are accepted.
        api: String,
    },
    /// A bearer token (RFC 6750). One whose `iss` is that of an accepted issuer is judged by that issuer's keys alone;
    /// about all others the authorization servers are asked, in their order.
    Bearer {
        /// Names of accepted issuers and authorization servers; none accepts no token.
        issuers: Vec<String>,
        /// The header that stands for `Authorization`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    },
}

/// Where an API key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPlaceConfig {
    /// A header.
    Header,
    /// The query.
    Query,
    /// A cookie.
    Cookie,
}
