//! A whole run: start, check, measure, tell.

use portcullis_suite::{gateway, repository};

use crate::api::Size;
use crate::args::Args;
use crate::check::check;
use crate::failure::{Result, reading, writing};
use crate::ground::Ground;
use crate::measure::{Measured, measure, slice};
use crate::report::report;
use crate::results::{Footprint, Results};
use crate::scenario::Scenario;
use crate::subject::{Running, Subject};
use crate::{callers, chart, decisions, fleet, fleet_plot, growth, judging, load, plot};

/// Consumers that the gateway knows by an API key.
const CONSUMERS: usize = 100;
/// Seconds of load before memory is read.
const FOOTPRINT_SECONDS: u32 = 2;

/// Measures what the arguments name, prints it and writes `target/bench.json`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ground = Ground::prepare(Size::of(args.operations), CONSUMERS)?;
    let mut results = Results { modules: modules()?, ..Results::default() };
    let running = start(args, &ground, &mut results)?;
    for scenario in args.scenarios() {
        say(&format!("{}, {} rounds", scenario.name(), args.effort().rounds));
        results.measured.extend(measure(scenario, &running, &ground, args.effort())?);
    }
    drop(running);
    if let Some(keys) = args.keys() {
        say("decisions on one count");
        results.decisions = Some(decisions::measure(args.effort())?);
        say(&format!("{keys} callers"));
        results.callers = Some(callers::come(keys, &ground)?);
    }
    if args.loads() {
        results.loaded = load::measure(&ground)?;
    }
    if args.judges() {
        for scenario in args.scenarios() {
            say(&format!("{}, without Envoy", scenario.name()));
            results.judgings.extend(judging::measure(scenario, args.effort())?);
        }
    }
    if args.measures_memory() {
        results.footprints = footprints(&ground)?;
    }
    tell(args, &results)
}

/// Measures growth and draws it.
pub(crate) fn grow(args: &Args) -> Result<()> {
    let points = growth::run(args)?;
    match &args.svg {
        Some(file) => std::fs::write(file, plot::plots(&points)).map_err(writing(file)),
        None => Ok(()),
    }
}

/// Simulates a fleet and draws it.
pub(crate) fn simulate(args: &Args) -> Result<()> {
    let outcomes = fleet::run(args.markdown);
    match &args.svg {
        Some(file) => std::fs::write(file, fleet_plot::plot(&outcomes)).map_err(writing(file)),
        None => Ok(()),
    }
}

fn start(args: &Args, ground: &Ground, results: &mut Results) -> Result<Vec<Running>> {
    let mut all = Vec::new();
    for subject in args.subjects() {
        let running = subject.start(ground, 1)?;
        results.checked.push((subject, check(&running, ground)?));
        say(&format!("{} answers as it should, ready after {:.2?}", subject.name(), running.ready));
        all.push(running);
    }
    Ok(all)
}

/// Each in a process of its own, after some load, so that every worker has done its work.
fn footprints(ground: &Ground) -> Result<Vec<Footprint>> {
    let portcullis = [Subject::Bare, Subject::Chain, Subject::Pipeline];
    let mut found = Vec::new();
    for subject in Subject::all().into_iter().filter(|one| portcullis.contains(one)) {
        for workers in [1, 2, 4] {
            say(&format!("memory of {} with {workers} workers", subject.name()));
            found.push(Footprint { workers, measured: footprint(subject, workers, ground)? });
        }
    }
    Ok(found)
}

fn footprint(subject: Subject, workers: u16, ground: &Ground) -> Result<Measured> {
    let running = subject.start(ground, workers)?;
    slice(&running, Scenario::Post, &Scenario::Post.script(ground)?, ground, FOOTPRINT_SECONDS)?;
    let get = slice(&running, Scenario::Get, &Scenario::Get.script(ground)?, ground, FOOTPRINT_SECONDS)?;
    Ok(Measured {
        scenario: Scenario::Get,
        subject,
        slices: vec![get],
        resident_mb: running.process.resident_mb()?,
        ready: running.ready,
    })
}

/// What each layout has to load, mock included though the measured API has no use for it.
fn modules() -> Result<Vec<(Subject, u64)>> {
    let layouts: [(Subject, &[&str]); 2] = [
        (Subject::Chain, &["routing", "auth", "schema", "throttle", "mock"]),
        (Subject::Pipeline, &["pipeline"]),
    ];
    let mut sizes = Vec::new();
    for (subject, names) in layouts.into_iter().filter(|(subject, _)| Subject::all().contains(subject)) {
        let mut bytes = 0;
        for name in names {
            let file = gateway::modules_folder().join(format!("{name}.wasm"));
            bytes += file.metadata().map_err(reading(&file))?.len();
        }
        sizes.push((subject, bytes));
    }
    Ok(sizes)
}

fn tell(args: &Args, results: &Results) -> Result<()> {
    let file = repository().join("target/bench.json");
    let json = serde_json::to_string_pretty(&results.json()).unwrap_or_default();
    std::fs::write(&file, json + "\n").map_err(writing(&file))?;
    if let Some(file) = &args.svg {
        std::fs::write(file, chart::bars(results)).map_err(writing(file))?;
    }
    println!("{}", report(results, args.markdown));
    Ok(())
}

/// Progress goes to stderr: the result stays alone on stdout.
fn say(words: &str) {
    eprintln!("bench: {words}");
}
