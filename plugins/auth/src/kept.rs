//! What is kept of a token's claims, so that upstreams can be told: in the token that the gateway signs, and in headers.

use std::rc::Rc;

use crate::backend_jwt::PassedClaims;
use crate::identity_headers::{IdentityHeaders, Told};
use crate::json::UniqueMembers;

/// Which claims upstreams see, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keeper {
    pub(crate) passed: Option<Rc<PassedClaims>>,
    pub(crate) headers: Option<Rc<IdentityHeaders>>,
}

/// What upstreams see of one token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// For the gateway's own token: a JSON object.
    pub(crate) claims: Option<Rc<str>>,
    told: Option<Rc<Told>>,
}

impl Keeper {
    /// Of a token with these claims, or of which this is said; `issuer` vouches for one that does not say who does.
    pub(crate) fn keep(&self, claims: &UniqueMembers, issuer: Option<&str>) -> Kept {
        Kept {
            claims: self.passed.as_ref().map(|passed| passed.keep(claims).into()),
            told: self.headers.as_ref().map(|headers| Rc::new(headers.keep(claims, issuer))),
        }
    }
}

impl Kept {
    /// For headers.
    pub(crate) fn told(&self) -> &[(usize, String)] {
        self.told.as_ref().map(|told| told.as_slice()).unwrap_or_default()
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let claims = self.claims.as_ref().map_or(0, |claims| claims.len());
        claims + self.told().iter().map(|(_, text)| text.len()).sum::<usize>()
    }
}
