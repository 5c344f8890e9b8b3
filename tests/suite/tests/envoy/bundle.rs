//! `portcullis build`: the same inputs give the same bytes, which Envoy accepts, and accepts no others.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use portcullis_suite::gateway;
use serde_json::Value;

use crate::shop;

#[test]
fn a_bundle_is_reproducible_and_envoy_judges_it() {
    let files = shop::files("http://127.0.0.1:9", "http://127.0.0.1:9");
    let out = tempfile::tempdir().expect("a temporary folder");
    let (first, second) = (out.path().join("first"), out.path().join("second"));
    build(files.path(), &first);
    build(files.path(), &second);
    let bundle = read(&first, "");
    assert!(bundle.keys().any(|name| name == "modules/auth.wasm"), "{:?}", bundle.keys());
    assert!(bundle == read(&second, ""), "two builds of the same files differ");
    assert_no_secret(&bundle);

    let fine = validate(&first);
    assert!(fine.status.success(), "{}", String::from_utf8_lossy(&fine.stderr));
    for plugin in ["auth", "throttle"] {
        let broken = edited(&bundle["envoy.json"], plugin);
        std::fs::write(second.join("envoy.json"), broken).expect("a file");
        let refused = validate(&second);
        assert!(!refused.status.success(), "{plugin} accepts a configuration that it does not know");
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(words.contains("configuration refused"), "{plugin}: {words}");
    }
}

fn build(files: &Path, out: &Path) {
    let built =
        gateway::finish(gateway::command().arg("build").arg(files.join("gateway.yaml")).arg("-o").arg(out));
    assert_eq!(built.status.code(), Some(0), "{}", String::from_utf8_lossy(&built.stderr));
}

fn validate(folder: &Path) -> Output {
    let mut envoy = Command::new(gateway::envoy());
    envoy.current_dir(folder).args(["--mode", "validate", "-c", "envoy.json", "-l", "error"]);
    gateway::finish(&mut envoy)
}

/// Every file by its name in the folder.
fn read(folder: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            files.extend(read(&path, &format!("{name}/")));
        } else {
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    files
}

/// The bootstrap with one plugin's configuration replaced by JSON that means nothing to it.
fn edited(bootstrap: &[u8], plugin: &str) -> String {
    let mut bootstrap: Value = serde_json::from_slice(bootstrap).expect("JSON");
    let filters = bootstrap
        .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters")
        .and_then(Value::as_array_mut)
        .expect("filters");
    let name = format!("portcullis.{plugin}");
    let filter = filters.iter_mut().find(|filter| filter["name"] == *name).expect("the plugin's filter");
    filter["typed_config"]["config"]["configuration"]["value"] = "{\"apis\":7}".into();
    bootstrap.to_string()
}

fn assert_no_secret(bundle: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in bundle.iter().filter(|(name, _)| !name.ends_with(".wasm")) {
        let text = String::from_utf8_lossy(bytes);
        assert!(
            !text.contains("key-of-the-suite") && !text.contains("open-sesame"),
            "a secret stands in {name}"
        );
    }
}
