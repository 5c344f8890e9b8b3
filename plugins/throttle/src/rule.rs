//! What the requests of one operation are charged to.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::ThrottleRule;

use crate::attribute::Subject;
use crate::caller::Fingerprint;
use crate::fields;
use crate::invalid::InvalidThrottle;
use crate::level::Level;
use crate::limit::Limit;
use crate::table::Charged;

/// Most limits of one operation; each may cost two calls to the host.
pub(crate) const MOST_LIMITS: usize = 16;

/// Most limits of an operation, tiers' apart, that a fleet shares; each may cost several calls to a server.
pub(crate) const MOST_FLEET_LIMITS: usize = 2;

/// The limits of an operation.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) applied: Vec<AppliedLimit>,
    /// As how many requests one of this operation counts.
    pub(crate) units: u32,
    /// Whether a request's limits are these, whatever it is like.
    pub(crate) is_fixed: bool,
    /// The value of `RateLimit-Policy`, if they are.
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
    /// Whether it is the burst control of another.
    pub(crate) is_burst: bool,
    /// Its burst control.
    beside: Option<Box<Self>>,
    /// At the place of each of the limit's groups: what counts instead.
    groups: Vec<AppliedLimit>,
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
            let new = AppliedLimit::new(found, &config.scope, config.level.into());
            if applied.iter().any(|applied| applied.counter == new.counter) {
                return Err(InvalidThrottle::RepeatedLimit { operation, limit });
            }
            applied.push(new);
        }
        let of_fleet = applied.iter().filter(|one| one.limit.all().any(|limit| limit.fleet.is_some()));
        if of_fleet.count() > MOST_FLEET_LIMITS {
            return Err(InvalidThrottle::TooManyFleetLimits(operation.to_owned()));
        }
        let is_fixed = applied.iter().all(|applied| applied.groups.is_empty());
        if is_fixed {
            applied = applied.into_iter().flat_map(AppliedLimit::split).collect();
        }
        let policies = fields::policies(applied.iter().map(|applied| &*applied.limit));
        let api_fingerprint = Fingerprint::of(b'i', &[rule.api.as_bytes()]);
        let rule = Self { applied, units, is_fixed, policies, api: rule.api, api_fingerprint };
        rule.check_cost(operation, rule.applied.iter().map(|applied| &*applied.limit))?;
        Ok(rule)
    }

    /// Refuses a limit that none of these requests could ever pass, though others can.
    pub(crate) fn check_cost<'l>(
        &self,
        operation: &str,
        limits: impl Iterator<Item = &'l Limit>,
    ) -> Result<(), InvalidThrottle> {
        // Bytes are what they are, whatever the operation costs.
        let is_low = |limit: &&Limit| {
            limit.charged() != Charged::AtEnd && (1..u64::from(self.units)).contains(&limit.meter.burst())
        };
        match limits.flat_map(Limit::all).find(is_low) {
            Some(limit) => {
                let (operation, limit) = (operation.to_owned(), limit.name.clone());
                Err(InvalidThrottle::HighCost { operation, cost: self.units, limit })
            }
            None => Ok(()),
        }
    }
}

impl AppliedLimit {
    pub(crate) fn new(limit: &Rc<Limit>, scope: &str, level: Level) -> Self {
        let groups = limit.groups.iter().map(|group| Self::new(&group.limit, scope, level));
        let groups = groups.collect();
        let beside = limit.burst_control.as_ref();
        let beside = beside.map(|limit| Box::new(Self { is_burst: true, ..Self::new(limit, scope, level) }));
        Self {
            counter: limit.counter(scope),
            limit: Rc::clone(limit),
            level,
            is_burst: false,
            beside,
            groups,
        }
    }

    /// It, and its burst control.
    pub(crate) fn both(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.beside.as_deref())
    }

    /// All that may count a request in its place, and it itself.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        self.both().chain(self.groups.iter().flat_map(Self::both))
    }

    fn split(mut self) -> impl Iterator<Item = Self> {
        let beside = self.beside.take().map(|beside| *beside);
        std::iter::once(self).chain(beside)
    }

    /// The limit that counts a request: of the first group whose conditions hold, else this one.
    pub(crate) fn choose(&self, subject: &Subject<'_>) -> &Self {
        let group = self.limit.groups.iter().position(|group| group.holds(subject));
        group.and_then(|at| self.groups.get(at)).unwrap_or(self)
    }
}
