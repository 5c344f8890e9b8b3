//! Shared data of one host, in a test's hands.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::policy::Contended;

/// Shared data as Envoy has it: no deletion, versions from one counter, and any version makes a key that is
/// missing. Clones are the same data; it may be shared between threads.
#[derive(Debug, Clone, Default)]
pub struct SharedStore(Arc<Mutex<Values>>);

#[derive(Debug, Default)]
struct Values {
    by_key: HashMap<String, (Vec<u8>, u32)>,
    last_version: u32,
}

impl SharedStore {
    /// See [`crate::Env::shared_get`].
    pub fn get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.locked().by_key.get(key).cloned()
    }

    /// See [`crate::Env::shared_set`]. Version 0 sets whatever is there, as `None` does.
    pub fn set(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), Contended> {
        let mut values = self.locked();
        let wanted = version.filter(|version| *version != 0);
        let current = values.by_key.get(key).map(|(_, current)| *current);
        if let (Some(wanted), Some(current)) = (wanted, current)
            && wanted != current
        {
            return Err(Contended);
        }
        values.last_version = values.last_version.wrapping_add(1).max(1);
        let version = values.last_version;
        values.by_key.insert(key.to_owned(), (value.to_vec(), version));
        Ok(())
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.locked().by_key.len()
    }

    /// The bytes of all values.
    pub fn value_bytes(&self) -> usize {
        self.locked().by_key.values().map(|(value, _)| value.len()).sum()
    }

    fn locked(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_version_that_is_spent_does_not_write() {
        let store = SharedStore::default();
        assert_eq!(store.set("key", b"created", Some(77)), Ok(()), "any version makes a missing key");
        let (_, version) = store.get("key").unwrap();
        assert_eq!(store.set("key", b"second", Some(version)), Ok(()));
        assert_eq!(store.set("key", b"third", Some(version)), Err(Contended));
        assert_eq!(store.set("key", b"fourth", None), Ok(()));
        assert_eq!(store.get("key").unwrap().0, b"fourth");
        assert_eq!((store.keys(), store.value_bytes()), (1, 6));
    }
}
