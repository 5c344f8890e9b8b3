//! The budgets: what Portcullis may cost over bare Envoy, and what it was seen to cost.

use crate::load::Definition;
use crate::results::Results;
use crate::scenario::Scenario;
use crate::subject::Subject;

/// A limit and what was measured.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) about: String,
    limit: f64,
    measured: f64,
    unit: &'static str,
    /// Whether more is better.
    is_least: bool,
}

impl Budget {
    pub(crate) fn is_met(&self) -> bool {
        if self.is_least { self.measured >= self.limit } else { self.measured <= self.limit }
    }

    /// The limit with its unit.
    pub(crate) fn limit(&self) -> String {
        let least = if self.is_least { "at least " } else { "" };
        format!("{least}{:.2} {}", self.limit, self.unit)
    }

    /// What was measured, with its unit.
    pub(crate) fn measured(&self) -> String {
        format!("{:.2} {}", self.measured, self.unit)
    }
}

/// Modules of one layout, all together.
const MODULES_MB: f64 = 5.0;
const IN_WASM_US: f64 = 200.0;
const READY_SECONDS: f64 = 3.0;
const WORKER_MB: f64 = 6.0;
/// Of limits: each one after the first, in E.
const FURTHER_LIMIT: f64 = 0.3;
/// Decisions in millions a second on one count.
const DECISIONS: f64 = 0.5;
/// Of validation: times what it costs natively, and what the validator of Node costs against ours.
const OVER_NATIVE: f64 = 2.0;
const UNDER_NODE: f64 = 5.0;
/// Of GitHub's API: over a gateway with one operation, and each worker over the first.
const GITHUB_SECONDS: f64 = 1.0;
const GITHUB_WORKER_MB: f64 = 40.0;
/// Of 20,000 operations: the whole of Envoy with one worker.
const LARGE_SECONDS: f64 = 10.0;
const LARGE_MB: f64 = 400.0;
/// What many callers may add.
const CALLERS_MB: f64 = 64.0;

/// All budgets that the run has the figures for.
pub(crate) fn budgets(results: &Results) -> Vec<Budget> {
    let own = [added(results), uncached(results), in_wasm(results), behind(results), memory(results)];
    [own.concat(), modules(results), limits(results), judgings(results), loaded(results)].concat()
}

/// In units of what an empty filter adds to a GET, also for POST.
fn added(results: &Results) -> Vec<Budget> {
    let limits = [
        (Scenario::Get, Subject::Pipeline, 2.2),
        (Scenario::Get, Subject::Chain, 4.8),
        (Scenario::Post, Subject::Pipeline, 4.5),
        (Scenario::AuthJwtCached, Subject::Auth, 1.6),
        (Scenario::ThrottleOne, Subject::Throttle, 1.6),
    ];
    let budget = |(scenario, subject, limit): (Scenario, Subject, f64)| {
        let measured = results.added(scenario, subject)?.median / results.unit()?;
        let about = format!("{}: {} adds to bare", scenario.name(), subject.name());
        Some(Budget { about, limit, measured, unit: "E", is_least: false })
    };
    limits.into_iter().filter_map(budget).collect()
}

/// Less than what `jwt_authn` adds without a cache.
fn uncached(results: &Results) -> Vec<Budget> {
    let compared = [
        (Scenario::GetRs256Uncached, Subject::Pipeline),
        (Scenario::GetRs256Uncached, Subject::Chain),
        (Scenario::AuthRs256Uncached, Subject::Auth),
        (Scenario::AuthEs256Uncached, Subject::Auth),
    ];
    let budget = |(scenario, subject): (Scenario, Subject)| {
        let limit = results.added(scenario, Subject::Native)?.median;
        let measured = results.added(scenario, subject)?.median;
        let about = format!("{}: {} adds to bare", scenario.name(), subject.name());
        Some(Budget { about, limit, measured, unit: "µs", is_least: false })
    };
    compared.into_iter().filter_map(budget).collect()
}

/// What Envoy cannot verify, the module does: the token and all, over one that is known.
fn in_wasm(results: &Results) -> Vec<Budget> {
    let budget = |scenario: Scenario| {
        let known = results.added(Scenario::AuthJwtCached, Subject::Auth)?.median;
        let measured = results.added(scenario, Subject::Auth)?.median - known;
        let about = format!("{}: over a token that is known", scenario.name());
        Some(Budget { about, limit: IN_WASM_US, measured, unit: "µs", is_least: false })
    };
    [Scenario::AuthPs256Uncached, Scenario::AuthEddsaUncached].into_iter().filter_map(budget).collect()
}

/// The whole cost with a real upstream, against bare Envoy's.
fn behind(results: &Results) -> Vec<Budget> {
    let limits = [(Scenario::GetUpstream, 1.25), (Scenario::PostUpstream, 1.4)];
    let budget = |(scenario, limit): (Scenario, f64)| {
        let measured = results.ratio(scenario, Subject::Pipeline)?.median;
        let about = format!("{}: pipeline's cost", scenario.name());
        Some(Budget { about, limit, measured, unit: "times bare", is_least: false })
    };
    limits.into_iter().filter_map(budget).collect()
}

