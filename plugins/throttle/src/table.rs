//! The counts of all callers, in a fixed number of shared slots. A request is charged to all of its counts or
//! to none: all are read and judged before the first is written, each slot is written by compare-and-set.

use portcullis_core::{Env, UnixNanos};

use crate::caller::{Caller, Fingerprint};
use crate::gcra::Verdict;
use crate::meter::Meter;
use crate::slot::{Slot, tag};

/// Most slots a table may have.
pub(crate) const MOST_SLOTS: u32 = 1 << 20;

/// How often a slot is tried. A write fails only where another worker's succeeded; with sixteen workers that
/// do nothing but charge one caller, one request in a billion fails this often.
const ATTEMPTS: usize = 32;

/// The version given for a slot that does not exist yet: no slot has it, so that of two workers that make the
/// slot at once the second is told so. (None at all would let it overwrite the first.)
const ABSENT: u32 = u32::MAX;

/// The shared table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    slots: u32,
    /// No count is further ahead of the clock, in nanoseconds.
    horizon: u64,
    /// Whether it is that of the instance before authentication.
    early: bool,
}

/// One count that a request is charged to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    slot: u32,
    tag: u64,
    meter: Meter,
    /// As how many requests this one counts.
    units: u32,
    /// Whether a request over the limit passes, uncharged.
    marks: bool,
    /// When it is charged.
    charged: Charged,
}

/// When a request is charged to a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charged {
    /// When it comes.
    Now,
    /// When it has ended: now it is only asked whether anything is left.
    AtEnd,
    /// Not here.
    Elsewhere,
}

/// Where a count stands after the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How many more may pass at once.
    pub(crate) remaining: u64,
    /// Nanoseconds until the whole burst is there again, or, of a request over the limit, until it could pass.
    pub(crate) full_in: u64,
    /// Whether the request is over the limit, and passes with a mark.
    pub(crate) over: bool,
}

/// Why a request is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A count is used up; of several, the one that takes longest.
    UsedUp {
        /// Its place among the charges.
        charge: usize,
        /// Nanoseconds until it lets one pass.
        retry_in: u64,
    },
    /// Other workers were faster, every time.
    Contended,
    /// A slot holds what this plugin never wrote.
    Unreadable,
}

/// What some slots hold, as of a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Slots with a count that has not run out.
    pub(crate) used: u64,
    /// Slots without room for another caller.
    pub(crate) full: u64,
    /// Counts that have not run out.
    pub(crate) counts: u64,
}

/// A slot as read, with this request's charges on it.
struct Held {
    number: u32,
    slot: Slot,
    version: u32,
    /// Whether a count in it was too far ahead: the clock stepped back.
    stepped: bool,
    /// Whether a count in it was charged.
    charged: bool,
    /// The least that remains of a count in it after this request.
    remaining: u64,
}

impl Charge {
    /// The same, counting as so many requests.
    #[must_use]
    pub(crate) fn times(self, units: u32) -> Self {
        Self { units, ..self }
    }

    /// The same, charged at that time.
    #[must_use]
    pub(crate) fn charged(self, charged: Charged) -> Self {
        Self { charged, ..self }
    }

    pub(crate) fn units(&self) -> u32 {
        self.units
    }

    pub(crate) fn is_charged(&self, charged: Charged) -> bool {
        self.charged == charged
    }

    /// The same, which refuses nothing.
    #[must_use]
    pub(crate) fn marking(self, marks: bool) -> Self {
        Self { marks, ..self }
    }
}

impl Table {
    /// `slots` is a power of two; `horizon` is the greatest reach of all meters.
    pub(crate) fn new(slots: u32, horizon: u64, early: bool) -> Self {
        Self { slots, horizon, early }
    }

    /// The count of `caller` under the limit and scope that `counter` stands for. Verified callers have the
    /// upper half of the table to themselves: addresses, which come for nothing, cannot crowd them out.
    pub(crate) fn locate(self, caller: Caller, counter: Fingerprint, meter: Meter, class: u64) -> Charge {
        let fingerprint = caller.fingerprint.with(counter);
        let half = (self.slots / 2).max(1);
        let upper = if caller.verified && self.slots > 1 { half } else { 0 };
        let slot = upper + (fingerprint.spread as u32 & (half - 1));
        Charge {
            slot,
            tag: tag(fingerprint.tag, class),
            meter,
            units: 1,
            marks: false,
            charged: Charged::Now,
        }
    }

