//! The limits that one request is charged to: those of its operation, and those of its caller's tiers.

use std::borrow::Cow;

use crate::attribute::Subject;
use crate::caller::Callers;
use crate::fields;
use crate::rule::{AppliedLimit, Rule};
use crate::table::{Charge, Table};

/// Limits in the order in which clients are told of them.
pub(crate) struct Selection<'r> {
    rule: &'r Rule,
    /// Those of the operation that no condition changes.
    fixed: &'r [AppliedLimit],
    /// All others.
    chosen: Vec<&'r AppliedLimit>,
}

impl<'r> Selection<'r> {
    pub(crate) fn new(rule: &'r Rule, tiers: Vec<&'r AppliedLimit>, subject: &Subject<'_>) -> Self {
        let tiers = tiers.into_iter().flat_map(|applied| applied.choose(subject).both());
        match rule.is_fixed {
            true => Self { rule, fixed: &rule.applied, chosen: tiers.collect() },
            false => {
                let chosen =
                    rule.applied.iter().flat_map(|applied| applied.choose(subject).both()).chain(tiers);
                Self { rule, fixed: &[], chosen: chosen.collect() }
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'r AppliedLimit> {
        self.fixed.iter().chain(self.chosen.iter().copied())
    }

    /// `None` for no limit of the selection.
    pub(crate) fn get(&self, at: usize) -> Option<&'r AppliedLimit> {
        self.iter().nth(at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fixed.is_empty() && self.chosen.is_empty()
    }

    /// The counts of the caller.
    pub(crate) fn charges(&self, table: Table, callers: &Callers<'_>) -> Vec<Charge> {
        let mut charges = Vec::with_capacity(self.fixed.len() + self.chosen.len());
        charges.extend(self.iter().map(|applied| self.charge(applied, table, callers)));
        charges
    }

    /// The caller's count of one of the limits.
    pub(crate) fn charge(&self, applied: &AppliedLimit, table: Table, callers: &Callers<'_>) -> Charge {
        let AppliedLimit { limit, counter, .. } = applied;
        let charge = table.locate(callers.by(&limit.by), *counter, limit.meter, limit.class);
        charge.times(self.rule.units).marking(limit.marks).charged(limit.charged())
    }

    /// As how many requests this one counts.
    pub(crate) fn units(&self) -> u32 {
        self.rule.units
    }

    /// Whether a fleet shares one of them.
    pub(crate) fn is_of_fleet(&self) -> bool {
        self.iter().any(|applied| applied.limit.fleet.is_some())
    }

    /// The value of `RateLimit-Policy`.
    pub(crate) fn policies(&self) -> Cow<'r, str> {
        match self.chosen.is_empty() {
            true => Cow::Borrowed(&self.rule.policies),
            false => Cow::Owned(fields::policies(self.iter().map(|applied| &*applied.limit))),
        }
    }
}
