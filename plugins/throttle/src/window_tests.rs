//! The window against tables, and against logs of timestamps.

use portcullis_config::throttle::UnitConfig;

use super::*;
use crate::gcra::SECOND;

/// 2026-01-01T00:00:00Z.
const MIDNIGHT: u64 = 1_767_225_600 * SECOND;
const DAY: u64 = 86_400 * SECOND;

fn window(quota: u64, unit: UnitConfig) -> Window {
    Window::new(quota, &WindowConfig { unit, units: 1, utc_offset_minutes: 0 }).unwrap()
}

fn is_admitted(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Admitted { .. })
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn one_request_is_judged_by_what_is_used_of_its_window() {
    let (now, end) = (MIDNIGHT + 3_600 * SECOND, MIDNIGHT + DAY);
    let rest = end - now;
    let admitted = |remaining| Verdict::Admitted { remaining, full_in: rest };
    let refused = |retry_in| Verdict::Refused { retry_in };
    let cases = [
        ("never seen", 0, 1, end + 1, admitted(9)),
        ("a window that is over, used up", MIDNIGHT + 10, 1, end + 1, admitted(9)),
        ("half used", end + 5, 1, end + 6, admitted(4)),
        ("the last one", end + 9, 1, end + 10, admitted(0)),
        ("used up", end + 10, 1, end + 10, refused(rest)),
        ("several at once", end + 5, 5, end + 10, admitted(0)),
        ("more than is left", end + 5, 6, end + 5, refused(rest)),
        ("more was used when the quota was larger", end + 99, 1, end + 99, refused(rest)),
        ("the clock stepped back a day", end + DAY + 10, 1, end + 10, refused(rest)),
        ("the same, with something left", end + DAY + 3, 1, end + 4, admitted(6)),
        ("the end of time", u64::MAX, 1, u64::MAX, refused(rest)),
    ];
    for (name, number, units, next, verdict) in cases {
        let (found, judged) = window(10, UnitConfig::Day).take(number, units, now);
        assert_eq!(judged, verdict, "{name}");
        assert!(found == next || next == u64::MAX, "{name}: {found} is not {next}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_worker_whose_clock_is_behind_counts_in_the_window_that_has_begun() {
    let window = window(2, UnitConfig::Day);
    let (number, verdict) = window.take(MIDNIGHT + 2, 1, MIDNIGHT);
    assert_eq!((number, is_admitted(verdict)), (MIDNIGHT + DAY + 1, true));
    let (number, verdict) = window.take(number, 1, MIDNIGHT - SECOND / 2);
    assert_eq!((number, is_admitted(verdict)), (MIDNIGHT + DAY + 2, true));
    let (_, verdict) = window.take(number, 1, MIDNIGHT - SECOND / 2);
    assert_eq!(verdict, Verdict::Refused { retry_in: DAY + SECOND / 2 });
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_charge_is_given_back_within_its_window_alone() {
    let window = window(10, UnitConfig::Day);
    let end = MIDNIGHT + DAY;
    let cases = [
        ("at once", end + 3, end + 3, MIDNIGHT, Some(end + 1)),
        ("after others", end + 7, end + 3, MIDNIGHT, Some(end + 5)),
        ("after others gave back", end + 2, end + 3, MIDNIGHT, None),
        ("when the window is over", end + 3, end + 3, end, None),
        ("from the next window", end + DAY + 1, end + 3, end - 1, None),
    ];
    for (name, number, charged, now, expected) in cases {
        assert_eq!(window.given_back(number, charged, 2, now), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_quota_that_its_number_cannot_hold_is_refused() {
    let config = WindowConfig { unit: UnitConfig::Second, units: 1, utc_offset_minutes: 0 };
    assert!(Window::new(SECOND - 1, &config).is_some());
    assert!(Window::new(SECOND, &config).is_none());
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    fn windows() -> impl Strategy<Value = Window> {
        let unit = prop::sample::select(vec![
            UnitConfig::Second,
            UnitConfig::Minute,
            UnitConfig::Hour,
            UnitConfig::Day,
            UnitConfig::Week,
            UnitConfig::Month,
            UnitConfig::Year,
        ]);
        (1..20u64, unit, 1..4u32, -1439..1440i32).prop_map(|(quota, unit, units, utc_offset_minutes)| {
            Window::new(quota, &WindowConfig { unit, units, utc_offset_minutes }).unwrap()
        })
    }

    /// Parts of a window that pass before a request, and how many units it has.
    fn schedule() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0..300u64, 1..4u64), 1..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn verdicts_are_those_of_a_naive_log(window in windows(), schedule in schedule()) {
            let (mut number, mut now) = (0, MIDNIGHT);
            let mut log: Vec<(u64, u64)> = Vec::new();
            for (part, units) in schedule {
                now += window.calendar.longest() / 1_000 * part;
                let (start, _) = window.calendar.around(now);
                let used: u64 = log.iter().filter(|(at, _)| *at >= start).map(|(_, units)| units).sum();
                let (next, verdict) = window.take(number, units, now);
                number = next;
                prop_assert_eq!(is_admitted(verdict), used + units <= window.quota, "{} used", used);
                if is_admitted(verdict) {
                    log.push((now, units));
                } else if let Verdict::Refused { retry_in } = verdict
                    && units <= window.quota
                {
                    prop_assert!(!is_admitted(window.take(number, units, now + retry_in - 1).1), "not earlier");
                    prop_assert!(is_admitted(window.take(number, units, now + retry_in).1), "not later");
                }
            }
        }

        /// Whatever the clock does, a whole quota comes back only when it enters a later window than it was in.
        #[test]
        fn a_clock_that_steps_gives_nothing(
            window in windows(),
            steps in prop::collection::vec((-2_500..3_000i64, 1..4u64), 1..200),
        ) {
            let (mut number, mut now, mut admitted, mut quotas) = (0, MIDNIGHT, 0, 1);
            for (part, units) in steps {
                let before = window.calendar.around(now).0;
                now = now.saturating_add_signed(window.calendar.longest().cast_signed() / 1_000 * part);
                quotas += u64::from(window.calendar.around(now).0 > before);
                let (next, verdict) = window.take(number, units, now);
                number = next;
                if is_admitted(verdict) {
                    admitted += units;
                }
                prop_assert!(admitted <= quotas * window.quota, "{admitted} in {quotas} windows");
                if let Verdict::Refused { retry_in } = verdict {
                    prop_assert!(retry_in <= window.calendar.longest() + SKEW, "nobody is locked out for longer");
                }
            }
        }

        /// Workers whose clocks differ by less than [`SKEW`] give each window its quota and no more.
        #[test]
        fn clocks_that_differ_share_the_windows(
            quota in 1..20u64,
            requests in prop::collection::vec((0..30u64, 0..10u64), 1..300),
        ) {
            let window = window(quota, UnitConfig::Minute);
            let (mut number, mut time) = (0, MIDNIGHT);
            let mut admitted = std::collections::BTreeMap::<u64, u64>::new();
            for (gap, behind) in requests {
                time += gap * SECOND / 10;
                let (next, verdict) = window.take(number, 1, time - behind * SECOND / 10);
                number = next;
                if is_admitted(verdict) {
                    *admitted.entry(window.read(number).end).or_default() += 1;
                }
            }
            for (end, admitted) in admitted {
                prop_assert!(admitted <= quota, "{admitted} of {quota} before {end}");
            }
        }

        #[test]
        fn no_input_overflows(window in windows(), number: u64, units in 0..=u64::from(u32::MAX), now: u64, charged: u64) {
            let (next, verdict) = window.take(number, units, now);
            prop_assert!(!is_admitted(verdict) || window.read(next).used <= window.quota || next == u64::MAX);
            let _charged = (window.charge(number, units, now), window.pulled(number, now));
            let _given_back = window.given_back(number, charged, units, now);
        }

        /// A floor is at least as far as any count that went into it, and so never gives more than the count.
        #[test]
        fn a_floor_is_never_more_generous_than_the_count(
            window in windows(),
            used in 0..20u64,
            more in 0..4_000u64,
            part in 0..1_000u64,
        ) {
            let now = MIDNIGHT + window.calendar.longest() / 1_000 * part;
            let (_, end) = window.calendar.around(MIDNIGHT);
            let number = end + used.min(window.quota);
            let floor = number + window.calendar.longest() / 1_000 * more;
            if is_admitted(window.charge(floor, 1, now).1) {
                prop_assert!(is_admitted(window.take(number, 1, now).1));
            }
        }
    }
}