    /// The slot's name among the shared data; the digit is the layout's version.
    fn key(self, number: u32) -> String {
        let prefix = if self.early { "throttle2-early:" } else { "throttle2:" };
        [prefix, itoa::Buffer::new().format(number)].concat()
    }

    /// Adds what so many slots from one on hold. Returns where to go on: 0 after the last one.
    pub(crate) fn occupancy(
        self,
        from: u32,
        most: u32,
        mut found: Occupancy,
        env: &dyn Env,
    ) -> (u32, Occupancy) {
        let (now, until) = (env.now(), from.saturating_add(most).min(self.slots));
        for number in from..until {
            let value = env.shared_get(&self.key(number));
            let slot = value.and_then(|(value, _)| Slot::read(&value, now.0).ok());
            let (counts, is_full) = slot.map_or((0, false), |slot| (slot.counts(), slot.is_full()));
            found.used += u64::from(counts > 0);
            found.full += u64::from(is_full);
            found.counts += counts;
        }
        (if until < self.slots { until } else { 0 }, found)
    }

    fn store(self, held: &Held, env: &dyn Env) -> bool {
        env.shared_set(&self.key(held.number), &held.slot.to_value(), Some(held.version)).is_ok()
    }

    /// Charges all or none. The standings are in the order of the charges.
    pub(crate) fn charge(self, charges: &[Charge], env: &dyn Env) -> Result<Vec<Standing>, Denied> {
        let now = env.now();
        let (mut held, mut standings) = self.judge(charges, env, now)?;
        // The tightest first: if others use one up in between, it is this, and nothing is charged yet.
        held.sort_by_key(|held| held.remaining);
        for at in 0..held.len() {
            let Some(current) = held.get_mut(at).filter(|held| held.is_changed()) else { continue };
            if let Err(denied) = self.write(current, charges, env, now, &mut standings) {
                self.give_back(held.get(..at).unwrap_or_default(), charges, &standings, env);
                return Err(denied);
            }
        }
        Ok(standings)
    }

    /// Whether the request could be charged now.
    pub(crate) fn check(self, charges: &[Charge], env: &dyn Env) -> Result<(), Denied> {
        self.judge(charges, env, env.now()).map(drop)
    }

    /// Where a count stands, and whether the number may be another caller's. Nothing is written.
    pub(crate) fn stands(self, charge: &Charge, env: &dyn Env) -> Result<(Verdict, bool), Denied> {
        let now = env.now();
        let mut held = self.read(charge.slot, std::slice::from_ref(charge), env, now)?;
        held.slot.pull_back_one(charge.tag, charge.meter, now.0);
        Ok(held.slot.stands(charge.tag, charge.meter, now.0))
    }

    /// All slots with the request's charges on them, of which none is written.
    fn judge(
        self,
        charges: &[Charge],
        env: &dyn Env,
        now: UnixNanos,
    ) -> Result<(Vec<Held>, Vec<Standing>), Denied> {
        let mut standings = vec![Standing { remaining: 0, full_in: 0, over: false }; charges.len()];
        let mut held: Vec<Held> = Vec::with_capacity(charges.len());
        for charge in charges {
            if charge.charged != Charged::Elsewhere && held.iter().all(|held| held.number != charge.slot) {
                held.push(self.read(charge.slot, charges, env, now)?);
            }
        }
        let refusals = held.iter_mut().filter_map(|held| held.judge(charges, now, &mut standings).err());
        if let Some(denied) = refusals.reduce(Denied::longer) {
            self.set_right(&held, charges, env, now);
            return Err(denied);
        }
        Ok((held, standings))
    }

    /// Charges what has gone meanwhile, whatever is left. Where others are faster every time, it is not charged.
    pub(crate) fn spend(self, charge: &Charge, bytes: u64, env: &dyn Env) {
        for _ in 0..ATTEMPTS {
            let now = env.now();
            let Ok(mut held) = self.read(charge.slot, std::slice::from_ref(charge), env, now) else { return };
            held.slot.spend(charge.tag, charge.meter, bytes, now.0);
            if self.store(&held, env) {
                return;
            }
        }
    }

    fn read(self, number: u32, charges: &[Charge], env: &dyn Env, now: UnixNanos) -> Result<Held, Denied> {
        let (value, version) = env.shared_get(&self.key(number)).unwrap_or((Vec::new(), ABSENT));
        let mut slot = Slot::read(&value, now.0).map_err(|_| Denied::Unreadable)?;
        let is_own = |tag| charges.iter().any(|charge| charge.tag == tag);
        let stepped = slot.pull_back(now.0, self.horizon, is_own);
        Ok(Held { number, slot, version, stepped, charged: false, remaining: u64::MAX })
    }

