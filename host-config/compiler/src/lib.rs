//! Compiles a gateway file and the API definitions it names into plugin configurations, Envoy's configuration
//! and a coverage report. Pure: bytes in, bytes out; the same input gives the same bytes.

mod api;
mod bundle;
pub mod codes;
pub mod coverage;
mod endpoint;
mod envoy;
mod gateway;
mod late_secret;
mod mock;
mod module;
mod openid;
mod path_key;
mod plugins;
mod revocation_file;
mod schema;
mod security;
mod service;
pub mod settings;
mod wso2;

use std::collections::{BTreeMap, BTreeSet};

use portcullis_config::auth::IssuerConfig;
use portcullis_core::ErrorFormat;
use portcullis_openapi::{ApiModel, Diagnostic, Documents, Loader, Place, Report, Severity};
use serde_json::Value;

pub use bundle::{Bundle, BundleError};
pub use coverage::{
    Construct, Coverage, ForeignExtension, OperationCoverage, PlacedOperation, PlacedRow, Treatment,
};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use envoy::{DEFAULT_TRUSTED_CA, Surroundings};
pub use gateway::file::{ErrorsFile, GatewayFile, ListenerFile};
pub use gateway::{KnownKey, known_keys, read_date, write_date};
pub use module::InvalidModule;
pub use plugins::{Layout, Plugin, PluginConfigs};
pub use portcullis_config::auth::{ApiKeyConfig, UserConfig};
pub use revocation_file::{NoRevocationFile, RevokedEntry, add_revoked, count_revoked};

use api::ApiCompiler;
use endpoint::Routes;
use gateway::{Gateway, PublishedKeys};
use late_secret::LateSecret;
use plugins::Configured;
use schema::SchemaCompiler;
use service::Services;

/// Where a gateway listens when nothing says so.
pub const DEFAULT_LISTENER: &str = "127.0.0.1:8080";

/// The bytes of each plugin's module.
pub type Modules = BTreeMap<Plugin, Vec<u8>>;

/// What is not in the files.
#[derive(Debug, Default)]
pub struct Options {
    /// Replaces the gateway file's listeners by one at this address, with the TLS of the first of them.
    pub listen: Option<String>,
    /// Where requests go when neither the gateway file nor `x-portcullis` says so; wins over `servers`.
    pub endpoint: Option<Endpoint>,
    /// How the policies are laid out, whatever the gateway file says.
    pub layout: Option<Layout>,
    /// Credentials made for this run.
    pub credentials: Credentials,
}

/// Credentials beside those of the gateway file.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Issuers by name; accepted by all APIs.
    pub issuers: BTreeMap<String, IssuerConfig>,
    /// API keys.
    pub api_keys: Vec<ApiKeyConfig>,
    /// Users.
    pub users: Vec<UserConfig>,
}

/// What came out of the compiler.
#[derive(Debug)]
pub struct Compilation {
    /// The files that were read and what is wrong with them: the gateway file first, if there is one, then each API.
    pub parts: Vec<Part>,
    /// The gateway, if nothing is wrong.
    pub compiled: Option<Compiled>,
    /// How each construct is treated, also when something is wrong.
    pub coverage: Coverage,
}

/// One definition or gateway file with everything it refers to.
#[derive(Debug)]
pub struct Part {
    /// The API, unless this is the gateway file.
    pub api: Option<String>,
    /// Its files.
    pub documents: Documents,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// A gateway that can be built and run.
#[derive(Debug)]
pub struct Compiled {
    /// Each plugin's configuration.
    pub plugins: PluginConfigs,
    /// Every scope that an operation asks for.
    pub scopes: BTreeSet<String>,
    /// The files it was made from, by name, relative to the folder of the first.
    pub inputs: BTreeMap<String, String>,
    /// How each construct is treated.
    pub coverage: Coverage,
    /// Environment variables of Envoy that plugins read: they hold secrets.
    pub environment: BTreeSet<String>,
    /// Those that plugins do not send on but use themselves.
    late_secrets: Vec<LateSecret>,
    /// Plugins that ask servers.
    asking: BTreeSet<Plugin>,
    listeners: Vec<ListenerFile>,
    routes: Routes,
    services: Services,
    revocation_file: Option<String>,
    max_body_bytes: u32,
    certificate_header: Option<String>,
    internal_header: Option<String>,
    errors: ErrorsFile,
    published_keys: Vec<PublishedKeys>,
    holds_secrets: bool,
    /// Of the file that was compiled, as it was named, with its slash.
    folder: String,
}

impl Compiled {
    /// Where it listens.
    pub fn listeners(&self) -> &[ListenerFile] {
        &self.listeners
    }

