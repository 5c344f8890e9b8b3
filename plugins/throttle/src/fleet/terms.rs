//! How a limit is shared by a fleet, checked.

use portcullis_config::throttle::{FailureConfig, FleetConfig, FleetModeConfig, UnitConfig};

use super::lease::Terms;
use crate::gcra::SECOND;

/// Most tokens of a lease.
const LARGEST_LEASE: u32 = 1_000_000;
/// How long tokens are held at most, in nanoseconds.
const LONGEST_LEASE: u64 = 60 * SECOND;

/// How a limit is shared.
#[derive(Debug)]
pub(crate) struct FleetLimit {
    /// What all gateways may let pass in a unit.
    pub(crate) requests: u32,
    /// The number of the protocol's `RateLimitUnit`.
    pub(crate) unit: i32,
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    gateways: u32,
    /// How long tokens are held at most, in nanoseconds.
    pub(crate) lifetime: u64,
}

/// How often the service is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Exact,
    Leased(Terms),
}

/// What holds while the service does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    Local,
    Open,
    Closed,
}

/// Why a limit cannot be shared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFleet {
    /// The service.
    #[error("the rate limit service has a name and a time")]
    Service,
    /// The number of gateways.
    #[error("a limit of a fleet is shared by at least one gateway")]
    Gateways,
    /// The lease.
    #[error("a lease is for 1 to {LARGEST_LEASE} requests, and not for more than the limit")]
    Lease,
    /// More than the protocol can say.
    #[error("{0} requests are more than the rate limit service can be told: at most 4294967295")]
    Requests(u64),
}

impl FleetLimit {
    pub(crate) fn new(requests: u64, config: &FleetConfig) -> Result<Self, InvalidFleet> {
        let requests = u32::try_from(requests).map_err(|_| InvalidFleet::Requests(requests))?;
        if config.gateways == 0 {
            return Err(InvalidFleet::Gateways);
        }
        let lifetime = LONGEST_LEASE.min(seconds(config.unit) * SECOND);
        let mode = match config.mode {
            FleetModeConfig::Exact => Mode::Exact,
            FleetModeConfig::Leased(size) if size == 0 || size > LARGEST_LEASE.min(requests) => {
                return Err(InvalidFleet::Lease);
            }
            FleetModeConfig::Leased(size) => {
                Mode::Leased(Terms { size, gateways: config.gateways, lifetime })
            }
        };
        let on_failure = match config.on_failure {
            FailureConfig::Local => OnFailure::Local,
            FailureConfig::Open => OnFailure::Open,
            FailureConfig::Closed => OnFailure::Closed,
        };
        let (unit, gateways) = (unit(config.unit), config.gateways);
        Ok(Self { requests, unit, mode, on_failure, gateways, lifetime })
    }

    /// What this gateway counts to by itself while the service does not answer; where that is not wanted, the whole.
    pub(crate) fn share(&self) -> u64 {
        match self.on_failure {
            OnFailure::Local => u64::from(self.requests.div_ceil(self.gateways)),
            OnFailure::Open | OnFailure::Closed => u64::from(self.requests),
        }
    }
}

/// `RateLimitResponse.RateLimit.Unit`.
fn unit(unit: UnitConfig) -> i32 {
    match unit {
        UnitConfig::Second => 1,
        UnitConfig::Minute => 2,
        UnitConfig::Hour => 3,
        UnitConfig::Day => 4,
        UnitConfig::Month => 5,
        UnitConfig::Year => 6,
        UnitConfig::Week => 7,
    }
}

/// How long the unit is at least.
fn seconds(unit: UnitConfig) -> u64 {
    match unit {
        UnitConfig::Second => 1,
        UnitConfig::Minute => 60,
        _ => 3_600,
    }
}
