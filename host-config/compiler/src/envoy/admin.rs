//! The operators' listener: on the machine itself, plain HTTP, answered by instances of throttle that show and do not count.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{Input, plugin, type_url};
use crate::plugins::Plugin;

const NAME: &str = "portcullis.admin";

pub(crate) fn listener(address: SocketAddr, input: &Input<'_>) -> Value {
    let shown = input.plugins.iter().filter(|(plugin, _)| plugin.shows());
    let filters = shown.map(|(plugin, config)| plugin::filter(*plugin, config, input));
    let filters: Vec<Value> = filters.chain([plugin::router()]).collect();
    let manager = json!({
        "@type": type_url("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": NAME,
        "codec_type": "HTTP1",
        "server_name": "portcullis",
        "normalize_path": true,
        "request_headers_timeout": "10s",
        "stream_idle_timeout": "10s",
        "route_config": {
            "name": NAME,
            "virtual_hosts": [{
                "name": NAME,
                "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "direct_response": { "status": 404 } }],
            }],
        },
        "http_filters": filters,
    });
    json!({
        "name": NAME,
        "address": { "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } },
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }] }],
    })
}

impl Plugin {
    /// Whether it stands behind the operators' listener, and behind no other.
    pub(crate) fn shows(self) -> bool {
        matches!(self, Self::Limits | Self::EarlyLimits)
    }
}
