//! One slot of the shared table: the counts of a few callers, and one floor for all it could not keep.
//! The layout is a list of little-endian `u64`: the floor, then tag and TAT of each caller.

use crate::gcra::{self, Rate, SKEW, Verdict, within};

/// Callers a slot keeps apart; bounds a value to 264 bytes.
pub(crate) const CALLERS: usize = 16;

/// A slot, as of a moment. It never forgets in a caller's favour: a count that has to go leaves its TAT in the
/// floor, and a caller that is not among the entries is taken to stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    floor: u64,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    tag: u64,
    tat: u64,
}

/// A value that no slot was ever written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Slot {
    /// Reads a value as of `now`. What has run out is dropped, a while after it did so, since other workers'
    /// clocks may be behind.
    pub(crate) fn read(value: &[u8], now: u64) -> Result<Self, Unreadable> {
        if value.is_empty() {
            return Ok(Self::default());
        }
        let (words, rest) = value.as_chunks::<8>();
        let (floor, words) = words.split_first().ok_or(Unreadable)?;
        let (pairs, odd) = words.as_chunks::<2>();
        if !rest.is_empty() || !odd.is_empty() || pairs.len() > CALLERS {
            return Err(Unreadable);
        }
        let alive = |tat: u64| tat.saturating_add(SKEW) >= now;
        let floor = Some(u64::from_le_bytes(*floor)).filter(|floor| alive(*floor)).unwrap_or_default();
        let number = |word: &[u8; 8]| u64::from_le_bytes(*word);
        let entries = pairs.iter().map(|[tag, tat]| Entry { tag: number(tag), tat: number(tat) });
        Ok(Self { floor, entries: entries.filter(|entry| alive(entry.tat)).collect() })
    }

    /// Pulls back what lies further ahead than any count can: it was written before the clock stepped back.
    /// Says whether there was such a thing.
    pub(crate) fn pull_back(&mut self, now: u64, horizon: u64) -> bool {
        let mut changed = false;
        for tat in self.entries.iter_mut().map(|entry| &mut entry.tat).chain([&mut self.floor]) {
            changed |= pull_back(tat, now, horizon);
        }
        changed
    }

    /// The same for one caller, by the rate of its limit.
    pub(crate) fn pull_back_one(&mut self, tag: u64, rate: Rate, now: u64) -> bool {
        self.entry(tag).is_some_and(|entry| pull_back(&mut entry.tat, now, rate.capacity()))
    }

    /// The value to store.
    pub(crate) fn to_value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(8 + 16 * self.entries.len());
        value.extend_from_slice(&self.floor.to_le_bytes());
        for entry in &self.entries {
            value.extend_from_slice(&entry.tag.to_le_bytes());
            value.extend_from_slice(&entry.tat.to_le_bytes());
        }
        value
    }

    /// Judges a request of the caller `tag`, and charges it when it may pass.
    pub(crate) fn take(&mut self, tag: u64, rate: Rate, now: u64) -> Verdict {
        if let Some(entry) = self.entry(tag) {
            let (tat, verdict) = gcra::take(entry.tat, rate, now);
            entry.tat = tat;
            return verdict;
        }
        let (tat, verdict) = gcra::charge(self.floor, rate, now);
        if let Verdict::Admitted { .. } = verdict {
            self.admit(Entry { tag, tat });
        }
        verdict
    }

    /// Takes back a charge of `interval` that brought the caller to `charged`, if the count has not been below
    /// that since: else it may have run out in between, and to take back would give too much. Says whether
    /// anything changed.
    pub(crate) fn give_back(&mut self, tag: u64, interval: u64, charged: u64, now: u64) -> bool {
        match self.entry(tag) {
            Some(entry) if entry.tat >= charged && now < charged => {
                entry.tat -= interval.min(entry.tat);
                true
            }
            _ => false,
        }
    }

    /// Where the caller stands, if it is kept.
    pub(crate) fn tat(&self, tag: u64) -> Option<u64> {
        self.entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.tat)
    }

    fn entry(&mut self, tag: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.tag == tag)
    }

    /// Keeps a new caller. In a full slot the lightest of all, the new one among them, goes into the floor.
    fn admit(&mut self, new: Entry) {
        if self.entries.len() < CALLERS {
            self.entries.push(new);
            return;
        }
        let lightest = self.entries.iter_mut().min_by_key(|entry| entry.tat);
        let gone = match lightest {
            Some(entry) if entry.tat < new.tat => std::mem::replace(entry, new),
            _ => new,
        };
        self.floor = self.floor.max(gone.tat);
    }
}

