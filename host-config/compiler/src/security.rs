//! Security schemes and requirements of a document, as the auth plugin enforces them.

mod derived;

use std::collections::BTreeMap;

use portcullis_config::auth::{
    AcceptedKeysConfig, AuthRule, EndpointsConfig, KeyPlaceConfig, RequirementConfig, SchemeConfig,
    SubscribedApiConfig,
};
use portcullis_openapi::model::{KeyLocation, Location, Operation, Requirement, Scheme, SchemeKind};
use portcullis_openapi::{ApiModel, Diagnostic, Report, Severity};

use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::gateway::file::LifecycleFile;
use crate::gateway::{ApiSource, Identity, InternalKeys};
use crate::openid::DerivedIssuer;
use crate::settings::{Settings, problem};
use crate::wso2::{self, Said, Secured};

/// The scheme of publishers' keys, by a name that no document gives.
const INTERNAL_KEY: &str = "wso2 internal-key";

/// Where a credential stands in a request.
pub(crate) type Carrier = (Location, String);

/// The schemes of one API, made as operations name them.
pub(crate) struct Schemes<'d, 'g> {
    model: &'g ApiModel<'d>,
    api: &'g ApiSource,
    identity: &'g Identity,
    /// What stands for `Authorization`, in lower case.
    header: Option<String>,
    used: BTreeMap<String, SchemeConfig>,
    /// Issuers that only the document names.
    derived: Vec<DerivedIssuer>,
    /// Whether the API's `audiences` would say for whom their tokens must be.
    asks_for_audiences: bool,
}

impl<'d, 'g> Schemes<'d, 'g> {
    pub(crate) fn new(
        model: &'g ApiModel<'d>,
        api: &'g ApiSource,
        identity: &'g Identity,
        report: &mut Report,
    ) -> Self {
        let header = wso2::auth_header(model, report).or_else(|| identity.authorization_header.clone());
        Self {
            model,
            api,
            identity,
            header,
            used: BTreeMap::new(),
            derived: Vec::new(),
            asks_for_audiences: false,
        }
    }

    /// Whether an operation's scheme is one for which the API's `audiences` count.
    pub(crate) fn asks_for_audiences(&self) -> bool {
        self.asks_for_audiences
    }

    /// The schemes that operations use, by their names in the gateway, and issuers that only the document names.
    pub(crate) fn finish(self) -> (BTreeMap<String, SchemeConfig>, Vec<DerivedIssuer>) {
        (self.used, self.derived)
    }

    /// The rule of an operation.
    pub(crate) fn rule(
        &mut self,
        operation: &Operation<'d>,
        settings: &Settings,
        coverage: &mut OperationCoverage,
        report: &mut Report,
    ) -> AuthRule {
        let mut secured = Said::of(self.model, operation, report).secured(self.model, operation, report);
        self.live(&mut secured, operation, coverage);
        let declared = &secured.alternatives;
        if let Some((reason, place)) = secured.overridden {
            let treatment = Treatment::Waived(reason);
            coverage.add(Construct::Security, "the document's security", treatment, Some(place));
        }
        let mut alternatives = Vec::with_capacity(declared.len());
        for alternative in declared.iter() {
            let name = describe(alternative);
            let treatment = match self.alternative(alternative, report) {
                Ok(requirements) => {
                    alternatives.push(requirements);
                    Treatment::Enforced
                }
                Err(Unsupported { message, diagnostic }) => {
                    match settings.waivers.get(codes::SCHEME_UNSUPPORTED) {
                        Some(reason) => Treatment::Waived(format!("nobody can pass by it: {reason}")),
                        None => {
                            report.push(*diagnostic);
                            Treatment::Refused(message)
                        }
                    }
                }
            };
            coverage.add(Construct::Security, name, treatment, Some(alternative.place));
        }
        if declared.is_empty() {
            coverage.add(Construct::Security, "open to everybody", Treatment::Enforced, None);
        } else if alternatives.is_empty() {
            // An empty rule would mean "open to everybody".
            let message =
                "no security alternative of this operation can be enforced, so nobody could call it";
            report.push(problem(codes::SCHEME_UNSUPPORTED, message, operation.place));
        }
        if let Some(internal) = self.internal_way(&alternatives) {
            alternatives.push(internal);
            coverage.add(Construct::Security, "a key of the API's publisher", Treatment::Enforced, None);
        }
        let certificates = self.certificates(settings, report);
        let is_judged = self.api.validate_subscription && !alternatives.is_empty();
        let api =
            || SubscribedApiConfig { api: self.api.name.clone(), version: self.model.api_version.to_owned() };
        let subscribed = is_judged.then(api);
        let is_fed = self.api.validate_subscription && self.identity.subscription_feed.is_some();
        let fed = is_fed.then(api);
        let (keep_credential, endpoints) = (settings.keep_credential, EndpointsConfig::default());
        AuthRule {
            alternatives,
            keep_credential,
            certificates,
            subscribed,
            endpoints,
            asserted: None,
            issues_keys: self.api.issues_keys,
            fed,
            blocked: self.api.lifecycle == LifecycleFile::Blocked,
        }
    }

