use std::time::Duration;

use portcullis_core::UnixNanos;
use portcullis_core::testing::{FakeEnv, START, SharedStore};

use super::*;

const LEASE: u64 = 80;

fn flights() -> Flights {
    Flights::new(1_024, LEASE, false)
}

fn departure(name: &str, most: u64) -> Departure {
    let caller = Caller { fingerprint: Fingerprint::of(b'c', &[name.as_bytes()]), verified: true };
    flights().locate(caller, Fingerprint::of(b'l', &[b"limit"]), most, LEASE)
}

/// One slot, in which all callers meet.
fn crowded(name: &str, most: u64) -> Departure {
    Departure { slot: 0, ..departure(name, most) }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn so_many_are_in_flight_and_no_more() {
    let env = FakeEnv::new();
    let (first, left) = flights().take(&departure("ann", 2), &env).unwrap();
    assert_eq!(left, 1);
    let (second, left) = flights().take(&departure("ann", 2), &env).unwrap();
    assert_eq!(left, 0);
    assert_eq!(flights().take(&departure("ann", 2), &env), Err(Grounded::Full));
    assert!(flights().take(&departure("bob", 2), &env).is_ok(), "another caller");
    flights().give_back(&first, &env);
    assert!(flights().take(&departure("ann", 2), &env).is_ok());
    flights().give_back(&second, &env);
    assert!(flights().take(&departure("ann", 2), &env).is_ok());
    assert_eq!(flights().take(&departure("ann", 2), &env), Err(Grounded::Full));
    assert_eq!(flights().take(&departure("eve", 0), &env), Err(Grounded::Full));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_given_back_leaves_nothing_behind() {
    let env = FakeEnv::new();
    for _ in 0..10_000 {
        let (lease, _) = flights().take(&departure("ann", 2), &env).unwrap();
        flights().give_back(&lease, &env);
        env.advance(Duration::from_millis(900));
    }
    assert_eq!((env.store().keys(), env.store().value_bytes()), (1, 0));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_lease_ends_by_itself_in_its_time_and_is_then_nobodys() {
    let env = FakeEnv::new();
    let (lost, _) = flights().take(&departure("ann", 1), &env).unwrap();
    env.advance(Duration::from_secs(LEASE));
    assert_eq!(flights().take(&departure("ann", 1), &env), Err(Grounded::Full), "not before its time");
    env.advance(Duration::from_secs(LEASE / STEPS + 2));
    assert!(flights().take(&departure("ann", 1), &env).is_ok(), "an eighth and a second later at most");
    flights().give_back(&lost, &env);
    assert_eq!(flights().take(&departure("ann", 1), &env), Err(Grounded::Full), "that of another is kept");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_clock_that_steps_back_keeps_nobody_out_for_longer_than_a_lease() {
    let env = FakeEnv::new();
    flights().take(&departure("ann", 1), &env).unwrap();
    env.set_now(UnixNanos(START.0 - 86_400 * SECOND));
    for _ in 0..LEASE {
        assert_eq!(flights().take(&departure("ann", 1), &env), Err(Grounded::Full));
        env.advance(Duration::from_secs(1));
    }
    env.advance(Duration::from_secs(LEASE / STEPS + 2));
    assert!(flights().take(&departure("ann", 1), &env).is_ok());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_meets_too_many_others_in_a_slot_is_counted_with_all_who_do() {
    let env = FakeEnv::new();
    let leases: Vec<Lease> =
        (0..16).map(|at| flights().take(&crowded(&format!("caller-{at}"), 2), &env).unwrap().0).collect();
    assert!(flights().take(&crowded("caller-3", 2), &env).is_ok(), "who is there has its own count");
    let stranger = flights().take(&crowded("stranger", 2), &env).unwrap().0;
    assert!(flights().take(&crowded("another", 2), &env).is_ok());
    assert_eq!(flights().take(&crowded("third", 2), &env), Err(Grounded::Full), "they share one count");
    flights().give_back(&stranger, &env);
    assert!(flights().take(&crowded("third", 2), &env).is_ok());
    flights().give_back(&leases[0], &env);
    assert!(flights().take(&crowded("fourth", 2), &env).is_ok(), "there is room of one's own again");
    assert!(env.store().value_bytes() <= 4_096);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_nobody_wrote_lets_nobody_pass() {
    let env = FakeEnv::new();
    let wanted = departure("ann", 1);
    for value in [vec![0; 15], vec![1; 16 * 257]] {
        env.store().set(&flights().key(wanted.slot), &value, None).unwrap();
        assert_eq!(flights().take(&wanted, &env), Err(Grounded::Unreadable));
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_worker_that_is_always_later_is_told_so() {
    let store = SharedStore::default();
    let other = FakeEnv::new().with_store(store.clone());
    let wanted = departure("ann", 1_000);
    let env = FakeEnv::new().with_store(store).before_shared(move |call| {
        if call == portcullis_core::testing::SharedCall::Set {
            let (lease, _) = flights().take(&departure("ann", 1_000), &other).unwrap();
            flights().give_back(&lease, &other);
        }
    });
    assert_eq!(flights().take(&wanted, &env), Err(Grounded::Contended));
}

/// Workers that take and give back at once never see more in flight than the limit.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn workers_together_never_have_more_in_flight_than_the_limit() {
    use std::sync::atomic::{AtomicU64, Ordering};
    const MOST: u64 = 3;
    let store = SharedStore::default();
    let (flying, admitted) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (store, flying, admitted) = (store.clone(), &flying, &admitted);
            scope.spawn(move || {
                let env = FakeEnv::new().with_store(store);
                let mut held = Vec::new();
                for round in 0..20_000_u32 {
                    if round % 3 == 2
                        && let Some(lease) = held.pop()
                    {
                        flying.fetch_sub(1, Ordering::SeqCst);
                        flights().give_back(&lease, &env);
                    } else if let Ok((lease, _)) = flights().take(&departure("all", MOST), &env) {
                        assert!(flying.fetch_add(1, Ordering::SeqCst) < MOST);
                        admitted.fetch_add(1, Ordering::SeqCst);
                        held.push(lease);
                    }
                }
                for lease in held {
                    flying.fetch_sub(1, Ordering::SeqCst);
                    flights().give_back(&lease, &env);
                }
            });
        }
    });
    assert!(admitted.into_inner() > 1_000);
    assert_eq!(store.value_bytes(), 0, "all is given back");
}
