//! API keys, as files list them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::application::EnvironmentFile;

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
    /// Whether it is good no more. Default: false.
    #[serde(default)]
    pub revoked: bool,
    /// When it ends, in UTC: `2027-01-31` or `2027-01-31T18:30:00Z`. Default: never.
    #[serde(default)]
    pub expires: Option<String>,
    /// Ranges of addresses from which it may be used: `192.0.2.0/24`, `2001:db8::/32`. Default: any.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What the header `Referer` may be, `*` standing for any text: `https://shop.example/*`. Default: anything.
    #[serde(default)]
    pub referers: Vec<String>,
    /// The application under `identity.applications` that it belongs to. Default: none, and no subscription.
    #[serde(default)]
    pub application: Option<String>,
    /// A tier of its own; that of a subscription goes before it.
    #[serde(default)]
    pub tier: Option<String>,
    /// The environment whose endpoints it may call. Default: production.
    #[serde(default)]
    pub environment: Option<EnvironmentFile>,
}