    /// What the API's life cycle does to an operation.
    fn live(&self, secured: &mut Secured<'d>, operation: &Operation<'d>, coverage: &mut OperationCoverage) {
        match self.api.lifecycle {
            LifecycleFile::Published | LifecycleFile::Deprecated => {}
            LifecycleFile::Prototyped if secured.alternatives.is_empty() => {}
            LifecycleFile::Prototyped => {
                secured.alternatives.clear();
                let reason = "the gateway file says that the API is prototyped".to_owned();
                secured.overridden = Some((reason, operation.place));
            }
            LifecycleFile::Blocked => {
                coverage.add(Construct::Other, "blocked: nobody may call", Treatment::Enforced, None);
            }
        }
    }

    /// Where the credentials of an operation stand, so that they are judged once, as credentials.
    pub(crate) fn carriers(&self, operation: &Operation<'d>, rule: &AuthRule) -> Vec<Carrier> {
        let names = operation.security.alternatives.iter().flat_map(|alternative| &alternative.schemes);
        let kinds =
            names.filter_map(|used| self.model.security_schemes.get(used.name)).map(|scheme| &scheme.kind);
        let declared = kinds.filter_map(|kind| match kind {
            SchemeKind::ApiKey { location, name } => Some((carrier(*location), (*name).to_owned())),
            _ => None,
        });
        let required = rule.alternatives.iter().flatten();
        let required = required.filter_map(|requirement| self.used.get(&requirement.scheme));
        let mut carriers: Vec<Carrier> = Vec::new();
        for carrier in declared.chain(required.filter_map(config_carrier)) {
            if !carriers.contains(&carrier) {
                carriers.push(carrier);
            }
        }
        carriers
    }

    /// The consumers whose certificates the operation accepts.
    fn certificates(&self, settings: &Settings, report: &mut Report) -> Vec<String> {
        let Some((consumers, place)) = &settings.certificates else { return Vec::new() };
        for consumer in consumers {
            if !self.identity.certificates.iter().any(|known| known.consumer == *consumer) {
                let message = format!("the gateway knows no certificate of the consumer '{consumer}'");
                report.push(problem(codes::SETTING_INVALID, message, *place));
            }
        }
        consumers.clone()
    }

    fn alternative(
        &mut self,
        alternative: &Requirement<'d>,
        report: &mut Report,
    ) -> Result<Vec<RequirementConfig>, Unsupported> {
        let mut requirements = Vec::with_capacity(alternative.schemes.len());
        for used in &alternative.schemes {
            // An undefined scheme is an error of the document, reported where it is read.
            let synthetic = wso2::synthetic(used.name, used.place);
            let Some(scheme) = synthetic.as_ref().or_else(|| self.model.security_schemes.get(used.name))
            else {
                continue;
            };
            let name = format!("{}.{}", self.api.name, used.name);
            if !self.used.contains_key(&name) {
                let mut config = self.scheme(used.name, scheme)?;
                let hint = self.derive_issuer(&mut config, scheme, report);
                self.warn_if_nobody_passes(used.name, &config, scheme, hint, report);
                self.used.insert(name.clone(), config);
            }
            let scopes = used.scopes.iter().map(|scope| (*scope).to_owned()).collect();
            requirements.push(RequirementConfig { scheme: name, scopes });
        }
        Ok(requirements)
    }

