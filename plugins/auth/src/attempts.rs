//! How often passwords may be tried: failures by user name and by address, counted before anything is hashed.
//! The counts have a fixed number of slots, chosen by a keyed hash, so no flood of names or addresses takes memory,
//! and nobody can aim at the slot of somebody else.

use std::cell::{Cell, OnceCell};
use std::net::IpAddr;

use portcullis_config::auth::AttemptsConfig;
use portcullis_core::{Env, UnixNanos};

use crate::fingerprint::FingerprintKey;

/// Slots of each count: 32 KiB, taken when a password is tried for the first time.
const SLOTS: usize = 4_096;
const MINUTE: u64 = 60_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// The counts of one VM.
#[derive(Debug)]
pub(crate) struct Attempts {
    by_user: Count,
    by_address: Count,
    key: FingerprintKey,
}

/// An attempt that is charged.
#[derive(Debug)]
pub(crate) struct Charged {
    user: usize,
    address: usize,
}

/// Too many attempts: in so many seconds there may be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded(pub(crate) u64);

/// Failures by slot, each as the moment at which all of them are forgotten (GCRA).
#[derive(Debug)]
struct Count {
    interval: u64,
    /// How far that moment may lie ahead.
    depth: u64,
    slots: OnceCell<Box<[Cell<u64>]>>,
}

impl Attempts {
    pub(crate) fn new(config: AttemptsConfig) -> Self {
        Self {
            by_user: Count::new(config.per_user.get()),
            by_address: Count::new(config.per_address.get()),
            key: FingerprintKey::default(),
        }
    }

    /// Charges an attempt for a user name, known or not, from the client's address.
    pub(crate) fn charge(&self, name: &str, env: &dyn Env) -> Result<Charged, Exceeded> {
        let now = env.now();
        let charged = self.slots(name, env);
        let wait = self.by_user.wait(charged.user, now).max(self.by_address.wait(charged.address, now));
        if wait > 0 {
            return Err(Exceeded(wait.div_ceil(SECOND)));
        }
        self.by_user.charge(charged.user, now);
        self.by_address.charge(charged.address, now);
        Ok(charged)
    }

    /// Takes back the charge of an attempt by this name from the client's address.
    pub(crate) fn forgive_by(&self, name: &str, env: &dyn Env) {
        self.forgive(&self.slots(name, env));
    }

    /// Takes a charge back: the attempt was right.
    pub(crate) fn forgive(&self, charged: &Charged) {
        self.by_user.forgive(charged.user);
        self.by_address.forgive(charged.address);
    }

    fn slots(&self, name: &str, env: &dyn Env) -> Charged {
        Charged { user: self.slot(0, name.as_bytes()), address: self.address(env.client()) }
    }

    fn address(&self, client: Option<IpAddr>) -> usize {
        match client.map(|client| client.to_canonical()) {
            None => self.slot(1, &[]),
            Some(IpAddr::V4(address)) => self.slot(4, &address.octets()),
            // A subscriber has at least a /64 (RFC 6177), and would else have 2^64 counts.
            Some(IpAddr::V6(address)) => self.slot(6, &(u128::from(address) >> 64).to_le_bytes()),
        }
    }

    /// Without random bytes, all share a slot: that is safe, and no worse than a host without them deserves.
    fn slot(&self, kind: u64, text: &[u8]) -> usize {
        self.key.of(kind, text).map_or(0, |fingerprint| fingerprint.spread(SLOTS))
    }
}

impl Count {
    fn new(per_minute: u32) -> Self {
        let interval = MINUTE / u64::from(per_minute.max(1));
        Self { interval, depth: MINUTE.saturating_sub(interval), slots: OnceCell::new() }
    }

    fn slot(&self, at: usize) -> Option<&Cell<u64>> {
        self.slots.get_or_init(|| vec![Cell::new(0); SLOTS].into()).get(at)
    }

