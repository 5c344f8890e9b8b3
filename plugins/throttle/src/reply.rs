//! What clients and upstreams are told: where the caller stands, and which limit refused. Body, `Retry-After`,
//! `RateLimit` and the mark name the same limits and times.

use portcullis_core::{Edits, Rejection};

use crate::caller::Key;
use crate::fields;
use crate::limit::Limit;
use crate::rule::AppliedLimit;
use crate::selection::Selection;
use crate::table::{Charged, Denied, Standing};

/// Tells upstreams the limits that a request is over.
pub(crate) const MARK: &str = "x-portcullis-over-limit";

impl Selection<'_> {
    /// The fields of a response: all limits, and where the tightest stands; and the mark.
    pub(crate) fn admit(&self, standings: &[Standing], edits: &mut Edits) {
        self.count(standings);
        let applied = self.iter().zip(standings);
        let tightest = applied.min_by(|(left, a), (right, b)| {
            // The least part of the burst that remains: a/left < b/right, without fractions.
            let part = |rest: &Standing, whole: &Limit| {
                u128::from(rest.remaining) * u128::from(whole.most_at_once().max(1))
            };
            part(a, &right.limit).cmp(&part(b, &left.limit))
        });
        let Some((AppliedLimit { limit, .. }, standing)) = tightest else { return };
        let seconds = (limit.charged() != Charged::Elsewhere).then(|| fields::seconds(standing.full_in));
        let value = fields::standing(limit, standing.remaining, seconds);
        edits.response =
            vec![("ratelimit-policy".into(), self.policies().into_owned()), ("ratelimit".into(), value)];
        if standings.iter().any(|standing| standing.over) {
            let over = self.iter().zip(standings).filter(|(_, standing)| standing.over);
            let names: Vec<&str> = over.map(|(applied, _)| applied.limit.quoted.as_str()).collect();
            edits.set.push((MARK.into(), names.join(", ")));
        }
    }

    /// Counts a request that passes.
    pub(crate) fn count(&self, standings: &[Standing]) {
        let counted = self.iter().zip(standings);
        counted.for_each(|(applied, standing)| applied.limit.counts.pass(standing.over));
    }

    pub(crate) fn refused(&self, denied: Denied) -> Rejection {
        match denied {
            Denied::UsedUp { charge, retry_in } => match self.get(charge) {
                Some(applied) => self.limit_exceeded(applied, retry_in),
                None => Rejection::internal("limit-state-unreadable"),
            },
            Denied::Contended => Rejection::internal("limit-contended").with_header("retry-after", "1"),
            Denied::Unreadable => Rejection::internal("limit-state-unreadable"),
        }
    }

    /// Body, `Retry-After` and `RateLimit` name the same limit and the same time.
    fn limit_exceeded(&self, applied: &AppliedLimit, retry_in: u64) -> Rejection {
        let seconds = fields::seconds(retry_in);
        let AppliedLimit { limit, level, is_burst, .. } = applied;
        limit.counts.refuse();
        let Limit { name, allowance, .. } = &**limit;
        let detail = format!("The limit '{name}' of {allowance} is used up; retry in {seconds} seconds.");
        let code = match limit.by {
            _ if *is_burst => "burst-limit-exceeded",
            Key::Parts(_) => "custom-limit-exceeded",
            _ => level.code(),
        };
        Rejection::new(level.status(), code, detail)
            .with_header("retry-after", seconds.to_string())
            .with_header("ratelimit-policy", self.policies())
            .with_header("ratelimit", fields::standing(limit, 0, Some(seconds)))
    }
}

/// A tier that the configuration does not know is no reason to let anybody through.
pub(crate) fn unknown_tier() -> Rejection {
    let detail = "The caller's tier is none that this gateway knows.";
    Rejection::new(500, "tier-unknown", detail)
}

/// The rate limit service does not answer, and a limit says that nobody passes without it.
pub(crate) fn service_silent() -> Rejection {
    Rejection::internal("limit-service-unavailable").with_header("retry-after", "1")
}

/// Says neither by which rule nor until when.
pub(crate) fn denied() -> Rejection {
    Rejection::new(403, "denied", "Calls are blocked.")
}
