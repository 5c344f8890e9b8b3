//! The policy: finds the operation of a request, charges the request to the operation's limits, all or none,
//! and tells the client where it stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::{LimitConfig, ThrottleConfig, ThrottleRule};
use portcullis_core::{
    Decision, Edits, Env, InvalidIndex, Learn, Lookup, OperationId, OperationIndex, Policy, Rejection,
    Request,
};

use crate::caller::{Callers, Consumers, Fingerprint};
use crate::fields;
use crate::gcra::{Rate, SECOND};
use crate::limit::{InvalidLimit, Limit};
use crate::table::{Charge, Denied, MOST_SLOTS, Standing, Table};

/// Most limits of one operation; each may cost two calls to the host.
const MOST_LIMITS: usize = 16;

/// The limits of every operation.
#[derive(Debug)]
pub struct ThrottlePolicy {
    index: Rc<OperationIndex>,
    /// At the operation's position.
    operations: Vec<OperationLimits>,
    table: Table,
    consumers: Consumers,
}

/// What an operation's requests are charged to.
#[derive(Debug)]
struct OperationLimits {
    applied: Vec<AppliedLimit>,
    /// The value of `RateLimit-Policy`.
    policies: String,
}

/// A limit within a scope.
#[derive(Debug)]
struct AppliedLimit {
    limit: Rc<Limit>,
    counter: Fingerprint,
}

/// Why a throttle configuration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidThrottle {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// The table's size.
    #[error("{0} slots: it must be a power of two, at most {MOST_SLOTS}")]
    Slots(u32),
    /// One of the limits.
    #[error("the limit '{name}': {cause}")]
    Limit {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: InvalidLimit,
    },
    /// An operation names a limit that is not there.
    #[error("the operation '{operation}' names the limit '{limit}', which does not exist")]
    UnknownLimit {
        /// The operation's key.
        operation: String,
        /// The limit's name.
        limit: String,
    },
    /// An operation would charge a count twice.
    #[error("the operation '{operation}' has the limit '{limit}' twice in one scope")]
    RepeatedLimit {
        /// The operation's key.
        operation: String,
        /// The limit's name.
        limit: String,
    },
    /// An operation has too many limits.
    #[error("the operation '{0}' has more than {MOST_LIMITS} limits")]
    TooManyLimits(String),
}

impl Learn for ThrottlePolicy {}

impl Policy for ThrottlePolicy {
    type Config = ThrottleConfig;
    type Invalid = InvalidThrottle;

    fn compile(mut config: ThrottleConfig) -> Result<Self, InvalidThrottle> {
        let (index, rules) = portcullis_config::index(std::mem::take(&mut config.apis))?;
        Self::over(index, rules, config)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        let located = self.index.locate(request, env).map_err(|_| mismatch());
        decision(located.and_then(Lookup::into_found).and_then(|operation| self.judge(operation, env)))
    }

    /// No limit looks at the head.
    fn without_head(&self, env: &dyn Env) -> Option<Decision> {
        let operation = self.index.by_key(&env.operation()?).ok_or_else(mismatch);
        Some(decision(operation.and_then(|operation| self.judge(operation, env))))
    }
}

fn decision(judged: Result<Edits, Rejection>) -> Decision {
    judged.map_or_else(Decision::Reject, Decision::Continue)
}

fn mismatch() -> Rejection {
    Rejection::internal("configuration-mismatch")
}

impl ThrottlePolicy {
    /// Makes the policy over an index that others share; `rules` are by [`OperationId::position`], and the
    /// configuration's own operations are not looked at.
    pub fn over(
        index: Rc<OperationIndex>,
        rules: Vec<ThrottleRule>,
        config: ThrottleConfig,
    ) -> Result<Self, InvalidThrottle> {
        if !config.slots.is_power_of_two() || config.slots > MOST_SLOTS {
            return Err(InvalidThrottle::Slots(config.slots));
        }
        let limits = compile_limits(config.limits)?;
        let operations = index.operations().zip(&rules);
        let operations = operations.map(|(operation, rule)| compile_rule(&operation.key, rule, &limits));
        let operations = operations.collect::<Result<_, _>>()?;
        let capacities = limits.values().filter_map(|limit| limit.rate).map(Rate::capacity);
        let table = Table::new(config.slots, capacities.max().unwrap_or_default());
        Ok(Self { index, operations, table, consumers: Consumers::default() })
    }

