//! What requests cost apart from any machine: WebAssembly instructions and host calls, counted in the wasmtime host.
//! The figures are committed; one that grows fails the run until the new one is committed too.

mod count;
mod requests;

use std::collections::BTreeMap;

use portcullis_suite::repository;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result, failed, reading, writing};
use crate::table::Table;
use count::Stage;

/// By how much a figure may grow before it must be looked at.
const TOLERANCE: f64 = 0.05;

/// What one request makes the plugins do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cost {
    fuel: u64,
    host_calls: u64,
}

/// A request that is sent twice to a gateway that has just started: what is kept for the second is part of its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Costs {
    first: Cost,
    again: Cost,
}

/// By layout, then by request.
type Figures = BTreeMap<String, BTreeMap<String, Costs>>;

/// Counts, prints, and compares with `tests/bench/fuel.json`, or rewrites that under `UPDATE=1`.
pub(crate) fn run(markdown: bool) -> Result<()> {
    let (measured, stages) = count::count()?;
    for table in [table(&measured), by_plugin(&stages)] {
        println!("{}\n", if markdown { table.markdown() } else { table.text() });
    }
    let file = repository().join("tests/bench/fuel.json");
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&measured).unwrap_or_default() + "\n";
        return std::fs::write(&file, text).map_err(writing(&file));
    }
    let known = std::fs::read(&file).map_err(reading(&file))?;
    let known: Figures = serde_json::from_slice(&known)
        .map_err(|cause| Failure(format!("{} cannot be understood: {cause}", file.display())))?;
    let grown = differences(&known, &measured);
    if grown.is_empty() {
        return Ok(());
    }
    failed(format!(
        "requests cost more than tests/bench/fuel.json says:\n  {}\nif that is meant to be, commit what \
         `UPDATE=1 scripts/bench --fuel` writes, and say why",
        grown.join("\n  ")
    ))
}

/// Sends one of the requests so often that a profiler sees where the time goes.
pub(crate) fn repeat(request: &str) -> Result<()> {
    count::repeat(request)
}

/// What has grown, and what stands on one side alone.
fn differences(known: &Figures, measured: &Figures) -> Vec<String> {
    let (known, measured) = (flat(known), flat(measured));
    let mut found = Vec::new();
    for (name, now) in &measured {
        match known.get(name) {
            None => found.push(format!("{name} is new: {now}")),
            Some(then) if *now as f64 > *then as f64 * (1.0 + TOLERANCE) => {
                let more = (*now as f64 / *then as f64 - 1.0) * 100.0;
                found.push(format!("{name}: {now} instead of {then}, {more:.1} % more"));
            }
            Some(_) => {}
        }
    }
    found.extend(
        known.keys().filter(|name| !measured.contains_key(*name)).map(|name| format!("{name} is gone")),
    );
    found
}

/// Every figure under a name that says all about it.
fn flat(figures: &Figures) -> BTreeMap<String, u64> {
    let mut flat = BTreeMap::new();
    for (layout, requests) in figures {
        for (request, Costs { first, again }) in requests {
            for (time, cost) in [("first", first), ("again", again)] {
                flat.insert(format!("{layout}, {request}, {time}: fuel"), cost.fuel);
                flat.insert(format!("{layout}, {request}, {time}: host calls"), cost.host_calls);
            }
        }
    }
    flat
}

fn table(figures: &Figures) -> Table {
    let mut table =
        Table::new(&["request", "layout", "fuel", "host calls", "fuel again", "host calls again"]);
    for (layout, requests) in figures {
        for (request, Costs { first, again }) in requests {
            let figures = [first.fuel, first.host_calls, again.fuel, again.host_calls];
            let cells =
                [request.clone(), layout.clone()].into_iter().chain(figures.map(|one| one.to_string()));
            table.row(cells.collect());
        }
    }
    table
}

fn by_plugin(stages: &[Stage]) -> Table {
    let mut table = Table::new(&["request, the second time", "layout", "plugin", "fuel", "host calls"]);
    for stage in stages {
        let calls: Vec<String> = stage.host_calls.iter().map(|(name, times)| call(name, *times)).collect();
        let names = [stage.request, stage.layout, stage.plugin.name()].map(str::to_owned);
        table.row(names.into_iter().chain([stage.fuel.to_string(), calls.join(", ")]).collect());
    }
    table
}

fn call(name: &str, times: u64) -> String {
    let name = name.trim_start_matches("proxy_");
    if times == 1 { name.to_owned() } else { format!("{name} ×{times}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(fuel: u64, host_calls: u64) -> Figures {
        let cost = Cost { fuel, host_calls };
        let again = Cost { fuel: 100, host_calls: 10 };
        let requests = BTreeMap::from([("GET".to_owned(), Costs { first: cost, again })]);
        Figures::from([("chain".to_owned(), requests)])
    }

    #[test]
    fn growth_beyond_the_tolerance_is_told() {
        let cases = [
            ("the same", figures(1000, 20), 0),
            ("less", figures(500, 10), 0),
            ("5 % more", figures(1050, 21), 0),
            ("more fuel", figures(1051, 20), 1),
            ("a host call more than 5 %", figures(1000, 22), 1),
        ];
        for (name, measured, expected) in cases {
            assert_eq!(differences(&figures(1000, 20), &measured).len(), expected, "{name}");
        }
    }

    #[test]
    fn a_request_on_one_side_alone_is_told() {
        let none = Figures::new();
        assert_eq!(differences(&none, &figures(1, 1)).len(), 4);
        assert_eq!(differences(&figures(1, 1), &none).len(), 4);
    }
}
