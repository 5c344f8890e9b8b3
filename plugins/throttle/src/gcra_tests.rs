//! The algorithm against tables, and against logs of timestamps.

use super::*;

const NOW: u64 = 1_767_225_600 * SECOND;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn one_request_is_judged_by_how_far_ahead_the_count_is() {
    // 4 in 8 seconds, 3 at once: one costs 2 s, 6 s ahead is the most.
    let rate = Rate::new(4, 8 * SECOND, 3).unwrap();
    let admitted = |remaining, full_in: u64| Verdict::Admitted { remaining, full_in: full_in * SECOND };
    let refused = |retry_in| Verdict::Refused { retry_in };
    let cases = [
        ("never seen", 0, NOW + 2 * SECOND, admitted(2, 2)),
        ("long idle", NOW - 1, NOW + 2 * SECOND, admitted(2, 2)),
        ("half used", NOW + 2 * SECOND, NOW + 4 * SECOND, admitted(1, 4)),
        ("the last one", NOW + 4 * SECOND, NOW + 6 * SECOND, admitted(0, 6)),
        ("a nanosecond too early", NOW + 4 * SECOND + 1, NOW + 4 * SECOND + 1, refused(1)),
        ("used up", NOW + 6 * SECOND, NOW + 6 * SECOND, refused(2 * SECOND)),
        ("another worker is ahead", NOW + 7 * SECOND, NOW + 7 * SECOND, refused(3 * SECOND)),
        ("the clock stepped back", NOW + 3600 * SECOND, NOW + 6 * SECOND, refused(2 * SECOND)),
        ("the end of time", u64::MAX, NOW + 6 * SECOND, refused(2 * SECOND)),
    ];
    for (name, tat, next, verdict) in cases {
        assert_eq!(take(tat, rate, 1, NOW), (next, verdict), "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_cost_is_rounded_up_and_bounded() {
    let cases = [
        (
            "even",
            Rate::new(100, 60 * SECOND, 100).map(|rate| (rate.interval, rate.burst())),
            Some((600_000_000, 100)),
        ),
        ("rounded up", Rate::new(3, 10, 3).map(|rate| (rate.interval, rate.burst())), Some((4, 3))),
        ("no requests", Rate::new(0, SECOND, 1).map(|rate| (rate.interval, rate.burst())), None),
        ("no burst", Rate::new(1, SECOND, 0).map(|rate| (rate.interval, rate.burst())), None),
        (
            "faster than the clock",
            Rate::new(SECOND + 1, SECOND, 1).map(|rate| (rate.interval, rate.burst())),
            None,
        ),
        (
            "more than the clock holds",
            Rate::new(1, SECOND, u64::MAX / SECOND).map(|rate| (rate.interval, rate.burst())),
            None,
        ),
    ];
    for (name, found, expected) in cases {
        assert_eq!(found, expected, "{name}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    fn rates() -> impl Strategy<Value = (u64, u64, u64)> {
        (1..50u64, 1..1000u64, 1..60u64)
            .prop_filter("not faster than the clock", |(n, period, _)| n <= period)
    }

    /// What a caller is owed by the definition: the bucket's level is recomputed from the whole log of admitted
    /// requests each time, draining one nanosecond a nanosecond.
    fn allowed_by_the_log(log: &[u64], rate: Rate, now: u64) -> bool {
        let (mut level, mut at) = (0u64, 0u64);
        for time in log {
            level = level.saturating_sub(time - at) + rate.interval;
            at = *time;
        }
        level.saturating_sub(now - at) + rate.interval <= rate.capacity
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn verdicts_are_those_of_a_naive_log((requests, period, burst) in rates(), gaps in prop::collection::vec(0..400u64, 1..200)) {
            let rate = Rate::new(requests, period, burst).unwrap();
            let (mut tat, mut now, mut log) = (0, NOW, Vec::new());
            for gap in gaps {
                now += gap;
                let (next, verdict) = take(tat, rate, 1, now);
                tat = next;
                let admitted = matches!(verdict, Verdict::Admitted { .. });
                prop_assert_eq!(admitted, allowed_by_the_log(&log, rate, now));
                if admitted {
                    log.push(now);
                }
            }
            for (at, first) in log.iter().enumerate() {
                let in_window = log[at..].iter().filter(|time| *time - first < period).count() as u64;
                prop_assert!(in_window <= burst + requests, "{in_window} in one period");
            }
        }

        #[test]
        fn a_refused_caller_passes_exactly_when_told((requests, period, burst) in rates(), ahead in 0..5000u64) {
            let rate = Rate::new(requests, period, burst).unwrap();
            let tat = NOW + ahead.min(rate.capacity);
            if let (_, Verdict::Refused { retry_in }) = take(tat, rate, 1, NOW) {
                prop_assert!(matches!(take(tat, rate, 1, NOW + retry_in - 1).1, Verdict::Refused { .. }), "not earlier");
                prop_assert!(matches!(take(tat, rate, 1, NOW + retry_in).1, Verdict::Admitted { .. }), "not later");
            }
        }

        #[test]
        fn a_clock_that_steps_back_gives_nothing_and_locks_out_for_one_interval_at_most(
            (requests, period_seconds, burst) in (1..50u64, 1..1000u64, 1..60u64),
            used in 1..60u64,
            back in 0..(2 * 366 * 86_400 * SECOND),
        ) {
            let rate = Rate::new(requests, period_seconds * SECOND, burst).unwrap();
            let mut tat = 0;
            let mut left = burst;
            for _ in 0..used {
                if let (next, Verdict::Admitted { remaining, .. }) = take(tat, rate, 1, NOW) {
                    (tat, left) = (next, remaining);
                }
            }
            let stepped = NOW - back.min(NOW);
            match take(tat, rate, 1, stepped) {
                (_, Verdict::Admitted { remaining, .. }) => prop_assert!(remaining < left, "it gave more"),
                (_, Verdict::Refused { retry_in }) => prop_assert!(retry_in <= rate.interval + SKEW),
            }
        }

        #[test]
        fn no_input_overflows(tat: u64, now: u64, requests: u64, period: u64, burst: u64) {
            if let Some(rate) = Rate::new(requests, period, burst) {
                let (next, verdict) = take(tat, rate, 1, now);
                if let Verdict::Admitted { .. } = verdict {
                    prop_assert!(next >= now);
                }
            }
        }
    }
}
