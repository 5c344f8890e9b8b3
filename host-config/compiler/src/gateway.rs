//! From the gateway file to what the compiler works with: names given, files found, limits and identities
//! checked. A lone OpenAPI document is a gateway with one API and nobody known.

mod admin;
mod backend_jwt;
mod client_address;
pub(crate) mod file;
mod fleet;
mod identity;
mod identity_headers;
mod key_service;
pub(crate) mod limit;
mod policies;
mod tier;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use portcullis_config::ClientAddressConfig;
use portcullis_config::auth::IdentityHeaderConfig;
use portcullis_config::throttle::{
    DenialConfig, LimitConfig, LimitKeyConfig, LimitServiceConfig, TiersConfig,
};
use portcullis_openapi::{Documents, Loader, Node, Place, Report};

use crate::codes;
use crate::endpoint::{Endpoint, NO_ENDPOINT};
use crate::late_secret::LateSecret;
use crate::openid::DerivedIssuer;
use crate::plugins::Layout;
use crate::service::Services;
use crate::settings::{CEILING_MAX_BODY_BYTES, Validation, problem};
pub use admin::admin_address;
pub(crate) use backend_jwt::{BackendJwt, PublishedKeys, SigningKey};
use file::{ApiFile, ErrorsFile, GatewayFile, LifecycleFile, ListenerFile, ServiceFile};
pub(crate) use identity::{Identity, InternalKeys};
pub use identity::{KnownKey, known_keys, read_date, write_date};
pub(crate) use key_service::KeyService;

/// What to compile: the gateway file's content, checked.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    /// Where to listen.
    pub listeners: Vec<ListenerFile>,
    /// Where operators ask.
    pub admin: Option<SocketAddr>,
    /// How the policies are laid out.
    pub layout: Layout,
    /// How refusals are told.
    pub errors: ErrorsFile,
    /// How clients are found behind proxies; `None`: nobody stands in front.
    pub client_address: Option<ClientAddressConfig>,
    /// The APIs, in order.
    pub apis: Vec<ApiSource>,
    /// Who is known.
    pub identity: Identity,
    /// What upstreams are told of callers.
    pub backend_jwt: Option<BackendJwt>,
    /// What they are told in headers.
    pub identity_headers: BTreeMap<String, IdentityHeaderConfig>,
    /// Where users get API keys.
    pub key_service: Option<KeyService>,
    /// Limits by name.
    pub limits: BTreeMap<String, LimitConfig>,
    /// How many bits of an IPv6 address are one caller to them.
    pub ipv6_prefix: Option<u8>,
    /// Names of those that stand before authentication.
    pub early_limits: BTreeSet<String>,
    /// Who counts limits of a fleet.
    pub limit_service: Option<LimitServiceConfig>,
    /// Limits by what callers have booked.
    pub tiers: Option<TiersConfig>,
    /// Who may not call.
    pub denials: Vec<DenialConfig>,
    /// Whether Envoy's statistics have what became of requests under limits.
    pub metrics: bool,
    /// Servers that the gateway asks.
    pub services: Services,
    /// APIs by number whose `audiences` nothing is held against.
    pub idle_audiences: Vec<usize>,
}

/// One API to compile.
#[derive(Debug)]
pub(crate) struct ApiSource {
    /// Its name.
    pub name: String,
    /// Its document, as the loader knows it.
    pub definition: String,
    /// Where to mount it; default: as its first server says.
    pub base_path: Option<String>,
    /// Its hosts, in lower case.
    pub hosts: Vec<String>,
    /// Where its requests go, if the gateway file says so; `Some(None)`: to the sandbox or nowhere.
    pub endpoint: Option<Option<Endpoint>>,
    /// Where requests for the sandbox go, if the gateway file says so.
    pub sandbox_endpoint: Option<Endpoint>,
    /// Whether callers must have subscribed to it.
    pub validate_subscription: bool,
    /// What of its messages is enforced.
    pub validation: Validation,
    /// Limits on all of it.
    pub limits: Vec<String>,
    /// Limits on what its endpoint can bear.
    pub endpoint_limits: Vec<String>,
    /// Issuers whose tokens it accepts.
    pub issuers: Vec<String>,
    /// Whether it accepts none because it was not asked about any.
    pub derives_issuers: bool,
    /// For whom tokens of an issuer have to be that only the document names.
    pub audiences: Vec<String>,
    /// Where it is in its life.
    pub lifecycle: LifecycleFile,
    /// Whether it is the gateway's own, whose operations give their callers API keys.
    pub issues_keys: bool,
}

