//! How cost grows with the size of the API, the number of consumers and of workers, and the size of bodies.

use clap::ValueEnum;
use portcullis_suite::repository;
use serde::Serialize;

use crate::api::{BULK, KEYED, Size};
use crate::args::Args;
use crate::failure::{Result, writing};
use crate::ground::{Ground, api_key};
use crate::measure::{Effort, load};
use crate::statistics::Spread;
use crate::subject::{Running, Subject};
use crate::table::Table;
use crate::traffic::{Request, orders};
use crate::wrk::Script;

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Axis {
    /// Of the API.
    Operations,
    /// Known by an API key, 5,000 of whom call in turn.
    Consumers,
    /// Of Envoy, under the same load.
    Workers,
    /// Of a validated JSON body.
    Body,
}

/// One subject at one place of an axis.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Point {
    pub(crate) axis: Axis,
    pub(crate) at: usize,
    pub(crate) subject: Subject,
    /// What was measured, or why it could not be.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// Of a point.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Measured { cpu_us: f64, rss_mb: f64, ready_s: f64 },
    Failed(String),
}

/// The size of the API, and how many it knows, where something else grows.
const OPERATIONS: usize = 1000;
const CONSUMERS: usize = 100;
/// Of the consumers, so many call in turn.
const CALLERS: usize = 5000;

impl Axis {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Consumers => "consumers with an API key",
            Self::Workers => "workers",
            Self::Body => "bytes of a validated JSON body",
        }
    }

    pub(crate) fn places(self) -> &'static [usize] {
        match self {
            Self::Operations => &[10, 100, 1000, 10_000, 100_000],
            Self::Consumers => &[10, 100, 1000, 10_000, 100_000, 1_000_000],
            Self::Workers => &[1, 2],
            Self::Body => &[0, 1 << 10, 16 << 10, 128 << 10, 1 << 20],
        }
    }

    fn ground(self, at: usize) -> Result<Ground> {
        let operations = if self == Self::Operations { at } else { OPERATIONS };
        let consumers = if self == Self::Consumers { at } else { CONSUMERS };
        Ground::prepare(Size::of(operations), consumers)
    }

    /// Requests for the place; answered by Envoy itself.
    fn requests(self, at: usize, ground: &Ground) -> Vec<Request> {
        match self {
            Self::Operations | Self::Workers => vec![ground.traffic.get()],
            Self::Consumers => {
                let step = (at / CALLERS).max(1);
                let callers = (0..at).step_by(step).take(CALLERS);
                callers.map(|one| Request::new("GET", KEYED).header("x-api-key", api_key(one))).collect()
            }
            Self::Body => {
                let post = Request::new("POST", BULK).bearer(&ground.signer.token(0));
                vec![if at == 0 { post } else { post.json(orders(at).to_string()) }]
            }
        }
    }
}

/// Measures all points; writes `target/growth.json` and gives the points to draw.
pub(crate) fn run(args: &Args) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for axis in args.axes() {
        for at in axis.places() {
            points.extend(place(axis, *at, &args.growing(), args.effort())?);
        }
    }
    let file = repository().join("target/growth.json");
    let text = serde_json::to_string_pretty(&points).unwrap_or_default();
    std::fs::write(&file, text + "\n").map_err(writing(&file))?;
    let table = table(&points);
    println!("{}", if args.markdown { table.markdown() } else { table.text() });
    Ok(points)
}

fn place(axis: Axis, at: usize, subjects: &[Subject], effort: Effort) -> Result<Vec<Point>> {
    let ground = axis.ground(at)?;
    let requests: Vec<Vec<u8>> = axis.requests(at, &ground).iter().map(Request::bytes).collect();
    let script = Script::sending(&requests, "growth", ground.folder())?;
    let point = |subject: &Subject| {
        eprintln!("bench: {at} {}, {}", axis.title(), subject.name());
        let workers = if axis == Axis::Workers { u16::try_from(at).unwrap_or(u16::MAX) } else { 1 };
        let measured =
            subject.start(&ground, workers).and_then(|one| measure(&one, &script, &ground, effort));
        let outcome = measured.unwrap_or_else(|failure| Outcome::Failed(failure.to_string()));
        Point { axis, at, subject: *subject, outcome }
    };
    Ok(subjects.iter().map(point).collect())
}

fn measure(running: &Running, script: &Script, ground: &Ground, effort: Effort) -> Result<Outcome> {
    load(running, script, ground, 1, false)?;
    let mut slices = Vec::new();
    for _ in 0..effort.rounds {
        slices.push(load(running, script, ground, effort.seconds, false)?.cpu_us);
    }
    Ok(Outcome::Measured {
        cpu_us: Spread::of(slices).median,
        rss_mb: running.process.resident_mb()?,
        ready_s: running.ready.as_secs_f64(),
    })
}

fn table(points: &[Point]) -> Table {
    let mut table = Table::new(&["grows", "to", "subject", "CPU µs", "RSS MB", "ready s"]);
    for Point { axis, at, subject, outcome } in points {
        let mut cells = vec![axis.title().to_owned(), at.to_string(), subject.name()];
        match outcome {
            Outcome::Measured { cpu_us, rss_mb, ready_s } => {
                cells.extend([format!("{cpu_us:.1}"), format!("{rss_mb:.0}"), format!("{ready_s:.2}")]);
            }
            Outcome::Failed(why) => cells.push(why.lines().next().unwrap_or_default().to_owned()),
        }
        table.row(cells);
    }
    table
}
