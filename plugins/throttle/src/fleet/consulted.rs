//! What a request has been told by the rate limit service, and what of it is left for this gateway to count.

use super::lease::Terms;
use crate::caller::Fingerprint;
use crate::table::{Charge, Denied, Standing};

/// What the service said to all limits of the fleet. The others are for this gateway to count.
#[derive(Debug, Default)]
pub(crate) struct Consulted {
    /// At the place of each limit: where it stands by what the service said.
    pub(crate) standings: Vec<Option<Standing>>,
    /// What this gateway counts, and at which places.
    pub(crate) charges: Vec<Charge>,
    pub(crate) places: Vec<usize>,
    /// Whose tokens are to be taken.
    pub(super) leased: Vec<Leased>,
    /// Whose spare tokens are to be taken.
    pub(super) spared: Vec<Fingerprint>,
}

/// A count that tokens are held of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leased {
    pub(super) place: usize,
    pub(super) count: Fingerprint,
    pub(super) terms: Terms,
}

impl Consulted {
    /// A refusal by one of the charges, at the place of its limit.
    pub(crate) fn placed(&self, denied: Denied) -> Denied {
        match denied {
            Denied::UsedUp { charge, retry_in } => {
                let charge = self.places.get(charge).copied().unwrap_or(usize::MAX);
                Denied::UsedUp { charge, retry_in }
            }
            other => other,
        }
    }

    /// Where all limits stand, with those of the charges.
    pub(crate) fn with(&self, charged: Vec<Standing>) -> Vec<Standing> {
        let mut standings = self.standings.clone();
        for (place, standing) in self.places.iter().zip(charged) {
            if let Some(entry) = standings.get_mut(*place) {
                *entry = Some(standing);
            }
        }
        let unknown = Standing { remaining: 0, full_in: 0, over: false };
        standings.into_iter().map(|standing| standing.unwrap_or(unknown)).collect()
    }

    pub(super) fn stand(&mut self, place: usize, standing: Standing) {
        if let Some(entry) = self.standings.get_mut(place) {
            *entry = Some(standing);
        }
    }
}
