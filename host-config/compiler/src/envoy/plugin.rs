//! The chain of HTTP filters: our plugins, then Envoy's router.

use serde_json::{Value, json};

use super::{Input, type_url};
use crate::plugins::Plugin;

pub(crate) fn chain(input: &Input<'_>) -> Vec<Value> {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.router.v3.Router"),
            "suppress_envoy_headers": true,
        },
    });
    let plugins = input.plugins.iter().map(|(plugin, config)| filter(*plugin, config, input));
    plugins.chain([router]).collect()
}

fn filter(plugin: Plugin, config: &str, input: &Input<'_>) -> Value {
    let allowed: serde_json::Map<String, Value> =
        (input.capabilities)(plugin).into_iter().map(|name| (name, json!({}))).collect();
    let file = format!("{}modules/{}.wasm", input.surroundings.module_folder, plugin.name());
    json!({
        "name": format!("portcullis.{}", plugin.name()),
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.wasm.v3.Wasm"),
            "config": {
                "name": format!("portcullis.{}", plugin.name()),
                "root_id": format!("portcullis.{}", plugin.name()),
                // Closed when the plugin traps, and a new VM for the requests that follow.
                "failure_policy": "FAIL_RELOAD",
                "reload_config": { "backoff": { "base_interval": "0.2s", "max_interval": "1s" } },
                // Nothing goes upstream while a plugin waits for the body.
                "allow_on_headers_stop_iteration": true,
                "configuration": { "@type": type_url("google.protobuf.StringValue"), "value": config },
                "vm_config": {
                    "vm_id": format!("portcullis.{}", plugin.name()),
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": file } },
                    "capability_restriction_config": { "allowed_capabilities": allowed },
                },
            },
        },
    })
}
