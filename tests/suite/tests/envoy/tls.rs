//! A listener with TLS, asked by curl: HTTP/1.1 and HTTP/2 by ALPN, and nothing in the clear.

use std::process::Command;

use portcullis_suite::gateway::{self, Gateway};

/// Of localhost, valid for a hundred years; the key guards nothing.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Private, version: '1' }
paths:
  /secret:
    get:
      security: [{ Key: [] }]
      responses: { '200': { description: Fine } }
  /open:
    get:
      responses: { '200': { description: Fine } }
components:
  securitySchemes: { Key: { type: apiKey, in: header, name: X-Key } }
"#;

const SETTINGS: &str = r#"
listeners: [{ address: '127.0.0.1:1', tls: { certificate: certificate.pem, key: key.pem } }]
apis: [{ definition: api.yaml, endpoint: mock }]
"#;

#[test]
fn a_listener_with_tls_serves_both_protocols_and_nothing_in_the_clear() {
    let files = [
        ("api.yaml", DEFINITION),
        ("gateway.yaml", SETTINGS),
        ("certificate.pem", CERTIFICATE),
        ("key.pem", KEY),
    ];
    let folder = gateway::folder(&files);
    let file = folder.path().join("gateway.yaml");
    let gateway = Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path")]);
    let port = gateway.address().port();
    let trusted = folder.path().join("certificate.pem");
    let trusted = trusted.to_str().expect("a UTF-8 path");
    let secure = format!("https://localhost:{port}");
    let cases: [(&str, String, &[&str], &str); 5] = [
        ("HTTP/1.1", format!("{secure}/open"), &["--http1.1", "--cacert", trusted], "200 1.1"),
        ("HTTP/2", format!("{secure}/open"), &["--http2", "--cacert", trusted], "200 2"),
        ("the policies", format!("{secure}/secret"), &["--http2", "--cacert", trusted], "401 2"),
        ("an old TLS", format!("{secure}/open"), &["--tls-max", "1.1", "--cacert", trusted], "000 0"),
        ("the clear", format!("http://localhost:{port}/open"), &[], "000 0"),
    ];
    for (name, url, args, expected) in cases {
        assert_eq!(ask(&url, args), expected, "{name}");
    }
}

/// The status and the protocol of the answer; `000 0` when there is none.
fn ask(url: &str, args: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-4", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "--max-time", "20"]);
    let output = curl.args(args).arg(url).output().expect("curl is installed (scripts/setup curl)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
