//! How a limit counts, whichever algorithm it has: one number per count, which is a moment at which the count
//! has run out.

use crate::flow::Flow;
use crate::gcra::{self, Rate, Verdict, within};
use crate::window::Window;

/// An algorithm with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meter {
    /// Comes back evenly.
    Rate(Rate),
    /// Comes back when the window ends.
    Window(Window),
    /// Bytes that come back evenly. Charged when requests have ended.
    Flow(Flow),
    /// Requests in flight, at most so many. Counted elsewhere: see [`crate::flight`].
    InFlight(u64),
    /// Lets nothing pass, and says to come back after so many nanoseconds: it may be another limit by then.
    Never(u64),
}

/// Counts that last about as long share the floor of a contested slot.
pub(crate) const CLASSES: usize = 8;

/// The longest reach of each class but the last, in seconds: a second, a minute, an hour, a day, a week, a month, a
/// year, each doubled, since a window's count is of up to two windows.
const REACHES: [u64; CLASSES - 1] = [2, 120, 7_200, 172_800, 1_209_600, 5_356_800, 63_244_800];

impl Meter {
    /// One request of so many units at `now`, on a count that stands at `number`.
    pub(crate) fn take(self, number: u64, units: u32, now: u64) -> (u64, Verdict) {
        match self {
            Self::Rate(rate) => gcra::take(number, rate, units, now),
            Self::Window(window) => window.take(number, units.into(), now),
            Self::Flow(flow) => (number, flow.look(number, now)),
            Self::InFlight(_) => (number, Verdict::Refused { retry_in: gcra::SECOND }),
            Self::Never(retry_in) => (number, Verdict::Refused { retry_in }),
        }
    }

    /// [`Meter::take`] on a number that is at least as far as the count was, and may be of others.
    pub(crate) fn charge(self, floor: u64, units: u32, now: u64) -> (u64, Verdict) {
        match self {
            Self::Rate(rate) => gcra::charge(floor, rate, units, now),
            Self::Window(window) => window.charge(floor, units.into(), now),
            Self::Flow(_) | Self::InFlight(_) | Self::Never(_) => self.take(floor, units, now),
        }
    }

    /// Whether anything is left of a count, which stays as it is; `is_floor` says that it may be of others.
    pub(crate) fn look(self, number: u64, is_floor: bool, now: u64) -> Verdict {
        let (_, verdict) = if is_floor { self.charge(number, 1, now) } else { self.take(number, 1, now) };
        match (self, verdict) {
            // The one that was tried is there yet.
            (Self::Window(_), Verdict::Admitted { remaining, full_in }) => {
                Verdict::Admitted { remaining: remaining.saturating_add(1), full_in }
            }
            (_, verdict) => verdict,
        }
    }

    /// Where a count stands, of which nothing is wanted; of one that is used up, when one more could pass.
    pub(crate) fn standing(self, number: u64, is_floor: bool, now: u64) -> Verdict {
        match if is_floor { self.charge(number, 0, now) } else { self.take(number, 0, now) } {
            (_, left @ Verdict::Admitted { remaining: 1.., .. }) => left,
            _ => self.look(number, is_floor, now),
        }
    }

    /// Where a count of bytes stands when so many have gone; it may come to owe some.
    pub(crate) fn spend(self, number: u64, is_floor: bool, bytes: u64, now: u64) -> u64 {
        match self {
            Self::Flow(flow) => flow.spend(number, bytes, now),
            Self::Window(window) => window.spend(number, is_floor, bytes, now),
            Self::Rate(_) | Self::InFlight(_) | Self::Never(_) => number,
        }
    }

    /// The number, pulled back if it is so far ahead that the clock must have stepped back.
    pub(crate) fn pulled(self, number: u64, now: u64) -> u64 {
        match self {
            Self::Rate(rate) => within(number, now, rate.capacity()),
            Self::Window(window) => window.pulled(number, now),
            Self::Flow(flow) => flow.pulled(number, now),
            Self::InFlight(_) | Self::Never(_) => number,
        }
    }

    /// The number without a charge that brought it to `charged`, unless the charge may have run out since: to take
    /// it back would give too much.
    pub(crate) fn given_back(self, number: u64, charged: u64, units: u32, now: u64) -> Option<u64> {
        match self {
            Self::Rate(rate) => gcra::given_back(number, charged, rate, units, now),
            Self::Window(window) => window.given_back(number, charged, units.into(), now),
            Self::Flow(_) | Self::InFlight(_) | Self::Never(_) => None,
        }
    }

    /// How many units may come at once, at most.
    pub(crate) fn burst(self) -> u64 {
        match self {
            Self::Rate(rate) => rate.burst(),
            Self::Window(window) => window.quota(),
            Self::Flow(flow) => flow.burst(),
            Self::InFlight(most) => most,
            Self::Never(_) => 0,
        }
    }

    /// How far ahead of the clock a count may be, in nanoseconds.
    pub(crate) fn reach(self) -> u64 {
        match self {
            Self::Rate(rate) => rate.capacity(),
            Self::Window(window) => window.reach(),
            Self::Flow(flow) => flow.reach(),
            Self::InFlight(_) | Self::Never(_) => 0,
        }
    }

    /// Which floor its counts share, less than [`CLASSES`].
    pub(crate) fn class(self) -> u64 {
        let reach = self.reach();
        REACHES.iter().filter(|longest| **longest * gcra::SECOND < reach).count() as u64
    }
}
