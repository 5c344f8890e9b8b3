//! What is revoked, as a store keeps it: fetched for all workers by one, and held against every token, also one that
//! is remembered as good. While there was no list yet, no token is good; a store that is down later changes nothing.

mod document;
mod etcd;
mod etcd_user;
mod feed;
mod gathered;
mod marks;
mod parts;
mod store;

use std::rc::Rc;
use std::time::Duration;

use portcullis_config::auth::RevocationConfig;
use portcullis_core::{Answer, Env, Fetch, Source, Topic, UnixNanos};

use crate::failure::{Failure, InvalidToken, Need, Unavailable};
use crate::revoked::{Mark, Revoked};
use crate::twin::twin;
pub(crate) use marks::{Marks, digest_of};
pub(crate) use parts::Manifest;
#[cfg(test)]
pub(crate) use parts::Writer;
use store::Store;

const SOURCE: &str = "revoked";

/// The list of a gateway.
#[derive(Debug)]
pub(crate) struct Revocation {
    source: Rc<str>,
    interval: Duration,
    store: Store,
    revoked: Revoked,
}

impl Revocation {
    pub(crate) fn new(config: RevocationConfig) -> Self {
        Self {
            source: SOURCE.into(),
            interval: Duration::from_millis(config.interval_milliseconds.max(100).into()),
            store: Store::new(config),
            revoked: Revoked::default(),
        }
    }

    /// What is fetched.
    pub(crate) fn source(&self) -> Source {
        Source { name: Rc::clone(&self.source), interval: self.interval, retry: self.interval }
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, answer: Option<&Answer>, env: &dyn Env) -> Fetch {
        self.store.fetch(answer, &self.revoked, env)
    }

    /// Takes in a list, or what comes in addition. False when it is not where it should be.
    pub(crate) fn learn(&self, text: &[u8], replaces: bool, env: &dyn Env) -> bool {
        let last = self.revoked.manifest();
        let is_learned = if replaces {
            Manifest::from_bytes(text).is_some_and(|manifest| self.revoked.replace(manifest, env))
        } else {
            self.revoked.add(text)
        };
        let is_ours = self.store.settle(is_learned);
        if let (true, true, Some(last), Some(new)) = (is_ours, replaces, last, self.revoked.manifest()) {
            last.make_way_for(&new, env);
        }
        is_learned
    }

    /// Refuses a token that is revoked. What was looked up in this edition of the list is not looked up again.
    pub(crate) fn check(
        &self,
        token: &[u8],
        marks: &Marks,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<(), Failure> {
        let Some(edition) = self.revoked.edition() else {
            return Err(match env.answer(&Topic::Source(Rc::clone(&self.source))) {
                None => Failure::Pending(Need::Refresh(Rc::clone(&self.source))),
                Some(_) => Unavailable::Revocation.into(),
            });
        };
        if marks.is_checked(edition) {
            return Ok(());
        }
        let is_revoked = |mark: Mark<'_>| self.revoked.is_revoked(mark, marks.issued(), now.seconds());
        let is_text_listed = |text: &[u8]| is_revoked(Mark::Digest(&digest_of(text)));
        let is_listed = || {
            let other = std::str::from_utf8(token).ok().and_then(twin);
            is_text_listed(token) || other.is_some_and(|other| is_text_listed(other.as_bytes()))
        };
        if marks.all().any(is_revoked) || (self.revoked.has_digests() && is_listed()) {
            return Err(InvalidToken::Revoked.into());
        }
        marks.set_checked(edition);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
