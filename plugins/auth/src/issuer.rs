//! One issuer of tokens: under which rules its tokens are accepted, and what a good one says of its bearer. Cheap checks
//! come before the signature, which costs a hundred times as much as all of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::IssuerConfig;
use portcullis_core::{Env, Topic, UnixNanos};
use serde_json::Value;

use crate::account::Account;
use crate::algorithm::Algorithm;
use crate::binding::Binding;
use crate::claims::{self, Validity};
use crate::failure::{Failure, InvalidToken, Need, Unavailable};
use crate::grant::Grant;
use crate::invalid::IssuerError;
use crate::kept::Keeper;
use crate::key::Key;
use crate::late_keys::LateKeys;
use crate::published::PublishedKeys;
use crate::registered::{claims_are_typed, header_is_typed};
use crate::revocation::{Marks, digest_of};
use crate::signed_key::{KeyKind, Restrictions, is_key};
use crate::token::{Token, is_jwt, short_type};

/// Most keys tried for one token: without a `kid`, each costs a verification.
const MAX_TRIED: usize = 4;

/// Claims that are judged, or by which a token is revoked or bound: they are where RFC 7519 and RFC 7800 put them.
const UNMAPPED: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"];

/// Who signs tokens.
#[derive(Debug)]
pub(crate) struct Issuer {
    keeper: Keeper,
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    keys: Vec<Key>,
    /// Those that only the host's environment has.
    late: Vec<LateKeys>,
    /// As [`short_type`] has them.
    token_types: Vec<String>,
    /// Keys beside those of the configuration.
    pub(crate) published: Option<PublishedKeys>,
    skew_nanos: u64,
    without_expiry: bool,
    required_claims: BTreeMap<String, Vec<Value>>,
    claim_map: BTreeMap<String, Vec<String>>,
    consumer_claims: Vec<String>,
    scope_claims: Vec<String>,
    require_certificate_binding: bool,
    /// Which of its tokens are API keys; none: it issues access tokens.
    pub(crate) keys_issued: Option<KeyKind>,
}

/// What is left of a good token: all that has to be looked at again is the time, and the holder where it is bound.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) validity: Validity,
    pub(crate) skew_nanos: u64,
    pub(crate) binding: Binding,
    /// What it could be revoked by, where anything is.
    pub(crate) marks: Option<Marks>,
    /// Of an API key.
    pub(crate) restrictions: Option<Box<Restrictions>>,
    pub(crate) grant: Rc<Grant>,
}

impl Verdict {
    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let restrictions = self.restrictions.as_ref().map_or(0, |restrictions| restrictions.size());
        self.grant.size() + self.marks.as_ref().map_or(0, Marks::size) + restrictions
    }
}

impl Issuer {
    pub(crate) fn compile(name: &str, config: IssuerConfig, keeper: Keeper) -> Result<Self, IssuerError> {
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
        let late: Vec<_> =
            config.secrets.iter().filter_map(|secret| LateKeys::new(secret, &algorithms)).collect();
        check_map(&config.claim_map)?;
        if let Some(typ) = config.token_types.iter().find(|typ| !is_jwt(typ)) {
            return Err(IssuerError::TokenType(typ.clone()));
        }
        let published = config
            .published
            .map(|published| PublishedKeys::new(name, &config.issuer, &algorithms, published));
        if keys.is_empty() && late.is_empty() && published.is_none() {
            return Err(IssuerError::NoKey);
        }
        let first = |name: &str, names| claims::mapped_first(name, &config.claim_map, names);
        Ok(Self {
            issuer: config.issuer,
            audiences: config.audiences,
            algorithms,
            keys,
            late,
            token_types: config.token_types.iter().map(|typ| short_type(typ)).collect(),
            published,
            skew_nanos: u64::from(config.skew_seconds) * 1_000_000_000,
            without_expiry: config.without_expiry,
            required_claims: config.required_claims,
            consumer_claims: first("consumer", config.consumer_claims),
            scope_claims: first("scope", config.scope_claims),
            claim_map: config.claim_map,
            require_certificate_binding: config.require_certificate_binding,
            keys_issued: config.api_keys.map(KeyKind::new),
            keeper,
        })
    }

