//! What a module may ask of its host: exactly what it imports. Everything else is switched off, which is safer
//! and spares Envoy the calls.

use std::collections::BTreeSet;

use wasmparser::{Parser, Payload};

use crate::plugins::{Plugin, Wants};

/// The callbacks of a plugin's life cycle.
const LIFE_CYCLE: [&str; 4] =
    ["proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure", "proxy_on_delete"];

/// What changes something, or calls somebody: not for an instance that only shows.
pub(crate) const CHANGES: [&str; 4] =
    ["proxy_set_shared_data", "proxy_set_property", "proxy_http_call", "proxy_replace_header_map_value"];

/// Bytes that are no WebAssembly module.
#[derive(Debug, thiserror::Error)]
#[error("the {} module cannot be read: {cause}", plugin.name())]
pub struct InvalidModule {
    plugin: Plugin,
    cause: String,
}

/// The names for Envoy's `capability_restriction_config`: the plugin's callbacks and the module's imports.
pub(crate) fn capabilities(
    plugin: Plugin,
    wants: Wants,
    module: &[u8],
) -> Result<BTreeSet<String>, InvalidModule> {
    let invalid = |cause: wasmparser::BinaryReaderError| InvalidModule { plugin, cause: cause.to_string() };
    let mut names: BTreeSet<String> =
        LIFE_CYCLE.into_iter().chain(plugin.callbacks(wants)).map(str::to_owned).collect();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(imports) = payload.map_err(invalid)? {
            for import in imports.into_imports() {
                names.insert(import.map_err(invalid)?.name.to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(capabilities(Plugin::Auth, Wants::default(), b"not wasm").is_err());
    }
}
