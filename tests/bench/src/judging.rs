//! What it costs to judge a body, Envoy's own part left out: by the policy compiled for this machine, and by the module in
//! wasmtime.

use std::time::Duration;

use portcullis_compiler::Plugin;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use portcullis_schema::SchemaPolicy;
use portcullis_test_host::{self as host, Chain, SharedState, Vm};

use crate::api::{self, BULK, Size};
use crate::failure::{Failure, Result, failed};
use crate::measure::Effort;
use crate::plugin;
use crate::process::thread_time;
use crate::scenario::Scenario;
use crate::statistics::Spread;
use crate::traffic::orders;

/// The clock is looked at after so many bodies.
const BATCH: u32 = 64;
/// Larger than any body that is sent.
const MAX_BODY: usize = 4 << 20;

/// CPU µs for one body, from the message's head to the decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judging {
    pub(crate) scenario: Scenario,
    pub(crate) bytes: usize,
    /// By the policy, compiled for this machine.
    pub(crate) policy: Spread,
    /// By the module in wasmtime, host calls and all.
    pub(crate) module: Spread,
}

/// Measures both in turns; nothing for a scenario without a body to judge.
pub(crate) fn measure(scenario: Scenario, effort: Effort) -> Result<Option<Judging>> {
    let Some(bytes) = scenario.body_bytes() else { return Ok(None) };
    let body = orders(bytes).to_string();
    let gateway = api::gateway("127.0.0.1:1", "http://127.0.0.1:9", "chain");
    let config = plugin::configuration(Plugin::Schema, &gateway, &Size::of(1).document())?;
    let time = Duration::from_secs(effort.seconds.into());
    let mut policy = by_policy(&config, &body)?;
    let mut module = by_module(&config, &body)?;
    let (mut natively, mut in_module) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        natively.push(each(time, &mut policy)?);
        in_module.push(each(time, &mut module)?);
    }
    Ok(Some(Judging {
        scenario,
        bytes: body.len(),
        policy: Spread::of(natively),
        module: Spread::of(in_module),
    }))
}

/// CPU µs for one of as many as go into the time.
fn each(time: Duration, judge: &mut impl FnMut() -> bool) -> Result<f64> {
    let (begun, mut bodies) = (thread_time()?, 0);
    loop {
        for _ in 0..BATCH {
            if !judge() {
                return failed("a body was refused that is as declared");
            }
        }
        bodies += BATCH;
        let spent = thread_time()?.saturating_sub(begun);
        if spent >= time {
            return Ok(spent.as_secs_f64() * 1e6 / f64::from(bodies));
        }
    }
}

fn by_policy(config: &str, body: &str) -> Result<impl FnMut() -> bool> {
    let wrong = |cause: String| Failure(format!("the schema plugin's configuration: {cause}"));
    let config = serde_json::from_str(config).map_err(|cause| wrong(cause.to_string()))?;
    let policy = SchemaPolicy::compile(config).map_err(|cause| wrong(cause.to_string()))?;
    let (body, length) = (body.as_bytes().to_vec(), body.len().to_string());
    let env = FakeEnv::new();
    Ok(move || {
        let head = [
            (":method", "POST"),
            (":path", BULK),
            ("content-type", "application/json"),
            ("content-length", &length),
        ];
        let Ok(mut request) = Request::new(Headers::from_pairs(head)) else { return false };
        if !matches!(policy.on_request(&request, &env), Decision::NeedBody(_)) {
            return false;
        }
        request.set_body(body.clone());
        matches!(policy.on_request(&request, &env), Decision::Continue(_))
    })
}

fn by_module(config: &str, body: &str) -> Result<impl FnMut() -> bool> {
    let vm = Vm::start(&plugin::uncounted(Plugin::Schema)?, config.as_bytes(), &SharedState::default());
    let vm = vm.map_err(|refused| Failure(refused.to_string()))?;
    let mut chain = Chain::new(vec![vm]).with_body_limit(MAX_BODY);
    let request = host::Request::new("POST", BULK).header("content-type", "application/json");
    let request = request.header("content-length", body.len().to_string()).chunk(body);
    Ok(move || chain.request(&request).outcome.status() == Some(200))
}
