//! A bundle whose plugins Envoy is told of anew while it serves (its extension configuration discovery, by a file): what was
//! counted stays counted, and nobody is let through in between.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::{gateway, http1};
use serde_json::{Value, json};

const LIMIT: u64 = 600;
const THREADS: usize = 4;
const UPDATES: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(60);

const API: &str = "
openapi: 3.0.3
info: { title: Live, version: '1' }
paths:
  /counted: { get: { x-portcullis: { limits: [counted] }, responses: { '200': { description: Fine } } } }
  /edition: { get: { x-portcullis: { limits: [edition] }, responses: { '200': { description: Fine } } } }
";

struct Envoy(Child);

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn counts_survive_configurations_that_change_under_load() {
    for (layout, plugin) in [("chain", "throttle"), ("pipeline", "pipeline")] {
        let bundle = build(layout);
        let folder = bundle.path().join("bundle");
        let (address, filter) = discovered(&folder, plugin);
        tell(&folder, &filter, plugin, 0);
        let envoy = start(&folder, address);
        let (stop, passed, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let ask = || {
            while !stop.load(Ordering::Relaxed) {
                // A connection for each request, so that both workers get some.
                match http1::request(address, "GET /counted", &[], b"").status {
                    429 => refused.fetch_add(1, Ordering::Relaxed),
                    200 => passed.fetch_add(1, Ordering::Relaxed),
                    other => panic!("{layout}: {other}"),
                };
                thread::sleep(Duration::from_millis(2));
            }
        };
        let mut passed_at = Vec::new();
        thread::scope(|scope| {
            let clients: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            for edition in 1..=UPDATES {
                tell(&folder, &filter, plugin, edition);
                wait_for(address, edition);
                passed_at.push(passed.load(Ordering::Relaxed));
            }
            let patience = Instant::now() + PATIENCE;
            while refused.load(Ordering::Relaxed) < 50 && Instant::now() < patience {
                thread::sleep(Duration::from_millis(5));
            }
            stop.store(true, Ordering::Relaxed);
            clients.into_iter().for_each(|client| client.join().expect("no client panics"));
        });
        assert_eq!(passed.into_inner(), LIMIT, "{layout}: {passed_at:?}");
        assert!(refused.into_inner() >= 50, "{layout}: nobody was refused");
        assert!(passed_at[0] < LIMIT, "{layout}: no change came while requests passed: {passed_at:?}");
        drop(envoy);
    }
}

fn build(layout: &str) -> tempfile::TempDir {
    let settings = format!(
        "layout: {layout}\napis: [{{ definition: api.yaml, endpoint: mock }}]\nlimits:\n  \
         counted: {{ requests: {LIMIT}, per: 10 years, by: all }}\n  edition: {{ requests: 1000000, per: second, by: all }}\n"
    );
    let folder = gateway::folder(&[("api.yaml", API), ("gateway.yaml", &settings)]);
    let mut build = gateway::command();
    let file = folder.path().join("gateway.yaml");
    build.arg("build").arg(file).arg("-o").arg(folder.path().join("bundle"));
    let built = gateway::finish(&mut build);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder
}

/// Has Envoy find one of the filters in a file; gives the address and the filter.
fn discovered(folder: &Path, plugin: &str) -> (SocketAddr, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let file = folder.join("envoy.json");
    let mut bootstrap: Value =
        serde_json::from_slice(&fs::read(&file).expect("the bootstrap")).expect("JSON");
    bootstrap["node"] = json!({ "id": "live", "cluster": "live" });
    let listener = &mut bootstrap["static_resources"]["listeners"][0];
    listener["address"]["socket_address"]["port_value"] = json!(address.port());
    let filters = &mut listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"];
    let name = format!("portcullis.{plugin}");
    let mut filters = filters.as_array_mut().expect("filters").iter_mut();
    let filter = filters.find(|filter| filter["name"] == name.as_str()).expect("the plugin");
    let config = filter["typed_config"].take();
    *filter = json!({ "name": name, "config_discovery": {
        "config_source": {
            "resource_api_version": "V3",
            "path_config_source": { "path": "live.json", "watched_directory": { "path": "." } },
        },
        "type_urls": [config["@type"]],
    } });
    fs::write(&file, bootstrap.to_string()).expect("a file");
    (address, config)
}

/// Puts a configuration where Envoy looks: one that differs by the limit of `/edition`.
fn tell(folder: &Path, filter: &Value, plugin: &str, edition: u64) {
    let mut filter = filter.clone();
    let text = filter["config"]["configuration"]["value"].as_str().expect("a configuration");
    let mut config: Value = serde_json::from_str(text).expect("JSON");
    let throttle = if plugin == "pipeline" { &mut config["throttle"] } else { &mut config };
    throttle["limits"]["edition"]["requests"] = json!(1_000_000 + edition);
    filter["config"]["configuration"]["value"] = json!(config.to_string());
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": format!("portcullis.{plugin}"),
        "typed_config": filter,
    });
    let text = json!({ "version_info": edition.to_string(), "resources": [resource] }).to_string();
    fs::write(folder.join("live.new"), text).expect("a file");
    fs::rename(folder.join("live.new"), folder.join("live.json")).expect("the file is replaced");
}

/// Waits until all workers have the configuration.
fn wait_for(address: SocketAddr, edition: u64) {
    let wanted = format!("q={}", 1_000_000 + edition);
    let patience = Instant::now() + PATIENCE;
    let mut in_a_row = 0;
    while in_a_row < 10 {
        assert!(Instant::now() < patience, "the configuration {edition} does not go live");
        let reply = http1::request(address, "GET /edition", &[], b"");
        let is_there = reply.header("ratelimit-policy").is_some_and(|policy| policy.contains(&wanted));
        in_a_row = if is_there { in_a_row + 1 } else { 0 };
    }
}

fn start(folder: &Path, address: SocketAddr) -> Envoy {
    let mut command = Command::new(gateway::envoy());
    command.current_dir(folder).args(["--disable-hot-restart", "--concurrency", "2", "-l", "error"]);
    let child = command.args(["-c", "envoy.json"]).stdout(Stdio::null()).spawn().expect("Envoy");
    let envoy = Envoy(child);
    let patience = Instant::now() + PATIENCE;
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < patience, "Envoy is not ready");
        thread::sleep(Duration::from_millis(20));
    }
    wait_for(address, 0);
    envoy
}
