//! All issuers of tokens and authorization servers: who judges a token, what is remembered of it, and what holds whatever
//! is remembered.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::{IntrospectionConfig, IssuerConfig, RevocationConfig};
use portcullis_core::{Answer, Env, Fetch, Request, Source, UnixNanos};

use crate::cache::Cache;
use crate::claims::Refused;
use crate::failure::{Failure, InvalidToken};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::grant::Grant;
use crate::introspection::Introspection;
use crate::invalid::InvalidAuth;
use crate::issuer::{Issuer, Verdict};
use crate::kept::Keeper;
use crate::published::PublishedKeys;
use crate::remembered::Remembered;
use crate::revocation::Revocation;
use crate::signed_key::{SignedKeys, is_key};
use crate::token::{MAX_TOKEN, TokenError, parse_token};

/// Half of the tokens remembered per VM.
const HALF_CACHE: usize = 2048;
/// Half of the bad tokens remembered per VM. They have a memory of their own: they evict no good one.
const HALF_BAD_CACHE: usize = 512;
/// How long a bad token is remembered.
const BAD_SECONDS: u32 = 10;
/// Largest consumer and scopes that are remembered, so that the memory of all is bounded.
const MAX_REMEMBERED: usize = 2048;

/// All issuers, in the order of their names.
#[derive(Debug)]
pub(crate) struct Issuers {
    names: Vec<String>,
    issuers: Vec<Issuer>,
    /// By their names.
    introspections: BTreeMap<String, Rc<Introspection>>,
    revocation: Option<Revocation>,
    /// Tokens found good, by the whole token and by who was accepted.
    good: Cache<Rc<Verdict>>,
    /// Tokens found bad for good, by the same.
    bad: Remembered<InvalidToken>,
    fingerprints: FingerprintKey,
}

/// The issuers that a scheme accepts.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Tells the scheme from others: what is good for one is not good for another.
    pub(crate) scheme: u64,
    /// The issuers, by their places.
    pub(crate) issuers: Vec<usize>,
    /// Who is asked about tokens that are none of these issuers'.
    pub(crate) introspections: Vec<Rc<Introspection>>,
}

/// What a token is held against whatever is remembered of it.
pub(crate) struct Holder<'h> {
    pub(crate) env: &'h dyn Env,
    /// The SHA-256 of the client's certificate.
    pub(crate) certificate: &'h dyn Fn() -> Option<[u8; 32]>,
    pub(crate) revocation: Option<&'h Revocation>,
}

impl Issuers {
    /// Compiles all issuers.
    pub(crate) fn compile(
        configs: BTreeMap<String, IssuerConfig>,
        introspections: BTreeMap<String, IntrospectionConfig>,
        revocation: Option<RevocationConfig>,
        keeper: &Keeper,
    ) -> Result<Self, InvalidAuth> {
        let (good, bad) = (Cache::new(HALF_CACHE), Remembered::of_size(HALF_BAD_CACHE, BAD_SECONDS));
        let fingerprints = FingerprintKey::default();
        let compile = |(name, config): (String, _)| match Introspection::compile(config, keeper.clone()) {
            Ok(introspection) => Ok((name, Rc::new(introspection))),
            Err(cause) => Err(InvalidAuth::Issuer { name, cause }),
        };
        let introspections = introspections.into_iter().map(compile).collect::<Result<_, _>>()?;
        let revocation = revocation.map(Revocation::new);
        let (names, issuers) = (Vec::new(), Vec::new());
        let mut all = Self { names, issuers, introspections, revocation, good, bad, fingerprints };
        for (name, config) in configs {
            let issuer = Issuer::compile(&name, config, keeper.clone());
            all.issuers.push(issuer.map_err(|cause| InvalidAuth::Issuer { name: name.clone(), cause })?);
            all.names.push(name);
        }
        Ok(all)
    }

