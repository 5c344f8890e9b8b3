//! Simulates gateways that share a limit by leases: how often they ask, and how far the limit is missed, beside the stated bound.
//! The leases are the throttle plugin's own; callers, network and rate limit service are made up. No time passes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use portcullis_throttle::{Lease, Look, Need, Said, Terms};

use crate::table::Table;

const SECOND: u64 = 1_000_000_000;
/// Of all gateways.
pub(crate) const GATEWAYS: [u32; 5] = [1, 2, 4, 8, 16];
const WORKERS: u32 = 2;
const CONSUMERS: usize = 20;
/// What each consumer may send in a window.
const LIMIT: u32 = 30_000;
const WINDOW: u64 = 60 * SECOND;
const WINDOWS: u64 = 4;
const LEASE: u32 = 300;
/// How long a question takes, there and back.
const ROUND_TRIP: u64 = 4_000_000;

/// A rate limit service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// It says what remains and when the window ends, and its windows begin on the minute: envoyproxy/ratelimit.
    Telling,
    /// It says yes or no, and a caller's window begins with its first request: Limitador.
    Terse,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Questions for each 100 requests that passed, while callers stayed under the limit.
    pub(crate) calls: f64,
    /// By how many requests the worst window of a consumer was over the limit.
    pub(crate) over: u64,
    /// By how many requests the worst window of a consumer stayed under it, though more came.
    pub(crate) under: u64,
}

/// By how many requests a window may miss the limit.
pub(crate) fn bound(gateways: u32) -> u64 {
    u64::from(gateways * WORKERS * LEASE)
}

/// One consumer's requests at all gateways.
struct World {
    service: Service,
    terms: Terms,
    leases: Vec<Held>,
    /// Answers on their way: when they come, to which worker.
    answers: BinaryHeap<Reverse<(u64, usize)>>,
    /// By worker: what was decided at the service about its question.
    decided: Vec<Option<(bool, Said)>>,
    window: (u64, u32),
    numbers: u64,
    calls: u64,
    /// Requests that passed, by the service's window.
    passed: BTreeMap<u64, u64>,
}

#[derive(Default)]
struct Held {
    lease: Lease,
    /// Requests that wait.
    waiting: VecDeque<u64>,
}

impl World {
    fn new(service: Service, gateways: u32) -> Self {
        let workers = (gateways * WORKERS) as usize;
        Self {
            service,
            terms: Terms { size: LEASE, gateways, lifetime: WINDOW },
            leases: (0..workers).map(|_| Held::default()).collect(),
            answers: BinaryHeap::new(),
            decided: vec![None; workers],
            window: (0, 0),
            numbers: 0,
            calls: 0,
            passed: BTreeMap::new(),
        }
    }

    /// A request comes to a worker.
    fn arrive(&mut self, now: u64, worker: usize) {
        self.answer_until(now);
        self.admit(now, worker, true);
    }

    /// Judges a request, and has it wait if it must.
    fn admit(&mut self, now: u64, worker: usize, is_new: bool) -> bool {
        let terms = self.terms;
        let numbers = &mut self.numbers;
        let mut number = || {
            *numbers += 1;
            *numbers
        };
        let held = &mut self.leases[worker];
        match held.lease.look(1, now, terms, &mut number) {
            Look::Enough => {
                held.lease.take(1);
                let ahead = held.lease.ahead(now, terms, &mut number);
                let window = self.window_of(now);
                *self.passed.entry(window).or_default() += 1;
                if let Some(need) = ahead {
                    self.ask(now, worker, need);
                }
                true
            }
            Look::Ask(need) => {
                if is_new {
                    held.waiting.push_back(now);
                }
                if self.decided[worker].is_none() {
                    self.ask(now, worker, need);
                }
                false
            }
            Look::Refused { .. } | Look::Unavailable => true,
        }
    }

    /// The service decides half a round trip later; time there is the gateways'.
    fn ask(&mut self, now: u64, worker: usize, need: Need) {
        self.calls += 1;
        let at = now + ROUND_TRIP / 2;
        let window = self.window_of(at);
        if self.window.0 != window {
            self.window = (window, 0);
        }
        let fits = self.window.1 + need.amount <= LIMIT;
        if fits {
            self.window.1 += need.amount;
        }
        let said = match self.service {
            Service::Telling => Said {
                remaining: Some(u64::from(LIMIT - self.window.1)),
                reset: Some((window + 1) * WINDOW - at),
            },
            Service::Terse => Said::default(),
        };
        self.decided[worker] = Some((fits, said));
        self.answers.push(Reverse((now + ROUND_TRIP, worker)));
    }

