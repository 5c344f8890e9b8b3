//! One API: its operations in document order, each made into a rule for every plugin.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portcullis_config::auth::{AssertedApiConfig, AuthRule, EndpointsConfig, SchemeConfig};
use portcullis_config::mock::MockRule;
use portcullis_config::routing::RoutingRule;
use portcullis_config::schema::{DocumentConfig, SchemaRule};
use portcullis_config::throttle::{DenialConfig, LimitConfig, ThrottleRule, TiersConfig};
use portcullis_config::{ApiConfig, ConditionConfig, OperationConfig};
use portcullis_core::PathTemplate;
use portcullis_openapi::model::{Method, Operation};
use portcullis_openapi::{ApiModel, Diagnostic, Place, Report, Severity};
use url::Url;

mod endpoints;
mod limits;

use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::endpoint::{Endpoint, Route, Routes};
use crate::gateway::{ApiSource, BackendJwt, Gateway, PublishedKeys};
use crate::openid::DerivedIssuer;
use crate::path_key::PathKey;
use crate::schema::SchemaCompiler;
use crate::security::Schemes;
use crate::settings::{Settings, problem};

/// Everything that the plugins need to know of one API.
#[derive(Debug)]
pub(crate) struct CompiledApi {
    pub(crate) routing: ApiConfig<RoutingRule>,
    pub(crate) auth: ApiConfig<AuthRule>,
    pub(crate) schemes: BTreeMap<String, SchemeConfig>,
    /// Issuers that only the document names.
    pub(crate) issuers: Vec<DerivedIssuer>,
    /// Whether it says for whom tokens must be, and accepts none of which that would be asked.
    pub(crate) has_idle_audiences: bool,
    pub(crate) schema: ApiConfig<SchemaRule>,
    pub(crate) documents: BTreeMap<String, DocumentConfig>,
    pub(crate) throttle: ApiConfig<ThrottleRule>,
    pub(crate) early_throttle: ApiConfig<ThrottleRule>,
    pub(crate) mock: ApiConfig<MockRule>,
    pub(crate) max_body_bytes: u32,
    pub(crate) coverage: Vec<OperationCoverage>,
}

/// What is the same in every plugin's configuration of an operation.
struct Head {
    key: String,
    method: Method,
    path: String,
    when: Vec<ConditionConfig>,
}

/// The rules of one operation.
struct Rules {
    head: Head,
    route: String,
    auth: AuthRule,
    schema: SchemaRule,
    throttle: ThrottleRule,
    early_throttle: ThrottleRule,
    mock: MockRule,
}

/// Compiles one API while its document is at hand.
pub(crate) struct ApiCompiler<'d, 'g> {
    model: &'g ApiModel<'d>,
    source: &'g ApiSource,
    limits: &'g BTreeMap<String, LimitConfig>,
    early_limits: &'g BTreeSet<String>,
    tiers: Option<&'g TiersConfig>,
    denials: &'g [DenialConfig],
    default_endpoint: Option<&'g Endpoint>,
    backend_jwt: Option<&'g BackendJwt>,
    published_keys: Vec<&'g PublishedKeys>,
    base_path: String,
    schemes: Schemes<'d, 'g>,
    schema: SchemaCompiler<'d>,
    seen: HashMap<Identity, (String, Place)>,
}

/// What makes two operations the same to every request.
type Identity = (String, Method, Vec<(String, Option<String>)>);

