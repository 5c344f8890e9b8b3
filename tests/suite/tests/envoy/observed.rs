//! A body that is observed and not held, while the gateway asks another server who the caller is: the upstream gets all of it once,
//! and the observer sees the same.

use std::thread;
use std::time::Duration;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Connection};
use portcullis_suite::upstream::Upstream;

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Observed, version: '1' }
servers: [{ url: 'UPSTREAM/v1' }]
security: [{ Token: [] }]
x-portcullis: { validation: { body: observe } }
x-wso2-endpoints: [{ pair: { urls: ['UPSTREAM/v1', 'http://127.0.0.1:9/v1'], type: failover } }]
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
paths:
  /one:
    post:
      requestBody: { content: { application/json: { schema: { type: object, required: [id], maxProperties: 2 } } } }
      responses: { '200': { description: one } }
  # Its router keeps the body, to send it again.
  /again:
    x-wso2-production-endpoints: '#/x-wso2-endpoints/pair'
    post:
      requestBody: { content: { application/json: { schema: { type: object, required: [id], maxProperties: 2 } } } }
      responses: { '200': { description: one } }
"#;
const GATEWAY: &str = "
layout: LAYOUT
apis: [{ definition: api.yaml }]
identity:
  issuers:
    opaque:
      issuer: https://issuer.test
      introspection: { endpoint: SERVER/introspect, clientId: gateway, clientSecretEnv: GATEWAY_SECRET, cacheSeconds: 0 }
BEFORE
services: { 'SERVER': { timeoutMilliseconds: 3000 } }
";

/// Knows no token, and is asked first.
const BEFORE: &str = "
    ignorant:
      issuer: https://ignorant.test
      introspection: { endpoint: SERVER/ignorant, clientId: gateway, clientSecretEnv: GATEWAY_SECRET, cacheSeconds: 0 }
";

/// How long the server thinks, and how long the client waits where its next part is to come after the answer.
const THOUGHT: Duration = Duration::from_millis(300);
const AFTER: Duration = Duration::from_millis(700);

fn open(layout: &str, before: &str, upstream: &Upstream, server: &Upstream) -> (Gateway, tempfile::TempDir) {
    let settings =
        GATEWAY.replace("BEFORE", before).replace("LAYOUT", layout).replace("SERVER", &server.url());
    let definition = DEFINITION.replace("UPSTREAM", &upstream.url());
    let folder = gateway::folder(&[("api.yaml", &definition), ("gateway.yaml", &settings)]);
    let file = folder.path().join("gateway.yaml");
    let mut command = gateway::command();
    command.env("GATEWAY_SECRET", "secret");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
    (Gateway::start(command, &args), folder)
}

#[test]
fn a_body_that_comes_while_a_server_is_asked_is_seen_and_arrives_whole() {
    let upstream = Upstream::start();
    let server = Upstream::answering(|asked| {
        thread::sleep(THOUGHT);
        let is_known = asked.target == "/introspect";
        Some((200, String::new(), format!(r#"{{"active":{is_known},"client_id":"shop"}}"#)))
    });
    let bad = [r#"{"a":1,"#, r#""b":2,"c":"#, "3}"];
    let good = [r#"{"id":1,"#, r#""b":"#, "2}"];
    // Whether to wait for the server's answer before each part.
    let orders: [(&str, [bool; 3]); 5] = [
        ("all while it thinks", [false, false, false]),
        ("the last after its answer", [false, false, true]),
        ("but the first after its answer", [false, true, false]),
        ("each after a while", [false, true, true]),
        ("all after its answer", [true, false, false]),
    ];
    // What comes while the first of two is asked is known when the second has answered.
    for (layout, before) in [("chain", ""), ("pipeline", ""), ("chain", BEFORE), ("pipeline", BEFORE)] {
        let (gateway, _folder) = open(layout, before, &upstream, &server);
        for target in ["/v1/one", "/v1/again"] {
            for (name, waits) in orders.into_iter().take(if before.is_empty() { 5 } else { 2 }) {
                for (parts, wrong) in [(bad, true), (good, false)] {
                    let asks = if before.is_empty() { "one" } else { "two" };
                    let about = format!("{layout} {target}, {asks} asked, {name}: {parts:?}");
                    let before = gateway.log().len();
                    let status = send(&gateway, target, parts, waits);
                    assert_eq!(status, 200, "{about}");
                    let arrived = String::from_utf8(upstream.take_one().body).expect("text");
                    assert_eq!(arrived, parts.concat(), "{about}");
                    gateway.logged(|entry| gateway.log().len() > before && entry["status"] == 200);
                    let entry = gateway.log()[before].clone();
                    let expected = "request-invalid: body maxProperties; body required";
                    let observed = entry["observed"].as_str().unwrap_or("-");
                    assert_eq!(observed, if wrong { expected } else { "-" }, "{about}: {entry}");
                }
            }
        }
    }
}

fn send(gateway: &Gateway, target: &str, parts: [&str; 3], waits: [bool; 3]) -> u16 {
    let head = [
        ("Authorization", "Bearer good"),
        ("Content-Type", "application/json"),
        ("Transfer-Encoding", "chunked"),
    ];
    let mut connection = Connection::open(gateway.address());
    connection.send(&http1::message(&format!("POST {target}"), &head, b""));
    for (part, wait) in parts.into_iter().zip(waits) {
        thread::sleep(if wait { AFTER } else { Duration::from_millis(40) });
        connection.send(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes());
    }
    connection.send(b"0\r\n\r\n").reply().map_or(0, |reply| reply.status)
}
