//! Issuers of signed API keys as the gateway file has them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::issuer::{
    IssuerFile, JwksFile, KeyFile, ValuesFile, default_algorithms, default_consumer_claims, default_refresh,
    default_retry, default_scope_claims, default_skew,
};

/// An issuer of API keys that are JWTs with `token_type: apiKey`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyIssuerFile {
    /// The exact value of `iss`.
    pub issuer: String,
    /// The key's `aud` must name one of these. Default: `aud` is not checked.
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
    /// Seconds after which keys are fetched again. Default: 300.
    #[serde(default = "default_refresh")]
    #[schemars(range(min = 1))]
    pub refresh_seconds: u32,
    /// Seconds that lie at least between two fetches of keys. Default: 2.
    #[serde(default = "default_retry")]
    #[schemars(range(min = 1, max = 5))]
    pub retry_seconds: u32,
    /// More files with public keys: JWKs, JWK Sets, or PEM with public keys or X.509 certificates.
    #[serde(default)]
    pub key_files: Vec<KeyFile>,
    /// JWS algorithms accepted. Default: RS256 and ES256.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// Seconds by which `exp`, `nbf` and `iat` may be missed. Default: 5.
    #[serde(default = "default_skew")]
    #[schemars(range(max = 600))]
    pub skew_seconds: u32,
    /// Whether a key must have `exp`; one that need not is good until it is revoked. Default: false.
    #[serde(default)]
    pub require_expiry: bool,
    /// Claims that must be there, by name or path: `any`, one value, or a list of values of which each must have one.
    #[serde(default)]
    pub required_claims: BTreeMap<String, ValuesFile>,
    /// Names or paths of claims in this issuer's keys, and what they mean to the gateway.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// Claims or paths that may name the consumer; the first that is present counts. Default: azp, client_id, sub.
    #[serde(default = "default_consumer_claims")]
    pub consumer_claims: Vec<String>,
    /// Claims or paths that hold scopes, as a text with spaces or as a list. Default: scope, scp.
    #[serde(default = "default_scope_claims")]
    pub scope_claims: Vec<String>,
    /// Whether a key without the claim `token_type` is one as well, as WSO2's API Microgateway writes them. Then no issuer of
    /// tokens may have the same `issuer`. Default: false.
    #[serde(default)]
    pub untyped: bool,
    /// Whether a key must name the APIs that it is for, in `subscribedAPIs` or `allowedAPIs`. Default: false; one that names
    /// none is for all.
    #[serde(default)]
    pub require_apis: bool,
}

/// Keys by which an API's publisher tries it out: they open every operation that asks for a credential, of the APIs that
/// they name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InternalKeysFile {
    /// The header that carries them; it reaches no upstream. Default: `Internal-Key`.
    #[serde(default = "default_header")]
    pub header: String,
    /// Who signs them, by name: JWTs with `token_type: InternalKey`. At least one.
    pub issuers: BTreeMap<String, KeyIssuerFile>,
}

fn default_header() -> String {
    "Internal-Key".to_owned()
}

impl KeyIssuerFile {
    /// What it has in common with issuers of tokens.
    pub(crate) fn issuer(&self) -> IssuerFile {
        IssuerFile {
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            jwks_file: self.jwks_file.clone(),
            jwks: self.jwks.clone(),
            jwks_uri: self.jwks_uri.clone(),
            discovery_uri: None,
            refresh_seconds: self.refresh_seconds,
            retry_seconds: self.retry_seconds,
            introspection: None,
            key_files: self.key_files.clone(),
            secrets: Vec::new(),
            algorithms: self.algorithms.clone(),
            token_types: Vec::new(),
            skew_seconds: self.skew_seconds,
            require_expiry: self.require_expiry,
            required_claims: self.required_claims.clone(),
            claims: self.claims.clone(),
            consumer_claims: self.consumer_claims.clone(),
            scope_claims: self.scope_claims.clone(),
            require_certificate_binding: false,
        }
    }
}
