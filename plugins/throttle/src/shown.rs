//! Where callers stand, told to operators: reads what the instance has written that counts, and writes nothing. Who is
//! meant has to be named, since the counts hold no names.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;

use portcullis_config::throttle::ThrottleConfig;
use portcullis_core::{Decision, Edits, Env, Reply, Request};
use serde::Serialize;

use crate::asked::{Asked, AskedEnv};
use crate::attribute::Subject;
use crate::caller::{Callers, Fingerprint};
use crate::fields;
use crate::flight::Flights;
use crate::gcra::Verdict;
use crate::invalid::InvalidThrottle;
use crate::known::Known;
use crate::limit::Limit;
use crate::rule::AppliedLimit;
use crate::table::{Charged, MOST_SLOTS, Table};
use crate::tiers::{self, Tiers};

/// Most counts in one answer.
const MOST_ROWS: usize = 1_000;
/// Most counts that are looked at for one answer: a worker is kept for some ten milliseconds.
const MOST_LOOKS: usize = 5_000;

/// What answers operators.
pub(crate) trait Show {
    /// Answers a request, or leaves it to whoever comes next.
    fn show(&self, request: &Request, env: &dyn Env) -> Decision;
}

impl std::fmt::Debug for dyn Show {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown")
    }
}

/// All limits in all their scopes.
pub(crate) struct Shown {
    /// Where the counts are asked for: those behind authentication, or those before it.
    path: &'static str,
    table: Table,
    flights: Flights,
    counted: Vec<Counted>,
    known: Known,
}

/// A limit within a scope.
struct Counted {
    applied: AppliedLimit,
    scope: String,
    /// The API; `None` where it is counted for all APIs together.
    api: Option<String>,
    api_fingerprint: Fingerprint,
}

/// The answer.
#[derive(Serialize)]
struct Rows<'s> {
    limits: Vec<Row<'s>>,
    /// Whether there are more.
    more: bool,
}

/// One count.
#[derive(Serialize)]
struct Row<'s> {
    limit: &'s str,
    scope: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'s str>,
    level: &'static str,
    allows: &'s str,
    by: Cow<'static, str>,
    #[serde(flatten)]
    state: State,
}

