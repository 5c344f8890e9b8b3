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
mod rate_limit_service;
mod revocation_file;
mod run;
mod schema;
mod security;
mod service;
pub mod settings;
mod wso2;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use portcullis_config::auth::IssuerConfig;
use portcullis_core::ErrorFormat;
use portcullis_openapi::{Diagnostic, Documents, Loader, Report};
use serde_json::Value;

pub use bundle::{Bundle, BundleError};
pub use coverage::{
    Construct, Coverage, ForeignExtension, OperationCoverage, PlacedOperation, PlacedRow, Treatment,
};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use envoy::{DEFAULT_TRUSTED_CA, Surroundings};
pub use gateway::file::{ErrorsFile, GatewayFile, ListenerFile};
pub use gateway::{KnownKey, admin_address, known_keys, read_date, write_date};
pub use module::InvalidModule;
pub use plugins::{Layout, Plugin, PluginConfigs};
pub use portcullis_config::auth::{ApiKeyConfig, UserConfig};
pub use revocation_file::{NoRevocationFile, RevokedEntry, add_revoked, count_revoked};

use endpoint::Routes;
use gateway::{Gateway, PublishedKeys};
use late_secret::LateSecret;
use run::Run;
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
    /// What each plugin needs of its host.
    wants: BTreeMap<Plugin, plugins::Wants>,
    listeners: Vec<ListenerFile>,
    /// Where operators ask.
    admin: Option<SocketAddr>,
    routes: Routes,
    services: Services,
    revocation_file: Option<String>,
    max_body_bytes: u32,
    /// Whether something is judged and let pass, or responses are judged.
    observes: bool,
    /// Whether some operation declares the header in which Envoy would put an identifier of its own.
    judges_request_ids: bool,
    certificate_header: Option<String>,
    /// Whether plugins find clients behind proxies.
    finds_clients: bool,
    internal_header: Option<String>,
    errors: ErrorsFile,
    published_keys: Vec<PublishedKeys>,
    /// Files for the rate limit service.
    rate_limit_files: Vec<(&'static str, Value)>,
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
            let of = plugin.module();
            let module = modules.get(&of).ok_or(BundleError::ModuleMissing(of.name()))?;
            let wants = self.wants.get(&plugin).copied().unwrap_or_default();
            let mut names = module::capabilities(plugin, wants, module)?;
            if plugin.shows() {
                names.retain(|name| !module::CHANGES.contains(&name.as_str()));
            }
            capabilities.insert(plugin, names);
        }
        Ok(envoy::bootstrap(&envoy::Input {
            listeners: &self.listeners,
            admin: self.admin,
            routes: &self.routes,
            counts: self.wants.values().any(|wants| wants.counts),
            services: &self.services,
            revocation_file: self.revocation_file.as_deref(),
            environment: &self.environment,
            plugins: &self.plugins,
            capabilities: &|plugin| capabilities.get(&plugin).cloned().unwrap_or_default(),
            max_body_bytes: self.max_body_bytes,
            observes: self.observes,
            judges_request_ids: self.judges_request_ids,
            errors: self.errors,
            certificate_header: self.certificate_header.as_deref(),
            finds_clients: self.finds_clients,
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
    let mut run = Run::new(entry, options);
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
            gateway.check_audiences(root, &mut report);
            run.part(None, documents, report);
            run.put_last_part_first();
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
