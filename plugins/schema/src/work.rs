//! How much the judging of one message may take. What it needs grows with what the client sends, and where schemas
//! refer to one another, faster than that: so steps are counted, and a message that needs too many is refused.

use std::cell::Cell;

/// Most steps for one message. A step takes up to 100 instructions, so that is less than a second.
const STEPS: u32 = 10_000_000;
/// Most schemas within or behind one another on the way to a value: each takes its part of the stack, which
/// some hosts bound to 512 KiB.
pub(crate) const MAX_DEPTH: u32 = 512;

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
    /// Of a part that may take so many steps of its own.
    pub(crate) fn of_steps(steps: usize) -> Self {
        let left = u32::try_from(steps).unwrap_or(u32::MAX).min(STEPS);
        Self { left: Cell::new(left), depth: Cell::new(0) }
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> usize {
        self.left.get() as usize
    }

    /// Takes steps, or the last ones when so many are not left.
    #[inline]
    pub(crate) fn spend(&self, steps: usize) {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Takes steps; false when so many are not left.
    #[inline]
    pub(crate) fn pay(&self, steps: usize) -> bool {
        let left = self.left.get();
        let enough = left as usize > steps;
        self.left.set(if enough { left - steps as u32 } else { 0 });
        enough
    }

    /// Takes steps and goes into a schema; false when there is no more work to be done. Who went in must leave.
    #[inline]
    pub(crate) fn enter(&self, steps: usize) -> bool {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            self.left.set(0);
        }
        let enough = self.pay(steps);
        self.depth.set(depth + u32::from(enough));
        enough
    }

    /// Leaves the schema that was gone into last.
    #[inline]
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
