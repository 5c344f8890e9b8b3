//! An [`Env`] under a test's control: a clock that moves when told, a caller that is set, and shared data
//! with the host's real compare-and-set rules. Behind the feature `testing`; no policy depends on it.

mod store;

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::identity::Identity;
use crate::policy::{Contended, Env, UnixNanos};
use crate::question::{Answer, Topic};
use crate::receipt::Receipt;
use crate::signed::{SignatureVerdict, Signed, ToSign};

pub use store::SharedStore;

/// 2026-01-01T00:00:00Z, what the clock of a new [`FakeEnv`] says.
pub const START: UnixNanos = UnixNanos(1_767_225_600_000_000_000);

/// What one worker learns from outside. Workers that share a [`SharedStore`] are workers of one host.
#[derive(Default)]
pub struct FakeEnv {
    clock: Clock,
    peer: Option<IpAddr>,
    certificate: Option<([u8; 32], Vec<u8>)>,
    operation: Option<Rc<str>>,
    identity: Option<Rc<Identity>>,
    store: SharedStore,
    secrets: Vec<(String, String)>,
    answers: RefCell<Vec<(Topic, Rc<Answer>)>>,
    before_shared: Option<Box<dyn Fn(SharedCall)>>,
    verifier: Option<Box<Verifier>>,
    signer: Option<Box<Signer>>,
    calls: Cell<Calls>,
    receipts: RefCell<Vec<Receipt>>,
    client: Cell<Option<Option<IpAddr>>>,
    exchanged: Cell<Option<(u64, u64)>>,
}

type Verifier = dyn Fn(&Signed<'_>) -> SignatureVerdict;
type Signer = dyn Fn(&ToSign<'_>) -> Option<Vec<u8>>;

/// How often a policy asked: what costs a host call in the gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls of [`Env::now`].
    pub now: usize,
    /// Calls of [`Env::peer`], [`Env::certificate_digest`], [`Env::certificate`], [`Env::operation`] and
    /// [`Env::identity`].
    pub property: usize,
    /// Calls of [`Env::shared_get`].
    pub shared_get: usize,
    /// Calls of [`Env::shared_set`].
    pub shared_set: usize,
    /// Calls of [`Env::verify_signature`].
    pub verify_signature: usize,
    /// Calls of [`Env::sign`].
    pub sign: usize,
}

/// A call that is about to reach the shared data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedCall {
    /// [`Env::shared_get`].
    Get,
    /// [`Env::shared_set`].
    Set,
}

struct Clock(Cell<UnixNanos>);

impl Default for Clock {
    fn default() -> Self {
        Self(Cell::new(START))
    }
}

impl FakeEnv {
    /// An anonymous caller without address, nothing shared, and a clock at [`START`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The address of the other end; `None` for text that is no address.
    #[must_use]
    pub fn with_peer(mut self, address: &str) -> Self {
        self.peer = address.parse().ok();
        self
    }

    /// The client's certificate: its SHA-256 and its PEM, as the host tells them.
    #[must_use]
    pub fn with_certificate(mut self, digest: [u8; 32], pem: &[u8]) -> Self {
        self.certificate = Some((digest, pem.to_vec()));
        self
    }

    /// The operation an earlier policy found.
    #[must_use]
    pub fn with_operation(mut self, key: &str) -> Self {
        self.operation = Some(key.into());
        self
    }

