//! What every check of a password takes, whoever the user is: as much as the costliest hash of each kind in use.
//! So the time tells neither which user has which hash, nor whether there is such a user.

use super::{MAX_NANOS, PasswordHash, argon2id, bcrypt, pbkdf2};
use crate::invalid::UserError;

/// Work by kind; 0 where no user has a hash of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spend {
    /// KiB filled.
    argon2id: u32,
    /// Rounds.
    bcrypt: u32,
    /// Iterations.
    pbkdf2: u32,
}

/// Of one kind: all, the user's own, and what spends the difference.
type Work = (u32, u32, fn(&str, u32));

impl Spend {
    /// What a hash takes.
    fn of(hash: &PasswordHash) -> Self {
        let mut spend = Self::default();
        match hash {
            PasswordHash::Argon2id(hash) => spend.argon2id = hash.filled(),
            PasswordHash::Bcrypt(hash) => spend.bcrypt = hash.rounds(),
            PasswordHash::Pbkdf2(hash) => spend.pbkdf2 = hash.iterations(),
        }
        spend
    }

    /// As much as before, and at least what this hash takes.
    pub(crate) fn cover(self, hash: &PasswordHash) -> Self {
        let one = Self::of(hash);
        Self {
            argon2id: self.argon2id.max(one.argon2id),
            bcrypt: self.bcrypt.max(one.bcrypt),
            pbkdf2: self.pbkdf2.max(one.pbkdf2),
        }
    }

    /// How long it takes in a module, at most.
    pub(crate) fn nanos(self) -> u64 {
        u64::from(self.argon2id) * argon2id::NANOS
            + u64::from(self.bcrypt) * bcrypt::NANOS
            + u64::from(self.pbkdf2) * pbkdf2::NANOS
    }

    /// Whether a worker can bear it.
    pub(crate) fn check_bound(self) -> Result<(), UserError> {
        if self.nanos() <= MAX_NANOS {
            return Ok(());
        }
        Err(UserError::TooDear(match self {
            Self { bcrypt: 0, pbkdf2: 0, .. } => {
                "argon2id takes at most m=4096 with t=1, or m times t at most 5000"
            }
            Self { argon2id: 0, pbkdf2: 0, .. } => "bcrypt takes at most cost 5: `htpasswd -B -C 5`",
            Self { argon2id: 0, bcrypt: 0, .. } => "PBKDF2 takes at most i=6250",
            _ => {
                "each check spends what the costliest hash of every kind takes, so that the time tells nothing \
                 of the user: give all users hashes of one kind, or cheaper ones"
            }
        }))
    }

    /// Whether a user's password is right; never without a user. For each kind there are two runs, one of the user's hash
    /// and one of what is left to spend, even of nothing: so the set-up of the runs takes the same time for everybody too.
    pub(crate) fn check(self, hash: Option<&PasswordHash>, password: &str) -> bool {
        let is_right = hash.is_some_and(|hash| hash.verify(password));
        let own = hash.map(Self::of).unwrap_or_default();
        let kinds: [Work; 3] = [
            (self.argon2id, own.argon2id, argon2id::spend),
            (self.bcrypt, own.bcrypt, bcrypt::spend),
            (self.pbkdf2, own.pbkdf2, pbkdf2::spend),
        ];
        for (all, own, spend) in kinds.into_iter().filter(|(all, ..)| *all > 0) {
            spend(password, all.saturating_sub(own));
            if own == 0 {
                spend(password, 0);
            }
        }
        is_right
    }
}
