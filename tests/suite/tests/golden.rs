//! What small gateways compile to, held against files under `golden/`. `UPDATE=1` rewrites them: read the
//! difference before it is committed.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use portcullis_compiler::{Bundle, Compiled, Modules, Options, Plugin, PluginConfigs, Surroundings, compile};
use portcullis_suite::repository;
use serde_json::Value;

/// A module that imports `env.proxy_log` and nothing else: what a bundle says of capabilities does not change
/// with the real ones.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x11\x01\x03env\x09proxy_log\0\0";

#[test]
fn gateways_compile_to_what_is_recorded() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut differences = Vec::new();
    for folder in gateways() {
        let compiled = compiled(&folder);
        let recorded = folder.join("compiled");
        let made = readable(&bundle(&compiled), &compiled.plugins);
        if update {
            record(&recorded, &made);
        }
        let known = read(&recorded);
        differences.extend(
            made.iter()
                .filter(|(name, text)| known.get(*name) != Some(*text))
                .map(|(name, _)| recorded.join(name)),
        );
        differences
            .extend(known.keys().filter(|name| !made.contains_key(*name)).map(|name| recorded.join(name)));
    }
    assert!(differences.is_empty(), "UPDATE=1 would rewrite {differences:#?}");
}

#[test]
fn compiling_twice_gives_equal_bytes() {
    for folder in gateways() {
        let first = bundle(&compiled(&folder));
        let second = bundle(&compiled(&folder));
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
        for (name, bytes) in first {
            assert!(bytes == second[&name], "{}: {name} differs", folder.display());
        }
    }
}

#[test]
fn a_manifest_names_every_file_of_its_bundle_but_itself() {
    for folder in gateways() {
        let bundle = bundle(&compiled(&folder));
        let manifest: Value = serde_json::from_slice(&bundle["manifest.json"]).unwrap();
        let named = |list: &str| -> Vec<String> {
            let entries = manifest[list].as_array().unwrap();
            entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
        };
        let files: Vec<_> = bundle.keys().filter(|name| *name != "manifest.json").cloned().collect();
        assert_eq!(named("outputs"), files);
        assert!(named("inputs").contains(&"api.yaml".to_owned()), "{manifest}");
    }
}

fn gateways() -> Vec<PathBuf> {
    let root = repository().join("tests/suite/golden");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 3, "some gateways are gone");
    folders
}

fn compiled(folder: &Path) -> Compiled {
    let files: HashMap<String, Vec<u8>> =
        read(folder).into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let entry = if files.contains_key("gateway.yaml") { "gateway.yaml" } else { "api.yaml" };
    let compilation = compile(&files, entry, Options::default());
    let problems: Vec<_> = compilation.parts.iter().flat_map(|part| &part.diagnostics).collect();
    compilation.compiled.unwrap_or_else(|| panic!("{}: {problems:#?}", folder.display()))
}

fn bundle(compiled: &Compiled) -> Bundle {
    let modules: Modules = Plugin::ALL.iter().map(|plugin| (*plugin, MODULE.to_vec())).collect();
    compiled.bundle(&modules, &Surroundings::default()).unwrap()
}

/// The parts of a bundle that people read. Each plugin's configuration is set out in lines, and stands in the
/// bootstrap by its name only, once that was found to be the same.
fn readable(bundle: &Bundle, plugins: &PluginConfigs) -> BTreeMap<String, String> {
    let mut bootstrap: Value = serde_json::from_slice(&bundle["envoy.json"]).unwrap();
    let mut found = 0;
    name_configurations(&mut bootstrap, plugins, &mut found);
    let listeners = bootstrap["static_resources"]["listeners"].as_array().unwrap().len();
    assert_eq!(found, plugins.len() * listeners, "every listener has every plugin with its configuration");
    let coverage = String::from_utf8(bundle["coverage.json"].clone()).unwrap();
    let mut files = BTreeMap::from([
        ("envoy.json".to_owned(), pretty(&bootstrap)),
        ("coverage.json".to_owned(), coverage),
    ]);
    for (plugin, config) in plugins {
        let value: Value = serde_json::from_str(config).unwrap();
        files.insert(format!("{}.json", plugin.name()), pretty(&value));
    }
    files
}

fn name_configurations(value: &mut Value, plugins: &PluginConfigs, found: &mut usize) {
    match value {
        Value::String(text) => {
            if let Some((plugin, _)) = plugins.iter().find(|(_, config)| *config == text) {
                *text = format!("the text of {}.json", plugin.name());
                *found += 1;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|one| name_configurations(one, plugins, found)),
        Value::Object(members) => {
            members.values_mut().for_each(|one| name_configurations(one, plugins, found));
        }
        _ => {}
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The files of a folder, not those of folders in it; none when it is not there.
fn read(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

fn record(folder: &Path, files: &BTreeMap<String, String>) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}
