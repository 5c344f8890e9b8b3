//! Hashed passwords: argon2id, bcrypt and PBKDF2, each within bounds that keep a check from holding a worker.
//! What does not protect a password, MD5 and SHA-1 above all, is refused with advice.

mod argon2id;
mod bcrypt;
mod pbkdf2;
mod spend;

use argon2id::Argon2id;
use bcrypt::Bcrypt;
use pbkdf2::Pbkdf2;
pub(crate) use spend::Spend;

use crate::invalid::UserError;

/// The longest that a check may take in a module, in nanoseconds: it holds a worker with all its requests.
/// What each hash takes is reckoned from what `portcullis-suite`'s test `passwords` measures in Envoy, and a third more.
pub(crate) const MAX_NANOS: u64 = 5_000_000;

/// A password's hash.
#[derive(Debug)]
pub(crate) enum PasswordHash {
    Argon2id(Argon2id),
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
}

impl PasswordHash {
    /// Reads a PHC string, or bcrypt's own form.
    pub(crate) fn parse(text: &str) -> Result<Self, UserError> {
        let kind = text.strip_prefix('$').and_then(|rest| rest.split('$').next());
        match kind {
            Some("argon2id") => Argon2id::parse(text).map(Self::Argon2id),
            Some("2a" | "2b" | "2y") => Bcrypt::parse(text).map(Self::Bcrypt),
            Some("pbkdf2-sha256") => Pbkdf2::parse(text).map(Self::Pbkdf2),
            _ => Err(weak(text).map_or(UserError::Format, UserError::Weak)),
        }
    }

    /// Whether this is the password. How long it takes tells which hash it is: see [`Spend::check`].
    fn verify(&self, password: &str) -> bool {
        match self {
            Self::Argon2id(hash) => hash.verify(password),
            Self::Bcrypt(hash) => hash.verify(password),
            Self::Pbkdf2(hash) => hash.verify(password),
        }
    }
}

/// Whether a user with this hash can be known to a gateway.
///
/// # Errors
///
/// What is wrong with the hash, and what to do about it.
pub fn check_password_hash(text: &str) -> Result<(), UserError> {
    Spend::default().cover(&PasswordHash::parse(text)?).check_bound()
}

/// The name of a form that files of users have, but that is not accepted.
fn weak(text: &str) -> Option<&'static str> {
    const PREFIXES: [(&str, &str); 12] = [
        ("$apr1$", "MD5 ($apr1$)"),
        ("$1$", "MD5 ($1$)"),
        ("{SHA}", "SHA-1 without salt ({SHA})"),
        ("{SSHA}", "SHA-1 ({SSHA})"),
        ("$pbkdf2$", "PBKDF2 with SHA-1"),
        ("$pbkdf2-sha1$", "PBKDF2 with SHA-1"),
        ("$2x$", "bcrypt of a faulty program ($2x$)"),
        ("$2$", "bcrypt of a faulty program ($2$)"),
        ("$5$", "SHA-crypt ($5$)"),
        ("$6$", "SHA-crypt ($6$)"),
        ("$argon2i$", "argon2i, not argon2id"),
        ("$argon2d$", "argon2d, not argon2id"),
    ];
    PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| *name)
}

/// The text between `name=` and its end.
fn parameter<T: std::str::FromStr>(text: &str, name: &str) -> Result<T, UserError> {
    let value = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).ok_or(UserError::Format)?;
    // One number has one form: no sign and no leading zero.
    let is_plain =
        value == "0" || (!value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit()));
    if is_plain { value.parse().map_err(|_| UserError::Format) } else { Err(UserError::Format) }
}

#[cfg(test)]
mod tests;
