//! About whom an operator asks: a request that was never sent, with the caller and the attributes that the operator names.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;

use portcullis_core::{
    Contended, Env, Headers, Identity, Pair, Request, SignatureVerdict, Signed, Terms, UnixNanos, decode_form,
};

use crate::attribute::Attribute;
use crate::caller::Key;

/// What the operator named.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) limit: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) api: Option<String>,
    /// Whether counts of which nothing is used are left out.
    pub(crate) used: bool,
    consumer: Option<String>,
    application: Option<String>,
    address: Option<IpAddr>,
    head: Vec<(String, String)>,
    query: String,
    claims: Vec<(String, String)>,
    /// All attributes that were named, also those of which it was only said that the caller has none.
    named: BTreeSet<String>,
}

impl Asked {
    /// Reads the query of the operator's request, or says which parameter makes no sense. A parameter without `=` says that
    /// the caller does not have the attribute.
    pub(crate) fn read(request: &Request) -> Result<Self, String> {
        let mut asked = Self::default();
        for Pair { name, value } in request.query_pairs() {
            let refused = || name.to_owned();
            if let (Some(attribute), Some(value)) = (name.strip_prefix("query."), value) {
                // Encoded already.
                asked.query.extend(["&", attribute, "=", value]);
            }
            if decode_form(name).is_ok_and(|name| name.starts_with("query.")) && !name.starts_with("query.") {
                return Err(refused());
            }
            let text = |encoded| decode_form(encoded).map(Cow::into_owned).map_err(|_| refused());
            let value = value.map(text).transpose()?;
            asked.take(text(name)?, value).ok_or_else(refused)?;
        }
        Ok(asked)
    }

    /// `None` for a parameter that makes no sense.
    fn take(&mut self, mut name: String, value: Option<String>) -> Option<()> {
        if name.starts_with("header.") {
            name.make_ascii_lowercase();
        }
        match &*name {
            "limit" => self.limit = Some(value?),
            "scope" => self.scope = Some(value?),
            "api" => self.api = Some(value?),
            "used" => self.used = true,
            "consumer" => self.consumer = Some(value?),
            "application" => self.application = value,
            "address" => self.address = value.map(|text| text.parse()).transpose().ok()?,
            "method" => self.head.push((":method".to_owned(), value?)),
            "host" => self.head.extend(value.map(|host| (":authority".to_owned(), host))),
            _ => match (name.split_once('.')?, value) {
                (("header", header), _) if header.starts_with(':') => return None,
                (("header", header), value) => {
                    self.head.extend(value.map(|value| (header.to_owned(), value)));
                }
                (("claim", claim), value) => self.claims.extend(value.map(|value| (claim.to_owned(), value))),
                (("query", _), _) => {}
                _ => return None,
            },
        }
        self.named.insert(name);
        Some(())
    }

    /// The request that is meant; `None` where what was named makes none.
    pub(crate) fn request(&self) -> Option<Request> {
        let target = format!("/?{}", self.query.trim_start_matches('&'));
        let method = (!self.named.contains("method")).then_some((":method", "GET"));
        let own = method.into_iter().chain([(":path", target.as_str())]);
        let head = self.head.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Request::new(Headers::from_pairs(own.chain(head))).ok()
    }

    /// What must be named before a limit with this key can be told.
    pub(crate) fn missing(&self, key: &Key) -> Vec<Cow<'static, str>> {
        let is_named = |name: &str| self.named.contains(name);
        // Who is known is counted by name, and all others by address.
        let is_caller_named = is_named("consumer") || (is_named("address") && self.identity().is_none());
        let unless = |is_named: bool, name: &'static str| match is_named {
            true => Vec::new(),
            false => vec![Cow::Borrowed(name)],
        };
        match key {
            Key::All => Vec::new(),
            Key::Address => unless(is_named("address"), "address"),
            Key::Consumer => unless(is_caller_named, "consumer"),
            Key::Application | Key::Subscription if self.application.is_some() => Vec::new(),
            Key::Application | Key::Subscription if is_named("application") => {
                unless(is_caller_named, "consumer")
            }
            Key::Application | Key::Subscription => unless(false, "application"),
            Key::Parts(parts) => {
                let names = parts.iter().filter_map(Attribute::parameter);
                names.filter(|name| !is_named(name)).collect()
            }
        }
    }

    /// Who is meant.
    pub(crate) fn identity(&self) -> Option<Rc<Identity>> {
        let consumer = self.consumer.as_deref();
        if consumer.is_none() && self.application.is_none() && self.claims.is_empty() {
            return None;
        }
        let terms = Terms { application: self.application.clone(), ..Terms::default() };
        let identity = Identity::new(consumer.unwrap_or_default().into(), "".into(), [].into());
        let claims = self.claims.iter().cloned().collect();
        Some(Rc::new(identity.on_terms(Some(terms)).with_claims(Some(claims))))
    }
}

/// What the limits look at in place of the operator's own request. It changes nothing, whatever it is used for.
pub(crate) struct AskedEnv<'e> {
    pub(crate) env: &'e dyn Env,
    pub(crate) identity: Option<Rc<Identity>>,
    pub(crate) address: Option<IpAddr>,
}

impl<'e> AskedEnv<'e> {
    pub(crate) fn new(asked: &Asked, env: &'e dyn Env) -> Self {
        Self { env, identity: asked.identity(), address: asked.address }
    }
}

impl Env for AskedEnv<'_> {
    fn now(&self) -> UnixNanos {
        self.env.now()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.address
    }

    fn certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        None
    }

    fn operation(&self) -> Option<Rc<str>> {
        None
    }

    fn identity(&self) -> Option<Rc<Identity>> {
        self.identity.clone()
    }

    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.env.shared_get(key)
    }

    fn shared_set(&self, _key: &str, _value: &[u8], _version: Option<u32>) -> Result<(), Contended> {
        Err(Contended)
    }

    fn verify_signature(&self, _signed: &Signed<'_>) -> SignatureVerdict {
        SignatureVerdict::Unknown
    }
}
