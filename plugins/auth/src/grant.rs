//! What a good credential says of its bearer, and the caller that this makes of them.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_core::Identity;

use crate::account::{Account, Admission};
use crate::kept::Kept;
use crate::subscriptions::Fed;

/// How much of a credential's digest logs see.
const LOGGED_DIGITS: usize = 16;

/// What a good credential says of its bearer.
#[derive(Debug)]
pub(crate) struct Grant {
    consumer: Rc<str>,
    scopes: Rc<[String]>,
    account: Option<Rc<Account>>,
    kept: Kept,
    /// What it is told apart by in logs.
    credential: Option<Rc<str>>,
    /// The caller under each scheme that has vouched so far: at most as many as there are schemes.
    callers: RefCell<Callers>,
}

/// Callers, and the edition of the feed of subscriptions that says on what terms.
#[derive(Debug, Default)]
struct Callers {
    edition: u64,
    known: Vec<Rc<Identity>>,
}

impl Grant {
    /// A grant to `consumer`, who is charged and logged, of `scopes`.
    pub(crate) fn new(consumer: &str, scopes: Vec<String>) -> Self {
        Self {
            consumer: consumer.into(),
            scopes: scopes.into(),
            account: None,
            kept: Kept::default(),
            credential: None,
            callers: RefCell::default(),
        }
    }

    /// The same with what the credential says beside.
    pub(crate) fn with_account(self, account: Option<Account>) -> Self {
        Self { account: account.map(Rc::new), ..self }
    }

    /// The same with what upstreams see of the caller's token.
    pub(crate) fn with_kept(self, kept: Kept) -> Self {
        Self { kept, ..self }
    }

    /// The same of the credential with this SHA-256 in hexadecimal, of which logs see the beginning: 64 bits tell credentials apart, and
    /// nobody finds one by them that was chosen at random. Passwords have none.
    pub(crate) fn of_credential(self, digest: &str) -> Self {
        Self { credential: digest.get(..LOGGED_DIGITS).map(Rc::from), ..self }
    }

    /// What upstreams see of the caller's token.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// What the credential says beside.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_deref()
    }

    /// What the credential allows.
    pub(crate) fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Who is charged and logged.
    pub(crate) fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Whether it was granted to this consumer.
    pub(crate) fn is_of(&self, consumer: &str) -> bool {
        *self.consumer == *consumer
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let account = self.account.as_ref().map_or(0, |account| account.size());
        self.consumer.len() + self.scopes.iter().map(String::len).sum::<usize>() + account + self.kept.size()
    }

    /// The same consumer with the scopes of another credential as well.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let mut scopes = self.scopes.to_vec();
        for scope in other.scopes() {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        Self {
            consumer: self.consumer.clone(),
            scopes: scopes.into(),
            account: self.account.clone(),
            kept: self.kept.clone(),
            credential: self.credential.clone(),
            callers: RefCell::default(),
        }
    }

    /// The bearer, for whom the scheme of this name has vouched. Schemes belong to one API, so what is admitted by one is
    /// admitted on the same terms each time.
    pub(crate) fn caller(&self, scheme: &Rc<str>, admission: &Admission, fed: Option<&Fed>) -> Rc<Identity> {
        let mut callers = self.callers.borrow_mut();
        let edition = fed.map_or(0, |fed| fed.edition);
        if callers.edition != edition {
            *callers = Callers { edition, known: Vec::new() };
        }
        if let Some(known) = callers.known.iter().find(|known| *known.scheme() == **scheme) {
            return known.clone();
        }
        let caller = Identity::new(self.consumer.clone(), scheme.clone(), self.scopes.clone());
        let caller = caller.on_terms(admission.terms(self.account(), fed));
        let caller = caller.with_claims(self.kept.judged().cloned());
        let caller = Rc::new(caller.by_credential(self.credential.clone()));
        callers.known.push(caller.clone());
        caller
    }
}

/// Whether they say the same, whoever has used them.
impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        (&self.consumer, &self.scopes, &self.account, &self.kept)
            == (&other.consumer, &other.scopes, &other.account, &other.kept)
    }
}

impl Eq for Grant {}
