use super::*;

const TERMS: Terms = Terms { size: 100, gateways: 2, lifetime: 5 * SECOND };

/// A lease and the number of its next question.
#[derive(Default)]
struct Held {
    lease: Lease,
    number: u64,
}

impl Held {
    fn look(&mut self, units: u32, now: u64) -> Look {
        let number = &mut self.number;
        self.lease.look(units, now, TERMS, || {
            *number += 1;
            *number
        })
    }

    fn take(&mut self, units: u32, now: u64) -> Option<Need> {
        let number = &mut self.number;
        self.lease.take(units);
        self.lease.ahead(now, TERMS, || {
            *number += 1;
            *number
        })
    }

    /// The amount that is asked for.
    fn asks(&mut self, units: u32, now: u64) -> u32 {
        match self.look(units, now) {
            Look::Ask(need) => need.amount,
            other => panic!("{other:?}"),
        }
    }
}

fn told(remaining: u64, reset_seconds: u64) -> Said {
    Said { remaining: Some(remaining), reset: Some(reset_seconds * SECOND) }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_comes_often_holds_more_and_who_comes_seldom_less() {
    let mut held = Held::default();
    let now = 1_000 * SECOND;
    let mut amounts = Vec::new();
    for step in 0..200 {
        let now = now + step * SECOND / 1_000;
        if let Look::Ask(need) = held.look(1, now) {
            amounts.push(need.amount);
            held.lease.grant(Said::default(), now, TERMS);
        }
        if held.take(1, now).is_some() {
            amounts.push(held.lease.question().unwrap().amount);
            held.lease.grant(Said::default(), now, TERMS);
        }
    }
    assert_eq!(amounts[..3], [1, 1, 2], "{amounts:?}");
    assert_eq!(amounts.last(), Some(&50), "half of what may be held, ahead of need: {amounts:?}");
    let quiet = now + 100 * SECOND;
    let before = held.asks(1, quiet);
    held.lease.grant(Said::default(), quiet, TERMS);
    let after = held.asks(1, quiet + 10 * SECOND);
    assert!(after < before && before <= TERMS.size, "{before} {after}");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn those_who_wait_share_a_question_and_the_next_is_for_all_of_them() {
    let mut held = Held::default();
    let now = SECOND;
    assert_eq!(held.asks(1, now), 1);
    let Look::Ask(first) = held.look(1, now) else { panic!("enough") };
    (0..9).for_each(|_| assert!(matches!(held.look(1, now), Look::Ask(need) if need == first)));
    held.lease.grant(Said::default(), now, TERMS);
    assert_eq!(held.look(1, now), Look::Enough);
    held.take(1, now);
    (0..10).for_each(|_| assert!(matches!(held.look(1, now), Look::Ask(_))));
    held.lease.refuse(Said { remaining: Some(500), reset: None }, now);
    assert!(
        matches!(held.look(1, now), Look::Refused { .. }),
        "more than was asked for remains, and yet: no"
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_service_that_has_less_is_asked_for_less() {
    let cases = [
        ("it says how much", Said { remaining: Some(7), reset: None }, 40, 7),
        ("it does not say", Said::default(), 40, 10),
    ];
    for (name, said, waiting, fewer) in cases {
        let mut held = Held::default();
        held.asks(1, SECOND);
        held.lease.fail(SECOND);
        let now = 3 * SECOND;
        held.lease.waiting = waiting;
        assert_eq!(held.asks(1, now), waiting + 1, "{name}");
        held.lease.refuse(said, now);
        assert_eq!(held.asks(1, now), fewer, "{name}");
    }
    let mut held = Held::default();
    held.asks(5, SECOND);
    held.lease.refuse(told(4, 30), SECOND);
    assert_eq!(held.look(5, SECOND), Look::Refused { retry_in: 30 * SECOND }, "fewer would not do");
    assert!(matches!(held.look(5, 31 * SECOND), Look::Ask(_)), "the window has ended");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn tokens_end_with_their_window_and_after_a_while() {
    let mut held = Held::default();
    let start = 1_000 * SECOND;
    held.lease.next = 50;
    for (name, said, lasts) in [
        ("a window that ends soon", told(900, 2), 2),
        ("a window that goes on", told(900, 60), 5),
        ("an unknown window", Said::default(), 5),
    ] {
        let mut held = Held { lease: held.lease.clone(), number: 0 };
        held.asks(1, start);
        held.lease.grant(said, start, TERMS);
        assert_eq!(held.look(1, start + lasts * SECOND - 1), Look::Enough, "{name}");
        assert!(matches!(held.look(1, start + lasts * SECOND), Look::Ask(_)), "{name}");
    }
    held.asks(1, start);
    held.lease.grant(Said::default(), start, TERMS);
    assert!(matches!(held.look(1, start - 10 * SECOND), Look::Ask(_)), "the clock stepped back");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_new_window_begins_without_the_tokens_of_the_last() {
    let mut held = Held::default();
    let start = 1_000 * SECOND;
    held.lease.next = 50;
    held.asks(1, start);
    held.lease.grant(told(10_000, 2), start, TERMS);
    assert_eq!(held.lease.tokens, 50);
    let now = start + 2 * SECOND - 1;
    (0..24).for_each(|_| assert!(held.take(1, now).is_none()));
    let need = held.take(1, now).expect("half is used");
    assert_eq!(need.amount, 25);
    // The service's window is over, this worker's not quite.
    held.lease.grant(told(10_000, 60), now, TERMS);
    assert_eq!(held.lease.tokens, 25);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_held_is_used_while_the_service_is_silent() {
    let mut held = Held::default();
    held.lease.next = 10;
    held.asks(1, SECOND);
    held.lease.grant(Said::default(), SECOND, TERMS);
    let ahead = (0..9).filter(|_| held.take(1, SECOND).is_some()).count();
    assert_eq!(ahead, 1, "one question at a time");
    held.lease.fail(SECOND);
    assert_eq!(held.look(1, SECOND), Look::Enough);
    held.take(1, SECOND);
    assert_eq!(held.look(1, SECOND), Look::Unavailable);
    assert_eq!(held.look(1, 2 * SECOND - 1), Look::Unavailable);
    assert!(matches!(held.look(1, 2 * SECOND), Look::Ask(_)), "it is asked again");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_last_of_a_window_is_not_hoarded() {
    let mut held = Held::default();
    held.lease.next = 100;
    held.asks(1, SECOND);
    held.lease.grant(told(40, 60), SECOND, TERMS);
    (0..100).for_each(|_| held.lease.take(1));
    assert!(held.asks(1, SECOND) <= 10, "a quarter of what remains to two gateways");
}
