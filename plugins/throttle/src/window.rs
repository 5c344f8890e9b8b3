//! The fixed window: so much in each stretch of the calendar, and all of it again when the next one begins. One
//! number per count: the end of its window and, in nanoseconds on top of it, what is used up. So a count runs
//! out when its window does, and compares with those of [`crate::gcra`] as a moment. Knows no store and no clock.

use portcullis_config::throttle::WindowConfig;

use crate::calendar::Calendar;
use crate::gcra::{SKEW, Verdict};

/// So much in each stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    calendar: Calendar,
    quota: u64,
}

/// A count, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    end: u64,
    used: u64,
}

impl Count {
    fn number(self) -> u64 {
        self.end.saturating_add(self.used)
    }
}

impl Window {
    /// `None` for a window that is none, or for as much in it as it has nanoseconds: the number would not tell
    /// a used-up window from the next one.
    pub(crate) fn new(quota: u64, config: &WindowConfig) -> Option<Self> {
        let calendar = Calendar::new(config)?;
        (quota < calendar.shortest()).then_some(Self { calendar, quota })
    }

    pub(crate) fn quota(self) -> u64 {
        self.quota
    }

    /// How far ahead of the clock a count may be, in nanoseconds.
    pub(crate) fn reach(self) -> u64 {
        self.calendar.longest().saturating_add(self.quota)
    }

    /// One request of so many units at `now` on a count that stands at `number`: where the count stands then, and
    /// what becomes of the request. A refused request leaves the count as it is, unless the clock stepped back.
    pub(crate) fn take(self, number: u64, units: u64, now: u64) -> (u64, Verdict) {
        self.judge(self.count(number, now), units, now)
    }

    /// [`Window::take`] for a number that may be of other counts: as much is taken to be used as could be.
    pub(crate) fn charge(self, floor: u64, units: u64, now: u64) -> (u64, Verdict) {
        self.judge(self.of_floor(floor, now), units, now)
    }

    fn of_floor(self, floor: u64, now: u64) -> Count {
        let (_, end) = self.calendar.around(now);
        Count { end, used: floor.saturating_sub(end) }
    }

    /// Where a count stands when so many have gone, at most all; `is_floor` says that the number may be of other counts.
    pub(crate) fn spend(self, number: u64, is_floor: bool, units: u64, now: u64) -> u64 {
        let count = if is_floor { self.of_floor(number, now) } else { self.count(number, now) };
        Count { used: count.used.saturating_add(units).min(self.quota), ..count }.number()
    }

    /// The number as it is to be read at `now`: another one if the clock stepped back since it was written.
    pub(crate) fn pulled(self, number: u64, now: u64) -> u64 {
        let count = self.count(number, now);
        // What has run out reads as an empty window, which is no change.
        if count.used == 0 { number } else { count.number() }
    }

    /// The count less `units` that brought it to `charged`, if it is still the same window's.
    pub(crate) fn given_back(self, number: u64, charged: u64, units: u64, now: u64) -> Option<u64> {
        let (then, count) = (self.read(charged), self.read(number));
        (count.end == then.end && number >= charged && now < count.end)
            .then(|| number.saturating_sub(units.min(count.used)))
    }

    fn judge(self, count: Count, units: u64, now: u64) -> (u64, Verdict) {
        let full_in = count.end.saturating_sub(now);
        match self.quota.checked_sub(count.used).and_then(|left| left.checked_sub(units)) {
            Some(remaining) => {
                let used = count.used.saturating_add(units);
                (Count { used, ..count }.number(), Verdict::Admitted { remaining, full_in })
            }
            None => (count.number(), Verdict::Refused { retry_in: full_in }),
        }
    }

    /// The count that holds at `now`. One that is ahead by no more than workers' clocks differ is of the window
    /// that has begun elsewhere, and holds. One further ahead was written before the clock stepped back: what is
    /// used stays used.
    fn count(self, number: u64, now: u64) -> Count {
        let (start, end) = self.calendar.around(now);
        if let Some(used) = number.checked_sub(end).filter(|used| *used <= self.quota) {
            return Count { end, used };
        }
        let written = self.read(number);
        if written.end <= start {
            return Count { end, used: 0 };
        }
        let (begun, _) = self.calendar.around(written.end.saturating_sub(1));
        if begun <= now.saturating_add(SKEW) { written } else { Count { end, ..written } }
    }

    /// Takes a number apart: less is used than the next window is long, so the end is that one's beginning.
    fn read(self, number: u64) -> Count {
        let (end, _) = self.calendar.around(number);
        Count { end, used: number.saturating_sub(end) }
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