fn memory(results: &Results) -> Vec<Budget> {
    let mut found = Vec::new();
    for (subject, limit) in [(Subject::Chain, 150.0), (Subject::Pipeline, 120.0)] {
        let name = subject.name();
        let (Some(ours), Some(bare)) = (results.footprint(subject, 2), results.footprint(Subject::Bare, 2))
        else {
            continue;
        };
        let measured = ours.resident_mb - bare.resident_mb;
        found.push(Budget {
            about: format!("memory over bare: {name}, 2 workers"),
            limit,
            measured,
            unit: "MB",
            is_least: false,
        });
        let ready = ours.ready.as_secs_f64();
        found.push(Budget {
            about: format!("ready: {name}"),
            limit: READY_SECONDS,
            measured: ready,
            unit: "s",
            is_least: false,
        });
        if let Some(more) = results.footprint(subject, 4) {
            let measured = (more.resident_mb - ours.resident_mb) / 2.0;
            let about = format!("each further worker: {name}");
            found.push(Budget { about, limit: WORKER_MB, measured, unit: "MB", is_least: false });
        }
    }
    found
}

fn modules(results: &Results) -> Vec<Budget> {
    let budget = |(subject, bytes): &(Subject, u64)| Budget {
        about: format!("modules: {}", subject.name()),
        limit: MODULES_MB,
        measured: *bytes as f64 / 1e6,
        unit: "MB",
        is_least: false,
    };
    results.modules.iter().map(budget).collect()
}

fn limits(results: &Results) -> Vec<Budget> {
    let mut found = Vec::new();
    let added = |scenario| results.added(scenario, Subject::Throttle).map(|added| added.median);
    let both = added(Scenario::ThrottleOne).zip(added(Scenario::ThrottleFive)).zip(results.unit());
    if let Some(((one, five), unit)) = both {
        let about = "throttle-five: each further limit adds".to_owned();
        let measured = (five - one) / 4.0 / unit;
        found.push(Budget { about, limit: FURTHER_LIMIT, measured, unit: "E", is_least: false });
    }
    if let Some(decisions) = &results.decisions {
        let about = "decisions on one count, two workers".to_owned();
        let measured = decisions.policy / 1e6;
        found.push(Budget { about, limit: DECISIONS, measured, unit: "million a second", is_least: true });
    }
    if let Some(callers) = &results.callers {
        let about = format!("memory that {} callers add", callers.callers);
        let measured = callers.most_mb - callers.before_mb;
        found.push(Budget { about, limit: CALLERS_MB, measured, unit: "MB", is_least: false });
    }
    found
}

fn judgings(results: &Results) -> Vec<Budget> {
    let mut found = Vec::new();
    for judging in &results.judgings {
        let (scenario, name) = (judging.scenario, judging.scenario.name());
        let native = judging.policy.median;
        let mut compare = |about: &str, measured: f64, limit: f64, is_least: bool| {
            let about = format!("{name}: {about}");
            found.push(Budget { about, limit, measured, unit: "times", is_least });
        };
        compare("the module in wasmtime, against native", judging.module.median / native, OVER_NATIVE, false);
        let Some(ours) = results.added(scenario, Subject::Schema).map(|added| added.median) else { continue };
        compare("what schema adds to bare Envoy, against native", ours / native, OVER_NATIVE, false);
        if let Some(theirs) = results.added(scenario, Subject::ExpressValidator).map(|added| added.median) {
            compare("what the validator adds to Node, against that", theirs / ours, UNDER_NODE, true);
        }
    }
    found
}

fn loaded(results: &Results) -> Vec<Budget> {
    let mut found = Vec::new();
    for layout in ["chain", "pipeline"] {
        let loaded = |definition, workers| results.loaded(definition, layout, workers);
        let mut budget = |about: &str, measured: f64, limit: f64, unit: &'static str| {
            found.push(Budget {
                about: format!("{layout}: {about}"),
                limit,
                measured,
                unit,
                is_least: false,
            });
        };
        if let Some((github, one)) = loaded(Definition::Github, 1).zip(loaded(Definition::One, 1)) {
            let later = github.ready_s - one.ready_s;
            budget("GitHub's API is ready later than one operation by", later, GITHUB_SECONDS, "s");
        }
        if let Some((three, one)) = loaded(Definition::Github, 3).zip(loaded(Definition::Github, 1)) {
            let each = (three.used_mb - one.used_mb) / 2.0;
            budget("each further worker with GitHub's API, all used", each, GITHUB_WORKER_MB, "MB");
        }
        if let Some(large) = loaded(Definition::Large, 1) {
            budget("20,000 operations are ready after", large.ready_s, LARGE_SECONDS, "s");
            budget("20,000 operations, all used", large.used_mb, LARGE_MB, "MB");
        }
    }
    found
}
