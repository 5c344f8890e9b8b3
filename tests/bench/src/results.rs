//! What a run has found, and what follows from it: costs over bare Envoy, in µs and in E.

use serde_json::{Value, json};

use crate::callers::Callers;
use crate::decisions::Decisions;
use crate::judging::Judging;
use crate::load::{Definition, Loaded};
use crate::measure::Measured;
use crate::scenario::Scenario;
use crate::statistics::Spread;
use crate::subject::Subject;

/// What a subject needs with a number of workers.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    pub(crate) workers: u16,
    /// One slice of [`Scenario::Get`].
    pub(crate) measured: Measured,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) measured: Vec<Measured>,
    pub(crate) footprints: Vec<Footprint>,
    /// Statuses that each subject was seen to give where they are due.
    pub(crate) checked: Vec<(Subject, Vec<u16>)>,
    /// Bytes of the modules of a layout, by the subject that loads them.
    pub(crate) modules: Vec<(Subject, u64)>,
    /// Decisions a second on one caller's count, by two workers.
    pub(crate) decisions: Option<Decisions>,
    /// Memory while many callers come.
    pub(crate) callers: Option<Callers>,
    /// Gateways by the size of their definitions.
    pub(crate) loaded: Vec<Loaded>,
    /// Bodies judged without Envoy.
    pub(crate) judgings: Vec<Judging>,
}

impl Results {
    pub(crate) fn find(&self, scenario: Scenario, subject: Subject) -> Option<&Measured> {
        self.measured.iter().find(|one| one.scenario == scenario && one.subject == subject)
    }

    /// The unit: what an empty filter adds to a GET, in µs.
    pub(crate) fn unit(&self) -> Option<f64> {
        // Each is a GET that the filter does nothing with.
        let mut gets = [Scenario::Get, Scenario::AuthJwtCached, Scenario::ThrottleOne].into_iter();
        let added = gets.find_map(|get| self.added(get, Subject::Empty));
        added.map(|added| added.median).filter(|unit| *unit > 0.0)
    }

    /// µs over the same without policies, which is bare Envoy unless Node serves, in the same round.
    pub(crate) fn added(&self, scenario: Scenario, subject: Subject) -> Option<Spread> {
        let bare = subject.without_policies();
        let (ours, bare) = (self.series(scenario, subject)?, self.series(scenario, bare)?);
        Some(Spread::of_differences(&ours, &bare))
    }

    /// Times bare Envoy in the same round.
    pub(crate) fn ratio(&self, scenario: Scenario, subject: Subject) -> Option<Spread> {
        let (ours, bare) = (self.series(scenario, subject)?, self.series(scenario, Subject::Bare)?);
        Some(Spread::of_ratios(&ours, &bare))
    }

    pub(crate) fn footprint(&self, subject: Subject, workers: u16) -> Option<&Measured> {
        let fits = |one: &&Footprint| one.measured.subject == subject && one.workers == workers;
        self.footprints.iter().find(fits).map(|one| &one.measured)
    }

    /// The gateway of a definition.
    pub(crate) fn loaded(&self, definition: Definition, layout: &str, workers: u16) -> Option<&Loaded> {
        let fits = |one: &&Loaded| (one.definition, one.layout, one.workers) == (definition, layout, workers);
        self.loaded.iter().find(fits)
    }

    /// `target/bench.json`: one object for each scenario and subject. Footprints are the scenarios `get-N-workers`.
    pub(crate) fn json(&self) -> Value {
        let rows = self.measured.iter().map(|one| {
            let (added, ratio) =
                (self.added(one.scenario, one.subject), self.ratio(one.scenario, one.subject));
            let in_units = added.zip(self.unit()).map(|(added, unit)| added.median / unit);
            let mut row = row(&one.scenario.name(), one, ratio.map(|ratio| ratio.median));
            row["added_us"] = json!(added);
            row["added_e"] = json!(in_units);
            row
        });
        let footprints = self.footprints.iter().map(|Footprint { workers, measured }| {
            let bare = self.footprint(Subject::Bare, *workers);
            let ratio = bare.map(|bare| measured.cpu_us().median / bare.cpu_us().median);
            row(&format!("get-{workers}-workers"), measured, ratio)
        });
        let decisions = self.decisions.iter().map(|one| json!({ "scenario": "decisions", "found": one }));
        let callers = self.callers.iter().map(|one| json!({ "scenario": "callers", "found": one }));
        let judgings = self.judgings.iter().map(|one| {
            json!({
                "scenario": one.scenario.name(), "bytes": one.bytes, "native_us": one.policy, "module_us": one.module,
            })
        });
        let loaded = self.loaded.iter().map(|one| json!({ "scenario": "load", "found": one }));
        rows.chain(footprints).chain(decisions).chain(callers).chain(judgings).chain(loaded).collect()
    }

    fn series(&self, scenario: Scenario, subject: Subject) -> Option<Vec<f64>> {
        self.find(scenario, subject).map(|one| one.slices.iter().map(|slice| slice.cpu_us).collect())
    }
}

fn row(scenario: &str, one: &Measured, ratio_to_bare: Option<f64>) -> Value {
    json!({
        "scenario": scenario,
        "subject": one.subject,
        "cpu_us": one.cpu_us().median,
        "cpu_us_quartiles": [one.cpu_us().low, one.cpu_us().high],
        "ratio_to_bare": ratio_to_bare,
        "rps": one.rps().median,
        "p50_ms": one.p50_ms().median,
        "p99_ms": one.p99_ms().median,
        "rss_mb": one.resident_mb,
        "ready_s": one.ready.as_secs_f64(),
        "rounds": one.slices.len(),
    })
}
