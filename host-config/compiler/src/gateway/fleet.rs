//! Limits that a fleet of gateways shares: from what the gateway file says to what the throttle plugin asks.

use portcullis_config::throttle::{FailureConfig, FleetConfig, FleetModeConfig, LimitServiceConfig};
use portcullis_openapi::Report;

use super::Reader;
use super::file::{AlgorithmFile, FailureFile, FleetModeFile, LimitFile, LimitServiceFile, ScopeFile};
use super::limit::calendar_unit;
use crate::codes;
use crate::service::Services;
use crate::settings::problem;

const DEFAULT_DOMAIN: &str = "portcullis";
/// How long a call may take, in milliseconds.
const DEFAULT_TIMEOUT: u32 = 100;
/// Most requests that a lease is for unless the file says so.
const DEFAULT_LEASE: u64 = 10_000;

/// How a limit is shared, unless its groups say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sharing {
    scope: ScopeFile,
    mode: Option<FleetModeFile>,
    lease: Option<u32>,
    on_failure: Option<FailureFile>,
    /// How many gateways there are, if the file names who counts for them.
    gateways: Option<u32>,
}

impl Sharing {
    /// Of a file with this service.
    pub(super) fn new(service: Option<&LimitServiceFile>) -> Self {
        let gateways = service.map(|service| service.gateways);
        Self { scope: ScopeFile::Gateway, mode: None, lease: None, on_failure: None, gateways }
    }

    /// With what a limit says of it.
    pub(super) fn with(self, file: &LimitFile) -> Self {
        Self {
            scope: file.scope.unwrap_or(self.scope),
            mode: file.mode.or(self.mode),
            lease: file.lease.or(self.lease),
            on_failure: file.on_failure.or(self.on_failure),
            gateways: self.gateways,
        }
    }

    /// How the throttle plugin asks.
    pub(super) fn config(self, file: &LimitFile) -> Result<Option<FleetConfig>, String> {
        if self.scope == ScopeFile::Gateway {
            return match (file.mode, file.lease, file.on_failure) {
                (None, None, None) => Ok(None),
                _ => Err("mode, lease and onFailure are of limits with `scope: fleet`".into()),
            };
        }
        let gateways =
            self.gateways.ok_or("`scope: fleet` needs a `rateLimitService`, which counts for the fleet")?;
        let (Some(per), Some(requests)) = (file.per, file.requests) else {
            return Err("a fleet shares limits of requests in a time: `requests` and `per`".into());
        };
        if per.count != 1 {
            return Err(
                "a limit of a fleet is for one unit, such as a minute: the protocol has no others".into()
            );
        }
        if file.algorithm == Some(AlgorithmFile::Gcra) || file.burst.is_some() || file.utc_offset.is_some() {
            return Err("how requests of a fleet come back, the rate limit service decides: algorithm, burst and utcOffset have no meaning".into());
        }
        let mode = match (self.mode, self.lease) {
            (Some(FleetModeFile::Leased), Some(lease)) => FleetModeConfig::Leased(lease),
            (Some(FleetModeFile::Leased), None) => {
                let tenth = requests / (10 * u64::from(gateways.max(1)));
                FleetModeConfig::Leased(u32::try_from(tenth.clamp(1, DEFAULT_LEASE)).unwrap_or(1))
            }
            (_, Some(_)) => return Err("a lease needs `mode: leased`".into()),
            (_, None) => FleetModeConfig::Exact,
        };
        let on_failure = match self.on_failure {
            Some(FailureFile::Local) | None => FailureConfig::Local,
            Some(FailureFile::Open) => FailureConfig::Open,
            Some(FailureFile::Closed) => FailureConfig::Closed,
        };
        Ok(Some(FleetConfig { unit: calendar_unit(per.unit), mode, on_failure, gateways }))
    }
}

impl Reader<'_> {
    /// Who counts for the fleet.
    pub(super) fn limit_service(
        &self,
        file: &LimitServiceFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<LimitServiceConfig> {
        let timeout_milliseconds = file.timeout_milliseconds.unwrap_or(DEFAULT_TIMEOUT);
        let domain = file.domain.clone().unwrap_or_else(|| DEFAULT_DOMAIN.to_owned());
        let invalid = match services.grpc(&file.url) {
            Err(cause) => ("url", format!("'{}' is no URL without a path: {cause}", file.url)),
            Ok(_) if file.gateways == 0 => ("gateways", "at least one gateway shares the limits".to_owned()),
            Ok(_) if !(1..=60_000).contains(&timeout_milliseconds) => {
                ("timeoutMilliseconds", "a call takes between 1 and 60000 milliseconds".to_owned())
            }
            Ok(_) if domain.is_empty() || domain.len() > 128 => {
                ("domain", "a domain has 1 to 128 bytes".to_owned())
            }
            Ok((service, authority)) => {
                return Some(LimitServiceConfig { service, authority, domain, timeout_milliseconds });
            }
        };
        let (key, message) = invalid;
        report.push(problem(codes::SETTING_INVALID, message, self.place(&["rateLimitService", key])));
        None
    }
}
