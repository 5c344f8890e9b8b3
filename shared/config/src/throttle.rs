//! The throttle plugin: limits, and what each operation counts against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::apis::ApiConfig;
use crate::client_address::ClientAddressConfig;

mod condition;
mod fleet;
mod level;
mod limit;

pub use condition::{AttributeConfig, GroupConfig, MeasureConfig, TestConfig};
pub use fleet::{FailureConfig, FleetConfig, FleetModeConfig, LimitServiceConfig};
pub use level::{DenialConfig, LevelConfig, TiersConfig};
pub use limit::{CountsConfig, LimitConfig, LimitKeyConfig, UnitConfig, WindowConfig};

/// The whole configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    /// The APIs of the gateway. Empty within [`crate::pipeline::PipelineConfig`], and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiConfig<ThrottleRule>>,
    /// How the client is found behind proxies; default: it is the connection's other end. None within [`crate::pipeline::PipelineConfig`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_address: Option<ClientAddressConfig>,
    /// How many bits of an IPv6 address are one caller, 1 to 128. Default: 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_prefix: Option<u8>,
    /// Limits by name: visible ASCII and spaces, at most 128 bytes, since names stand in header fields.
    pub limits: BTreeMap<String, LimitConfig>,
    /// How many shared slots callers are spread over, 16 callers to a slot: bounds the memory, at most about
    /// 500 bytes a slot. A power of two, at most 1,048,576.
    pub slots: u32,
    /// Whether the plugin stands before authentication. Then it knows no caller but by address, keeps its counts apart from
    /// those of another instance, and tells clients of its limits only when they refuse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
    /// Whether it tells the host what became of requests under each limit, and how full the slots are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub metrics: bool,
    /// Whether it counts nothing, and answers where callers stand with an instance of the same `vm_id` that counts: behind an address
    /// that only operators reach.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shows: bool,
    /// Limits by what the caller has booked, for all operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiers: Option<TiersConfig>,
    /// Who may not call at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<DenialConfig>,
    /// Who counts what a fleet shares; there, if a limit is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<LimitServiceConfig>,
}

/// The limits of an operation; all are charged or none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleRule {
    /// In the order in which they are reported; at most 16, and none twice in one scope.
    #[serde(default)]
    pub limits: Vec<AppliedLimitConfig>,
    /// As how many requests one of this operation counts. Default: 1; not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u32>,
    /// The operation's API, as [`ThrottleRule::name_apis`] sets it.
    #[serde(skip)]
    pub api: String,
}

impl ThrottleRule {
    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Tells each rule its API, before the operations go into an index; `rule` finds it among those of other plugins.
    pub fn name_apis<R>(apis: &mut [ApiConfig<R>], rule: impl Fn(&mut R) -> &mut Self) {
        for api in apis {
            for operation in &mut api.operations {
                rule(&mut operation.rule).api.clone_from(&api.name);
            }
        }
    }
}

/// A limit, and what shares its count.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedLimitConfig {
    /// A key of [`ThrottleConfig::limits`].
    pub limit: String,
    /// Requests under the same scope share one count per caller: `api petstore`, or an operation's key.
    pub scope: String,
    /// What it is a limit of. Default: the operation.
    #[serde(default, skip_serializing_if = "LevelConfig::is_operation")]
    pub level: LevelConfig,
}
