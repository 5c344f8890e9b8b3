//! Hashed passwords: PBKDF2 with HMAC-SHA256 (RFC 8018) in PHC string format, within bounds that keep a
//! check from holding a worker.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::invalid::UserError;

/// Fewest iterations accepted (NIST SP 800-132, section 5.2).
pub(crate) const MIN_ITERATIONS: u32 = 1_000;
/// Most iterations accepted: a check takes less than 5 ms in wasm.
pub(crate) const MAX_ITERATIONS: u32 = 5_000;
const PREFIX: &str = "$pbkdf2-sha256$i=";

/// A password's hash.
pub(crate) struct PasswordHash {
    iterations: u32,
    salt: Vec<u8>,
    hash: [u8; 32],
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordHash({} iterations)", self.iterations)
    }
}

impl PasswordHash {
    /// A hash of no password at all: checking against it costs what a real check costs.
    pub(crate) fn of_nobody(iterations: u32) -> Self {
        Self { iterations, salt: vec![0; 16], hash: [0; 32] }
    }

    /// Reads `$pbkdf2-sha256$i=N,l=32$salt$hash`; `l` may be left out.
    pub(crate) fn parse(text: &str) -> Result<Self, UserError> {
        let mut parts = text.strip_prefix(PREFIX).ok_or(UserError::Format)?.split('$');
        let (Some(parameters), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UserError::Format);
        };
        let iterations = parameters.strip_suffix(",l=32").unwrap_or(parameters);
        let found = iterations.parse().map_err(|_| UserError::Format)?;
        let decode = |part: &str| STANDARD_NO_PAD.decode(part).map_err(|_| UserError::Format);
        let salt = decode(salt)?;
        let hash = decode(hash)?.try_into().map_err(|_| UserError::Format)?;
        if !(8..=64).contains(&salt.len()) {
            return Err(UserError::Format);
        }
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&found) {
            return Err(UserError::Iterations { found, min: MIN_ITERATIONS, max: MAX_ITERATIONS });
        }
        Ok(Self { iterations: found, salt, hash })
    }

    /// How many iterations a check takes.
    pub(crate) fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether this is the password. Takes the time of `spend` iterations whatever the answer, so that
    /// nobody learns from the time which user has which hash, or whether there is such a user.
    pub(crate) fn verify(&self, password: &str, spend: u32) -> bool {
        let mut derived = [0; 32];
        pbkdf2_hmac::<Sha256>(password.as_bytes(), &self.salt, self.iterations, &mut derived);
        let rest = spend.saturating_sub(self.iterations);
        if rest > 0 {
            let mut unused = [0; 32];
            pbkdf2_hmac::<Sha256>(password.as_bytes(), &self.salt, rest, &mut unused);
            black_box(unused);
        }
        derived.ct_eq(&self.hash).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hashlib.pbkdf2_hmac`.
    const HASH: &str =
        "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_password_is_checked_against_its_hash() {
        let hash = PasswordHash::parse(HASH).unwrap();
        for (password, expected) in [("secret", true), ("Secret", false), ("secret ", false), ("", false)] {
            assert_eq!(hash.verify(password, 1_500), expected, "{password:?}");
        }
        assert!(!PasswordHash::of_nobody(1_000).verify("", 1_000));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn other_texts_are_refused() {
        let out_of_bounds = |found| UserError::Iterations { found, min: MIN_ITERATIONS, max: MAX_ITERATIONS };
        let cases = [
            ("iterations left out", HASH.replace("i=1000,", ""), UserError::Format),
            ("another length", HASH.replace("l=32", "l=64"), UserError::Format),
            ("another algorithm", HASH.replace("sha256", "sha512"), UserError::Format),
            ("a part too many", format!("{HASH}$"), UserError::Format),
            ("a short hash", HASH.get(..HASH.len() - 4).unwrap().to_owned(), UserError::Format),
            ("too cheap", HASH.replace("i=1000", "i=999"), out_of_bounds(999)),
            ("too dear", HASH.replace("i=1000", "i=600000"), out_of_bounds(600_000)),
            ("plain text", "secret".to_owned(), UserError::Format),
        ];
        for (name, text, expected) in cases {
            assert_eq!(PasswordHash::parse(&text).err(), Some(expected), "{name}");
        }
    }
}
