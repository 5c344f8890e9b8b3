//! Opaque tokens: what their authorization server says of them (RFC 7662), remembered for a while.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::{ClientConfig, IntrospectionConfig};
use portcullis_core::{Answer, Call, CallReply, Env, Topic, UnixNanos};
use serde_json::Value;

use crate::account::Account;
use crate::binding::Binding;
use crate::claims::{self, Refused, Validity};
use crate::failure::{Failure, InvalidToken, Need, Unavailable};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::grant::Grant;
use crate::invalid::IssuerError;
use crate::issuer::check_map;
use crate::issuers::Holder;
use crate::json::UniqueMembers;
use crate::kept::Keeper;
use crate::remembered::{MAX_SAID, Remembered};
use crate::remote::{Remote, authenticate, encode};
use crate::revocation::{Marks, digest_of};
use crate::signed_key::is_key;

/// Longest token that is asked about, in bytes.
const MAX_TOKEN: usize = 4096;
/// Longest reply that is read, in bytes.
const MAX_REPLY: u32 = 64 * 1024;

/// One authorization server.
#[derive(Debug)]
pub(crate) struct Introspection {
    keeper: Keeper,
    remote: Remote,
    client: ClientConfig,
    issuer: Option<String>,
    audiences: Vec<String>,
    consumer_claims: Vec<String>,
    scope_claims: Vec<String>,
    required_claims: BTreeMap<String, Vec<Value>>,
    claim_map: BTreeMap<String, Vec<String>>,
    require_certificate_binding: bool,
    /// Apart, so that strangers do not drive out callers.
    good: Remembered<Rc<Active>>,
    bad: Remembered<Failure>,
    fingerprints: FingerprintKey,
}

/// A token that is good.
#[derive(Debug)]
struct Active {
    grant: Rc<Grant>,
    validity: Validity,
    binding: Binding,
    marks: Marks,
}

impl Introspection {
    pub(crate) fn compile(config: IntrospectionConfig, keeper: Keeper) -> Result<Self, IssuerError> {
        check_map(&config.claim_map)?;
        let first = |name: &str, names| claims::mapped_first(name, &config.claim_map, names);
        Ok(Self {
            keeper,
            remote: Remote::new(config.remote),
            client: config.client,
            issuer: config.issuer,
            audiences: config.audiences,
            consumer_claims: first("consumer", config.consumer_claims),
            scope_claims: first("scope", config.scope_claims),
            required_claims: config.required_claims,
            claim_map: config.claim_map,
            require_certificate_binding: config.require_certificate_binding,
            good: Remembered::new(config.ceiling_seconds),
            bad: Remembered::new(config.negative_seconds),
            fingerprints: FingerprintKey::default(),
        })
    }

    /// What a token grants, as its server says.
    pub(crate) fn verify(&self, presented: &[u8], holder: &Holder<'_>) -> Result<Rc<Grant>, Failure> {
        let Some(token) = as_token(presented) else { return Err(InvalidToken::Inactive.into()) };
        let fingerprint = self.fingerprints.of(0, presented).ok_or(Unavailable::Random)?;
        let now = holder.env.now();
        if let Some(active) = self.good.get(fingerprint, now) {
            return active.grant_at(presented, now, holder);
        }
        if let Some(failure) = self.bad.get(fingerprint, now) {
            return Err(failure);
        }
        let key = fingerprint.number();
        match holder.env.answer(&Topic::Call(key)).as_deref() {
            Some(Answer::Replied(reply)) => {
                self.judge(token, reply, fingerprint, now)?.grant_at(presented, now, holder)
            }
            Some(_) => Err(Unavailable::Introspection.into()),
            None => {
                Err(Failure::Pending(Need::Call { key, call: Rc::new(self.question(token, holder.env)?) }))
            }
        }
    }

    fn question(&self, token: &str, env: &dyn Env) -> Result<Call, Failure> {
        let mut form = format!("token={}&token_type_hint=access_token", encode(token));
        let header = authenticate(&self.client, &mut form, env).map_err(|_| Unavailable::Secret)?;
        let mut call = self.remote.post("application/x-www-form-urlencoded", form, MAX_REPLY);
        call.headers.extend(header.map(|value| ("authorization".into(), value)));
        Ok(call)
    }

