//! One cluster for each origin that requests go to, and for each that plugins ask.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{Surroundings, type_url};
use crate::endpoint::{Order, Several, Upstream};
use crate::gateway::join;
use crate::service::Service;

/// Where requests go.
pub(crate) fn cluster(upstream: &Upstream, trusted_ca: &str) -> Value {
    named(&upstream.origin(), upstream, trusted_ca)
}

/// Where requests go that any of several servers may answer.
pub(crate) fn several(several: &Several, trusted_ca: &str) -> Value {
    let servers = several.servers.iter();
    let endpoints: Vec<Value> = match several.order {
        Order::RoundRobin => vec![json!({ "lb_endpoints": servers.clone().map(member).collect::<Vec<_>>() })],
        Order::Failover => {
            let prioritized = servers.clone().enumerate();
            prioritized.map(|(at, one)| json!({ "priority": at, "lb_endpoints": [member(one)] })).collect()
        }
    };
    let is_address = |one: &Upstream| one.host.parse::<IpAddr>().is_ok();
    let name = several.name();
    let mut cluster = json!({
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": endpoints },
        "outlier_detection": outliers(),
    });
    discover(&mut cluster, servers.clone());
    let matches: Vec<Value> = servers
        .filter(|one| one.tls)
        .map(|one| {
            json!({
                "name": one.origin(),
                "match": { "origin": one.origin() },
                "transport_socket": tls(&one.host, is_address(one), trusted_ca),
            })
        })
        .collect();
    if let (false, Some(object)) = (matches.is_empty(), cluster.as_object_mut()) {
        object.insert("transport_socket_matches".to_owned(), Value::Array(matches));
    }
    cluster
}

/// The transport socket is found by the origin, and the upstream's `Host` is the server's own.
fn member(server: &Upstream) -> Value {
    json!({
        "endpoint": {
            "address": { "socket_address": { "address": server.host, "port_value": server.port } },
            "hostname": server.authority(),
        },
        "metadata": { "filter_metadata": { "envoy.transport_socket_match": { "origin": server.origin() } } },
    })
}

/// A server that cannot be reached twice in a row is left alone for a while. What it answers is no reason: that is what clients
/// are to see.
fn outliers() -> Value {
    json!({
        "split_external_local_origin_errors": true,
        "consecutive_local_origin_failure": 2,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "10s",
        "max_ejection_time": "60s",
        "max_ejection_percent": 100,
    })
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
    if let (true, Some(object)) = (service.http2, cluster.as_object_mut()) {
        object.insert("typed_extension_protocol_options".to_owned(), http2());
    }
    cluster
}

/// HTTP/2 without negotiation, as gRPC has it.
fn http2() -> Value {
    json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": type_url("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
            "explicit_http_config": { "http2_protocol_options": {} },
        },
    })
}

fn named(name: &str, upstream: &Upstream, trusted_ca: &str) -> Value {
    let is_address = upstream.host.parse::<IpAddr>().is_ok();
    let socket = json!({ "address": upstream.host, "port_value": upstream.port });
    let endpoint = json!({ "endpoint": { "address": { "socket_address": socket } } });
    let mut cluster = json!({
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    });
    discover(&mut cluster, std::iter::once(upstream));
    if upstream.tls
        && let Some(object) = cluster.as_object_mut()
    {
        object.insert("transport_socket".to_owned(), tls(&upstream.host, is_address, trusted_ca));
    }
    cluster
}

/// How servers are found. Of a name with addresses of both families Envoy would take IPv6 alone, which a name often has where its
/// server or the network does not: `localhost` above all. See also [`resolver`].
fn discover<'u>(cluster: &mut Value, mut servers: impl Iterator<Item = &'u Upstream> + Clone) {
    let Some(object) = cluster.as_object_mut() else { return };
    if servers.clone().all(|one| one.host.parse::<IpAddr>().is_ok()) {
        object.insert("type".to_owned(), json!("STATIC"));
        return;
    }
    object.insert("type".to_owned(), json!("STRICT_DNS"));
    object.insert("dns_lookup_family".to_owned(), json!("V4_PREFERRED"));
    if servers.any(|one| one.host == "localhost" || one.host.ends_with(".localhost")) {
        object.insert("typed_dns_resolver_config".to_owned(), resolver_of(false));
    }
}

/// Where no interface but loopback has IPv4 (or IPv6), addresses of that family count as none: not for what is on the machine
/// itself, which also a machine without any network finds.
pub(super) fn resolver() -> Value {
    resolver_of(true)
}

fn resolver_of(leaves_out_unroutable: bool) -> Value {
    let extension = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig";
    json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": { "@type": type_url(extension), "filter_unroutable_families": leaves_out_unroutable },
    })
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
