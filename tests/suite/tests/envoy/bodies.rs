//! Bodies that an operation judges: whatever way they come, the upstream sees a valid one whole or none at all.

use std::thread;
use std::time::Duration;

use http::Request;
use portcullis_suite::http1::{Connection, Reply, exchange, message};

use crate::http2::{self, Body};
use crate::shop::{Check, KEY, Shop};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const VALID: &[u8] = br#"{"name":"a pen"}"#;
const INVALID: &[u8] = br#"{"name":7}"#;
const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

const CHECKS: [Check; 7] = [
    ("a body is judged and then passes whole", judged),
    ("a body over its limit is refused, whatever it says of its length", too_large),
    ("a body that ends in trailers is judged like any other", trailers),
    ("a body that breaks off reaches no upstream", broken_off),
    ("a body that comes in pieces is held until it is judged", in_pieces),
    ("nesting and numbers without end are refused", bombs),
    ("chunks that are none are refused", broken_chunks),
];

#[test]
fn only_valid_bodies_reach_the_upstream() {
    Shop::check_both_layouts(&CHECKS);
}

fn post(shop: &Shop, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = [&[KEY, JSON], headers].concat();
    exchange(shop.address(), &message("POST /v1/items", &headers, body))
}

fn assert_refused(shop: &Shop, name: &str, reply: &Reply, status: u16, code: &str) {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{name}: {text}");
    shop.assert_silent(name);
    shop.assert_serves(name);
}

fn judged(shop: &Shop) {
    assert_eq!(post(shop, &[], VALID).status, 200);
    assert_eq!(shop.upstream.take_one().body, VALID);
    let cases: [(&str, &[u8], u16, &str); 5] = [
        ("a violation", INVALID, 400, "request-invalid"),
        ("no JSON", b"{\"name\":", 400, "request-invalid"),
        ("two values", b"{\"name\":\"a\"}{}", 400, "request-invalid"),
        ("a name twice", b"{\"name\":\"a\",\"name\":7}", 400, "request-invalid"),
        ("nothing", b"", 400, "request-invalid"),
    ];
    for (name, body, status, code) in cases {
        assert_refused(shop, name, &post(shop, &[], body), status, code);
    }
    let text = [KEY, ("Content-Type", "text/plain")];
    let reply = exchange(shop.address(), &message("POST /v1/items", &text, VALID));
    assert_refused(shop, "another media type", &reply, 415, "media-type-undeclared");
}

fn too_large(shop: &Shop) {
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(2000));
    assert_refused(shop, "a long body", &post(shop, &[], large.as_bytes()), 413, "body-too-large");
    let reply = post_chunked(shop, &chunks(&[large.as_bytes()]));
    assert_refused(shop, "a long body in a chunk", &reply, 413, "body-too-large");
    let reply = post_chunked(shop, &chunks(&[b" ".as_slice(); 3000]));
    assert_refused(shop, "a long body in many chunks", &reply, 413, "body-too-large");
    let huge = vec![b' '; 8 << 20];
    let reply = post(shop, &[], &huge);
    // The gateway may have closed the connection while the body was still being sent.
    assert!(reply.status == 413 || reply.status == 0, "{reply:?}");
    shop.assert_silent("a body of 8 MiB");
    shop.assert_serves("a body of 8 MiB");
    let fits = format!("{{\"name\":\"{}\"}}", "a".repeat(2000 - 11));
    assert_eq!((fits.len(), post(shop, &[], fits.as_bytes()).status), (2000, 200));
    assert_eq!(shop.upstream.take_one().body, fits.as_bytes());
}

