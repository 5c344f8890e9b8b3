//! What a worker knows of limits that are asked for with each request: tokens that the rate limit service gave for requests which
//! another limit then refused, for the service takes nothing back; and who has used everything up. So of several limits none is
//! charged for what the others refuse.

use std::collections::HashMap;

use super::lease::Said;
use crate::caller::Fingerprint;
use crate::gcra::SECOND;

/// Most counts that something is known of, at about 100 bytes each.
const MOST_SPARE: usize = 4_096;
/// How long they are not looked through again for room.
const CROWDED: u64 = SECOND;
/// A service may count the time to the end of a window in whole seconds, rounded up.
const ROUNDED: u64 = SECOND;

/// The counts of a worker.
#[derive(Debug, Default)]
pub(super) struct Spare {
    known: HashMap<Fingerprint, Known>,
    looked_through: u64,
}

/// What holds from a moment on, and until when it is good: never beyond the end of its window, where that is known.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// Tokens; none is a refusal.
    units: u32,
    remaining: Option<u64>,
    since: u64,
    until: u64,
    /// When all is there again, as clients are told.
    reset: Option<u64>,
}

/// What is found of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There are so many tokens.
    Tokens(Said),
    /// The caller has used everything up.
    Refused {
        /// Nanoseconds until it is worth asking again.
        retry_in: u64,
    },
}

impl Known {
    /// Also not when the clock stepped back: then it is not known how old it is.
    fn is_good(&self, now: u64) -> bool {
        (self.since..self.until).contains(&now)
    }

    fn reset_in(&self, now: u64) -> Option<u64> {
        self.reset.map(|end| end.saturating_sub(now))
    }
}

impl Spare {
    /// What is known that bears on a request of so many units.
    pub(super) fn find(&self, count: Fingerprint, units: u32, now: u64) -> Option<Found> {
        let known = self.known.get(&count).filter(|known| known.is_good(now))?;
        let reset = known.reset_in(now);
        match known.units {
            0 => Some(Found::Refused { retry_in: reset.unwrap_or(SECOND).max(1) }),
            held if held >= units => Some(Found::Tokens(Said { remaining: known.remaining, reset })),
            _ => None,
        }
    }

    /// Uses tokens up that were found.
    pub(super) fn take(&mut self, count: Fingerprint, units: u32) {
        if let Some(known) = self.known.get_mut(&count) {
            known.units = known.units.saturating_sub(units);
            if known.units == 0 {
                self.known.remove(&count);
            }
        }
    }

    /// Keeps tokens: for `lifetime` nanoseconds at most, counted from `asked`. Those of an older window are gone with it.
    pub(super) fn keep(
        &mut self,
        count: Fingerprint,
        units: u32,
        said: Said,
        (asked, now): (u64, u64),
        lifetime: u64,
    ) {
        let until = match said.reset {
            Some(reset) => asked.saturating_add(lifetime.min(reset.saturating_sub(ROUNDED))),
            None => asked.saturating_add(lifetime),
        };
        let reset = said.reset.map(|reset| now.saturating_add(reset));
        let new = Known { units, remaining: said.remaining, since: now, until, reset };
        let held = self.known.get(&count).filter(|held| held.units > 0 && held.is_good(now)).copied();
        let is_same_window =
            |held: &Known| until <= held.until.saturating_add(2 * ROUNDED) || said.reset.is_none();
        let merged = held.filter(is_same_window).map_or(new, |held| Known {
            units: held.units.saturating_add(units),
            until: held.until.min(until),
            ..new
        });
        self.learn(count, merged, now);
    }

    /// The caller has used everything up until the window ends; where the service does not say when that is, it is asked again.
    pub(super) fn refuse(&mut self, count: Fingerprint, said: Said, now: u64) {
        let Some(reset) = said.reset else { return };
        let until = now.saturating_add(reset.saturating_sub(ROUNDED));
        let reset = Some(now.saturating_add(reset));
        self.learn(count, Known { units: 0, remaining: Some(0), since: now, until, reset }, now);
    }

    fn learn(&mut self, count: Fingerprint, known: Known, now: u64) {
        if !known.is_good(now) || !(self.known.contains_key(&count) || self.has_room(now)) {
            return;
        }
        self.known.insert(count, known);
    }

