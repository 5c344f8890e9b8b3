//! The policy: finds the operation of a request, charges the request to the operation's limits, all or none,
//! and tells the client where it stands.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::{LimitConfig, ThrottleConfig, ThrottleRule};
use portcullis_core::{
    Answer, ClientAddress, Decision, Edits, Env, Learn, Lookup, Metric, OperationId, OperationIndex, Policy,
    Question, Rejection, Request, Topic,
};

use crate::attribute::Subject;
use crate::caller::Callers;
use crate::denial::Denials;
use crate::fleet::{Fleet, Stop};
use crate::flight::Flights;
use crate::invalid::InvalidThrottle;
use crate::known::Known;
use crate::limit::Limit;
use crate::metrics::Metrics;
use crate::reply::{self, MARK};
use crate::rule::{AppliedLimit, Rule};
use crate::selection::Selection;
use crate::settlement::{Due, Tables};
use crate::shown::{Show, Shown};
use crate::table::{Charge, Charged, Denied, MOST_SLOTS, Standing, Table};
use crate::tiers::Tiers;

/// The limits of every operation.
#[derive(Debug)]
pub struct ThrottlePolicy {
    index: Rc<OperationIndex>,
    /// At the operation's position.
    operations: Vec<Rule>,
    table: Table,
    /// Where a limit is of bytes, or of requests in flight.
    settles: Option<Tables>,
    /// Whether any request may pass with a mark: then no client's own may arrive, whatever its operation is.
    marks: bool,
    /// Whether clients are told of limits only when they refuse.
    early: bool,
    /// Whether a limit looks at the head.
    reads_head: bool,
    tiers: Option<Tiers>,
    denials: Option<Denials>,
    known: Known,
    client_address: Option<ClientAddress>,
    /// Who counts what a fleet shares.
    fleet: Option<Fleet>,
    metrics: Option<Metrics>,
    /// Answers operators in the place of all that.
    shown: Option<Box<dyn Show>>,
}

impl Learn for ThrottlePolicy {
    fn asks(&self) -> bool {
        self.fleet.is_some()
    }

    fn metrics(&self) -> Vec<Metric> {
        self.metrics.as_ref().map_or_else(Vec::new, Metrics::all)
    }

    fn measure(&self, env: &dyn Env, tell: &mut dyn FnMut(usize, u64)) {
        if let Some(metrics) = &self.metrics {
            metrics.measure(self.table, env, tell);
        }
    }

    fn answered(&self, topic: &Topic, answer: &Answer, env: &dyn Env) {
        if let Some(fleet) = &self.fleet {
            fleet.answered(topic, answer, env);
        }
    }
}

impl Policy for ThrottlePolicy {
    type Config = ThrottleConfig;
    type Invalid = InvalidThrottle;
    const ASKS: bool = true;
    const SETTLES: bool = true;

    fn compile(mut config: ThrottleConfig) -> Result<Self, InvalidThrottle> {
        if config.shows {
            return Self::showing(&config);
        }
        ThrottleRule::name_apis(&mut config.apis, |rule| rule);
        let (index, rules) = portcullis_config::index(std::mem::take(&mut config.apis))?;
        Self::over(index, rules, config)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        if let Some(shown) = &self.shown {
            return shown.show(request, env);
        }
        let located = self.index.locate(request, env).map_err(|_| mismatch());
        decision(
            located
                .and_then(Lookup::into_found)
                .and_then(|operation| self.judge(operation, Some(request), env)),
        )
    }

    fn without_head(&self, env: &dyn Env) -> Option<Decision> {
        if self.reads_head || self.client_address.is_some() || self.shown.is_some() {
            return None;
        }
        let operation = self.index.by_key(&env.operation()?).ok_or_else(mismatch);
        let decision = decision(operation.and_then(|operation| self.judge(operation, None, env)));
        // What waits goes the long way.
        (!matches!(decision, Decision::Ask(_))).then_some(decision)
    }

    fn settles(&self) -> bool {
        self.settles.is_some()
    }

    fn settle(&self, receipt: &dyn Any, env: &dyn Env) {
        if let (Some(tables), Some(due)) = (self.settles, receipt.downcast_ref::<Due>()) {
            tables.settle(due, env);
        }
    }

    fn client_address(&self) -> Option<&ClientAddress> {
        self.client_address.as_ref()
    }
}

fn decision(judged: Result<Judged, Rejection>) -> Decision {
    match judged {
        Ok(Judged::Passes(edits)) => Decision::Continue(edits),
        Ok(Judged::Asks(question)) => Decision::Ask(question),
        Err(rejection) => Decision::Reject(rejection),
    }
}

/// What becomes of a request that is not refused.
enum Judged {
    Passes(Edits),
    Asks(Question),
}

fn mismatch() -> Rejection {
    Rejection::internal("configuration-mismatch")
}

