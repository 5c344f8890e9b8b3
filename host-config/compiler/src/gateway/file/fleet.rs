//! Limits that a fleet of gateways shares, as the gateway file writes them.

use schemars::JsonSchema;
use serde::Deserialize;

/// A server that counts for a fleet of gateways, by Envoy's rate limit service protocol
/// (`envoy.service.ratelimit.v3.RateLimitService`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LimitServiceFile {
    /// Its URL without a path: `http://ratelimit:8081`, `https://…`. It is spoken to in gRPC over HTTP/2.
    pub url: String,
    /// How many gateways share the limits.
    #[schemars(range(min = 1))]
    pub gateways: u32,
    /// Under which domain (Limitador: namespace) it counts. Default: `portcullis`.
    #[serde(default)]
    pub domain: Option<String>,
    /// How long a call may take, in milliseconds. Default: 100.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60000))]
    pub timeout_milliseconds: Option<u32>,
}

/// Who counts a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeFile {
    /// Each gateway for itself.
    Gateway,
    /// The rate limit service, for all gateways.
    Fleet,
}

/// How often the rate limit service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FleetModeFile {
    /// For each request.
    Exact,
    /// For many requests of a caller at once, ahead of need.
    Leased,
}

/// What holds while the rate limit service does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailureFile {
    /// Each gateway counts its share: the limit, divided by the number of gateways.
    Local,
    /// Requests pass.
    Open,
    /// Requests are refused with 503.
    Closed,
}