impl Gateway {
    /// A gateway for one document.
    pub(crate) fn of_document(name: &str) -> Self {
        let api = ApiSource {
            name: stem(name).to_owned(),
            definition: name.to_owned(),
            base_path: None,
            hosts: Vec::new(),
            endpoint: None,
            sandbox_endpoint: None,
            validate_subscription: false,
            validation: Validation::default(),
            limits: Vec::new(),
            endpoint_limits: Vec::new(),
            issuers: Vec::new(),
            derives_issuers: true,
            audiences: Vec::new(),
            lifecycle: LifecycleFile::Published,
            issues_keys: false,
        };
        Self { apis: vec![api], ..Self::default() }
    }

    /// Secrets that a plugin needs itself, and that only the environment has.
    pub(crate) fn late_secrets(&self) -> Vec<LateSecret> {
        let signing = self.backend_jwt.iter().filter_map(|one| one.late.clone());
        let issuing = self.key_service.iter().filter_map(|one| one.late.clone());
        self.identity.issuers.values().flat_map(LateSecret::of_issuer).chain(signing).chain(issuing).collect()
    }

    /// Whether what is written for it must be kept from others.
    pub(crate) fn holds_secrets(&self) -> bool {
        let signs = self.backend_jwt.as_ref().is_some_and(|one| one.late.is_none());
        let issues = self.key_service.as_ref().is_some_and(|one| one.late.is_none());
        self.identity.holds_secrets() || signs || issues
    }

    /// Limits whose names are such.
    pub(crate) fn limits_where(&self, is_such: impl Fn(&str) -> bool) -> BTreeMap<String, LimitConfig> {
        let such = self.limits.iter().filter(|(name, _)| is_such(name));
        such.map(|(name, limit)| (name.clone(), limit.clone())).collect()
    }

    /// Takes in issuers that only documents name.
    pub(crate) fn add_issuers(&mut self, derived: Vec<DerivedIssuer>) {
        for issuer in derived {
            let config = issuer.config(&mut self.services);
            self.identity.issuers.extend(config.map(|config| (issuer.name, config)));
        }
    }

    /// Settings of a server that nothing asks are those of another, misspelt.
    pub(crate) fn check_services(&self, root: &Node, report: &mut Report) {
        for origin in self.services.unused() {
            let place = root.get("services").unwrap_or(root).place();
            report.push(problem(codes::SETTING_INVALID, format!("the gateway never asks {origin}"), place));
        }
    }

    /// Tells which APIs say for whom tokens must be of which nothing there asks that.
    pub(crate) fn check_audiences(&self, root: &Node, report: &mut Report) {
        for at in &self.idle_audiences {
            let api = root.get("apis").and_then(|apis| apis.as_array()?.get(*at));
            let place = api.map_or(root, |api| api.get("audiences").unwrap_or(api)).place();
            let message = "no operation of the API accepts tokens whose issuer an openIdConnectUrl names, so nothing is held against `audiences`";
            report.push(problem(codes::SETTING_INVALID, message, place));
        }
    }

    /// The gateway's own public keys, and where they are served.
    pub(crate) fn published_keys(&self) -> impl Iterator<Item = &PublishedKeys> {
        let of_service = self.key_service.iter().filter_map(|service| service.published.as_ref());
        self.backend_jwt.iter().map(|backend_jwt| &backend_jwt.published).chain(of_service)
    }

