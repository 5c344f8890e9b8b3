//! What the requests of one operation are charged to.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::ThrottleRule;

use crate::caller::{Callers, Fingerprint};
use crate::fields;
use crate::invalid::InvalidThrottle;
use crate::limit::Limit;
use crate::table::{Charge, Table};

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
}

/// A limit within a scope.
#[derive(Debug)]
pub(crate) struct AppliedLimit {
    pub(crate) limit: Rc<Limit>,
    pub(crate) counter: Fingerprint,
}

impl Rule {
    pub(crate) fn new(
        operation: &str,
        rule: &ThrottleRule,
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
            let named = || (operation.to_owned(), config.limit.clone());
            let limit = limits.get(&config.limit).ok_or_else(|| {
                let (operation, limit) = named();
                InvalidThrottle::UnknownLimit { operation, limit }
            })?;
            if (1..u64::from(units)).contains(&limit.meter.burst()) {
                let (operation, limit) = named();
                return Err(InvalidThrottle::HighCost { operation, cost: units, limit });
            }
            let counter = limit.counter(&config.scope);
            if applied.iter().any(|applied| applied.counter == counter) {
                let (operation, limit) = named();
                return Err(InvalidThrottle::RepeatedLimit { operation, limit });
            }
            applied.push(AppliedLimit { limit: limit.clone(), counter });
        }
        let policies = fields::policies(applied.iter().map(|applied| &*applied.limit));
        Ok(Self { applied, units, policies })
    }

    /// The counts of the caller.
    pub(crate) fn charges(&self, table: Table, callers: &Callers<'_>) -> Vec<Charge> {
        let charge = |applied: &AppliedLimit| {
            let AppliedLimit { limit, counter } = applied;
            let charge = table.locate(callers.by(limit.by), *counter, limit.meter);
            charge.times(self.units).marking(limit.marks)
        };
        self.applied.iter().map(charge).collect()
    }
}
