//! Who may depend on whom: arrows point down only, plugins know nothing of one another, and one crate alone
//! talks to the proxy SDK.

use std::collections::BTreeMap;
use std::process::Command;

use portcullis_suite::repository;
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or none for what is in every build.
    kind: Option<String>,
    /// For which targets only.
    target: Option<String>,
}

/// The target of the modules, and of nothing else.
const MODULE: &str = r#"cfg(target_os = "wasi")"#;
const PLUGINS: [&str; 5] = ["auth", "mock", "routing", "schema", "throttle"];
/// What the pipeline is made of, and the only plugin that knows others.
const PIPELINE: [&str; 8] = ["core", "config", "adapter", "auth", "mock", "routing", "schema", "throttle"];

/// What each crate of ours may depend on. A crate that is not named here has no place in the design yet.
fn allowed(crate_name: &str) -> Option<&'static [&'static str]> {
    Some(match crate_name {
        "core" | "openapi" | "test-host" | "bench-empty" | "bench-floor" => &[],
        "config" | "adapter" => &["core"],
        "pipeline" => &PIPELINE,
        plugin if PLUGINS.contains(&plugin) => &["core", "config", "adapter"],
        "compiler" => {
            &["openapi", "config", "core", "auth", "mock", "pipeline", "routing", "schema", "throttle"]
        }
        "cli" => &["compiler", "config", "openapi"],
        "verifier" => &["auth", "core", "adapter"],
        "suite" => &[
            "auth",
            "mock",
            "pipeline",
            "routing",
            "schema",
            "throttle",
            "compiler",
            "config",
            "core",
            "openapi",
            "test-host",
        ],
        "bench" => &["core", "compiler", "schema", "suite", "test-host", "throttle"],
        _ => return None,
    })
}

#[test]
fn crates_depend_on_those_below_them_only() {
    for package in packages() {
        let name = ours(&package.name);
        let allowed =
            allowed(name).unwrap_or_else(|| panic!("{name} has no place in the design: see ARCHITECTURE.md"));
        for dependency in of_ours(&package) {
            let other = ours(&dependency.name);
            assert!(allowed.contains(&other), "{name} may not depend on {other}");
        }
    }
}

#[test]
fn plugins_meet_their_host_in_modules_only() {
    for package in packages().iter().filter(|package| PLUGINS.contains(&ours(&package.name))) {
        let adapters: Vec<_> =
            of_ours(package).filter(|dependency| ours(&dependency.name) == "adapter").collect();
        assert!(!adapters.is_empty(), "{} has no adapter, so it cannot be a module", package.name);
        for adapter in adapters {
            assert_eq!(adapter.target.as_deref(), Some(MODULE), "{}: the adapter", package.name);
            assert_eq!(adapter.kind, None, "{}: the adapter", package.name);
        }
    }
}

/// The empty filter of the benchmark is there to show what the SDK costs by itself: it has no policy, makes no host
/// call and is no part of a gateway.
#[test]
fn the_adapter_alone_knows_the_proxy_sdk() {
    let mut users: BTreeMap<String, Option<String>> = BTreeMap::new();
    for package in packages() {
        for dependency in package.dependencies.into_iter().filter(|one| one.name == "proxy-wasm") {
            users.insert(ours(&package.name).to_owned(), dependency.target);
        }
    }
    let known =
        ["adapter", "bench-empty", "bench-floor"].map(|name| (name.to_owned(), Some(MODULE.to_owned())));
    assert_eq!(users, BTreeMap::from(known));
}

fn of_ours(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.name.starts_with("portcullis-"))
}

fn ours(name: &str) -> &str {
    name.strip_prefix("portcullis-").unwrap_or(name)
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo's own format");
    assert!(metadata.packages.len() > PLUGINS.len(), "the workspace is not there");
    metadata.packages
}