    /// Writes a slot with its charges; where another worker came between, judges them again.
    fn write(
        self,
        held: &mut Held,
        charges: &[Charge],
        env: &dyn Env,
        now: UnixNanos,
        standings: &mut [Standing],
    ) -> Result<(), Denied> {
        for _ in 0..ATTEMPTS {
            if self.store(held, env) {
                return Ok(());
            }
            *held = self.read(held.number, charges, env, now)?;
            held.judge(charges, now, standings)?;
            if !held.is_changed() {
                return Ok(());
            }
        }
        Err(Denied::Contended)
    }

    /// Takes back what was charged before a later slot refused. Where others have taken back of the same count
    /// meanwhile, or are faster every time, the caller has one request less; never one more.
    fn give_back(self, written: &[Held], charges: &[Charge], standings: &[Standing], env: &dyn Env) {
        for charged in written.iter().filter(|held| held.charged) {
            for _ in 0..ATTEMPTS {
                let now = env.now();
                let Ok(mut current) = self.read(charged.number, charges, env, now) else { break };
                let mut changed = false;
                let made = charges.iter().zip(standings);
                let made = made.filter(|(charge, standing)| charge.charged == Charged::Now && !standing.over);
                for (charge, _) in made.filter(|(charge, _)| charge.slot == charged.number) {
                    let Charge { tag, meter, units, .. } = *charge;
                    let Some(number) = charged.slot.number(tag) else { continue };
                    changed |= current.slot.give_back(tag, meter, units, number, now.0);
                }
                if !changed || self.store(&current, env) {
                    break;
                }
            }
        }
    }

    /// After the clock stepped back, a refused caller's count is too far ahead and would stay so, since
    /// refusals are not written: this writes where it stands now. A worker that is faster does the same.
    fn set_right(self, held: &[Held], charges: &[Charge], env: &dyn Env, now: UnixNanos) {
        for stepped in held.iter().filter(|held| held.stepped) {
            let Ok(mut current) = self.read(stepped.number, charges, env, now) else { continue };
            for charge in charges.iter().filter(|charge| charge.slot == stepped.number) {
                current.slot.pull_back_one(charge.tag, charge.meter, now.0);
            }
            let _faster = self.store(&current, env);
        }
    }
}

impl Held {
    /// Judges this slot's charges and makes them; of several refusals, says the one that takes longest.
    fn judge(
        &mut self,
        charges: &[Charge],
        now: UnixNanos,
        standings: &mut [Standing],
    ) -> Result<(), Denied> {
        let mut denied = None;
        for (at, (charge, standing)) in charges.iter().zip(standings).enumerate() {
            if charge.slot != self.number || charge.charged == Charged::Elsewhere {
                continue;
            }
            self.stepped |= self.slot.pull_back_one(charge.tag, charge.meter, now.0);
            let verdict = match charge.charged {
                Charged::Now => self.slot.take(charge.tag, charge.meter, charge.units, now.0),
                _ => self.slot.look(charge.tag, charge.meter, now.0),
            };
            match verdict {
                Verdict::Admitted { remaining, full_in } if charge.charged == Charged::AtEnd => {
                    *standing = Standing { remaining, full_in, over: false };
                }
                Verdict::Admitted { remaining, full_in } => {
                    *standing = Standing { remaining, full_in, over: false };
                    self.remaining = self.remaining.min(remaining);
                    self.charged = true;
                }
                Verdict::Refused { retry_in } if charge.marks => {
                    *standing = Standing { remaining: 0, full_in: retry_in, over: true };
                }
                Verdict::Refused { retry_in } => {
                    let found = Denied::UsedUp { charge: at, retry_in };
                    denied = Some(denied.map_or(found, |denied| Denied::longer(denied, found)));
                }
            }
        }
        denied.map_or(Ok(()), Err)
    }

    /// Whether there is anything to write.
    fn is_changed(&self) -> bool {
        self.charged || self.stepped
    }
}

impl Denied {
    /// Of two refusals the one that takes longer; of equals the first.
    fn longer(self, other: Self) -> Self {
        if other.wait() > self.wait() { other } else { self }
    }

    fn wait(self) -> u64 {
        match self {
            Self::UsedUp { retry_in, .. } => retry_in,
            Self::Contended | Self::Unreadable => u64::MAX,
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
#[path = "workers_tests.rs"]
mod workers_tests;