    /// How far the moment lies ahead: never more than a minute, unless the clock has stepped back, and that must lock
    /// nobody out for longer.
    fn ahead(&self, slot: &Cell<u64>, now: UnixNanos) -> u64 {
        slot.set(slot.get().min(now.0.saturating_add(MINUTE)));
        slot.get().saturating_sub(now.0)
    }

    /// Nanoseconds until there may be another attempt.
    fn wait(&self, at: usize, now: UnixNanos) -> u64 {
        self.slot(at).map_or(MINUTE, |slot| self.ahead(slot, now).saturating_sub(self.depth))
    }

    fn charge(&self, at: usize, now: UnixNanos) {
        if let Some(slot) = self.slot(at) {
            slot.set(now.0.saturating_add(self.ahead(slot, now)).saturating_add(self.interval));
        }
    }

    fn forgive(&self, at: usize) {
        if let Some(slot) = self.slot(at) {
            slot.set(slot.get().saturating_sub(self.interval));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use portcullis_core::testing::{FakeEnv, START};

    use super::*;

    fn attempts(per_user: u32, per_address: u32) -> Attempts {
        let number = |text| NonZeroU32::new(text).unwrap();
        Attempts::new(AttemptsConfig { per_user: number(per_user), per_address: number(per_address) })
    }

    /// How many of `times` attempts are let through.
    fn passed(attempts: &Attempts, env: &FakeEnv, times: u32, name: impl Fn(u32) -> String) -> u32 {
        (0..times).map(|at| u32::from(attempts.charge(&name(at), env).is_ok())).sum()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_name_is_tried_so_often_a_minute_wherever_from() {
        let attempts = attempts(3, 1_000);
        for (address, expected) in [("192.0.2.1", 3), ("192.0.2.2", 0), ("2001:db8::1", 0)] {
            let env = FakeEnv::new().with_peer(address);
            assert_eq!(passed(&attempts, &env, 9, |_| "ada".into()), expected, "{address}");
        }
        let env = FakeEnv::new();
        assert_eq!(attempts.charge("ada", &env).unwrap_err(), Exceeded(20));
        assert!(attempts.charge("bob", &env).is_ok());
        env.advance(Duration::from_secs(20));
        assert_eq!(passed(&attempts, &env, 9, |_| "ada".into()), 1);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn an_address_tries_so_often_a_minute_whatever_the_name() {
        let attempts = attempts(1_000, 3);
        let env = |address| FakeEnv::new().with_peer(address);
        let name = |at: u32| format!("user-{at}");
        for (address, expected) in [
            ("192.0.2.1", 3),
            ("192.0.2.1", 0),
            ("192.0.2.2", 3),
            ("2001:db8::1", 3),
            ("2001:db8::ffff", 0),
            ("2001:db8:0:1::1", 3),
        ] {
            assert_eq!(passed(&attempts, &env(address), 9, name), expected, "{address}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn right_attempts_are_free() {
        let (attempts, env) = (attempts(2, 2), FakeEnv::new());
        for _ in 0..100 {
            attempts.forgive(&attempts.charge("ada", &env).unwrap());
        }
        assert_eq!(passed(&attempts, &env, 9, |_| "ada".into()), 2);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_clock_that_steps_back_locks_nobody_out_for_more_than_a_minute() {
        let (attempts, env) = (attempts(2, 2), FakeEnv::new());
        assert_eq!(passed(&attempts, &env, 9, |_| "ada".into()), 2);
        env.set_now(UnixNanos(START.0 - 3_600 * SECOND));
        assert!(attempts.charge("ada", &env).unwrap_err().0 <= 60);
        env.advance(Duration::from_secs(61));
        assert!(attempts.charge("ada", &env).is_ok());
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_flood_of_names_takes_no_memory() {
        let (attempts, env) = (attempts(10, u32::MAX), FakeEnv::new());
        assert!(passed(&attempts, &env, 20_000, |at| format!("user-{at}")) > 19_000);
        assert_eq!(attempts.by_user.slots.get().unwrap().len(), SLOTS);
    }
}
