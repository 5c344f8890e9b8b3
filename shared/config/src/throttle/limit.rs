//! A limit: how much, in what time, for whom.

use serde::{Deserialize, Serialize};

use super::{AttributeConfig, FleetConfig, GroupConfig};

/// A limit: so many requests in so much time, for each caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitConfig {
    /// Requests per period or window, or what else `counts` says; 0 lets none pass.
    pub requests: u64,
    /// What is counted. Default: requests.
    #[serde(default, skip_serializing_if = "CountsConfig::is_requests")]
    pub counts: CountsConfig,
    /// How long a request counts at most, where those in flight are counted: 1 to 86,400 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u32>,
    /// A limit for short times that is charged beside this one, and counts whom this one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_control: Option<Box<LimitConfig>>,
    /// Requests come back evenly over this many seconds, from 1 to ten years. Either this or `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<u64>,
    /// Requests come back all at once, when the next unit of the calendar begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowConfig>,
    /// Requests that may come at once after a quiet time; absent: as many as `requests`. Not 0, and not beside
    /// `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u64>,
    /// Who is counted.
    pub by: LimitKeyConfig,
    /// Whether requests over the limit pass with a mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marks: bool,
    /// Other limits for some requests: the first whose conditions hold counts instead of this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupConfig>,
    /// How a fleet of gateways shares it. Default: each gateway counts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetConfig>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountsConfig {
    /// Requests.
    #[default]
    Requests,
    /// Bytes of requests and their responses, heads and bodies.
    Bytes,
    /// Bytes of requests.
    RequestBytes,
    /// Bytes of responses.
    ResponseBytes,
    /// Requests that have not ended yet; there is neither a period nor a window.
    InFlight,
}

impl CountsConfig {
    // serde gives the field by reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn is_requests(&self) -> bool {
        *self == Self::Requests
    }
}

/// A window aligned to the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// The unit that its beginning is aligned to.
    pub unit: UnitConfig,
    /// How many units long it is; ten years at most in all. Windows of several units are counted from the first
    /// of 1970 (weeks: its first Monday), months and years from the year 0.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub units: u32,
    /// How many minutes the clock of the calendar is ahead of UTC, from -1439 to 1439.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub utc_offset_minutes: i32,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitConfig {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days, from Monday on (ISO 8601).
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// Who is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKeyConfig {
    /// The authenticated consumer; anonymous callers by address.
    Consumer,
    /// The address of the connection's other end; IPv6 by /64.
    Address,
    /// Everybody together.
    All,
    /// The application that the credential belongs to; who has none, as the consumer.
    Application,
    /// The application and the API; who has no application, as the consumer and the API.
    Subscription,
    /// Whoever has all of these in common. What is missing is one value, and like no other.
    Parts(Vec<AttributeConfig>),
}

fn one() -> u32 {
    1
}

// serde gives the field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(units: &u32) -> bool {
    *units == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(minutes: &i32) -> bool {
    *minutes == 0
}
