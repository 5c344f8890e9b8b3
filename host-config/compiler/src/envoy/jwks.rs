//! The gateway's own public keys, which Envoy answers with itself: no plugin judges who asks for them.

use serde_json::{Map, Value, json};

use super::{Input, type_url};
use crate::gateway::PublishedKeys;

/// Before all other routes. Only a request that came in under this path finds it: the plugins, which could change the
/// path, are off on it.
pub(super) fn routes(input: &Input<'_>) -> impl Iterator<Item = Value> {
    input.published_keys.iter().map(|keys| route(keys, input))
}

fn route(keys: &PublishedKeys, input: &Input<'_>) -> Value {
    let off = json!({ "@type": type_url("envoy.config.route.v3.FilterConfig"), "disabled": true });
    let plugins = input.plugins.keys().map(|plugin| (format!("portcullis.{}", plugin.name()), off.clone()));
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
        "typed_per_filter_config": plugins.collect::<Map<_, _>>(),
    })
}

fn header(name: &str, value: &str) -> Value {
    json!({
        "header": { "key": name, "value": value },
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    })
}
