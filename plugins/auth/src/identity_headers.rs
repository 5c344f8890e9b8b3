//! The headers in which upstreams are told who calls. The gateway alone writes them: what a client sends under these names, or under
//! names that some upstreams take for the same, goes no further on any operation.

mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::auth::IdentityHeaderConfig;
use portcullis_config::routing::ROUTE_HEADER;
use portcullis_core::{Edits, Environment, Identity, Rejection, Request, Terms};

use crate::invalid::InvalidAuth;
use crate::json::UniqueMembers;
use crate::scheme::header_name;

/// Longest value, in bytes; all headers of a request together have 60 KiB in Envoy.
const MAX_VALUE: usize = 4096;
/// Headers by which the connection, the message or Envoy itself is steered.
const STEERING: [&str; 8] = [
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-connection",
    "content-encoding",
    ROUTE_HEADER,
];

/// Writes the headers.
#[derive(Debug)]
pub(crate) struct IdentityHeaders(Vec<IdentityHeader>);

#[derive(Debug)]
struct IdentityHeader {
    /// In lower case.
    name: String,
    content: IdentityHeaderConfig,
}

/// What a token says that headers repeat, as they do, by the place of the header.
pub(crate) type Told = Vec<(usize, String)>;

/// Why no such header can be written, if so.
pub fn check_identity_header(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let steers = STEERING.contains(&lower.as_str()) || lower.starts_with("x-envoy-");
    match header_name(name) {
        None => Some("no header of this name can say who calls"),
        Some(_) if steers => Some("the header of this name means something else to the gateway"),
        Some(_) => None,
    }
}

/// Takes out of a request what could be taken for a header of the gateway's own.
pub(crate) fn strip_own(request: &Request, name: &str, edits: &mut Edits) {
    for found in request.headers().taken_for(name) {
        if !edits.remove.iter().any(|known| known == found) {
            edits.remove.push(Cow::Owned(found.to_owned()));
        }
    }
}

impl IdentityHeaders {
    /// `None` where there are none. `taken` are headers of the gateway's own that mean something else.
    pub(crate) fn compile(
        config: BTreeMap<String, IdentityHeaderConfig>,
        taken: &[&str],
    ) -> Result<Option<Self>, InvalidAuth> {
        let mut headers: Vec<IdentityHeader> = Vec::with_capacity(config.len());
        for (name, content) in config {
            let refused = |cause| InvalidAuth::IdentityHeader { name: name.clone(), cause };
            if let Some(cause) = check_identity_header(&name) {
                return Err(refused(cause));
            }
            let lower = name.to_ascii_lowercase();
            let plain = lower.replace('_', "-");
            let known = headers.iter().map(|header| header.name.as_str()).chain(taken.iter().copied());
            if known.map(|known| known.replace('_', "-")).any(|known| known == plain) {
                return Err(refused(
                    "another header of the gateway has this name, or one that is taken for it",
                ));
            }
            headers.push(IdentityHeader { name: lower, content });
        }
        Ok((!headers.is_empty()).then_some(Self(headers)))
    }

    /// What of a token's claims will be told; `issuer` vouches for it where it does not say who does.
    pub(crate) fn keep(&self, claims: &UniqueMembers, issuer: Option<&str>) -> Told {
        let told = |header: &IdentityHeader| match &header.content {
            IdentityHeaderConfig::Issuer => claims.text("iss").or(issuer).map(value::text),
            IdentityHeaderConfig::Subject => claims.text("sub").map(value::text),
            IdentityHeaderConfig::Claim(path) => claims.find(path).and_then(value::claim),
            _ => None,
        };
        self.0.iter().enumerate().filter_map(|(at, header)| Some((at, told(header)?))).collect()
    }

    /// Tells of a caller who is known, and takes the headers away for anybody else.
    pub(crate) fn put(
        &self,
        caller: Option<(&Identity, &[(usize, String)])>,
        request: &Request,
        edits: &mut Edits,
    ) -> Result<(), Rejection> {
        for (at, header) in self.0.iter().enumerate() {
            strip_own(request, &header.name, edits);
            let Some((identity, told)) = caller else { continue };
            let told = told.iter().find(|(known, _)| *known == at).map(|(_, text)| text.as_str());
            let Some(value) = header.value(identity, told).filter(|value| !value.is_empty()) else {
                continue;
            };
            if value.len() > MAX_VALUE {
                return Err(too_long());
            }
            edits.set.push((Cow::Owned(header.name.clone()), value));
        }
        Ok(())
    }
}

impl IdentityHeader {
    /// `None` where nothing is known.
    fn value(&self, identity: &Identity, told: Option<&str>) -> Option<String> {
        let of_terms = |text: fn(&Terms) -> Option<&str>| text(identity.terms()?).map(value::text);
        match &self.content {
            IdentityHeaderConfig::Consumer => Some(value::text(identity.consumer())),
            IdentityHeaderConfig::Scheme => Some(value::text(identity.scheme())),
            IdentityHeaderConfig::Application => of_terms(|terms| terms.application.as_deref()),
            IdentityHeaderConfig::ApplicationTier => of_terms(|terms| terms.application_tier.as_deref()),
            IdentityHeaderConfig::Tier => of_terms(|terms| terms.tier.as_deref()),
            IdentityHeaderConfig::Environment => of_terms(|terms| terms.environment.map(Environment::name)),
            IdentityHeaderConfig::Scopes => Some(value::words(identity.scopes().iter().map(String::as_str))),
            IdentityHeaderConfig::Subject if told.is_none() => Some(value::text(identity.consumer())),
            IdentityHeaderConfig::Subject | IdentityHeaderConfig::Issuer | IdentityHeaderConfig::Claim(_) => {
                told.map(str::to_owned)
            }
        }
    }
}

/// To cut it off would make two callers look the same, and to leave it out would make one look like nobody.
fn too_long() -> Rejection {
    let detail = "The credential says more of its bearer than the gateway can pass on.";
    Rejection::new(403, "identity-too-long", detail)
}