    /// Reads the gateway file at the root of `documents`. What is wrong goes into the report.
    pub(crate) fn read(documents: &Documents, root: &Node, loader: &dyn Loader, report: &mut Report) -> Self {
        let file: GatewayFile = match root.read() {
            Ok(file) => file,
            Err(invalid) => {
                let place = invalid.place.unwrap_or(root.place());
                report.push(problem(codes::SETTING_INVALID, invalid.to_string(), place));
                return Self::default();
            }
        };
        let reader = Reader { root, folder: folder(documents.name(root.place().file)), loader };
        let early = file.limits.iter().filter(|(_, limit)| limit.before_authentication);
        let early_limits = early.map(|(name, _)| name.clone()).collect();
        let mut limits = reader.limits(&file.limits, file.rate_limit_service.as_ref(), report);
        if file.ipv6_prefix.is_some_and(|prefix| !(1..=128).contains(&prefix)) {
            let message = "1 to 128 bits of an IPv6 address are one caller";
            report.push(problem(codes::SETTING_INVALID, message, reader.place(&["ipv6Prefix"])));
        }
        let imported = file.policies.as_ref().map(|name| reader.policies(name, &mut limits, report));
        let identity_headers = reader.identity_headers(&file, report);
        let client_address = file.client_address.as_ref().map(|file| reader.client_address(file, report));
        let mut services = reader.services(file.services, report);
        let limit_service = file.rate_limit_service.as_ref();
        let limit_service = limit_service.and_then(|file| reader.limit_service(file, &mut services, report));
        let mut identity = reader.identity(&file.identity, &mut services, report);
        let tls = file.listeners.iter().filter_map(|listener| listener.tls.as_ref());
        identity.listener_asks = tls.filter(|tls| tls.client_certificates.is_some()).count() > 0;
        let names: Vec<String> = file.apis.iter().map(ApiFile::name).collect();
        let service = file.api_key_service.as_ref();
        let key_service = service.and_then(|file| reader.key_service(file, &names, &mut identity, report));
        let mut apis = reader.apis(file.apis, &identity, &limits, report);
        let tiers = reader.tiers(file.tiers, imported, (&limits, &early_limits), &identity, report);
        let denials = reader.denials(file.deny, &apis, report);
        reader.note_tiers(tiers.as_ref(), &apis, report);
        apis.extend(key_service.as_ref().map(KeyService::source));
        reader.check_listeners(&file.listeners, report);
        let admin = file.admin.as_ref().and_then(|admin| reader.admin(admin, &file.listeners, report));
        let backend_jwt = file.backend_jwt.as_ref().and_then(|file| reader.backend_jwt(file, report));
        Self {
            listeners: file.listeners,
            admin,
            layout: file.layout,
            errors: file.errors,
            client_address,
            apis,
            identity,
            backend_jwt,
            key_service,
            identity_headers,
            limits,
            ipv6_prefix: file.ipv6_prefix,
            early_limits,
            limit_service,
            tiers,
            denials,
            metrics: file.metrics,
            services,
            idle_audiences: Vec::new(),
        }
    }
}

impl ApiFile {
    /// Its name, given or not.
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| stem(&self.definition).to_owned())
    }
}

/// The gateway file while it is read.
pub(crate) struct Reader<'r> {
    root: &'r Node,
    folder: &'r str,
    loader: &'r dyn Loader,
}

