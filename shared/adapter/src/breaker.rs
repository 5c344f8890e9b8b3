//! A circuit breaker: a server that fails again and again is left alone for a while, and then asked once.

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open.
const OPEN_NANOS: u64 = 5_000_000_000;

/// What is known of one server's health.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// When it was opened, or when the one call that tries the server was let through.
    opened: u64,
}

impl Breaker {
    /// Whether a call may be made now. While the breaker is open, one call in each period tries the server.
    pub(crate) fn admits(&mut self, now: u64) -> bool {
        if self.failures < FAILURES {
            return true;
        }
        // A clock that steps either way shuts nobody out for longer than a period.
        let is_over = now.abs_diff(self.opened) >= OPEN_NANOS;
        if is_over {
            self.opened = now;
        }
        is_over
    }

    /// Takes in what came of a call.
    pub(crate) fn record(&mut self, failed: bool, now: u64) {
        if !failed {
            self.failures = 0;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.opened = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn it_opens_after_failures_in_a_row_and_tries_one_call_in_each_period() {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            breaker.record(true, 0);
        }
        breaker.record(false, 0);
        for _ in 0..FAILURES {
            assert!(breaker.admits(0));
            breaker.record(true, 0);
        }
        assert!(!breaker.admits(4 * SECOND));
        assert!(breaker.admits(5 * SECOND));
        assert!(!breaker.admits(5 * SECOND), "one call, not all that wait");
        breaker.record(true, 6 * SECOND);
        assert!(!breaker.admits(10 * SECOND));
        assert!(breaker.admits(11 * SECOND));
        breaker.record(false, 11 * SECOND);
        assert!(breaker.admits(11 * SECOND));
    }

    #[test]
    fn a_clock_that_steps_shuts_nobody_out() {
        let mut breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.record(true, 3_600 * SECOND));
        assert!(breaker.admits(0));
    }
}