fn trailers(shop: &Shop) {
    let send = |parts: &[&[u8]], trailers| {
        let request = Request::post(format!("http://{}/v1/items", shop.address()))
            .header(KEY.0, KEY.1)
            .header(JSON.0, JSON.1)
            .body(())
            .expect("a request");
        http2::exchange(shop.address(), request, &Body { parts, trailers })
    };
    for trailers in [false, true] {
        let reply = send(&[INVALID], trailers);
        assert_refused(shop, "an invalid body over HTTP/2", &reply, 400, "request-invalid");
        let reply = send(&[VALID, b"  ", b"{}"], trailers);
        assert_refused(shop, "a body made invalid by its last part", &reply, 400, "request-invalid");
        let reply = send(&[&[b' '; 1500], &[b' '; 1500]], trailers);
        assert_refused(shop, "a long body over HTTP/2", &reply, 413, "body-too-large");
        assert_eq!(send(&[&VALID[..5], &VALID[5..]], trailers).status, 200);
        assert_eq!(shop.upstream.take_one().body, VALID);
    }
    let reply = send(&[], true);
    assert_refused(shop, "trailers without a body", &reply, 400, "request-invalid");
}

fn broken_off(shop: &Shop) {
    let mut bytes = message("POST /v1/items", &[KEY, JSON], VALID);
    bytes.truncate(bytes.len() - 5);
    for _ in 0..3 {
        let mut connection = Connection::open(shop.address());
        connection.send(&bytes);
        thread::sleep(Duration::from_millis(50));
        drop(connection);
    }
    let mut connection = Connection::open(shop.address());
    connection.send(&post_head(&[CHUNKED])).send(b"10\r\n").send(VALID).send(b"\r\n");
    thread::sleep(Duration::from_millis(50));
    drop(connection);
    shop.assert_silent("a body that broke off");
    shop.assert_serves("a body that broke off");
}

fn in_pieces(shop: &Shop) {
    let bytes = message("POST /v1/items", &[KEY, JSON], VALID);
    let (head, body) = bytes.split_at(bytes.len() - VALID.len());
    let mut connection = Connection::open(shop.address());
    for piece in [head, &body[..7], &body[7..]] {
        shop.assert_silent("a body that has not come whole");
        connection.send(piece);
    }
    assert_eq!(connection.reply().map(|reply| reply.status), Some(200));
    assert_eq!(shop.upstream.take_one().body, VALID);
    let reply = post_chunked(shop, &chunks(&[&VALID[..3], &VALID[3..9], &VALID[9..]]));
    assert_eq!(reply.status, 200);
    assert_eq!(shop.upstream.take_one().body, VALID);
}

fn bombs(shop: &Shop) {
    let nested = format!("{{\"name\":\"a\",\"parent\":{}{}}}", "[".repeat(900), "]".repeat(900));
    let unclosed = "[".repeat(1990);
    let number = format!("{{\"name\":\"a\",\"parent\":1e{}}}", "9".repeat(1900));
    for (name, body) in [("nesting", &nested), ("nesting without end", &unclosed), ("a number", &number)] {
        let reply = post(shop, &[], body.as_bytes());
        assert_refused(shop, name, &reply, 400, "request-invalid");
    }
}

fn broken_chunks(shop: &Shop) {
    let cases: [(&str, &[u8]); 4] = [
        ("a size that is none", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("a negative size", b"-1\r\n{}\r\n0\r\n\r\n"),
        ("a size beyond numbers", b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("a chunk longer than it says", b"2\r\n{\"name\":\"a\"}\r\n0\r\n\r\n"),
    ];
    for (name, body) in cases {
        let reply = post_chunked(shop, body);
        assert!(reply.status == 0 || reply.status == 400, "{name}: {reply:?}");
        shop.assert_silent(name);
        shop.assert_serves(name);
    }
}

fn post_chunked(shop: &Shop, body: &[u8]) -> Reply {
    let mut bytes = post_head(&[CHUNKED]);
    bytes.extend_from_slice(body);
    exchange(shop.address(), &bytes)
}

fn post_head(headers: &[(&str, &str)]) -> Vec<u8> {
    message("POST /v1/items", &[&[KEY, JSON], headers].concat(), b"")
}

/// The parts as chunks, with the last one (RFC 9112, section 7.1).
fn chunks(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}
