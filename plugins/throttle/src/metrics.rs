//! What became of requests under each limit, and how full the shared slots are, for those who watch the gateway. Counted in the
//! worker and told between requests; as many numbers as the configuration has limits, whatever clients send.

use std::cell::Cell;
use std::rc::Rc;

use portcullis_core::{Env, Metric, MetricKind};

use crate::limit::Limit;
use crate::table::{Occupancy, Table};

/// Slots that are looked at between requests, ten times a second: all of 65,536 in 13 seconds, for at most a
/// two-hundredth of a worker's time.
const SLOTS_AT_A_TIME: u32 = 512;

/// Requests since they were last told.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    allowed: Cell<u64>,
    refused: Cell<u64>,
    marked: Cell<u64>,
    fallback: Cell<u64>,
}

impl Counts {
    /// One that passed, or passed with a mark.
    pub(crate) fn pass(&self, marked: bool) {
        let count = if marked { &self.marked } else { &self.allowed };
        count.set(count.get() + 1);
    }

    pub(crate) fn refuse(&self) {
        self.refused.set(self.refused.get() + 1);
    }

    /// One for which the rate limit service had no answer, whatever became of it then.
    pub(crate) fn fall_back(&self) {
        self.fallback.set(self.fallback.get() + 1);
    }

    /// In the order of [`KINDS`].
    fn take(&self) -> [u64; 4] {
        [&self.allowed, &self.refused, &self.marked, &self.fallback].map(Cell::take)
    }
}

const KINDS: [&str; 4] = ["allowed", "refused", "marked", "fallback"];

/// The limits and slots of an instance.
#[derive(Debug)]
pub(crate) struct Metrics {
    limits: Vec<Rc<Limit>>,
    /// Tells the slots of the instance before authentication from the others.
    prefix: &'static str,
    /// Where the next look begins, and what was found since the first slot.
    sweep: Cell<(u32, Occupancy)>,
}

impl Metrics {
    pub(crate) fn new(limits: impl Iterator<Item = Rc<Limit>>, early: bool) -> Self {
        let prefix = if early { "portcullis.early_slots" } else { "portcullis.slots" };
        Self { limits: limits.collect(), prefix, sweep: Cell::default() }
    }

    /// Of each limit what became of requests, then the gauges.
    pub(crate) fn all(&self) -> Vec<Metric> {
        let of_limit = |limit: &Limit| {
            let name = limit.name.clone();
            KINDS.map(|kind| counter(format!("portcullis.limit.{name}.{kind}")))
        };
        let limits = self.limits.iter().flat_map(|limit| limit.all()).flat_map(of_limit);
        let gauges = ["used", "full", "counts"];
        let gauge = |what| Metric { name: format!("{}.{what}", self.prefix), kind: MetricKind::Gauge };
        limits.chain(gauges.map(gauge)).collect()
    }

    /// Tells what has changed; the gauges whenever all slots were looked at.
    pub(crate) fn measure(&self, table: Table, env: &dyn Env, tell: &mut dyn FnMut(usize, u64)) {
        let counts = self.limits.iter().flat_map(|limit| limit.all()).flat_map(|limit| limit.counts.take());
        let mut place = 0;
        for count in counts {
            tell(place, count);
            place += 1;
        }
        let (next, found) = self.sweep.get();
        let (next, found) = table.occupancy(next, SLOTS_AT_A_TIME, found, env);
        if next == 0 {
            let gauges = [found.used, found.full, found.counts];
            (place..).zip(gauges).for_each(|(place, gauge)| tell(place, gauge));
        }
        self.sweep.set((next, if next == 0 { Occupancy::default() } else { found }));
    }
}

fn counter(name: String) -> Metric {
    Metric { name, kind: MetricKind::Counter }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
