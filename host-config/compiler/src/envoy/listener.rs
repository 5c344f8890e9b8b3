//! One listener: its address and TLS, how HTTP is read, the route table, the access log, and how Envoy's own
//! refusals are told.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use portcullis_config::routing::ROUTE_HEADER;
use portcullis_core::{ErrorFormat, wso2_json};
use serde_json::{Value, json};

use super::plugin::SENT_PATH;
use super::{Input, client_certificate, jwks, type_url};
use crate::endpoint::{Endpoint, Order, Route, Several};
use crate::gateway::file::{ErrorsFile, ListenerFile, TlsFile};
use crate::gateway::join;

/// What Envoy may hold of a body beyond the largest that a plugin accepts, so that the plugin is the one to refuse it.
const BUFFER_HEADROOM: u32 = 256 << 10;

/// How long an upstream may take to answer.
const DEFAULT_TIMEOUT: &str = "15s";

/// Headers that name a client's certificate to upstreams that trust their proxy (WSO2; RFC 9440). Envoy itself takes
/// care of `x-forwarded-client-cert`.
pub(crate) const CERTIFICATE_HEADERS: [&str; 3] =
    ["x-wso2-client-certificate", "client-cert", "client-cert-chain"];
const FORWARDED_CERTIFICATE: &str = "x-forwarded-client-cert";

/// Where Envoy tells upstreams its own peer as the client's address.
const EXTERNAL_ADDRESS: &str = "x-envoy-external-address";

pub(crate) fn listener(at: usize, file: &ListenerFile, chain: &[Value], input: &Input<'_>) -> Value {
    // The address was checked when the gateway file was read.
    let address = file.address.parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let mut filter_chain = json!({
        "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connection_manager(file, chain, input),
        }],
    });
    if let (Some(tls), Some(object)) = (&file.tls, filter_chain.as_object_mut()) {
        object.insert("transport_socket".to_owned(), downstream_tls(tls, &input.surroundings.file_folder));
    }
    json!({
        "name": format!("listener-{at}"),
        "address": { "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } },
        "per_connection_buffer_limit_bytes": input.max_body_bytes.saturating_add(BUFFER_HEADROOM),
        "filter_chains": [filter_chain],
    })
}

