//! Where operators ask, as the gateway file writes it.

use schemars::JsonSchema;
use serde::Deserialize;

/// An address for operators, on which `portcullis limits` finds out where callers stand.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AdminFile {
    /// `127.0.0.1:9902`, `[::1]:9902`: of the machine itself, since whoever reaches it is believed; not port 0.
    pub address: String,
}
