//! What a server said, and for how long that is believed.

use std::rc::Rc;

use portcullis_core::UnixNanos;

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;

/// Half of what is remembered per VM of each kind.
const HALF_CACHE: usize = 2048;
/// Most bytes of texts that are taken over from a server about one credential, so that the memory of all is bounded. One that says
/// more cannot be believed.
pub(crate) const MAX_SAID: usize = 4096;
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
        Self::of_size(HALF_CACHE, seconds)
    }

    /// The same, of at most twice as many as `half`.
    pub(crate) fn of_size(half: usize, seconds: u32) -> Self {
        Self { known: Cache::new(half), nanos: u64::from(seconds) * NANOS }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.known.clear();
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
