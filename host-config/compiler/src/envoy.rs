//! Envoy's bootstrap: listeners, the chain of plugins, a route for each name that the routing plugin can give,
//! a cluster for each origin. What no plugin has let through finds no route.

mod admin;
mod client_certificate;
mod cluster;
mod jwks;
mod listener;
mod plugin;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Routes};
use crate::gateway::file::{ErrorsFile, ListenerFile};
use crate::gateway::{PublishedKeys, join};
use crate::plugins::{Plugin, PluginConfigs};
use crate::revocation_file;
use crate::service::Services;
pub(crate) use listener::CERTIFICATE_HEADERS;

/// What the bootstrap is made of beside the compiled gateway.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Put before module file names: empty for a bundle, whose folder Envoy runs in.
    pub module_folder: String,
    /// Put before relative file names of the gateway file.
    pub file_folder: String,
    /// A Unix socket for Envoy's admin interface; without it there is none.
    pub admin_socket: Option<String>,
    /// PEM file with the authorities that vouch for https endpoints.
    pub trusted_ca: String,
}

/// Connections of clients at a time; more are closed at once.
const MAX_CONNECTIONS: u32 = 50_000;
/// Of what Envoy has freed, given back to the system in a second.
const RELEASED_BYTES: u64 = 64 << 20;

/// Prometheus gets the limit's name as a label, and one metric for all limits.
const LIMIT_TAG: StatsTag = StatsTag {
    tag_name: "portcullis_limit",
    regex: r"^wasmcustom\.portcullis\.limit(\.(.+))\.(?:allowed|refused|marked|fallback)$",
};

/// Of what is wrong with messages, which is named `invalid.OPERATION.MESSAGE.OUTCOME` and
/// `violation.OPERATION.MESSAGE.KEYWORD.OUTCOME`, all but the outcome.
const VIOLATION_TAGS: [StatsTag; 3] = [
    StatsTag {
        tag_name: "portcullis_operation",
        regex: r"^wasmcustom\.portcullis\.(?:invalid|violation)(\.(.+))\.(?:request|response)(?:\.[^.]+)?\.(?:refused|observed)$",
    },
    StatsTag {
        tag_name: "portcullis_message",
        regex: r"^wasmcustom\.portcullis\.(?:invalid|violation)\..+(\.(request|response))(?:\.[^.]+)?\.(?:refused|observed)$",
    },
    StatsTag {
        tag_name: "portcullis_keyword",
        regex: r"^wasmcustom\.portcullis\.violation\..+\.(?:request|response)(\.([^.]+))\.(?:refused|observed)$",
    },
];

/// What of a metric's name is a label: all of the first group goes, the second is the value.
#[derive(serde::Serialize)]
struct StatsTag {
    tag_name: &'static str,
    regex: &'static str,
}

/// Debian's and Ubuntu's own list of authorities.
pub const DEFAULT_TRUSTED_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            module_folder: String::new(),
            file_folder: String::new(),
            admin_socket: None,
            trusted_ca: DEFAULT_TRUSTED_CA.to_owned(),
        }
    }
}

/// What of a compiled gateway concerns Envoy.
pub(crate) struct Input<'i> {
    pub(crate) listeners: &'i [ListenerFile],
    /// Where operators ask.
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) routes: &'i Routes,
    /// Whether a plugin counts.
    pub(crate) counts: bool,
    pub(crate) services: &'i Services,
    /// The file of revoked tokens that Envoy watches.
    pub(crate) revocation_file: Option<&'i str>,
    /// Environment variables that plugins may read.
    pub(crate) environment: &'i BTreeSet<String>,
    pub(crate) plugins: &'i PluginConfigs,
    pub(crate) capabilities: &'i dyn Fn(Plugin) -> BTreeSet<String>,
    pub(crate) max_body_bytes: u32,
    /// Whether the access log says what was observed.
    pub(crate) observes: bool,
    /// Whether the client's request identifiers are judged: then Envoy makes none.
    pub(crate) judges_request_ids: bool,
    pub(crate) errors: ErrorsFile,
    /// The header in which certificates are passed on, if there is one.
    pub(crate) certificate_header: Option<&'i str>,
    /// Whether plugins find clients behind proxies: then Envoy's word for one is a proxy's address.
    pub(crate) finds_clients: bool,
    /// The header of publishers' keys, which reaches no upstream, also where it opens nothing.
    pub(crate) internal_header: Option<&'i str>,
    /// The gateway's own keys, as far as it publishes them.
    pub(crate) published_keys: &'i [PublishedKeys],
    pub(crate) surroundings: &'i Surroundings,
}

