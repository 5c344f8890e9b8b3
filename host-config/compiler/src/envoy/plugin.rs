//! The chain of HTTP filters: the path is kept for the log where a route changes it, then our plugins, then
//! Envoy's router.

use serde_json::{Value, json};

use super::{Input, type_url};
use crate::plugins::Plugin;

/// Where the access log finds the path without its query: later it is the upstream's.
pub(crate) const SENT_PATH: &str = "portcullis.path";

pub(crate) fn chain(input: &Input<'_>) -> Vec<Value> {
    let plugins = input.plugins.iter().filter(|(plugin, _)| !plugin.shows());
    let plugins = plugins.map(|(plugin, config)| filter(*plugin, config, input));
    let keep_path = input.keeps_path().then(keep_path);
    keep_path.into_iter().chain(plugins).chain([router()]).collect()
}

pub(super) fn router() -> Value {
    json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.router.v3.Router"),
            "suppress_envoy_headers": true,
        },
    })
}

fn keep_path() -> Value {
    json!({
        "name": "envoy.filters.http.set_filter_state",
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.set_filter_state.v3.Config"),
            "on_request_headers": [{
                "object_key": SENT_PATH,
                "factory_key": "envoy.string",
                "format_string": { "text_format_source": { "inline_string": "%PATH(NQ:PATH)%" } },
            }],
        },
    })
}

pub(super) fn filter(plugin: Plugin, config: &str, input: &Input<'_>) -> Value {
    let allowed: serde_json::Map<String, Value> =
        (input.capabilities)(plugin).into_iter().map(|name| (name, json!({}))).collect();
    let file = format!("{}modules/{}.wasm", input.surroundings.module_folder, plugin.module().name());
    let mut vm_config = json!({
        "vm_id": format!("portcullis.{}", vm(plugin, input).name()),
        "runtime": "envoy.wasm.runtime.v8",
        "code": { "local": { "filename": file } },
        "capability_restriction_config": { "allowed_capabilities": allowed },
    });
    if let (true, Some(object)) = (plugin.shows(), vm_config.as_object_mut()) {
        // It shares the data of another's VMs, and not the VMs.
        let own = json!({ "@type": type_url("google.protobuf.StringValue"), "value": plugin.name() });
        object.insert("configuration".to_owned(), own);
    }
    let reads_secrets = matches!(plugin, Plugin::Auth | Plugin::Pipeline) && !input.environment.is_empty();
    if let (true, Some(object)) = (reads_secrets, vm_config.as_object_mut()) {
        object.insert("environment_variables".to_owned(), json!({ "host_env_keys": input.environment }));
    }
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
                "vm_config": vm_config,
            },
        },
    })
}

/// Whose shared data it sees.
fn vm(plugin: Plugin, input: &Input<'_>) -> Plugin {
    let counts = match plugin {
        Plugin::Limits => Plugin::Throttle,
        Plugin::EarlyLimits => Plugin::EarlyThrottle,
        other => return other,
    };
    if input.plugins.contains_key(&counts) { counts } else { Plugin::Pipeline }
}
