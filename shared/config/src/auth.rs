//! The auth plugin: security schemes, what each operation requires of them, and the credentials that are known.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::apis::ApiConfig;
use crate::client_address::ClientAddressConfig;

mod account;
mod api_key;
mod backend_jwt;
mod certificate;
mod identity_headers;
mod issuer;
mod key_service;
mod remote;
mod revocation;
mod scheme;
mod signed_key;
mod subscriptions;
mod user;
mod user_store;

pub use account::{
    AccountConfig, ApplicationConfig, EndpointsConfig, EnvironmentConfig, SubscribedApiConfig,
    SubscriptionConfig, SubscriptionStateConfig,
};
pub use api_key::ApiKeyConfig;
pub use backend_jwt::{AssertedApiConfig, BackendAlgorithmConfig, BackendJwtConfig};
pub use certificate::{CertificateConfig, CertificateMarkConfig, TerminatorConfig};
pub use identity_headers::IdentityHeaderConfig;
pub use issuer::{IssuerConfig, SecretConfig};
pub use key_service::KeyServiceConfig;
pub use remote::{ClientConfig, IntrospectionConfig, PublishedKeysConfig, RemoteConfig};
pub use revocation::{EtcdUserConfig, RevocationConfig, RevocationStoreConfig};
pub use scheme::{KeyPlaceConfig, SchemeConfig};
pub use signed_key::{AcceptedKeysConfig, SignedKeyConfig};
pub use subscriptions::SubscriptionFeedConfig;
pub use user::{AttemptsConfig, UserConfig};
pub use user_store::UserStoreConfig;

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The `realm` of every challenge (RFC 9110, section 11.5).
    pub realm: String,
    /// The APIs of the gateway. Empty within [`crate::pipeline::PipelineConfig`], and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiConfig<AuthRule>>,
    /// How the client is found behind proxies; default: it is the connection's other end. None within [`crate::pipeline::PipelineConfig`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_address: Option<ClientAddressConfig>,
    /// Security schemes by a name that is unique in the gateway (`petstore.ApiKey`).
    #[serde(default)]
    pub schemes: BTreeMap<String, SchemeConfig>,
    /// Issuers of tokens and of signed API keys, by name.
    #[serde(default)]
    pub issuers: BTreeMap<String, IssuerConfig>,
    /// Authorization servers by name, which say what opaque tokens are good for; no name is an issuer's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub introspections: BTreeMap<String, IntrospectionConfig>,
    /// Where the list of revoked tokens is kept; default: none is revoked before it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationConfig>,
    /// Known API keys.
    #[serde(default)]
    pub api_keys: Vec<ApiKeyConfig>,
    /// Who knows users that the configuration does not; default: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_store: Option<UserStoreConfig>,
    /// Known users.
    #[serde(default)]
    pub users: Vec<UserConfig>,
    /// Applications by name, for keys and users.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applications: BTreeMap<String, ApplicationConfig>,
    /// Who knows what applications have subscribed to; then nobody else's word counts. Default: the configuration and tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_feed: Option<SubscriptionFeedConfig>,
    /// How often passwords may be tried.
    #[serde(default, skip_serializing_if = "AttemptsConfig::is_default")]
    pub attempts: AttemptsConfig,
    /// Known client certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateConfig>,
    /// Who passes client certificates on in a header; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminator: Option<TerminatorConfig>,
    /// What upstreams are told of callers, signed; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_jwt: Option<BackendJwtConfig>,
    /// What upstreams are told of callers, by the header that says it. What clients send under these names is removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identity_headers: BTreeMap<String, IdentityHeaderConfig>,
    /// Claims of tokens, by name or path, that limits judge callers by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub judged_claims: BTreeSet<String>,
    /// The API keys that the gateway signs; there exactly where an operation issues keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_service: Option<KeyServiceConfig>,
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
    /// Consumers whose certificates are accepted; none means all that are good for the scheme's API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
    /// The API to which callers must have subscribed; none: they need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribed: Option<SubscribedApiConfig>,
    /// Where callers go by the environment that their credential is for.
    #[serde(default, skip_serializing_if = "EndpointsConfig::is_default")]
    pub endpoints: EndpointsConfig,
    /// The API as upstreams are told of it; there exactly where callers may be known and [`AuthConfig::backend_jwt`] is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted: Option<AssertedApiConfig>,
    /// The API whose life the feed of subscriptions tells; there only if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed: Option<SubscribedApiConfig>,
    /// Whether nobody may call for the time being, with whatever credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// Whether the operation gives its caller a signed API key, and has no upstream. Its alternatives ask for one basic scheme.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub issues_keys: bool,
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