    fn judge(
        &self,
        token: &str,
        reply: &CallReply,
        key: Fingerprint,
        now: UnixNanos,
    ) -> Result<Rc<Active>, Failure> {
        match reply.status {
            200 => {}
            // The gateway itself is not let in, or the server is in trouble: nothing is known of the token.
            401 | 403 | 407 | 429 => return Err(Unavailable::Introspection.into()),
            // Some servers answer so what they do not take for one of their tokens.
            400..=499 => return Err(self.refuse(key, now, InvalidToken::Inactive)),
            _ => return Err(Unavailable::Introspection.into()),
        }
        let said: UniqueMembers =
            serde_json::from_slice(&reply.body.whole()).map_err(|_| Unavailable::Introspection)?;
        let judged = match said.get("active") {
            Some(Value::Bool(true)) => self.active(token, &said, now),
            Some(Value::Bool(false)) => Err(InvalidToken::Inactive),
            _ => return Err(Unavailable::Introspection.into()),
        };
        match judged {
            Ok(active) if active.size() > MAX_SAID => Err(Unavailable::Introspection.into()),
            Ok(active) => {
                let said = Rc::new(active);
                self.good.insert(key, now, Rc::clone(&said));
                Ok(said)
            }
            Err(cause) => Err(self.refuse(key, now, cause)),
        }
    }

    /// Refuses a token, and remembers that for a while.
    fn refuse(&self, key: Fingerprint, now: UnixNanos, cause: InvalidToken) -> Failure {
        let said = Failure::from(cause);
        self.bad.insert(key, now, said.clone());
        said
    }

    fn active(&self, token: &str, said: &UniqueMembers, now: UnixNanos) -> Result<Active, InvalidToken> {
        let other = |iss: &Value| self.issuer.as_deref().is_some_and(|issuer| iss != issuer);
        if said.get("iss").is_some_and(other) {
            return Err(InvalidToken::IssuerUnknown);
        }
        if is_key(said) {
            return Err(InvalidToken::TypeRefused);
        }
        // Of an active token nothing but what is said can be held against it.
        let validity = Validity::read(said, true)?;
        validity.check(now, 0)?;
        if !self.audiences.is_empty() {
            claims::check_audience(said, &self.audiences)?;
        }
        claims::check_required(said, &self.required_claims)?;
        let mapped = claims::mapped(said, &self.claim_map);
        let consumer =
            claims::consumer(&mapped, &self.consumer_claims).ok_or(InvalidToken::ConsumerMissing)?;
        let scopes = claims::scopes(&mapped, &self.scope_claims);
        let binding = Binding::read(said, self.require_certificate_binding)?;
        let account = Account::of_claims(&mapped, false).map_err(|_| InvalidToken::MemberType)?;
        let kept = self.keeper.keep(said, self.issuer.as_deref());
        let digest = digest_of(token);
        let grant = Grant::new(consumer, scopes).with_account(account).with_kept(kept).of_credential(&digest);
        Ok(Active {
            grant: Rc::new(grant),
            validity,
            binding,
            marks: Marks::of(said).or_issuer(self.issuer.as_deref()),
        })
    }
}

impl Active {
    /// Bytes of its texts.
    fn size(&self) -> usize {
        self.grant.size() + self.marks.size()
    }

    fn grant_at(&self, token: &[u8], now: UnixNanos, holder: &Holder<'_>) -> Result<Rc<Grant>, Failure> {
        self.validity.check(now, 0).map_err(InvalidToken::from)?;
        self.binding.check(holder.certificate)?;
        if let Some(revocation) = holder.revocation {
            revocation.check(token, &self.marks, now, holder.env)?;
        }
        Ok(Rc::clone(&self.grant))
    }
}

/// A token as RFC 6750, section 2.1, has it; nothing else is sent to the server.
fn as_token(presented: &[u8]) -> Option<&str> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let fits = !presented.is_empty() && presented.len() <= MAX_TOKEN && presented.iter().all(is_token);
    std::str::from_utf8(presented).ok().filter(|_| fits)
}

impl From<Refused> for Failure {
    fn from(cause: Refused) -> Self {
        InvalidToken::from(cause).into()
    }
}