fn connection_manager(file: &ListenerFile, chain: &[Value], input: &Input<'_>) -> Value {
    let tls = file.tls.as_ref();
    let own = client_certificate::filter(tls).into_iter().chain(jwks::filter(input));
    let filters: Vec<Value> = own.chain(chain.to_vec()).collect();
    // Where it is passed on, the auth plugin decides from whom it is believed.
    let passes_on = input.certificate_header == Some(FORWARDED_CERTIFICATE);
    let mut manager = json!({
        "@type": type_url("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "gateway",
        "codec_type": "AUTO",
        "server_name": "portcullis",
        // One path for all: what the plugins judge is what the upstream sees.
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        // The peer is appended to `X-Forwarded-For`, and `source.address` stays the peer's: whom proxies serve is for the
        // plugins to find, who must know both.
        "use_remote_address": true,
        "forward_client_cert_details": if passes_on { "ALWAYS_FORWARD_ONLY" } else { "SANITIZE" },
        // A 400 of a plugin is about what the message says: the connection can serve the next. Where HTTP/1.1 itself is
        // broken, Envoy's codec closes it all the same.
        "stream_error_on_invalid_http_message": true,
        "request_headers_timeout": "10s",
        "request_timeout": "300s",
        "stream_idle_timeout": "300s",
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "access_log": [access_log(input)],
        "local_reply_config": local_replies(input),
        "route_config": route_table(file, input),
        "http_filters": filters,
    });
    if input.judges_request_ids
        && let Some(object) = manager.as_object_mut()
    {
        // What is judged is what the client sent, or that it sent none.
        object.insert("generate_request_id".to_owned(), json!(false));
        object.insert("preserve_external_request_id".to_owned(), json!(true));
    }
    manager
}

/// The last entry answers what no plugin has sent anywhere: nothing passes by accident.
fn route_table(file: &ListenerFile, input: &Input<'_>) -> Value {
    let mut routes: Vec<Value> = jwks::routes(input).collect();
    routes.extend(input.routes.iter().map(|(one, name)| route(one, name)));
    routes.extend(client_certificate::verified_route(file.tls.as_ref()));
    let known = CERTIFICATE_HEADERS.into_iter().chain(input.certificate_header).chain(input.internal_header);
    let external = input.finds_clients.then_some(EXTERNAL_ADDRESS);
    let removed: BTreeSet<&str> = known.chain([ROUTE_HEADER]).chain(external).collect();
    routes.push(json!({
        "match": { "prefix": "/" },
        "direct_response": { "status": 404 },
    }));
    json!({
        "name": "gateway",
        "virtual_hosts": [{ "name": "gateway", "domains": ["*"], "routes": routes }],
        "request_headers_to_remove": removed,
    })
}

fn route(route: &Route, name: &str) -> Value {
    let prefix = if route.base_path.is_empty() { "/" } else { &route.base_path };
    let matched = json!({
        "prefix": prefix,
        "headers": [{ "name": ROUTE_HEADER, "string_match": { "exact": name } }],
    });
    let action = match &route.endpoint {
        // The mock plugin has answered before.
        Endpoint::Mock => return json!({ "match": matched, "direct_response": { "status": 501 } }),
        Endpoint::Upstream(upstream) => json!({
            "cluster": upstream.origin(),
            "host_rewrite_literal": upstream.authority(),
            "timeout": DEFAULT_TIMEOUT,
        }),
        Endpoint::Several(several) => several_action(several),
    };
    json!({ "match": matched, "route": rewritten(action, route) })
}

fn several_action(several: &Several) -> Value {
    let timeout = several
        .timeout_milliseconds
        .map(|milliseconds| format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000));
    let mut action = json!({
        "cluster": several.name(),
        "auto_host_rewrite": true,
        "timeout": timeout.as_deref().unwrap_or(DEFAULT_TIMEOUT),
    });
    if several.servers.len() > 1
        && let Some(object) = action.as_object_mut()
    {
        object.insert("retry_policy".to_owned(), retries(several));
    }
    action
}

/// Only what never reached a server is sent again, to another one.
fn retries(several: &Several) -> Value {
    let name = |kind: &str, name: &str| format!("envoy.{kind}.{name}");
    let others = json!({
        "name": name("retry_host_predicates", "previous_hosts"),
        "typed_config": { "@type": type_url("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate") },
    });
    let mut policy = json!({
        "retry_on": "connect-failure,refused-stream",
        "num_retries": several.servers.len() - 1,
        "host_selection_retry_max_attempts": 8,
        "retry_host_predicate": [others],
    });
    if several.order == Order::Failover
        && let Some(object) = policy.as_object_mut()
    {
        let next = json!({
            "name": name("retry_priorities", "previous_priorities"),
            "typed_config": {
                "@type": type_url("envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"),
                "update_frequency": 1,
            },
        });
        object.insert("retry_priority".to_owned(), next);
    }
    policy
}

fn rewritten(mut action: Value, route: &Route) -> Value {
    if route.changes_path()
        && let (Some(prefix), Some(object)) = (route.endpoint.prefix(), action.as_object_mut())
    {
        let rewrite = json!({
            "pattern": { "regex": format!("^{}/?", escape(&route.base_path)) },
            "substitution": format!("{}/", prefix.replace('\\', "\\\\")),
        });
        object.insert("regex_rewrite".to_owned(), rewrite);
    }
    action
}

