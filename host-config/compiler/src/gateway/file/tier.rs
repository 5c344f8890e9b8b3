//! Limits by what callers have booked, and who may not call, as the gateway file writes them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Limits by tier, charged beside those of APIs and operations. A tier with `null` is unlimited; `*` is for those who are known and
/// have none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TiersFile {
    /// Limits by the tier of the caller's application. Default: no limits at this level.
    #[serde(default)]
    pub application: Option<BTreeMap<String, Option<String>>>,
    /// Limits by the tier of the subscription, or of the credential where that has none. Default: no limits at this level.
    #[serde(default)]
    pub subscription: Option<BTreeMap<String, Option<String>>>,
    /// The limit of those whom no credential makes known. Default: none.
    #[serde(default)]
    pub unauthenticated: Option<String>,
}

/// Who may not call: whoever fits all that is given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DenyFile {
    /// The API's name.
    #[serde(default)]
    pub api: Option<String>,
    /// The caller's application.
    #[serde(default)]
    pub application: Option<String>,
    /// The consumer.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Ranges of addresses: `192.0.2.0/24`, `2001:db8::/32`.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// When it ends, in UTC: `2027-01-31` or `2027-01-31T18:30:00Z`. Default: never.
    #[serde(default)]
    pub until: Option<String>,
}
