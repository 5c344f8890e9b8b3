//! The policy: what each operation requires, judged by what a request presents.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use portcullis_config::auth::{AuthConfig, AuthRule};
use portcullis_config::routing::ROUTE_HEADER;
use portcullis_core::{
    Answer, ClientAddress, Decision, Edits, Env, Fetch, Learn, OperationIndex, Policy, Rejection, Request,
    Source,
};

use crate::account::Applications;
use crate::api_key::ApiKeys;
use crate::backend_jwt::{BackendJwt, Caller};
use crate::basic::Users;
use crate::certificate::{Certificate, InvalidCertificate};
use crate::challenge::quoted;
use crate::client::Clients;
use crate::failure::Failure;
use crate::grant::Grant;
use crate::identity_headers::IdentityHeaders;
use crate::invalid::InvalidAuth;
use crate::issuers::Issuers;
use crate::kept::Keeper;
use crate::key_service::KeyService;
use crate::known_certificates::KnownCertificates;
use crate::requirement::{Satisfied, Vouch};
use crate::rule::{Rule, RuleCompiler};
use crate::scheme::Scheme;
use crate::signed_key::{SignedKeys, looks_signed};
use crate::strip::strip;
use crate::subscriptions::{Fed, SubscriptionFeed};

/// Says who is calling, and turns away who may not.
#[derive(Debug)]
pub struct AuthPolicy {
    index: Rc<OperationIndex>,
    /// By [`portcullis_core::OperationId::position`].
    rules: Vec<Rc<Rule>>,
    clients: Clients,
    known: Known,
    backend_jwt: Option<BackendJwt>,
    key_service: Option<KeyService>,
    identity_headers: Option<Rc<IdentityHeaders>>,
    client_address: Option<ClientAddress>,
}

/// All credentials that are known.
#[derive(Debug)]
struct Known {
    issuers: Issuers,
    api_keys: ApiKeys,
    users: Users,
    certificates: KnownCertificates,
    feed: Option<SubscriptionFeed>,
}

/// What has to be done instead of letting a request pass.
struct Instead(Box<Decision>);

impl From<Decision> for Instead {
    fn from(decision: Decision) -> Self {
        Self(Box::new(decision))
    }
}

impl From<Rejection> for Instead {
    fn from(rejection: Rejection) -> Self {
        Decision::from(rejection).into()
    }
}

impl Learn for AuthPolicy {
    fn sources(&self) -> Vec<Source> {
        let feed = self.known.feed.as_ref().map(SubscriptionFeed::source);
        self.known.issuers.sources().into_iter().chain(feed).collect()
    }

    fn asks(&self) -> bool {
        // What a key is wanted for stands in a body.
        let asks = self.known.issuers.asks() || self.known.users.asks();
        asks || self.known.feed.is_some() || self.key_service.is_some()
    }

    fn fetch(&self, source: &str, answer: Option<&Answer>, env: &dyn Env) -> Fetch {
        match self.feed_as(source) {
            Some(feed) => feed.fetch(answer, env),
            None => self.known.issuers.fetch(source, answer, env),
        }
    }

    fn learn(&self, source: &str, text: Vec<u8>, replaces: bool, env: &dyn Env) -> bool {
        match self.feed_as(source) {
            Some(feed) => {
                feed.learn(&text);
                true
            }
            None => self.known.issuers.learn(source, text, replaces, env),
        }
    }
}

impl Policy for AuthPolicy {
    type Config = AuthConfig;
    type Invalid = InvalidAuth;
    const ASKS: bool = true;

    fn compile(mut config: AuthConfig) -> Result<Self, InvalidAuth> {
        let (index, rules) = portcullis_config::index(std::mem::take(&mut config.apis))?;
        Self::over(index, rules, config)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        match self.judge(request, env) {
            Ok(edits) => Decision::Continue(edits),
            Err(Instead(decision)) => *decision,
        }
    }

    fn client_address(&self) -> Option<&ClientAddress> {
        self.client_address.as_ref()
    }
}

