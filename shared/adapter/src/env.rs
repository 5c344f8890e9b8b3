//! What a decision learns from the host. What cannot change while it lasts is asked for at most once.

use std::cell::{OnceCell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use portcullis_core::{Contended, Env, Identity, Receipt, SignatureVerdict, Signed, ToSign, UnixNanos};

use crate::host::{self, Refused};
use crate::signature;

/// Where the operation's key travels between the plugins of a chain.
pub(crate) const OPERATION: &str = "portcullis.operation";
/// Where the caller travels between the plugins of a chain.
pub(crate) const IDENTITY: &str = "portcullis.identity";

/// Where the access log finds who is behind trusted proxies.
const CLIENT: &str = "portcullis.client";

const REQUEST_BYTES: &str = "request\0total_size";
const RESPONSE_BYTES: &str = "response\0total_size";

/// Where the access log finds what is wrong with messages that were let pass, or with a response that was not.
pub(crate) const OBSERVED: &str = "portcullis.observed";

/// Where the listener says whose certificate it has verified: SHA-256 in hexadecimal. Envoy's own `connection.mtls`
/// is true for any certificate, verified or not.
const CERTIFICATE_DIGEST: &str = "filter_state\0portcullis-certificate";
const CERTIFICATE: &str = "connection\0peer_certificate";

/// The host, as one decision sees it.
#[derive(Default)]
pub(crate) struct HostEnv {
    now: OnceCell<UnixNanos>,
    operation: OnceCell<Option<Rc<str>>>,
    identity: OnceCell<Option<Rc<Identity>>>,
    /// Absent where no policy wants to know when requests end.
    receipts: Option<Receipts>,
}

/// What policies leave with a stream for its end.
pub(crate) type Receipts = Rc<RefCell<Vec<Receipt>>>;

impl HostEnv {
    /// The host, for a stream that keeps what policies leave for its end.
    pub(crate) fn keeping(receipts: Option<&Receipts>) -> Self {
        Self { receipts: receipts.cloned(), ..Self::default() }
    }
}

impl Env for HostEnv {
    fn now(&self) -> UnixNanos {
        *self.now.get_or_init(|| UnixNanos(host::now()))
    }

    fn peer(&self) -> Option<IpAddr> {
        let address = String::from_utf8(host::property("source\0address")?).ok()?;
        address.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| address.parse()).ok()
    }

    fn log_client(&self, client: Option<IpAddr>) {
        let client = client.map_or_else(|| "-".to_owned(), |client| client.to_string());
        if host::set_property(CLIENT, &client).is_err() {
            log::warn!("the host refused what the access log should say");
        }
    }

    fn certificate_digest(&self) -> Option<[u8; 32]> {
        digest(&host::property(CERTIFICATE_DIGEST)?)
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        host::property(CERTIFICATE).filter(|certificate| !certificate.is_empty())
    }

    fn operation(&self) -> Option<Rc<str>> {
        let read = || text(OPERATION).map(Rc::from);
        self.operation.get_or_init(read).clone()
    }

    fn identity(&self) -> Option<Rc<Identity>> {
        let read = || Identity::from_line(&text(IDENTITY)?).map(Rc::new);
        self.identity.get_or_init(read).clone()
    }

    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        host::shared(key)
    }

    fn shared_set(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), Contended> {
        host::set_shared(key, value, version.unwrap_or(0))
    }

    fn secret(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn verify_signature(&self, signed: &Signed<'_>) -> SignatureVerdict {
        match host::foreign(signature::FUNCTION, &signature::write_question(signed)) {
            Ok(answer) => signature::read_answer(&answer),
            Err(Refused) => SignatureVerdict::Unknown,
        }
    }

    fn sign(&self, wanted: &ToSign<'_>) -> Option<Vec<u8>> {
        let answer = host::foreign(signature::SIGN, &signature::write_wish(wanted)).ok()?;
        signature::read_signature(&answer).map(<[u8]>::to_vec)
    }

    fn at_end(&self, receipt: Receipt) {
        if let Some(receipts) = &self.receipts {
            receipts.borrow_mut().push(receipt);
        }
    }

    fn request_bytes(&self) -> Option<u64> {
        number(REQUEST_BYTES)
    }

    fn response_bytes(&self) -> Option<u64> {
        number(RESPONSE_BYTES)
    }
}

/// A property that is a number.
fn number(path: &str) -> Option<u64> {
    host::property(path)?.try_into().ok().map(u64::from_le_bytes)
}

fn text(path: &str) -> Option<String> {
    host::property(path).filter(|value| !value.is_empty()).and_then(|value| String::from_utf8(value).ok())
}

/// SHA-256 in hexadecimal.
fn digest(text: &[u8]) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let mut digest = [0; 32];
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(digest)
}
