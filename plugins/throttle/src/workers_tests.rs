//! The table under several workers: schedules that decide, before every access to the shared data, whose
//! turn it is, and threads that run free.

use std::sync::{Arc, Condvar, Mutex};

use portcullis_core::UnixNanos;
use portcullis_core::testing::{FakeEnv, START, SharedStore};
use proptest::prelude::*;

use super::tests::{count, rate, table};
use super::*;
use crate::gcra::SECOND;

/// Lets one worker run at a time, from one access to the shared data to the next.
#[derive(Clone)]
struct Turns(Arc<(Mutex<State>, Condvar)>);

struct State {
    /// What each worker does.
    workers: Vec<Doing>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Running,
    Waiting,
    Finished,
}

impl Turns {
    fn new(workers: usize) -> Self {
        Self(Arc::new((Mutex::new(State { workers: vec![Doing::Running; workers] }), Condvar::new())))
    }

    /// Called by a worker: waits until it is told to go on.
    fn wait(&self, worker: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.workers[worker] = Doing::Waiting;
        changed.notify_all();
        drop(changed.wait_while(state, |state| state.workers[worker] == Doing::Waiting).unwrap());
    }

    fn finish(&self, worker: usize) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().workers[worker] = Doing::Finished;
        changed.notify_all();
    }

    /// Gives turns as the schedule says, then round and round, until all have finished.
    fn run(&self, schedule: &[usize]) {
        let (state, changed) = &*self.0;
        for turn in schedule.iter().copied().chain(0..) {
            let running = |state: &mut State| state.workers.contains(&Doing::Running);
            let mut state = changed.wait_while(state.lock().unwrap(), running).unwrap();
            let waiting: Vec<usize> =
                (0..state.workers.len()).filter(|worker| state.workers[*worker] == Doing::Waiting).collect();
            if waiting.is_empty() {
                return;
            }
            state.workers[waiting[turn % waiting.len()]] = Doing::Running;
            changed.notify_all();
        }
    }
}

/// Each worker makes its requests (charges, and how far its clock is behind); returns what was admitted, by
/// worker.
fn interleave(schedule: &[usize], store: &SharedStore, workers: &[(Vec<Charge>, u64, usize)]) -> Vec<usize> {
    let turns = Turns::new(workers.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter()
            .enumerate()
            .map(|(worker, (charges, behind, requests))| {
                let (mine, store) = (turns.clone(), store.clone());
                scope.spawn(move || {
                    let env = FakeEnv::new().with_store(store).before_shared({
                        let mine = mine.clone();
                        move |_| mine.wait(worker)
                    });
                    env.set_now(UnixNanos(START.0 - behind));
                    let admitted = (0..*requests).filter(|_| table(4).charge(charges, &env).is_ok()).count();
                    mine.finish(worker);
                    admitted
                })
            })
            .collect();
        turns.run(schedule);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn left(store: &SharedStore, charge: Charge) -> u64 {
    let env = FakeEnv::new().with_store(store.clone());
    (0..1000).filter(|_| table(4).charge(&[charge], &env).is_ok()).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn workers_admit_exactly_the_burst_whoever_goes_first(
        schedule in prop::collection::vec(0..12usize, 0..120),
        burst in 1..20u64,
    ) {
        let one = (vec![count(0, 1, rate(burst))], 0, 4);
        let admitted = interleave(&schedule, &SharedStore::default(), &vec![one; 4]);
        prop_assert_eq!(admitted.into_iter().sum::<usize>() as u64, burst.min(16));
    }

    /// The last request of a burst may be too early by a clock that is behind.
    #[test]
    fn workers_whose_clocks_differ_admit_no_more(
        schedule in prop::collection::vec(0..12usize, 0..120),
        burst in 1..12u64,
        behind in prop::collection::vec(0..SECOND / 10, 4),
    ) {
        let one = vec![count(0, 1, rate(burst))];
        let workers: Vec<_> = behind.iter().map(|behind| (one.clone(), *behind, 4)).collect();
        let admitted = interleave(&schedule, &SharedStore::default(), &workers);
        let admitted = admitted.into_iter().sum::<usize>() as u64;
        prop_assert!(admitted <= burst && admitted + 1 >= burst, "{admitted} of {burst}");
    }

    #[test]
    fn no_schedule_charges_some_counts_and_not_others(
        schedule in prop::collection::vec(0..12usize, 0..160),
        (wide, narrow, own) in (4..12u64, 1..6u64, 1..6u64),
        reversed: bool,
    ) {
        let store = SharedStore::default();
        let shared = [count(0, 1, rate(wide)), count(1, 2, rate(narrow))];
        let of = |worker: u64| {
            let mut charges = vec![shared[0], shared[1], count(2, worker, rate(own))];
            if reversed && worker.is_multiple_of(2) {
                charges.reverse();
            }
            (charges, 0, 3)
        };
        let workers: Vec<_> = (10..13).map(of).collect();
        let admitted = interleave(&schedule, &store, &workers);
        let all: u64 = admitted.iter().map(|admitted| *admitted as u64).sum();
        prop_assert!(all <= narrow.min(wide), "{all} of {narrow} and {wide}");
        prop_assert!(admitted.iter().all(|admitted| *admitted as u64 <= own));
        // What is left is never more than what was not admitted, and less only by charges that could not be
        // given back: one for a refused request.
        let refused = 3 * workers.len() as u64 - all;
        for (charge, whole) in [(shared[0], wide), (shared[1], narrow)] {
            let left = left(&store, charge);
            prop_assert!(left <= whole - all && left + refused >= whole - all, "{left} left of {whole} - {all}");
        }
        for (worker, admitted) in (10..).zip(admitted) {
            let left = left(&store, count(2, worker, rate(own)));
            prop_assert!(left <= own - admitted as u64 && left + 3 >= own, "{left} left of {own} - {admitted}");
        }
    }
}

#[test]
fn threads_that_run_free_admit_exactly_the_burst() {
    for round in 0..20 {
        let store = SharedStore::default();
        let burst = 5_000 + round;
        let worker = || {
            let env = FakeEnv::new().with_store(store.clone());
            let mut outcomes = [0u64; 2];
            for _ in 0..4_000 {
                match table(4).charge(&[count(0, 1, rate(burst))], &env) {
                    Ok(_) => outcomes[0] += 1,
                    Err(Denied::Contended) => outcomes[1] += 1,
                    Err(_) => {}
                }
            }
            outcomes
        };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let admitted: u64 = outcomes.iter().map(|[admitted, _]| admitted).sum();
        assert_eq!(admitted, burst);
    }
}
