//! The gateway file as written: listeners, APIs, identity, limits. What belongs to an operation does not stand
//! here but in the document. Unknown keys are refused.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::plugins::Layout;

/// A gateway: the APIs it serves, where it listens, whom it knows and what it limits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Portcullis gateway file")]
pub struct GatewayFile {
    /// Where it listens. Default: 127.0.0.1:8080 without TLS.
    #[serde(default)]
    pub listeners: Vec<ListenerFile>,
    /// How the policies are laid out in Envoy; they decide the same either way. Default: `chain`.
    #[serde(default)]
    pub layout: Layout,
    /// The APIs it serves; at least one.
    pub apis: Vec<ApiFile>,
    /// Who is known.
    #[serde(default)]
    pub identity: IdentityFile,
    /// Limits by name, for `limits` in this file and in `x-portcullis`.
    #[serde(default)]
    pub limits: BTreeMap<String, LimitFile>,
}

/// An address to listen on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListenerFile {
    /// `127.0.0.1:8080`, `[::]:8443`; port 0 takes a free one.
    pub address: String,
    /// TLS; without it the listener speaks plain HTTP.
    #[serde(default)]
    pub tls: Option<TlsFile>,
}

/// A listener's TLS.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TlsFile {
    /// PEM file with the certificate and its chain, relative to this file. Read by Envoy, never copied.
    pub certificate: String,
    /// PEM file with the private key, relative to this file. Read by Envoy, never copied.
    pub key: String,
}

/// An API to serve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiFile {
    /// The OpenAPI document, relative to this file.
    pub definition: String,
    /// A name, unique in the gateway. Default: the document's file name without its ending.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the API is mounted: `/v1`. Default: the path of the document's first server.
    #[serde(default)]
    pub base_path: Option<String>,
    /// Hosts it answers for. Default: any.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Where its requests go: `mock`, or an absolute http or https URL. Default: `x-portcullis` or `servers` of the document.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Limits on the API as a whole, charged beside those of its operations.
    #[serde(default)]
    pub limits: Vec<String>,
    /// Names of the issuers whose tokens it accepts. Default: all of the gateway.
    #[serde(default)]
    pub issuers: Option<Vec<String>>,
}

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

/// A limit: so many requests in so much time for each caller, spent evenly after a burst.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LimitFile {
    /// Requests in each period; 0 lets none pass.
    pub requests: u64,
    /// The period.
    pub per: PeriodFile,
    /// Requests that may come at once after a quiet time. Default: as many as `requests`.
    #[serde(default)]
    pub burst: Option<u64>,
    /// Who is counted. Default: the consumer, and callers without one by address.
    #[serde(default)]
    pub by: LimitKeyFile,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeriodFile {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 24 hours.
    Day,
}

/// Who shares a count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitKeyFile {
    /// The authenticated consumer; callers without one by address.
    #[default]
    Consumer,
    /// The address of the connection's other end, IPv6 by /64.
    Address,
    /// Everybody together.
    All,
}

impl PeriodFile {
    /// Its length.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
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