    fn judge(&self, operation: OperationId, env: &dyn Env) -> Result<Edits, Rejection> {
        let limits = self.operations.get(operation.position()).ok_or_else(mismatch)?;
        if limits.applied.is_empty() {
            return Ok(Edits::default());
        }
        let charges = limits.charges(self.table, &self.consumers, env)?;
        match self.table.charge(&charges, env) {
            Ok(standings) => Ok(limits.admitted(&standings)),
            Err(denied) => Err(limits.refused(denied)),
        }
    }
}

impl OperationLimits {
    /// The counts of the caller; a limit that lets nothing pass refuses before any is charged.
    fn charges(&self, table: Table, consumers: &Consumers, env: &dyn Env) -> Result<Vec<Charge>, Rejection> {
        let callers = Callers::new(env, consumers);
        let mut charges = Vec::with_capacity(self.applied.len());
        for AppliedLimit { limit, counter } in &self.applied {
            let Some(rate) = limit.rate else {
                return Err(self.limit_exceeded(limit, limit.period * SECOND));
            };
            charges.push(table.locate(callers.by(limit.by), *counter, rate));
        }
        Ok(charges)
    }

    /// The fields of a response: all limits, and where the tightest stands.
    fn admitted(&self, standings: &[Standing]) -> Edits {
        let applied = self.applied.iter().zip(standings);
        let tightest = applied.min_by(|(left, a), (right, b)| {
            // The least part of the burst that remains: a/left < b/right, without fractions.
            let part = |rest: &Standing, whole: &Limit| {
                u128::from(rest.remaining) * u128::from(whole.rate.map_or(1, Rate::burst))
            };
            part(a, &right.limit).cmp(&part(b, &left.limit))
        });
        let Some((AppliedLimit { limit, .. }, standing)) = tightest else { return Edits::default() };
        let value = fields::standing(limit, standing.remaining, fields::seconds(standing.full_in));
        let response = vec![("ratelimit-policy".into(), self.policies.clone()), ("ratelimit".into(), value)];
        Edits { response, ..Edits::default() }
    }

    fn refused(&self, denied: Denied) -> Rejection {
        match denied {
            Denied::UsedUp { charge, retry_in } => match self.applied.get(charge) {
                Some(applied) => self.limit_exceeded(&applied.limit, retry_in),
                None => Rejection::internal("limit-state-unreadable"),
            },
            Denied::Contended => Rejection::internal("limit-contended").with_header("retry-after", "1"),
            Denied::Unreadable => Rejection::internal("limit-state-unreadable"),
        }
    }

    /// Body, `Retry-After` and `RateLimit` name the same limit and the same time.
    fn limit_exceeded(&self, limit: &Limit, retry_in: u64) -> Rejection {
        let seconds = fields::seconds(retry_in);
        let Limit { name, requests, period, .. } = limit;
        let detail = format!(
            "The limit '{name}' of {requests} requests in {period} seconds is used up; retry in {seconds} seconds."
        );
        Rejection::new(429, "limit-exceeded", detail)
            .with_header("retry-after", seconds.to_string())
            .with_header("ratelimit-policy", self.policies.clone())
            .with_header("ratelimit", fields::standing(limit, 0, seconds))
    }
}

fn compile_limits(
    configs: BTreeMap<String, LimitConfig>,
) -> Result<BTreeMap<String, Rc<Limit>>, InvalidThrottle> {
    let mut limits = BTreeMap::new();
    for (name, config) in configs {
        let limit = Limit::new(name.clone(), &config)
            .map_err(|cause| InvalidThrottle::Limit { name: name.clone(), cause })?;
        limits.insert(name, Rc::new(limit));
    }
    Ok(limits)
}

fn compile_rule(
    key: &str,
    rule: &ThrottleRule,
    limits: &BTreeMap<String, Rc<Limit>>,
) -> Result<OperationLimits, InvalidThrottle> {
    if rule.limits.len() > MOST_LIMITS {
        return Err(InvalidThrottle::TooManyLimits(key.to_owned()));
    }
    let mut applied: Vec<AppliedLimit> = Vec::new();
    for config in &rule.limits {
        let named = || (key.to_owned(), config.limit.clone());
        let limit = limits.get(&config.limit).ok_or_else(|| {
            let (operation, limit) = named();
            InvalidThrottle::UnknownLimit { operation, limit }
        })?;
        let counter = Fingerprint::of(b'l', &[config.limit.as_bytes(), config.scope.as_bytes()]);
        if applied.iter().any(|applied| applied.counter == counter) {
            let (operation, limit) = named();
            return Err(InvalidThrottle::RepeatedLimit { operation, limit });
        }
        applied.push(AppliedLimit { limit: limit.clone(), counter });
    }
    let policies = fields::policies(applied.iter().map(|applied| &*applied.limit));
    Ok(OperationLimits { applied, policies })
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
