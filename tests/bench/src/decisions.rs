//! How many decisions two workers reach in a second about one and the same caller: each reads the count, judges, and writes
//! it by compare-and-set, over and over. Envoy's own part of a request is not in it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use portcullis_compiler::Plugin;
use portcullis_core::{Contended, Decision, Env, Identity, Policy, SignatureVerdict, Signed, UnixNanos};
use portcullis_test_host::{Chain, Request, SharedState, Vm};
use portcullis_throttle::ThrottlePolicy;
use serde::Serialize;
use serde_json::json;

use crate::api::{self, FIVE, Size};
use crate::failure::{Failure, Result, failed};
use crate::measure::Effort;
use crate::plugin;

const WORKERS: usize = 2;
/// The clock is looked at after so many decisions.
const BATCH: u64 = 64;

/// Decisions a second of all workers together.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Decisions {
    pub(crate) workers: usize,
    /// By the policy, compiled for this machine.
    pub(crate) policy: f64,
    /// By the module in wasmtime, which counts its instructions; host calls and all.
    pub(crate) module: f64,
}

/// Measures both in turns; the medians of all rounds.
pub(crate) fn measure(effort: Effort) -> Result<Decisions> {
    let (operation, config) = throttle()?;
    let time = Duration::from_secs(effort.seconds.into());
    let (mut policy, mut modules) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        policy.push(by_policy(&config, &operation, time)?);
        modules.push(by_module(&config, time)?);
    }
    Ok(Decisions { workers: WORKERS, policy: median(policy), module: median(modules) })
}

/// The key of an operation with one limit that is never reached, and the plugin's configuration.
fn throttle() -> Result<(String, String)> {
    let mut gateway = api::gateway("127.0.0.1:1", "http://127.0.0.1:9", "chain");
    gateway["apis"][0]["limits"] = json!(["hot"]);
    gateway["limits"]["hot"] = json!({ "requests": 100_000_000, "per": "second" });
    let mut document = Size::of(1).document();
    document["paths"][FIVE]["get"]["x-portcullis"] = json!({ "limits": [] });
    let config = plugin::configuration(Plugin::Throttle, &gateway, &document)?;
    Ok((format!("api GET {FIVE}"), config))
}

/// Runs the workers side by side; each makes and uses its own of everything but the counts.
fn together<W>(time: Duration, start: impl Fn() -> Result<W> + Sync) -> Result<f64>
where
    W: FnMut() -> bool,
{
    let ready = Barrier::new(WORKERS);
    let work = || -> Result<f64> {
        let started = start();
        // Also who failed comes: the others would wait for ever.
        ready.wait();
        let mut decide = started?;
        let (begun, mut decisions) = (Instant::now(), 0);
        while begun.elapsed() < time {
            for _ in 0..BATCH {
                if !decide() {
                    return failed("a request was refused that nothing limits");
                }
            }
            decisions += BATCH;
        }
        Ok(decisions as f64 / begun.elapsed().as_secs_f64())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|ended| ended.unwrap_or_else(|_| failed("a worker panicked"))).sum()
    })
}

fn by_policy(config: &str, operation: &str, time: Duration) -> Result<f64> {
    let counts = Counts::default();
    together(time, || {
        let wrong = |cause: String| Failure(format!("the throttle plugin's configuration: {cause}"));
        let config = serde_json::from_str(config).map_err(|cause| wrong(cause.to_string()))?;
        let policy = ThrottlePolicy::compile(config).map_err(|cause| wrong(cause.to_string()))?;
        let identity = Identity::new("consumer-00000000".into(), "Key".into(), [].into());
        let env = Worker { counts: counts.clone(), operation: operation.into(), identity: Rc::new(identity) };
        Ok(move || matches!(policy.without_head(&env), Some(Decision::Continue(_))))
    })
}

fn by_module(config: &str, time: Duration) -> Result<f64> {
    let state = SharedState::default();
    together(time, || {
        let module = plugin::module(Plugin::Throttle)?;
        let vm = Vm::start(&module, config.as_bytes(), &state);
        let mut chain = Chain::new(vec![vm.map_err(|refused| Failure(refused.to_string()))?]);
        let request = Request::get(FIVE);
        Ok(move || chain.request(&request).outcome.status() == Some(200))
    })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// Shared data as Envoy keeps it: one map behind one lock, a version beside each value.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<HashMap<String, Value>>>);

/// With its version.
type Value = (Vec<u8>, u32);

struct Worker {
    counts: Counts,
    operation: Rc<str>,
    identity: Rc<Identity>,
}

impl Env for Worker {
    fn now(&self) -> UnixNanos {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixNanos(since.as_nanos() as u64)
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        None
    }

    fn operation(&self) -> Option<Rc<str>> {
        Some(self.operation.clone())
    }

    fn identity(&self) -> Option<Rc<Identity>> {
        Some(self.identity.clone())
    }

    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.counts.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn shared_set(
        &self,
        key: &str,
        value: &[u8],
        version: Option<u32>,
    ) -> std::result::Result<(), Contended> {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(key) {
            Some((known, current)) => {
                if version.is_some_and(|version| version != *current) {
                    return Err(Contended);
                }
                *known = value.to_vec();
                *current += 1;
            }
            None => {
                counts.insert(key.to_owned(), (value.to_vec(), 1));
            }
        }
        Ok(())
    }

    fn verify_signature(&self, _signed: &Signed<'_>) -> SignatureVerdict {
        SignatureVerdict::Unknown
    }
}
