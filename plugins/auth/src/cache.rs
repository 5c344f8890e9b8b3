//! A bounded memory of what is expensive to find out twice. It forgets by halves: what was asked for
//! since the last time the younger half filled up survives, the rest goes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::fingerprint::{AsItIs, Fingerprint};

/// At most `2 * half` entries; interior mutability, because policies decide through shared references.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    half: usize,
    halves: RefCell<Halves<V>>,
}

#[derive(Debug)]
struct Halves<V> {
    younger: Table<V>,
    older: Table<V>,
}

type Table<V> = HashMap<Fingerprint, V, BuildHasherDefault<AsItIs>>;

impl<V: Clone> Cache<V> {
    /// An empty cache.
    pub(crate) fn new(half: usize) -> Self {
        Self { half, halves: RefCell::new(Halves { younger: Table::default(), older: Table::default() }) }
    }

    /// What is known under the key; asking keeps it for longer.
    pub(crate) fn get(&self, key: Fingerprint) -> Option<V> {
        let mut halves = self.halves.borrow_mut();
        if let Some(known) = halves.younger.get(&key) {
            return Some(known.clone());
        }
        let known = halves.older.remove(&key)?;
        halves.insert(self.half, key, known.clone());
        Some(known)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.halves.borrow_mut() = Halves { younger: Table::default(), older: Table::default() };
    }

    /// Remembers something, and forgets the older half when the younger one is full.
    pub(crate) fn insert(&self, key: Fingerprint, value: V) {
        self.halves.borrow_mut().insert(self.half, key, value);
    }
}

impl<V> Halves<V> {
    fn insert(&mut self, half: usize, key: Fingerprint, value: V) {
        if self.younger.len() >= half {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::FingerprintKey;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn it_stays_bounded_and_keeps_what_is_asked_for() {
        let keys = FingerprintKey::default();
        let key = |number| keys.of(number, b"").unwrap();
        let cache = Cache::new(8);
        cache.insert(key(0), "kept");
        for number in 1..1000 {
            cache.insert(key(number), "passing");
            assert_eq!(cache.get(key(0)), Some("kept"), "{number}");
            let halves = cache.halves.borrow();
            assert!(halves.younger.len() + halves.older.len() <= 16, "{number}");
        }
        assert_eq!(cache.get(key(1)), None);
        assert_eq!(cache.get(key(999)), Some("passing"));
    }
}