/// A literal as a regular expression (RE2).
pub(super) fn escape(literal: &str) -> String {
    let mut escaped = String::with_capacity(literal.len());
    for character in literal.chars() {
        if !character.is_alphanumeric() && !"/-_~%".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// One JSON object a line. No query and no header that could hold a credential.
fn access_log(input: &Input<'_>) -> Value {
    let path = if input.keeps_path() {
        format!("%FILTER_STATE({SENT_PATH}:PLAIN)%")
    } else {
        "%PATH(NQ:PATH)%".to_owned()
    };
    let peer = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%";
    // Of a request that no plugin could read, the peer alone is known.
    let client = if input.finds_clients { "%FILTER_STATE(wasm.portcullis.client:PLAIN)%" } else { peer };
    let mut fields = json!({
                "time": "%START_TIME%",
                "method": "%REQ(:METHOD)%",
                "path": path,
                "protocol": "%PROTOCOL%",
                "status": "%RESPONSE_CODE%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "flags": "%RESPONSE_FLAGS%",
                "operation": "%FILTER_STATE(wasm.portcullis.operation:PLAIN)%",
                "identity": "%FILTER_STATE(wasm.portcullis.identity:PLAIN)%",
                "limit": "%RESP(RATELIMIT)%",
                "over_limit": "%REQ(X-PORTCULLIS-OVER-LIMIT)%",
                "duration_ms": "%DURATION%",
                "bytes_received": "%BYTES_RECEIVED%",
                "bytes_sent": "%BYTES_SENT%",
                "client": client,
                "upstream": "%UPSTREAM_HOST%",
                "request_id": "%REQ(X-REQUEST-ID)%",
    });
    if let Some(fields) = fields.as_object_mut() {
        if input.finds_clients {
            fields.insert("peer".to_owned(), json!(peer));
        }
        if input.observes {
            fields.insert("observed".to_owned(), json!("%FILTER_STATE(wasm.portcullis.observed:PLAIN)%"));
        }
    }
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": type_url("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"),
            "log_format": { "json_format": fields },
        },
    })
}

/// Envoy's own refusals in the form of the plugins'.
fn local_replies(input: &Input<'_>) -> Value {
    let flags = |flags: &[&str]| json!({ "response_flag_filter": { "flags": flags } });
    let status = |status: u16| {
        json!({ "status_code_filter": { "comparison": {
            "op": "EQ", "value": { "default_value": status, "runtime_key": "portcullis.status" } } } })
    };
    let mapper = |filter: Value, status: u16, title: &str, code: &str, detail: &str| {
        let format = match input.errors {
            ErrorsFile::Problem => json!({
                "content_type": "application/problem+json",
                "json_format": { "title": title, "status": "%RESPONSE_CODE%", "code": code, "detail": detail },
            }),
            ErrorsFile::Wso2 => json!({
                "content_type": ErrorFormat::Wso2.content_type(),
                "text_format_source": { "inline_string": wso2_json(status, code, detail) },
            }),
        };
        json!({ "filter": filter, "body_format_override": format })
    };
    let keys = jwks::refusals(input).map(|filter| {
        mapper(filter, 429, "Too Many Requests", "limit-exceeded", "The keys are asked for too often.")
    });
    let mut mappers = vec![
        mapper(
            flags(&["UT", "SI"]),
            504,
            "Gateway Timeout",
            "upstream-timeout",
            "The upstream took too long to answer.",
        ),
        mapper(
            flags(&["UF", "UH", "UO", "UC", "UR", "URX", "LR", "NC"]),
            503,
            "Service Unavailable",
            "upstream-unavailable",
            "The upstream cannot be reached or broke off.",
        ),
        mapper(flags(&["NR"]), 404, "Not Found", "operation-unknown", "The API has no such operation."),
        mapper(flags(&["DPE"]), 400, "Bad Request", "request-malformed", "The request is not proper HTTP."),
        mapper(
            status(431),
            431,
            "Request Header Fields Too Large",
            "headers-too-large",
            "The request's headers are larger than what is accepted.",
        ),
    ];
    mappers.extend(keys);
    json!({ "mappers": mappers })
}

fn downstream_tls(file: &TlsFile, folder: &str) -> Value {
    let mut context = json!({
        "@type": type_url("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": { "tls_minimum_protocol_version": "TLSv1_2" },
            "tls_certificates": [{
                "certificate_chain": { "filename": join(folder, &file.certificate) },
                "private_key": { "filename": join(folder, &file.key) },
            }],
        },
    });
    if let (Some(clients), Some(context)) = (&file.client_certificates, context.as_object_mut()) {
        client_certificate::add_to_tls(clients, folder, context);
    }
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_are_literal_in_rewrites() {
        assert_eq!(escape("/v1.0/a+b"), "/v1\\.0/a\\+b");
        assert_eq!(escape("/caf%C3%A9-_~"), "/caf%C3%A9-_~");
    }
}
