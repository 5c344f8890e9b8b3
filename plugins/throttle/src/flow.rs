//! Bytes that come back evenly: like [`crate::gcra`], but what a request costs is known only when it has ended. So a
//! request is admitted while anything is left, and what it comes to is owed: at most what comes back in one period.

use crate::gcra::{Verdict, within};

/// How fast bytes may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    bytes: u64,
    /// The period in which so many bytes come back, in nanoseconds.
    period: u64,
    /// How far ahead of the clock the count may be while there is something left.
    capacity: u64,
}

impl Flow {
    /// `None` when one of them is zero, when bytes would come faster than one in a nanosecond, or when the burst takes more
    /// than `u64::MAX / 4` to come back.
    pub(crate) fn new(bytes: u64, period: u64, burst: u64) -> Option<Self> {
        if bytes == 0 || burst == 0 || bytes > period {
            return None;
        }
        let flow = Self { bytes, period, capacity: 0 };
        let capacity = flow.cost(burst);
        (capacity <= u64::MAX / 4).then_some(Self { capacity, ..flow })
    }

    /// Whether anything is left, and how much.
    pub(crate) fn look(self, number: u64, now: u64) -> Verdict {
        let ahead = number.saturating_sub(now);
        let left = u128::from(self.capacity.saturating_sub(ahead));
        let remaining = (left * u128::from(self.bytes) / u128::from(self.period)) as u64;
        match remaining {
            0 => Verdict::Refused {
                retry_in: ahead.saturating_add(self.cost(1)).saturating_sub(self.capacity),
            },
            remaining => Verdict::Admitted { remaining, full_in: ahead },
        }
    }

    /// Where the count stands when so many bytes have gone.
    pub(crate) fn spend(self, number: u64, bytes: u64, now: u64) -> u64 {
        let spent = self.pulled(number, now).max(now).saturating_add(self.cost(bytes));
        spent.min(now.saturating_add(self.reach()))
    }

    /// The number, pulled back if it is so far ahead that the clock must have stepped back.
    pub(crate) fn pulled(self, number: u64, now: u64) -> u64 {
        within(number, now, self.reach())
    }

    /// How far ahead of the clock a count may be: what is left over of a debt is forgiven.
    pub(crate) fn reach(self) -> u64 {
        self.capacity.saturating_add(self.period)
    }

    /// The burst.
    pub(crate) fn burst(self) -> u64 {
        (u128::from(self.capacity) * u128::from(self.bytes) / u128::from(self.period)) as u64
    }

    /// What so many bytes cost, in nanoseconds, rounded up.
    fn cost(self, bytes: u64) -> u64 {
        let cost = (u128::from(bytes) * u128::from(self.period)).div_ceil(u128::from(self.bytes));
        u64::try_from(cost).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const NOW: u64 = 1_000 * SECOND;

    /// 1,000 bytes a minute, 500 at once.
    fn flow() -> Flow {
        Flow::new(1_000, 60 * SECOND, 500).unwrap()
    }

    fn left(number: u64, now: u64) -> Result<u64, u64> {
        match flow().look(number, now) {
            Verdict::Admitted { remaining, .. } => Ok(remaining),
            Verdict::Refused { retry_in } => Err(retry_in),
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_left_says_who_may_pass_and_a_debt_delays() {
        assert_eq!(left(0, NOW), Ok(500));
        let spent = flow().spend(0, 499, NOW);
        assert_eq!(left(spent, NOW), Ok(1));
        let all = flow().spend(0, 500, NOW);
        assert_eq!(left(all, NOW), Err(60_000_000), "one byte comes back");
        assert_eq!(left(all, NOW + 60_000_000), Ok(1));
        let owing = flow().spend(all, 100, NOW);
        assert_eq!(left(owing, NOW), Err(6 * SECOND + 60_000_000));
        let much = flow().spend(all, u64::MAX, NOW);
        assert_eq!(left(much, NOW), Err(60 * SECOND + 60_000_000), "no longer than a period");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_step_back_of_the_clock_owes_no_more_than_can_be_owed() {
        let all = flow().spend(0, 500, NOW + 3_600 * SECOND);
        let pulled = flow().pulled(all, NOW);
        assert_eq!(left(pulled, NOW), Err(60 * SECOND + 60_000_000));
        assert_eq!(flow().pulled(pulled, NOW), pulled);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_fast_flow_is_exact_to_the_nanosecond_of_each_request() {
        let flow = Flow::new(700_000_000, SECOND, 700_000_000).unwrap();
        assert_eq!(flow.burst(), 700_000_000);
        assert_eq!(flow.spend(0, 350_000_000, NOW), NOW + SECOND / 2);
        assert_eq!(Flow::new(2, 1, 1), None);
        assert_eq!(Flow::new(0, 1, 1), None);
        assert_eq!(Flow::new(1, SECOND, u64::MAX), None);
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        /// In any run, what goes is at most the burst, what comes back, and what the last request admitted came to;
        /// as long as no debt is longer than a period.
        #[test]
        fn no_more_goes_than_comes_back_and_one_request(
            steps in proptest::collection::vec((0_u64..20 * SECOND, 1_u64..900), 1..200),
        ) {
            let (mut number, mut now, mut gone, mut last) = (0, NOW, 0_u64, 0);
            for (pause, bytes) in steps {
                now += pause;
                if left(number, now).is_ok() {
                    number = flow().spend(number, bytes, now);
                    gone += bytes;
                    last = bytes;
                }
                let back = (now - NOW) / 60_000_000;
                proptest::prop_assert!(gone <= 500 + back + last, "{gone} gone, {back} back, {last} last");
            }
        }
    }
}
