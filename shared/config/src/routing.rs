//! The routing plugin: which upstream answers which operation.

use serde::{Deserialize, Serialize};

use crate::apis::ApiConfig;
use crate::client_address::ClientAddressConfig;

/// The request header by which the routing plugin names the route to Envoy. Whatever a client sends under
/// this name is overwritten, and Envoy removes it before the upstream.
pub const ROUTE_HEADER: &str = "x-portcullis-route";

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingConfig {
    /// The APIs of the gateway.
    pub apis: Vec<ApiConfig<RoutingRule>>,
    /// How the client is found behind proxies, for the access log; default: it is the connection's other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_address: Option<ClientAddressConfig>,
}

/// Where an operation goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// The value of [`ROUTE_HEADER`] that Envoy's route table matches.
    pub route: String,
}
