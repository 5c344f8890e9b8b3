//! What upstreams answer, judged in Envoy: nothing of a bad response reaches a client, and no stream is held.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use http::Request;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Connection, Reply};
use serde_json::Value;

use crate::http2::{self, Body};

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Users, version: '1' }
servers: [{ url: 'UPSTREAM/v1' }]
security: []
x-portcullis:
  validation: { responses: enforce, maxResponseBytes: 2000000 }
  limits: [many]
components:
  responses:
    User: { description: one, content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } }
paths:
  /user:
    get: { responses: { '200': { $ref: '#/components/responses/User' }, '204': { description: none } } }
    head: { responses: { '200': { $ref: '#/components/responses/User' } } }
  /seen:
    get:
      x-portcullis: { validation: { responses: observe } }
      responses: { '200': { $ref: '#/components/responses/User' } }
    post:
      x-portcullis: { validation: { responses: 'off', body: observe } }
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [id] } } } }
      responses: { '200': { description: one } }
  /events: { get: { responses: { '200': { description: all, content: { text/event-stream: { schema: { type: object } } } } } } }
"#;

const GATEWAY: &str = "
layout: LAYOUT
limits: { many: { requests: 1000, per: minute } }
apis: [{ definition: api.yaml }]
";

/// A server that sends, on each connection, what it is told to.
struct Raw {
    address: SocketAddr,
    parts: Sender<Vec<Vec<u8>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

/// Between the parts of what is sent.
const PAUSE: Duration = Duration::from_millis(60);

impl Raw {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (parts, wanted) = channel();
        let sent: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(stream, &wanted, &seen);
            }
        });
        Self { address, parts, sent }
    }

    fn next(&self, parts: &[&[u8]]) {
        self.parts.send(parts.iter().map(|part| part.to_vec()).collect()).expect("it runs");
    }

    /// The head of the last request.
    fn request(&self) -> String {
        self.sent.lock().expect("no panic").last().cloned().unwrap_or_default()
    }
}

