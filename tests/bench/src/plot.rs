//! Plots of growth: for each axis two panels, CPU and memory, both scales logarithmic, so that what grows in
//! proportion is a straight line and what does not grow a level one.

use clap::ValueEnum;

use crate::chart::{page, text};
use crate::growth::{Axis, Outcome, Point};
use crate::subject::Subject;

const PANEL_WIDTH: f64 = 380.0;
const PANEL_HEIGHT: f64 = 130.0;
const LEFT: f64 = 78.0;
const RIGHT_PANEL: f64 = 470.0;
const TOP: f64 = 74.0;
const ROW: f64 = 206.0;

/// A value to draw, and at which of the axis's places.
type Value = (usize, f64);

/// All panels.
pub(crate) fn plots(points: &[Point]) -> String {
    let mut body =
        text("small", 24.0, 54.0, "chain: open circles; pipeline: filled circles; both scales logarithmic");
    let drawn = |axis: &&Axis| points.iter().any(|point| point.axis == **axis);
    let axes: Vec<&Axis> = Axis::value_variants().iter().filter(drawn).collect();
    for (row, &&axis) in axes.iter().enumerate() {
        let y = TOP + row as f64 * ROW;
        let points: Vec<&Point> = points.iter().filter(|point| point.axis == axis).collect();
        let names = ["CPU per request, µs", "resident memory, MB"];
        for (column, name) in names.into_iter().enumerate() {
            let value = |point: &Point| match &point.outcome {
                Outcome::Measured { cpu_us, .. } if column == 0 => Some(*cpu_us),
                Outcome::Measured { rss_mb, .. } => Some(*rss_mb),
                Outcome::Failed(_) => None,
            };
            let x = LEFT + column as f64 * RIGHT_PANEL;
            body.push_str(&panel(x, y, axis, name, &points, value));
        }
    }
    let about = "CPU per request and resident memory of Envoy with Portcullis as a chain and as one module, against the \
                 number of operations, consumers and workers, and the size of bodies.";
    page(TOP + axes.len() as f64 * ROW, "How cost grows", about, &body)
}

fn panel(
    x: f64,
    y: f64,
    axis: Axis,
    name: &str,
    points: &[&Point],
    value: impl Fn(&Point) -> Option<f64>,
) -> String {
    let (top, bottom) = (y + 22.0, y + 22.0 + PANEL_HEIGHT);
    let places = axis.places();
    let across = |at: usize| {
        let place = places.iter().position(|one| *one == at).unwrap_or(0);
        x + PANEL_WIDTH * (place as f64 + 0.5) / places.len() as f64
    };
    let values: Vec<f64> = points.iter().filter_map(|point| value(point)).collect();
    let scale = Scale::of(&values);
    let down = |value: f64| bottom - PANEL_HEIGHT * scale.part(value);
    let mut body = text("group", x - 54.0, y + 10.0, &format!("{name}, by {}", axis.title()));
    body.push_str(&format!(
        "  <path class=\"axis\" d=\"M{x:.1} {top:.1} V{bottom:.1} H{:.1}\"/>\n",
        x + PANEL_WIDTH
    ));
    for at in places {
        body.push_str(&text("small middle", across(*at), bottom + 16.0, &short(*at)));
    }
    for mark in scale.marks() {
        body.push_str(&text("small right", x - 6.0, down(mark) + 4.0, &format!("{mark}")));
    }
    for subject in [Subject::Chain, Subject::Pipeline] {
        let ours = points.iter().filter(|point| point.subject == subject);
        let values: Vec<Value> = ours.filter_map(|point| Some((point.at, value(point)?))).collect();
        let places: Vec<(f64, f64)> =
            values.into_iter().map(|(at, value)| (across(at), down(value))).collect();
        body.push_str(&line(&places, subject == Subject::Pipeline));
    }
    body
}

pub(crate) fn line(places: &[(f64, f64)], filled: bool) -> String {
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    if path.is_empty() {
        return String::new();
    }
    let class = if filled { "line" } else { "line dashed" };
    let mut body = format!("  <path class=\"{class}\" d=\"M{}\"/>\n", path.join(" L"));
    let class = if filled { "dot" } else { "ring" };
    for (x, y) in places {
        body.push_str(&format!("  <circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>\n"));
    }
    body
}

/// From one of 1, 2, 5, 10, … below all values to one above them.
pub(crate) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    pub(crate) fn of(values: &[f64]) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        if most <= 0.0 {
            return Self { low: 1.0, high: 10.0 };
        }
        let low = steps().take_while(|step| *step <= least).last().unwrap_or(0.1);
        let high = steps().find(|step| *step > most).unwrap_or(most);
        Self { low, high }
    }

    /// How far up the value stands, from 0 to 1.
    pub(crate) fn part(&self, value: f64) -> f64 {
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    pub(crate) fn marks(&self) -> Vec<f64> {
        let within: Vec<f64> = steps().filter(|step| (self.low..=self.high).contains(step)).collect();
        let every = within.len().div_ceil(7);
        within.into_iter().step_by(every.max(1)).collect()
    }
}

fn steps() -> impl Iterator<Item = f64> {
    let hundredths = (0..10).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)));
    hundredths.map(|step| step / 100.0)
}

/// `1000000` is `1M`; powers of two are told in units of 1024.
fn short(number: usize) -> String {
    match number {
        number if number >= 1 << 20 && number % (1 << 20) == 0 => format!("{} Mi", number >> 20),
        number if number >= 1 << 10 && number % (1 << 10) == 0 => format!("{} Ki", number >> 10),
        number if number >= 1_000_000 => format!("{}M", number / 1_000_000),
        number if number >= 1000 => format!("{}k", number / 1000),
        number => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_all_values() {
        let scale = Scale::of(&[30.0, 45.0, 900.0]);
        assert_eq!((scale.low, scale.high), (20.0, 1000.0));
        assert_eq!((scale.part(20.0), scale.part(1000.0)), (0.0, 1.0));
        assert_eq!(scale.marks(), [20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]);
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0, "0"),
            (10, "10"),
            (1000, "1k"),
            (1024, "1 Ki"),
            (100_000, "100k"),
            (1 << 20, "1 Mi"),
            (1_000_000, "1M"),
        ];
        for (number, expected) in cases {
            assert_eq!(short(number), expected);
        }
    }
}
