//! The pipeline plugin: all policies' configurations as one, so that they go live together or not at all.

use serde::{Deserialize, Serialize};

use crate::apis::ApiConfig;
use crate::auth::{AuthConfig, AuthRule};
use crate::client_address::ClientAddressConfig;
use crate::mock::MockRule;
use crate::routing::RoutingRule;
use crate::schema::{SchemaConfig, SchemaRule};
use crate::throttle::{ThrottleConfig, ThrottleRule};

/// The whole configuration. The operations stand in it once; the parts of the policies have no `apis` of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineConfig {
    /// The APIs of the gateway.
    pub apis: Vec<ApiConfig<PipelineRule>>,
    /// How the client is found behind proxies; default: it is the connection's other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_address: Option<ClientAddressConfig>,
    /// What the auth plugin knows beside its operations.
    pub auth: AuthConfig,
    /// What the schema plugin knows beside its operations.
    pub schema: SchemaConfig,
    /// What the throttle plugin knows beside its operations; absent: no operation has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleConfig>,
    /// The same of its instance before authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_throttle: Option<ThrottleConfig>,
}

/// What each policy wants to know of an operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineRule {
    /// Where it goes.
    pub routing: RoutingRule,
    /// Who may.
    pub auth: AuthRule,
    /// What its requests must be.
    pub schema: SchemaRule,
    /// How often.
    #[serde(default, skip_serializing_if = "ThrottleRule::is_empty")]
    pub throttle: ThrottleRule,
    /// How often, before anybody knows from whom.
    #[serde(default, skip_serializing_if = "ThrottleRule::is_empty")]
    pub early_throttle: ThrottleRule,
    /// Whether it is answered from examples.
    #[serde(default, skip_serializing_if = "MockRule::is_upstream")]
    pub mock: MockRule,
}
