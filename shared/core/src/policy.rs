//! The one interface between decisions and the world.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

use crate::client::ClientAddress;
use crate::decision::Decision;
use crate::identity::Identity;
use crate::question::{Answer, Topic};
use crate::receipt::Receipt;
use crate::request::Request;
use crate::response::{Body, Judgement, Observation, Response, Watch};
use crate::signed::{SignatureVerdict, Signed, ToSign};
use crate::source::Learn;

/// Nanoseconds since 1970-01-01T00:00:00Z, as the host's clock says; may step back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixNanos(pub u64);

impl UnixNanos {
    /// Whole seconds.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }
}

/// A policy of the gateway: compiled once, then asked for every request. Same request and same [`Env`], same decision.
pub trait Policy: Learn + Sized {
    /// What the compiler wrote for it.
    type Config;
    /// Why a configuration cannot be enforced.
    type Invalid: std::error::Error;

    /// Makes the policy, or says why not. Deterministic: a configuration is good everywhere or nowhere.
    fn compile(config: Self::Config) -> Result<Self, Self::Invalid>;

    /// Whether it ever asks a question, has a source or counts. What does not needs no ticks, and no code for them.
    const ASKS: bool = false;

    /// Whether it ever wants to know when a request has ended. What does not needs no code for that.
    const SETTLES: bool = false;

    /// Whether it ever looks at what follows a request that passed. What does not has no code for it.
    const WATCHES: bool = false;

    /// Judges a request. Called once with the head; again with the body after [`Decision::NeedBody`], and again with
    /// each answer after [`Decision::Ask`].
    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision;

    /// Judges a request by what earlier policies found out about it, where that is enough: spares reading the
    /// head. `None` when it is not; then [`Policy::on_request`] decides.
    fn without_head(&self, _env: &dyn Env) -> Option<Decision> {
        None
    }

    /// How [`Env::client`] is found; `None`: the client is the connection's other end. Not for [`Policy::without_head`],
    /// which sees no headers.
    fn client_address(&self) -> Option<&ClientAddress> {
        None
    }

    /// The operation among whose messages a request is counted that the policy cannot judge, since its body has more bytes than
    /// were asked for.
    fn counted_as(&self, _request: &Request, _env: &dyn Env) -> Option<Rc<str>> {
        None
    }

    /// Whether it wants to know when requests have ended, as it is configured.
    fn settles(&self) -> bool {
        false
    }

    /// A request has ended, however it did; `receipt` is what the policy left with [`Env::at_end`]. Nothing can be refused now.
    fn settle(&self, _receipt: &dyn Any, _env: &dyn Env) {}

    /// Whether its configuration has it look at responses, or at bodies that go by.
    fn watches(&self) -> bool {
        false
    }

    /// Judges the response to a request that passed with this [`crate::Aside::watch`]. Called once with the head; again
    /// with the body after [`Judgement::NeedBody`].
    fn on_response(&self, _watch: &Watch, _response: &Response) -> Judgement {
        Judgement::Pass(None)
    }

    /// What is wrong with the body of a request that passed with this [`crate::Aside::watch`], and has gone on already.
    fn on_body(&self, _watch: &Watch, _body: &Body) -> Option<Observation> {
        None
    }
}

/// All that a decision learns from outside the request. Each call may cost a host call: ask once, and only
/// for what the decision needs.
pub trait Env {
    /// The time; throughout one decision it may be the same.
    fn now(&self) -> UnixNanos;

    /// The address of the connection's other end.
    fn peer(&self) -> Option<IpAddr>;

    /// The address of whoever the request is from: [`Env::peer`], or behind proxies what [`Policy::client_address`]
    /// finds. `None` when nobody vouches for one.
    fn client(&self) -> Option<IpAddr> {
        self.peer()
    }

    /// Has the access log name the client that was found behind trusted proxies.
    fn log_client(&self, _client: Option<IpAddr>) {}

    /// SHA-256 of the certificate by which the client has shown who it is in this connection's TLS; `None` for
    /// one that was not verified. Costs a host call, like the certificate itself.
    fn certificate_digest(&self) -> Option<[u8; 32]>;

    /// The certificate of [`Env::certificate_digest`], in PEM.
    fn certificate(&self) -> Option<Vec<u8>>;

    /// The operation that an earlier policy of the chain found.
    fn operation(&self) -> Option<Rc<str>>;

    /// The caller that an earlier policy of the chain identified.
    fn identity(&self) -> Option<Rc<Identity>>;

    /// A value shared by all workers, and its version.
    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)>;

    /// Sets a shared value if its version is still the one given; `None` sets it whatever it is. A key that
    /// does not exist yet is made under any version: a maker that gives one which no value has (`u32::MAX`)
    /// is told when another was faster, a maker that gives `None` overwrites it.
    fn shared_set(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), Contended>;

    /// Has the host verify a signature, at a fiftieth of what it costs here.
    fn verify_signature(&self, signed: &Signed<'_>) -> SignatureVerdict;

    /// Has the host sign a text: RSA's number, or DER of ECDSA's two. `None` when it cannot.
    fn sign(&self, _wanted: &ToSign<'_>) -> Option<Vec<u8>> {
        None
    }

    /// A secret that the configuration names and does not hold: an environment variable of the host.
    fn secret(&self, _name: &str) -> Option<String> {
        None
    }

    /// What came of a question that a policy has asked for this request.
    fn answer(&self, _topic: &Topic) -> Option<Rc<Answer>> {
        None
    }

    /// Keeps what a policy wants to have back when the request has ended: see [`Policy::settle`]. It is lost with the worker.
    fn at_end(&self, _receipt: Receipt) {}

    /// Bytes of the request as it came, head and body; known when it has ended. `None` when the host cannot say.
    fn request_bytes(&self) -> Option<u64> {
        None
    }

    /// Bytes of the response as it went to the client, like [`Env::request_bytes`].
    fn response_bytes(&self) -> Option<u64> {
        None
    }

    /// How many questions of this policy have been answered for this request. At most eight are.
    fn answers(&self) -> usize {
        0
    }
}

/// Another worker was faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contended;