    fn scheme(&self, name: &str, scheme: &Scheme<'d>) -> Result<SchemeConfig, Unsupported> {
        let api = self.api.name.clone();
        let header = self.header.clone();
        let bearer = || SchemeConfig::Bearer { issuers: self.issuers(false), header: self.header.clone() };
        let unsupported = |what: String| {
            let message =
                format!("the security scheme '{name}' is {what}, which this version does not enforce");
            let diagnostic = Diagnostic {
                hint: Some(
                    "remove it from the operation's security, or waive `scheme-unsupported` in x-portcullis"
                        .into(),
                ),
                ..problem(codes::SCHEME_UNSUPPORTED, message.clone(), scheme.place)
            };
            Err(Unsupported { message, diagnostic: Box::new(diagnostic) })
        };
        match &scheme.kind {
            SchemeKind::ApiKey { location, name } => {
                let place = match location {
                    KeyLocation::Header => KeyPlaceConfig::Header,
                    KeyLocation::Query => KeyPlaceConfig::Query,
                    KeyLocation::Cookie => KeyPlaceConfig::Cookie,
                };
                Ok(SchemeConfig::ApiKey { place, name: (*name).to_owned(), api, signed: self.signed_keys() })
            }
            SchemeKind::Http { scheme, .. } if scheme.eq_ignore_ascii_case("basic") => {
                let api = (!self.api.issues_keys).then_some(api);
                Ok(SchemeConfig::Basic { api, header })
            }
            SchemeKind::Http { scheme, .. } if scheme.eq_ignore_ascii_case("bearer") => Ok(bearer()),
            SchemeKind::OAuth2 { .. } | SchemeKind::OpenIdConnect { .. } => Ok(bearer()),
            SchemeKind::Http { scheme, .. } => unsupported(format!("HTTP authentication by '{scheme}'")),
            SchemeKind::MutualTls => Ok(SchemeConfig::MutualTls { api }),
            _ => unsupported("of an unknown kind".to_owned()),
        }
    }

    /// The API's issuers, of keys or of tokens.
    fn issuers(&self, of_keys: bool) -> Vec<String> {
        let issues_keys =
            |name: &str| self.identity.issuers.get(name).is_some_and(|one| one.api_keys.is_some());
        self.api.issuers.iter().filter(|name| issues_keys(name) == of_keys).cloned().collect()
    }

    fn signed_keys(&self) -> Option<AcceptedKeysConfig> {
        let issuers = self.issuers(true);
        let version = self.model.api_version.to_owned();
        (!issuers.is_empty()).then_some(AcceptedKeysConfig { issuers, version, alone: false })
    }

    /// One more way into an operation that asks for credentials: by a key of the API's publisher, and by the certificate that
    /// every other way needs.
    fn internal_way(&mut self, others: &[Vec<RequirementConfig>]) -> Option<Vec<RequirementConfig>> {
        let InternalKeys { header, issuers } = self.identity.internal_keys.as_ref()?;
        let is_open = others.is_empty() || others.iter().any(Vec::is_empty);
        if is_open || self.api.issues_keys {
            return None;
        }
        let name = format!("{}.{INTERNAL_KEY}", self.api.name);
        let version = self.model.api_version.to_owned();
        let scheme = SchemeConfig::ApiKey {
            place: KeyPlaceConfig::Header,
            name: header.clone(),
            api: self.api.name.clone(),
            signed: Some(AcceptedKeysConfig { issuers: issuers.clone(), version, alone: true }),
        };
        self.used.insert(name.clone(), scheme);
        let is_certificate = |used: &&RequirementConfig| {
            matches!(self.used.get(&used.scheme), Some(SchemeConfig::MutualTls { .. }))
        };
        let needed = others.first().into_iter().flatten().filter(is_certificate);
        let is_everywhere = |used: &&RequirementConfig| {
            others.iter().all(|way| way.iter().any(|other| other.scheme == used.scheme))
        };
        let certificates = needed.filter(is_everywhere).cloned();
        Some(
            [RequirementConfig { scheme: name, scopes: Vec::new() }]
                .into_iter()
                .chain(certificates)
                .collect(),
        )
    }

