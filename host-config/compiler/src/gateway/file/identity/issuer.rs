//! Issuers of tokens as the gateway file has them: their keys, what their tokens must say, and where they say it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::gateway::file::IntrospectionFile;

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
    #[serde(default)]
    pub jwks_file: Option<String>,
    /// A JWK Set with the public keys.
    #[serde(default)]
    pub jwks: Option<JwksFile>,
    /// The URL of a JWK Set with the public keys, fetched by the gateway while it runs.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The URL of the issuer's metadata (OpenID Connect Discovery 1.0), `https://idp.example/.well-known/openid-configuration`:
    /// the `jwks_uri` that it names must be at the same server.
    #[serde(default)]
    pub discovery_uri: Option<String>,
    /// Seconds after which keys are fetched again. Default: 300.
    #[serde(default = "default_refresh")]
    #[schemars(range(min = 1))]
    pub refresh_seconds: u32,
    /// Seconds that lie at least between two fetches of keys because a token names one that is not known, or because fetching
    /// fails. Default: 2.
    #[serde(default = "default_retry")]
    #[schemars(range(min = 1, max = 5))]
    pub retry_seconds: u32,
    /// Its tokens are opaque: this server says what they are good for, and there are no keys.
    #[serde(default)]
    pub introspection: Option<IntrospectionFile>,
    /// More files with public keys: JWKs, JWK Sets, or PEM with public keys or X.509 certificates.
    #[serde(default)]
    pub key_files: Vec<KeyFile>,
    /// What is shared with an issuer of HS256, HS384 or HS512; such an issuer has no public keys.
    #[serde(default)]
    pub secrets: Vec<SecretFile>,
    /// JWS algorithms accepted. Default: RS256 and ES256.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// What `typ` must say: `JWT`, or what ends in `+jwt`. Default: these, or no `typ`.
    #[serde(default)]
    pub token_types: Vec<String>,
    /// Seconds by which `exp`, `nbf` and `iat` may be missed. Default: 5.
    #[serde(default = "default_skew")]
    #[schemars(range(max = 600))]
    pub skew_seconds: u32,
    /// Whether a token must have `exp`; one that need not is good for ever. Default: true.
    #[serde(default = "default_require_expiry")]
    pub require_expiry: bool,
    /// Claims that must be there, by name or path: `any`, one value, or a list of values of which each must have one.
    #[serde(default)]
    pub required_claims: BTreeMap<String, ValuesFile>,
    /// Names or paths of claims in this issuer's tokens, and what they mean to the gateway. A dot in a path leads into
    /// an object.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// Claims or paths that may name the consumer; the first that is present counts. Default: azp, client_id, sub.
    #[serde(default = "default_consumer_claims")]
    pub consumer_claims: Vec<String>,
    /// Claims or paths that hold scopes, as a text with spaces or as a list. Default: scope, scp.
    #[serde(default = "default_scope_claims")]
    pub scope_claims: Vec<String>,
    /// Whether its tokens must be bound to the client's certificate (`cnf`, RFC 8705). Default: false; a token that
    /// is bound is good over its certificate alone, either way.
    #[serde(default)]
    pub require_certificate_binding: bool,
}

/// A JWK Set (RFC 7517, section 5).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwksFile {
    /// Its keys.
    pub keys: Vec<Value>,
}

/// A file with public keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, untagged)]
pub enum KeyFile {
    /// Its name, relative to this file.
    Name(String),
    /// Its name, and that of its keys.
    Named {
        /// Its name, relative to this file.
        file: String,
        /// The `kid` of the one key in it, which has none of its own.
        kid: String,
    },
}

/// A secret: in a file or, so that it stands in no bundle, in Envoy's environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretFile {
    /// The file's name, relative to this file. A line end at its end does not count.
    #[serde(default)]
    pub file: Option<String>,
    /// The environment variable of Envoy that holds it, instead of `file`.
    #[serde(default)]
    pub env: Option<String>,
    /// The `kid` of tokens signed with it. Default: it is tried whatever a token names.
    #[serde(default)]
    pub kid: Option<String>,
    /// How the secret is written. Default: as it is.
    #[serde(default)]
    pub encoding: SecretEncodingFile,
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncodingFile {
    /// As it is, byte by byte.
    #[default]
    Raw,
    /// In base64, of either alphabet, with padding or without.
    Base64,
}

/// What a claim may be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ValuesFile {
    /// One of these.
    Several(Vec<Value>),
    /// This; the text `any`: anything.
    One(Value),
}

impl IssuerFile {
    /// An issuer of which nothing but its name is known, and for whom its tokens have to be.
    pub(crate) fn discovered(issuer: String, audiences: Vec<String>) -> Self {
        Self {
            issuer,
            audiences,
            jwks_file: None,
            jwks: None,
            jwks_uri: None,
            discovery_uri: None,
            refresh_seconds: default_refresh(),
            retry_seconds: default_retry(),
            introspection: None,
            key_files: Vec::new(),
            secrets: Vec::new(),
            algorithms: default_algorithms(),
            token_types: Vec::new(),
            skew_seconds: default_skew(),
            require_expiry: default_require_expiry(),
            required_claims: BTreeMap::new(),
            claims: BTreeMap::new(),
            consumer_claims: default_consumer_claims(),
            scope_claims: default_scope_claims(),
            require_certificate_binding: false,
        }
    }
}

pub(super) fn default_algorithms() -> Vec<String> {
    vec!["RS256".to_owned(), "ES256".to_owned()]
}

pub(super) fn default_refresh() -> u32 {
    300
}

pub(super) fn default_retry() -> u32 {
    2
}

pub(super) fn default_skew() -> u32 {
    5
}

fn default_require_expiry() -> bool {
    true
}

pub(super) fn default_consumer_claims() -> Vec<String> {
    ["azp", "client_id", "sub"].map(str::to_owned).to_vec()
}

pub(super) fn default_scope_claims() -> Vec<String> {
    ["scope", "scp"].map(str::to_owned).to_vec()
}
