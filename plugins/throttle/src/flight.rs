//! Requests in flight: how many of a caller there are at the moment, over all workers. Each is held by a lease, which
//! the end of the request gives back, and which ends by itself when a worker has died with the request.

use portcullis_core::Env;

use crate::caller::{Caller, Fingerprint};
use crate::flight_slot::FlightSlot;
use crate::gcra::SECOND;
use crate::slot::tag;

/// How often a slot is tried: see [`crate::table`].
const ATTEMPTS: usize = 32;
/// The version of a slot that does not exist yet: see [`crate::table`].
const ABSENT: u32 = u32::MAX;
/// Most slots: entries last as long as requests, so fewer are needed than for counts.
const MOST_SLOTS: u32 = 4_096;
/// Leases end at multiples of this part of their length, so that those which end together are one number.
const STEPS: u64 = 8;

/// The shared table of requests in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flights {
    slots: u32,
    /// The longest lease, in seconds.
    longest: u64,
    /// Whether it is that of the instance before authentication.
    early: bool,
}

/// A request that wants to be in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    slot: u32,
    tag: u64,
    units: u32,
    /// How many may be in flight.
    most: u64,
    /// For how long, at most, in seconds.
    lease: u64,
}

/// A request in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    slot: u32,
    tag: u64,
    units: u32,
    /// When it ends by itself, in seconds.
    until: u32,
}

/// Why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grounded {
    /// So many are in flight already.
    Full,
    /// Other workers were faster, every time; or more meet in a slot than it can hold.
    Contended,
    /// A slot holds what this plugin never wrote.
    Unreadable,
}

impl Departure {
    /// The same, counting as so many requests.
    #[must_use]
    pub(crate) fn times(self, units: u32) -> Self {
        Self { units, ..self }
    }
}

impl Flights {
    /// `slots` is a power of two; `longest` is the longest lease.
    pub(crate) fn new(slots: u32, longest: u64, early: bool) -> Self {
        Self { slots: slots.min(MOST_SLOTS), longest, early }
    }

    /// The caller's requests under the limit and scope that `counter` stands for. Verified callers have half of the table.
    pub(crate) fn locate(self, caller: Caller, counter: Fingerprint, most: u64, lease: u64) -> Departure {
        let fingerprint = caller.fingerprint.with(counter);
        let half = (self.slots / 2).max(1);
        let upper = if caller.verified && self.slots > 1 { half } else { 0 };
        let slot = upper + (fingerprint.spread as u32 & (half - 1));
        Departure { slot, tag: tag(fingerprint.tag, 0), units: 1, most, lease }
    }

    /// Takes a lease, and says how many more there may be.
    pub(crate) fn take(self, wanted: &Departure, env: &dyn Env) -> Result<(Lease, u64), Grounded> {
        let Departure { slot: number, units, most, lease, .. } = *wanted;
        for _ in 0..ATTEMPTS {
            let now = env.now().0 / SECOND;
            let (mut slot, version) = self.read(number, now, env)?;
            let tag = slot.place(wanted.tag);
            let left = most.checked_sub(slot.flying(tag)).and_then(|left| left.checked_sub(units.into()));
            let Some(left) = left else {
                // Refusals are not written, unless the clock stepped back: its leases would never end.
                if slot.stepped {
                    let _faster = env.shared_set(&self.key(number), &slot.to_value(), Some(version));
                }
                return Err(Grounded::Full);
            };
            let until = ending(now, lease);
            if !slot.add(tag, until, units) {
                return Err(Grounded::Contended);
            }
            if env.shared_set(&self.key(number), &slot.to_value(), Some(version)).is_ok() {
                return Ok((Lease { slot: number, tag, units, until }, left));
            }
        }
        Err(Grounded::Contended)
    }

    /// How many of a caller are in flight, and whether others are counted with them.
    pub(crate) fn flying(self, wanted: &Departure, env: &dyn Env) -> Result<(u64, bool), Grounded> {
        let (slot, _) = self.read(wanted.slot, env.now().0 / SECOND, env)?;
        let tag = slot.place(wanted.tag);
        Ok((slot.flying(tag), tag != wanted.tag))
    }

    /// The request has ended. A lease that has ended before is nobody's any more.
    pub(crate) fn give_back(self, lease: &Lease, env: &dyn Env) {
        for _ in 0..ATTEMPTS {
            let Ok((mut slot, version)) = self.read(lease.slot, env.now().0 / SECOND, env) else { return };
            let is_there = slot.remove(lease.tag, lease.until, lease.units);
            if !is_there || env.shared_set(&self.key(lease.slot), &slot.to_value(), Some(version)).is_ok() {
                return;
            }
        }
    }

    fn read(self, number: u32, now: u64, env: &dyn Env) -> Result<(FlightSlot, u32), Grounded> {
        let (value, version) = env.shared_get(&self.key(number)).unwrap_or((Vec::new(), ABSENT));
        // Another worker's clock may be ahead, and so its step.
        let slot = FlightSlot::read(&value, now, ending(now + 2, self.longest));
        slot.map(|slot| (slot, version)).ok_or(Grounded::Unreadable)
    }

    /// The slot's name among the shared data; the digit is the layout's version.
    fn key(self, number: u32) -> String {
        let prefix = if self.early { "flight1-early:" } else { "flight1:" };
        [prefix, itoa::Buffer::new().format(number)].concat()
    }
}

/// When a lease ends that begins now: after its length, and at most an eighth of it later.
fn ending(now: u64, lease: u64) -> u32 {
    let step = (lease / STEPS).max(1);
    let until = now.saturating_add(lease).div_ceil(step).saturating_mul(step);
    u32::try_from(until).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
