//! What upstreams are told of callers, as the gateway file writes it.

use schemars::JsonSchema;
use serde::Deserialize;

/// A token (RFC 7519) that the gateway signs for the upstream of each request whose caller is known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BackendJwtFile {
    /// The header that carries it; what clients send under this name reaches no upstream. Default: `X-JWT-Assertion`.
    #[serde(default = "default_header")]
    pub header: String,
    /// The value of `iss`.
    pub issuer: String,
    /// The values of `aud`. Default: there is none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// How it is signed. Default: ES256.
    #[serde(default)]
    pub algorithm: BackendAlgorithmFile,
    /// The keys. The first signs; all are published, so that upstreams know the next one and the last one.
    #[schemars(length(min = 1))]
    pub keys: Vec<SigningKeyFile>,
    /// Put before the names of the gateway's own claims: `http://wso2.org/claims/`. Default: nothing.
    #[serde(default)]
    pub dialect: String,
    /// Seconds after which it expires; it is made anew when three quarters have passed. Default: 300.
    #[serde(default = "default_ttl")]
    #[schemars(range(min = 4, max = 86_400))]
    pub ttl_seconds: u32,
    /// Names of the claims of the caller's own token that are passed on. Default: all but the registered ones and those that
    /// the gateway tells itself.
    #[serde(default)]
    pub claims: Option<Vec<String>>,
    /// Names of claims, without the dialect, that upstreams never see.
    #[serde(default)]
    pub restricted_claims: Vec<String>,
    /// The claim of the caller's own token that holds the token for the upstream, made by the issuer: it goes there as it is, and
    /// the gateway signs none. Default: there is no such claim.
    #[serde(default)]
    pub token_claim: Option<String>,
    /// Where the gateway publishes its keys, as a JWK Set. Default: `/.well-known/portcullis/jwks.json`.
    #[serde(default = "default_path")]
    pub jwks_path: String,
}

/// How an upstream's token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum BackendAlgorithmFile {
    /// RSASSA-PKCS1-v1_5 with SHA-256, with an RSA key of 2048 to 4096 bits. Envoy signs.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA with SHA-256, with a key on P-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
}

/// A key of the gateway.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SigningKeyFile {
    /// PEM file with the private key (`PRIVATE KEY`, PKCS #8), relative to this file. Of a key that does not sign, the public
    /// key or its certificate will do.
    pub file: String,
    /// The `kid`.
    pub kid: String,
    /// The environment variable of Envoy that holds the private key in PEM (`PRIVATE KEY`, PKCS #8), so that it stands in no
    /// bundle; then `file` has the public key or its certificate. Only the key that signs is read.
    #[serde(default)]
    pub private_key_env: Option<String>,
}

fn default_header() -> String {
    "X-JWT-Assertion".to_owned()
}

fn default_ttl() -> u32 {
    300
}

fn default_path() -> String {
    "/.well-known/portcullis/jwks.json".to_owned()
}
