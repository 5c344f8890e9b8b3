//! How far the fetching of a source is, as all workers see it in the shared data, and what follows from it.

use portcullis_core::Source;

/// An attempt that has not ended by then has died with its worker.
const ATTEMPT_NANOS: u64 = 60_000_000_000;

/// The state of one source. Written by the worker that fetches, read by all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FetchProgress {
    /// When the last attempt began; 0 before the first.
    pub(crate) began: u64,
    /// When the last attempt ended; 0 before the first.
    pub(crate) ended: u64,
    /// Whether the last attempt that ended has failed.
    pub(crate) failed: bool,
    /// Counts what replaces all that was learned before; 0 before the first.
    pub(crate) edition: u32,
    /// How many parts the edition has so far.
    pub(crate) parts: u32,
}

impl FetchProgress {
    /// Whether an attempt is on its way.
    pub(crate) fn is_running(&self, now: u64) -> bool {
        self.began > self.ended && now.abs_diff(self.began) < ATTEMPT_NANOS
    }

    /// Whether an attempt was made so short a time ago that a new one would bring nothing.
    pub(crate) fn is_recent(&self, source: &Source, now: u64) -> bool {
        self.ended != 0 && now.abs_diff(self.ended) < nanos(source.retry)
    }

    /// Whether an attempt is due; `wanted` is when a request last asked for one. A clock that steps brings it
    /// forward, never puts it off for longer than the interval; what was wanted at a time that the clock went back
    /// from is wanted no more, or it would be for as long as the step was.
    pub(crate) fn is_due(&self, source: &Source, wanted: u64, now: u64) -> bool {
        if self.is_running(now) || self.is_recent(source, now) {
            return false;
        }
        self.ended == 0
            || self.failed
            || (wanted > self.began && wanted <= now)
            || now.abs_diff(self.ended) >= nanos(source.interval)
    }

    /// For the shared data.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(25);
        bytes.extend(self.began.to_le_bytes());
        bytes.extend(self.ended.to_le_bytes());
        bytes.push(u8::from(self.failed));
        bytes.extend(self.edition.to_le_bytes());
        bytes.extend(self.parts.to_le_bytes());
        bytes
    }

    /// From the shared data.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (began, rest) = bytes.split_first_chunk()?;
        let (ended, rest) = rest.split_first_chunk()?;
        let ([failed], rest) = rest.split_first_chunk()?;
        let (edition, rest) = rest.split_first_chunk()?;
        Some(Self {
            began: u64::from_le_bytes(*began),
            ended: u64::from_le_bytes(*ended),
            failed: *failed != 0,
            edition: u32::from_le_bytes(*edition),
            parts: u32::from_le_bytes(rest.try_into().ok()?),
        })
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn source() -> Source {
        Source { name: "keys".into(), interval: Duration::from_secs(300), retry: Duration::from_secs(10) }
    }

    #[test]
    fn an_attempt_is_due_at_first_then_by_interval_on_failure_and_on_demand() {
        let at = |began: u64, ended: u64, failed| FetchProgress {
            began: began * SECOND,
            ended: ended * SECOND,
            failed,
            ..FetchProgress::default()
        };
        let cases = [
            ("never tried", at(0, 0, false), 0, 1000, true),
            ("running", at(1000, 0, false), 0, 1001, false),
            ("died on its way", at(1000, 0, false), 0, 1060, true),
            ("just done", at(1000, 1001, false), 0, 1100, false),
            ("the interval is over", at(1000, 1001, false), 0, 1301, true),
            ("failed just now", at(1000, 1001, true), 0, 1005, false),
            ("failed a while ago", at(1000, 1001, true), 0, 1011, true),
            ("wanted, but just done", at(1000, 1001, false), 1005, 1005, false),
            ("wanted", at(1000, 1001, false), 1005, 1011, true),
            ("wanted before", at(1000, 1001, false), 999, 1011, false),
            ("wanted before the clock went back", at(1000, 1001, false), 4600, 1011, false),
            ("the clock went back an hour", at(5000, 5001, false), 0, 1400, true),
        ];
        for (name, progress, wanted, now, expected) in cases {
            assert_eq!(progress.is_due(&source(), wanted * SECOND, now * SECOND), expected, "{name}");
        }
    }

    #[test]
    fn it_survives_writing_and_reading() {
        let progress = FetchProgress { began: 1, ended: u64::MAX, failed: true, edition: 7, parts: 9 };
        assert_eq!(FetchProgress::from_bytes(&progress.to_bytes()), Some(progress));
        assert_eq!(FetchProgress::from_bytes(&[0; 24]), None);
        assert_eq!(FetchProgress::from_bytes(&[0; 26]), None);
    }
}
