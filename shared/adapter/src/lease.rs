//! Which worker fetches for all: the one that holds a lease in the shared data. Two may hold it for a moment; that
//! costs a fetch too many and nothing else.

/// How long a lease holds without being renewed.
const LEASE_NANOS: u64 = 2_000_000_000;

/// Who fetches, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    owner: u64,
    until: u64,
}

impl Lease {
    /// The lease that `worker` may take now, having seen the present one; `None` while another's holds. One that ends later
    /// than any lease can was made before the clock stepped back.
    pub(crate) fn taken(present: Option<Self>, worker: u64, now: u64) -> Option<Self> {
        let is_others = present.is_some_and(|lease| {
            lease.owner != worker && lease.until > now && lease.until - now <= LEASE_NANOS
        });
        (!is_others).then_some(Self { owner: worker, until: now.saturating_add(LEASE_NANOS) })
    }

    /// The same, over at once: whoever comes first takes it.
    pub(crate) fn given_up(self) -> Self {
        Self { until: 0, ..self }
    }

    /// Whether less than half of it is left.
    pub(crate) fn is_worn(&self, now: u64) -> bool {
        self.until.saturating_sub(now) < LEASE_NANOS / 2 || self.until.saturating_sub(now) > LEASE_NANOS
    }

    /// Whether it is this worker's.
    pub(crate) fn is_of(&self, worker: u64) -> bool {
        self.owner == worker
    }

    /// For the shared data.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.owner) << 64) | u128::from(self.until)).to_be_bytes()
    }

    /// From the shared data.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let whole = u128::from_be_bytes(bytes.try_into().ok()?);
        Some(Self { owner: (whole >> 64) as u64, until: whole as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_lease_is_kept_by_its_owner_and_falls_to_others_when_it_ends() {
        let first = Lease::taken(None, 1, 10 * SECOND).unwrap();
        let cases = [
            ("renewed", 1, 11, true),
            ("another's while it holds", 2, 11, false),
            ("another's after its end", 2, 12, true),
            ("another's after the clock stepped back an hour", 2, 1, true),
        ];
        for (name, worker, at, expected) in cases {
            assert_eq!(Lease::taken(Some(first), worker, at * SECOND).is_some(), expected, "{name}");
        }
        assert!(first.is_of(1) && !first.is_of(2));
        assert!(Lease::taken(Some(first.given_up()), 2, 10 * SECOND).is_some());
        assert_eq!(Lease::from_bytes(&first.to_bytes()), Some(first));
        assert_eq!(Lease::from_bytes(b"x"), None);
        assert!(!first.is_worn(10 * SECOND) && first.is_worn(11 * SECOND + 1) && first.is_worn(0));
    }
}