impl Reader<'_> {
    fn apis(
        &self,
        files: Vec<ApiFile>,
        identity: &Identity,
        limits: &BTreeMap<String, LimitConfig>,
        report: &mut Report,
    ) -> Vec<ApiSource> {
        let mut apis: Vec<ApiSource> = Vec::with_capacity(files.len());
        if files.is_empty() {
            report.push(problem(
                codes::SETTING_INVALID,
                "a gateway serves at least one API",
                self.place(&["apis"]),
            ));
        }
        for (at, file) in files.into_iter().enumerate() {
            let at = at.to_string();
            let place = |key: &str| self.place(&["apis", &at, key]);
            let name = file.name();
            if apis.iter().any(|known| known.name == name) {
                report.push(problem(
                    codes::NAME_DUPLICATE,
                    format!("two APIs are named '{name}'"),
                    place("name"),
                ));
            }
            let mut parse = |key: &str, text: &str| match Endpoint::parse(text) {
                Ok(endpoint) => Some(endpoint),
                Err(cause) => {
                    report.push(problem(codes::ENDPOINT_INVALID, cause.to_string(), place(key)));
                    None
                }
            };
            let endpoint = match file.endpoint.as_deref() {
                Some(NO_ENDPOINT) => Some(None),
                written => written.and_then(|text| parse("endpoint", text)).map(Some),
            };
            let sandbox = file.sandbox_endpoint.as_deref();
            let sandbox_endpoint = sandbox.and_then(|text| parse("sandboxEndpoint", text));
            for (key, named) in [("limits", &file.limits), ("endpointLimits", &file.endpoint_limits)] {
                for limit in named.iter().filter(|limit| !limits.contains_key(*limit)) {
                    let message = format!("no limit is named '{limit}'");
                    report.push(problem(codes::LIMIT_UNKNOWN, message, place(key)));
                }
            }
            let bearing = file.endpoint_limits.iter().filter_map(|name| Some((name, limits.get(name)?)));
            for (name, _) in bearing.filter(|(_, limit)| limit.by != LimitKeyConfig::All) {
                let message = format!("what an endpoint can bear is counted `by: all`, and '{name}' is not");
                report.push(problem(codes::SETTING_INVALID, message, place("endpointLimits")));
            }
            let is_said = file.issuers.is_some();
            let issuers = file.issuers.unwrap_or_else(|| identity.issuer_names().cloned().collect());
            for issuer in
                issuers.iter().filter(|issuer| !identity.issuer_names().any(|known| known == *issuer))
            {
                report.push(problem(
                    codes::ISSUER_UNKNOWN,
                    format!("no issuer is named '{issuer}'"),
                    place("issuers"),
                ));
            }
            let issues_keys =
                |name: &String| identity.issuers.get(name).is_some_and(|one| one.api_keys.is_some());
            let derives_issuers = !is_said && issuers.iter().all(issues_keys);
            if !derives_issuers && !file.audiences.is_empty() {
                let message = "the gateway knows issuers: each says by its own `audiences` for whom its tokens must be, and `issuers: []` accepts none";
                report.push(problem(codes::SETTING_INVALID, message, place("audiences")));
            }
            let mut validation = Validation::default();
            if !validation.overlay(&file.validation) {
                let message = format!("maxResponseBytes must be between 1 and {CEILING_MAX_BODY_BYTES}");
                report.push(problem(codes::SETTING_INVALID, message, place("validation")));
            }
            apis.push(ApiSource {
                name,
                definition: join(self.folder, &file.definition),
                base_path: file.base_path,
                hosts: file.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
                endpoint,
                sandbox_endpoint,
                validate_subscription: file.validate_subscription.unwrap_or(identity.validate_subscription),
                validation,
                limits: file.limits,
                endpoint_limits: file.endpoint_limits,
                derives_issuers,
                issuers,
                audiences: file.audiences,
                lifecycle: file.lifecycle,
                issues_keys: false,
            });
        }
        apis
    }

    fn services(&self, files: BTreeMap<String, ServiceFile>, report: &mut Report) -> Services {
        for (url, file) in &files {
            let place = self.place(&["services", url]);
            if file.certificate.is_some() != file.key.is_some() {
                report.push(problem(
                    codes::SETTING_INVALID,
                    "a certificate needs its key, and a key its certificate",
                    place,
                ));
            }
            if file.timeout_milliseconds.is_some_and(|timeout| !(1..=60_000).contains(&timeout)) {
                report.push(problem(
                    codes::SETTING_INVALID,
                    "a call takes between 1 and 60000 milliseconds",
                    place,
                ));
            }
        }
        Services::new(files).unwrap_or_else(|(url, cause)| {
            let message = format!("'{url}' is no URL without a path: {cause}");
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["services", &url])));
            Services::default()
        })
    }

    fn check_listeners(&self, listeners: &[ListenerFile], report: &mut Report) {
        for (at, listener) in listeners.iter().enumerate() {
            if listener.address.parse::<std::net::SocketAddr>().is_err() {
                let message =
                    format!("'{}' is no address such as 127.0.0.1:8080 or [::]:8443", listener.address);
                let place = self.place(&["listeners", &at.to_string(), "address"]);
                report.push(problem(codes::LISTENER_INVALID, message, place));
            }
        }
    }

    /// The place of the innermost node on the way that exists.
    fn place(&self, path: &[&str]) -> Place {
        let mut node = self.root;
        for step in path {
            let at = || node.as_array()?.get(step.parse::<usize>().ok()?);
            match node.get(step).or_else(at) {
                Some(child) => node = child,
                None => break,
            }
        }
        node.place()
    }
}

/// A file that refers to no other, or why it cannot be read.
fn lone_file(name: &str, text: &str) -> Result<Documents, String> {
    let mut report = Report::default();
    let files = HashMap::from([(name.to_owned(), text.as_bytes().to_vec())]);
    let documents = Documents::load(&files, name, &mut report);
    if documents.root().is_none() {
        let message = report.diagnostics().first().map_or("", |problem| problem.message.as_str());
        return Err(format!("{name}: {message}"));
    }
    Ok(documents)
}

/// A file name without folders and ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The folder part of a path, with its slash.
pub(crate) fn folder(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("")
}

/// A path relative to a folder, as the loader knows it.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files() {
        assert_eq!(stem("a/b/pet.store.yaml"), "pet.store");
        assert_eq!(join(folder("a/gateway.yaml"), "x/y.yaml"), "a/x/y.yaml");
        assert_eq!(join(folder("gateway.yaml"), "y.yaml"), "y.yaml");
        assert_eq!(join("a/", "/y.yaml"), "/y.yaml");
    }
}