    /// Whether the bundle has secrets in it: whoever may read it can sign what the gateway believes.
    pub fn holds_secrets(&self) -> bool {
        self.holds_secrets
    }

    /// Whether an environment variable holds what it has to hold.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, without it.
    pub fn check_secret(&self, variable: &str, value: &str) -> Result<(), String> {
        let mut asked = self.late_secrets.iter().filter(|late| late.variable == variable);
        asked.try_for_each(|late| late.check(value))
    }

    /// How refusals are told.
    pub fn errors(&self) -> ErrorFormat {
        match self.errors {
            ErrorsFile::Problem => ErrorFormat::Problem,
            ErrorsFile::Wso2 => ErrorFormat::Wso2,
        }
    }

    /// Envoy's bootstrap.
    pub fn bootstrap(&self, modules: &Modules, surroundings: &Surroundings) -> Result<Value, BundleError> {
        let mut capabilities = BTreeMap::new();
        for plugin in self.plugins.keys().copied() {
            let module = modules.get(&plugin).ok_or(BundleError::ModuleMissing(plugin.name()))?;
            capabilities.insert(plugin, module::capabilities(plugin, self.asking.contains(&plugin), module)?);
        }
        Ok(envoy::bootstrap(&envoy::Input {
            listeners: &self.listeners,
            routes: &self.routes,
            services: &self.services,
            revocation_file: self.revocation_file.as_deref(),
            environment: &self.environment,
            plugins: &self.plugins,
            capabilities: &|plugin| capabilities.get(&plugin).cloned().unwrap_or_default(),
            max_body_bytes: self.max_body_bytes,
            errors: self.errors,
            certificate_header: self.certificate_header.as_deref(),
            internal_header: self.internal_header.as_deref(),
            published_keys: &self.published_keys,
            surroundings,
        }))
    }
}

/// The JSON Schema of the gateway file, for editors.
pub fn gateway_schema() -> Value {
    schemars::schema_for!(GatewayFile).to_value()
}

/// The JSON Schema of `x-portcullis`, for editors.
pub fn extension_schema() -> Value {
    schemars::schema_for!(settings::Extension).to_value()
}

/// Compiles the file `entry`: a gateway file, or one OpenAPI document.
pub fn compile(loader: &dyn Loader, entry: &str, options: Options) -> Compilation {
    let mut report = Report::default();
    let documents = Documents::load(loader, entry, &mut report);
    let mut run = Run {
        entry,
        options,
        routes: Routes::default(),
        apis: Vec::new(),
        parts: Vec::new(),
        coverage: Coverage::default(),
    };
    match documents.root() {
        Some(root) if root.get("openapi").is_some() || root.get("swagger").is_some() => {
            let mut gateway = Gateway::of_document(entry);
            run.add_credentials(&mut gateway);
            run.document(documents, report, &mut gateway, 0);
            run.finish(gateway)
        }
        Some(root) if root.get("apis").is_some() => {
            let mut gateway = Gateway::read(&documents, root, loader, &mut report);
            run.add_credentials(&mut gateway);
            for at in 0..gateway.apis.len() {
                let definition = gateway.apis.get(at).map(|api| api.definition.clone()).unwrap_or_default();
                let mut report = Report::default();
                let own = gateway
                    .key_service
                    .as_ref()
                    .filter(|_| gateway.apis.get(at).is_some_and(|api| api.issues_keys));
                let documents = match own.map(gateway::KeyService::document) {
                    Some(document) => Documents::load(&document, &definition, &mut report),
                    None => Documents::load(loader, &definition, &mut report),
                };
                run.document(documents, report, &mut gateway, at);
            }
            // Only now is it known whom the documents have the gateway ask.
            gateway.check_services(root, &mut report);
            run.part(None, documents, report);
            run.parts.rotate_right(1);
            run.finish(gateway)
        }
        root => {
            if let Some(root) = root {
                report.push(Diagnostic {
                    hint: Some(
                        "an OpenAPI document begins with `openapi: 3…`, a gateway file has `apis:`".into(),
                    ),
                    ..settings::problem(
                        codes::FILE_UNKNOWN,
                        "this is no OpenAPI document and no gateway file",
                        root.place(),
                    )
                });
            }
            run.part(None, documents, report);
            run.finish(Gateway::default())
        }
    }
}

struct Run<'r> {
    entry: &'r str,
    options: Options,
    routes: Routes,
    apis: Vec<api::CompiledApi>,
    parts: Vec<Part>,
    coverage: Coverage,
}

