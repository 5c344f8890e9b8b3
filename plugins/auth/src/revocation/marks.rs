//! By what a token may be revoked.

use std::cell::Cell;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::json::UniqueMembers;
use crate::revoked::Mark;

/// What marks one token, and up to which edition of the list it was looked up.
#[derive(Debug)]
pub(crate) struct Marks {
    id: Option<String>,
    subject: Option<String>,
    issuer: Option<String>,
    issued: u64,
    checked: Cell<u64>,
}

/// The SHA-256 of a token in hexadecimal.
pub(crate) fn digest_of(token: impl AsRef<[u8]>) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(token) {
        for half in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    digits
}

impl Marks {
    /// Of a token with these claims, or of which this is said. One that does not say when it was issued counts as old.
    pub(crate) fn of(claims: &UniqueMembers) -> Self {
        let text = |name| claims.text(name).map(str::to_owned);
        let (id, subject, issuer) = (text("jti"), text("sub"), text("iss"));
        let issued = claims.get("iat").and_then(Value::as_f64).map_or(0, |seconds| seconds as u64);
        Self { id, subject, issuer, issued, checked: Cell::new(0) }
    }

    /// The issuer that stands for one that is not named.
    pub(crate) fn or_issuer(self, issuer: Option<&str>) -> Self {
        Self { issuer: self.issuer.or_else(|| issuer.map(str::to_owned)), ..self }
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.id, &self.subject, &self.issuer];
        texts.into_iter().flatten().map(String::len).sum()
    }

    /// When the token was issued, in seconds since 1970.
    pub(super) fn issued(&self) -> u64 {
        self.issued
    }

    /// Whether it was looked up in this edition of the list, and not found.
    pub(super) fn is_checked(&self, edition: u64) -> bool {
        self.checked.get() == edition
    }

    pub(super) fn set_checked(&self, edition: u64) {
        self.checked.set(edition);
    }

    /// All that a list may name it by, but for its text.
    pub(super) fn all(&self) -> impl Iterator<Item = Mark<'_>> {
        let id = self.id.as_deref().map(Mark::Id);
        let subject = self.subject.as_deref().map(Mark::Subject);
        let issuer = self.issuer.as_deref().map(Mark::Issuer);
        id.into_iter().chain(subject).chain(issuer)
    }
}
