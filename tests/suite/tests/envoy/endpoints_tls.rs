//! Several servers for one endpoint, each over TLS: each must prove its name by an authority that is trusted.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

/// Of localhost and 127.0.0.1.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");
/// What a gateway trusts unless it is told otherwise.
const DEFAULT_TRUSTED_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Private, version: '1' }
servers: [{ url: 'http://nowhere.invalid' }]
x-wso2-production-endpoints: { urls: ['https://127.0.0.1:FIRST', 'https://127.0.0.1:SECOND'], type: load_balance }
paths:
  /turns: { get: { responses: { '200': { description: Fine } } } }
  /first:
    x-wso2-production-endpoints: { urls: ['https://127.0.0.1:FIRST', 'https://127.0.0.1:SECOND'], type: failover }
    get: { responses: { '200': { description: Fine } } }
"#;

/// What ends with `.localhost` is this machine too, and no name of the certificate.
const NAMES: &str = r#"
openapi: 3.1.0
info: { title: Private, version: '1' }
servers: [{ url: 'http://nowhere.invalid' }]
paths:
  /names:
    x-wso2-production-endpoints: { urls: ['https://localhost:FIRST', 'https://127.0.0.1:SECOND'], type: load_balance }
    get: { responses: { '200': { description: Fine } } }
  /turns:
    x-wso2-production-endpoints: { urls: ['https://other.localhost:FIRST', 'https://127.0.0.1:SECOND'], type: load_balance }
    get: { responses: { '200': { description: Fine } } }
  /first:
    x-wso2-production-endpoints: { urls: ['https://other.localhost:FIRST', 'https://127.0.0.1:SECOND'], type: failover }
    get: { responses: { '200': { description: Fine } } }
  /both:
    x-wso2-production-endpoints: { urls: ['https://other.localhost:FIRST', 'https://other.localhost:SECOND'], type: failover }
    get: { responses: { '200': { description: Fine } } }
  /alone:
    x-wso2-production-endpoints: { urls: ['https://other.localhost:FIRST'] }
    get: { responses: { '200': { description: Fine } } }
  /plain:
    x-wso2-production-endpoints: { urls: ['http://other.localhost:PLAIN'] }
    get: { responses: { '200': { description: Fine } } }
"#;
const PATHS: [&str; 5] = ["/names", "/turns", "/first", "/both", "/alone"];

/// A server with TLS that says its name.
fn server(name: &str) -> Gateway {
    let answer = format!("{{ description: Fine, content: {{ application/json: {{ example: {name} }} }} }}");
    let operation = format!("{{ get: {{ security: [], responses: {{ '200': {answer} }} }} }}");
    let paths: String = PATHS.iter().map(|path| format!("  {path}: {operation}\n")).collect();
    let definition = format!("openapi: 3.1.0\ninfo: {{ title: Server, version: '1' }}\npaths:\n{paths}");
    let settings = "listeners: [{ address: '127.0.0.1:1', tls: { certificate: certificate.pem, key: key.pem } }]\n\
                    apis: [{ definition: api.yaml, endpoint: mock }]\n";
    let folder = gateway::folder(&[
        ("api.yaml", definition.as_str()),
        ("gateway.yaml", settings),
        ("certificate.pem", CERTIFICATE),
        ("key.pem", KEY),
    ]);
    let file = folder.path().join("gateway.yaml");
    Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
}

/// The program with an Envoy that is told to trust this file: the bootstrap of a run names the system's.
fn trusting(ca: &str, folder: &std::path::Path) -> Command {
    let wrapper = folder.join("envoy");
    let envoy = gateway::envoy();
    let script = format!(
        "#!/bin/sh\nfor word; do [ \"$last\" = -c ] && sed -i 's#{DEFAULT_TRUSTED_CA}#{ca}#g' \"$word\"; last=$word; done\nexec '{}' \"$@\"\n",
        envoy.display()
    );
    std::fs::write(&wrapper, script).expect("a file");
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect("its owner's");
    let mut command = gateway::command();
    command.env("PORTCULLIS_ENVOY", wrapper);
    command
}

#[test]
fn each_server_of_several_proves_itself_by_an_authority_that_is_trusted() {
    let (first, second) = (server("first"), server("second"));
    let port = |server: &Gateway| server.address().port().to_string();
    let definition = DEFINITION.replace("FIRST", &port(&first)).replace("SECOND", &port(&second));
    let folder = gateway::folder(&[("api.yaml", &definition), ("ca.pem", CERTIFICATE)]);
    let path = |name: &str| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    let args = [&*path("api.yaml"), "--workers", "1"];
    let ask = |gateway: &Gateway, path: &str| {
        let reply = http1::request(gateway.address(), &format!("GET {path}"), &[], b"");
        (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
    };
    let said = |name: &str| (200, format!("\"{name}\""));

    let trusts = Gateway::start(trusting(&path("ca.pem"), folder.path()), &args);
    let mut turns: Vec<_> = (0..6).map(|_| ask(&trusts, "/turns")).collect();
    turns.sort();
    assert_eq!(
        turns,
        [said("first"), said("first"), said("first"), said("second"), said("second"), said("second")]
    );
    assert!((0..4).all(|_| ask(&trusts, "/first") == said("first")), "the first that can be reached");
    drop(trusts);

    let distrusts = Gateway::start(gateway::command(), &args);
    assert!(
        ["/turns", "/first"].iter().all(|path| ask(&distrusts, path).0 == 503),
        "by no authority of the system"
    );
}

#[test]
fn servers_by_name_are_reached_and_prove_that_very_name() {
    let (first, second, plain) = (server("first"), server("second"), Upstream::start());
    let port = |server: &Gateway| server.address().port().to_string();
    let plain_port = plain.authority().rsplit_once(':').expect("a port").1.to_owned();
    let definition =
        NAMES.replace("FIRST", &port(&first)).replace("SECOND", &port(&second)).replace("PLAIN", &plain_port);
    let folder = gateway::folder(&[("api.yaml", &definition), ("ca.pem", CERTIFICATE)]);
    let path = |name: &str| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    let command = trusting(&path("ca.pem"), folder.path());
    let gateway = Gateway::start(command, &[&path("api.yaml"), "--workers", "1"]);
    let ask = |path: &str| {
        let reply = http1::request(gateway.address(), &format!("GET {path}"), &[], b"");
        (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
    };
    let said = |name: &str| (200, format!("\"{name}\""));

    // The servers listen on 127.0.0.1 alone, though `localhost` has an address of IPv6 too.
    let mut turns: Vec<_> = (0..6).map(|_| ask("/names")).collect();
    turns.sort();
    assert_eq!(
        turns,
        [said("first"), said("first"), said("first"), said("second"), said("second"), said("second")]
    );
    assert_eq!(ask("/plain").0, 200, "the other name leads to this machine");
    for path in ["/turns", "/first"] {
        assert!(
            (0..6).all(|_| ask(path) == said("second")),
            "{path}: the first has a certificate of another name"
        );
    }
    for path in ["/both", "/alone"] {
        assert!((0..3).all(|_| ask(path).0 == 503), "{path}: nobody proves this name");
    }
}
