//! Issuers of tokens: whose tokens are accepted, under which rules, and what a good one says of its bearer.
//! Cheap checks come before the signature, which costs a hundred times as much as all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::{IntrospectionConfig, IssuerConfig, RevocationConfig};
use portcullis_core::{Answer, Env, Fetch, Source, Topic, UnixNanos};
use serde_json::Value;

use crate::account::Account;
use crate::algorithm::Algorithm;
use crate::backend_jwt::PassedClaims;
use crate::binding::Binding;
use crate::cache::Cache;
use crate::claims::{self, Refused, Validity};
use crate::failure::{Failure, InvalidToken, Need, Unavailable};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::grant::Grant;
use crate::introspection::Introspection;
use crate::invalid::{InvalidAuth, IssuerError};
use crate::json::UniqueMembers;
use crate::key::Key;
use crate::published::PublishedKeys;
use crate::registered::{claims_are_typed, header_is_typed};
use crate::revocation::{Marks, Revocation};
use crate::token::{MAX_TOKEN, Token, TokenError, is_jwt, parse_token, short_type};

/// Half of the tokens remembered per VM.
const HALF_CACHE: usize = 2048;
/// Half of the bad tokens remembered per VM. They have a memory of their own: they evict no good one.
const HALF_BAD_CACHE: usize = 512;
/// How long a bad token is remembered.
const BAD_NANOS: u64 = 10_000_000_000;
/// Largest consumer and scopes that are remembered, so that the memory of all is bounded.
const MAX_REMEMBERED: usize = 2048;
/// Most keys tried for one token: without a `kid`, each costs a verification.
const MAX_TRIED: usize = 4;

/// Claims that are judged, or by which a token is revoked or bound: they are where RFC 7519 and RFC 7800 put them.
const UNMAPPED: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"];

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
    bad: Cache<Rc<Refusal>>,
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

#[derive(Debug)]
struct Issuer {
    /// Which claims upstreams see, if any.
    passed: Option<Rc<PassedClaims>>,
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    keys: Vec<Key>,
    /// As [`short_type`] has them.
    token_types: Vec<String>,
    /// Keys beside those of the configuration.
    published: Option<PublishedKeys>,
    skew_nanos: u64,
    without_expiry: bool,
    required_claims: BTreeMap<String, Vec<Value>>,
    claim_map: BTreeMap<String, Vec<String>>,
    consumer_claims: Vec<String>,
    scope_claims: Vec<String>,
    require_certificate_binding: bool,
}

/// What is left of a good token: all that has to be looked at again is the time, and the holder where it is bound.
#[derive(Debug)]
struct Verdict {
    validity: Validity,
    skew_nanos: u64,
    binding: Binding,
    /// What it could be revoked by, where anything is.
    marks: Option<Marks>,
    grant: Rc<Grant>,
}

impl Verdict {
    /// Bytes of its texts.
    fn size(&self) -> usize {
        self.grant.size() + self.marks.as_ref().map_or(0, Marks::size)
    }
}

/// What a token is held against whatever is remembered of it.
pub(crate) struct Holder<'h> {
    pub(crate) env: &'h dyn Env,
    /// The SHA-256 of the client's certificate.
    pub(crate) certificate: &'h dyn Fn() -> Option<[u8; 32]>,
    pub(crate) revocation: Option<&'h Revocation>,
}

/// Why a bad token is bad, and from when on that is known.
#[derive(Debug)]
struct Refusal {
    cause: InvalidToken,
    since: UnixNanos,
}

impl Refusal {
    /// Whether it is recent; the clock may have stepped back.
    fn holds(&self, now: UnixNanos) -> bool {
        now.0.checked_sub(self.since.0).is_some_and(|age| age < BAD_NANOS)
    }
}

impl Issuers {
    /// Compiles all issuers.
    pub(crate) fn compile(
        configs: BTreeMap<String, IssuerConfig>,
        introspections: BTreeMap<String, IntrospectionConfig>,
        revocation: Option<RevocationConfig>,
        passed: Option<&Rc<PassedClaims>>,
    ) -> Result<Self, InvalidAuth> {
        let (good, bad) = (Cache::new(HALF_CACHE), Cache::new(HALF_BAD_CACHE));
        let fingerprints = FingerprintKey::default();
        let introspections = introspections
            .into_iter()
            .map(|(name, config)| (name, Rc::new(Introspection::new(config, passed.cloned()))))
            .collect();
        let revocation = revocation.map(Revocation::new);
        let (names, issuers) = (Vec::new(), Vec::new());
        let mut all = Self { names, issuers, introspections, revocation, good, bad, fingerprints };
        for (name, config) in configs {
            let issuer = Issuer::compile(&name, config, passed.cloned());
            all.issuers.push(issuer.map_err(|cause| InvalidAuth::Issuer { name: name.clone(), cause })?);
            all.names.push(name);
        }
        Ok(all)
    }

    /// The place of an issuer, by its name in the configuration.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
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

