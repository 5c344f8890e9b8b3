//! Who is known to a gateway, as its file says: issuers, API keys, users.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

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
}

/// An API key, known by its hash only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiKeyFile {
    /// Who holds it.
    pub consumer: String,
    /// SHA-256 of the key in hexadecimal: `printf %s "$KEY" | sha256sum`.
    pub sha256: String,
    /// Scopes it grants.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Names of the APIs it is good for. Default: all of the gateway.
    #[serde(default)]
    pub apis: Vec<String>,
}

/// A user, known by a password hash only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserFile {
    /// The user name.
    pub name: String,
    /// The password as a PHC string with PBKDF2: `$pbkdf2-sha256$i=1000,l=32$SALT$HASH`.
    pub password: String,
    /// Scopes the user has.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Names of the APIs the user may call. Default: all of the gateway.
    #[serde(default)]
    pub apis: Vec<String>,
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
