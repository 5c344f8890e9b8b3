//! Keys that an issuer publishes: fetched now and again, and at once when a token names one that is not known.
//! What cannot be fetched or read changes nothing: the keys that are known stay.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use portcullis_config::auth::PublishedKeysConfig;
use portcullis_core::{Answer, Fetch, Source};
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::json::UniqueMembers;
use crate::key::Key;
use crate::remote::Remote;

/// Longest metadata or key set that is read, in bytes.
const MAX_DOCUMENT: u32 = 512 * 1024;
/// Most keys that are kept; others are passed over.
const MAX_KEYS: usize = 100;
/// A member that no key set has of its own (RFC 7517, section 5).
const ISSUER: &str = "portcullis.issuer";

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct PublishedKeys {
    source: Rc<str>,
    issuer: String,
    algorithms: Vec<Algorithm>,
    remote: Remote,
    is_discovered: bool,
    is_derived: bool,
    interval: Duration,
    retry: Duration,
    /// What the call that is on its way will bring.
    awaited: Cell<Awaited>,
    /// What the metadata that were fetched last call the issuer.
    named: RefCell<String>,
    /// The issuer's name, where only its metadata tell; `None` until they did.
    derived: RefCell<Option<Rc<str>>>,
    /// `None` until they were first fetched.
    keys: RefCell<Option<Rc<[Key]>>>,
    /// What they were read from.
    text: RefCell<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Metadata,
    Keys,
}

impl PublishedKeys {
    /// Keys of the issuer called `name`, whose `iss` is `issuer`.
    pub(crate) fn new(
        name: &str,
        issuer: &str,
        algorithms: &[Algorithm],
        config: PublishedKeysConfig,
    ) -> Self {
        Self {
            source: format!("keys.{name}").into(),
            issuer: issuer.to_owned(),
            algorithms: algorithms.to_vec(),
            remote: Remote::new(config.remote),
            is_discovered: config.discovery,
            is_derived: config.derived,
            interval: Duration::from_secs(config.refresh_seconds.max(1).into()),
            retry: Duration::from_secs(config.retry_seconds.max(1).into()),
            awaited: Cell::new(Awaited::Keys),
            named: RefCell::default(),
            derived: RefCell::default(),
            keys: RefCell::new(None),
            text: RefCell::default(),
        }
    }

    /// What is fetched.
    pub(crate) fn source(&self) -> Source {
        Source { name: Rc::clone(&self.source), interval: self.interval, retry: self.retry }
    }

    /// Its name.
    pub(crate) fn source_name(&self) -> &Rc<str> {
        &self.source
    }

    /// Whether this is the issuer's name, as far as it is known.
    pub(crate) fn is_issuer(&self, name: &str) -> bool {
        match &*self.derived.borrow() {
            Some(derived) => **derived == *name,
            None => self.may_be_issuer(name),
        }
    }

    /// OpenID Connect Discovery 1.0, section 4.1: a slash at the end of the name is not in the metadata's URL.
    fn may_be_issuer(&self, name: &str) -> bool {
        name == self.issuer || (self.is_derived && name.strip_suffix('/') == Some(&self.issuer))
    }

    /// The keys, as last fetched; `None` when they never were.
    pub(crate) fn keys(&self) -> Option<Rc<[Key]>> {
        self.keys.borrow().clone()
    }

    /// Takes in a key set. Whether it is another than before.
    pub(crate) fn learn(&self, text: &[u8]) -> bool {
        let Some(keys) = self.read(text) else { return false };
        if self.is_derived {
            let Some(name) = self.told_issuer(text) else { return false };
            *self.derived.borrow_mut() = Some(name);
        }
        *self.keys.borrow_mut() = Some(keys.into());
        let text = text.to_vec();
        let is_new = *self.text.borrow() != text;
        self.text.replace(text);
        is_new
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, answer: Option<&Answer>) -> Fetch {
        let Some(answer) = answer else {
            self.awaited.set(if self.is_discovered { Awaited::Metadata } else { Awaited::Keys });
            return Fetch::Call(self.remote.get(MAX_DOCUMENT));
        };
        let reply = match answer {
            Answer::Replied(reply) if reply.status == 200 => reply,
            Answer::Replied(reply) => return failed(&format!("the server answers {}", reply.status)),
            Answer::Failed(cause) => return failed(&format!("there is no reply: {cause:?}")),
            Answer::Refreshed => return failed("there is no reply"),
        };
        let body = reply.body.whole();
        match self.awaited.replace(Awaited::Keys) {
            Awaited::Metadata => self.find_keys(&body),
            Awaited::Keys if self.read(&body).is_none() => {
                failed("the reply is no JWK Set with a key for one of the accepted algorithms")
            }
            Awaited::Keys if self.is_derived => self.with_issuer(&body),
            Awaited::Keys => Fetch::Replace(body.into_owned()),
        }
    }

    fn find_keys(&self, metadata: &[u8]) -> Fetch {
        let Ok(metadata) = serde_json::from_slice::<UniqueMembers>(metadata) else {
            return failed("the metadata is no JSON object");
        };
        // OpenID Connect Discovery 1.0, section 4.3: metadata of another issuer must not be used.
        let Some(name) = metadata.text("issuer").filter(|name| self.may_be_issuer(name)) else {
            return failed("the metadata is of another issuer");
        };
        self.named.replace(name.to_owned());
        let call = metadata.text("jwks_uri").and_then(|url| self.remote.get_url(url, MAX_DOCUMENT));
        call.map_or_else(|| failed("the metadata names no jwks_uri at the same server"), Fetch::Call)
    }

    /// The key set with what the metadata call the issuer, since all workers have to learn it.
    fn with_issuer(&self, text: &[u8]) -> Fetch {
        let Ok(Value::Object(mut set)) = serde_json::from_slice(text) else {
            return failed("the reply is no JWK Set");
        };
        set.insert(ISSUER.to_owned(), self.named.borrow().as_str().into());
        Fetch::Replace(Value::Object(set).to_string().into_bytes())
    }

    fn told_issuer(&self, text: &[u8]) -> Option<Rc<str>> {
        let set: Value = serde_json::from_slice(text).ok()?;
        let name = set.get(ISSUER)?.as_str().filter(|name| self.may_be_issuer(name))?;
        Some(name.into())
    }

    /// The keys of a set that fit; `None` when there is none. Keys for other purposes, and such as cannot be
    /// read, are passed over: one of them must not take the others with it.
    fn read(&self, text: &[u8]) -> Option<Vec<Key>> {
        let set: Value = serde_json::from_slice(text).ok()?;
        let jwks = set.get("keys")?.as_array()?;
        let readable =
            jwks.iter().enumerate().filter_map(|(at, jwk)| Key::read(jwk, at, &self.algorithms).ok());
        let keys: Vec<Key> = readable.flatten().take(MAX_KEYS).collect();
        (!keys.is_empty()).then_some(keys)
    }
}

fn failed(cause: &str) -> Fetch {
    Fetch::Failed(cause.to_owned())
}
