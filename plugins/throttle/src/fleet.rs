//! Limits that a fleet of gateways shares. A server counts them (Envoy's rate limit service protocol); each worker asks it for
//! each request, or takes tokens in advance. What holds while it does not answer, each limit says.

mod consulted;
mod lease;
mod leases;
mod protocol;
mod spare;
mod terms;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use portcullis_config::throttle::LimitServiceConfig;
use portcullis_core::{Answer, Call, Env, Question, Topic};

use crate::caller::{Callers, Fingerprint};
use crate::rule::AppliedLimit;
use crate::selection::Selection;
use crate::table::{Denied, Standing, Table};
pub(crate) use consulted::Consulted;
use consulted::Leased;
pub use lease::{Lease, Look, Need, Said, Terms};
use leases::Leases;
use protocol::{Asked, Ruling};
use spare::{Found, Spare};
pub(crate) use terms::{FleetLimit, InvalidFleet, Mode, OnFailure};

/// Longest reply of the service, in bytes.
const LONGEST_REPLY: u32 = 64 * 1024;
/// After so many answers a request is not worth another: others take what it waits for.
const MOST_ANSWERS: usize = 6;
/// When such a request may come back, in nanoseconds.
const CONTESTED: u64 = crate::gcra::SECOND;

/// The rate limit service, and what this worker has from it.
#[derive(Debug)]
pub(crate) struct Fleet {
    service: Rc<str>,
    authority: Rc<str>,
    domain: String,
    timeout: Duration,
    leases: RefCell<Leases>,
    /// Of limits that are asked for with each request: what was granted in vain, and to whom nothing is granted.
    spare: RefCell<Spare>,
}

/// Why a request is not charged yet, or not at all.
#[derive(Debug)]
pub(crate) enum Stop {
    Ask(Question),
    Denied(Denied),
    /// The service does not answer, and without it nobody passes.
    Closed,
}

/// What is known of one limit.
enum Word {
    /// The request may pass.
    Yes(Said, Tokens),
    No {
        retry_in: u64,
    },
    Ask(Question),
    Silent,
}

/// What a request that may pass uses up.
enum Tokens {
    /// They were asked for it alone.
    Own,
    Leased(Leased),
    Spare(Fingerprint),
}

impl Fleet {
    pub(crate) fn new(config: LimitServiceConfig) -> Result<Self, InvalidFleet> {
        if config.service.is_empty() || config.timeout_milliseconds == 0 {
            return Err(InvalidFleet::Service);
        }
        Ok(Self {
            service: config.service.into(),
            authority: config.authority.into(),
            domain: config.domain,
            timeout: Duration::from_millis(config.timeout_milliseconds.into()),
            leases: RefCell::default(),
            spare: RefCell::default(),
        })
    }

    /// Asks for what is not known. Limits of this gateway are looked at before anything is asked, so that who is over one of them
    /// costs the fleet nothing; leases before what is asked for this request alone, whose answer is charged already.
    pub(crate) fn consult(
        &self,
        selection: &Selection<'_>,
        callers: &Callers<'_>,
        table: Table,
        env: &dyn Env,
    ) -> Result<Consulted, Stop> {
        let consulted = self.consult_all(selection, callers, table, env);
        if let Err(Stop::Denied(_) | Stop::Closed) = consulted {
            self.refused(selection, callers, env);
        }
        consulted
    }

    /// The request does not pass: what was granted to it alone is its caller's next request's.
    pub(crate) fn refused(&self, selection: &Selection<'_>, callers: &Callers<'_>, env: &dyn Env) {
        for (place, applied) in selection.iter().enumerate() {
            let Some(fleet) = &applied.limit.fleet else { continue };
            let answer = env.answer(&Topic::Own(number(place)));
            let Some(ruling) = answer.and_then(|answer| ruling(&answer)) else { continue };
            let count = callers.by(&applied.limit.by).fingerprint.with(applied.counter);
            let (mut spare, now) = (self.spare.borrow_mut(), env.now().0);
            match ruling {
                Ruling::Granted(said) => {
                    // It may have been the first of the questions.
                    let waited = self.timeout.as_nanos() as u64 * env.answers() as u64;
                    let asked = now.saturating_sub(waited);
                    spare.keep(count, selection.units(), said, (asked, now), fleet.lifetime);
                }
                Ruling::Refused(said) if selection.units() == 1 || said.remaining == Some(0) => {
                    spare.refuse(count, said, now);
                }
                Ruling::Refused(_) => {}
            }
        }
    }

