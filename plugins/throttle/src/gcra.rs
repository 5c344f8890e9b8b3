//! The generic cell rate algorithm: one number per count, the theoretical arrival time (TAT), which is how
//! far ahead of the clock a caller has used up its allowance. Integers only; knows no store and no clock.

/// One second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// How much workers may disagree on the time. A TAT further ahead than a full burst and this is the mark of
/// a clock that stepped back; what is nearer is only another worker's reading of the clock.
pub(crate) const SKEW: u64 = SECOND;

/// How fast requests may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// What one request costs, in nanoseconds.
    interval: u64,
    /// How far ahead of the clock the TAT may be: `interval` times the burst.
    capacity: u64,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may pass.
    Admitted {
        /// How many more may pass at once.
        remaining: u64,
        /// Nanoseconds until the whole burst is there again, if nothing comes until then.
        full_in: u64,
    },
    /// It may not, and is not charged.
    Refused {
        /// Nanoseconds until one may pass.
        retry_in: u64,
    },
}

impl Rate {
    /// `requests` per `period` nanoseconds, at most `burst` of them at once. The cost of a request is rounded
    /// up, so that it is never more. `None` when one of them is zero, when requests would come faster than
    /// one in a nanosecond, or when a burst takes more than `u64::MAX / 4` (146 years) to come back.
    pub(crate) fn new(requests: u64, period: u64, burst: u64) -> Option<Self> {
        if requests == 0 || burst == 0 || requests > period {
            return None;
        }
        let interval = period.div_ceil(requests);
        let capacity = interval.checked_mul(burst).filter(|capacity| *capacity <= u64::MAX / 4)?;
        Some(Self { interval, capacity })
    }

    /// What so many units cost, in nanoseconds.
    pub(crate) fn cost(self, units: u32) -> u64 {
        self.interval.saturating_mul(units.into())
    }

    pub(crate) fn capacity(self) -> u64 {
        self.capacity
    }

    /// The burst.
    pub(crate) fn burst(self) -> u64 {
        self.capacity / self.interval
    }
}

/// One request of so many units at `now` on a count that stands at `tat`: where the count stands then, and what becomes of the
/// request. A refused request leaves the count as it is, unless the clock stepped back: then the caller
/// is taken to have used up everything, no more, and waits for `interval`.
pub(crate) fn take(tat: u64, rate: Rate, units: u32, now: u64) -> (u64, Verdict) {
    charge(within(tat, now, rate.capacity), rate, units, now)
}

/// [`take`], for a count that may be ahead further than a full burst for another reason than the clock.
pub(crate) fn charge(tat: u64, rate: Rate, units: u32, now: u64) -> (u64, Verdict) {
    let next = tat.max(now).saturating_add(rate.cost(units));
    let ahead = next.saturating_sub(now);
    match rate.capacity.checked_sub(ahead) {
        Some(left) => (next, Verdict::Admitted { remaining: left / rate.interval, full_in: ahead }),
        None => (tat, Verdict::Refused { retry_in: ahead - rate.capacity }),
    }
}

/// The count without a charge that brought it to `charged`. `None` once it has been below that: else the charge
/// may have run out in between, and to take it back would give too much.
pub(crate) fn given_back(tat: u64, charged: u64, rate: Rate, units: u32, now: u64) -> Option<u64> {
    (tat >= charged && now < charged).then(|| tat - rate.cost(units).min(tat))
}

/// `tat`, pulled back to `now + reach` when it is so far ahead that the clock must have stepped back.
pub(crate) fn within(tat: u64, now: u64, reach: u64) -> u64 {
    let furthest = now.saturating_add(reach);
    if tat > furthest.saturating_add(SKEW) { furthest } else { tat }
}

#[cfg(test)]
#[path = "gcra_tests.rs"]
mod tests;
