//! RSA's public operation and what a signature must look like after it (RFC 8017, sections 8.1.2 and 8.2.2). Everything
//! here is public, so nothing takes constant time. Made for modules: 32-bit limbs, an eighth of the time that a
//! general library takes there.

mod encoding;
mod modulus;

use modulus::Modulus;
use portcullis_core::HashFunction;

/// Moduli have between 2048 (RFC 7518, section 3.3) and 4096 bits, so that no key makes verifying dear.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The most bits of an exponent: nobody needs more than 17, and each costs a multiplication.
const MAX_EXPONENT_BITS: u32 = 33;

/// A public key.
#[derive(Debug)]
pub(crate) struct RsaKey {
    modulus: Modulus,
    exponent: u64,
}

/// How a hash is padded before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 9.2).
    Pkcs1,
    /// RSASSA-PSS with MGF1 of the same hash and a salt as long as the hash (RFC 7518, section 3.5).
    Pss,
}

/// Why numbers are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRsaKey {
    #[error("its modulus has {0} bits; 2048 to 4096 are accepted")]
    Length(usize),
    #[error("its modulus is even")]
    Even,
    #[error("its exponent is not an odd number from 3 to 2^33")]
    Exponent,
}

impl RsaKey {
    /// A key of this modulus and exponent, both big-endian.
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, InvalidRsaKey> {
        let modulus = Modulus::new(modulus).ok_or(InvalidRsaKey::Even)?;
        if !MODULUS_BITS.contains(&modulus.bits()) {
            return Err(InvalidRsaKey::Length(modulus.bits()));
        }
        let exponent = small(exponent).filter(|exponent| exponent % 2 == 1 && *exponent >= 3);
        let exponent = exponent.ok_or(InvalidRsaKey::Exponent)?;
        Ok(Self { modulus, exponent })
    }

    /// The modulus, big-endian.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        self.modulus.to_bytes()
    }

    /// The exponent, big-endian.
    pub(crate) fn exponent(&self) -> [u8; 8] {
        self.exponent.to_be_bytes()
    }

    /// Whether `signature` is this key's over `text`.
    pub(crate) fn verify(&self, padding: Padding, hash: HashFunction, text: &[u8], signature: &[u8]) -> bool {
        let Some(message) = self.modulus.power(signature, self.exponent) else { return false };
        match padding {
            Padding::Pkcs1 => encoding::is_pkcs1(&message, hash, text),
            Padding::Pss => encoding::is_pss(&message, self.modulus.bits() - 1, hash, text),
        }
    }
}

fn small(number: &[u8]) -> Option<u64> {
    let start = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    let digits = number.get(start..).filter(|digits| digits.len() <= 8)?;
    let value = digits.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
    (64 - value.leading_zeros() <= MAX_EXPONENT_BITS).then_some(value)
}

#[cfg(test)]
mod tests;
