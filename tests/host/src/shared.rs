//! What the workers of one Envoy process have in common: the clock, shared data and metrics. The test sets the clock; nothing here reads a real one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::message::{Message, ServiceCall};

/// State common to every [`crate::Vm`] started with a clone of it. Clones are the same state: start one VM per worker with the same one.
#[derive(Clone, Debug)]
pub struct SharedState(Arc<State>);

#[derive(Debug)]
struct State {
    nanoseconds: AtomicU64,
    started: AtomicU64,
    data: Mutex<SharedData>,
    metrics: Mutex<Vec<Metric>>,
    verifies_signatures: AtomicBool,
    services: Mutex<Services>,
    environment: Mutex<Vec<String>>,
}

type Serve = dyn FnMut(&ServiceCall) -> Option<Message> + Send;

#[derive(Default)]
struct Services(Option<Box<Serve>>);

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

#[derive(Debug, Default)]
struct SharedData {
    values: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    last_cas: u32,
}

#[derive(Debug)]
struct Metric {
    name: String,
    value: u64,
}

/// Somebody wrote the key since it was read.
pub(crate) struct CasMismatch;

impl Default for SharedState {
    /// Nothing shared yet; the clock says 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Duration::from_secs(1_767_225_600))
    }
}

impl SharedState {
    /// Nothing shared yet; the clock says `since_epoch` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn at(since_epoch: Duration) -> Self {
        let state = State {
            nanoseconds: AtomicU64::new(0),
            started: AtomicU64::new(0),
            data: Mutex::default(),
            metrics: Mutex::default(),
            verifies_signatures: AtomicBool::new(true),
            services: Mutex::default(),
            environment: Mutex::default(),
        };
        let shared = Self(Arc::new(state));
        shared.set_clock(since_epoch);
        shared
    }

    /// Sets the clock, forwards or backwards, for all VMs at once.
    pub fn set_clock(&self, since_epoch: Duration) {
        let nanoseconds = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        self.0.nanoseconds.store(nanoseconds, Ordering::SeqCst);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        self.set_clock(self.now().saturating_add(by));
    }

    /// What the clock says, since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.nanoseconds.load(Ordering::SeqCst))
    }

    /// Gives or takes away the foreign function `verify_signature`, which other hosts do not have.
    pub fn set_verifies_signatures(&self, verifies: bool) {
        self.0.verifies_signatures.store(verifies, Ordering::SeqCst);
    }

    /// Adds an environment variable that modules may read.
    pub fn set_variable(&self, name: &str, value: &str) {
        locked(&self.0.environment).push(format!("{name}={value}"));
    }

    pub(crate) fn environment(&self) -> Vec<String> {
        locked(&self.0.environment).clone()
    }

    /// Answers the calls that plugins make to servers; `None` for a server that is not configured.
    pub fn serve(&self, serve: impl FnMut(&ServiceCall) -> Option<Message> + Send + 'static) {
        locked(&self.0.services).0 = Some(Box::new(serve));
    }

    pub(crate) fn call(&self, call: &ServiceCall) -> Option<Message> {
        let mut services = locked(&self.0.services);
        services.0.as_mut().and_then(|serve| serve(call))
    }

    pub(crate) fn verifies_signatures(&self) -> bool {
        self.0.verifies_signatures.load(Ordering::SeqCst)
    }

    /// The shared value of `key`, as a plugin would read it.
    #[must_use]
    pub fn shared_data(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key).map(|(value, _)| value)
    }

    /// Writes a shared value as another worker would, whatever is there.
    pub fn set_shared_data(&self, key: &[u8], value: &[u8]) {
        let _overwritten = self.write(key, value, 0);
    }

    /// How many keys there are: they can't be deleted, so a test can see whether a plugin bounds them.
    #[must_use]
    pub fn shared_keys(&self) -> usize {
        locked(&self.0.data).values.len()
    }

    /// The value of the metric `name`; `None` when no plugin defined it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<u64> {
        locked(&self.0.metrics).iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }

    pub(crate) fn read(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        locked(&self.0.data).values.get(key).cloned()
    }

    /// A `cas` of 0 overwrites; any `cas` creates a missing key, as in Envoy.
    pub(crate) fn write(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), CasMismatch> {
        let mut data = locked(&self.0.data);
        if let Some((_, current)) = data.values.get(key)
            && cas != 0
            && cas != *current
        {
            return Err(CasMismatch);
        }
        data.last_cas = data.last_cas.wrapping_add(1).max(1);
        let next = data.last_cas;
        data.values.insert(key.to_vec(), (value.to_vec(), next));
        Ok(())
    }

    /// The number of the metric, the same for every VM that defines the name.
    pub(crate) fn define_metric(&self, name: &str) -> usize {
        let mut metrics = locked(&self.0.metrics);
        metrics.iter().position(|metric| metric.name == name).unwrap_or_else(|| {
            metrics.push(Metric { name: name.to_owned(), value: 0 });
            metrics.len() - 1
        })
    }

    /// Changes a metric and gives what it is then; `None` when there is no such number.
    pub(crate) fn change_metric(&self, number: usize, change: impl FnOnce(u64) -> u64) -> Option<u64> {
        let mut metrics = locked(&self.0.metrics);
        let metric = metrics.get_mut(number)?;
        metric.value = change(metric.value);
        Some(metric.value)
    }

    /// A number no other VM of this state got: the seed of its random bytes.
    pub(crate) fn next_seed(&self) -> u64 {
        self.0.started.fetch_add(1, Ordering::SeqCst)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compare_and_set_works_as_in_envoy() {
        let shared = SharedState::default();
        assert!(shared.write(b"key", b"created", 77).is_ok(), "any cas creates a missing key");
        let (_, cas) = shared.read(b"key").expect("just created");
        assert!(shared.write(b"key", b"second", cas).is_ok(), "the cas just read writes");
        assert!(shared.write(b"key", b"third", cas).is_err(), "a cas that is spent does not");
        assert!(shared.write(b"key", b"fourth", 0).is_ok(), "0 overwrites");
        assert_eq!(shared.shared_data(b"key").as_deref(), Some(b"fourth".as_slice()));
    }

    #[test]
    fn clones_share_clock_and_data() {
        let shared = SharedState::at(Duration::from_secs(5));
        let clone = shared.clone();
        clone.advance(Duration::from_secs(2));
        clone.set_shared_data(b"a", b"1");
        assert_eq!(shared.now(), Duration::from_secs(7));
        assert_eq!(shared.shared_data(b"a"), Some(b"1".to_vec()));
    }
}
