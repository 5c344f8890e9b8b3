//! Under what a cache keeps a credential: SipHash-2-4 with 128 bits, keyed with random bytes that never leave the
//! VM. SHA-256 of a token would cost many times as much.
//!
//! To be let in on another's entry, a caller must send a text of the same fingerprint. SipHash is a pseudorandom
//! function: without its key nobody can work out any fingerprint, and none is ever shown, so there is nothing
//! better than to guess: of 2^128 fingerprints a few thousand are taken, and each guess is a request. That two
//! good texts share one has a probability below 2^-100 while a cache is full. An unkeyed hash needs 256 bits because
//! collisions can be sought offline; here that takes the key.

use std::cell::OnceCell;
use std::hash::{Hash, Hasher};

use siphasher::sip128::{Hash128, Hasher128, SipHasher24};

/// The key of the fingerprints of one cache.
#[derive(Default)]
pub(crate) struct FingerprintKey(OnceCell<Option<SipHasher24>>);

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerprintKey")
    }
}

/// Stands for a text; compared in constant time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(Hash128);

impl FingerprintKey {
    /// The fingerprint of a text; texts of different `kind` have different ones. `None` when the host has no
    /// random bytes to make a key of: then nothing can be remembered. They are asked for at the first use and
    /// not when the configuration is read, whose acceptance must not hang on them.
    pub(crate) fn of(&self, kind: u64, text: &[u8]) -> Option<Fingerprint> {
        let mut hasher = (*self.0.get_or_init(draw))?;
        hasher.write(&kind.to_le_bytes());
        hasher.write(text);
        Some(Fingerprint(hasher.finish128()))
    }
}

impl Fingerprint {
    /// It as one number, which says no more of the text.
    pub(crate) fn number(self) -> u128 {
        self.0.as_u128()
    }
}

fn draw() -> Option<SipHasher24> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).ok()?;
    Some(SipHasher24::new_with_key(&key))
}

impl Fingerprint {
    /// One of `places`, each as likely; never called with none.
    pub(crate) fn spread(self, places: usize) -> usize {
        (self.0.h1 % (places as u64).max(1)) as usize
    }
}

/// As good as random already, so that one half of it will do for a table.
impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.h1);
    }
}

/// Takes a fingerprint for its own hash.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    /// Fingerprints write nothing else; whatever it is, it must count.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_fingerprint_is_of_one_text_of_one_kind_under_one_key() {
        let (key, other) = (FingerprintKey::default(), FingerprintKey::default());
        let of = |key: &FingerprintKey, kind, text: &str| key.of(kind, text.as_bytes()).unwrap();
        let one = of(&key, 1, "token");
        assert_eq!(of(&key, 1, "token"), one);
        for (name, another) in [
            ("another text", of(&key, 1, "tokeN")),
            ("a longer text", of(&key, 1, "token\0")),
            ("another kind", of(&key, 2, "token")),
            ("another key", of(&other, 1, "token")),
        ] {
            assert_ne!(another, one, "{name}");
        }
    }
}
