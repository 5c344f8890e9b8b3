use portcullis_config::schema::SchemaConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Body, Decision, Headers, Judgement, Policy, Request, Response, Watch};

use crate::SchemaPolicy;

fn policy(mode: &str) -> SchemaPolicy {
    let config = format!(
        r##"{{"max_violations": 5,
        "documents": {{"pets": {{"dialect": "draft-4", "definitions": {{
            "pet": {{"type": "object", "required": ["name"], "properties": {{"name": {{"type": "string"}}}}}}}}}}}},
        "apis": [{{"name": "pets", "operations": [{{"key": "get", "method": "GET", "path": "/pet", "rule": {{
            "document": "pets", "responses": {{"mode": "{mode}", "max_bytes": 20, "by_status": {{
                "200": {{"content": [
                    {{"range": "application/json", "format": "json", "schema": {{"$ref": "#/$defs/pet"}}}},
                    {{"range": "text/event-stream", "format": "text", "schema": {{"type": "string"}}}},
                    {{"range": "image/png", "format": "bytes"}}],
                  "headers": [
                    {{"name": "x-left", "in": "header", "required": true, "schema": {{"type": "integer"}},
                      "encoding": {{"style": {{"style": "simple", "explode": false, "shape": {{"types": ["integer"]}}}}}}}},
                    {{"name": "set-cookie", "in": "header", "schema": {{"pattern": "^a="}},
                      "encoding": {{"style": {{"style": "simple", "explode": false, "shape": {{}}}}}}}}]}},
                "204": {{}}, "4XX": {{}}, "404": {{"content": [{{"range": "*/*", "format": "json"}}]}}}}}}}}}}]}}]}}"##
    );
    let config: SchemaConfig = serde_json::from_str(&config).unwrap();
    SchemaPolicy::compile(config).unwrap()
}

fn watch(policy: &SchemaPolicy, method: &str) -> Watch {
    let head = [(":method", method), (":path", "/pet"), ("accept-encoding", "gzip"), ("range", "bytes=0-1")];
    let mut request = Request::new(Headers::from_pairs(head)).unwrap();
    request.set_body(Vec::new());
    let Decision::Continue(edits) = policy.on_request(&request, &FakeEnv::new()) else { panic!("refused") };
    edits.aside.unwrap().watch.unwrap()
}