/// Where a count stands.
#[derive(Serialize)]
#[serde(untagged)]
enum State {
    /// Here.
    Stands {
        used: u64,
        remaining: u64,
        /// Until all is there again or, where nothing remains, until something is; `None` where nobody knows.
        #[serde(skip_serializing_if = "Option::is_none")]
        back_in_seconds: Option<u64>,
        /// Whether the number may be that of others, for whom the slot had no room.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        shared: bool,
    },
    /// Nobody was named whom it could count.
    Unnamed { needs: Vec<Cow<'static, str>> },
    /// Another counts.
    Elsewhere { counted_by: &'static str },
    /// Something else wrote to the shared data.
    Unreadable { unreadable: bool },
}

impl Shown {
    pub(crate) fn new(
        config: &ThrottleConfig,
        limits: &BTreeMap<String, Rc<Limit>>,
    ) -> Result<Self, InvalidThrottle> {
        if !config.slots.is_power_of_two() || config.slots > MOST_SLOTS {
            return Err(InvalidThrottle::Slots(config.slots));
        }
        let all = || limits.values().flat_map(|limit| limit.all());
        let (reach, longest) =
            (all().map(|limit| limit.meter.reach()).max(), all().map(|limit| limit.lease).max());
        let early = config.early;
        Ok(Self {
            path: if early { "/limits/early" } else { "/limits" },
            table: Table::new(config.slots, reach.unwrap_or_default(), early),
            flights: Flights::new(config.slots, longest.unwrap_or_default(), early),
            counted: counted(config, limits)?,
            known: Known::new(config.ipv6_prefix).ok_or(InvalidThrottle::Ipv6Prefix)?,
        })
    }

    fn rows(&self, asked: &Asked, request: &Request, env: &dyn Env) -> Rows<'_> {
        let env = AskedEnv::new(asked, env);
        let (mut rows, mut looks) = (Vec::new(), 0);
        for counted in self.counted.iter().filter(|counted| counted.is_asked_for(asked)) {
            let subject = Subject {
                request: Some(request),
                env: &env,
                api: counted.api.as_deref().unwrap_or_default(),
            };
            let callers = Callers::new(&subject, &self.known, counted.api_fingerprint);
            for applied in counted.applied.all().filter(|applied| is_named(asked, &applied.limit)) {
                looks += 1;
                if looks > MOST_LOOKS || rows.len() >= MOST_ROWS {
                    return Rows { limits: rows, more: true };
                }
                let state = self.state(applied, asked, &callers, &env);
                if !(asked.used && state.is_unused()) {
                    rows.push(counted.row(applied, state));
                }
            }
        }
        Rows { limits: rows, more: false }
    }

    fn state(&self, applied: &AppliedLimit, asked: &Asked, callers: &Callers<'_>, env: &dyn Env) -> State {
        let limit = &*applied.limit;
        let needs = asked.missing(&limit.by);
        if limit.fleet.is_some() {
            return State::Elsewhere { counted_by: "rate limit service" };
        }
        if !needs.is_empty() {
            return State::Unnamed { needs };
        }
        let caller = callers.by(&limit.by);
        if limit.charged() == Charged::Elsewhere {
            let wanted = self.flights.locate(caller, applied.counter, limit.requests, limit.lease);
            return self.flights.flying(&wanted, env).map_or(State::UNREADABLE, |(used, shared)| {
                let remaining = limit.requests.saturating_sub(used);
                State::Stands { used, remaining, back_in_seconds: None, shared }
            });
        }
        let charge = self.table.locate(caller, applied.counter, limit.meter, limit.class);
        self.table.stands(&charge, env).map_or(State::UNREADABLE, |(verdict, shared)| {
            let (remaining, back_in) = match verdict {
                Verdict::Admitted { remaining, full_in } => (remaining, full_in),
                Verdict::Refused { retry_in } => (0, retry_in),
            };
            let used = limit.meter.burst().saturating_sub(remaining);
            let back_in_seconds = (used > 0 || remaining == 0).then(|| fields::seconds(back_in));
            State::Stands { used, remaining, back_in_seconds, shared }
        })
    }
}

impl Show for Shown {
    fn show(&self, request: &Request, env: &dyn Env) -> Decision {
        let is_asked = request.path().as_str() == self.path && request.method() == "GET";
        if !is_asked || !is_of_machine(request.host()) {
            return Decision::Continue(Edits::default());
        }
        let refused = |name: &str| reply(400, &[("unknown", name)].into_iter().collect::<BTreeMap<_, _>>());
        match Asked::read(request) {
            Ok(asked) => match asked.request() {
                Some(request) => reply(200, &self.rows(&asked, &request, env)),
                None => refused("header"),
            },
            Err(name) => refused(&name),
        }
    }
}

/// Whether the host is the machine itself. A page in a browser can have a name of its own point here, and would ask in the
/// place of its reader.
fn is_of_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// All limits of operations, and those of tiers, each once.
fn counted(
    config: &ThrottleConfig,
    limits: &BTreeMap<String, Rc<Limit>>,
) -> Result<Vec<Counted>, InvalidThrottle> {
    let tiers = config.tiers.as_ref().map(|tiers| Tiers::new(tiers, limits)).transpose()?;
    let (mut counted, mut known) = (Vec::new(), HashSet::new());
    for api in &config.apis {
        let mut of_operations = Vec::new();
        for operation in &api.operations {
            for applied in &operation.rule.limits {
                let limit = limits.get(&applied.limit).ok_or_else(|| InvalidThrottle::UnknownLimit {
                    operation: operation.key.clone(),
                    limit: applied.limit.clone(),
                })?;
                of_operations.push((limit, applied.scope.as_str(), applied.level.into(), true));
            }
        }
        let of_tiers = tiers.iter().flat_map(Tiers::applied);
        let of_tiers =
            of_tiers.map(|applied| (&applied.limit, tiers::scope(applied.level), applied.level, false));
        for (limit, scope, level, is_of_api) in of_operations.into_iter().chain(of_tiers) {
            let applied = AppliedLimit::new(limit, scope, level);
            let is_of_api = is_of_api || limit.all().any(|limit| limit.by.is_of_api());
            let name = is_of_api.then(|| api.name.clone());
            if known.insert((applied.counter, name.clone())) {
                let api_fingerprint = Fingerprint::of(b'i', &[api.name.as_bytes()]);
                counted.push(Counted { applied, scope: scope.to_owned(), api: name, api_fingerprint });
            }
        }
    }
    Ok(counted)
}

/// Whether the operator named no limit or this one; who names one names its groups and its burst control, too.
fn is_named(asked: &Asked, limit: &Limit) -> bool {
    let rest = asked.limit.as_ref().map(|name| limit.name.strip_prefix(name.as_str()));
    rest.is_none_or(|rest| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

impl Counted {
    fn is_asked_for(&self, asked: &Asked) -> bool {
        let is_scope = asked.scope.as_ref().is_none_or(|scope| *scope == self.scope);
        // What is counted for all APIs together is every API's.
        is_scope && asked.api.as_ref().zip(self.api.as_ref()).is_none_or(|(asked, api)| asked == api)
    }

    fn row<'s>(&'s self, applied: &'s AppliedLimit, state: State) -> Row<'s> {
        let limit = &*applied.limit;
        Row {
            limit: &limit.name,
            scope: &self.scope,
            api: self.api.as_deref(),
            level: applied.level.name(),
            allows: &limit.allowance,
            by: limit.by.name(),
            state,
        }
    }
}

impl State {
    const UNREADABLE: Self = Self::Unreadable { unreadable: true };

    fn is_unused(&self) -> bool {
        match self {
            Self::Stands { used, remaining, .. } => *used == 0 && *remaining > 0,
            Self::Unnamed { .. } | Self::Elsewhere { .. } => true,
            Self::Unreadable { .. } => false,
        }
    }
}

fn reply(status: u16, body: &impl Serialize) -> Decision {
    let headers = vec![
        ("content-type".into(), "application/json".to_owned()),
        ("cache-control".into(), "no-store".to_owned()),
        ("x-content-type-options".into(), "nosniff".to_owned()),
    ];
    Decision::Respond(Reply { status, headers, body: serde_json::to_vec(body).unwrap_or_default() })
}

#[cfg(test)]
#[path = "shown_tests.rs"]
mod tests;
