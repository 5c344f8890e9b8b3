//! Tokens that the rate limit service gave for requests which another limit then refused. The service takes nothing back, so the
//! caller's next request uses them: of several limits, none is charged for what the others refuse.

use std::collections::HashMap;

use super::lease::Said;
use crate::caller::Fingerprint;

/// Most callers whose tokens are kept, at about 80 bytes each. What comes beyond is lost to them.
const MOST_SPARE: usize = 4_096;

/// The tokens of a worker.
#[derive(Debug, Default)]
pub(super) struct Spare(HashMap<Fingerprint, Tokens>);

#[derive(Debug, Clone, Copy)]
struct Tokens {
    units: u32,
    said: Said,
    /// When they came, and how long they are good.
    since: u64,
    lifetime: u64,
}

impl Tokens {
    /// Also not when the clock stepped back: then it is not known how old they are.
    fn are_good(&self, now: u64) -> bool {
        now.checked_sub(self.since).is_some_and(|age| age < self.lifetime)
    }
}

impl Spare {
    /// What the service said with the caller's tokens, if there are so many.
    pub(super) fn find(&self, count: Fingerprint, units: u32, now: u64) -> Option<Said> {
        let tokens = self.0.get(&count).filter(|tokens| tokens.units >= units && tokens.are_good(now))?;
        let age = now.saturating_sub(tokens.since);
        Some(Said { reset: tokens.said.reset.map(|reset| reset.saturating_sub(age)), ..tokens.said })
    }

    /// Uses tokens up that were found.
    pub(super) fn take(&mut self, count: Fingerprint, units: u32) {
        if let Some(tokens) = self.0.get_mut(&count) {
            tokens.units = tokens.units.saturating_sub(units);
            if tokens.units == 0 {
                self.0.remove(&count);
            }
        }
    }

    /// Keeps tokens for as long as they are good: `lifetime` nanoseconds, and not beyond their window.
    pub(super) fn keep(&mut self, count: Fingerprint, units: u32, said: Said, now: u64, lifetime: u64) {
        if self.0.len() >= MOST_SPARE && !self.0.contains_key(&count) {
            self.0.retain(|_, tokens| tokens.are_good(now));
            if self.0.len() >= MOST_SPARE {
                return;
            }
        }
        let lifetime = lifetime.min(said.reset.unwrap_or(u64::MAX));
        let before =
            self.0.get(&count).filter(|tokens| tokens.are_good(now)).map_or(0, |tokens| tokens.units);
        let units = before.saturating_add(units);
        self.0.insert(count, Tokens { units, said, since: now, lifetime });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gcra::SECOND;

    const NOW: u64 = 1_000 * SECOND;

    fn count(number: u64) -> Fingerprint {
        Fingerprint { tag: number, spread: 0 }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn tokens_are_good_until_they_are_used_or_their_window_ends() {
        let said = Said { remaining: Some(3), reset: Some(5 * SECOND) };
        let mut spare = Spare::default();
        spare.keep(count(1), 2, said, NOW, 60 * SECOND);
        let later = Said { reset: Some(3 * SECOND), ..said };
        let cases = [
            (1, 1, NOW, Some(said)),
            (1, 2, NOW + 2 * SECOND, Some(later)),
            (1, 3, NOW, None),
            (2, 1, NOW, None),
            (1, 1, NOW + 5 * SECOND, None),
            (1, 1, NOW - 1, None),
        ];
        for (caller, units, now, expected) in cases {
            assert_eq!(spare.find(count(caller), units, now), expected, "{caller} {units} {now}");
        }
        spare.take(count(1), 1);
        assert_eq!((spare.find(count(1), 1, NOW), spare.find(count(1), 2, NOW)), (Some(said), None));
        spare.take(count(1), 1);
        assert!(spare.0.is_empty());
        spare.keep(count(1), 1, Said::default(), NOW, SECOND);
        assert_eq!(spare.find(count(1), 1, NOW + SECOND), None);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn strangers_do_not_grow_the_memory() {
        let mut spare = Spare::default();
        for caller in 0..2 * MOST_SPARE as u64 {
            spare.keep(count(caller), 1, Said::default(), NOW, SECOND);
        }
        assert_eq!(spare.0.len(), MOST_SPARE);
        spare.keep(count(u64::MAX), 1, Said::default(), NOW + SECOND, SECOND);
        assert_eq!(spare.0.len(), 1);
    }
}