impl<'d: 'g, 'g> ApiCompiler<'d, 'g> {
    pub(crate) fn new(
        model: &'g ApiModel<'d>,
        source: &'g ApiSource,
        gateway: &'g Gateway,
        default_endpoint: Option<&'g Endpoint>,
        schema: SchemaCompiler<'d>,
        report: &mut Report,
    ) -> Self {
        Self {
            base_path: base_path(model, source, report),
            schemes: Schemes::new(model, source, &gateway.identity, report),
            limits: &gateway.limits,
            early_limits: &gateway.early_limits,
            tiers: gateway.tiers.as_ref(),
            denials: &gateway.denials,
            backend_jwt: gateway.backend_jwt.as_ref(),
            published_keys: gateway.published_keys().collect(),
            seen: HashMap::new(),
            model,
            source,
            default_endpoint,
            schema,
        }
    }

    pub(crate) fn compile(mut self, routes: &mut Routes, report: &mut Report) -> CompiledApi {
        let (mut rules, mut coverage, mut max_body_bytes) = (Vec::new(), Vec::new(), 0);
        for operation in &self.model.operations {
            let settings = Settings::of(self.model, operation, self.source.validation, report);
            max_body_bytes = max_body_bytes.max(settings.max_body_bytes);
            if settings.validation.responses.is_some() {
                max_body_bytes = max_body_bytes.max(settings.validation.max_response_bytes);
            }
            let key = format!("{} {} {}", self.source.name, operation.method.as_str(), operation.path);
            let mut rows = OperationCoverage {
                api: self.source.name.clone(),
                operation: key.clone(),
                most_visits: 0,
                rows: Vec::new(),
            };
            if let Some(found) = self.operation(key, operation, &settings, routes, &mut rows, report) {
                rules.push(found);
            }
            coverage.push(rows);
        }
        self.assemble(rules, max_body_bytes, coverage, report)
    }

    fn operation(
        &mut self,
        key: String,
        operation: &'g Operation<'d>,
        settings: &Settings,
        routes: &mut Routes,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> Option<Rules> {
        let head = self.head(key, operation, rows, report);
        let endpoints = self.endpoints(operation, settings, rows, report);
        let (throttle, early_throttle) = self.throttle(operation, settings, rows, report);
        let mut auth = self.schemes.rule(operation, settings, rows, report);
        let carriers = self.schemes.carriers(operation, &auth);
        let schema = self.schema.rule(operation, settings, &carriers, rows, report);
        if operation.callbacks.is_some() {
            let reason = "the upstream calls out; the gateway does not see it".to_owned();
            rows.add(Construct::Other, "callbacks", Treatment::Waived(reason), Some(operation.place));
        }
        let (head, endpoints) = (head?, endpoints?);
        let mock = if endpoints.are_mocked() && !self.source.issues_keys {
            crate::mock::rule(self.model, operation, report)
        } else {
            MockRule { mocked: false, responses: Vec::new() }
        };
        let mut name = |endpoint| routes.name(Route { base_path: self.base_path.clone(), endpoint });
        let (production, sandbox) = (endpoints.production.map(&mut name), endpoints.sandbox.map(&mut name));
        auth.endpoints = EndpointsConfig { no_production: production.is_none(), sandbox: sandbox.clone() };
        auth.asserted = self.asserted(&auth);
        // Auth sends those elsewhere whose credential says so; who has none goes where there is an endpoint.
        let route = production.or(sandbox)?;
        Some(Rules { head, route, auth, schema, throttle, early_throttle, mock })
    }

    fn head(
        &mut self,
        key: String,
        operation: &Operation<'d>,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> Option<Head> {
        let name = format!("{} {}", operation.method.as_str(), operation.path);
        let path = match PathKey::read(operation) {
            Ok(path) => path,
            Err(cause) => {
                let message = format!("{}: {cause}", operation.path);
                rows.add(
                    Construct::Routing,
                    name,
                    Treatment::Refused(message.clone()),
                    Some(operation.path_place),
                );
                report.push(problem(codes::PATH_TEMPLATE, message, operation.path_place));
                return None;
            }
        };
        if !path.when.is_empty() {
            let message =
                format!("'{}' is enforced as path '{}' and conditions", operation.path, path.template);
            report.push(warning(codes::PATH_CONDITION, message, operation.path_place));
        }
        rows.add(Construct::Routing, name, Treatment::Enforced, Some(operation.path_place));
        self.check_conflict(operation, &path, report);
        self.check_reserved(operation, &path, report);
        Some(Head { key, method: operation.method, path: path.template, when: path.when })
    }

    fn check_conflict(&mut self, operation: &Operation<'d>, path: &PathKey, report: &mut Report) {
        let when =
            path.when.iter().map(|condition| (condition.name.clone(), condition.value.clone())).collect();
        let identity = (path.shape.clone(), operation.method, when);
        let known = self.seen.insert(identity, (operation.path.to_owned(), operation.path_place));
        let Some((other, place)) = known else { return };
        let line = self.model.documents.position(place).line;
        let method = operation.method.as_str();
        let message =
            format!("no request can tell {method} '{}' from '{other}' (line {line})", operation.path);
        report.push(Diagnostic {
            hint: Some("give one of them another path, or join them to one operation".into()),
            ..problem(codes::PATH_CONFLICT, message, operation.path_place)
        });
    }

    /// The gateway answers for the paths of its own keys, on any host.
    fn check_reserved(&self, operation: &Operation<'d>, path: &PathKey, report: &mut Report) {
        let base = self.base_path.split('/').filter(|segment| !segment.is_empty());
        let skip = base.clone().count();
        let Ok(template) = PathTemplate::parse(&path.template) else { return };
        for published in &self.published_keys {
            let is_within = published.path.segments().take(skip).eq(base.clone());
            if is_within && template.capture(&published.path, skip).is_some() {
                let message = format!(
                    "'{}' stands for {} too, where the gateway publishes its own keys",
                    operation.path,
                    published.path.as_str()
                );
                report.push(Diagnostic {
                    hint: Some("give the keys another `jwksPath` in the gateway file".into()),
                    ..problem(codes::PATH_RESERVED, message, operation.path_place)
                });
            }
        }
    }

    /// What upstreams are told of the API where callers may be known.
    fn asserted(&self, auth: &AuthRule) -> Option<AssertedApiConfig> {
        let is_told = self.backend_jwt.is_some() && !auth.alternatives.is_empty();
        is_told.then(|| AssertedApiConfig {
            name: self.source.name.clone(),
            version: self.model.api_version.to_owned(),
            context: self.base_path.clone(),
        })
    }

    fn assemble(
        self,
        rules: Vec<Rules>,
        max_body_bytes: u32,
        coverage: Vec<OperationCoverage>,
        report: &mut Report,
    ) -> CompiledApi {
        let frame = Frame { source: self.source, base_path: &self.base_path };
        let has_idle_audiences = self.source.derives_issuers
            && !self.source.audiences.is_empty()
            && !self.schemes.asks_for_audiences();
        let (schemes, issuers) = self.schemes.finish();
        CompiledApi {
            routing: frame.api(&rules, |rules| RoutingRule { route: rules.route.clone() }),
            auth: frame.api(&rules, |rules| rules.auth.clone()),
            throttle: frame.api(&rules, |rules| rules.throttle.clone()),
            early_throttle: frame.api(&rules, |rules| rules.early_throttle.clone()),
            mock: frame.api(&rules, |rules| rules.mock.clone()),
            schema: frame.api(&rules, |rules| rules.schema.clone()),
            schemes,
            issuers,
            has_idle_audiences,
            documents: self.schema.finish(report),
            max_body_bytes,
            coverage,
        }
    }
}