fn pull_back(tat: &mut u64, now: u64, reach: u64) -> bool {
    let pulled = within(*tat, now, reach);
    let changed = pulled != *tat;
    *tat = pulled;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gcra::SECOND;

    const NOW: u64 = 1_000 * SECOND;

    fn rate(requests: u64, seconds: u64) -> Rate {
        Rate::new(requests, seconds * SECOND, requests).unwrap()
    }

    fn admitted(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Admitted { .. })
    }

    /// A slot in which each of [`CALLERS`] callers has used up `used` of 10 requests a minute.
    fn full(used: usize) -> Slot {
        let mut slot = Slot::default();
        for tag in 0..CALLERS as u64 {
            for _ in 0..used {
                slot.take(tag, rate(10, 60), NOW);
            }
        }
        slot
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_slot_survives_its_value() {
        let mut slot = full(3);
        slot.take(99, rate(10, 60), NOW);
        let value = slot.to_value();
        assert_eq!(value.len(), 264);
        assert_eq!(Slot::read(&value, NOW), Ok(slot));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_foreign_value_is_unreadable() {
        for length in [1, 7, 9, 16, 23, 25, 264 + 16] {
            assert_eq!(Slot::read(&vec![1; length], NOW), Err(Unreadable), "{length}");
        }
        assert_eq!(Slot::read(&[], NOW), Ok(Slot::default()));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_ran_out_makes_room() {
        let value = full(1).to_value();
        let at = |now| Slot::read(&value, now).unwrap();
        assert_eq!(at(NOW + 8 * SECOND), Slot::default());
        assert_eq!(at(NOW + 7 * SECOND), full(1), "a worker's clock may be a second behind");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_stranger_does_not_displace_a_heavier_caller() {
        let mut slot = full(3);
        assert!(admitted(slot.take(99, rate(10, 60), NOW)));
        assert_eq!(slot.tat(99), None, "one request is less than three");
        assert!((0..CALLERS as u64).all(|tag| slot.tat(tag).is_some()));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn strangers_to_a_full_slot_share_one_count() {
        let mut slot = full(10);
        let passed = (100..200).filter(|tag| admitted(slot.take(*tag, rate(10, 60), NOW))).count();
        assert_eq!(passed, 10);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_floor_does_not_sink_when_a_lighter_caller_goes() {
        let mut slot = full(10);
        let strangers =
            |slot: &mut Slot| (0..20).filter(|_| admitted(slot.take(99, rate(10, 60), NOW))).count();
        assert_eq!(strangers(&mut slot), 10);
        let charged = slot.tat(3).unwrap();
        assert!(slot.give_back(3, 60 * SECOND, charged, NOW));
        slot.admit(Entry { tag: 100, tat: NOW + 60 * SECOND });
        assert_eq!(slot.tat(3), None);
        assert_eq!(strangers(&mut slot), 0);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_displaced_caller_gains_nothing() {
        let mut slot = full(10);
        let mut passed = 0;
        for _ in 0..100 {
            for tag in [7, 100, 101] {
                passed += usize::from(admitted(slot.take(tag, rate(10, 60), NOW)));
            }
        }
        assert!(
            passed <= 10,
            "{passed} passed for one caller that had used everything and two that had nothing"
        );
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_step_back_of_the_clock_does_not_reach_beyond_the_horizon() {
        let slot = full(10);
        let mut early = Slot::read(&slot.to_value(), SECOND).unwrap();
        assert!(early.pull_back(SECOND, 90 * SECOND));
        assert!(!early.pull_back(SECOND, 90 * SECOND), "once is enough");
        assert!((0..CALLERS as u64).all(|tag| early.tat(tag) == Some(91 * SECOND)));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_charge_is_given_back_only_while_it_lasts() {
        let mut slot = full(1);
        let charged = slot.tat(3).unwrap();
        assert!(!slot.clone().give_back(3, 6 * SECOND, charged, charged), "it has run out by itself");
        assert!(!slot.clone().give_back(99, 6 * SECOND, charged, NOW), "nobody");
        assert!(slot.give_back(3, 6 * SECOND, charged, NOW));
        assert_eq!(slot.tat(3), Some(NOW));
        assert!(!slot.give_back(3, 6 * SECOND, charged, NOW), "the count has been below that since");
    }
}
