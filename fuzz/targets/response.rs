//! Responses against one definition: judged within bounds, twice the same, and the client hears nothing of what was wrong.
//! Input: `STATUS`, then `name: value` lines, an empty line, and the body.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use portcullis_compiler::{Endpoint, Options, Plugin, compile};
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Body, Decision, Headers, Judgement, Policy, Request, Response, Watch};
use portcullis_schema::SchemaPolicy;

thread_local! {
    static POLICY: (SchemaPolicy, Watch) = policy();
}

fuzz_target!(|input: &[u8]| {
    let (head, body) = split(input, b"\n\n");
    let (status, fields) = split(head, b"\n");
    let mut pairs = vec![(b":status".to_vec(), status)];
    for field in fields.split(|byte| *byte == b'\n').filter(|field| !field.is_empty()).take(32) {
        let (name, value) = split(field, b": ");
        pairs.push((name.to_ascii_lowercase(), value));
    }
    let mut response = Response::new(Headers::from_pairs(pairs));
    POLICY.with(|(policy, watch)| {
        let mut judged = policy.on_response(watch, &response);
        if let Judgement::NeedBody { max, held } = judged {
            assert!(held && max > 0);
            response.set_body(Body::Whole(body.to_vec()));
            judged = policy.on_response(watch, &response);
            assert_eq!(judged, policy.on_response(watch, &response));
        }
        match judged {
            Judgement::Pass(found) => assert_eq!(found, None),
            Judgement::NeedBody { .. } => panic!("asked for the body twice"),
            Judgement::Refuse(rejection, found) => {
                assert_eq!((rejection.status, rejection.violations.len()), (502, 0));
                assert!(found.violations.len() <= 100);
            }
        }
    });
});

fn split<'i>(input: &'i [u8], at: &[u8]) -> (&'i [u8], &'i [u8]) {
    match input.windows(at.len()).position(|window| window == at) {
        Some(cut) => (&input[..cut], &input[cut + at.len()..]),
        None => (input, &[]),
    }
}

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: t, version: '1' }
security: []
x-portcullis: { validation: { responses: enforce } }
paths:
  /a:
    get:
      responses:
        '200':
          description: d
          headers: { X-N: { required: true, schema: { type: integer } }, Set-Cookie: { schema: { pattern: '^a=' } } }
          content:
            application/json: { schema: { type: object, properties: { a: { type: array, items: { type: number } } }, additionalProperties: false } }
            application/xml: { schema: { type: object, properties: { a: { type: integer } } } }
            text/plain: { schema: { type: string, maxLength: 9 } }
            text/event-stream: {}
        4XX: { description: d, content: { '*/*': {} } }
        default: { description: d }
"#;

fn policy() -> (SchemaPolicy, Watch) {
    let files = HashMap::from([("api.yaml".to_owned(), DEFINITION.as_bytes().to_vec())]);
    let options = Options { endpoint: Endpoint::parse("mock").ok(), ..Options::default() };
    let compiled = compile(&files, "api.yaml", options).compiled.expect("it compiles");
    let config = serde_json::from_str(&compiled.plugins[&Plugin::Schema]).unwrap();
    let policy = SchemaPolicy::compile(config).unwrap();
    let mut request = Request::new(Headers::from_pairs([(":method", "GET"), (":path", "/a")])).unwrap();
    request.set_body(Vec::new());
    let Decision::Continue(edits) = policy.on_request(&request, &FakeEnv::new()) else { panic!("refused") };
    let watch = edits.aside.and_then(|aside| aside.watch).expect("responses are watched");
    (policy, watch)
}
