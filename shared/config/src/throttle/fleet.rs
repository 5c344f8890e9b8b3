//! Limits that a fleet of gateways shares: who counts them, and how they are asked.

use serde::{Deserialize, Serialize};

use super::UnitConfig;

/// A server of the protocol `envoy.service.ratelimit.v3.RateLimitService`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitServiceConfig {
    /// Envoy's name of the cluster, which speaks HTTP/2.
    pub service: String,
    /// `Host` of the calls.
    pub authority: String,
    /// Under which domain the server counts.
    pub domain: String,
    /// How long a call may take, in milliseconds; not 0.
    pub timeout_milliseconds: u32,
}

/// How a limit is counted that a fleet shares.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetConfig {
    /// The unit in which the server counts.
    pub unit: UnitConfig,
    /// How often the server is asked.
    pub mode: FleetModeConfig,
    /// What holds while it does not answer.
    pub on_failure: FailureConfig,
    /// How many gateways share the limit; not 0.
    pub gateways: u32,
}

/// How often the server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FleetModeConfig {
    /// For each request.
    Exact,
    /// For up to so many requests of a caller at once, by each worker; not 0.
    Leased(u32),
}

/// What holds while the server does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureConfig {
    /// Each gateway counts its share.
    Local,
    /// Requests pass.
    Open,
    /// Requests are refused.
    Closed,
}
