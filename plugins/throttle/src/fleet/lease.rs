//! What one worker holds of one caller's allowance, taken from the rate limit service in advance: how much is left, when to
//! ask for more, for how much. Time is an argument; knows no service.

use crate::gcra::SECOND;

/// How much clocks may step back unnoticed.
const SKEW: u64 = SECOND;
/// How long a refusal holds if the service does not say when the caller's window ends.
const REFUSED: u64 = SECOND;
/// How long the service is not asked again after it did not answer.
const FAILED: u64 = SECOND;

/// On what terms tokens are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Most tokens that are held.
    pub size: u32,
    /// How many gateways share the limit.
    pub gateways: u32,
    /// How long tokens are held, in nanoseconds.
    pub lifetime: u64,
}

/// What a request finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// There are tokens.
    Enough,
    /// The service has to be asked, or has been already.
    Ask(Need),
    /// The caller has used everything up.
    Refused {
        /// Nanoseconds until it is worth asking again.
        retry_in: u64,
    },
    /// The service did not answer.
    Unavailable,
}

/// What to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Tells the question from others.
    pub number: u64,
    /// How many tokens.
    pub amount: u32,
    /// How many at least.
    least: u32,
    since: u64,
}

/// What the service said, as far as it did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// What remains to all gateways.
    pub remaining: Option<u64>,
    /// Nanoseconds until the window ends.
    pub reset: Option<u64>,
}

/// The tokens of a caller.
#[derive(Debug, Clone, Default)]
pub struct Lease {
    tokens: u32,
    /// When tokens last came, and until when they are good.
    granted: u64,
    until: u64,
    /// The end of the window that they are of.
    window: Option<u64>,
    remaining: Option<u64>,
    open: Option<Need>,
    /// How many the caller needs for the next while.
    next: u32,
    /// For how many units requests wait.
    waiting: u32,
    /// Whether the service had less than was asked for.
    tight: bool,
    /// Since when and until when the caller is refused.
    refused: Option<(u64, u64)>,
    failed: Option<u64>,
}

impl Lease {
    /// What a request of so many units finds; `number` makes the number of a new question.
    pub fn look(&mut self, units: u32, now: u64, terms: Terms, number: impl FnOnce() -> u64) -> Look {
        self.expire(now);
        if self.tokens >= units {
            return Look::Enough;
        }
        if let Some((_, until)) = self.refused {
            return Look::Refused { retry_in: until.saturating_sub(now) };
        }
        if self.failed.is_some() {
            return Look::Unavailable;
        }
        self.waiting = self.waiting.saturating_add(units);
        if let Some(open) = self.open.filter(|open| open.amount >= units) {
            return Look::Ask(open);
        }
        let amount = self.wanted(terms).max(units);
        Look::Ask(self.open(Need { number: number(), amount, least: units, since: now }))
    }

    /// Uses tokens up, after [`Look::Enough`].
    pub fn take(&mut self, units: u32) {
        self.tokens = self.tokens.saturating_sub(units);
    }

    /// What is to be asked for ahead of need.
    pub fn ahead(&mut self, now: u64, terms: Terms, number: impl FnOnce() -> u64) -> Option<Need> {
        let wanted = self.wanted(terms);
        let is_idle = self.open.is_none() && self.failed.is_none() && self.refused.is_none();
        // Whose window has its last tokens out with the gateways asks when it must.
        if !is_idle || self.tight || wanted < 4 || self.tokens > wanted / 2 {
            return None;
        }
        let amount = wanted - self.tokens;
        Some(self.open(Need { number: number(), amount, least: 1, since: now }))
    }

