//! Medians and quartiles: one slice that was disturbed moves neither far.

use serde::Serialize;

/// Where the middle half of some values lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Quartiles by linear interpolation; zeros for no values.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { low: at(&values, 0.25), median: at(&values, 0.5), high: at(&values, 0.75) }
    }

    /// Of the differences of two series, round by round: what changes from round to round falls out.
    pub(crate) fn of_differences(ours: &[f64], theirs: &[f64]) -> Self {
        Self::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect())
    }

    /// Of the quotients of two series, round by round.
    pub(crate) fn of_ratios(ours: &[f64], theirs: &[f64]) -> Self {
        Self::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
    }
}

fn at(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = part * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_values() {
        let cases: [(&str, &[f64], [f64; 3]); 4] = [
            ("one", &[3.0], [3.0, 3.0, 3.0]),
            ("odd", &[5.0, 1.0, 3.0], [2.0, 3.0, 4.0]),
            ("even", &[4.0, 1.0, 3.0, 2.0], [1.75, 2.5, 3.25]),
            ("none", &[], [0.0, 0.0, 0.0]),
        ];
        for (name, values, [low, median, high]) in cases {
            assert_eq!(Spread::of(values.to_vec()), Spread { low, median, high }, "{name}");
        }
    }

    #[test]
    fn drift_of_the_machine_falls_out_of_differences() {
        let (bare, ours) = ([10.0, 20.0, 30.0], [13.0, 23.0, 33.0]);
        assert_eq!(Spread::of_differences(&ours, &bare).median, 3.0);
        assert_eq!(Spread::of_ratios(&ours, &bare).median, 1.15);
    }
}
