//! What may be revoked, and how a list keeps it: by a keyed hash, in sixteen bytes.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// What may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mark<'m> {
    /// One token, by its `jti`.
    Id(&'m str),
    /// One token, by the SHA-256 of its text in lower-case hex.
    Digest(&'m str),
    /// All tokens of a `sub`.
    Subject(&'m str),
    /// All tokens of an `iss`.
    Issuer(&'m str),
}

/// One entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) hash: u64,
    /// Seconds since 1970 from which on the entry means nothing; `u32::MAX`: never.
    pub(super) until: u32,
    /// Only tokens issued before this second; `u32::MAX`: all.
    pub(super) before: u32,
}

/// The key of the hashes of one list. An issuer's own tokens can collide by chance alone, one in 2^62.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashKey([u8; 16]);

/// No token, and no entry's hash.
const EMPTY: u64 = 0;
/// The bits of a hash that say of which kind its mark is.
const KIND: u64 = 3;
/// How long an entry is kept beyond its end: a clock that has stepped ahead comes back, and a store that says that nothing
/// has changed does not tell the entry again.
const KEPT_SECONDS: u64 = 86_400;

impl<'m> Mark<'m> {
    fn parts(self) -> (u8, &'m str) {
        match self {
            Mark::Id(text) => (0, text),
            Mark::Digest(text) => (1, text),
            Mark::Subject(text) => (2, text),
            Mark::Issuer(text) => (3, text),
        }
    }

    /// A bit for each kind.
    pub(super) fn kind(self) -> u8 {
        1 << self.parts().0
    }
}

impl HashKey {
    pub(crate) fn random() -> Option<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).ok()?;
        Some(Self(key))
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    pub(crate) fn from_bytes(key: [u8; 16]) -> Self {
        Self(key)
    }

    pub(super) fn hash(self, mark: Mark<'_>) -> u64 {
        let (kind, text) = mark.parts();
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write_u8(kind);
        hasher.write(text.as_bytes());
        (hasher.finish() & !KIND).max(KIND + 1) | u64::from(kind)
    }

    pub(crate) fn entry(self, mark: Mark<'_>, until: u32, before: u32) -> Entry {
        Entry { hash: self.hash(mark), until, before }
    }
}

impl Entry {
    /// How many bytes one has in the shared data.
    pub(crate) const BYTES: usize = 16;
    /// The place of one.
    pub(super) const NONE: Self = Self { hash: EMPTY, until: 0, before: 0 };

    pub(super) fn is_none(&self) -> bool {
        self.hash == EMPTY
    }

    /// A bit for each kind of mark.
    pub(super) fn kind(&self) -> u8 {
        1 << (self.hash & KIND)
    }

    /// Whether it means all tokens with its mark, whenever they were issued.
    pub(super) fn is_plain(&self) -> bool {
        self.before == u32::MAX
    }

    /// Whether it says that a token is revoked which was issued then.
    pub(super) fn applies(&self, issued: u64, now: u64) -> bool {
        u64::from(self.until) > now && (self.is_plain() || issued < u64::from(self.before))
    }

    /// Whether a list may leave it out.
    pub(crate) fn is_long_over(&self, now: u64) -> bool {
        u64::from(self.until).saturating_add(KEPT_SECONDS) <= now
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let number = (u128::from(self.hash) << 64) | (u128::from(self.until) << 32) | u128::from(self.before);
        number.to_be_bytes()
    }

    pub(crate) fn all_from(bytes: &[u8]) -> impl Iterator<Item = Self> {
        bytes.as_chunks::<{ Self::BYTES }>().0.iter().map(|bytes| {
            let number = u128::from_be_bytes(*bytes);
            Self { hash: (number >> 64) as u64, until: (number >> 32) as u32, before: number as u32 }
        })
    }
}
