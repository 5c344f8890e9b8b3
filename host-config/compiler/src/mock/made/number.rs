//! Numbers within their bounds.

use portcullis_openapi::Node;

use super::{Facts, Sample};

/// A whole number: zero, or the nearest that the bounds and `multipleOf` allow.
pub(super) fn integer(facts: &Facts<'_>) -> Sample {
    let bounds = Bounds::of(facts);
    let step = bounds.step.filter(|step| step.fract() == 0.0).unwrap_or(1.0);
    let lowest = bounds.lowest(|bound| bound.floor() + 1.0, f64::ceil);
    let highest = bounds.highest(|bound| bound.ceil() - 1.0, f64::floor);
    literal(nearest_to_zero(lowest, highest, step))
}

/// A number: zero, or the nearest that the bounds and `multipleOf` allow.
pub(super) fn number(facts: &Facts<'_>) -> Sample {
    let bounds = Bounds::of(facts);
    let gap = match (bounds.least, bounds.most) {
        (Some((least, _)), Some((most, _))) => ((most - least) / 2.0).min(1.0),
        _ => 1.0,
    };
    let lowest = bounds.lowest(|bound| bound + gap, |bound| bound);
    let highest = bounds.highest(|bound| bound - gap, |bound| bound);
    match bounds.step {
        Some(step) => literal(nearest_to_zero(lowest, highest, step)),
        None => literal(0.0_f64.clamp_to(lowest, highest)),
    }
}

/// Bounds, each with whether it is itself excluded.
struct Bounds {
    least: Option<(f64, bool)>,
    most: Option<(f64, bool)>,
    step: Option<f64>,
}

impl Bounds {
    fn of(facts: &Facts<'_>) -> Self {
        let number = |key: &str| facts.find(key).and_then(of_node);
        Self {
            least: bound(facts, number("minimum"), "exclusiveMinimum"),
            most: bound(facts, number("maximum"), "exclusiveMaximum"),
            step: number("multipleOf").filter(|step| *step > 0.0),
        }
    }

    fn lowest(&self, past: impl Fn(f64) -> f64, at: impl Fn(f64) -> f64) -> Option<f64> {
        self.least.map(|(bound, is_excluded)| if is_excluded { past(bound) } else { at(bound) })
    }

    fn highest(&self, past: impl Fn(f64) -> f64, at: impl Fn(f64) -> f64) -> Option<f64> {
        self.most.map(|(bound, is_excluded)| if is_excluded { past(bound) } else { at(bound) })
    }
}

/// `exclusiveMinimum` is a flag in 3.0 and a bound of its own in 3.1.
fn bound(facts: &Facts<'_>, inclusive: Option<f64>, exclusive: &str) -> Option<(f64, bool)> {
    let exclusive = facts.find(exclusive);
    match exclusive.and_then(of_node) {
        Some(bound) => Some((bound, true)),
        None => inclusive.map(|bound| (bound, exclusive.and_then(Node::as_bool) == Some(true))),
    }
}

fn of_node(node: &Node) -> Option<f64> {
    node.as_number()?.parse().ok()
}

fn nearest_to_zero(lowest: Option<f64>, highest: Option<f64>, step: f64) -> f64 {
    match (lowest, highest) {
        (Some(lowest), _) if lowest > 0.0 => (lowest / step).ceil() * step,
        (_, Some(highest)) if highest < 0.0 => (highest / step).floor() * step,
        _ => 0.0,
    }
}

trait ClampTo {
    fn clamp_to(self, lowest: Option<f64>, highest: Option<f64>) -> f64;
}

impl ClampTo for f64 {
    fn clamp_to(self, lowest: Option<f64>, highest: Option<f64>) -> f64 {
        let raised = lowest.map_or(self, |lowest| self.max(lowest));
        highest.map_or(raised, |highest| raised.min(highest))
    }
}

fn literal(number: f64) -> Sample {
    // Minus zero would be written with its sign.
    Sample::Literal((number + 0.0).to_string())
}
