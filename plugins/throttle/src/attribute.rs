//! What a request has, and what of it a limit may look at.

use std::borrow::Cow;
use std::net::IpAddr;

use portcullis_config::throttle::AttributeConfig;
use portcullis_core::{Env, Request, decode_form};

/// A request and its caller, as limits see them.
pub(crate) struct Subject<'s> {
    /// Its head; `None` where no limit looks at it.
    pub(crate) request: Option<&'s Request>,
    pub(crate) env: &'s dyn Env,
    pub(crate) api: &'s str,
}

/// Something that a request may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute(AttributeConfig);

impl Attribute {
    /// `None` for a name that nothing can have.
    pub(crate) fn new(config: &AttributeConfig) -> Option<Self> {
        let is_name = |name: &str| !name.is_empty() && !name.starts_with(':');
        match config {
            AttributeConfig::Header(name) => {
                let name = name.to_ascii_lowercase();
                is_name(&name).then_some(Self(AttributeConfig::Header(name)))
            }
            AttributeConfig::Query(name) | AttributeConfig::Claim(name) if name.is_empty() => None,
            other => Some(Self(other.clone())),
        }
    }

    /// Whether the request's head is needed.
    pub(crate) fn is_of_head(&self) -> bool {
        use AttributeConfig::{Header, Host, Method, Query};
        matches!(self.0, Header(_) | Query(_) | Method | Host)
    }

    /// Whether authentication has to come first.
    pub(crate) fn is_of_caller(&self) -> bool {
        use AttributeConfig::{Application, Claim, Consumer};
        matches!(self.0, Claim(_) | Consumer | Application)
    }

    /// Whether a caller has as many values as it likes of it.
    pub(crate) fn is_free(&self) -> bool {
        self.is_of_head() || self.is_address()
    }

    /// Whether one of its values fits; none does where there is none.
    pub(crate) fn any(&self, subject: &Subject<'_>, mut fits: impl FnMut(&[u8]) -> bool) -> bool {
        let Subject { request, env, api } = *subject;
        let mut text = |text: &str| fits(text.as_bytes());
        match &self.0 {
            AttributeConfig::Header(name) => {
                request.and_then(|request| request.headers().all(name).last()).is_some_and(fits)
            }
            AttributeConfig::Query(name) => query(request, name).is_some_and(|value| text(&value)),
            AttributeConfig::Claim(name) => {
                env.identity().is_some_and(|identity| identity.claim(name).any(text))
            }
            AttributeConfig::Method => request.is_some_and(|request| text(request.method())),
            AttributeConfig::Host => {
                let host = request.map(Request::host).filter(|host| !host.is_empty());
                host.is_some_and(text)
            }
            AttributeConfig::Address => {
                env.client().is_some_and(|client| text(&client.to_canonical().to_string()))
            }
            AttributeConfig::Consumer => env.identity().is_some_and(|identity| text(identity.consumer())),
            AttributeConfig::Application => env.identity().is_some_and(|identity| {
                let terms = identity.terms();
                terms.and_then(|terms| terms.application.as_deref()).is_some_and(text)
            }),
            AttributeConfig::Api => text(api),
        }
    }

    /// Whether it is the address.
    pub(crate) fn is_address(&self) -> bool {
        self.0 == AttributeConfig::Address
    }

    /// By which parameter an operator names it; `None` for what needs no name.
    pub(crate) fn parameter(&self) -> Option<Cow<'static, str>> {
        Some(match &self.0 {
            AttributeConfig::Header(name) => format!("header.{name}").into(),
            AttributeConfig::Query(name) => format!("query.{name}").into(),
            AttributeConfig::Claim(name) => format!("claim.{name}").into(),
            AttributeConfig::Method => "method".into(),
            AttributeConfig::Host => "host".into(),
            AttributeConfig::Address => "address".into(),
            AttributeConfig::Consumer => "consumer".into(),
            AttributeConfig::Application => "application".into(),
            AttributeConfig::Api => return None,
        })
    }

    /// The address, where it is that.
    pub(crate) fn address(&self, subject: &Subject<'_>) -> Option<IpAddr> {
        self.is_address().then(|| subject.env.client()).flatten()
    }
}

/// The value of the last parameter of this name; one that has no value is empty. A name or value that is not
/// percent-encoded UTF-8 is nobody's.
fn query<'r>(request: Option<&'r Request>, name: &str) -> Option<Cow<'r, str>> {
    let named = request?.query_pairs().filter(|pair| decode_form(pair.name).is_ok_and(|found| found == name));
    decode_form(named.last()?.value.unwrap_or_default()).ok()
}
