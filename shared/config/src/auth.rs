//! The auth plugin: security schemes, what each operation requires of them, and the credentials that are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::apis::ApiConfig;

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The `realm` of every challenge (RFC 9110, section 11.5).
    pub realm: String,
    /// The APIs of the gateway. Empty within [`crate::pipeline::PipelineConfig`], and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiConfig<AuthRule>>,
    /// Security schemes by a name that is unique in the gateway (`petstore.ApiKey`).
    #[serde(default)]
    pub schemes: BTreeMap<String, SchemeConfig>,
    /// Token issuers by name.
    #[serde(default)]
    pub issuers: BTreeMap<String, IssuerConfig>,
    /// Known API keys.
    #[serde(default)]
    pub api_keys: Vec<ApiKeyConfig>,
    /// Known users.
    #[serde(default)]
    pub users: Vec<UserConfig>,
}

/// What an operation requires.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthRule {
    /// Any one of these must hold (OpenAPI Security Requirement Objects). None at all: open to everybody. An
    /// alternative without requirements: anonymous callers are welcome too.
    pub alternatives: Vec<Vec<RequirementConfig>>,
    /// Whether the upstream may see the credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_credential: bool,
}

impl AuthRule {
    /// Every scope that one of the alternatives asks for.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.alternatives.iter().flatten().flat_map(|requirement| &requirement.scopes).map(String::as_str)
    }
}

/// One scheme that must vouch for the caller, with all of these scopes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementConfig {
    /// A key of [`AuthConfig::schemes`].
    pub scheme: String,
    /// Scopes that the credential must grant, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

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
        /// The API whose keys are accepted: one of [`ApiKeyConfig::apis`].
        api: String,
    },
    /// HTTP basic (RFC 7617).
    Basic {
        /// The API whose users are accepted.
        api: String,
    },
    /// A bearer token (RFC 6750) that is a JWT.
    Bearer {
        /// Names of accepted issuers; none accepts no token.
        issuers: Vec<String>,
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

/// A token issuer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact `iss`.
    pub issuer: String,
    /// The token's `aud` must name one of these; none: `aud` is not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// JWS algorithms accepted, at least one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA;
    /// the token's own `alg` only selects among them.
    pub algorithms: Vec<String>,
    /// The issuer's public keys: the members of a JWK Set's `keys` (RFC 7517). Those for other purposes are
    /// passed over, but one at least must fit an algorithm; secret keys are refused.
    pub keys: Vec<Value>,
    /// Seconds by which `exp` and `nbf` may be missed.
    pub skew_seconds: u32,
    /// The claim that names the consumer: the first that is a string which is not empty. At least one.
    pub consumer_claims: Vec<String>,
    /// The claims that hold scopes: a string split at spaces, or an array of strings; all are joined.
    pub scope_claims: Vec<String>,
}

/// A known API key.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
}

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
