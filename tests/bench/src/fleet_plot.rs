//! The simulated fleet as two panels, by the number of gateways: how often the service is asked, and how far the limit is
//! missed, beside the bound.

use crate::chart::{page, text};
use crate::fleet::{GATEWAYS, Outcome, Service, bound};
use crate::plot::{Scale, line};

const PANEL_WIDTH: f64 = 380.0;
const PANEL_HEIGHT: f64 = 150.0;
const LEFT: f64 = 78.0;
const RIGHT_PANEL: f64 = 470.0;
const TOP: f64 = 96.0;

/// The plot.
pub(crate) fn plot(outcomes: &[(Service, u32, Outcome)]) -> String {
    let of = |service: Service, value: fn(&Outcome) -> f64| -> Vec<f64> {
        let ours = outcomes.iter().filter(move |(known, _, _)| *known == service);
        ours.map(|(_, _, outcome)| value(outcome)).collect()
    };
    let calls = |outcome: &Outcome| outcome.calls;
    let missed = |outcome: &Outcome| (outcome.over.max(outcome.under) as f64).max(1.0);
    let bounds = GATEWAYS.iter().map(|gateways| bound(*gateways) as f64).collect();
    let mut body = text(
        "small",
        24.0,
        54.0,
        "filled: a service that says when windows end; open: one that says yes or no; dashed without circles: the stated bound",
    );
    body.push_str(&text(
        "small",
        24.0,
        72.0,
        "20 consumers, 30000 requests a minute each, leases of 300, two workers to a gateway",
    ));
    let asked = [of(Service::Telling, calls), of(Service::Terse, calls)];
    body.push_str(&panel(LEFT, "questions per 100 requests, at 60 % of the limit", &asked, None));
    let off = [of(Service::Telling, missed), of(Service::Terse, missed)];
    body.push_str(&panel(
        LEFT + RIGHT_PANEL,
        "most that a window misses it by, at 150 %",
        &off,
        Some(bounds),
    ));
    let about = "Questions for each 100 requests, and by how many requests the worst window misses the limit, over or under, against the \
                 number of gateways, in a simulation of leases.";
    page(TOP + PANEL_HEIGHT + 60.0, "A limit shared by leases", about, &body)
}

fn panel(x: f64, name: &str, series: &[Vec<f64>; 2], bounds: Option<Vec<f64>>) -> String {
    let (top, bottom) = (TOP + 22.0, TOP + 22.0 + PANEL_HEIGHT);
    let across = |at: usize| x + PANEL_WIDTH * (at as f64 + 0.5) / GATEWAYS.len() as f64;
    let all: Vec<f64> = series.iter().flatten().chain(bounds.iter().flatten()).copied().collect();
    let scale = Scale::of(&all);
    let places = |values: &[f64]| -> Vec<(f64, f64)> {
        let down = |value: f64| bottom - PANEL_HEIGHT * scale.part(value);
        values.iter().enumerate().map(|(at, value)| (across(at), down(*value))).collect()
    };
    let mut body = text("group", x - 54.0, TOP + 10.0, name);
    let right = x + PANEL_WIDTH;
    body.push_str(&format!("  <path class=\"axis\" d=\"M{x:.1} {top:.1} V{bottom:.1} H{right:.1}\"/>\n"));
    for (at, gateways) in GATEWAYS.iter().enumerate() {
        body.push_str(&text("small middle", across(at), bottom + 16.0, &gateways.to_string()));
    }
    for mark in scale.marks() {
        let down = bottom - PANEL_HEIGHT * scale.part(mark);
        body.push_str(&text("small right", x - 6.0, down + 4.0, &format!("{mark}")));
    }
    for (values, filled) in series.iter().zip([true, false]) {
        body.push_str(&line(&places(values), filled));
    }
    if let Some(bounds) = bounds {
        let path: Vec<String> = places(&bounds).iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        body.push_str(&format!("  <path class=\"line dashed\" d=\"M{}\"/>\n", path.join(" L")));
    }
    body
}
