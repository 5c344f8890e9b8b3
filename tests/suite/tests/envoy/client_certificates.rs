//! Client certificates in real TLS: required, requested and passed on, asked by curl.

use std::net::SocketAddr;
use std::process::Command;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;
use tempfile::TempDir;

const SERVER: &str = include_str!("certificate.pem");
const SERVER_KEY: &str = include_str!("key.pem");

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Certificates, version: '1' }
paths:
  /robot: { get: { security: [{ Certificate: [] }], responses: { '200': { description: Fine } } } }
  /either: { get: { security: [{ Certificate: [] }, { Key: [] }], responses: { '200': { description: Fine } } } }
  /open: { get: { responses: { '200': { description: Fine } } } }
components:
  securitySchemes:
    Certificate: { type: mutualTLS }
    Key: { type: apiKey, in: header, name: key }
"#;

const IDENTITY: &str = r#"
identity:
  # shop-key
  apiKeys: [{ consumer: shop, sha256: 44cfdcdd88354fa1412781f5a01a901c9112db33bfa8b165fbec9b618d9cf112 }]
  certificates:
    - { consumer: robot, subject: 'CN=client,O=Org\, Inc,C=DE', scopes: [admin] }
    - { consumer: second, san: 'dns:second.example', apis: [elsewhere] }
"#;

struct Secured {
    gateway: Gateway,
    upstream: Upstream,
    folder: TempDir,
}

impl Secured {
    fn open(layout: &str, listener: &str, identity: &str) -> Self {
        let upstream = Upstream::start();
        let settings = format!(
            "listeners: [{{ address: '127.0.0.1:1'{listener} }}]\n\
             apis: [{{ definition: api.yaml, endpoint: '{}' }}]\n{IDENTITY}{identity}",
            upstream.url()
        );
        let mut files = vec![
            ("api.yaml".to_owned(), DEFINITION.to_owned()),
            ("gateway.yaml".to_owned(), settings),
            ("server.pem".to_owned(), SERVER.to_owned()),
            ("server.key".to_owned(), SERVER_KEY.to_owned()),
        ];
        for entry in std::fs::read_dir(portcullis_suite::repository().join("tests/suite/certificates"))
            .expect("a folder")
        {
            let entry = entry.expect("an entry");
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            files.push((entry.file_name().to_string_lossy().into_owned(), text));
        }
        let borrowed: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let folder = gateway::folder(&borrowed);
        let file = folder.path().join("gateway.yaml");
        let file = file.to_str().expect("a UTF-8 path");
        let gateway = Gateway::start(gateway::command(), &[file, "--workers", "1", "--layout", layout]);
        Self { gateway, upstream, folder }
    }

    fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Status and code of the answer over TLS with this certificate; `000` when the connection failed.
    fn ask(&self, path: &str, certificate: Option<&str>, args: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-4", "-w", "\n%{http_code}", "--max-time", "20", "--cacert", "server.pem"]);
        if let Some(name) = certificate {
            curl.args(["--cert", &format!("{name}.pem"), "--key", &format!("{name}.key")]);
        }
        curl.args(args).arg(format!("https://localhost:{}{path}", self.address().port()));
        let output = curl.current_dir(self.folder.path()).output();
        let output = output.expect("curl is installed (scripts/setup curl)");
        told(&String::from_utf8_lossy(&output.stdout))
    }
}

fn told(output: &str) -> String {
    let (body, status) = output.rsplit_once('\n').unwrap_or(("", output));
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    match body.get("code").and_then(serde_json::Value::as_str) {
        Some(code) => format!("{status} {code}"),
        None => status.to_owned(),
    }
}

const REQUESTED: &str = ", tls: { certificate: server.pem, key: server.key, clientCertificates: { ca: authority.pem, require: false } }";
const REQUIRED: &str =
    ", tls: { certificate: server.pem, key: server.key, clientCertificates: { ca: authority.pem } }";