    fn warn_if_nobody_passes(
        &self,
        name: &str,
        config: &SchemeConfig,
        scheme: &Scheme<'_>,
        hint: Option<String>,
        report: &mut Report,
    ) {
        let good_here = |apis: &[String]| apis.is_empty() || apis.contains(&self.api.name);
        let (empty, what) = match config {
            SchemeConfig::ApiKey { signed, .. } => {
                let is_known = self.identity.api_keys.iter().any(|key| good_here(&key.apis));
                (signed.is_none() && !is_known, "API key")
            }
            SchemeConfig::Basic { .. } => {
                let good_here = |apis: &[String]| self.api.issues_keys || good_here(apis);
                let store = self.identity.user_store.as_ref();
                let is_known = self.identity.users.iter().any(|user| good_here(&user.apis))
                    || store.is_some_and(|store| good_here(&store.apis));
                (!is_known, "user")
            }
            SchemeConfig::MutualTls { .. } => {
                let known = &self.identity.certificates;
                if !self.identity.listener_asks && self.identity.terminator.is_none() {
                    (true, "listener that asks for certificates, and no header that passes them on")
                } else {
                    (!known.iter().any(|one| good_here(&one.apis)), "client certificate")
                }
            }
            SchemeConfig::Bearer { issuers, .. } => (issuers.is_empty(), "token issuer"),
        };
        if empty {
            let message =
                format!("the gateway knows no {what}, so nobody can pass by the security scheme '{name}'");
            let anywhere = "name one under `identity` in a gateway file, or try `portcullis run --dev`";
            report.push(Diagnostic {
                severity: Severity::Warning,
                hint: hint.or_else(|| Some(anywhere.into())),
                ..problem(codes::IDENTITY_EMPTY, message, scheme.place)
            });
        }
    }
}

/// A scheme that this version cannot enforce.
struct Unsupported {
    message: String,
    diagnostic: Box<Diagnostic>,
}

/// Where a configured scheme finds its credential, if not in `Authorization`, which is no parameter.
fn config_carrier(scheme: &SchemeConfig) -> Option<Carrier> {
    match scheme {
        SchemeConfig::ApiKey { place, name, .. } => {
            let location = match place {
                KeyPlaceConfig::Header => Location::Header,
                KeyPlaceConfig::Query => Location::Query,
                KeyPlaceConfig::Cookie => Location::Cookie,
            };
            Some((location, name.clone()))
        }
        SchemeConfig::Basic { header: Some(name), .. } | SchemeConfig::Bearer { header: Some(name), .. } => {
            Some((Location::Header, name.clone()))
        }
        _ => None,
    }
}

fn carrier(location: KeyLocation) -> Location {
    match location {
        KeyLocation::Header => Location::Header,
        KeyLocation::Query => Location::Query,
        KeyLocation::Cookie => Location::Cookie,
    }
}

/// `ApiKey AND OAuth2(read, write)`.
fn describe(alternative: &Requirement<'_>) -> String {
    if alternative.schemes.is_empty() {
        return "anonymous".to_owned();
    }
    let one = |used: &portcullis_openapi::model::SchemeUse<'_>| match used.scopes.as_slice() {
        [] => used.name.to_owned(),
        scopes => format!("{}({})", used.name, scopes.join(", ")),
    };
    alternative.schemes.iter().map(one).collect::<Vec<_>>().join(" AND ")
}
