//! One scenario with all subjects: warmed up, then in rounds, in each of which every subject has a slice of time, in
//! another order each round. What disturbs the machine disturbs all of them.

use std::time::Duration;

use crate::failure::{Failure, Result, failed};
use crate::ground::Ground;
use crate::scenario::Scenario;
use crate::statistics::Spread;
use crate::subject::{Running, Subject};
use crate::wrk::Script;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Of each slice.
    pub(crate) seconds: u32,
}

/// One subject in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) cpu_us: f64,
    rps: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// A subject in all rounds of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) scenario: Scenario,
    pub(crate) subject: Subject,
    /// In the order of the rounds.
    pub(crate) slices: Vec<Slice>,
    pub(crate) resident_mb: f64,
    pub(crate) ready: Duration,
}

impl Measured {
    pub(crate) fn cpu_us(&self) -> Spread {
        self.spread(|slice| slice.cpu_us)
    }

    pub(crate) fn rps(&self) -> Spread {
        self.spread(|slice| slice.rps)
    }

    pub(crate) fn p50_ms(&self) -> Spread {
        self.spread(|slice| slice.p50_ms)
    }

    pub(crate) fn p99_ms(&self) -> Spread {
        self.spread(|slice| slice.p99_ms)
    }

    fn spread(&self, of: impl Fn(&Slice) -> f64) -> Spread {
        Spread::of(self.slices.iter().map(of).collect())
    }
}

/// Measures the subjects that the scenario suits.
pub(crate) fn measure(
    scenario: Scenario,
    subjects: &[Running],
    ground: &Ground,
    effort: Effort,
) -> Result<Vec<Measured>> {
    let script = scenario.script(ground)?;
    let subjects: Vec<&Running> = subjects.iter().filter(|one| scenario.suits(one.subject)).collect();
    for subject in &subjects {
        slice(subject, scenario, &script, ground, 1)?;
    }
    let mut slices: Vec<Vec<Slice>> = vec![Vec::new(); subjects.len()];
    for round in 0..effort.rounds {
        for turn in 0..subjects.len() {
            let at = (round + turn) % subjects.len();
            slices[at].push(slice(subjects[at], scenario, &script, ground, effort.seconds)?);
        }
    }
    let measured = subjects.into_iter().zip(slices).map(|(running, slices)| {
        let (subject, resident_mb) = (running.subject, running.process.resident_mb()?);
        Ok(Measured { scenario, subject, slices, resident_mb, ready: running.ready })
    });
    measured.collect()
}

/// A slice of a scenario.
pub(crate) fn slice(
    running: &Running,
    scenario: Scenario,
    script: &Script,
    ground: &Ground,
    seconds: u32,
) -> Result<Slice> {
    let refused = scenario.refused_by(running.subject);
    let slice = load(running, script, ground, seconds, refused);
    slice.map_err(|Failure(words)| Failure(format!("{}: {words}", scenario.name())))
}

/// Load for some seconds. One wrong answer makes a slice worthless: then the run fails.
pub(crate) fn load(
    running: &Running,
    script: &Script,
    ground: &Ground,
    seconds: u32,
    refused: bool,
) -> Result<Slice> {
    let before = running.process.processor_time()?;
    let load = script.run(running.address, seconds, ground.client_processors())?;
    let spent = running.process.processor_time()?.saturating_sub(before);
    let expected = if refused { load.requests } else { 0 };
    if load.requests == 0 || load.broken > 0 || load.refused != expected {
        return failed(format!(
            "{} refused {} of {} requests instead of {expected}, and {} broke off",
            running.subject.name(),
            load.refused,
            load.requests,
            load.broken,
        ));
    }
    Ok(Slice {
        cpu_us: spent.as_secs_f64() * 1e6 / load.requests as f64,
        rps: load.per_second(),
        p50_ms: load.p50_ms(),
        p99_ms: load.p99_ms(),
    })
}