    fn answer_until(&mut self, now: u64) {
        while let Some(Reverse((at, worker))) =
            self.answers.peek().copied().filter(|Reverse((at, _))| *at <= now)
        {
            self.answers.pop();
            let Some((fits, said)) = self.decided[worker].take() else { continue };
            let lease = &mut self.leases[worker].lease;
            if fits {
                lease.grant(said, at, self.terms);
            } else {
                lease.refuse(said, at);
            }
            for _ in 0..self.leases[worker].waiting.len() {
                let Some(since) = self.leases[worker].waiting.pop_front() else { break };
                if !self.admit(at, worker, false) {
                    self.leases[worker].waiting.push_back(since);
                }
            }
        }
    }

    /// Both kinds of windows: the first request comes at 0.
    fn window_of(&self, now: u64) -> u64 {
        now / WINDOW
    }
}

/// One consumer: its requests come evenly but for some noise, to a worker by chance. `loads` are those of the windows in turns, in
/// parts of the limit.
fn consumer(service: Service, gateways: u32, loads: &[f64], seed: u64) -> World {
    let mut world = World::new(service, gateways);
    let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        // xorshift64*: the same on each machine.
        chance ^= chance >> 12;
        chance ^= chance << 25;
        chance ^= chance >> 27;
        chance.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    };
    let workers = world.leases.len() as u64;
    let mut now = 0;
    while now < WINDOWS * WINDOW {
        world.arrive(now, (next() % workers) as usize);
        let load = loads[(now / WINDOW) as usize % loads.len()];
        let mean = WINDOW as f64 / (f64::from(LIMIT) * load);
        now += 1 + (mean * 2.0 * (next() % 1_000_000) as f64 / 1_000_000.0) as u64;
    }
    world.answer_until(now + ROUND_TRIP);
    world
}

/// So many gateways under a steady load, under more than the limit allows, and under more after a window with less.
pub(crate) fn simulate(service: Service, gateways: u32) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut calls, mut passed) = (0, 0);
    for seed in 1..=CONSUMERS as u64 {
        let steady = consumer(service, gateways, &[0.6], seed);
        calls += steady.calls;
        passed += steady.passed.values().sum::<u64>();
        for loads in [[1.5, 1.5], [0.6, 1.5]] {
            let busy = consumer(service, gateways, &loads, seed);
            for window in 0..WINDOWS {
                let count = busy.passed.get(&window).copied().unwrap_or(0);
                outcome.over = outcome.over.max(count.saturating_sub(LIMIT.into()));
                if loads[(window % 2) as usize] > 1.0 {
                    outcome.under = outcome.under.max(u64::from(LIMIT).saturating_sub(count));
                }
            }
        }
    }
    outcome.calls = 100.0 * calls as f64 / passed.max(1) as f64;
    outcome
}

/// All of it, by service and number of gateways.
pub(crate) fn run(markdown: bool) -> Vec<(Service, u32, Outcome)> {
    let services = [Service::Telling, Service::Terse];
    let all = services.into_iter().flat_map(|service| GATEWAYS.map(|gateways| (service, gateways)));
    let outcomes: Vec<_> =
        all.map(|(service, gateways)| (service, gateways, simulate(service, gateways))).collect();
    let mut table = Table::new(&[
        "service",
        "gateways",
        "calls per 100 requests",
        "most over",
        "most under",
        "bound of both",
    ]);
    for (service, gateways, outcome) in &outcomes {
        let name = match service {
            Service::Telling => "says when windows end",
            Service::Terse => "says yes or no",
        };
        table.row(vec![
            name.to_owned(),
            gateways.to_string(),
            format!("{:.2}", outcome.calls),
            outcome.over.to_string(),
            outcome.under.to_string(),
            bound(*gateways).to_string(),
        ]);
    }
    println!("{}", if markdown { table.markdown() } else { table.text() });
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_bounds_hold() {
        for gateways in [1, 4] {
            let telling = simulate(Service::Telling, gateways);
            assert_eq!(telling.over, 0, "{gateways}: {telling:?}");
            let terse = simulate(Service::Terse, gateways);
            for outcome in [telling, terse] {
                assert!(
                    outcome.over <= bound(gateways) && outcome.under <= bound(gateways),
                    "{gateways}: {outcome:?}"
                );
                assert!(outcome.calls <= 1.2, "{gateways}: {outcome:?}");
            }
        }
    }
}
