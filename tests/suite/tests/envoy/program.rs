//! The program around Envoy: exit codes and what it says, how it stops, and the credentials of `--dev`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway, STOP_TIME};
use portcullis_suite::http1;

const DEFINITION: &str = "openapi: 3.0.3
info: { title: Small, version: 1.0.0 }
security: [{ Key: [] }, { Password: [] }, { Token: [read] }]
x-portcullis: { endpoint: mock }
paths:
  /pets:
    get:
      responses:
        '200':
          description: Pets
          content: { application/json: { example: [] } }
components:
  securitySchemes:
    Key: { type: apiKey, in: header, name: X-API-Key }
    Password: { type: http, scheme: basic }
    Token:
      type: oauth2
      flows: { clientCredentials: { tokenUrl: https://login.example/token, scopes: { read: Read } } }
";

fn run(file: &Path, listen: &str) -> Output {
    gateway::finish(gateway::command().arg("run").arg(file).args(["--listen", listen]))
}

#[test]
fn what_cannot_run_exits_with_2_and_says_why() {
    let folder = gateway::folder(&[("api.yaml", DEFINITION)]);
    let (api, missing) = (folder.path().join("api.yaml"), folder.path().join("missing.yaml"));
    let cases = [
        ("no address", &api, "127.0.0.1", "is no address"),
        ("a missing file", &missing, "127.0.0.1:0", "missing.yaml"),
    ];
    for (name, file, listen, words) in cases {
        let ran = run(file, listen);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
    }
}

#[test]
fn a_port_in_use_is_told_before_envoy_starts() {
    let folder = gateway::folder(&[("api.yaml", DEFINITION)]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = run(&folder.path().join("api.yaml"), &address);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains("--listen"), "{said}");
}

#[test]
fn a_definition_with_errors_exits_with_1_and_names_the_line() {
    let broken = DEFINITION.replace("{ Key: [] }", "{ Kee: [] }");
    let folder = gateway::folder(&[("api.yaml", &broken)]);
    let ran = run(&folder.path().join("api.yaml"), "127.0.0.1:0");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("api.yaml:3:"), "no file:line:column: {said}");
}

#[test]
fn a_signal_stops_envoy_too() {
    let folder = gateway::folder(&[("api.yaml", DEFINITION)]);
    let file = folder.path().join("api.yaml");
    let mut gateway = Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path")]);
    let envoy = format!("/proc/{}", gateway.envoy_pid());
    assert!(Path::new(&envoy).exists());
    let begun = Instant::now();
    let status = gateway.stop().expect("it stops in time");
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < STOP_TIME + Duration::from_secs(1));
    assert!(!Path::new(&envoy).exists(), "Envoy is left behind");
}

#[test]
fn credentials_exist_only_for_a_trial_run() {
    let folder = gateway::folder(&[("api.yaml", DEFINITION)]);
    let file = folder.path().join("api.yaml");
    let out = folder.path().join("bundle");
    let built = gateway::command().arg("build").arg(&file).arg("-o").arg(&out).output().expect("it starts");
    assert_eq!(built.status.code(), Some(0), "{}", String::from_utf8_lossy(&built.stderr));
    let auth = std::fs::read_to_string(out.join("plugins/auth.json")).expect("the plugin's configuration");
    for made_up in ["\"dev\"", "dev.portcullis.invalid", "sha256", "pbkdf2"] {
        assert!(!auth.contains(made_up), "{made_up} stands in a bundle: {auth}");
    }

    let gateway = Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--dev"]);
    let get = |name: &str, value: &str| {
        http1::request(gateway.address(), "GET /pets", &[(name, value)], b"").status
    };
    let (key, password) = (told(&gateway, "API key"), told(&gateway, "basic"));
    assert_eq!(get("X-API-Key", &key), 200);
    assert_eq!(get("Authorization", &format!("Basic {}", base64(&password))), 200);
    assert_eq!(get("Authorization", &format!("Bearer {}", told(&gateway, "token"))), 200);
    assert_eq!(get("X-API-Key", "dev"), 401);
    assert_eq!(get("X-Other", "1"), 401);
}

/// A credential that the program has printed.
fn told(gateway: &Gateway, kind: &str) -> String {
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        let printed = gateway.printed();
        let told = printed.iter().find_map(|line| line.trim().strip_prefix(kind));
        if let Some(told) = told {
            return told.trim().to_owned();
        }
        assert!(Instant::now() < patience, "no {kind} in {printed:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