impl AuthPolicy {
    /// Makes the policy over an index that others share; `rules` are by
    /// [`portcullis_core::OperationId::position`], and the configuration's own operations are not looked at.
    pub fn over(
        index: Rc<OperationIndex>,
        rules: Vec<AuthRule>,
        config: AuthConfig,
    ) -> Result<Self, InvalidAuth> {
        let applications = Applications::compile(config.applications, config.subscription_feed.is_some());
        let client_address = config.client_address.map(|config| config.compile()).transpose()?;
        let clients = Clients::compile(config.terminator)?;
        let backend_jwt = config.backend_jwt.map(BackendJwt::compile).transpose()?;
        let own = backend_jwt.as_ref().map(BackendJwt::header).into_iter().chain(clients.header());
        let identity_headers = IdentityHeaders::compile(config.identity_headers, &own.collect::<Vec<_>>())?;
        let keeper = Keeper {
            passed: backend_jwt.as_ref().map(|backend_jwt| Rc::clone(backend_jwt.passed())),
            headers: identity_headers.map(Rc::new),
            judged: config.judged_claims.into_iter().collect(),
        };
        let known = Known {
            issuers: Issuers::compile(config.issuers, config.introspections, config.revocation, &keeper)?,
            api_keys: ApiKeys::compile(config.api_keys, &applications)?,
            users: Users::compile(config.users, config.attempts, config.user_store, &applications)?,
            certificates: KnownCertificates::compile(config.certificates, &applications)?,
            feed: config.subscription_feed.map(SubscriptionFeed::new),
        };
        let key_service = config.key_service.map(KeyService::compile).transpose()?;
        let mut schemes = BTreeMap::new();
        for (number, (name, scheme)) in (0..).zip(config.schemes) {
            let scheme = Scheme::compile(&name, number, scheme, &known.issuers)?;
            schemes.insert(Rc::from(name), Rc::new(scheme));
        }
        let mut compiler = RuleCompiler {
            can_issue: key_service.is_some(),
            realm: quoted(&config.realm).ok_or(InvalidAuth::Realm)?,
            schemes,
            compiled: HashMap::new(),
        };
        let rules = rules.into_iter().zip(index.operations());
        let rules = rules.map(|(rule, operation)| compiler.rule(rule, &operation.key));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self {
            index,
            rules,
            clients,
            known,
            backend_jwt,
            key_service,
            identity_headers: keeper.headers,
            client_address,
        })
    }

    fn feed_as(&self, source: &str) -> Option<&SubscriptionFeed> {
        self.known.feed.as_ref().filter(|feed| feed.is(source))
    }

    /// Refuses everybody where the API is blocked.
    fn check_life(&self, rule: &Rule, env: &dyn Env) -> Result<(), Instead> {
        let is_blocked = match self.known.feed.as_ref().zip(rule.fed.as_ref()) {
            Some((feed, api)) => feed.is_blocked(api, env).map_err(|failure| rule.told(failure))?,
            None => false,
        };
        if !(rule.blocked || is_blocked) {
            return Ok(());
        }
        Err(Rejection::new(503, "api-blocked", "The API is blocked for the time being.").into())
    }

    fn judge(&self, request: &Request, env: &dyn Env) -> Result<Edits, Instead> {
        let mismatch = || Rejection::internal("configuration-mismatch");
        let lookup = self.index.locate(request, env).map_err(|_| mismatch())?;
        let rule = self.rules.get(lookup.into_found()?.position()).ok_or_else(mismatch)?;
        self.check_life(rule, env)?;
        let presented = rule.presented(request)?;
        let client = Client { clients: &self.clients, request, env, found: OnceCell::new() };
        let credentials = Credentials { rule, known: &self.known, client, presented };
        let satisfied = rule.alternatives.judge(&credentials);
        let satisfied = satisfied.map_err(|failure| rule.told(failure))?;
        if rule.issues_keys {
            return Err(self.issue_key(satisfied.as_ref(), &credentials).into());
        }
        let mut edits = Edits::default();
        if !rule.keep_credential {
            strip(request, rule.schemes.iter().map(|(_, scheme)| &**scheme), &mut edits);
        }
        self.clients.strip(request, &mut edits);
        if let Some(satisfied) = &satisfied {
            let fed = credentials.fed(&satisfied.grant).map_err(|failure| rule.told(failure))?;
            edits.identity = rule.identity(satisfied, fed.as_ref());
            if let Some(route) = rule.admission.route(satisfied.grant.account()) {
                edits.set.push((ROUTE_HEADER.into(), route.to_owned()));
            }
        }
        self.assert(satisfied.as_ref(), rule, request, env, &mut edits)?;
        Ok(edits)
    }

    /// Answers the caller of an operation that issues keys; never lets through.
    fn issue_key(&self, satisfied: Option<&Satisfied>, credentials: &Credentials<'_>) -> Decision {
        let Some((service, satisfied)) = self.key_service.as_ref().zip(satisfied) else {
            return Rejection::internal("configuration-mismatch").into();
        };
        let Client { request, env, .. } = &credentials.client;
        let presented = credentials.bytes(satisfied.scheme).unwrap_or_default();
        let may_call = |api: &str| self.known.users.verify(presented, Some(api), *env).is_ok();
        service.answer(&satisfied.grant, &may_call, request, *env)
    }

    /// Tells the upstream who calls, if it is to be told; nobody else tells it.
    fn assert(
        &self,
        satisfied: Option<&Satisfied>,
        rule: &Rule,
        request: &Request,
        env: &dyn Env,
        edits: &mut Edits,
    ) -> Result<(), Rejection> {
        if self.backend_jwt.is_none() && self.identity_headers.is_none() {
            return Ok(());
        }
        let identity = edits.identity.clone();
        let caller = satisfied.map(|satisfied| satisfied.grant.kept()).zip(identity.as_deref());
        if let Some(headers) = &self.identity_headers {
            headers.put(caller.map(|(kept, identity)| (identity, kept.told())), request, edits)?;
        }
        if let Some(backend_jwt) = &self.backend_jwt {
            let api = rule.asserted.as_ref();
            let caller = caller.map(|(kept, identity)| {
                let (claims, given) = (kept.claims.as_deref(), kept.given.as_deref());
                Caller { identity, claims, given, api }
            });
            backend_jwt.put(caller.as_ref(), request, env, edits)?;
        }
        Ok(())
    }
}