    /// The place of an issuer of access tokens, by its name in the configuration.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.find(name, |issuer| issuer.keys_issued.is_none())
    }

    /// The place of an issuer of API keys.
    pub(crate) fn key_issuer(&self, name: &str) -> Option<usize> {
        self.find(name, |issuer| issuer.keys_issued.is_some())
    }

    fn find(&self, name: &str, is_wanted: impl Fn(&Issuer) -> bool) -> Option<usize> {
        let found = self.names.iter().position(|known| known == name)?;
        self.issuers.get(found).is_some_and(is_wanted).then_some(found)
    }

    /// Who is asked about opaque tokens, by the name in the configuration.
    pub(crate) fn introspection(&self, name: &str) -> Option<&Rc<Introspection>> {
        self.introspections.get(name)
    }

    /// Keys that have to be fetched.
    fn published(&self) -> impl Iterator<Item = &PublishedKeys> {
        self.issuers.iter().filter_map(|issuer| issuer.published.as_ref())
    }

    /// Whether a server is ever asked.
    pub(crate) fn asks(&self) -> bool {
        !self.introspections.is_empty() || !self.sources().is_empty()
    }

    /// What is fetched: published keys, and what is revoked.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let keys = self.published().map(PublishedKeys::source);
        keys.chain(self.revocation.iter().map(Revocation::source)).collect()
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, source: &str, answer: Option<&Answer>, env: &dyn Env) -> Fetch {
        match (self.published_as(source), &self.revocation) {
            (Some(keys), _) => keys.fetch(answer),
            (None, Some(revocation)) => revocation.fetch(answer, env),
            (None, None) => Fetch::Unchanged,
        }
    }

    /// Takes in what was fetched. Tokens that were found good or bad under other keys are judged anew. False when it cannot be
    /// learned now.
    pub(crate) fn learn(&self, source: &str, text: Vec<u8>, replaces: bool, env: &dyn Env) -> bool {
        match (self.published_as(source), &self.revocation) {
            (Some(keys), _) if keys.learn(&text) => {
                self.good.clear();
                self.bad.clear();
                true
            }
            (Some(_), _) | (None, None) => true,
            (None, Some(revocation)) => revocation.learn(&text, replaces, env),
        }
    }

    fn published_as(&self, source: &str) -> Option<&PublishedKeys> {
        self.published().find(|keys| **keys.source_name() == *source)
    }

    /// What a token grants, if one of the accepted issuers vouches for it. `certificate` is the SHA-256 of the
    /// client's.
    pub(crate) fn verify(
        &self,
        presented: &[u8],
        accepted: &Accepted,
        env: &dyn Env,
        certificate: &dyn Fn() -> Option<[u8; 32]>,
    ) -> Result<Rc<Grant>, Failure> {
        match self.verdict(presented, accepted, env, certificate)? {
            Some(verdict) => Ok(Rc::clone(&verdict.grant)),
            None => {
                let holder = Holder { env, certificate, revocation: self.revocation.as_ref() };
                ask(presented, &accepted.introspections, &holder)
            }
        }
    }

    /// What a signed API key grants for a request to this API.
    pub(crate) fn verify_key(
        &self,
        presented: &[u8],
        keys: &SignedKeys,
        request: &Request,
        env: &dyn Env,
        certificate: &dyn Fn() -> Option<[u8; 32]>,
    ) -> Result<Rc<Grant>, Failure> {
        let verdict = self.verdict(presented, &keys.accepted, env, certificate).map_err(Failure::of_key)?;
        let verdict = verdict.ok_or(Failure::ApiKeyUnknown)?;
        let restrictions = verdict.restrictions.as_ref().ok_or(Failure::ApiKeyUnknown)?;
        restrictions.check(keys, request, env)?;
        Ok(Rc::clone(&verdict.grant))
    }

    /// `None` for a token that none of the accepted issuers could have made, and that a server may know.
    fn verdict(
        &self,
        presented: &[u8],
        accepted: &Accepted,
        env: &dyn Env,
        certificate: &dyn Fn() -> Option<[u8; 32]>,
    ) -> Result<Option<Rc<Verdict>>, Failure> {
        if presented.len() > MAX_TOKEN {
            return Err(InvalidToken::Malformed(TokenError::TooLong).into());
        }
        let now = env.now();
        let fingerprint = self.fingerprints.of(accepted.scheme, presented);
        if let Some(verdict) = fingerprint.and_then(|fingerprint| self.good.get(fingerprint)) {
            verdict.validity.check(now, verdict.skew_nanos).map_err(InvalidToken::from)?;
            verdict.binding.check(certificate)?;
            self.check_revoked(presented, &verdict, now, env)?;
            return Ok(Some(verdict));
        }
        if let Some(cause) = fingerprint.and_then(|fingerprint| self.bad.get(fingerprint, now)) {
            return Err(cause.into());
        }
        match self.judge(presented, accepted, now, env) {
            Ok(None) => Ok(None),
            Ok(Some(verdict)) => {
                let verdict = self.remember(fingerprint, verdict);
                verdict.binding.check(certificate)?;
                self.check_revoked(presented, &verdict, now, env)?;
                Ok(Some(verdict))
            }
            Err(Failure::Token(cause)) => {
                if let Some(fingerprint) = fingerprint.filter(|_| cause.is_final()) {
                    self.bad.insert(fingerprint, now, cause.clone());
                }
                Err(cause.into())
            }
            Err(failure) => Err(failure),
        }
    }

    fn judge(
        &self,
        presented: &[u8],
        accepted: &Accepted,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<Option<Verdict>, Failure> {
        let is_opaque = !accepted.introspections.is_empty();
        let text = std::str::from_utf8(presented).unwrap_or_default();
        let token = match parse_token(text) {
            // A JWT that asks for what is refused is no opaque token.
            Err(TokenError::Parts | TokenError::Base64 | TokenError::Header) if is_opaque => return Ok(None),
            read => read.map_err(InvalidToken::Malformed)?,
        };
        // No server turns an API key into an access token.
        if is_opaque && is_key(&token.claims) {
            return Err(InvalidToken::TypeRefused.into());
        }
        let named = match token.claims.text("iss") {
            None if is_opaque => return Ok(None),
            named => named.ok_or(InvalidToken::Claims(Refused::Missing("iss")))?,
        };
        let mut failure = None;
        let issuers = accepted.issuers.iter().filter_map(|at| self.issuers.get(*at));
        for issuer in issuers.filter(|issuer| issuer.is_named(named)) {
            match issuer.verify(&token, self.revocation.is_some(), now, env) {
                Ok(verdict) => return Ok(Some(verdict)),
                Err(cause) => failure = Some(cause),
            }
        }
        match failure {
            None if is_opaque => Ok(None),
            failure => Err(failure.unwrap_or(InvalidToken::IssuerUnknown.into())),
        }
    }

    /// Whatever is remembered of a token, it may have been revoked since.
    fn check_revoked(
        &self,
        presented: &[u8],
        verdict: &Verdict,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<(), Failure> {
        match (&self.revocation, &verdict.marks) {
            (Some(revocation), Some(marks)) => {
                // An entry ends with its token, which is good for so much longer.
                let now = UnixNanos(now.0.saturating_sub(verdict.skew_nanos));
                revocation.check(presented, marks, now, env)
            }
            _ => Ok(()),
        }
    }

    fn remember(&self, fingerprint: Option<Fingerprint>, verdict: Verdict) -> Rc<Verdict> {
        let verdict = Rc::new(verdict);
        if let Some(fingerprint) = fingerprint.filter(|_| verdict.size() <= MAX_REMEMBERED) {
            self.good.insert(fingerprint, Rc::clone(&verdict));
        }
        verdict
    }
}

/// What the authorization servers say of a token: the first that knows it as good, else the last.
fn ask(presented: &[u8], servers: &[Rc<Introspection>], holder: &Holder<'_>) -> Result<Rc<Grant>, Failure> {
    let mut failure = Failure::from(InvalidToken::IssuerUnknown);
    for server in servers {
        match server.verify(presented, holder) {
            // The server has vouched for it; another must not know less of it.
            Err(Failure::Token(cause @ (InvalidToken::Revoked | InvalidToken::CertificateMismatch))) => {
                return Err(cause.into());
            }
            Err(Failure::Token(cause)) => failure = cause.into(),
            other => return other,
        }
    }
    Err(failure)
}
