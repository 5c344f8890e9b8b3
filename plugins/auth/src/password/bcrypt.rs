//! bcrypt, as `htpasswd -B` writes it: `$2y$`, and `$2a$` and `$2b$`, which mean the same for all passwords here.

use std::hint::black_box;

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;
use subtle::ConstantTimeEq;

use crate::invalid::UserError;

/// What a round takes, of which there are 2 to the power of the cost.
pub(super) const NANOS: u64 = 110_000;
/// Where bcrypt's definition cuts a password.
const MAX_KEY: usize = 72;
/// `OrpheanBeholderScryDoubt`.
const PLAIN: [[u32; 2]; 3] =
    [[0x4f72_7068, 0x6561_6e42], [0x6568_6f6c, 0x6465_7253], [0x6372_7944, 0x6f75_6274]];
/// The last character of salt and hash has bits to spare, which programs leave as they please.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(crate) struct Bcrypt {
    rounds: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl std::fmt::Debug for Bcrypt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bcrypt({} rounds)", self.rounds)
    }
}

impl Bcrypt {
    /// Reads `$2y$NN$` and the 53 characters of salt and hash.
    pub(super) fn parse(text: &str) -> Result<Self, UserError> {
        let mut parts = text.split('$').skip(2);
        let (Some(cost), Some(rest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(UserError::Format);
        };
        let digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost: u32 = cost.parse().ok().filter(|_| digits).ok_or(UserError::Format)?;
        if !rest.is_ascii() || rest.len() != 53 || !(4..=31).contains(&cost) {
            return Err(UserError::Format);
        }
        let (salt, hash) = rest.split_at(22);
        let decode = |part: &str| BASE64.decode(part).map_err(|_| UserError::Format);
        let salt = decode(salt)?.try_into().map_err(|_| UserError::Format)?;
        let hash = decode(hash)?.try_into().map_err(|_| UserError::Format)?;
        Ok(Self { rounds: 1 << cost, salt, hash })
    }

    pub(super) fn rounds(&self) -> u32 {
        self.rounds
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let derived = derive(password, &self.salt, self.rounds);
        derived.ct_eq(&self.hash).into()
    }
}

/// Takes the time of so many rounds.
pub(super) fn spend(password: &str, rounds: u32) {
    black_box(derive(password, &[0; 16], rounds));
}

/// Provos and Mazières, "A Future-Adaptable Password Scheme", section 3.
fn derive(password: &str, salt: &[u8; 16], rounds: u32) -> [u8; 23] {
    let mut key: Vec<u8> = password.bytes().chain([0]).collect();
    key.truncate(MAX_KEY);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &key);
    for _ in 0..rounds {
        state.bc_expand_key(&key);
        state.bc_expand_key(salt);
    }
    let mut derived = [0; 24];
    for (block, out) in PLAIN.into_iter().zip(derived.chunks_exact_mut(8)) {
        let [left, right] = (0..64).fold(block, |block, _| state.bc_encrypt(block));
        out.copy_from_slice(&(u64::from(left) << 32 | u64::from(right)).to_be_bytes());
    }
    // The last byte is not part of the hash.
    let mut hash = [0; 23];
    hash.iter_mut().zip(derived).for_each(|(to, from)| *to = from);
    hash
}