/// One request's credentials and those who know which are good.
struct Credentials<'r> {
    rule: &'r Rule,
    known: &'r Known,
    client: Client<'r>,
    presented: Vec<Option<Cow<'r, [u8]>>>,
}

/// The client's certificate, looked for at most once.
struct Client<'r> {
    clients: &'r Clients,
    request: &'r Request,
    env: &'r dyn Env,
    found: OnceCell<Result<Option<Rc<Certificate>>, InvalidCertificate>>,
}

impl Client<'_> {
    fn certificate(&self) -> &Result<Option<Rc<Certificate>>, InvalidCertificate> {
        self.found.get_or_init(|| self.clients.certificate(self.request, self.env))
    }

    fn digest(&self) -> Option<[u8; 32]> {
        self.certificate().as_ref().ok()?.as_ref().map(|certificate| certificate.digest)
    }
}

impl Credentials<'_> {
    /// What the feed says of a caller, where the operation asks for subscriptions.
    fn fed(&self, grant: &Grant) -> Result<Option<Fed>, Failure> {
        let feed = self.known.feed.as_ref().filter(|_| self.rule.admission.asks_for_subscription());
        feed.map(|feed| feed.application(grant.account(), grant.consumer(), self.client.env)).transpose()
    }

    fn bytes(&self, scheme: usize) -> Option<&[u8]> {
        self.presented.get(scheme).and_then(Option::as_deref)
    }

    fn key(&self, key: &[u8], api: &str, signed: Option<&SignedKeys>) -> Result<Rc<Grant>, Failure> {
        let Client { request, env, .. } = &self.client;
        match signed {
            Some(signed) if signed.alone || looks_signed(key) => {
                self.known.issuers.verify_key(key, signed, request, *env, &|| self.client.digest())
            }
            _ => self.known.api_keys.verify(key, api, request, *env),
        }
    }

    fn certificate(&self, api: &str) -> Result<Rc<Grant>, Failure> {
        let certificate = self.client.certificate().as_ref().map_err(|cause| Failure::Certificate(*cause))?;
        let grant = self.known.certificates.verify(certificate.as_ref().ok_or(Failure::Missing)?, api)?;
        let accepted = &self.rule.certificates;
        let is_accepted = accepted.is_empty() || accepted.iter().any(|consumer| grant.is_of(consumer));
        if is_accepted { Ok(grant) } else { Err(Failure::CertificateUnknown) }
    }
}

impl Vouch for Credentials<'_> {
    fn is_presented(&self, scheme: usize) -> bool {
        match self.rule.schemes.get(scheme).map(|(_, scheme)| &**scheme) {
            Some(Scheme::MutualTls { .. }) => !matches!(self.client.certificate(), Ok(None)),
            _ => self.bytes(scheme).is_some(),
        }
    }

    fn verify(&self, scheme: usize) -> Result<Rc<Grant>, Failure> {
        let presented = self.bytes(scheme).ok_or(Failure::Missing);
        let (_, scheme) = self.rule.schemes.get(scheme).ok_or(Failure::Missing)?;
        match &**scheme {
            Scheme::ApiKey { api, signed, .. } => self.key(presented?, api, signed.as_ref()),
            Scheme::Basic { api, .. } => self.known.users.verify(presented?, api.as_deref(), self.client.env),
            Scheme::MutualTls { api } => self.certificate(api),
            Scheme::Bearer { accepted, .. } => {
                let holder = || self.client.digest();
                self.known.issuers.verify(presented?, accepted, self.client.env, &holder)
            }
        }
    }

    fn admit(&self, grant: &Grant) -> Result<(), Failure> {
        let fed = self.fed(grant)?;
        self.rule.admission.check(grant.account(), fed.as_ref()).map_err(Failure::NotAdmitted)
    }
}
