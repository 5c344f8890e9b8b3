//! PBKDF2 with HMAC-SHA256 (RFC 8018) in PHC string format.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::parameter;
use crate::invalid::UserError;

/// Fewest iterations accepted (NIST SP 800-132, section 5.2).
pub(super) const MIN_ITERATIONS: u32 = 1_000;
/// What an iteration takes.
pub(super) const NANOS: u64 = 800;

pub(crate) struct Pbkdf2 {
    iterations: u32,
    salt: Vec<u8>,
    hash: [u8; 32],
}

impl std::fmt::Debug for Pbkdf2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pbkdf2({} iterations)", self.iterations)
    }
}

impl Pbkdf2 {
    /// Reads `$pbkdf2-sha256$i=N,l=32$salt$hash`; `l` may be left out.
    pub(super) fn parse(text: &str) -> Result<Self, UserError> {
        let mut parts = text.split('$').skip(2);
        let (Some(parameters), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UserError::Format);
        };
        let iterations = parameter(parameters.strip_suffix(",l=32").unwrap_or(parameters), "i")?;
        let decode = |part: &str| STANDARD_NO_PAD.decode(part).map_err(|_| UserError::Format);
        let salt = decode(salt)?;
        let hash = decode(hash)?.try_into().map_err(|_| UserError::Format)?;
        if !(8..=64).contains(&salt.len()) {
            return Err(UserError::Format);
        }
        if iterations < MIN_ITERATIONS {
            return Err(UserError::TooCheap("PBKDF2 takes at least i=1000"));
        }
        Ok(Self { iterations, salt, hash })
    }

    pub(super) fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut derived = [0; 32];
        pbkdf2_hmac::<Sha256>(password.as_bytes(), &self.salt, self.iterations, &mut derived);
        derived.ct_eq(&self.hash).into()
    }
}

/// Takes the time of so many iterations.
pub(super) fn spend(password: &str, iterations: u32) {
    let mut unused = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), &[0; 16], iterations, &mut unused);
    black_box(unused);
}