impl Run<'_> {
    fn add_credentials(&self, gateway: &mut Gateway) {
        let credentials = &self.options.credentials;
        for (name, issuer) in &credentials.issuers {
            gateway.identity.issuers.insert(name.clone(), issuer.clone());
            for api in &mut gateway.apis {
                api.issuers.push(name.clone());
                api.derives_issuers = false;
            }
        }
        gateway.identity.api_keys.extend(credentials.api_keys.iter().cloned());
        gateway.identity.users.extend(credentials.users.iter().cloned());
    }

    /// Compiles one API's document.
    fn document(&mut self, documents: Documents, mut report: Report, gateway: &mut Gateway, at: usize) {
        let Some(source) = gateway.apis.get(at) else { return };
        let name = source.name.clone();
        if let Some(model) = ApiModel::read(&documents, &mut report) {
            let schema = SchemaCompiler::new(&model, &source.name);
            let endpoint = self.options.endpoint.as_ref();
            let mut api = ApiCompiler::new(&model, source, gateway, endpoint, schema, &mut report)
                .compile(&mut self.routes, &mut report);
            gateway.add_issuers(std::mem::take(&mut api.issuers));
            self.check_schemes(&api, &documents, &mut report);
            self.cover(&documents, &api, &model);
            self.apis.push(api);
        }
        self.part(Some(name), documents, report);
    }

    /// Names with dots may run into one another: `a.b` of `c` and `b.c` of `a`. Each is one API's, so that no key is good for two.
    fn check_schemes(&self, api: &api::CompiledApi, documents: &Documents, report: &mut Report) {
        let taken = |name: &&String| self.apis.iter().any(|other| other.schemes.contains_key(*name));
        let root = documents.root();
        if let (Some(name), Some(root)) = (api.schemes.keys().find(taken), root) {
            let message =
                format!("another API has a security scheme that is '{name}' to the gateway as well");
            report.push(Diagnostic {
                hint: Some("give one of the APIs another `name` in the gateway file".into()),
                ..settings::problem(codes::NAME_DUPLICATE, message, root.place())
            });
        }
    }

    fn cover(&mut self, documents: &Documents, api: &api::CompiledApi, model: &ApiModel<'_>) {
        let name = &api.routing.name;
        let foreign = model.foreign_extensions.iter();
        for (extension, found) in foreign.filter(|(name, _)| !wso2::HONOURED.contains(name)) {
            self.coverage.foreign_extensions.push(ForeignExtension {
                api: name.clone(),
                name: (*extension).to_owned(),
                count: found.count,
                place: shown(documents, found.first),
            });
        }
        if let Some(webhooks) = model.webhooks {
            let treatment =
                Treatment::Waived("the upstream calls out; the gateway does not see it".to_owned());
            self.coverage.operations.push(PlacedOperation {
                api: name.clone(),
                operation: format!("{name} webhooks"),
                constructs: vec![PlacedRow {
                    construct: Construct::Other,
                    name: "webhooks".to_owned(),
                    treatment,
                    place: Some(shown(documents, webhooks.place())),
                }],
            });
        }
        for operation in &api.coverage {
            let constructs = operation.rows.iter().map(|row| PlacedRow {
                construct: row.construct,
                name: row.name.clone(),
                treatment: row.treatment.clone(),
                place: row.place.map(|place| shown(documents, place)),
            });
            self.coverage.operations.push(PlacedOperation {
                api: operation.api.clone(),
                operation: operation.operation.clone(),
                constructs: constructs.collect(),
            });
        }
    }

    fn part(&mut self, api: Option<String>, documents: Documents, report: Report) {
        let mut diagnostics = report.into_diagnostics();
        for diagnostic in &mut diagnostics {
            if let (true, Some(place)) = (diagnostic.pointer.is_empty(), diagnostic.place) {
                diagnostic.pointer = documents.pointer(place);
            }
        }
        self.parts.push(Part { api, documents, diagnostics });
    }

    fn finish(mut self, gateway: Gateway) -> Compilation {
        let failed =
            self.parts.iter().flat_map(|part| &part.diagnostics).any(|one| one.severity == Severity::Error);
        let compiled = if failed { None } else { self.assemble(gateway) };
        Compilation { parts: self.parts, compiled, coverage: self.coverage }
    }

    fn assemble(&mut self, gateway: Gateway) -> Option<Compiled> {
        let apis = std::mem::take(&mut self.apis);
        let max_body_bytes = apis.iter().map(|api| api.max_body_bytes).max().unwrap_or_default();
        let rules = apis.iter().flat_map(|api| &api.auth.operations).map(|operation| &operation.rule);
        let scopes = rules.flat_map(|rule| rule.scopes()).map(str::to_owned).collect();
        let layout = self.options.layout.unwrap_or(gateway.layout);
        let Configured { configs, asking } = match plugins::configure(&gateway, layout, apis) {
            Ok(configured) => configured,
            Err(refused) => {
                self.refuse(refused.to_string());
                return None;
            }
        };
        let late_secrets = gateway.late_secrets();
        let of_plugin = late_secrets.iter().map(|late| late.variable.clone());
        let environment = gateway.identity.environment().map(str::to_owned).chain(of_plugin).collect();
        let holds_secrets = gateway.holds_secrets();
        let published_keys = gateway.published_keys().cloned().collect();
        let internal_header = gateway.identity.internal_keys.map(|keys| keys.header);
        let certificate_header = gateway.identity.terminator.map(|terminator| terminator.header);
        let listeners = match (&self.options.listen, gateway.listeners.is_empty()) {
            // Another address is no reason to serve without TLS.
            (Some(address), _) => {
                let tls = gateway.listeners.first().and_then(|listener| listener.tls.clone());
                vec![ListenerFile { address: address.clone(), tls }]
            }
            (None, true) => vec![ListenerFile { address: DEFAULT_LISTENER.to_owned(), tls: None }],
            (None, false) => gateway.listeners,
        };
        Some(Compiled {
            plugins: configs,
            holds_secrets,
            scopes,
            inputs: self.inputs(),
            coverage: self.coverage.clone(),
            asking,
            listeners,
            routes: std::mem::take(&mut self.routes),
            services: gateway.services,
            revocation_file: gateway.identity.revocation_file,
            environment,
            late_secrets,
            max_body_bytes,
            certificate_header,
            internal_header,
            errors: gateway.errors,
            published_keys,
            folder: gateway::folder(self.entry).to_owned(),
        })
    }

    fn inputs(&self) -> BTreeMap<String, String> {
        let folder = gateway::folder(self.entry);
        let relative = |name: &str| name.strip_prefix(folder).unwrap_or(name).to_owned();
        let files = self.parts.iter().flat_map(|part| part.documents.files());
        files.map(|(_, name, text)| (relative(name), text.to_owned())).collect()
    }

    /// A plugin refuses what was compiled: told at the first file, since no place is known.
    fn refuse(&mut self, message: String) {
        if let Some(part) = self.parts.first_mut() {
            part.diagnostics.push(Diagnostic {
                severity: Severity::Error,
                code: codes::SETTING_INVALID,
                message,
                place: part.documents.root().map(portcullis_openapi::Node::place),
                pointer: String::new(),
                hint: None,
            });
        }
    }
}

fn shown(documents: &Documents, place: Place) -> String {
    let position = documents.position(place);
    format!("{}:{}:{}", documents.name(place.file), position.line, position.column)
}
