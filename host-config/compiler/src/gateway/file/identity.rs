//! Who is known to a gateway, as its file says: issuers, API keys, users.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CertificateFile, CertificateHeaderFile};

mod api_key;
mod user;

pub(crate) use api_key::ApiKeyFile;
pub(crate) use user::{AttemptsFile, UserFile};

/// Who is known to the gateway. Without an entry here, no credential is good.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IdentityFile {
    /// The realm named in challenges. Default: `portcullis`.
    #[serde(default)]
    pub realm: Option<String>,
    /// Token issuers by name.
    #[serde(default)]
    pub issuers: BTreeMap<String, IssuerFile>,
    /// API keys.
    #[serde(default)]
    pub api_keys: Vec<ApiKeyFile>,
    /// Files with more API keys: lists of the same entries, relative to this file.
    #[serde(default)]
    pub api_key_files: Vec<String>,
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

/// An issuer of JWTs (RFC 7519).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IssuerFile {
    /// The exact value of `iss`.
    pub issuer: String,
    /// The token's `aud` must name one of these. Default: `aud` is not checked.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// A JWK Set file (RFC 7517) with the public keys, relative to this file.
    pub jwks_file: String,
    /// JWS algorithms accepted. Default: RS256 and ES256.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// Seconds by which `exp` and `nbf` may be missed. Default: 5.
    #[serde(default = "default_skew")]
    #[schemars(range(max = 600))]
    pub skew_seconds: u32,
    /// Claims that may name the consumer; the first that is present counts. Default: azp, client_id, sub.
    #[serde(default = "default_consumer_claims")]
    pub consumer_claims: Vec<String>,
    /// Claims that hold scopes, as a text with spaces or as a list. Default: scope, scp.
    #[serde(default = "default_scope_claims")]
    pub scope_claims: Vec<String>,
    /// Whether its tokens must be bound to the client's certificate (`cnf`, RFC 8705). Default: false; a token that
    /// is bound is good over its certificate alone, either way.
    #[serde(default)]
    pub require_certificate_binding: bool,
}

fn default_algorithms() -> Vec<String> {
    vec!["RS256".to_owned(), "ES256".to_owned()]
}

fn default_skew() -> u32 {
    5
}

fn default_consumer_claims() -> Vec<String> {
    ["azp", "client_id", "sub"].map(str::to_owned).to_vec()
}

fn default_scope_claims() -> Vec<String> {
    ["scope", "scp"].map(str::to_owned).to_vec()
}
