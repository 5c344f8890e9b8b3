//! Slots under a table's eye: what is kept, what goes, and what a floor means.

use portcullis_config::throttle::{UnitConfig, WindowConfig};

use super::*;
use crate::gcra::{Rate, SECOND};
use crate::window::Window;

const NOW: u64 = 1_000 * SECOND;

fn rate(requests: u64, seconds: u64) -> Meter {
    Meter::Rate(Rate::new(requests, seconds * SECOND, requests).unwrap())
}

/// The tag of a caller, of the class that all have here.
fn of(caller: u64) -> u64 {
    tag(caller, rate(10, 60).class())
}

/// One request of a caller under 10 requests a minute.
fn take(slot: &mut Slot, caller: u64) -> bool {
    admitted(slot.take(of(caller), rate(10, 60), 1, NOW))
}

fn admitted(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Admitted { .. })
}

/// A slot in which each of [`CALLERS`] callers has used up `used` of 10 requests a minute.
fn full(used: usize) -> Slot {
    let mut slot = Slot::default();
    for tag in 0..CALLERS as u64 {
        for _ in 0..used {
            take(&mut slot, tag);
        }
    }
    slot
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_slot_survives_its_value() {
    let mut slot = full(3);
    take(&mut slot, 99);
    let value = slot.to_value();
    assert_eq!(value.len(), 16 * CALLERS + 16);
    assert_eq!(Slot::read(&value, NOW), Ok(slot));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_foreign_value_is_unreadable() {
    for length in [1, 7, 8, 9, 15, 17, 23, 25, 16 * CALLERS + 16, 16 * (CALLERS + CLASSES + 1)] {
        assert_eq!(Slot::read(&vec![0xff; length], NOW), Err(Unreadable), "{length}");
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
    assert!(take(&mut slot, 99));
    assert_eq!(slot.number(of(99)), None, "one request is less than three");
    assert!((0..CALLERS as u64).all(|tag| slot.number(of(tag)).is_some()));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn strangers_to_a_full_slot_share_one_count() {
    let mut slot = full(10);
    let passed = (100..200).filter(|tag| take(&mut slot, *tag)).count();
    assert_eq!(passed, 10);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_floor_does_not_sink_when_a_lighter_caller_goes() {
    let mut slot = full(10);
    let strangers = |slot: &mut Slot| (0..20).filter(|_| take(slot, 99)).count();
    assert_eq!(strangers(&mut slot), 10);
    let charged = slot.number(of(3)).unwrap();
    assert!(slot.give_back(of(3), rate(10, 60), 10, charged, NOW));
    slot.admit(Entry { tag: of(100), number: NOW + 60 * SECOND });
    assert_eq!(slot.number(of(3)), None);
    assert_eq!(strangers(&mut slot), 0);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_displaced_caller_gains_nothing() {
    let mut slot = full(10);
    let mut passed = 0;
    for _ in 0..100 {
        for tag in [7, 100, 101] {
            passed += usize::from(take(&mut slot, tag));
        }
    }
    assert!(passed <= 10, "{passed} passed for one caller that had used everything and two that had nothing");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_step_back_of_the_clock_does_not_reach_beyond_the_horizon() {
    let slot = full(10);
    let mut early = Slot::read(&slot.to_value(), SECOND).unwrap();
    assert!(early.pull_back(SECOND, 90 * SECOND, |_| false));
    assert!(!early.pull_back(SECOND, 90 * SECOND, |_| false), "once is enough");
    assert!((0..CALLERS as u64).all(|tag| early.number(of(tag)) == Some(91 * SECOND)));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_charge_is_given_back_only_while_it_lasts() {
    let mut slot = full(1);
    let charged = slot.number(of(3)).unwrap();
    assert!(!slot.clone().give_back(of(3), rate(10, 60), 1, charged, charged), "it has run out by itself");
    assert!(!slot.clone().give_back(of(99), rate(10, 60), 1, charged, NOW), "nobody");
    assert!(slot.give_back(of(3), rate(10, 60), 1, charged, NOW));
    assert_eq!(slot.number(of(3)), Some(NOW));
    assert!(!slot.give_back(of(3), rate(10, 60), 1, charged, NOW), "the count has been below that since");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_goes_leaves_strangers_of_other_classes_alone() {
    let config = WindowConfig { unit: UnitConfig::Day, units: 1, utc_offset_minutes: 0 };
    let daily = Meter::Window(Window::new(5, &config).unwrap());
    let caller = |number| tag(number, daily.class());
    let mut slot = Slot::default();
    for number in 0..2 * CALLERS as u64 {
        slot.take(caller(number), daily, 5, NOW);
    }
    assert!(!admitted(slot.take(caller(99), daily, 1, NOW)), "who is not kept may have used up everything");
    assert!((0..10).all(|_| take(&mut slot, 99)), "a count of a minute has its own floor");
    assert!(!take(&mut slot, 99));
    assert_eq!(Slot::read(&slot.to_value(), NOW), Ok(slot));
}
