//! How much the judging of one message may take. What it needs grows with what the client sends, and where schemas
//! refer to one another, faster than that: so steps are counted, and a message that needs too many is refused.

use std::cell::Cell;

/// Most steps for one message: about a second at the worst.
const STEPS: u32 = 10_000_000;
/// Most schemas within or behind one another on the way to a value: each takes its part of the stack.
pub(crate) const MAX_DEPTH: u32 = 1024;

/// The steps that are left for a message.
#[derive(Debug)]
pub(crate) struct Work {
    left: Cell<u32>,
    depth: Cell<u32>,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: Cell::new(STEPS), depth: Cell::new(0) }
    }
}

impl Work {
    /// Takes steps, or the last ones when so many are not left.
    pub(crate) fn spend(&self, steps: usize) {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Takes steps and goes into a schema; false when there is no more work to be done. Who went in must leave.
    pub(crate) fn enter(&self, steps: usize) -> bool {
        if self.depth.get() >= MAX_DEPTH {
            self.left.set(0);
        }
        self.spend(steps);
        if self.is_spent() {
            return false;
        }
        self.depth.set(self.depth.get() + 1);
        true
    }

    /// Leaves the schema that was gone into last.
    pub(crate) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Whether no steps are left: what was found since is no verdict.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

#[cfg(test)]
#[path = "work_tests.rs"]
mod tests;
