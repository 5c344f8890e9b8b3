//! The table under one worker: all or none, bounded memory, contested slots, a clock that steps.

use std::cell::Cell;
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
use portcullis_config::throttle::{UnitConfig, WindowConfig};
use portcullis_core::testing::{FakeEnv, START, SharedCall, SharedStore};

use super::*;
use crate::gcra::{Rate, SECOND};
use crate::slot::CALLERS;
#[cfg(not(target_arch = "wasm32"))]
use crate::window::Window;

/// `requests` a minute, all at once.
pub(crate) fn rate(requests: u64) -> Meter {
    Meter::Rate(Rate::new(requests, 60 * SECOND, requests).unwrap())
}

pub(crate) fn table(slots: u32) -> Table {
    Table::new(slots, 60 * SECOND, false)
}

/// A count in a slot of its own choosing.
pub(crate) fn count(slot: u32, number: u64, meter: Meter) -> Charge {
    Charge { slot, tag: tag(number, meter.class()), meter, units: 1, marks: false, charged: Charged::Now }
}

fn used_up(charge: usize, seconds: u64) -> Denied {
    Denied::UsedUp { charge, retry_in: seconds * SECOND }
}

fn spend(table: Table, charge: Charge, times: usize, env: &FakeEnv) -> usize {
    (0..times).filter(|_| table.charge(&[charge], env).is_ok()).count()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_request_is_charged_to_all_counts_or_to_none() {
    // Apart and in one slot.
    for second_slot in [0, 1] {
        let (wide, narrow) = (count(0, 1, rate(10)), count(second_slot, 2, rate(2)));
        let env = FakeEnv::new();
        for left in [1, 0] {
            let standings = table(2).charge(&[wide, narrow], &env).unwrap();
            assert_eq!(standings[1].remaining, left);
        }
        for _ in 0..20 {
            assert_eq!(table(2).charge(&[wide, narrow], &env), Err(used_up(1, 30)));
        }
        assert_eq!(spend(table(2), wide, 20, &env), 8, "refused requests did not count");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn of_several_refusals_the_longest_is_told() {
    for (slots, expected) in [([0, 1], 1), ([1, 0], 1), ([0, 0], 1)] {
        let charges = [count(slots[0], 1, rate(60)), count(slots[1], 2, rate(2))];
        let env = FakeEnv::new();
        spend(table(2), charges[0], 100, &env);
        spend(table(2), charges[1], 100, &env);
        assert_eq!(table(2).charge(&charges, &env), Err(used_up(expected, 30)), "{slots:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_charge_is_given_back_when_another_worker_takes_the_last_of_a_later_count() {
    let (first, second) = (count(0, 1, rate(2)), count(1, 2, rate(3)));
    let store = SharedStore::default();
    let sets = Cell::new(0);
    let rival = FakeEnv::new().with_store(store.clone());
    let env = FakeEnv::new().with_store(store).before_shared(move |call| {
        sets.set(sets.get() + usize::from(call == SharedCall::Set));
        if call == SharedCall::Set && sets.get() == 2 {
            assert_eq!(spend(table(2), second, 20, &rival), 3);
        }
    });
    assert_eq!(table(2).charge(&[first, second], &env), Err(used_up(1, 20)));
    assert_eq!(spend(table(2), first, 20, &env), 2, "the first count is as before");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_was_only_marked_is_not_given_back() {
    // Both in slot 0: the one that marks is used up before, so only the other is charged, and given back.
    let (marking, first, second) =
        (count(0, 3, rate(1)).marking(true), count(0, 1, rate(2)), count(1, 2, rate(3)));
    let store = SharedStore::default();
    let before = FakeEnv::new().with_store(store.clone());
    assert!(!table(2).charge(&[marking], &before).unwrap()[0].over);
    let sets = Cell::new(0);
    let rival = FakeEnv::new().with_store(store.clone());
    let env = FakeEnv::new().with_store(store).before_shared(move |call| {
        sets.set(sets.get() + usize::from(call == SharedCall::Set));
        if call == SharedCall::Set && sets.get() == 2 {
            assert_eq!(spend(table(2), second, 20, &rival), 3);
        }
    });
    assert_eq!(table(2).charge(&[marking, first, second], &env), Err(used_up(2, 20)));
    assert_eq!(spend(table(2), first, 20, &env), 2, "the first count is as before");
    assert!(table(2).charge(&[marking], &env).unwrap()[0].over, "the one that marks, too");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_request_that_is_only_marked_writes_nothing_until_the_clock_steps_back() {
    let env = FakeEnv::new();
    let marking = count(0, 1, rate(1)).marking(true);
    for expected in [false, true, true] {
        assert_eq!(table(1).charge(&[marking], &env).unwrap()[0].over, expected);
    }
    assert_eq!(env.calls().shared_set, 1);
    env.set_now(UnixNanos(START.0 - 3600 * SECOND));
    assert!(table(1).charge(&[marking], &env).unwrap()[0].over);
    env.advance(Duration::from_secs(60));
    assert!(!table(1).charge(&[marking], &env).unwrap()[0].over, "not for an hour");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn nothing_is_charged_when_another_worker_takes_the_last_of_the_tightest_count() {
    let (wide, tight) = (count(0, 1, rate(10)), count(1, 2, rate(1)));
    let store = SharedStore::default();
    let once = Cell::new(false);
    let rival = FakeEnv::new().with_store(store.clone());
    let env = FakeEnv::new().with_store(store).before_shared(move |call| {
        if call == SharedCall::Set && !once.replace(true) {
            assert_eq!(spend(table(2), tight, 1, &rival), 1);
        }
    });
    assert_eq!(table(2).charge(&[wide, tight], &env), Err(used_up(1, 60)));
    assert_eq!(env.calls().shared_set, 1, "only the one that failed");
    assert_eq!(spend(table(2), wide, 20, &env), 10);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn two_workers_that_make_a_slot_at_once_are_both_counted() {
    let store = SharedStore::default();
    let once = Cell::new(false);
    let rival = FakeEnv::new().with_store(store.clone());
    let env = FakeEnv::new().with_store(store).before_shared(move |call| {
        if call == SharedCall::Set && !once.replace(true) {
            assert_eq!(spend(table(1), count(0, 1, rate(10)), 3, &rival), 3);
        }
    });
    let standings = table(1).charge(&[count(0, 1, rate(10))], &env).unwrap();
    assert_eq!(standings[0].remaining, 6);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn endless_contention_ends_in_a_refusal_that_charges_nothing() {
    let store = SharedStore::default();
    let rival = FakeEnv::new().with_store(store.clone());
    let env = FakeEnv::new().with_store(store.clone()).before_shared(move |call| {
        if call == SharedCall::Set {
            let _admitted = spend(table(1), count(0, 2, rate(1_000_000)), 1, &rival);
        }
    });
    assert_eq!(table(1).charge(&[count(0, 1, rate(10))], &env), Err(Denied::Contended));
    assert_eq!(env.calls().shared_set, ATTEMPTS);
    let alone = FakeEnv::new().with_store(store);
    assert_eq!(spend(table(1), count(0, 1, rate(10)), 20, &alone), 10);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_slot_that_somebody_else_wrote_lets_nothing_pass() {
    let env = FakeEnv::new();
    env.store().set("throttle2:0", b"garbage", None).unwrap();
    assert_eq!(table(1).charge(&[count(0, 1, rate(10))], &env), Err(Denied::Unreadable));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_clock_that_steps_back_locks_nobody_out() {
    let cases =
        [(1, "a count as long as the horizon"), (60, "a shorter one"), (120, "a step within the horizon")];
    for (minutes, name) in cases {
        let env = FakeEnv::new();
        let table = Table::new(1, minutes * 60 * SECOND, false);
        assert_eq!(spend(table, count(0, 1, rate(10)), 20, &env), 10);
        env.set_now(UnixNanos(START.0 - 3600 * SECOND));
        assert_eq!(spend(table, count(0, 1, rate(10)), 20, &env), 0, "{name}: the step gives nothing");
        env.advance(Duration::from_secs(60));
        assert_eq!(spend(table, count(0, 1, rate(10)), 20, &env), 10, "{name}: a minute later all is there");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn strangers_to_a_contested_slot_are_not_locked_out_by_a_step_back() {
    let env = FakeEnv::new();
    let all = 2 * CALLERS as u64;
    for tag in 0..all {
        spend(table(1), count(0, tag, rate(10)), 20, &env);
    }
    env.set_now(UnixNanos(START.0 - 3600 * SECOND));
    assert_eq!(spend(table(1), count(0, 99, rate(10)), 20, &env), 0);
    env.advance(Duration::from_secs(61));
    assert_eq!(spend(table(1), count(0, 99, rate(10)), 20, &env), 10);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn addresses_and_verified_callers_have_a_half_of_the_table_each() {
    for slots in [2, 64, MOST_SLOTS] {
        for at in 0..200u64 {
            let fingerprint = Fingerprint::of(b'c', &[&at.to_le_bytes()]);
            let slot = |verified| {
                table(slots).locate(Caller { fingerprint, verified }, Fingerprint::default(), rate(1), 1).slot
            };
            assert!(slot(false) < slots / 2 && (slots / 2..slots).contains(&slot(true)), "{slots}");
        }
    }
    let caller = Caller { fingerprint: Fingerprint { tag: 1, spread: u64::MAX }, verified: true };
    assert_eq!(table(1).locate(caller, Fingerprint::default(), rate(1), 1).slot, 0);
}

#[cfg(not(target_arch = "wasm32"))]
mod natively {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn a_million_callers_take_no_more_than_the_slots() {
        let env = FakeEnv::new();
        let mut random = 0u64;
        for tag in 0..1_000_000u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let caller =
                Caller { fingerprint: Fingerprint { tag, spread: random >> 20 }, verified: tag % 2 == 0 };
            let charge = table(1024).locate(caller, Fingerprint::default(), rate(10), 1);
            let _judged = table(1024).charge(&[charge], &env);
        }
        assert_eq!(env.store().keys(), 1024);
        assert!(env.store().value_bytes() <= 1024 * 16 * (1 + CALLERS), "{}", env.store().value_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        /// Twice as many callers as a slot can keep, under limits of different length: what a caller is let
        /// through, its own count would have let through.
        #[test]
        fn a_contested_slot_never_gives_more_than_the_limit(
            steps in prop::collection::vec((0..2 * CALLERS as u64, 0..3_000u64), 1..600),
        ) {
            let env = FakeEnv::new();
            let windowed = |unit| {
                let config = WindowConfig { unit, units: 1, utc_offset_minutes: 0 };
                Meter::Window(Window::new(3, &config).unwrap())
            };
            let rates = [
                rate(5),
                windowed(UnitConfig::Second),
                rate(60),
                windowed(UnitConfig::Minute),
                Meter::Rate(Rate::new(3, SECOND, 2).unwrap()),
            ];
            let mut own: HashMap<u64, u64> = HashMap::new();
            for (tag, milliseconds) in steps {
                env.advance(Duration::from_millis(milliseconds / 20));
                let rate = rates[tag as usize % rates.len()];
                if Table::new(1, 120 * SECOND, false).charge(&[count(0, tag, rate)], &env).is_ok() {
                    let tat = own.entry(tag).or_default();
                    let (next, verdict) = rate.take(*tat, 1, env.now().0);
                    let admitted = matches!(verdict, Verdict::Admitted { .. });
                    prop_assert!(admitted, "caller {tag} got more than its limit");
                    *tat = next;
                }
            }
        }

        /// With room for all, a caller is let through exactly when its own count says so, whoever else comes.
        #[test]
        fn an_uncontested_slot_gives_exactly_the_limit(
            steps in prop::collection::vec((0..CALLERS as u64, 0..3_000u64), 1..600),
        ) {
            let env = FakeEnv::new();
            let mut own: HashMap<u64, u64> = HashMap::new();
            for (tag, milliseconds) in steps {
                env.advance(Duration::from_millis(milliseconds));
                let tat = own.entry(tag).or_default();
                let (next, verdict) = rate(20).take(*tat, 1, env.now().0);
                *tat = next;
                let admitted = matches!(verdict, Verdict::Admitted { .. });
                prop_assert_eq!(table(1).charge(&[count(0, tag, rate(20))], &env).is_ok(), admitted);
            }
        }
    }
}