/// One request on each connection.
fn serve(mut stream: TcpStream, wanted: &Receiver<Vec<Vec<u8>>>, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    let is_whole = |head: &[u8]| {
        let text = String::from_utf8_lossy(head).into_owned();
        let chunked = text.contains("chunked");
        text.contains("\r\n\r\n") && (!chunked || text.ends_with("0\r\n\r\n"))
    };
    while !is_whole(&head) {
        match stream.read(&mut part) {
            Ok(read) if read > 0 => head.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    seen.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
    let parts = wanted.recv().expect("something to send");
    for part in parts {
        if stream.write_all(&part).is_err() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

struct Setting {
    gateway: Gateway,
    upstream: Raw,
    _folder: tempfile::TempDir,
}

impl Setting {
    fn open(layout: &str) -> Self {
        let upstream = Raw::start();
        let definition = DEFINITION.replace("UPSTREAM", &format!("http://{}", upstream.address));
        let folder = gateway::folder(&[
            ("api.yaml", &definition),
            ("gateway.yaml", &GATEWAY.replace("LAYOUT", layout)),
        ]);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        Self { gateway: Gateway::start(gateway::command(), &args), upstream, _folder: folder }
    }

    fn get(&self, target: &str, parts: &[&[u8]]) -> Reply {
        self.upstream.next(parts);
        http1::request(self.gateway.address(), &format!("GET {target}"), &[("Accept-Encoding", "br")], b"")
    }

    /// What the access log says of the last request.
    fn logged(&self, before: usize) -> Value {
        let patience = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(entry) = self.gateway.log().get(before) {
                return entry.clone();
            }
            assert!(Instant::now() < patience, "nothing is logged");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-trace: leaked\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";

fn sized(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

#[test]
fn no_bad_response_reaches_a_client() {
    for layout in ["chain", "pipeline"] {
        let setting = Setting::open(layout);
        enforced(&setting);
        large(&setting);
        broken_off(&setting);
        streams(&setting);
        observed(&setting);
        own_answers(&setting);
        over_http2(&setting);
    }
}

fn enforced(setting: &Setting) {
    let json = "200 OK\r\ncontent-type: application/json\r\nx-trace: leaked";
    let cases: [(&str, Vec<Vec<u8>>, u16, &str); 8] = [
        ("valid", vec![sized(json, r#"{"id": 7}"#)], 200, "-"),
        ("invalid", vec![sized(json, r#"{"id": "leaked"}"#)], 502, "response-invalid: body type /id"),
        (
            "invalid by its last chunk",
            vec![CHUNKED.to_vec(), b"6\r\n{\"id\":\r\n".to_vec(), b"9\r\n\"leaked\"}\r\n0\r\n\r\n".to_vec()],
            502,
            "response-invalid: body type /id",
        ),
        (
            "valid in chunks",
            vec![CHUNKED.to_vec(), b"6\r\n{\"id\":\r\n".to_vec(), b"2\r\n7}\r\n0\r\n\r\n".to_vec()],
            200,
            "-",
        ),
        (
            "another type",
            vec![sized("200 OK\r\ncontent-type: text/html", "leaked")],
            502,
            "response-invalid: body contentType",
        ),
        ("another status", vec![sized("500 Oops", "leaked")], 502, "response-invalid: status undeclared 500"),
        ("nothing", vec![sized(json, "")], 502, "response-invalid: body required"),
        ("no content", vec![b"HTTP/1.1 204 None\r\nconnection: close\r\n\r\n".to_vec()], 204, "-"),
    ];
    for (name, parts, status, observed) in cases {
        let before = setting.gateway.log().len();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let reply = setting.get("/v1/user", &parts);
        let text = format!("{reply:?}");
        assert_eq!(reply.status, status, "{name}: {text}");
        if status == 502 {
            assert!(!String::from_utf8_lossy(&reply.body).contains("leaked"), "{name}: {text}");
            assert!(reply.header("x-trace").is_none(), "{name}: {text}");
            assert_eq!(reply.code(), "response-invalid", "{name}");
        }
        let entry = setting.logged(before);
        assert_eq!(entry["observed"].as_str().unwrap_or("-"), observed, "{name}: {entry}");
        assert_eq!(entry["status"], status, "{name}: {entry}");
        assert!(!setting.upstream.request().contains("accept-encoding"), "{}", setting.upstream.request());
    }
    // HEAD: the head may tell of a body that does not come.
    setting.upstream.next(&[b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\nconnection: close\r\n\r\n"]);
    let mut connection = Connection::open(setting.gateway.address());
    connection.send(&http1::message("HEAD /v1/user", &[], b""));
    assert_eq!(connection.head().map(|reply| reply.status), Some(200));
}

fn large(setting: &Setting) {
    let head = "200 OK\r\ncontent-type: application/json";
    let fits = format!("{{\"id\": 7, \"fill\": \"{}\"}}", "a".repeat(1_900_000));
    let reply = setting.get("/v1/user", &[&sized(head, &fits)]);
    assert_eq!((reply.status, reply.body.len()), (200, fits.len()));
    let over = format!("{{\"id\": 7, \"fill\": \"{}\"}}", "a".repeat(2_000_000));
    let reply = setting.get("/v1/user", &[&sized(head, &over)]);
    assert_eq!((reply.status, reply.code().as_str()), (502, "response-too-large"));
    let mut chunk = format!("{:x}\r\n", over.len()).into_bytes();
    chunk.extend(over.as_bytes());
    chunk.extend(b"\r\n0\r\n\r\n");
    let reply = setting.get("/v1/user", &[CHUNKED, &chunk]);
    assert_eq!((reply.status, reply.code().as_str()), (502, "response-too-large"));
}

/// The upstream dies in the middle: nothing of what came goes on as if it were whole.
fn broken_off(setting: &Setting) {
    let reply = setting.get("/v1/user", &[CHUNKED, b"6\r\n{\"id\":\r\n"]);
    assert!(reply.status == 0 || reply.status >= 500, "{reply:?}");
    assert!(!String::from_utf8_lossy(&reply.body).contains("id\":"), "{reply:?}");
}

/// The first event is with the client while the upstream has not sent the second.
fn streams(setting: &Setting) {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let pause: &[u8] = b"";
    let parts: Vec<&[u8]> = [&head[..], b"9\r\ndata: 1\n\n\r\n"].into_iter().chain([pause; 20]).collect();
    setting.upstream.next(&parts);
    let mut connection = Connection::open(setting.gateway.address());
    let began = Instant::now();
    connection.send(&http1::message("GET /v1/events", &[], b""));
    assert_eq!(connection.head().map(|reply| reply.status), Some(200));
    assert!(began.elapsed() < PAUSE * 15, "the stream was held for {:?}", began.elapsed());
    drop(connection);
    thread::sleep(PAUSE * 22);
}

fn observed(setting: &Setting) {
    let before = setting.gateway.log().len();
    let pause: &[u8] = b"";
    let parts: Vec<&[u8]> = [CHUNKED, b"10\r\n{\"id\": \"seven\"} \r\n"]
        .into_iter()
        .chain([pause; 20])
        .chain([&b"0\r\n\r\n"[..]])
        .collect();
    setting.upstream.next(&parts);
    let mut connection = Connection::open(setting.gateway.address());
    let began = Instant::now();
    connection.send(&http1::message("GET /v1/seen", &[("Accept-Encoding", "br")], b""));
    assert_eq!(connection.head().map(|reply| reply.status), Some(200));
    assert!(began.elapsed() < PAUSE * 15, "what is observed was held for {:?}", began.elapsed());
    assert!(setting.upstream.request().contains("accept-encoding: br"), "what is observed is not changed");
    let entry = setting.logged(before);
    assert_eq!(entry["observed"], "response-invalid: body type /id", "{entry}");
    assert_eq!(entry["operation"], "api GET /seen", "{entry}");

    let before = setting.gateway.log().len();
    setting.upstream.next(&[&sized("200 OK", "done")]);
    let chunked = [("Transfer-Encoding", "chunked"), ("Content-Type", "application/json")];
    let mut request = http1::message("POST /v1/seen", &chunked, b"");
    request.extend(b"3\r\n{ }\r\n0\r\n\r\n");
    let reply = http1::exchange(setting.gateway.address(), &request);
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"done"[..]));
    let entry = setting.logged(before);
    assert_eq!(entry["observed"], "request-invalid: body required", "{entry}");
}

/// What the gateway says itself is not for the document to describe.
fn own_answers(setting: &Setting) {
    let call = |line: &str| http1::request(setting.gateway.address(), line, &[], b"");
    assert_eq!(call("GET /v1/none").status, 404);
    assert_eq!(call("DELETE /v1/user").status, 405);
    // The upstream closes without an answer: Envoy answers 503.
    let reply = setting.get("/v1/user", &[]);
    assert_eq!((reply.status, reply.code().as_str()), (503, "upstream-unavailable"));
}

fn over_http2(setting: &Setting) {
    let head = "200 OK\r\ncontent-type: application/json";
    for (body, status) in [(r#"{"id": 7}"#, 200), (r#"{"id": "seven"}"#, 502)] {
        setting.upstream.next(&[&sized(head, body)]);
        let request = Request::get(format!("http://{}/v1/user", setting.gateway.address()));
        let request = request.body(()).expect("a request");
        let reply =
            http2::exchange(setting.gateway.address(), request, &Body { parts: &[b""], trailers: false });
        assert_eq!(reply.status, status);
        assert_eq!(reply.body == body.as_bytes(), status == 200);
    }
}