impl ThrottlePolicy {
    /// One that counts nothing. Made here alone: a module in which no operator asks is spared the code.
    fn showing(config: &ThrottleConfig) -> Result<Self, InvalidThrottle> {
        let shown = Shown::new(config, &compile_limits(config.limits.clone())?)?;
        let nothing = ThrottleConfig { slots: 1, ..ThrottleConfig::default() };
        let policy = Self::over(Rc::default(), Vec::new(), nothing)?;
        Ok(Self { shown: Some(Box::new(shown)), ..policy })
    }

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
        let client_address = config.client_address.map(|config| config.compile()).transpose()?;
        let limits = compile_limits(config.limits)?;
        if config.early {
            check_early(&limits, config.tiers.is_some() || !config.denials.is_empty())?;
        }
        let tiers = config.tiers.as_ref().map(|tiers| Tiers::new(tiers, &limits)).transpose()?;
        let operations = index.operations().zip(rules);
        let operations = operations.map(|(operation, rule)| {
            let rule = Rule::new(&operation.key, rule, &limits)?;
            rule.check_cost(&operation.key, tiers.iter().flat_map(Tiers::limits))?;
            Ok(rule)
        });
        let operations = operations.collect::<Result<_, InvalidThrottle>>()?;
        let denials = match config.denials.is_empty() {
            true => None,
            false => Some(Denials::new(config.denials)?),
        };
        let reads_head = limits.values().any(|limit| limit.reads_head());
        let all = || limits.values().flat_map(|limit| limit.all());
        let reaches = all().map(|limit| limit.meter.reach());
        let table = Table::new(config.slots, reaches.max().unwrap_or_default(), config.early);
        let settles = all().any(|limit| limit.charged() != Charged::Now).then(|| {
            let longest = all().map(|limit| limit.lease).max().unwrap_or_default();
            Tables { counts: table, flights: Flights::new(config.slots, longest, config.early) }
        });
        let marks = all().any(|limit| limit.marks);
        let fleet = config.service.map(Fleet::new).transpose()?;
        if fleet.is_none() && all().any(|limit| limit.fleet.is_some()) {
            return Err(InvalidThrottle::NoService);
        }
        let known = Known::new(config.ipv6_prefix).ok_or(InvalidThrottle::Ipv6Prefix)?;
        let early = config.early;
        let metrics = config.metrics.then(|| Metrics::new(limits.values().cloned(), early));
        Ok(Self {
            index,
            operations,
            table,
            settles,
            marks,
            early,
            reads_head,
            tiers,
            denials,
            known,
            client_address,
            fleet,
            metrics,
            shown: None,
        })
    }

    fn judge(
        &self,
        operation: OperationId,
        request: Option<&Request>,
        env: &dyn Env,
    ) -> Result<Judged, Rejection> {
        let rule = self.operations.get(operation.position()).ok_or_else(mismatch)?;
        let mut edits = Edits::default();
        if self.marks {
            edits.remove.push(MARK.into());
        }
        if self.denials.as_ref().is_some_and(|denials| denials.deny(&rule.api, env)) {
            return Err(reply::denied());
        }
        let tiers = match &self.tiers {
            Some(tiers) => tiers.of(env.identity().as_deref()).map_err(|_| reply::unknown_tier())?,
            None => Vec::new(),
        };
        let subject = Subject { request, env, api: &rule.api };
        let selection = Selection::new(rule, tiers, &subject);
        if selection.is_empty() {
            return Ok(Judged::Passes(edits));
        }
        let callers = Callers::new(&subject, &self.known, rule.api_fingerprint);
        if let Some(fleet) = self.fleet.as_ref().filter(|_| selection.is_of_fleet()) {
            return self.judge_shared(fleet, &selection, &callers, env, edits);
        }
        let charges = selection.charges(self.table, &callers);
        match self.charge(&charges, || selection.iter().collect(), &callers, env) {
            Ok(standings) if self.early => selection.count(&standings),
            Ok(standings) => selection.admit(&standings, &mut edits),
            Err(denied) => return Err(selection.refused(denied)),
        }
        Ok(Judged::Passes(edits))
    }

    /// Charges all or none. `limits` are at the places of the charges.
    fn charge<'r>(
        &self,
        charges: &[Charge],
        limits: impl FnOnce() -> Vec<&'r AppliedLimit>,
        callers: &Callers<'_>,
        env: &dyn Env,
    ) -> Result<Vec<Standing>, Denied> {
        match self.settles {
            None => self.table.charge(charges, env),
            Some(tables) => tables.charge(charges, &limits(), callers, env),
        }
    }

    /// Limits of which a fleet shares some.
    fn judge_shared(
        &self,
        fleet: &Fleet,
        selection: &Selection<'_>,
        callers: &Callers<'_>,
        env: &dyn Env,
        mut edits: Edits,
    ) -> Result<Judged, Rejection> {
        let consulted = match fleet.consult(selection, callers, self.table, env) {
            Ok(consulted) => consulted,
            Err(Stop::Ask(question)) => return Ok(Judged::Asks(question)),
            Err(Stop::Denied(denied)) => return Err(selection.refused(denied)),
            Err(Stop::Closed) => return Err(reply::service_silent()),
        };
        let limits = || consulted.places.iter().filter_map(|place| selection.get(*place)).collect();
        let charged = self.charge(&consulted.charges, limits, callers, env);
        let charged = charged.map_err(|denied| {
            fleet.refused(selection, callers, env);
            selection.refused(consulted.placed(denied))
        })?;
        selection.admit(&consulted.with(charged), &mut edits);
        edits.ahead = fleet.take(&consulted, selection, env);
        Ok(Judged::Passes(edits))
    }
}

/// Before authentication nothing is known that only callers have.
fn check_early(limits: &BTreeMap<String, Rc<Limit>>, asks_for_callers: bool) -> Result<(), InvalidThrottle> {
    if asks_for_callers {
        return Err(InvalidThrottle::EarlyCaller);
    }
    for (name, limit) in limits {
        let wrong = |cause| InvalidThrottle::Limit { name: name.clone(), cause };
        limit.check_early().map_err(wrong)?;
    }
    Ok(())
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

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
