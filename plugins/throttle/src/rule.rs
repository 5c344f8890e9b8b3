//! What the requests of one operation are charged to.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::{AppliedLimitConfig, ThrottleRule};

use crate::caller::Fingerprint;
use crate::fields;
use crate::invalid::InvalidThrottle;
use crate::level::Level;
use crate::limit::Limit;

/// Most limits of one operation; each may cost two calls to the host.
pub(crate) const MOST_LIMITS: usize = 16;

/// The limits of an operation.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) applied: Vec<AppliedLimit>,
    /// As how many requests one of this operation counts.
    pub(crate) units: u32,
    /// The value of `RateLimit-Policy`.
    pub(crate) policies: String,
    /// The name of its API.
    pub(crate) api: String,
    /// Stands for its API.
    pub(crate) api_fingerprint: Fingerprint,
}

/// A limit within a scope.
#[derive(Debug)]
pub(crate) struct AppliedLimit {
    pub(crate) limit: Rc<Limit>,
    pub(crate) counter: Fingerprint,
    pub(crate) level: Level,
}

impl Rule {
    pub(crate) fn new(
        operation: &str,
        rule: ThrottleRule,
        limits: &BTreeMap<String, Rc<Limit>>,
    ) -> Result<Self, InvalidThrottle> {
        if rule.limits.len() > MOST_LIMITS {
            return Err(InvalidThrottle::TooManyLimits(operation.to_owned()));
        }
        let units = rule.cost.unwrap_or(1);
        if units == 0 {
            return Err(InvalidThrottle::NoCost(operation.to_owned()));
        }
        let mut applied: Vec<AppliedLimit> = Vec::new();
        for config in &rule.limits {
            let (operation, limit) = (operation.to_owned(), config.limit.clone());
            let Some(found) = limits.get(&limit) else {
                return Err(InvalidThrottle::UnknownLimit { operation, limit });
            };
            let new = AppliedLimit::new(found, config);
            if applied.iter().any(|applied| applied.counter == new.counter) {
                return Err(InvalidThrottle::RepeatedLimit { operation, limit });
            }
            applied.push(new);
        }
        let policies = fields::policies(applied.iter().map(|applied| &*applied.limit));
        let api_fingerprint = Fingerprint::of(b'i', &[rule.api.as_bytes()]);
        let rule = Self { applied, units, policies, api: rule.api, api_fingerprint };
        rule.check_cost(operation, rule.applied.iter().map(|applied| &*applied.limit))?;
        Ok(rule)
    }

    /// Refuses a limit that none of these requests could ever pass, though others can.
    pub(crate) fn check_cost<'l>(
        &self,
        operation: &str,
        mut limits: impl Iterator<Item = &'l Limit>,
    ) -> Result<(), InvalidThrottle> {
        match limits.find(|limit| (1..u64::from(self.units)).contains(&limit.meter.burst())) {
            Some(limit) => {
                let (operation, limit) = (operation.to_owned(), limit.name.clone());
                Err(InvalidThrottle::HighCost { operation, cost: self.units, limit })
            }
            None => Ok(()),
        }
    }
}

impl AppliedLimit {
    fn new(limit: &Rc<Limit>, config: &AppliedLimitConfig) -> Self {
        let counter = limit.counter(&config.scope);
        Self { limit: Rc::clone(limit), counter, level: config.level.into() }
    }
}
