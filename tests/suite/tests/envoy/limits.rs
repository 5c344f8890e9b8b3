//! `portcullis limits`: what a caller has used, from a gateway that runs, in both layouts.

use std::net::{SocketAddr, TcpListener};
use std::process::Output;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use serde_json::Value;

const API: &str = r#"
openapi: 3.0.3
info: { title: Counted, version: 1.0.0 }
security: [{ Key: [] }]
paths:
  /list: { get: { x-portcullis: { limits: [all-day] }, responses: { '200': { description: Fine } } } }
  /hard: { get: { x-portcullis: { cost: 3, limits: [flood] }, responses: { '200': { description: Fine } } } }
components: { securitySchemes: { Key: { type: apiKey, in: header, name: X-Key } } }
"#;
/// The key is [`KEY`].
const DIGEST: &str = "b5e891ab92079f2f95e5887a11280068b99d92f50df8c3eafa281d84d90c7a27";
const KEY: &str = "limits-test-key-of-ada";

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// A gateway of a layout, the operators' address, and the gateway file.
fn start(layout: &str) -> (Gateway, SocketAddr, tempfile::TempDir) {
    let admin = free_address();
    let settings = format!(
        "admin: {{ address: '{admin}' }}\nlayout: {layout}\n\
         apis: [{{ definition: api.yaml, endpoint: mock, limits: [gold] }}]\n\
         identity: {{ apiKeys: [{{ consumer: ada, sha256: {DIGEST} }}] }}\n\
         limits:\n  gold: {{ requests: 20, per: day }}\n  all-day: {{ requests: 5, per: day, by: all }}\n  \
         flood: {{ requests: 9, per: day, by: address, beforeAuthentication: true }}\n"
    );
    let folder = gateway::folder(&[("api.yaml", API), ("gateway.yaml", &settings)]);
    let file = folder.path().join("gateway.yaml");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", "2"];
    (Gateway::start(gateway::command(), &args), admin, folder)
}

fn limits(args: &[&str]) -> Output {
    gateway::finish(gateway::command().arg("limits").args(args))
}

/// Limit, used and remaining of every count.
fn counts(args: &[&str]) -> Vec<(String, Option<u64>, Option<u64>)> {
    let output = limits(&[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = told["limits"].as_array().expect("a list").iter();
    rows.map(|row| {
        (row["limit"].as_str().expect("a name").to_owned(), row["used"].as_u64(), row["remaining"].as_u64())
    })
    .collect()
}

fn count(name: &str, used: u64, remaining: u64) -> (String, Option<u64>, Option<u64>) {
    (name.to_owned(), Some(used), Some(remaining))
}

#[test]
fn operators_see_what_a_caller_has_used() {
    for layout in ["chain", "pipeline"] {
        let (gateway, admin, folder) = start(layout);
        assert_eq!(gateway.printed().iter().filter(|line| line.contains(&admin.to_string())).count(), 0);
        let file = folder.path().join("gateway.yaml");
        let file = file.to_str().expect("a UTF-8 path");
        // A connection for each request, so that both workers get some.
        for _ in 0..4 {
            let reply = http1::request(gateway.address(), "GET /list", &[("X-Key", KEY)], b"");
            assert!(reply.status < 500 && reply.status != 429, "{layout}: {}", reply.status);
        }
        for _ in 0..2 {
            http1::request(gateway.address(), "GET /hard", &[("X-Key", KEY)], b"");
        }
        let ada = [file, "--consumer", "ada", "--address", "127.0.0.1"];
        let all = vec![count("gold", 10, 10), count("all-day", 4, 1), count("flood", 6, 3)];
        assert_eq!(counts(&ada), all, "{layout}");
        let bob = counts(&[file, "--consumer", "bob", "--address", "192.0.2.1", "--used"]);
        assert_eq!(bob, [count("all-day", 4, 1)], "{layout}");
        let named = counts(&["--at", &admin.to_string(), "--limit", "flood", "--address", "127.0.0.1"]);
        assert_eq!(named, [count("flood", 6, 3)], "{layout}");
        // Asking has cost nothing.
        assert_eq!(counts(&ada), all, "{layout}");
        let table = limits(&[file, "--limit", "gold"]);
        let table = String::from_utf8_lossy(&table.stdout).into_owned();
        assert!(
            table.contains("20 requests in 86400 seconds") && table.contains("name --consumer"),
            "{table}"
        );
        // Clients find none of it, and neither does a page whose name was made to point here.
        let through = http1::request(gateway.address(), "GET /limits", &[("X-Key", KEY)], b"");
        assert_eq!(through.status, 404, "{layout}");
        let rebound = http1::exchange(
            admin,
            b"GET /limits HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n",
        );
        assert_eq!(rebound.status, 404, "{layout}");
    }
}

#[test]
fn operators_are_told_what_is_wrong() {
    let (_gateway, admin, folder) = start("chain");
    let file = folder.path().join("gateway.yaml");
    let file = file.to_str().expect("a UTF-8 path");
    let elsewhere = free_address().to_string();
    let api = folder.path().join("api.yaml");
    let cases = [
        (vec![file, "--header", "=x"], "names nothing"),
        (vec!["--at", &elsewhere], "is the gateway running"),
        (vec![api.to_str().expect("a UTF-8 path")], "no address for operators"),
        (vec!["nowhere.yaml"], "there is no such file"),
    ];
    for (args, words) in cases {
        let output = limits(&args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
    let misspelt = b"GET /limits?consumr=ada HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let reply = http1::exchange(admin, misspelt);
    assert_eq!((reply.status, reply.json()["unknown"].as_str()), (400, Some("consumr")));
}