/// What comes of a response: `pass`, or code, location and keyword.
fn judged(policy: &SchemaPolicy, watch: &Watch, head: &[(&str, &str)], body: Option<&str>) -> String {
    let mut response = Response::new(Headers::from_pairs(head.iter().copied()));
    if let Some(body) = body {
        response.set_body(Body::Whole(body.as_bytes().to_vec()));
    }
    match policy.on_response(watch, &response) {
        Judgement::Pass(None) => "pass".to_owned(),
        Judgement::Pass(Some(found)) => format!("pass, {found}"),
        Judgement::NeedBody { max, held } => format!("{max} {held}"),
        Judgement::Refuse(rejection, found) => {
            assert!(rejection.violations.is_empty(), "the client hears nothing of the response");
            format!("{} {found}", rejection.status)
        }
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const LEFT: (&str, &str) = ("x-left", "3");
const OK: (&str, &str) = (":status", "200");

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn responses_are_judged_by_status_headers_and_body() {
    type Case<'c> = (&'c [(&'c str, &'c str)], Option<&'c str>, &'c str);
    let cases: [Case<'_>; 23] = [
        (&[OK, LEFT, JSON], None, "20 true"),
        (&[OK, LEFT, JSON, ("content-length", "20")], None, "20 true"),
        (&[OK, LEFT, JSON, ("content-length", "21")], None, "502 response-too-large"),
        (&[OK, LEFT, JSON], Some(r#"{"name":"Bella"}"#), "pass"),
        (&[OK, LEFT, JSON], Some(r#"{"name":7}"#), "502 response-invalid: body type /name"),
        (&[OK, LEFT, JSON], Some("{"), "502 response-invalid: body syntax"),
        (&[OK, LEFT, JSON], Some(""), "502 response-invalid: body required"),
        (&[OK, LEFT], None, "502 response-invalid: body contentType"),
        (&[OK, LEFT, ("content-type", "text/html")], None, "502 response-invalid: body contentType"),
        (&[OK, LEFT, JSON, JSON], None, "502 response-invalid: body contentType"),
        (
            &[OK, LEFT, ("content-type", "application/json;charset=latin1")],
            None,
            "502 response-invalid: body charset",
        ),
        (&[OK, LEFT, JSON, ("content-encoding", "br")], None, "502 response-invalid: body contentEncoding"),
        (&[OK, LEFT, ("content-type", "text/event-stream")], None, "pass"),
        (&[OK, LEFT, ("content-type", "image/png")], None, "pass"),
        (&[OK, JSON], None, "502 response-invalid: header required x-left"),
        (&[OK, JSON, ("x-left", "many")], None, "502 response-invalid: header type x-left"),
        (&[OK, LEFT, JSON, ("set-cookie", "a=1"), ("set-cookie", "a=2")], None, "20 true"),
        (
            &[OK, LEFT, JSON, ("set-cookie", "a=1"), ("set-cookie", "b=2")],
            None,
            "502 response-invalid: header pattern set-cookie",
        ),
        (&[(":status", "204")], None, "pass"),
        (&[(":status", "304")], None, "pass"),
        (&[(":status", "101")], None, "pass"),
        (&[(":status", "403"), ("content-type", "text/html")], None, "pass"),
        (&[(":status", "500")], None, "502 response-invalid: status undeclared 500"),
    ];
    let policy = policy("enforce");
    let watch = watch(&policy, "GET");
    for (head, body, expected) in cases {
        assert_eq!(judged(&policy, &watch, head, body), expected, "{head:?} {body:?}");
    }
    assert_eq!(judged(&policy, &watch, &[(":status", "404"), ("content-type", "a/b")], None), "20 true");
    let mut long = Response::new(Headers::from_pairs([OK, LEFT, JSON]));
    long.set_body(Body::TooLong);
    assert!(matches!(policy.on_response(&watch, &long), Judgement::Refuse(told, _) if told.status == 502));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_observed_is_neither_held_nor_refused() {
    let policy = policy("observe");
    let watch = watch(&policy, "GET");
    assert_eq!(judged(&policy, &watch, &[OK, LEFT, JSON], None), "20 false");
    let seen = judged(&policy, &watch, &[OK, LEFT, JSON], Some(r#"{"name":7}"#));
    assert_eq!(seen, "pass, response-invalid: body type /name");
    let seen = judged(&policy, &watch, &[OK, LEFT, JSON, ("content-length", "21")], None);
    assert_eq!(seen, "pass, response-too-large");
    let seen = judged(&policy, &watch, &[(":status", "500")], None);
    assert_eq!(seen, "pass, response-invalid: status undeclared 500");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_held_must_come_whole_and_readable() {
    for (mode, taken, removed, set) in [
        ("enforce", "br", vec!["range", "accept-encoding"], None),
        ("enforce", "br, gzip", vec!["range"], Some("gzip")),
        ("observe", "br", vec![], None),
    ] {
        let policy = policy(mode);
        let head =
            [(":method", "GET"), (":path", "/pet"), ("accept-encoding", taken), ("range", "bytes=0-1")];
        let mut request = Request::new(Headers::from_pairs(head)).unwrap();
        request.set_body(Vec::new());
        let Decision::Continue(edits) = policy.on_request(&request, &FakeEnv::new()) else {
            panic!("refused")
        };
        assert_eq!(edits.remove, removed, "{mode} {taken}");
        assert_eq!(edits.set.first().map(|(_, value)| value.as_str()), set, "{mode} {taken}");
    }
}