impl Input<'_> {
    /// Whether the access log must have the path kept for it, since a route changes it.
    pub(crate) fn keeps_path(&self) -> bool {
        self.routes.iter().any(|(route, _)| route.changes_path())
    }
}

/// The bootstrap.
pub(crate) fn bootstrap(input: &Input<'_>) -> Value {
    let chain = plugin::chain(input);
    let mut listeners: Vec<Value> = input
        .listeners
        .iter()
        .enumerate()
        .map(|(at, one)| listener::listener(at, one, &chain, input))
        .collect();
    let revoked = input.revocation_file.map(|file| join(&input.surroundings.file_folder, file));
    listeners.extend(revoked.map(|file| revocation_file::listener(&file)));
    listeners.extend(input.admin.map(|address| admin::listener(address, input)));
    let tags = input.counts.then_some(&LIMIT_TAG).into_iter().chain(&VIOLATION_TAGS);
    let mut bootstrap = json!({
        "stats_config": { "stats_tags": tags.collect::<Vec<_>>() },
        "static_resources": { "listeners": listeners, "clusters": clusters(input) },
        "typed_dns_resolver_config": cluster::resolver(),
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": type_url(
                    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
                ),
                "max_active_downstream_connections": MAX_CONNECTIONS,
            },
        }] },
        // To compile the modules takes memory that is not needed again.
        "memory_allocator_manager": { "bytes_to_release": RELEASED_BYTES, "memory_release_interval": "1s" },
    });
    if let (Some(_), Some(object)) = (input.revocation_file, bootstrap.as_object_mut()) {
        // What Envoy watches is asked for in the name of a node.
        object.insert("node".to_owned(), json!({ "id": "portcullis", "cluster": "portcullis" }));
        object.insert("bootstrap_extensions".to_owned(), json!([internal_listeners()]));
    }
    if let (Some(path), Some(object)) = (&input.surroundings.admin_socket, bootstrap.as_object_mut()) {
        object.insert("admin".to_owned(), json!({ "address": { "pipe": { "path": path, "mode": 0o600 } } }));
    }
    bootstrap
}

fn internal_listeners() -> Value {
    json!({
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": { "@type": type_url("envoy.extensions.bootstrap.internal_listener.v3.InternalListener") },
    })
}

fn clusters(input: &Input<'_>) -> Vec<Value> {
    let mut origins = BTreeSet::new();
    let mut clusters = Vec::new();
    let trusted_ca = &input.surroundings.trusted_ca;
    for (route, _) in input.routes.iter() {
        match &route.endpoint {
            Endpoint::Upstream(upstream) if origins.insert(upstream.origin()) => {
                clusters.push(cluster::cluster(upstream, trusted_ca));
            }
            Endpoint::Several(several) if origins.insert(several.name()) => {
                clusters.push(cluster::several(several, trusted_ca));
            }
            _ => {}
        }
    }
    clusters.extend(input.revocation_file.map(|_| revocation_file::cluster()));
    clusters.extend(input.services.iter().map(|service| cluster::service(&service, input.surroundings)));
    clusters
}

/// `type.googleapis.com/…`
pub(crate) fn type_url(name: &str) -> String {
    format!("type.googleapis.com/{name}")
}