    fn has_room(&mut self, now: u64) -> bool {
        if self.known.len() >= MOST_SPARE && now.abs_diff(self.looked_through) >= CROWDED {
            self.looked_through = now;
            self.known.retain(|_, known| known.is_good(now));
        }
        self.known.len() < MOST_SPARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000 * SECOND;
    const MINUTE: u64 = 60 * SECOND;

    fn count(number: u64) -> Fingerprint {
        Fingerprint { tag: number, spread: 0 }
    }

    fn said(reset: u64) -> Said {
        Said { remaining: Some(3), reset: Some(reset * SECOND) }
    }

    fn units(spare: &Spare, now: u64) -> u32 {
        let holds = |units: &u32| matches!(spare.find(count(1), *units, now), Some(Found::Tokens(_)));
        (1..100).take_while(holds).count() as u32
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn tokens_are_good_until_they_are_used_or_their_window_may_have_ended() {
        let mut spare = Spare::default();
        spare.keep(count(1), 2, said(5), (NOW, NOW), MINUTE);
        let cases = [(NOW, 2), (NOW + 4 * SECOND - 1, 2), (NOW + 4 * SECOND, 0), (NOW - 1, 0)];
        for (now, expected) in cases {
            assert_eq!(units(&spare, now), expected, "{now}");
        }
        assert_eq!(spare.find(count(1), 1, NOW + SECOND), Some(Found::Tokens(said(4))));
        assert_eq!(spare.find(count(2), 1, NOW), None);
        spare.take(count(1), 1);
        assert_eq!(units(&spare, NOW), 1);
        spare.take(count(1), 1);
        assert!(spare.known.is_empty());
        // It was asked for three seconds ago.
        spare.keep(count(1), 2, said(5), (NOW - 3 * SECOND, NOW), MINUTE);
        assert_eq!((units(&spare, NOW), units(&spare, NOW + SECOND)), (2, 0));
        // What is no more good when it comes is not kept.
        spare.keep(count(3), 2, said(1), (NOW, NOW), MINUTE);
        assert_eq!(spare.find(count(3), 1, NOW), None);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn tokens_of_one_window_are_never_added_to_those_of_the_next() {
        let mut spare = Spare::default();
        spare.keep(count(1), 50, said(6), (NOW, NOW), MINUTE);
        spare.keep(count(1), 1, said(6), (NOW, NOW), MINUTE);
        assert_eq!(units(&spare, NOW), 51);
        let later = NOW + 4 * SECOND;
        spare.keep(count(1), 1, said(60), (later, later), MINUTE);
        assert_eq!(units(&spare, later), 1);
        // Where windows are not known, tokens get no older by others that come.
        let terse = Said::default();
        let mut spare = Spare::default();
        spare.keep(count(1), 1, terse, (NOW, NOW), MINUTE);
        spare.keep(count(1), 1, terse, (NOW + 59 * SECOND, NOW + 59 * SECOND), MINUTE);
        assert_eq!((units(&spare, NOW + 59 * SECOND), units(&spare, NOW + MINUTE)), (2, 0));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_refusal_holds_as_long_as_the_window_is_known_to_last() {
        let mut spare = Spare::default();
        spare.refuse(count(1), said(5), NOW);
        assert_eq!(spare.find(count(1), 1, NOW), Some(Found::Refused { retry_in: 5 * SECOND }));
        assert_eq!(spare.find(count(1), 1, NOW + 4 * SECOND), None);
        spare.refuse(count(2), Said::default(), NOW);
        spare.refuse(count(3), said(1), NOW);
        assert_eq!((spare.find(count(2), 1, NOW), spare.find(count(3), 1, NOW)), (None, None));
        spare.keep(count(1), 1, said(5), (NOW, NOW), MINUTE);
        assert_eq!(units(&spare, NOW), 1);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn strangers_do_not_grow_the_memory() {
        let mut spare = Spare::default();
        for caller in 0..2 * MOST_SPARE as u64 {
            spare.keep(count(caller), 1, Said::default(), (NOW, NOW), SECOND);
        }
        assert_eq!(spare.known.len(), MOST_SPARE);
        let later = NOW + CROWDED;
        spare.keep(count(u64::MAX), 1, Said::default(), (later, later), SECOND);
        assert_eq!(spare.known.len(), 1);
    }
}