    /// The service has answered the question: so many tokens more.
    pub fn grant(&mut self, said: Said, now: u64, terms: Terms) {
        let Some(need) = self.close() else { return };
        self.expire(now);
        // By the time of the question, which is before the service looked at its clock: never too late.
        let window = said.reset.map(|reset| need.since.saturating_add(reset));
        if let (Some(old), Some(new)) = (self.window, window)
            && new > old.saturating_add(SKEW)
        {
            self.tokens = 0;
            self.tight = false;
        }
        let lasted = now.abs_diff(self.granted);
        if self.granted != 0 && lasted <= terms.lifetime / 4 {
            self.next = self.next.saturating_mul(2);
        } else if self.granted != 0 && lasted > terms.lifetime / 2 {
            self.next /= 2;
        }
        self.next = self.next.clamp(1, terms.size);
        self.tokens = self.tokens.saturating_add(need.amount);
        self.granted = now;
        self.until = now.saturating_add(terms.lifetime).min(window.unwrap_or(u64::MAX));
        (self.window, self.remaining) = (window, said.remaining);
    }

    /// The service has answered the question: there are not so many. Where fewer would do, they are asked for next.
    pub fn refuse(&mut self, said: Said, now: u64) {
        let Some(need) = self.close() else { return };
        let left = said.remaining.map(|left| u32::try_from(left).unwrap_or(u32::MAX));
        let fewer = left.unwrap_or(need.amount / 4).clamp(need.least, need.amount);
        if fewer < need.amount && left.is_none_or(|left| left >= need.least) {
            (self.next, self.tight) = (fewer, true);
            return;
        }
        let end = said.reset.map(|reset| need.since.saturating_add(reset));
        let until = end.unwrap_or(now.saturating_add(REFUSED)).max(now.saturating_add(1));
        self.refused = Some((now, until));
    }

    /// The service has not answered the question.
    pub fn fail(&mut self, now: u64) {
        if self.close().is_some() {
            self.failed = Some(now);
        }
    }

    /// The question that has no answer yet.
    pub fn question(&self) -> Option<Need> {
        self.open
    }

    /// What the service said to remain, and what is held of the caller's allowance here.
    pub fn remaining(&self) -> u64 {
        self.remaining.unwrap_or_default().saturating_add(self.tokens.into())
    }

    /// Nanoseconds until the window ends, where the service says so.
    pub fn reset_in(&self, now: u64) -> Option<u64> {
        self.window.map(|end| end.saturating_sub(now))
    }

    /// Whether nothing is lost by forgetting it.
    pub fn is_idle(&mut self, now: u64) -> bool {
        self.expire(now);
        self.tokens == 0 && self.open.is_none() && self.refused.is_none() && self.failed.is_none()
    }

    fn open(&mut self, need: Need) -> Need {
        self.open = Some(need);
        need
    }

    fn close(&mut self) -> Option<Need> {
        self.waiting = 0;
        self.open.take()
    }

    /// How many tokens to hold. Where little remains to all, each gateway takes a part of that: else the last tokens would lie
    /// with gateways that do not need them.
    fn wanted(&self, terms: Terms) -> u32 {
        let wanted = match self.tight {
            true => self.next,
            false => self.next.min(terms.size).max(self.waiting),
        };
        let share = self.remaining.map(|remaining| remaining / (2 * u64::from(terms.gateways.max(1))));
        let share = share.map_or(u32::MAX, |share| u32::try_from(share).unwrap_or(u32::MAX));
        wanted.min(share.max(1)).max(1)
    }

    /// Drops what has run out. What lies in the future was written before the clock stepped back.
    fn expire(&mut self, now: u64) {
        let is_past = |since: u64, until: u64| now >= until || now.saturating_add(SKEW) < since;
        if is_past(self.granted, self.until) {
            self.tokens = 0;
        }
        if self.window.is_some_and(|window| is_past(self.granted, window)) {
            (self.window, self.remaining, self.tight) = (None, None, false);
        }
        self.refused = self.refused.filter(|(since, until)| !is_past(*since, *until));
        self.failed = self.failed.filter(|failed| !is_past(*failed, failed.saturating_add(FAILED)));
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