#[test]
fn a_requested_certificate_counts_only_if_it_was_verified() {
    for layout in ["chain", "pipeline"] {
        let secured = Secured::open(layout, REQUESTED, "");
        let key: &[&str] = &["-H", "key: shop-key"];
        // Who names a route is taken for nobody, not for somebody.
        let route: &[&str] = &["-H", "x-portcullis-route: r0"];
        let cases: [(&str, Option<&str>, &[&str], &str); 12] = [
            ("/robot", Some("client"), &[], "200"),
            ("/robot", Some("client"), &["--http1.1"], "200"),
            ("/robot", None, &[], "401 credential-missing"),
            ("/robot", Some("stranger"), &[], "401 credential-missing"),
            ("/robot", Some("stranger"), route, "401 credential-missing"),
            ("/robot", Some("other"), &[], "401 certificate-unknown"),
            ("/either", Some("stranger"), key, "200"),
            ("/either", Some("other"), key, "200"),
            ("/either", Some("stranger"), &[], "401 credential-missing"),
            ("/either", Some("client"), &[], "200"),
            ("/open", Some("stranger"), &[], "200"),
            ("/open", None, &[], "200"),
        ];
        for (path, certificate, args, expected) in cases {
            assert_eq!(
                secured.ask(path, certificate, args),
                expected,
                "{layout} {path} {certificate:?} {args:?}"
            );
        }
        let url = format!("https://localhost:{}/robot", secured.address().port());
        let twice = secured.ask("/robot", Some("client"), &["-o", "/dev/null", &url]);
        assert_eq!(twice, "200", "{layout}: the second request of a connection");
        let log = secured.gateway.logged(|entry| {
            entry["identity"].as_str().is_some_and(|identity| identity.contains("consumer=robot"))
        });
        assert_eq!(log["status"], 200, "{layout}");
    }
}

#[test]
fn a_required_certificate_is_required_by_tls() {
    let secured = Secured::open("chain", REQUIRED, "");
    for (path, certificate, expected) in [
        ("/robot", Some("client"), "200"),
        ("/robot", Some("other"), "401 certificate-unknown"),
        ("/robot", Some("stranger"), "000"),
        ("/open", Some("stranger"), "000"),
        ("/open", None, "000"),
        ("/open", Some("other"), "200"),
    ] {
        assert_eq!(secured.ask(path, certificate, &[]), expected, "{path} {certificate:?}");
    }
}

#[test]
fn a_certificate_is_passed_on_by_trusted_addresses_alone() {
    let client = portcullis_suite::certificate::Certificate::read("client").pem;
    let line = client.replace('\n', " ");
    let encoded = client.replace('\n', "%0A").replace('+', "%2B").replace(' ', "%20");
    let forwarded = format!("Hash=1;Cert=\"{encoded}\";Subject=\"\"");
    for (name, value) in [("X-Forwarded-Client-Cert", &forwarded), ("X-WSO2-CLIENT-CERTIFICATE", &line)] {
        for (from, expected) in [("127.0.0.0/8", 200), ("10.0.0.0/8", 401)] {
            let header = format!("  certificateHeader: {{ name: {name}, from: ['{from}'] }}\n");
            let secured = Secured::open("chain", "", &header);
            let reply = http1::request(secured.address(), "GET /robot", &[(name, value.as_str())], b"");
            assert_eq!(reply.status, expected, "{name} {from}");
            let reply = http1::request(secured.address(), "GET /open", &[(name, value.as_str())], b"");
            assert_eq!(reply.status, 200, "{name} {from}");
            for received in secured.upstream.take() {
                assert!(received.all(&name.to_ascii_lowercase()).is_empty(), "{name} {from}: {received:?}");
            }
        }
    }
}

#[test]
fn without_a_proxy_no_header_names_a_certificate() {
    let secured = Secured::open("chain", "", "");
    let value = portcullis_suite::certificate::Certificate::read("client").pem.replace('\n', " ");
    let names = ["X-Forwarded-Client-Cert", "X-WSO2-CLIENT-CERTIFICATE", "Client-Cert", "Client-Cert-Chain"];
    for name in names {
        let ask = |target| http1::request(secured.address(), target, &[(name, value.as_str())], b"").status;
        assert_eq!((ask("GET /robot"), ask("GET /open")), (401, 200), "{name}");
        let received = secured.upstream.take_one();
        assert!(received.all(&name.to_ascii_lowercase()).is_empty(), "{name}: {received:?}");
    }
}