    /// The caller an earlier policy identified.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(Rc::new(identity));
        self
    }

    /// The caller an earlier policy identified, of whom only the name matters.
    #[must_use]
    pub fn with_consumer(self, consumer: &str) -> Self {
        self.with_identity(Identity::new(consumer.into(), "".into(), [].into()))
    }

    /// Shares data with whoever else has a clone of `store`.
    #[must_use]
    pub fn with_store(mut self, store: SharedStore) -> Self {
        self.store = store;
        self
    }

    /// A secret of the host's environment.
    #[must_use]
    pub fn with_secret(mut self, name: &str, secret: &str) -> Self {
        self.secrets.push((name.to_owned(), secret.to_owned()));
        self
    }

    /// Runs `hook` before each access to the shared data: the place where another worker gets its turn.
    #[must_use]
    pub fn before_shared(mut self, hook: impl Fn(SharedCall) + 'static) -> Self {
        self.before_shared = Some(Box::new(hook));
        self
    }

    /// A host that verifies signatures, as `verifier` does; without, it cannot say.
    #[must_use]
    pub fn with_verifier(mut self, verifier: impl Fn(&Signed<'_>) -> SignatureVerdict + 'static) -> Self {
        self.verifier = Some(Box::new(verifier));
        self
    }

    /// What comes of a question.
    pub fn set_answer(&self, topic: Topic, answer: Answer) {
        self.answers.borrow_mut().push((topic, Rc::new(answer)));
    }

    /// A host that signs, as `signer` does; without, it cannot.
    #[must_use]
    pub fn with_signer(mut self, signer: impl Fn(&ToSign<'_>) -> Option<Vec<u8>> + 'static) -> Self {
        self.signer = Some(Box::new(signer));
        self
    }

    /// The client that the access log names, if it is told one.
    pub fn logged_client(&self) -> Option<Option<IpAddr>> {
        self.client.get()
    }

    /// The request has ended: what policies left for now, in order.
    pub fn take_receipts(&self) -> Vec<Receipt> {
        self.receipts.take()
    }

    /// Bytes of the request and of its response, once it has ended; a host that is not told cannot say.
    pub fn set_exchanged(&self, request: u64, response: u64) {
        self.exchanged.set(Some((request, response)));
    }

    /// Sets the clock, forwards or backwards.
    pub fn set_now(&self, now: UnixNanos) {
        self.clock.0.set(now);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.set_now(UnixNanos(self.clock.0.get().0.saturating_add(by)));
    }

    /// The shared data.
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    /// What has been asked so far.
    pub fn calls(&self) -> Calls {
        self.calls.get()
    }

    fn count(&self, change: impl FnOnce(&mut Calls)) {
        let mut calls = self.calls.get();
        change(&mut calls);
        self.calls.set(calls);
    }

    fn announce(&self, call: SharedCall) {
        if let Some(hook) = &self.before_shared {
            hook(call);
        }
    }
}

impl Env for FakeEnv {
    fn now(&self) -> UnixNanos {
        self.count(|calls| calls.now += 1);
        self.clock.0.get()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.count(|calls| calls.property += 1);
        self.peer
    }

    fn certificate_digest(&self) -> Option<[u8; 32]> {
        self.count(|calls| calls.property += 1);
        self.certificate.as_ref().map(|(digest, _)| *digest)
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        self.count(|calls| calls.property += 1);
        self.certificate.as_ref().map(|(_, pem)| pem.clone())
    }

    fn operation(&self) -> Option<Rc<str>> {
        self.count(|calls| calls.property += 1);
        self.operation.clone()
    }

    fn identity(&self) -> Option<Rc<Identity>> {
        self.count(|calls| calls.property += 1);
        self.identity.clone()
    }

    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.count(|calls| calls.shared_get += 1);
        self.announce(SharedCall::Get);
        self.store.get(key)
    }

    fn shared_set(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), Contended> {
        self.count(|calls| calls.shared_set += 1);
        self.announce(SharedCall::Set);
        self.store.set(key, value, version)
    }

    fn answer(&self, topic: &Topic) -> Option<Rc<Answer>> {
        let answers = self.answers.borrow();
        answers.iter().rev().find(|(known, _)| known == topic).map(|(_, answer)| Rc::clone(answer))
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.secrets.iter().find(|(known, _)| known == name).map(|(_, secret)| secret.clone())
    }

    fn verify_signature(&self, signed: &Signed<'_>) -> SignatureVerdict {
        self.count(|calls| calls.verify_signature += 1);
        self.verifier.as_ref().map_or(SignatureVerdict::Unknown, |verifier| verifier(signed))
    }

    fn sign(&self, wanted: &ToSign<'_>) -> Option<Vec<u8>> {
        self.count(|calls| calls.sign += 1);
        self.signer.as_ref().and_then(|signer| signer(wanted))
    }

    fn log_client(&self, client: Option<IpAddr>) {
        self.client.set(Some(client));
    }

    fn at_end(&self, receipt: Receipt) {
        self.receipts.borrow_mut().push(receipt);
    }

    fn request_bytes(&self) -> Option<u64> {
        self.exchanged.get().map(|(request, _)| request)
    }

    fn response_bytes(&self) -> Option<u64> {
        self.exchanged.get().map(|(_, response)| response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn workers_share_the_store_but_not_the_clock() {
        let first = FakeEnv::new();
        let second = FakeEnv::new().with_store(first.store().clone());
        first.shared_set("key", b"value", None).unwrap();
        first.advance(Duration::from_secs(1));
        assert_eq!(second.shared_get("key").unwrap().0, b"value");
        assert_eq!(second.now(), START);
        assert_eq!(second.calls(), Calls { now: 1, shared_get: 1, ..Calls::default() });
    }
}
