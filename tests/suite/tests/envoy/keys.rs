//! Keys from `portcullis key create` to `portcullis key revoke`, and the endpoints that they choose.

use std::path::Path;
use std::process::Output;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;
use sha2::{Digest, Sha256};

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Keys, version: '1' }
paths:
  /x: { get: { security: [{ Key: [] }, { InQuery: [read] }], responses: { '200': { description: Fine } } } }
components:
  securitySchemes:
    Key: { type: apiKey, in: header, name: x-key }
    InQuery: { type: apiKey, in: query, name: key }
"#;

fn key(args: &[&str], file: &Path) -> Output {
    let mut command = gateway::command();
    command.arg("key").args(args).arg("--file").arg(file);
    gateway::finish(&mut command)
}

fn create(args: &[&str], file: &Path) -> String {
    let made = key(&[&["create"], args].concat(), file);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let key = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    assert!(key.starts_with("pcl_") && key.len() == 42, "not a key alone: {key}");
    key
}

/// The layouts differ in how the route reaches Envoy.
#[test]
fn keys_are_made_used_and_revoked() {
    for layout in ["chain", "pipeline"] {
        let (production, sandbox) = (Upstream::start(), Upstream::start());
        let settings = format!(
            "layout: {layout}\napis: [{{ definition: api.yaml, basePath: /v1, endpoint: '{}/real', sandboxEndpoint: '{}/try' }}]\n\
             identity: {{ apiKeyFiles: [keys.yaml] }}\n",
            production.url(),
            sandbox.url(),
        );
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let (file, keys) = (folder.path().join("gateway.yaml"), folder.path().join("keys.yaml"));
        let real = create(&["--consumer", "acme", "--scope", "read", "--expires", "2d"], &keys);
        let trial = create(&["--consumer", "acme \"labs\"", "--scope", "read", "--sandbox"], &keys);
        let abroad = create(&["--consumer", "abroad", "--address", "192.0.2.0/24"], &keys);
        let from_page = create(
            &["--consumer", "page", "--referer", "https://shop.example/*", "--application", "a"],
            &keys,
        );

        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        let unknown = gateway::finish(gateway::command().arg("check").arg(&file));
        let said = String::from_utf8_lossy(&unknown.stdout) + String::from_utf8_lossy(&unknown.stderr);
        assert!(said.contains("application-unknown") && said.contains("keys.yaml: line"), "{said}");
        assert_eq!(key(&["revoke", &from_page], &keys).status.code(), Some(0));
        let text = std::fs::read_to_string(&keys).expect("a key file");
        std::fs::write(&keys, text.replace("  application: \"a\"\n", "")).expect("written");

        let gateway = Gateway::start(gateway::command(), &args);
        let get = |target: &str, headers: &[(&str, &str)]| {
            let reply = http1::request(gateway.address(), &format!("GET {target}"), headers, b"");
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            (reply.status, body)
        };
        assert_eq!(get("/v1/x", &[("x-key", &real)]).0, 200);
        assert_eq!(production.take_one().target, "/real/x");
        assert_eq!(get(&format!("/v1/x?key={trial}&a=1"), &[]).0, 200);
        assert_eq!(sandbox.take_one().target, "/try/x?a=1");
        let routed = [("x-key", trial.as_str()), ("x-portcullis-route", "r0"), ("x-portcullis-route", "r0")];
        assert_eq!(get("/v1/x", &routed).0, 200);
        let seen = format!("{:?}", sandbox.take_one());
        assert!(!seen.contains("portcullis") && !seen.contains(&trial), "{seen}");
        for (name, key, status, code) in [
            ("another address", &abroad, 403, "api-key-address-refused"),
            ("revoked", &from_page, 401, "api-key-revoked"),
        ] {
            let (found, body) = get(&format!("/v1/x?key={key}"), &[]);
            assert!(found == status && body.contains(code), "{name}: {found} {body}");
        }
        assert!(production.take().is_empty() && sandbox.take().is_empty());
        gateway.logged(|entry| entry["details"] == "portcullis.api-key-revoked");
        let entry =
            gateway.logged(|entry| entry["identity"].as_str().is_some_and(|line| line.contains("labs")));
        assert!(
            entry["identity"].as_str().is_some_and(|line| line.contains("&environment=sandbox")),
            "{entry:#}"
        );
        let digest: String = Sha256::digest(&trial).iter().map(|byte| format!("{byte:02x}")).collect();
        let logged = format!("&credential={}", &digest[..16]);
        assert!(
            entry["identity"].as_str().is_some_and(|line| line.ends_with(&logged)),
            "{logged}: {entry:#}"
        );
        let everything = gateway.printed().join("\n") + &gateway.words();
        assert!(!everything.contains("pcl_"), "a key stands in the log");
        drop(gateway);

        let gone = key(&["revoke", "--consumer", "acme"], &keys);
        assert_eq!(gone.status.code(), Some(0), "{}", String::from_utf8_lossy(&gone.stderr));
        assert_eq!(key(&["revoke", "--consumer", "acme"], &keys).status.code(), Some(2), "revoked already");
        assert_eq!(key(&["revoke", &real[..41]], &keys).status.code(), Some(2), "no whole key");
        let gateway = Gateway::start(gateway::command(), &args);
        let reply = http1::request(gateway.address(), "GET /v1/x", &[("x-key", &real)], b"");
        assert_eq!(reply.status, 401);
        let reply = http1::request(gateway.address(), "GET /v1/x", &[("x-key", &trial)], b"");
        assert_eq!(reply.status, 200, "another consumer's key is as good as before");
    }
}
