//! argon2id (RFC 9106) in PHC string format.

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::parameter;
use crate::invalid::UserError;

/// What it takes to fill a KiB once.
pub(super) const NANOS: u64 = 1_000;
/// Fewest KiB filled, over all passes.
const MIN_FILLED: u32 = 1_024;
/// Most KiB of memory: a VM does not give any back.
const MAX_MEMORY: u32 = 4_096;
const MAX_LANES: u32 = 4;
/// The least that argon2 can do.
const LEAST: u32 = 8;

pub(crate) struct Argon2id {
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl std::fmt::Debug for Argon2id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Argon2id({} KiB)", self.filled())
    }
}

impl Argon2id {
    /// Reads `$argon2id$v=19$m=1024,t=2,p=1$salt$hash`.
    pub(super) fn parse(text: &str) -> Result<Self, UserError> {
        let mut parts = text.split('$').skip(2);
        let (Some("v=19"), Some(parameters), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UserError::Format);
        };
        let mut parameters = parameters.split(',');
        let mut next = |name| parameter(parameters.next().unwrap_or_default(), name);
        let (memory, passes, lanes): (u32, u32, u32) = (next("m")?, next("t")?, next("p")?);
        if parameters.next().is_some() {
            return Err(UserError::Format);
        }
        let decode = |part: &str| STANDARD_NO_PAD.decode(part).map_err(|_| UserError::Format);
        let (salt, hash) = (decode(salt)?, decode(hash)?);
        if !(8..=64).contains(&salt.len()) || !(16..=64).contains(&hash.len()) || lanes > MAX_LANES {
            return Err(UserError::Format);
        }
        if memory > MAX_MEMORY {
            return Err(UserError::TooDear("argon2id takes at most m=4096 (KiB)"));
        }
        let params = Params::new(memory, passes, lanes, Some(hash.len())).map_err(|_| UserError::Format)?;
        let found = Self { params, salt, hash };
        if found.filled() < MIN_FILLED {
            return Err(UserError::TooCheap("argon2id takes at least m=1024 with t=1, or as much work"));
        }
        Ok(found)
    }

    /// KiB filled over all passes: what it takes.
    pub(super) fn filled(&self) -> u32 {
        self.params.m_cost().saturating_mul(self.params.t_cost())
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut derived = vec![0; self.hash.len()];
        derive(password, &self.salt, self.params.clone(), &mut derived)
            && bool::from(derived.ct_eq(&self.hash))
    }
}

/// Takes the time of so many KiB, in passes over no more memory than a hash may take.
pub(super) fn spend(password: &str, filled: u32) {
    let passes = filled.div_ceil(MAX_MEMORY).max(1);
    let memory = (filled / passes).max(LEAST);
    if let Ok(params) = Params::new(memory, passes, 1, Some(32)) {
        let mut unused = [0; 32];
        black_box(derive(password, &[0; 16], params, &mut unused));
        black_box(unused);
    }
}

/// `false` if it cannot be done.
fn derive(password: &str, salt: &[u8], params: Params, into: &mut [u8]) -> bool {
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, into, &mut memory).is_ok()
}