    /// Who is known to have used up one limit asks for no other: it would be charged in vain.
    fn known_refusal(
        &self,
        selection: &Selection<'_>,
        callers: &Callers<'_>,
        env: &dyn Env,
    ) -> Option<Denied> {
        let spare = self.spare.borrow();
        selection.iter().enumerate().find_map(|(place, applied)| {
            let fleet = applied.limit.fleet.as_ref()?;
            let is_asked =
                matches!(fleet.mode, Mode::Exact) && env.answer(&Topic::Own(number(place))).is_none();
            if applied.limit.marks || !is_asked {
                return None;
            }
            let count = callers.by(&applied.limit.by).fingerprint.with(applied.counter);
            match spare.find(count, selection.units(), env.now().0) {
                Some(Found::Refused { retry_in }) => Some(Denied::UsedUp { charge: place, retry_in }),
                _ => None,
            }
        })
    }

    fn consult_all(
        &self,
        selection: &Selection<'_>,
        callers: &Callers<'_>,
        table: Table,
        env: &dyn Env,
    ) -> Result<Consulted, Stop> {
        let mut consulted =
            Consulted { standings: vec![None; selection.iter().count()], ..Consulted::default() };
        let mut silent: Vec<&AppliedLimit> = Vec::new();
        let limits = || selection.iter().enumerate();
        for (place, applied) in limits().filter(|(_, applied)| applied.limit.fleet.is_none()) {
            consulted.places.push(place);
            consulted.charges.push(selection.charge(applied, table, callers));
        }
        let shared =
            || limits().filter_map(|(at, applied)| Some((at, applied, applied.limit.fleet.as_ref()?)));
        let leased = shared().filter(|(_, _, fleet)| matches!(fleet.mode, Mode::Leased(_)));
        let exact = shared().filter(|(_, _, fleet)| matches!(fleet.mode, Mode::Exact));
        if let Some(denied) = self.known_refusal(selection, callers, env) {
            return Err(Stop::Denied(denied));
        }
        for (place, applied, fleet) in leased.chain(exact) {
            let count = callers.by(&applied.limit.by).fingerprint.with(applied.counter);
            let word = match fleet.mode {
                Mode::Leased(terms) => {
                    self.leased(place, applied, fleet, (count, terms), selection.units(), env)
                }
                Mode::Exact => self.exact(place, applied, fleet, count, selection.units(), env),
            };
            match word {
                Word::Ask(question) => {
                    table
                        .check(&consulted.charges, env)
                        .map_err(|denied| Stop::Denied(consulted.placed(denied)))?;
                    return Err(Stop::Ask(question));
                }
                Word::No { retry_in } if applied.limit.marks => {
                    consulted.stand(place, Standing { remaining: 0, full_in: retry_in, over: true });
                }
                Word::No { retry_in } => {
                    return Err(Stop::Denied(Denied::UsedUp { charge: place, retry_in }));
                }
                Word::Yes(said, tokens) => {
                    consulted.stand(place, standing(said, applied, selection.units()));
                    match tokens {
                        Tokens::Own => {}
                        Tokens::Leased(leased) => consulted.leased.push(leased),
                        Tokens::Spare(count) => consulted.spared.push(count),
                    }
                }
                Word::Silent => {
                    silent.push(applied);
                    match fleet.on_failure {
                        OnFailure::Closed => break,
                        OnFailure::Open => consulted.stand(place, standing(Said::default(), applied, 0)),
                        OnFailure::Local => {
                            consulted.places.push(place);
                            consulted.charges.push(selection.charge(applied, table, callers));
                        }
                    }
                }
            }
        }
        // Only now: a request that still asks something is judged again from the start.
        silent.iter().for_each(|applied| applied.limit.counts.fall_back());
        let is_closed = |applied: &&AppliedLimit| {
            applied.limit.fleet.as_ref().is_some_and(|fleet| fleet.on_failure == OnFailure::Closed)
        };
        if silent.iter().any(is_closed) { Err(Stop::Closed) } else { Ok(consulted) }
    }

    /// Takes the tokens of a request that passes, and says what is to be asked ahead of need; of several things the first, the next
    /// request will say the others.
    pub(crate) fn take(
        &self,
        consulted: &Consulted,
        selection: &Selection<'_>,
        env: &dyn Env,
    ) -> Option<Box<Question>> {
        let mut leases = self.leases.borrow_mut();
        consulted.leased.iter().for_each(|leased| leases.take(leased.count, selection.units()));
        let mut spare = self.spare.borrow_mut();
        consulted.spared.iter().for_each(|count| spare.take(*count, selection.units()));
        let now = env.now().0;
        consulted.leased.iter().find_map(|Leased { place, count, terms }| {
            let applied = selection.get(*place)?;
            let fleet = applied.limit.fleet.as_ref()?;
            let need = leases.ahead(*count, now, *terms)?;
            Some(Box::new(self.shared(applied, fleet, *count, need)))
        })
    }

