//! One cluster for each origin that requests go to, and for each that plugins ask.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{Surroundings, type_url};
use crate::endpoint::Upstream;
use crate::gateway::join;
use crate::service::Service;

/// Where requests go.
pub(crate) fn cluster(upstream: &Upstream, trusted_ca: &str) -> Value {
    named(&upstream.origin(), upstream, trusted_ca)
}

/// What plugins ask.
pub(crate) fn service(service: &Service<'_>, surroundings: &Surroundings) -> Value {
    let settings = &service.settings;
    let file = |name: &str| join(&surroundings.file_folder, name);
    let trusted_ca = settings.ca.as_deref().map_or_else(|| surroundings.trusted_ca.clone(), file);
    let mut cluster = named(&service.name, service.upstream, &trusted_ca);
    let context = cluster.pointer_mut("/transport_socket/typed_config/common_tls_context");
    if let (Some(Value::Object(context)), Some(certificate), Some(key)) =
        (context, &settings.certificate, &settings.key)
    {
        let pair = json!({ "certificate_chain": { "filename": file(certificate) }, "private_key": { "filename": file(key) } });
        context.insert("tls_certificates".to_owned(), json!([pair]));
    }
    cluster
}

fn named(name: &str, upstream: &Upstream, trusted_ca: &str) -> Value {
    let is_address = upstream.host.parse::<IpAddr>().is_ok();
    let socket = json!({ "address": upstream.host, "port_value": upstream.port });
    let endpoint = json!({ "endpoint": { "address": { "socket_address": socket } } });
    let mut cluster = json!({
        "name": name,
        "type": if is_address { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    });
    if upstream.tls
        && let Some(object) = cluster.as_object_mut()
    {
        object.insert("transport_socket".to_owned(), tls(&upstream.host, is_address, trusted_ca));
    }
    cluster
}

/// The server must prove its name by an authority that is trusted.
fn tls(host: &str, is_address: bool, trusted_ca: &str) -> Value {
    let san_type = if is_address { "IP_ADDRESS" } else { "DNS" };
    let mut context = json!({
        "@type": type_url("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
        "common_tls_context": {
            "tls_params": { "tls_minimum_protocol_version": "TLSv1_2" },
            "validation_context": {
                "trusted_ca": { "filename": trusted_ca },
                "match_typed_subject_alt_names": [{ "san_type": san_type, "matcher": { "exact": host } }],
            },
        },
    });
    if !is_address && let Some(object) = context.as_object_mut() {
        object.insert("sni".to_owned(), json!(host));
    }
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}