    /// Takes in what was fetched. Tokens that were found good or bad under other keys are judged anew.
    pub(crate) fn learn(&self, source: &str, text: Vec<u8>, replaces: bool) {
        match (self.published_as(source), &self.revocation) {
            (Some(keys), _) if keys.learn(&text) => {
                self.good.clear();
                self.bad.clear();
            }
            (Some(_), _) | (None, None) => {}
            (None, Some(revocation)) => revocation.learn(text, replaces),
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
        if presented.len() > MAX_TOKEN {
            return Err(InvalidToken::Malformed(TokenError::TooLong).into());
        }
        let now = env.now();
        let fingerprint = self.fingerprints.of(accepted.scheme, presented);
        if let Some(verdict) = fingerprint.and_then(|fingerprint| self.good.get(fingerprint)) {
            verdict.validity.check(now, verdict.skew_nanos).map_err(InvalidToken::from)?;
            verdict.binding.check(certificate)?;
            self.check_revoked(&verdict, now, env)?;
            return Ok(verdict.grant.clone());
        }
        let known = fingerprint.and_then(|fingerprint| self.bad.get(fingerprint));
        if let Some(refusal) = known.filter(|refusal| refusal.holds(now)) {
            return Err(refusal.cause.clone().into());
        }
        match self.judge(presented, accepted, now, env) {
            Ok(None) => {
                let holder = Holder { env, certificate, revocation: self.revocation.as_ref() };
                ask(presented, &accepted.introspections, &holder)
            }
            Ok(Some(verdict)) => {
                let verdict = self.remember(fingerprint, verdict);
                verdict.binding.check(certificate)?;
                self.check_revoked(&verdict, now, env)?;
                Ok(verdict.grant.clone())
            }
            Err(Failure::Token(cause)) => {
                if let Some(fingerprint) = fingerprint.filter(|_| cause.is_final()) {
                    self.bad.insert(fingerprint, Rc::new(Refusal { cause: cause.clone(), since: now }));
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
        let named = match token.claims.text("iss") {
            None if is_opaque => return Ok(None),
            named => named.ok_or(InvalidToken::Claims(Refused::Missing("iss")))?,
        };
        let mut failure = None;
        let issuers = accepted.issuers.iter().filter_map(|at| self.issuers.get(*at));
        for issuer in issuers.filter(|issuer| issuer.issuer == named) {
            match issuer.verify(&token, now, env) {
                Ok(mut verdict) => {
                    verdict.marks = self.revocation.as_ref().map(|_| Marks::of(text, &token.claims));
                    return Ok(Some(verdict));
                }
                Err(cause) => failure = Some(cause),
            }
        }
        match failure {
            None if is_opaque => Ok(None),
            failure => Err(failure.unwrap_or(InvalidToken::IssuerUnknown.into())),
        }
    }

    /// Whatever is remembered of a token, it may have been revoked since.
    fn check_revoked(&self, verdict: &Verdict, now: UnixNanos, env: &dyn Env) -> Result<(), Failure> {
        match (&self.revocation, &verdict.marks) {
            (Some(revocation), Some(marks)) => revocation.check(marks, now, env),
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

impl Issuer {
    fn compile(
        name: &str,
        config: IssuerConfig,
        passed: Option<Rc<PassedClaims>>,
    ) -> Result<Self, IssuerError> {
        let algorithm =
            |name: &String| Algorithm::parse(name).ok_or_else(|| IssuerError::Algorithm(name.clone()));
        let algorithms: Vec<_> = config.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?;
        if algorithms.is_empty() {
            return Err(IssuerError::NoAlgorithm);
        }
        if config.consumer_claims.is_empty() {
            return Err(IssuerError::NoConsumerClaim);
        }
        let keys = read_keys(&config, &algorithms)?;
        if let Some(name) = config.claim_map.keys().find(|name| UNMAPPED.contains(&name.as_str())) {
            return Err(IssuerError::MappedClaim(name.clone()));
        }
        if let Some(typ) = config.token_types.iter().find(|typ| !is_jwt(typ)) {
            return Err(IssuerError::TokenType(typ.clone()));
        }
        let published = config
            .published
            .map(|published| PublishedKeys::new(name, &config.issuer, &algorithms, published));
        if keys.is_empty() && published.is_none() {
            return Err(IssuerError::NoKey);
        }
        let mapped_first = |name: &str, names: Vec<String>| {
            let mapped = config.claim_map.contains_key(name).then(|| name.to_owned());
            mapped.into_iter().chain(names).collect()
        };
        Ok(Self {
            issuer: config.issuer,
            audiences: config.audiences,
            algorithms,
            keys,
            token_types: config.token_types.iter().map(|typ| short_type(typ)).collect(),
            published,
            skew_nanos: u64::from(config.skew_seconds) * 1_000_000_000,
            without_expiry: config.without_expiry,
            required_claims: config.required_claims,
            consumer_claims: mapped_first("consumer", config.consumer_claims),
            scope_claims: mapped_first("scope", config.scope_claims),
            claim_map: config.claim_map,
            require_certificate_binding: config.require_certificate_binding,
            passed,
        })
    }

    fn verify(&self, token: &Token, now: UnixNanos, env: &dyn Env) -> Result<Verdict, Failure> {
        let algorithm = Algorithm::parse(&token.algorithm)
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(InvalidToken::AlgorithmRefused)?;
        self.check_type(token)?;
        let validity = Validity::read(&token.claims, self.without_expiry)?;
        validity.check(now, self.skew_nanos)?;
        claims::check_audience(&token.claims, &self.audiences)?;
        claims::check_required(&token.claims, &self.required_claims)?;
        let mapped = self.mapped(&token.claims);
        let consumer =
            claims::consumer(&mapped, &self.consumer_claims).ok_or(InvalidToken::ConsumerMissing)?;
        let binding = Binding::read(&token.claims, self.require_certificate_binding)?;
        self.check_signature(token, algorithm, env)?;
        if !claims_are_typed(&token.claims) {
            return Err(InvalidToken::MemberType.into());
        }
        let scopes = claims::scopes(&mapped, &self.scope_claims);
        let account = Account::of_claims(&mapped).map_err(|_| InvalidToken::MemberType)?;
        let kept = self.passed.as_ref().map(|passed| passed.keep(&token.claims));
        let grant = Rc::new(Grant::new(consumer, scopes).with_account(account).with_claims(kept));
        Ok(Verdict { validity, skew_nanos: self.skew_nanos, binding, marks: None, grant })
    }

    fn check_type(&self, token: &Token) -> Result<(), InvalidToken> {
        let is_accepted = |typ: &str| self.token_types.contains(&short_type(typ));
        if self.token_types.is_empty() || token.header.text("typ").is_some_and(is_accepted) {
            Ok(())
        } else {
            Err(InvalidToken::TypeRefused)
        }
    }

    /// The claims under the names that the gateway reads.
    fn mapped<'c>(&self, claims: &'c UniqueMembers) -> Cow<'c, UniqueMembers> {
        if self.claim_map.is_empty() {
            return Cow::Borrowed(claims);
        }
        let mut mapped = claims.clone();
        claims::map(&mut mapped, &self.claim_map);
        Cow::Owned(mapped)
    }

    /// With a `kid`, keys of that name and then those without a name, which a PEM file has; without, all that fit. Few
    /// are tried.
    fn check_signature(&self, token: &Token, algorithm: Algorithm, env: &dyn Env) -> Result<(), Failure> {
        let published = self.published.as_ref().and_then(PublishedKeys::keys);
        let all = || self.keys.iter().chain(published.iter().flat_map(|keys| keys.iter()));
        let fits = |key: &&Key| key.algorithm == algorithm;
        let is_named = |key: &&Key| key.id.is_some() && (token.key_id.is_none() || token.key_id == key.id);
        let named = all().filter(is_named);
        let nameless = all().filter(|key| key.id.is_none());
        let mut fitting = named.chain(nameless).filter(fits).peekable();
        if fitting.peek().is_none() {
            return Err(self.key_unknown(env));
        }
        if !header_is_typed(&token.header) {
            return Err(InvalidToken::MemberType.into());
        }
        let signed = fitting.take(MAX_TRIED).any(|key| key.verify(token, env).is_ok());
        match signed {
            true => Ok(()),
            // Only keys without a name were tried for a token that names one.
            false if self.published.is_some() && !all().filter(fits).any(|key| is_named(&key)) => {
                Err(self.key_unknown(env))
            }
            false => Err(InvalidToken::SignatureInvalid.into()),
        }
    }

    /// A key that is not known may have been published since the last fetch.
    fn key_unknown(&self, env: &dyn Env) -> Failure {
        let Some(published) = &self.published else { return InvalidToken::KeyUnknown.into() };
        let source = published.source_name();
        if env.answer(&Topic::Source(Rc::clone(source))).is_none() {
            return Failure::Pending(Need::Refresh(Rc::clone(source)));
        }
        if published.keys().is_none() { Unavailable::Keys.into() } else { InvalidToken::KeyUnknown.into() }
    }
}

/// Public keys, or secrets, as the algorithms have it: never both, so that nobody signs with what is public.
fn read_keys(config: &IssuerConfig, algorithms: &[Algorithm]) -> Result<Vec<Key>, IssuerError> {
    let is_symmetric = algorithms.iter().any(|algorithm| algorithm.is_symmetric());
    if is_symmetric && !algorithms.iter().all(|algorithm| algorithm.is_symmetric()) {
        return Err(IssuerError::MixedAlgorithms);
    }
    if !(if is_symmetric {
        config.keys.is_empty() && config.published.is_none()
    } else {
        config.secrets.is_empty()
    }) {
        return Err(IssuerError::MixedKeys);
    }
    let mut keys = Vec::new();
    for (position, jwk) in config.keys.iter().enumerate() {
        keys.extend(Key::read(jwk, position, algorithms)?);
    }
    for (position, secret) in config.secrets.iter().enumerate() {
        keys.extend(Key::share(secret, position, algorithms)?);
    }
    Ok(keys)
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
