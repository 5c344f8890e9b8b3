//! Messages that take more work than they may, in Envoy: they are refused, and the worker goes on at once.

use std::fmt::Write;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

use crate::metrics::admin;

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Doubling, version: '1' }
servers: [{ url: 'UPSTREAM' }]
security: []
x-portcullis: { maxBodyBytes: 1000 }
paths:
  /request: { post: { requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } }, responses: { '200': { description: one } } } }
  /parameter: { get: { parameters: [{ name: n, in: query, schema: { $ref: '#/components/schemas/S0' } }], responses: { '200': { description: one } } } }
  /response:
    get:
      x-portcullis: { validation: { responses: enforce } }
      responses: { '200': { description: one, content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } } }
  /observed:
    post:
      x-portcullis: { validation: { body: observe, responses: observe } }
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } }
      responses: { '200': { description: one, content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } } }
  /simple: { post: { requestBody: { content: { application/json: { schema: { type: integer } } } }, responses: { '200': { description: one } } } }
components:
  schemas:
"#;
/// Each schema is two of the next.
const SCHEMAS: usize = 40;
/// Twice as long as the guard lets a message take on a slow machine, and far from never.
const PATIENCE: Duration = Duration::from_secs(10);

fn definition(upstream: &Upstream) -> String {
    let mut text = DEFINITION.replace("UPSTREAM", &upstream.url());
    for at in 0..SCHEMAS {
        let next = format!("{{ $ref: '#/components/schemas/S{}' }}", at + 1);
        writeln!(text, "    S{at}: {{ allOf: [{next}, {next}] }}").expect("a string takes all");
    }
    text + &format!("    S{SCHEMAS}: {{ type: integer }}\n")
}

#[test]
fn what_takes_too_much_work_is_refused_and_the_worker_lives() {
    let upstream =
        Upstream::answering(|_| Some((200, "content-type: application/json\r\n".into(), "7".into())));
    for layout in ["chain", "pipeline"] {
        let settings = format!("layout: {layout}\napis: [{{ definition: api.yaml }}]\n");
        let folder = gateway::folder(&[("api.yaml", &definition(&upstream)), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        let gateway = Gateway::start(gateway::command(), &args);
        let call = |line: &str, body: &str| {
            let headers = [("Content-Type", "application/json")];
            http1::request(
                gateway.address(),
                line,
                &headers[..usize::from(!body.is_empty())],
                body.as_bytes(),
            )
        };
        let long = format!("[{}]", " ".repeat(2000));
        let cases = [
            ("POST /request", "7", 422, "request-too-complex"),
            ("GET /parameter?n=7", "", 422, "request-too-complex"),
            ("GET /response", "", 502, "response-too-complex"),
            ("POST /request", &long, 413, "body-too-large"),
            ("POST /observed", "7", 200, ""),
        ];
        for (line, body, status, code) in cases {
            let began = Instant::now();
            let reply = call(line, body);
            let took = began.elapsed();
            assert_eq!((reply.status, reply.code().as_str()), (status, code), "{layout} {line}: {reply:?}");
            assert!(took < PATIENCE, "{layout} {line} took {took:?}");
            let began = Instant::now();
            assert_eq!(call("POST /simple", "7").status, 200, "{layout}, after {line}");
            let took = began.elapsed();
            assert!(took < Duration::from_secs(1), "{layout}, after {line}: {took:?}");
        }
        let expected = "request-too-complex | response-too-complex";
        gateway.logged(|entry| entry["observed"] == expected);
        let reloads = admin(gateway.envoy_pid(), "/stats?filter=vm_reload");
        let trapped = reloads.lines().find(|line| line.contains("vm_reload") && !line.ends_with(": 0"));
        assert_eq!(trapped, None, "{layout}: no VM has trapped");
    }
}
