//! Issuers of tokens: whose tokens are accepted, under which rules, and what a good one says of its bearer.
//! Cheap checks come before the signature, which costs a hundred times as much as all of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::IssuerConfig;
use portcullis_core::{Env, UnixNanos};

use crate::algorithm::Algorithm;
use crate::binding::Binding;
use crate::cache::Cache;
use crate::claims::{self, Refused, Validity};
use crate::failure::{Failure, InvalidToken};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::grant::Grant;
use crate::invalid::{InvalidAuth, IssuerError};
use crate::key::Key;
use crate::registered::{claims_are_typed, header_is_typed};
use crate::token::{MAX_TOKEN, Token, TokenError, parse_token};

/// Half of the tokens remembered per VM.
const HALF_CACHE: usize = 2048;
/// Largest consumer and scopes that are remembered, so that the memory of all is bounded.
const MAX_REMEMBERED: usize = 2048;
/// Most keys tried for one token: without a `kid`, each costs a verification.
const MAX_TRIED: usize = 4;

/// All issuers, in the order of their names.
#[derive(Debug)]
pub(crate) struct Issuers {
    names: Vec<String>,
    issuers: Vec<Issuer>,
    /// Tokens found good, by the whole token and by who was accepted.
    good: Cache<Rc<Verdict>>,
    fingerprints: FingerprintKey,
}

/// The issuers that a scheme accepts.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Tells the scheme from others: what is good for one is not good for another.
    pub(crate) scheme: u64,
    /// The issuers, by their places.
    pub(crate) issuers: Vec<usize>,
}

#[derive(Debug)]
struct Issuer {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    keys: Vec<Key>,
    skew_nanos: u64,
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
    grant: Rc<Grant>,
}

impl Issuers {
    /// Compiles all issuers.
    pub(crate) fn compile(configs: BTreeMap<String, IssuerConfig>) -> Result<Self, InvalidAuth> {
        let (good, fingerprints) = (Cache::new(HALF_CACHE), FingerprintKey::default());
        let mut all = Self { names: Vec::new(), issuers: Vec::new(), good, fingerprints };
        for (name, config) in configs {
            let issuer = Issuer::compile(config);
            all.issuers.push(issuer.map_err(|cause| InvalidAuth::Issuer { name: name.clone(), cause })?);
            all.names.push(name);
        }
        Ok(all)
    }

    /// The place of an issuer, by its name in the configuration.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
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
            return Ok(verdict.grant.clone());
        }
        let verdict = self.judge(presented, accepted, now, env)?;
        let binding = verdict.binding;
        let grant = self.remember(fingerprint, verdict);
        binding.check(certificate)?;
        Ok(grant)
    }

    fn judge(
        &self,
        presented: &[u8],
        accepted: &Accepted,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<Verdict, InvalidToken> {
        let text = std::str::from_utf8(presented).unwrap_or_default();
        let token = parse_token(text).map_err(InvalidToken::Malformed)?;
        let named = token.claims.text("iss").ok_or(InvalidToken::Claims(Refused::Missing("iss")))?;
        let mut failure = InvalidToken::IssuerUnknown;
        let issuers = accepted.issuers.iter().filter_map(|at| self.issuers.get(*at));
        for issuer in issuers.filter(|issuer| issuer.issuer == named) {
            match issuer.verify(&token, now, env) {
                Ok(verdict) => return Ok(verdict),
                Err(cause) => failure = cause,
            }
        }
        Err(failure)
    }

    fn remember(&self, fingerprint: Option<Fingerprint>, verdict: Verdict) -> Rc<Grant> {
        let grant = verdict.grant.clone();
        if let Some(fingerprint) = fingerprint.filter(|_| grant.size() <= MAX_REMEMBERED) {
            self.good.insert(fingerprint, Rc::new(verdict));
        }
        grant
    }
}

impl Issuer {
    fn compile(config: IssuerConfig) -> Result<Self, IssuerError> {
        let algorithm =
            |name: &String| Algorithm::parse(name).ok_or_else(|| IssuerError::Algorithm(name.clone()));
        let algorithms: Vec<_> = config.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?;
        if algorithms.is_empty() {
            return Err(IssuerError::NoAlgorithm);
        }
        if config.consumer_claims.is_empty() {
            return Err(IssuerError::NoConsumerClaim);
        }
        let mut keys = Vec::new();
        for (position, jwk) in config.keys.iter().enumerate() {
            keys.extend(Key::read(jwk, position, &algorithms)?);
        }
        if keys.is_empty() {
            return Err(IssuerError::NoKey);
        }
        Ok(Self {
            issuer: config.issuer,
            audiences: config.audiences,
            algorithms,
            keys,
            skew_nanos: u64::from(config.skew_seconds) * 1_000_000_000,
            consumer_claims: config.consumer_claims,
            scope_claims: config.scope_claims,
            require_certificate_binding: config.require_certificate_binding,
        })
    }

    fn verify(&self, token: &Token, now: UnixNanos, env: &dyn Env) -> Result<Verdict, InvalidToken> {
        let algorithm = Algorithm::parse(&token.algorithm)
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(InvalidToken::AlgorithmRefused)?;
        let validity = Validity::read(&token.claims)?;
        validity.check(now, self.skew_nanos)?;
        claims::check_audience(&token.claims, &self.audiences)?;
        let consumer =
            claims::consumer(&token.claims, &self.consumer_claims).ok_or(InvalidToken::ConsumerMissing)?;
        let binding = Binding::read(&token.claims, self.require_certificate_binding)?;
        self.check_signature(token, algorithm, env)?;
        if !claims_are_typed(&token.claims) {
            return Err(InvalidToken::MemberType);
        }
        let scopes = claims::scopes(&token.claims, &self.scope_claims);
        let grant = Rc::new(Grant::new(consumer, scopes));
        Ok(Verdict { validity, skew_nanos: self.skew_nanos, binding, grant })
    }

    /// With a `kid`, only keys of that name; without, those that fit, as long as they are few.
    fn check_signature(
        &self,
        token: &Token,
        algorithm: Algorithm,
        env: &dyn Env,
    ) -> Result<(), InvalidToken> {
        let named = |key: &&Key| token.key_id.is_none() || token.key_id == key.id;
        let mut fitting = self.keys.iter().filter(|key| key.algorithm == algorithm).filter(named).peekable();
        if fitting.peek().is_none() {
            return Err(InvalidToken::KeyUnknown);
        }
        if !header_is_typed(&token.header) {
            return Err(InvalidToken::MemberType);
        }
        let signed = fitting.take(MAX_TRIED).any(|key| key.verify(token, env).is_ok());
        if signed { Ok(()) } else { Err(InvalidToken::SignatureInvalid) }
    }
}