/// What is the same in every plugin's configuration of an API.
struct Frame<'f> {
    source: &'f ApiSource,
    base_path: &'f str,
}

impl Frame<'_> {
    fn api<R>(&self, rules: &[Rules], rule: impl Fn(&Rules) -> R) -> ApiConfig<R> {
        let operation = |rules: &Rules| OperationConfig {
            key: rules.head.key.clone(),
            method: rules.head.method.as_str().to_owned(),
            path: rules.head.path.clone(),
            when: rules.head.when.clone(),
            rule: rule(rules),
        };
        ApiConfig {
            name: self.source.name.clone(),
            hosts: self.source.hosts.clone(),
            base_path: self.base_path.to_owned(),
            operations: rules.iter().map(operation).collect(),
        }
    }
}

/// Where the API is mounted: as the gateway file says, else the path of the document's first server.
fn base_path(model: &ApiModel<'_>, source: &ApiSource, report: &mut Report) -> String {
    let server = model.servers.first();
    let of_server = || {
        let anywhere = Url::parse("https://relative.invalid/").ok()?;
        Some(anywhere.join(&server?.url).ok()?.path().to_owned())
    };
    let text = source.base_path.clone().or_else(of_server).unwrap_or_default();
    let mut path = text.trim_end_matches('/').to_owned();
    // A request's path has no empty segment once it is in canonical form.
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let literal = path.is_empty() || (path.starts_with('/') && !path.contains(['{', '}', '?', '#']));
    if !literal && let Some(server) = server {
        let message = format!("'{text}' is no base path: '/' and literal segments only");
        report.push(problem(codes::SETTING_INVALID, message, server.place));
        return String::new();
    }
    path
}

fn warning(code: &'static str, message: String, place: Place) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..problem(code, message, place) }
}
