//! An upstream that fails and is asked again: what is judged is the last response, and nothing of the first is left.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::{Answered, Upstream};

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Again, version: '1' }
servers: [{ url: 'http://nowhere.invalid/v1' }]
security: []
x-portcullis: { validation: { responses: enforce, maxResponseBytes: 100 } }
x-wso2-production-endpoints: { urls: ['FIRST', 'SECOND'], type: failover }
paths:
  /user:
    get:
      responses:
        '200': { description: one, content: { application/json: { schema: { type: object, required: [id] } } } }
        '503': { description: busy, content: { text/plain: { schema: { type: string, maxLength: 3 } } } }
"#;

/// The gateway's routes send again only what was not sent; those of somebody's own Envoy may do more.
const AGAIN: &str = "#!/bin/sh
sed -i 's/connect-failure,refused-stream/connect-failure,refused-stream,5xx/' envoy.json
grep -q 'refused-stream,5xx' envoy.json || exit 1
exec ENVOY \"$@\"
";

const JSON: &str = "content-type: application/json\r\n";

fn json(body: &str) -> Answered {
    Some((200, JSON.to_owned(), body.to_owned()))
}

#[test]
fn the_last_response_is_judged_and_nothing_is_left_of_the_first() {
    let long = "x".repeat(90);
    let bad = Some((503, format!("{JSON}x-first: leaked\r\n"), format!("leaked {long}")));
    let fits = format!(r#"{{"id":"{long}"}}"#);
    let over = format!(r#"{{"id":"{long}{long}"}}"#);
    let cases: [(&str, Answered, Answered, u16, &str); 5] = [
        ("a good one after a bad one", bad.clone(), json(r#"{"id":1}"#), 200, "-"),
        ("one that just fits after one of 97 bytes", bad.clone(), json(&fits), 200, "-"),
        ("one too long", bad.clone(), json(&over), 502, "response-too-large"),
        ("a bad one", bad.clone(), json("{}"), 502, "response-invalid: body required"),
        ("a bad one after one that broke off", None, json("{}"), 502, "response-invalid: body required"),
    ];
    let turn = Arc::new(AtomicUsize::new(0));
    let (first, second) = (Arc::clone(&turn), Arc::clone(&turn));
    let answers: Arc<Vec<(Answered, Answered)>> =
        Arc::new(cases.iter().map(|(_, first, second, ..)| (first.clone(), second.clone())).collect());
    let (firsts, seconds) = (Arc::clone(&answers), answers);
    let first = Upstream::answering(move |_| firsts[first.load(Ordering::SeqCst)].0.clone());
    let second = Upstream::answering(move |_| seconds[second.load(Ordering::SeqCst)].1.clone());
    for layout in ["chain", "pipeline"] {
        let definition = DEFINITION.replace("FIRST", &first.url()).replace("SECOND", &second.url());
        let settings = format!("layout: {layout}\napis: [{{ definition: api.yaml }}]\n");
        let script = AGAIN.replace("ENVOY", &gateway::envoy().display().to_string());
        let folder =
            gateway::folder(&[("api.yaml", &definition), ("gateway.yaml", &settings), ("envoy", &script)]);
        let (file, envoy) = (folder.path().join("gateway.yaml"), folder.path().join("envoy"));
        std::fs::set_permissions(&envoy, PermissionsExt::from_mode(0o755)).expect("a script");
        let mut command = gateway::command();
        command.env("PORTCULLIS_ENVOY", envoy);
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        let gateway = Gateway::start(command, &args);
        for (at, (name, _, _, status, observed)) in cases.iter().enumerate() {
            turn.store(at, Ordering::SeqCst);
            let before = gateway.log().len();
            let reply = http1::request(gateway.address(), "GET /v1/user", &[], b"");
            assert_eq!(reply.status, *status, "{layout}, {name}: {reply:?}");
            assert!(reply.header("x-first").is_none(), "{layout}, {name}: {reply:?}");
            assert!(!String::from_utf8_lossy(&reply.body).contains("leaked"), "{layout}, {name}: {reply:?}");
            assert_eq!(
                (first.take().len(), second.take().len()),
                (1, 1),
                "{layout}, {name}: both were asked"
            );
            gateway.logged(|_| gateway.log().len() > before);
            let entry = gateway.log()[before].clone();
            assert_eq!(entry["observed"].as_str().unwrap_or("-"), *observed, "{layout}, {name}: {entry}");
        }
    }
}
