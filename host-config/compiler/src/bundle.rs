//! The immutable bundle: everything an Envoy needs, and a manifest of what it was made from.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::envoy::Surroundings;
use crate::module::InvalidModule;
use crate::{Compiled, Modules};

/// The files of a bundle by their names in it, with `/` between folders.
pub type Bundle = BTreeMap<String, Vec<u8>>;

/// What a bundle was made from and holds; equal inputs give equal bundles, byte by byte.
#[derive(Debug, Serialize)]
struct Manifest<'m> {
    portcullis: &'static str,
    inputs: Vec<Entry<'m>>,
    outputs: Vec<Entry<'m>>,
}

#[derive(Debug, Serialize)]
struct Entry<'m> {
    path: &'m str,
    bytes: usize,
    sha256: String,
}

/// Why no bundle was made.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A module is no module.
    #[error(transparent)]
    Module(#[from] InvalidModule),
    /// A module is not there.
    #[error("the {0} module is missing")]
    ModuleMissing(&'static str),
    /// A part could not be written as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Compiled {
    /// Makes the bundle.
    pub fn bundle(&self, modules: &Modules, surroundings: &Surroundings) -> Result<Bundle, BundleError> {
        let mut bundle = Bundle::new();
        bundle.insert("envoy.json".to_owned(), pretty(&self.bootstrap(modules, surroundings)?)?);
        for (plugin, config) in &self.plugins {
            bundle.insert(format!("plugins/{}.json", plugin.name()), config.clone().into_bytes());
            let (plugin, name) = (plugin.module(), plugin.module().name());
            let module = modules.get(&plugin).ok_or(BundleError::ModuleMissing(name))?;
            bundle.insert(format!("modules/{name}.wasm"), module.clone());
        }
        for (name, file) in &self.rate_limit_files {
            bundle.insert((*name).to_owned(), pretty(file)?);
        }
        bundle.insert("coverage.json".to_owned(), pretty(&self.coverage.relative_to(&self.folder))?);
        let manifest = Manifest {
            portcullis: env!("CARGO_PKG_VERSION"),
            inputs: self.inputs.iter().map(|(path, text)| entry(path, text.as_bytes())).collect(),
            outputs: bundle.iter().map(|(path, bytes)| entry(path, bytes)).collect(),
        };
        let manifest = pretty(&manifest)?;
        bundle.insert("manifest.json".to_owned(), manifest);
        Ok(bundle)
    }
}

fn entry<'m>(path: &'m str, bytes: &[u8]) -> Entry<'m> {
    Entry { path, bytes: bytes.len(), sha256: hex(&Sha256::digest(bytes)) }
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
