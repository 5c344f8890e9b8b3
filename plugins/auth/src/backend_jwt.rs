//! The token that upstreams get about a known caller: made when it is first needed, remembered for a while, and
//! made anew before it expires. Nothing that a client sends under its header's name goes on.

mod passed;

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_config::auth::{AssertedApiConfig, BackendJwtConfig};
use portcullis_core::{Edits, Env, Environment, Identity, Rejection, Request, UnixNanos};
use serde_json::{Map, Value};

use crate::cache::Cache;
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::identity_headers::strip_own;
use crate::invalid::InvalidAuth;
use crate::scheme::header_name;
use crate::signer::Signer;
pub(crate) use passed::PassedClaims;

/// Half of the tokens that are remembered.
const HALF_CACHE: usize = 1024;
/// Longer ones are made anew for each request.
const MAX_REMEMBERED: usize = 8 * 1024;
const MIN_TTL_SECONDS: u32 = 4;

/// What the fingerprints are of.
const CONTENT: u64 = 0;
const TOKEN_ID: u64 = 1;

/// Makes the tokens.
#[derive(Debug)]
pub(crate) struct BackendJwt {
    /// In lower case.
    header: String,
    issuer: String,
    audience: Option<Value>,
    signer: Signer,
    dialect: String,
    ttl_seconds: u64,
    passed: Rc<PassedClaims>,
    made: Cache<Rc<Made>>,
    fingerprints: FingerprintKey,
}

/// A token, and when it was made.
struct Made {
    text: String,
    since: u64,
}

/// Without the token.
impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("since", &self.since).finish_non_exhaustive()
    }
}

/// Whom a token is about.
pub(crate) struct Caller<'c> {
    pub(crate) identity: &'c Identity,
    /// What [`PassedClaims`] kept of the caller's own token: a JSON object.
    pub(crate) claims: Option<&'c str>,
    /// The token that the caller's own brings along for the upstream.
    pub(crate) given: Option<&'c str>,
    pub(crate) api: Option<&'c AssertedApiConfig>,
}

impl BackendJwt {
    pub(crate) fn compile(config: BackendJwtConfig) -> Result<Self, InvalidAuth> {
        let refused = |cause: &str| InvalidAuth::BackendJwt(cause.to_owned());
        let header = header_name(&config.header)
            .ok_or_else(|| InvalidAuth::BackendJwt(format!("'{}' cannot hold a token", config.header)))?;
        if config.ttl_seconds < MIN_TTL_SECONDS {
            return Err(refused("it expires within 4 seconds"));
        }
        let audience = match config.audiences.as_slice() {
            [] => None,
            [only] => Some(Value::from(only.as_str())),
            several => Some(Value::from(several)),
        };
        Ok(Self {
            header,
            issuer: config.issuer,
            audience,
            signer: Signer::compile(config.algorithm, &config.key_id, &config.key)
                .ok_or_else(|| refused("the key is not one for its algorithm"))?,
            dialect: config.dialect,
            ttl_seconds: config.ttl_seconds.into(),
            passed: Rc::new(PassedClaims::new(config.claims, config.restricted_claims, config.token_claim)),
            made: Cache::new(HALF_CACHE),
            fingerprints: FingerprintKey::default(),
        })
    }

    /// The header, in lower case.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// What of callers' own tokens has to be kept for it.
    pub(crate) fn passed(&self) -> &Rc<PassedClaims> {
        &self.passed
    }

    /// Sets the header for a caller who is known, and takes it away for anybody else.
    pub(crate) fn put(
        &self,
        caller: Option<&Caller<'_>>,
        request: &Request,
        env: &dyn Env,
        edits: &mut Edits,
    ) -> Result<(), Rejection> {
        strip_own(request, &self.header, edits);
        if let Some(given) = caller.and_then(|caller| caller.given) {
            edits.set.push((Cow::Owned(self.header.clone()), given.to_owned()));
        } else if let Some(caller) = caller {
            let made = self.token(caller, env).ok_or_else(|| Rejection::internal("backend-jwt-unsigned"))?;
            edits.set.push((Cow::Owned(self.header.clone()), made.text.clone()));
        }
        Ok(())
    }