    /// Whether tokens of this `iss` are its own.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.published.as_ref().map_or(self.issuer == name, |published| published.is_issuer(name))
    }

    /// `is_revocable`: whether anything is ever revoked.
    pub(crate) fn verify(
        &self,
        token: &Token,
        is_revocable: bool,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<Verdict, Failure> {
        let algorithm = Algorithm::parse(&token.algorithm)
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(InvalidToken::AlgorithmRefused)?;
        self.check_type(token)?;
        match &self.keys_issued {
            Some(kind) => kind.check(&token.claims)?,
            None if is_key(&token.claims) => return Err(InvalidToken::TypeRefused.into()),
            None => {}
        }
        let validity = Validity::read(&token.claims, self.without_expiry)?;
        validity.check(now, self.skew_nanos)?;
        claims::check_audience(&token.claims, &self.audiences)?;
        claims::check_required(&token.claims, &self.required_claims)?;
        let mapped = claims::mapped(&token.claims, &self.claim_map);
        let consumer =
            claims::consumer(&mapped, &self.consumer_claims).ok_or(InvalidToken::ConsumerMissing)?;
        let binding = Binding::read(&token.claims, self.require_certificate_binding)?;
        self.check_signature(token, algorithm, env)?;
        if !claims_are_typed(&token.claims) {
            return Err(InvalidToken::MemberType.into());
        }
        let scopes = claims::scopes(&mapped, &self.scope_claims);
        let account = Account::of_claims(&mapped, self.keys_issued.is_some());
        let account = account.map_err(|_| InvalidToken::MemberType)?;
        let restrictions = match &self.keys_issued {
            Some(kind) => Some(kind.restrictions(&token.claims)?),
            None => None,
        };
        let kept = self.keeper.keep(&token.claims, Some(&self.issuer));
        // The signature tells tokens apart, and is the shorter part to hash.
        let digest = digest_of(token.text.rsplit('.').next().unwrap_or(token.text));
        let grant = Grant::new(consumer, scopes).with_account(account).with_kept(kept).of_credential(&digest);
        let marks = is_revocable.then(|| Marks::of(&token.claims));
        Ok(Verdict {
            validity,
            skew_nanos: self.skew_nanos,
            binding,
            marks,
            restrictions,
            grant: Rc::new(grant),
        })
    }

    fn check_type(&self, token: &Token) -> Result<(), InvalidToken> {
        let is_accepted = |typ: &str| self.token_types.contains(&short_type(typ));
        if self.token_types.is_empty() || token.header.text("typ").is_some_and(is_accepted) {
            Ok(())
        } else {
            Err(InvalidToken::TypeRefused)
        }
    }

    /// With a `kid`, keys of that name and then those without a name, which a PEM file has; without, all that fit. Few
    /// are tried.
    fn check_signature(&self, token: &Token, algorithm: Algorithm, env: &dyn Env) -> Result<(), Failure> {
        let published = self.published.as_ref().and_then(PublishedKeys::keys);
        let late: Option<Vec<&[Key]>> = self.late.iter().map(|late| late.keys(env)).collect();
        let late = late.ok_or(Unavailable::Secret)?;
        let own = || self.keys.iter().chain(late.iter().copied().flatten());
        let all = || own().chain(published.iter().flat_map(|keys| keys.iter()));
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
        let text = token.signed().as_bytes();
        let signed = fitting.take(MAX_TRIED).any(|key| key.verify(text, &token.signature, env));
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

/// Whether a claim is mapped that means the same in every token.
pub(crate) fn check_map(map: &BTreeMap<String, Vec<String>>) -> Result<(), IssuerError> {
    match map.keys().find(|name| UNMAPPED.contains(&name.as_str())) {
        Some(name) => Err(IssuerError::MappedClaim(name.clone())),
        None => Ok(()),
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
    let here = config.secrets.iter().enumerate().filter(|(_, one)| one.secret.env().is_none());
    for (position, secret) in here {
        keys.extend(Key::share(secret, position, algorithms)?);
    }
    Ok(keys)
}
