//! Who is known to a gateway, as its file says: issuers, API keys, users.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CertificateFile, CertificateHeaderFile, RevocationFile, SubscriptionsFile, UserStoreFile};

mod api_key;
mod application;
mod issuer;
mod key_issuer;
mod user;

pub(crate) use api_key::ApiKeyFile;
pub(crate) use application::{ApplicationFile, EnvironmentFile, SubscriptionFile, SubscriptionStateFile};
pub(crate) use issuer::{IssuerFile, KeyFile, SecretEncodingFile, SecretFile, ValuesFile};
pub(crate) use key_issuer::{InternalKeysFile, KeyIssuerFile};
pub(crate) use user::{AttemptsFile, UserFile};

/// Who is known to the gateway. Without an entry here, no credential is good.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IdentityFile {
    /// The realm named in challenges. Default: `portcullis`.
    #[serde(default)]
    pub realm: Option<String>,
    /// The header that carries what otherwise stands in `Authorization`, which is then nobody's credential.
    /// Default: `Authorization`. An API's `x-wso2-auth-header` goes before it.
    #[serde(default)]
    pub authorization_header: Option<String>,
    /// Token issuers by name.
    #[serde(default)]
    pub issuers: BTreeMap<String, IssuerFile>,
    /// Issuers of API keys that are signed tokens, by name; no name is that of a token issuer.
    #[serde(default)]
    pub api_key_issuers: BTreeMap<String, KeyIssuerFile>,
    /// Keys by which publishers try out their APIs. Default: there are none.
    #[serde(default)]
    pub internal_keys: Option<InternalKeysFile>,
    /// Where the list of revoked tokens is kept. Default: none is revoked before it expires.
    #[serde(default)]
    pub revocation: Option<RevocationFile>,
    /// API keys.
    #[serde(default)]
    pub api_keys: Vec<ApiKeyFile>,
    /// Files with more API keys: lists of the same entries, relative to this file.
    #[serde(default)]
    pub api_key_files: Vec<String>,
    /// A server that knows users beside those named here. Default: none.
    #[serde(default)]
    pub user_store: Option<UserStoreFile>,
    /// Users for HTTP basic.
    #[serde(default)]
    pub users: Vec<UserFile>,
    /// Files with more users: lists of the same entries, relative to this file.
    #[serde(default)]
    pub user_files: Vec<String>,
    /// Files with more users, as Apache's `htpasswd -B` writes them, relative to this file. Their scopes and APIs stand
    /// under `users`, without a password.
    #[serde(default)]
    pub htpasswd_files: Vec<String>,
    /// Applications by name, for `application` of keys and users.
    #[serde(default)]
    pub applications: BTreeMap<String, ApplicationFile>,
    /// Whether callers must belong to an application that has subscribed to the API. Default: false.
    #[serde(default)]
    pub validate_subscription: bool,
    /// Who knows what applications have subscribed to; then nobody else's word counts. Default: this file and tokens.
    #[serde(default)]
    pub subscriptions: Option<SubscriptionsFile>,
    /// How many wrong passwords are looked at.
    #[serde(default)]
    pub attempts: AttemptsFile,
    /// Client certificates, for `mutualTLS`.
    #[serde(default)]
    pub certificates: Vec<CertificateFile>,
    /// Where a proxy in front of the gateway passes client certificates on. Default: nowhere.
    #[serde(default)]
    pub certificate_header: Option<CertificateHeaderFile>,
}
