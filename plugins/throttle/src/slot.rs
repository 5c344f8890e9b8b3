//! One slot of the shared table: the counts of a few callers, and floors for all it could not keep.
//! The layout is a list of pairs of little-endian `u64`: the caller's tag and its count, or the number of a class and
//! its floor.

use crate::gcra::{SKEW, Verdict, within};
use crate::meter::{CLASSES, Meter};

/// Callers a slot keeps apart; with the floors, bounds a value to 384 bytes.
pub(crate) const CALLERS: usize = 16;

/// A slot, as of a moment. It never forgets in a caller's favour: a count that has to go leaves its number in the
/// floor of its class, and a caller that is not among the entries is taken to stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// At most one of each class, which stands in place of a tag. Nearly always none.
    floors: Vec<Entry>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    tag: u64,
    number: u64,
}

/// The tag of a count of that class. No class is a tag.
pub(crate) fn tag(fingerprint: u64, class: u64) -> u64 {
    1 << 63 | fingerprint << 3 | class
}

/// The class whose floor a count with this tag shares.
fn class(tag: u64) -> u64 {
    tag % CLASSES as u64
}

/// A value that no slot was ever written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Slot {
    /// Reads a value as of `now`. What has run out is dropped, a while after it did so, since other workers'
    /// clocks may be behind.
    pub(crate) fn read(value: &[u8], now: u64) -> Result<Self, Unreadable> {
        let (words, rest) = value.as_chunks::<8>();
        let (pairs, odd) = words.as_chunks::<2>();
        if !rest.is_empty() || !odd.is_empty() || pairs.len() > CALLERS + CLASSES {
            return Err(Unreadable);
        }
        let mut slot = Self { entries: Vec::with_capacity(CALLERS), ..Self::default() };
        for [tag, number] in pairs {
            let (tag, number) = (u64::from_le_bytes(*tag), u64::from_le_bytes(*number));
            if number.saturating_add(SKEW) < now {
                continue;
            }
            let list = if tag < CLASSES as u64 { &mut slot.floors } else { &mut slot.entries };
            list.push(Entry { tag, number });
        }
        let fits = slot.entries.len() <= CALLERS && slot.floors.len() <= CLASSES;
        if fits { Ok(slot) } else { Err(Unreadable) }
    }

    /// Pulls back what lies further ahead than any count can: it was written before the clock stepped back. What is
    /// the request's own is left to [`Slot::pull_back_one`]. Says whether there was such a thing.
    pub(crate) fn pull_back(&mut self, now: u64, horizon: u64, is_own: impl Fn(u64) -> bool) -> bool {
        let mut changed = false;
        for entry in self.entries.iter_mut().chain(&mut self.floors) {
            let pulled = within(entry.number, now, horizon);
            if pulled != entry.number && !is_own(entry.tag) {
                entry.number = pulled;
                changed = true;
            }
        }
        changed
    }

    /// The same for one caller, by its own limit.
    pub(crate) fn pull_back_one(&mut self, tag: u64, meter: Meter, now: u64) -> bool {
        self.entry(tag).is_some_and(|entry| {
            let pulled = meter.pulled(entry.number, now);
            let changed = pulled != entry.number;
            entry.number = pulled;
            changed
        })
    }

    /// The value to store.
    pub(crate) fn to_value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(16 * (self.entries.len() + self.floors.len()));
        for entry in self.floors.iter().chain(&self.entries) {
            value.extend_from_slice(&entry.tag.to_le_bytes());
            value.extend_from_slice(&entry.number.to_le_bytes());
        }
        value
    }

    /// Judges a request of the caller `tag`, and charges it when it may pass.
    pub(crate) fn take(&mut self, tag: u64, meter: Meter, units: u32, now: u64) -> Verdict {
        if let Some(entry) = self.entry(tag) {
            let (number, verdict) = meter.take(entry.number, units, now);
            entry.number = number;
            return verdict;
        }
        let floor = self.floors.iter().find(|floor| floor.tag == class(tag)).map(|floor| floor.number);
        let (number, verdict) = meter.charge(floor.unwrap_or_default(), units, now);
        if let Verdict::Admitted { .. } = verdict {
            self.admit(Entry { tag, number });
        }
        verdict
    }

    /// Whether anything is left to the caller `tag`, who is not charged.
    pub(crate) fn look(&self, tag: u64, meter: Meter, now: u64) -> Verdict {
        let (number, is_floor) = self.standing(tag);
        meter.look(number, is_floor, now)
    }

    /// Where the caller `tag` stands; and whether the number may be another's.
    pub(crate) fn stands(&self, tag: u64, meter: Meter, now: u64) -> (Verdict, bool) {
        let (number, is_floor) = self.standing(tag);
        (meter.standing(number, is_floor, now), is_floor && number > now)
    }

    /// Charges the caller `tag` with what has gone.
    pub(crate) fn spend(&mut self, tag: u64, meter: Meter, bytes: u64, now: u64) {
        let (number, is_floor) = self.standing(tag);
        let number = meter.spend(number, is_floor, bytes, now);
        match self.entry(tag) {
            Some(entry) => entry.number = number,
            None => self.admit(Entry { tag, number }),
        }
    }

    /// The caller's number, or the floor of its class.
    fn standing(&self, tag: u64) -> (u64, bool) {
        match self.number(tag) {
            Some(number) => (number, false),
            None => {
                let floor = self.floors.iter().find(|floor| floor.tag == class(tag));
                (floor.map(|floor| floor.number).unwrap_or_default(), true)
            }
        }
    }

    /// Takes back a charge that brought the caller to `charged`. Says whether anything changed.
    pub(crate) fn give_back(&mut self, tag: u64, meter: Meter, units: u32, charged: u64, now: u64) -> bool {
        let Some(entry) = self.entry(tag) else { return false };
        match meter.given_back(entry.number, charged, units, now) {
            Some(number) => {
                entry.number = number;
                true
            }
            None => false,
        }
    }

    /// How many callers it keeps.
    pub(crate) fn counts(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether the next caller shares a floor, or drives somebody there.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= CALLERS
    }

    /// Where the caller stands, if it is kept.
    pub(crate) fn number(&self, tag: u64) -> Option<u64> {
        self.entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.number)
    }

    fn entry(&mut self, tag: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.tag == tag)
    }

    /// Keeps a new caller. In a full slot what runs out first, the new one among them, goes into the floor.
    fn admit(&mut self, new: Entry) {
        if self.entries.len() < CALLERS {
            self.entries.push(new);
            return;
        }
        let lightest = self.entries.iter_mut().min_by_key(|entry| entry.number);
        let gone = match lightest {
            Some(entry) if entry.number < new.number => std::mem::replace(entry, new),
            _ => new,
        };
        let class = class(gone.tag);
        match self.floors.iter_mut().find(|floor| floor.tag == class) {
            Some(floor) => floor.number = floor.number.max(gone.number),
            None => self.floors.push(Entry { tag: class, number: gone.number }),
        }
    }
}

#[cfg(test)]
#[path = "slot_tests.rs"]
mod tests;
