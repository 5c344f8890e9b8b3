//! One run of the compiler: each API's document in turn, then what they make together.

use std::collections::BTreeMap;

use portcullis_config::schema::LocationConfig;
use portcullis_openapi::{ApiModel, Diagnostic, Documents, Place, Report, Severity};

use crate::api::{self, ApiCompiler};
use crate::coverage::{Construct, Coverage, ForeignExtension, PlacedOperation, PlacedRow, Treatment};
use crate::endpoint::Routes;
use crate::gateway::file::ListenerFile;
use crate::gateway::{self, Gateway};
use crate::plugins::{self, Configured};
use crate::schema::SchemaCompiler;
use crate::{
    Compilation, Compiled, DEFAULT_LISTENER, Options, Part, codes, rate_limit_service, settings, wso2,
};

/// What has been compiled so far.
pub(crate) struct Run<'r> {
    entry: &'r str,
    options: Options,
    routes: Routes,
    apis: Vec<api::CompiledApi>,
    parts: Vec<Part>,
    coverage: Coverage,
}

impl<'r> Run<'r> {
    pub(crate) fn new(entry: &'r str, options: Options) -> Self {
        Self {
            entry,
            options,
            routes: Routes::default(),
            apis: Vec::new(),
            parts: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    pub(crate) fn add_credentials(&self, gateway: &mut Gateway) {
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
    pub(crate) fn document(
        &mut self,
        documents: Documents,
        mut report: Report,
        gateway: &mut Gateway,
        at: usize,
    ) {
        let Some(source) = gateway.apis.get(at) else { return };
        let name = source.name.clone();
        if let Some(model) = ApiModel::read(&documents, &mut report) {
            let schema = SchemaCompiler::new(&model, &source.name);
            let endpoint = self.options.endpoint.as_ref();
            let mut api = ApiCompiler::new(&model, source, gateway, endpoint, schema, &mut report)
                .compile(&mut self.routes, &mut report);
            gateway.add_issuers(std::mem::take(&mut api.issuers));
            gateway.idle_audiences.extend(Some(at).filter(|_| api.has_idle_audiences));
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
                most_visits: 0,
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
                most_visits: operation.most_visits,
                constructs: constructs.collect(),
            });
        }
    }

    pub(crate) fn part(&mut self, api: Option<String>, documents: Documents, report: Report) {
        let mut diagnostics = report.into_diagnostics();
        for diagnostic in &mut diagnostics {
            if let (true, Some(place)) = (diagnostic.pointer.is_empty(), diagnostic.place) {
                diagnostic.pointer = documents.pointer(place);
            }
        }
        self.parts.push(Part { api, documents, diagnostics });
    }

    /// The gateway file is read first and judged last.
    pub(crate) fn put_last_part_first(&mut self) {
        self.parts.rotate_right(1);
    }

    pub(crate) fn finish(mut self, gateway: Gateway) -> Compilation {
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
        let observes = apis.iter().flat_map(|api| &api.schema.operations).any(|one| one.rule.observes());
        let mut parameters =
            apis.iter().flat_map(|api| &api.schema.operations).flat_map(|one| &one.rule.parameters);
        let judges_request_ids =
            parameters.any(|one| one.location == LocationConfig::Header && one.name == "x-request-id");
        let Configured { configs, wants } = match plugins::configure(&gateway, layout, apis) {
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
        let finds_clients = gateway.client_address.is_some();
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
        let rate_limit_files = gateway.limit_service.iter();
        let rate_limit_files = rate_limit_files
            .flat_map(|service| rate_limit_service::files(service, &gateway.limits))
            .collect();
        Some(Compiled {
            plugins: configs,
            holds_secrets,
            scopes,
            inputs: self.inputs(),
            coverage: self.coverage.clone(),
            wants,
            listeners,
            admin: gateway.admin,
            routes: std::mem::take(&mut self.routes),
            services: gateway.services,
            revocation_file: gateway.identity.revocation_file,
            environment,
            late_secrets,
            max_body_bytes,
            observes,
            judges_request_ids,
            certificate_header,
            finds_clients,
            internal_header,
            errors: gateway.errors,
            published_keys,
            rate_limit_files,
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
