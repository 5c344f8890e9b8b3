//! What is wrong with messages, in Envoy's statistics: by operation and keyword, refused or let pass.

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

use crate::metrics::{admin, wait_for};

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Counted, version: '1' }
servers: [{ url: 'UPSTREAM/v1' }]
security: []
x-portcullis: { maxBodyBytes: 100 }
components:
  parameters:
    Number: { name: n, in: query, schema: { type: integer, maximum: 10 } }
  requestBodies:
    Item: { content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } }
  responses:
    Wrong: { description: one, content: { application/json: { schema: { type: object, properties: { method: { type: integer }, target: { maxLength: 2 } } } } } }
paths:
  /strict:
    post:
      parameters: [{ $ref: '#/components/parameters/Number' }]
      requestBody: { $ref: '#/components/requestBodies/Item' }
      responses: { '200': { description: one } }
  /seen.request.{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    post:
      x-portcullis: { validation: { parameters: observe, body: observe, responses: observe } }
      parameters: [{ $ref: '#/components/parameters/Number' }]
      requestBody: { $ref: '#/components/requestBodies/Item' }
      responses: { '200': { $ref: '#/components/responses/Wrong' } }
  /answers:
    get:
      x-portcullis: { validation: { responses: enforce } }
      responses: { '200': { $ref: '#/components/responses/Wrong' } }
"#;

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn what_is_wrong_with_messages_is_counted_by_operation_and_keyword() {
    for layout in ["chain", "pipeline"] {
        let upstream = Upstream::start();
        let folder = gateway::folder(&[
            ("api.yaml", &DEFINITION.replace("UPSTREAM", &upstream.url())),
            ("gateway.yaml", &format!("layout: {layout}\napis: [{{ definition: api.yaml }}]\n")),
        ]);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "2"];
        let gateway = Gateway::start(gateway::command(), &args);
        assert_eq!(counted(gateway.envoy_pid()), [""; 0], "before anything is wrong there is nothing");
        send(&gateway);
        told(gateway.envoy_pid());
        assert_eq!(counted(gateway.envoy_pid()).len(), 16, "{:#?}", counted(gateway.envoy_pid()));
    }
}

fn send(gateway: &Gateway) {
    let ask = |line: &str, headers: &[(&str, &str)], body: &str| {
        http1::request(gateway.address(), line, headers, body.as_bytes()).status
    };
    for _ in 0..3 {
        assert_eq!(ask("POST /v1/strict?n=1", &[JSON], r#"{"id":1}"#), 200);
        assert_eq!(ask("POST /v1/strict?n=11", &[JSON], r#"{"id":1}"#), 400);
        assert_eq!(ask("POST /v1/strict?n=secret", &[JSON], r#"{"id":1}"#), 400);
    }
    assert_eq!(ask("POST /v1/strict", &[JSON], r#"{"id":"secret"}"#), 400);
    assert_eq!(ask("POST /v1/strict", &[JSON], "{}"), 400);
    assert_eq!(ask("POST /v1/strict", &[("Content-Type", "text/plain")], "x"), 415);
    assert_eq!(ask("POST /v1/strict", &[JSON], &format!("[{}]", " ".repeat(200))), 413);
    let chunked = [JSON, ("Transfer-Encoding", "chunked")];
    let long = format!("c8\r\n{}\r\n0\r\n\r\n", " ".repeat(200));
    let mut request = http1::message("POST /v1/strict", &chunked, b"");
    request.extend(long.as_bytes());
    assert_eq!(http1::exchange(gateway.address(), &request).status, 413);

    // Parameters and body of one request, and its response.
    assert_eq!(ask("POST /v1/seen.request.secret?n=11", &[JSON], r#"{"id":"secret"}"#), 200);
    assert_eq!(ask("POST /v1/seen.request.7", &[("Content-Type", "text/plain")], "x"), 200);
    assert_eq!(ask("GET /v1/answers", &[], ""), 502);
    assert_eq!(ask("GET /v1/none", &[], ""), 404);
}

fn told(pid: u32) {
    let seen = "api POST /seen.request.{id}.request";
    let lines = [
        "invalid.api POST /strict.request.refused: 11".to_owned(),
        "violation.api POST /strict.request.maximum.refused: 3".to_owned(),
        "violation.api POST /strict.request.type.refused: 4".to_owned(),
        "violation.api POST /strict.request.required.refused: 1".to_owned(),
        "violation.api POST /strict.request.media-type-undeclared.refused: 1".to_owned(),
        "violation.api POST /strict.request.body-too-large.refused: 2".to_owned(),
        format!("invalid.{seen}.observed: 2"),
        format!("violation.{seen}.maximum.observed: 1"),
        format!("violation.{seen}.type.observed: 1"),
        format!("violation.{seen}.media-type-undeclared.observed: 1"),
        "invalid.api POST /seen.request.{id}.response.observed: 2".to_owned(),
        "violation.api POST /seen.request.{id}.response.type.observed: 2".to_owned(),
        "violation.api POST /seen.request.{id}.response.maxLength.observed: 2".to_owned(),
        "invalid.api GET /answers.response.refused: 1".to_owned(),
        "violation.api GET /answers.response.type.refused: 1".to_owned(),
        "violation.api GET /answers.response.maxLength.refused: 1".to_owned(),
    ];
    let lines: Vec<String> = lines.iter().map(|line| format!("wasmcustom.portcullis.{line}")).collect();
    wait_for(pid, "/stats?filter=portcullis", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let strict = r#"portcullis_operation="api POST /strict",portcullis_message="request""#;
    let seen = r#"portcullis_operation="api POST /seen.request.{id}",portcullis_message="request""#;
    let labelled = [
        format!("portcullis_invalid_refused{{{strict}}} 11"),
        format!(r#"portcullis_violation_refused{{{strict},portcullis_keyword="maximum"}} 3"#),
        format!("portcullis_invalid_observed{{{seen}}} 2"),
        format!(r#"portcullis_violation_observed{{{seen},portcullis_keyword="media-type-undeclared"}} 1"#),
    ];
    wait_for(pid, "/stats/prometheus", &labelled.iter().map(String::as_str).collect::<Vec<_>>());
}

/// All that is counted so, and nothing of it a client's.
fn counted(pid: u32) -> Vec<String> {
    let stats = admin(pid, "/stats?filter=portcullis");
    assert!(!stats.contains("secret"), "{stats}");
    let own = |line: &&str| line.contains(".invalid.") || line.contains(".violation.");
    stats.lines().filter(own).map(str::to_owned).collect()
}
