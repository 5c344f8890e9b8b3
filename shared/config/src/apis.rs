//! The operations a plugin decides on, each with the plugin's own rule. Every plugin carries them, so that
//! each also works alone.

use std::rc::Rc;

use portcullis_core::{Condition, ConditionPlace, Entry, InvalidIndex, OperationIndex};
use serde::{Deserialize, Serialize};

/// One API and its operations; `R` is what the plugin wants to know of each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig<R> {
    /// The API's name, unique in the gateway.
    pub name: String,
    /// Hosts it answers for, in lower case; none means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where it is mounted: empty, or `/v1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_path: String,
    /// Its operations.
    pub operations: Vec<OperationConfig<R>>,
}

/// One operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationConfig<R> {
    /// Stable from build to build and unique in the gateway: `petstore GET /pets/{id}`.
    pub key: String,
    /// In upper case.
    pub method: String,
    /// The path template, relative to the base path, without query and fragment.
    pub path: String,
    /// What else a request must carry to mean this operation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<ConditionConfig>,
    /// What the plugin enforces for it.
    pub rule: R,
}

/// See [`portcullis_core::Condition`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionConfig {
    /// Where to look.
    #[serde(rename = "in")]
    pub place: ConditionPlaceConfig,
    /// The header's name in lower case, or the query parameter's.
    pub name: String,
    /// The value; absent when the name need only be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Where a condition looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionPlaceConfig {
    /// The query.
    Query,
    /// The headers.
    Header,
}

/// The index over all operations, which policies of one module share, and each operation's rule at its [`portcullis_core::OperationId::position`].
/// An index of no API at all is refused: the operations were left out.
pub fn index<R>(apis: Vec<ApiConfig<R>>) -> Result<(Rc<OperationIndex>, Vec<R>), InvalidIndex> {
    if apis.is_empty() {
        return Err(InvalidIndex::NoApi);
    }
    let entries = apis.iter().flat_map(|api| {
        api.operations.iter().map(|operation| Entry {
            key: &operation.key,
            hosts: &api.hosts,
            base_path: &api.base_path,
            method: &operation.method,
            template: &operation.path,
            conditions: operation.when.iter().map(Condition::from).collect(),
        })
    });
    let index = OperationIndex::build(entries)?;
    let rules = apis.into_iter().flat_map(|api| api.operations).map(|operation| operation.rule).collect();
    Ok((Rc::new(index), rules))
}

impl From<&ConditionConfig> for Condition {
    fn from(config: &ConditionConfig) -> Self {
        let place = match config.place {
            ConditionPlaceConfig::Query => ConditionPlace::Query,
            ConditionPlaceConfig::Header => ConditionPlace::Header,
        };
        Self { place, name: config.name.clone(), value: config.value.clone() }
    }
}
