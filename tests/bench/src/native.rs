//! The same policies by Envoy's own filters: `cors`, `jwt_authn`, `local_ratelimit`, and a route for each operation.
//! None of them reads parameters or bodies, knows scopes, or counts by consumer.

use serde_json::{Value, json};

use crate::api::{self, Size};
use crate::tokens;

const RATE_LIMIT: &str = "envoy.filters.http.local_ratelimit";
const CORS: &str = "envoy.filters.http.cors";

/// The filters in their usual order.
pub(crate) fn filters(jwks: &str, cached: bool) -> Vec<Value> {
    let cors = json!({ "name": CORS, "typed_config": { "@type": url("cors.v3.Cors") } });
    vec![cors, tokens(jwks, cached), limit_filter()]
}

/// A route for each operation, cheapest match first: a whole path or a prefix is compared, then the method. What
/// none of them matches is not found.
pub(crate) fn routes(size: Size, action: &Value) -> Vec<Value> {
    let mut routes = Vec::with_capacity(size.operations() + 1);
    for path in size.collections() {
        let item = format!("{path}/");
        let both = [("path", &path, ["GET", "POST"]), ("prefix", &item, ["GET", "DELETE"])];
        for (how, text, methods) in both {
            routes.extend(methods.map(|method| route(how, text, method, action)));
        }
    }
    let special = [api::LIMITED, api::KEYED, api::STAFF, api::FIVE, api::COUNTED].map(|path| (path, "GET"));
    for (path, method) in special.into_iter().chain([(api::BULK, "POST")]) {
        routes.push(route("path", path, method, action));
    }
    for route in routes.iter_mut().filter(|route| route["match"]["path"] == api::LIMITED) {
        route["typed_per_filter_config"] = json!({ RATE_LIMIT: limit(1, "86400s") });
    }
    routes.push(json!({ "match": { "prefix": "/" }, "direct_response": { "status": 404 } }));
    routes
}

/// `local_ratelimit` alone.
pub(crate) fn limit_filter() -> Value {
    json!({ "name": RATE_LIMIT, "typed_config": limit(1_000_000, "1s") })
}

/// Routes for the operations with limits of their own, before the one that is there for all.
pub(crate) fn limited_routes(action: &Value) -> [Value; 2] {
    let mut limited = route("path", api::LIMITED, "GET", action);
    limited["typed_per_filter_config"] = json!({ RATE_LIMIT: limit(1, "86400s") });
    let mut five = route("path", api::FIVE, "GET", action);
    // The bucket that is always charged, and four by descriptor.
    let mut config = limit(1_000_000, "1s");
    let names = ["minutely", "hourly", "daily", "all"];
    config["rate_limits"] = names
        .map(|name| json!({ "actions": [{ "generic_key": { "descriptor_value": name } }] }))
        .into_iter()
        .collect();
    config["descriptors"] = names
        .map(|name| json!({
            "entries": [{ "key": "generic_key", "value": name }],
            "token_bucket": { "max_tokens": 1_000_000, "tokens_per_fill": 1_000_000, "fill_interval": "1s" },
        }))
        .into_iter()
        .collect();
    five["typed_per_filter_config"] = json!({ RATE_LIMIT: config });
    [limited, five]
}

/// Whom browsers may serve, for the virtual host.
pub(crate) fn cross_origin() -> Value {
    json!({ CORS: {
        "@type": url("cors.v3.CorsPolicy"),
        "allow_origin_string_match": [{ "exact": "https://shop.example" }],
        "allow_methods": "GET, POST, DELETE",
        "allow_headers": "authorization, content-type",
        "max_age": "600",
    } })
}

fn tokens(jwks: &str, cached: bool) -> Value {
    let mut provider = json!({
        "issuer": tokens::ISSUER,
        "audiences": [tokens::AUDIENCE],
        "local_jwks": { "inline_string": jwks },
    });
    if cached {
        provider["jwt_cache_config"] = json!({ "jwt_cache_size": 4096, "jwt_max_token_size": 4096 });
    }
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": url("jwt_authn.v3.JwtAuthentication"),
            "providers": { "login": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
        },
    })
}

fn limit(requests: u32, each: &str) -> Value {
    let always = json!({ "default_value": { "numerator": 100, "denominator": "HUNDRED" } });
    json!({
        "@type": url("local_ratelimit.v3.LocalRateLimit"),
        "stat_prefix": "limit",
        "token_bucket": { "max_tokens": requests, "tokens_per_fill": requests, "fill_interval": each },
        "filter_enabled": always,
        "filter_enforced": always,
    })
}

fn route(how: &str, text: &str, method: &str, action: &Value) -> Value {
    let method = json!([{ "name": ":method", "string_match": { "exact": method } }]);
    json!({ "match": { how: text, "headers": method }, "route": action })
}

fn url(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.filters.http.{name}")
}