    /// Takes in what came of a question, which may be another policy's.
    pub(crate) fn answered(&self, topic: &Topic, answer: &Answer, env: &dyn Env) {
        if let Topic::Call(key) = topic {
            self.leases.borrow_mut().answered(*key, ruling(answer), env.now().0);
        }
    }

    fn leased(
        &self,
        place: usize,
        applied: &AppliedLimit,
        fleet: &FleetLimit,
        (count, terms): (Fingerprint, Terms),
        units: u32,
        env: &dyn Env,
    ) -> Word {
        let now = env.now().0;
        let look = self.leases.borrow_mut().look(count, units, now, terms);
        match look {
            Some(Look::Enough) => {
                let said = self.leases.borrow().said(count, now);
                Word::Yes(said, Tokens::Leased(Leased { place, count, terms }))
            }
            Some(Look::Refused { retry_in }) => Word::No { retry_in },
            Some(Look::Ask(_)) if env.answers() >= MOST_ANSWERS => Word::No { retry_in: CONTESTED },
            Some(Look::Ask(need)) => Word::Ask(self.shared(applied, fleet, count, need)),
            Some(Look::Unavailable) => Word::Silent,
            None => self.exact(place, applied, fleet, count, units, env),
        }
    }

    fn exact(
        &self,
        place: usize,
        applied: &AppliedLimit,
        fleet: &FleetLimit,
        count: Fingerprint,
        units: u32,
        env: &dyn Env,
    ) -> Word {
        let number = number(place);
        let Some(answer) = env.answer(&Topic::Own(number)) else {
            match self.spare.borrow().find(count, units, env.now().0) {
                Some(Found::Tokens(said)) => return Word::Yes(said, Tokens::Spare(count)),
                Some(Found::Refused { retry_in }) => return Word::No { retry_in },
                None => {}
            }
            let call = Box::new(self.call(applied, fleet, count, units));
            return Word::Ask(Question::Own { number, call });
        };
        match ruling(&answer) {
            Some(Ruling::Granted(said)) => Word::Yes(said, Tokens::Own),
            Some(Ruling::Refused(said)) => Word::No { retry_in: said.reset.unwrap_or(CONTESTED).max(1) },
            None => Word::Silent,
        }
    }

    fn shared(&self, applied: &AppliedLimit, fleet: &FleetLimit, count: Fingerprint, need: Need) -> Question {
        let call = Box::new(self.call(applied, fleet, count, need.amount));
        Question::Call { key: leases::key(count, need), call }
    }

    fn call(&self, applied: &AppliedLimit, fleet: &FleetLimit, count: Fingerprint, hits: u32) -> Call {
        let asked = Asked {
            domain: &self.domain,
            limit: &applied.limit.name,
            count: format!("{:016x}{:016x}", count.tag, count.spread),
            requests: fleet.requests,
            unit: fleet.unit,
            hits,
        };
        let timeout = self.timeout.as_millis();
        Call {
            service: Rc::clone(&self.service),
            authority: Rc::clone(&self.authority),
            method: "POST",
            path: protocol::PATH.into(),
            headers: vec![
                ("content-type".into(), "application/grpc".to_owned()),
                ("te".into(), "trailers".to_owned()),
                ("grpc-timeout".into(), format!("{timeout}m")),
            ],
            body: asked.to_body(),
            timeout: self.timeout,
            max_reply: LONGEST_REPLY,
        }
    }
}

/// What clients are told of a limit that the service has let them pass; where it did not say how much remains, the whole.
fn standing(said: Said, applied: &AppliedLimit, units: u32) -> Standing {
    let limit = &applied.limit;
    let whole = limit.requests.saturating_sub(units.into());
    let full_in =
        said.reset.or_else(|| limit.period.map(|seconds| seconds.saturating_mul(crate::gcra::SECOND)));
    Standing { remaining: said.remaining.unwrap_or(whole), full_in: full_in.unwrap_or_default(), over: false }
}

/// What the question of the limit at this place is known by.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn ruling(answer: &Answer) -> Option<Ruling> {
    match answer {
        Answer::Replied(reply) => protocol::read(reply),
        Answer::Failed(_) | Answer::Refreshed => None,
    }
}

#[cfg(test)]
#[path = "fleet/tests.rs"]
mod tests;
