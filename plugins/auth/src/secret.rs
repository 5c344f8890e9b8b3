//! A secret that an issuer and the gateway share, for HMAC (RFC 7518, section 3.2). Whoever knows it can sign.

use hmac::{Hmac, KeyInit, Mac};
use portcullis_core::HashFunction;
use sha2::{Sha256, Sha384, Sha512};

/// A secret; it is shown nowhere.
pub(crate) struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The secret, if it is at least as long as the hash, as RFC 7518, section 3.2 demands.
    pub(crate) fn new(bytes: Vec<u8>, hash: HashFunction) -> Option<Self> {
        (bytes.len() >= length(hash)).then_some(Self(bytes))
    }

    /// Whether `tag` is the whole of this secret's over `text`; compared in constant time.
    pub(crate) fn verify(&self, hash: HashFunction, text: &[u8], tag: &[u8]) -> bool {
        match hash {
            HashFunction::Sha256 => Hmac::<Sha256>::new_from_slice(&self.0)
                .is_ok_and(|mac| mac.chain_update(text).verify_slice(tag).is_ok()),
            HashFunction::Sha384 => Hmac::<Sha384>::new_from_slice(&self.0)
                .is_ok_and(|mac| mac.chain_update(text).verify_slice(tag).is_ok()),
            HashFunction::Sha512 => Hmac::<Sha512>::new_from_slice(&self.0)
                .is_ok_and(|mac| mac.chain_update(text).verify_slice(tag).is_ok()),
        }
    }
}

/// Bytes of a hash.
fn length(hash: HashFunction) -> usize {
    match hash {
        HashFunction::Sha256 => 32,
        HashFunction::Sha384 => 48,
        HashFunction::Sha512 => 64,
    }
}
