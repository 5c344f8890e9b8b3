//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::growth::Axis;
use crate::measure::Effort;
use crate::scenario::Scenario;
use crate::subject::Subject;

/// Measures what Portcullis costs in Envoy, beside Envoy bare, Envoy with its own filters, and Traefik.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench", max_term_width = 100)]
pub(crate) struct Args {
    /// What to measure: `auth` is what authentication alone costs, beside Envoy's own `jwt_authn`; `throttle` what limits alone
    /// cost, beside its `local_ratelimit`, and what they need with many callers; `schema` what validation alone costs, beside a
    /// validator on Node, and without Envoy; `load` how soon gateways of small and large definitions are ready, and what they hold.
    /// Default: everything else.
    #[arg(value_enum, conflicts_with_all = ["fuel", "growth"])]
    what: Option<What>,
    /// Measure these alone, separated by commas.
    #[arg(long = "scenario", value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// Measure these alone, separated by commas. What others are compared with is bare.
    #[arg(long = "subject", value_enum, value_delimiter = ',')]
    subjects: Vec<Subject>,
    /// How often each subject has its turn.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long a turn is, in whole seconds.
    #[arg(long, default_value_t = 2)]
    seconds: u32,
    /// One short round of a few scenarios: whether everything works, not what it costs.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Count instructions and host calls of the plugins instead, which are the same on every machine, and compare them
    /// with tests/bench/fuel.json. `UPDATE=1` in the environment rewrites that file.
    #[arg(long)]
    pub(crate) fuel: bool,
    /// With `--fuel`: send only the request of this name to the pipeline, over and over, for a profiler to look at.
    #[arg(long, value_name = "REQUEST", requires = "fuel")]
    pub(crate) repeat: Option<String>,
    /// Measure how cost grows with operations, consumers, workers and bodies instead, for chain and pipeline unless
    /// `--subject` names others.
    #[arg(long, conflicts_with = "fuel")]
    pub(crate) growth: bool,
    /// With `--growth`: these alone, separated by commas.
    #[arg(long = "axis", value_enum, value_delimiter = ',', requires = "growth")]
    axes: Vec<Axis>,
    /// Simulate gateways that share a limit by leases instead, which takes seconds and no server.
    #[arg(long, conflicts_with_all = ["fuel", "growth"])]
    pub(crate) fleet: bool,
    /// The size of the API.
    #[arg(long, default_value_t = 1000)]
    pub(crate) operations: usize,
    /// With `throttle`: how many callers come once each, while memory is watched.
    #[arg(long, default_value_t = 10_000_000)]
    keys: u64,
    /// Draw the result as a bar chart into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Print the tables as Markdown.
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Callers of a quick run.
const QUICK_KEYS: u64 = 20_000;

/// A part of what can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Authentication alone.
    Auth,
    /// Limits alone.
    Throttle,
    /// Validation of bodies alone.
    Schema,
    /// Start and memory by the size of the definition.
    Load,
}

impl Args {
    /// What to measure.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        match (self.scenarios.is_empty(), self.quick) {
            (false, _) => self.scenarios.clone(),
            _ if self.what == Some(What::Auth) => Scenario::auth().to_vec(),
            _ if self.what == Some(What::Throttle) => Scenario::throttle().to_vec(),
            _ if self.what == Some(What::Load) => Vec::new(),
            _ if self.what == Some(What::Schema) => Scenario::schema().to_vec(),
            (true, true) => vec![Scenario::Get, Scenario::Post, Scenario::GetUpstream],
            (true, false) => Scenario::all(),
        }
    }

    /// With what.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        match (self.subjects.is_empty(), self.what) {
            (false, _) => self.subjects.clone(),
            (true, Some(What::Auth)) => Subject::auth(),
            (true, Some(What::Throttle)) => Subject::throttle(),
            (true, Some(What::Schema)) => Subject::schema(),
            (true, Some(What::Load)) => Vec::new(),
            (true, None) => Subject::all(),
        }
    }

    /// What grows.
    pub(crate) fn axes(&self) -> Vec<Axis> {
        if self.axes.is_empty() { Axis::value_variants().to_vec() } else { self.axes.clone() }
    }

    /// Of which the growth is measured.
    pub(crate) fn growing(&self) -> Vec<Subject> {
        let grows = |subject: &Subject| matches!(subject, Subject::Chain | Subject::Pipeline);
        if self.subjects.is_empty() {
            Subject::all().into_iter().filter(grows).collect()
        } else {
            self.subjects.clone()
        }
    }

    pub(crate) fn effort(&self) -> Effort {
        if self.quick {
            return Effort { rounds: 1, seconds: 1 };
        }
        Effort { rounds: self.rounds.max(1), seconds: self.seconds.max(1) }
    }

    /// How many callers come once each; none where limits are not what is measured.
    pub(crate) fn keys(&self) -> Option<u64> {
        let throttle = self.what == Some(What::Throttle) && self.scenarios.is_empty();
        throttle.then_some(if self.quick { QUICK_KEYS } else { self.keys })
    }

    /// Whether gateways are loaded and nothing else is measured.
    pub(crate) fn loads(&self) -> bool {
        self.what == Some(What::Load)
    }

    /// Whether bodies are judged without Envoy, too.
    pub(crate) fn judges(&self) -> bool {
        self.what == Some(What::Schema)
    }

    /// Memory and start are measured in a whole run alone: each needs processes of its own.
    pub(crate) fn measures_memory(&self) -> bool {
        self.scenarios.is_empty() && self.what.is_none() && !self.quick
    }
}
