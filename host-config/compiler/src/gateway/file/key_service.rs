//! Where callers get API keys that the gateway signs, as the gateway file writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::backend_jwt::{BackendAlgorithmFile, SigningKeyFile};

/// A path of the gateway at which users get signed API keys, by GET or POST with HTTP basic. The gateway accepts them
/// wherever an API asks for an API key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyServiceFile {
    /// Where it is. Default: `/apikey`.
    #[serde(default = "default_path")]
    pub path: String,
    /// Hosts it answers for. Default: any.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The value of `iss`; no other issuer of the gateway has it.
    pub issuer: String,
    /// The values of `aud`. Default: there is none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// How keys are signed. Default: ES256.
    #[serde(default)]
    pub algorithm: BackendAlgorithmFile,
    /// The keys. The first signs; all verify, so that API keys stay good when another becomes the first.
    #[schemars(length(min = 1))]
    pub keys: Vec<SigningKeyFile>,
    /// Seconds that an API key lives at most, and if its caller asks for nothing else; -1: it need not end. Default: 3600.
    #[serde(default = "default_seconds")]
    #[schemars(range(min = -1))]
    pub max_validity_seconds: i64,
    /// Names of the APIs that keys are for, as far as the user may call them. Default: all of the gateway.
    #[serde(default)]
    pub apis: Option<Vec<String>>,
    /// API keys that a user gets in a minute from a worker. Default: 10.
    #[serde(default = "default_per_minute")]
    #[schemars(range(min = 1))]
    pub per_minute: u32,
    /// Where the public keys are published as a JWK Set, for other gateways. Default: nowhere.
    #[serde(default)]
    pub jwks_path: Option<String>,
}

fn default_path() -> String {
    "/apikey".to_owned()
}

fn default_seconds() -> i64 {
    3600
}

fn default_per_minute() -> u32 {
    10
}