    /// `None` when it cannot be signed.
    fn token(&self, caller: &Caller<'_>, env: &dyn Env) -> Option<Rc<Made>> {
        let now = env.now();
        // The scheme, which stands in the line, belongs to one API; and a line has no line end.
        let content = format!("{}\n{}", caller.identity.line_of_caller(), caller.claims.unwrap_or_default());
        let fingerprint = self.fingerprints.of(CONTENT, content.as_bytes());
        let known = fingerprint.and_then(|fingerprint| self.made.get(fingerprint));
        if let Some(known) = known.filter(|made| self.is_fresh(made, now)) {
            return Some(known);
        }
        let id = self.fingerprints.of(TOKEN_ID, format!("{}\n{content}", now.seconds()).as_bytes());
        let claims = Value::Object(self.claims(caller, now, id)).to_string();
        let text = self.signer.token(&claims, env)?;
        let made = Rc::new(Made { text, since: now.seconds() });
        if let Some(fingerprint) = fingerprint.filter(|_| made.text.len() <= MAX_REMEMBERED) {
            self.made.insert(fingerprint, Rc::clone(&made));
        }
        Some(made)
    }

    /// Whether a quarter of its time is left; the clock may have stepped back.
    fn is_fresh(&self, made: &Made, now: UnixNanos) -> bool {
        now.seconds().checked_sub(made.since).is_some_and(|age| age < self.ttl_seconds * 3 / 4)
    }

    /// Under the names of the gateway's own claims nobody else says anything, not even where it has nothing to say.
    fn claims(&self, caller: &Caller<'_>, now: UnixNanos, id: Option<Fingerprint>) -> Map<String, Value> {
        let of_token = caller.claims.and_then(|claims| serde_json::from_str(claims).ok());
        let mut claims: Map<String, Value> = of_token.unwrap_or_default();
        let identity = caller.identity;
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or(identity.consumer()).to_owned();
        for (name, value) in own_claims(caller, &subject) {
            let full_name = format!("{}{name}", self.dialect);
            match value.filter(|_| self.passed.may_show(name)) {
                Some(value) => drop(claims.insert(full_name, value.into())),
                None => drop(claims.remove(&full_name)),
            }
        }
        if self.passed.may_show("sub") {
            claims.insert("sub".to_owned(), subject.into());
        }
        if self.passed.may_show("scope") && !identity.scopes().is_empty() {
            claims.insert("scope".to_owned(), identity.scopes().join(" ").into());
        }
        let id = id.map(|id| Value::from(format!("{:032x}", id.number())));
        let registered = [
            ("iss", Some(Value::from(self.issuer.as_str()))),
            ("aud", self.audience.clone()),
            ("jti", id),
            ("iat", Some(now.seconds().into())),
            ("exp", Some(now.seconds().saturating_add(self.ttl_seconds).into())),
        ];
        for (name, value) in registered {
            claims.extend(value.map(|value| (name.to_owned(), value)));
        }
        claims
    }
}

/// What the gateway knows beside the registered claims, under WSO2's names without the dialect.
fn own_claims<'c>(caller: &Caller<'c>, subject: &'c str) -> [(&'static str, Option<&'c str>); 9] {
    let (terms, api) = (caller.identity.terms(), caller.api);
    let keytype = match terms.and_then(|terms| terms.environment) {
        Some(Environment::Sandbox) => "SANDBOX",
        Some(Environment::Production) | None => "PRODUCTION",
    };
    [
        ("enduser", Some(subject)),
        ("consumer", Some(caller.identity.consumer())),
        ("applicationname", terms.and_then(|terms| terms.application.as_deref())),
        ("applicationtier", terms.and_then(|terms| terms.application_tier.as_deref())),
        ("tier", terms.and_then(|terms| terms.tier.as_deref())),
        ("apiname", api.map(|api| api.name.as_str())),
        ("apicontext", api.map(|api| api.context.as_str())),
        ("version", api.map(|api| api.version.as_str())),
        ("keytype", Some(keytype)),
    ]
}
