//! What is known of a request only when it has ended: its bytes, and that it is on its way no more.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Connection};
use portcullis_suite::upstream::{Answered, Upstream};

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Ends, version: 1.0.0 }
paths:
  /bytes: { get: { x-portcullis: { limits: [megabyte] }, responses: { '200': { description: Fine } } } }
  /slow: { get: { x-portcullis: { limits: [three] }, responses: { '200': { description: Fine } } } }
  /broken: { get: { x-portcullis: { limits: [three] }, responses: { '200': { description: Fine } } } }
"#;

const AT_A_TIME: usize = 3;

/// Answers `/slow` when it is told to, and says when one has come.
struct Gate {
    came: Receiver<()>,
    open: Sender<()>,
    upstream: Upstream,
}

fn gate() -> Gate {
    let (come, came) = channel();
    let (open, opened) = channel::<()>();
    let (come, opened) = (Mutex::new(come), Arc::new(Mutex::new(opened)));
    let upstream = Upstream::answering(move |request| -> Answered {
        if request.target == "/broken" {
            return None;
        }
        if request.target == "/slow" {
            come.lock().expect("no upstream panics").send(()).ok();
            opened.lock().expect("no upstream panics").recv().ok();
        }
        let length = if request.target == "/bytes" { 400_000 } else { 0 };
        Some((200, String::new(), "x".repeat(length)))
    });
    Gate { came, open, upstream }
}

/// Tries until the gateway answers like this: what it gives back at the end of a stream comes just after the client's last byte.
fn soon(what: &str, mut found: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(5);
    while !found() {
        assert!(Instant::now() < patience, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn bytes_are_charged_and_places_given_back_over_two_workers_however_requests_end() {
    for layout in ["chain", "pipeline"] {
        let gate = gate();
        let settings = format!(
            "apis: [{{ definition: api.yaml, endpoint: '{}' }}]\n\
             layout: {layout}\n\
             limits:\n\
             \x20 megabyte: {{ bytes: 1 MB, per: 10 years, algorithm: window, by: all }}\n\
             \x20 three: {{ concurrent: {AT_A_TIME}, by: all }}\n",
            gate.upstream.url()
        );
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let gateway =
            Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "2"]);
        let address = gateway.address();
        let get = |path: &str| http1::request(address, &format!("GET {path}"), &[], b"");

        // Three of 400,000 bytes: the third is admitted, since something is left, and brings it over.
        for passed in 1..=3 {
            let reply = get("/bytes");
            assert_eq!(
                (reply.status, reply.body.len()),
                (200, 400_000),
                "{layout} {passed}: {}",
                gateway.words()
            );
            gateway
                .logged(|_| gateway.log().iter().filter(|entry| entry["path"] == "/bytes").count() == passed);
        }
        soon("the bytes are charged", || get("/bytes").status == 429);
        let refused = get("/bytes");
        assert_eq!(refused.code(), "limit-exceeded");
        let policy = refused.header("ratelimit-policy").expect("the policy").to_owned();
        assert!(policy.starts_with("\"megabyte\";q=1000000;qu=\"bytes\""), "{policy}");

        // So many at a time, over both workers, and no more until one has ended.
        let clients: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                let client = thread::spawn(move || http1::request(address, "GET /slow", &[], b"").status);
                gate.came.recv_timeout(Duration::from_secs(10)).expect("it reaches the upstream");
                client
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(get("/slow").status, 429, "{layout}");
        }
        (0..AT_A_TIME).for_each(|_| gate.open.send(()).expect("the upstream waits"));
        for client in clients {
            assert_eq!(client.join().expect("no client panics"), 200);
        }

        // Clients that go away, and upstreams that break off, give their places back.
        for _ in 0..2 * AT_A_TIME {
            let mut client = Connection::open(address);
            soon("a place is free", || {
                client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
                gate.came.recv_timeout(Duration::from_millis(300)).is_ok()
            });
            drop(client);
            gate.open.send(()).expect("the upstream waits");
        }
        for _ in 0..2 * AT_A_TIME {
            soon("a place is free", || get("/broken").status == 503);
        }
        let clients: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                let client = thread::spawn(move || {
                    loop {
                        match http1::request(address, "GET /slow", &[], b"").status {
                            429 => thread::sleep(Duration::from_millis(20)),
                            status => return status,
                        }
                    }
                });
                gate.came.recv_timeout(Duration::from_secs(10)).expect("it reaches the upstream");
                client
            })
            .collect();
        assert_eq!(get("/slow").status, 429);
        (0..AT_A_TIME).for_each(|_| gate.open.send(()).expect("the upstream waits"));
        for client in clients {
            assert_eq!(client.join().expect("no client panics"), 200);
        }
    }
}
