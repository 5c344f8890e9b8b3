//! The gateway's own public keys, which Envoy answers with itself: no plugin judges who asks for them.

use serde_json::{Map, Value, json};

use super::listener::escape;
use super::{Input, type_url};
use crate::gateway::PublishedKeys;

const LIMIT_TYPE: &str = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
const LIMIT: &str = "envoy.filters.http.local_ratelimit";
/// What all workers together answer in [`SECONDS`], as WSO2's gateways do: verifiers keep the keys.
const REQUESTS: u32 = 1000;
const SECONDS: u32 = 10;

/// Counts requests for the keys, and is off for all others.
pub(super) fn filter(input: &Input<'_>) -> Option<Value> {
    let of_route = |_| json!({ "@type": type_url(LIMIT_TYPE), "stat_prefix": "jwks" });
    let config = input.published_keys.first().map(of_route)?;
    Some(json!({ "name": LIMIT, "disabled": true, "typed_config": config }))
}

/// Before all other routes. Only a request that came in under this path finds it: the plugins, which could change the
/// path, are off on it.
pub(super) fn routes(input: &Input<'_>) -> impl Iterator<Item = Value> {
    input.published_keys.iter().map(|keys| route(keys, input))
}

fn route(keys: &PublishedKeys, input: &Input<'_>) -> Value {
    let off = json!({ "@type": type_url("envoy.config.route.v3.FilterConfig"), "disabled": true });
    let plugins = input.plugins.keys().map(|plugin| (format!("portcullis.{}", plugin.name()), off.clone()));
    let filters = plugins.chain([(LIMIT.to_owned(), limit())]);
    json!({
        "match": {
            "path": keys.path.as_str(),
            "headers": [{ "name": ":method", "string_match": { "safe_regex": { "regex": "GET|HEAD" } } }],
        },
        "direct_response": { "status": 200, "body": { "inline_string": keys.jwks } },
        "response_headers_to_add": [
            header("content-type", "application/jwk-set+json"),
            header("cache-control", "public, max-age=300"),
        ],
        "typed_per_filter_config": filters.collect::<Map<_, _>>(),
    })
}

/// Which of Envoy's own replies is one of [`filter`]'s. (Envoy notes that a limit was the reason after it has replied.)
pub(super) fn refusals(input: &Input<'_>) -> Option<Value> {
    let paths: Vec<_> = input.published_keys.iter().map(|keys| escape(keys.path.as_str())).collect();
    let path = format!("^({})([?].*)?$", paths.join("|"));
    let of_keys = json!({ "header_filter": { "header": {
        "name": ":path", "string_match": { "safe_regex": { "regex": path } },
    } } });
    let status = json!({ "status_code_filter": { "comparison": {
        "op": "EQ", "value": { "default_value": 429, "runtime_key": "portcullis.status" },
    } } });
    (!paths.is_empty()).then(|| json!({ "and_filter": { "filters": [status, of_keys] } }))
}

fn limit() -> Value {
    let always = json!({ "default_value": { "numerator": 100, "denominator": "HUNDRED" } });
    let bucket = json!({
        "max_tokens": REQUESTS, "tokens_per_fill": REQUESTS, "fill_interval": format!("{SECONDS}s"),
    });
    json!({
        "@type": type_url("envoy.config.route.v3.FilterConfig"),
        "config": {
            "@type": type_url(LIMIT_TYPE),
            "stat_prefix": "jwks",
            "token_bucket": bucket,
            "filter_enabled": always,
            "filter_enforced": always,
            "response_headers_to_add": [header("retry-after", &SECONDS.to_string())],
        },
    })
}

fn header(name: &str, value: &str) -> Value {
    json!({
        "header": { "key": name, "value": value },
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    })
}
