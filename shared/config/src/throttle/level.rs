//! Limits beside those of operations: by what a caller has booked; and who may not call at all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a limit is a limit of: clients are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LevelConfig {
    /// The whole API.
    Api,
    /// The operation, or its path.
    #[default]
    Operation,
    /// What the API's upstream can bear.
    Upstream,
}

impl LevelConfig {
    // serde gives the field by reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn is_operation(&self) -> bool {
        *self == Self::Operation
    }
}

/// Limits by tier, charged beside those of each operation. A tier without limit is unlimited; one that is not
/// listed is nobody's, and its holders are refused. `*` is the tier of those who are known and have none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiersConfig {
    /// Limits by the application's tier; absent: applications have no limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<BTreeMap<String, Option<String>>>,
    /// Limits by the tier of the subscription, or of the credential where that has none; absent: they have no
    /// limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<BTreeMap<String, Option<String>>>,
    /// The limit of those whom no credential makes known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unauthenticated: Option<String>,
}

/// Who may not call: whoever fits all that is given; something is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenialConfig {
    /// The API by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The caller's application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// Ranges of addresses, one of which the caller's is in; who has no address fits. Empty: any address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The second since 1970 at which it ends; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}
