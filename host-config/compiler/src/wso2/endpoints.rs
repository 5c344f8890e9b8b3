//! Endpoints as WSO2 has them in documents: `x-wso2-production-endpoints`, `x-wso2-sandbox-endpoints` and, for both to
//! refer to, `x-wso2-endpoints`. What of them Envoy does not do is refused at its place.

use portcullis_openapi::model::Operation;
use portcullis_openapi::{ApiModel, Diagnostic, Node, Report};

use crate::codes;
use crate::endpoint::{Endpoint, Order, Several, Upstream};
use crate::settings::{Level, Settings, problem};

pub(crate) const PRODUCTION: &str = "x-wso2-production-endpoints";
pub(crate) const SANDBOX: &str = "x-wso2-sandbox-endpoints";
pub(super) const NAMED: &str = "x-wso2-endpoints";

/// Most servers of one endpoint.
const MAX_SERVERS: usize = 64;
/// Longest time-out, in milliseconds: that of a whole request.
const MAX_TIMEOUT: u32 = 300_000;

/// The innermost of these extensions.
pub(crate) fn written<'d>(
    model: &ApiModel<'d>,
    operation: &Operation<'d>,
    key: &str,
) -> Option<(&'d Node, Level)> {
    let levels = [(operation.node, Level::Operation), (operation.path_item, Level::Path)];
    let inner = levels.into_iter().find_map(|(node, level)| Some((node.get(key)?, level)));
    inner.or_else(|| Some((model.documents.root()?.get(key)?, Level::Root)))
}

/// Reads one. `None` when something is wrong with it, which is reported.
pub(crate) fn read(
    model: &ApiModel<'_>,
    node: &Node,
    settings: &Settings,
    report: &mut Report,
) -> Option<Endpoint> {
    let node = match node.as_str() {
        Some(reference) => match find(model, reference) {
            Some(found) => found,
            None => {
                let message = format!("'{reference}' names no endpoint of {NAMED}");
                return refuse(node, message, report);
            }
        },
        None => node,
    };
    let Some(members) = node.as_object() else {
        return refuse(node, "an endpoint has `urls`, or is the name of one that has".to_owned(), report);
    };
    for member in members.members() {
        let is_known = ["urls", "type", "securityConfig", "advanceEndpointConfig"].contains(&&*member.key);
        if !is_known {
            let message = format!("an endpoint has no '{}'", member.key);
            report.push(problem(codes::ENDPOINT_INVALID, message, member.node.place()));
        }
    }
    let servers = servers(node, report)?;
    let order = order(node, report)?;
    let timeout_milliseconds = advanced(node, settings, report)?;
    if let Some(security) = node.get("securityConfig") {
        unsupported(security, "securityConfig", settings, report)?;
    }
    Some(match (servers.as_slice(), timeout_milliseconds) {
        ([only], None) => Endpoint::Upstream(only.clone()),
        _ => Endpoint::Several(Several { servers, order, timeout_milliseconds }),
    })
}

/// `#/x-wso2-endpoints/NAME`: a list of objects, of which one has this member.
fn find<'d>(model: &ApiModel<'d>, reference: &str) -> Option<&'d Node> {
    let name = reference.strip_prefix("#/")?.strip_prefix(NAMED)?.strip_prefix('/')?;
    let list = model.documents.root()?.get(NAMED)?;
    match list.as_array() {
        Some(items) => items.iter().find_map(|item| item.get(name)),
        None => list.get(name),
    }
}

fn servers(node: &Node, report: &mut Report) -> Option<Vec<Upstream>> {
    let listed = node.get("urls").and_then(Node::as_array).filter(|urls| !urls.is_empty());
    let Some(listed) = listed.filter(|urls| urls.len() <= MAX_SERVERS) else {
        return refuse(node, format!("an endpoint has 1 to {MAX_SERVERS} `urls`"), report);
    };
    let mut servers: Vec<Upstream> = Vec::with_capacity(listed.len());
    for item in listed {
        let parsed = item.as_str().map(Endpoint::parse);
        let Some(Ok(Endpoint::Upstream(server))) = parsed else {
            let message =
                "an URL of an endpoint is an absolute http or https URL: service discovery is not supported";
            return refuse(item, message.to_owned(), report);
        };
        if servers.first().is_some_and(|first| first.prefix != server.prefix) {
            return refuse(item, "all URLs of an endpoint have the same path".to_owned(), report);
        }
        if servers.contains(&server) {
            return refuse(item, "an URL stands twice".to_owned(), report);
        }
        servers.push(server);
    }
    Some(servers)
}

fn order(node: &Node, report: &mut Report) -> Option<Order> {
    match node.get("type").map(|node| (node, node.as_str())) {
        None | Some((_, Some("http" | "load_balance" | "loadbalance"))) => Some(Order::RoundRobin),
        Some((_, Some("failover"))) => Some(Order::Failover),
        Some((node, _)) => refuse(node, "a type is http, load_balance or failover".to_owned(), report),
    }
}

/// The time-out of `advanceEndpointConfig`, if there is one.
fn advanced(node: &Node, settings: &Settings, report: &mut Report) -> Option<Option<u32>> {
    let Some(advanced) = node.get("advanceEndpointConfig") else { return Some(None) };
    let Some(members) = advanced.as_object() else {
        return refuse(advanced, "advanceEndpointConfig is an object".to_owned(), report);
    };
    let mut timeout = None;
    for member in members.members() {
        if &*member.key == "timeoutInMillis" {
            let number = member.node.as_number().and_then(|text| text.parse().ok());
            let Some(number) = number.filter(|number| (1..=MAX_TIMEOUT).contains(number)) else {
                let message = format!("timeoutInMillis is between 1 and {MAX_TIMEOUT}");
                return refuse(&member.node, message, report);
            };
            timeout = Some(number);
        } else {
            unsupported(&member.node, &member.key, settings, report)?;
        }
    }
    Some(timeout)
}

/// Reports what is not enforced, unless its author does without it.
fn unsupported(node: &Node, key: &str, settings: &Settings, report: &mut Report) -> Option<()> {
    if settings.waivers.contains_key(codes::ENDPOINT_UNSUPPORTED) {
        return Some(());
    }
    let hint = "remove it, name an `endpoint` in x-portcullis, or waive `endpoint-unsupported` there";
    report.push(Diagnostic {
        hint: Some(hint.into()),
        ..problem(
            codes::ENDPOINT_UNSUPPORTED,
            format!("'{key}' of an endpoint is not enforced"),
            node.place(),
        )
    });
    None
}

fn refuse<T>(node: &Node, message: String, report: &mut Report) -> Option<T> {
    report.push(problem(codes::ENDPOINT_INVALID, message, node.place()));
    None
}
