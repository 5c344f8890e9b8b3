//! What a run has found, told: costs by scenario, budgets, and which refusals were seen.

use crate::budget::budgets;
use crate::measure::Measured;
use crate::results::Results;
use crate::statistics::Spread;
use crate::table::Table;

/// Titles and tables.
pub(crate) fn report(results: &Results, markdown: bool) -> String {
    let parts = [
        ("CPU per request and load, medians and quartiles of all rounds", costs(results)),
        ("Memory and start, by number of workers", footprints(results)),
        ("Decisions on one count", decisions(results)),
        ("Start and memory by definition", loaded(results)),
        ("Judging one body without Envoy", judgings(results)),
        ("Memory while callers come that nobody has seen", callers(results)),
        ("Budgets", met(results)),
        ("Answers that were checked before anything was measured", checked(results)),
    ];
    let mut text = String::new();
    for (title, table) in parts.iter().filter(|(_, table)| !table.is_empty()) {
        let (mark, body) = if markdown { ("### ", table.markdown()) } else { ("", table.text()) };
        text.push_str(&format!("{mark}{title}\n\n{body}\n\n"));
    }
    if let Some(unit) = results.unit() {
        text.push_str(&format!("E, what an empty filter adds to a GET: {unit:.2} µs\n"));
    }
    text
}

fn costs(results: &Results) -> Table {
    let mut table = Table::new(&[
        "scenario",
        "subject",
        "CPU µs",
        "quartiles",
        "ratio",
        "added µs",
        "added E",
        "rps",
        "p50 ms",
        "p99 ms",
        "RSS MB",
    ]);
    for one in &results.measured {
        let added = results.added(one.scenario, one.subject).map(|added| added.median);
        let in_units = added.zip(results.unit()).map(|(added, unit)| added / unit);
        let ratio = results.ratio(one.scenario, one.subject).map(|ratio| ratio.median);
        let cpu = one.cpu_us();
        let mut cells =
            vec![one.scenario.name(), one.subject.name(), format!("{:.2}", cpu.median), range(cpu)];
        cells.extend([figure(ratio), figure(added), figure(in_units)]);
        cells.extend(load(one));
        cells.push(format!("{:.0}", one.resident_mb));
        table.row(cells);
    }
    table
}

fn footprints(results: &Results) -> Table {
    let mut table = Table::new(&["subject", "workers", "RSS MB", "ready s"]);
    for one in &results.footprints {
        let measured = &one.measured;
        let (memory, ready) = (measured.resident_mb, measured.ready.as_secs_f64());
        let name = measured.subject.name();
        table.row(vec![name, one.workers.to_string(), format!("{memory:.0}"), format!("{ready:.2}")]);
    }
    table
}

fn decisions(results: &Results) -> Table {
    let mut table = Table::new(&["where", "workers", "decisions a second"]);
    if let Some(found) = &results.decisions {
        for (place, number) in
            [("the policy, native", found.policy), ("the module, in wasmtime", found.module)]
        {
            table.row(vec![place.to_owned(), found.workers.to_string(), format!("{number:.0}")]);
        }
    }
    table
}

fn loaded(results: &Results) -> Table {
    let mut table = Table::new(&[
        "definition",
        "operations",
        "layout",
        "workers",
        "ready s",
        "RSS MB",
        "RSS MB, all used",
    ]);
    for one in &results.loaded {
        let figures = [one.ready_s, one.ready_mb, one.used_mb].map(|figure| format!("{figure:.2}"));
        let row = [one.definition.name().to_owned(), one.operations.to_string(), one.layout.to_owned()];
        table.row(row.into_iter().chain([one.workers.to_string()]).chain(figures).collect());
    }
    table
}

fn judgings(results: &Results) -> Table {
    let mut table = Table::new(&["scenario", "bytes", "where", "CPU µs", "quartiles", "a second"]);
    for found in &results.judgings {
        for (place, time) in [("the policy, native", found.policy), ("the module, in wasmtime", found.module)]
        {
            let row = [found.scenario.name(), found.bytes.to_string(), place.to_owned()].into_iter();
            let each_second = format!("{:.0}", 1e6 / time.median);
            table.row(row.chain([format!("{:.2}", time.median), range(time), each_second]).collect());
        }
    }
    table
}

fn callers(results: &Results) -> Table {
    let mut table = Table::new(&["callers", "RSS MB before", "RSS MB at most", "RSS MB after"]);
    if let Some(found) = &results.callers {
        let megabytes = [found.before_mb, found.most_mb, found.after_mb].map(|one| format!("{one:.1}"));
        table.row([found.callers.to_string()].into_iter().chain(megabytes).collect());
    }
    table
}

fn met(results: &Results) -> Table {
    let mut table = Table::new(&["budget", "at most", "measured", "met"]);
    for budget in budgets(results) {
        let met = if budget.is_met() { "yes" } else { "NO" };
        let (limit, measured) = (budget.limit(), budget.measured());
        table.row(vec![budget.about, limit, measured, met.to_owned()]);
    }
    table
}

/// A dash is what the subject has no means for, and so was not asked.
fn checked(results: &Results) -> Table {
    let statuses = [200, 400, 401, 404, 429];
    let names = statuses.map(|status: u16| status.to_string());
    let mut head = vec!["subject"];
    head.extend(names.iter().map(String::as_str));
    let mut table = Table::new(&head);
    for (subject, seen) in &results.checked {
        let cells =
            statuses.iter().map(|status| if seen.contains(status) { "right" } else { "–" }.to_owned());
        table.row([subject.name()].into_iter().chain(cells).collect());
    }
    table
}

fn load(one: &Measured) -> [String; 3] {
    [
        format!("{:.0}", one.rps().median),
        format!("{:.2}", one.p50_ms().median),
        format!("{:.2}", one.p99_ms().median),
    ]
}

fn range(spread: Spread) -> String {
    format!("{:.2} – {:.2}", spread.low, spread.high)
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}
