//! A plugin without Envoy around it: its module, and its configuration for the API that is measured.

use portcullis_compiler::{Compiled, Layout, Plugin};
use portcullis_suite::{CaseFile, compile, gateway};
use portcullis_test_host::{LoadError, Module};
use serde_json::Value;

use crate::failure::{Failure, Result, failed, reading};
use crate::ground::keys;
use crate::tokens::Signer;

/// The gateway of this file and definition, compiled; with the issuer's keys, and API keys of so many consumers.
pub(crate) fn compiled(gateway: &Value, definition: &Value, jwks: String, consumers: usize) -> Compiled {
    let layout = if gateway["layout"] == "pipeline" { Layout::Pipeline } else { Layout::Chain };
    let files = [
        ("gateway.yaml", gateway.to_string()),
        ("api.json", definition.to_string()),
        ("jwks.json", jwks),
        ("keys.json", keys(consumers).to_string()),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text)).into();
    let about = "what requests cost".to_owned();
    compile(&CaseFile { about, files, plugins: None, services: Vec::new(), cases: Vec::new() }, layout)
}

/// What the plugin is configured with.
pub(crate) fn configuration(plugin: Plugin, gateway: &Value, definition: &Value) -> Result<String> {
    let mut compiled = compiled(gateway, definition, Signer::all_jwks(), 1);
    match compiled.plugins.remove(&plugin) {
        Some(config) => Ok(config),
        None => failed(format!("there is no plugin {}", plugin.module().name())),
    }
}

/// Its module, as `scripts/build` has made it.
pub(crate) fn module(plugin: Plugin) -> Result<Module> {
    load(plugin, Module::load)
}

/// The same for measuring time, which counting its instructions takes, too.
pub(crate) fn uncounted(plugin: Plugin) -> Result<Module> {
    load(plugin, Module::load_uncounted)
}

fn load(plugin: Plugin, load: fn(&[u8]) -> std::result::Result<Module, LoadError>) -> Result<Module> {
    let file = gateway::modules_folder().join(format!("{}.wasm", plugin.module().name()));
    let bytes = std::fs::read(&file).map_err(reading(&file))?;
    load(&bytes).map_err(|cause| Failure(format!("{}: {cause}", file.display())))
}
