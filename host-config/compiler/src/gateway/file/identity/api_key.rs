//! API keys, as files list them.

use schemars::JsonSchema;
use serde::Deserialize;

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
