//! The limits that one request is charged to: those of its operation, and those of its caller's tiers.

use std::borrow::Cow;

use crate::caller::Callers;
use crate::fields;
use crate::rule::{AppliedLimit, Rule};
use crate::table::{Charge, Table};

/// Limits in the order in which clients are told of them.
pub(crate) struct Selection<'r> {
    rule: &'r Rule,
    tiers: Vec<&'r AppliedLimit>,
}

impl<'r> Selection<'r> {
    pub(crate) fn new(rule: &'r Rule, tiers: Vec<&'r AppliedLimit>) -> Self {
        Self { rule, tiers }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'r AppliedLimit> {
        self.rule.applied.iter().chain(self.tiers.iter().copied())
    }

    /// `None` for no limit of the selection.
    pub(crate) fn get(&self, at: usize) -> Option<&'r AppliedLimit> {
        self.iter().nth(at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rule.applied.is_empty() && self.tiers.is_empty()
    }

    /// The counts of the caller.
    pub(crate) fn charges(&self, table: Table, callers: &Callers<'_>) -> Vec<Charge> {
        let mut charges = Vec::with_capacity(self.rule.applied.len() + self.tiers.len());
        charges.extend(self.iter().map(|AppliedLimit { limit, counter, .. }| {
            let charge = table.locate(callers.by(limit.by), *counter, limit.meter);
            charge.times(self.rule.units).marking(limit.marks)
        }));
        charges
    }

    /// The value of `RateLimit-Policy`.
    pub(crate) fn policies(&self) -> Cow<'r, str> {
        match self.tiers.is_empty() {
            true => Cow::Borrowed(&self.rule.policies),
            false => Cow::Owned(fields::policies(self.iter().map(|applied| &*applied.limit))),
        }
    }
}
