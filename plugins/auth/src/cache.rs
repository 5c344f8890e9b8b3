//! A bounded memory of what is expensive to find out twice. It forgets by halves: what was asked for
//! since the last time the younger half filled up survives, the rest goes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

/// At most `2 * half` entries; interior mutability, because policies decide through shared references.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    half: usize,
    halves: RefCell<Halves<K, V>>,
}

#[derive(Debug)]
struct Halves<K, V> {
    younger: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub(crate) fn new(half: usize) -> Self {
        Self { half, halves: RefCell::new(Halves { younger: HashMap::new(), older: HashMap::new() }) }
    }

    /// What is known under the key; asking keeps it for longer.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut halves = self.halves.borrow_mut();
        if let Some(known) = halves.younger.get(key) {
            return Some(known.clone());
        }
        let known = halves.older.remove(key)?;
        halves.insert(self.half, key.clone(), known.clone());
        Some(known)
    }

    /// Remembers something, and forgets the older half when the younger one is full.
    pub(crate) fn insert(&self, key: K, value: V) {
        self.halves.borrow_mut().insert(self.half, key, value);
    }
}

impl<K: Eq + Hash, V> Halves<K, V> {
    fn insert(&mut self, half: usize, key: K, value: V) {
        if self.younger.len() >= half {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn it_stays_bounded_and_keeps_what_is_asked_for() {
        let cache = Cache::new(8);
        cache.insert(0, "kept");
        for key in 1..1000 {
            cache.insert(key, "passing");
            assert_eq!(cache.get(&0), Some("kept"), "{key}");
            let halves = cache.halves.borrow();
            assert!(halves.younger.len() + halves.older.len() <= 16, "{key}");
        }
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.get(&999), Some("passing"));
    }
}
