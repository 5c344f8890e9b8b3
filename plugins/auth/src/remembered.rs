//! What a server said, and for how long that is believed.

use std::rc::Rc;

use portcullis_core::UnixNanos;

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;

/// Half of what is remembered per VM of each kind.
const HALF_CACHE: usize = 2048;
const NANOS: u64 = 1_000_000_000;

/// Answers by the credential they are about.
#[derive(Debug)]
pub(crate) struct Remembered<V> {
    known: Cache<Rc<Said<V>>>,
    nanos: u64,
}

#[derive(Debug)]
struct Said<V> {
    since: UnixNanos,
    said: V,
}

impl<V: Clone> Remembered<V> {
    /// Believes each answer for so many seconds.
    pub(crate) fn new(seconds: u32) -> Self {
        Self { known: Cache::new(HALF_CACHE), nanos: u64::from(seconds) * NANOS }
    }

    /// What was said, if it still holds. A clock that went back makes it old, not younger.
    pub(crate) fn get(&self, key: Fingerprint, now: UnixNanos) -> Option<V> {
        let known = self.known.get(key)?;
        let age = now.0.checked_sub(known.since.0)?;
        (age < self.nanos).then(|| known.said.clone())
    }

    /// Remembers what is said now.
    pub(crate) fn insert(&self, key: Fingerprint, now: UnixNanos, said: V) {
        if self.nanos > 0 {
            self.known.insert(key, Rc::new(Said { since: now, said }));
        }
    }
}
