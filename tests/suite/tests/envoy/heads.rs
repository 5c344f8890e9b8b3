//! Hostile request heads. None of them may reach the upstream unless it was judged as a whole, and none may
//! hurt the requests that follow.

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{Reply, exchange, message};
use portcullis_suite::upstream::Upstream;
use portcullis_suite::{Bearer, Signature};
use serde_json::json;

use crate::shop::{Check, KEY, Shop, bearer};

/// Header names and values.
type Fields<'f> = Vec<(&'f str, &'f str)>;

const CHECKS: [Check; 7] = [
    ("paths that mean two things are refused", paths),
    ("paths that mean one thing are judged and sent in that form", canonical_paths),
    ("bytes that are no UTF-8 hurt nobody", bytes_that_are_no_text),
    ("heads that are too large are refused", too_large),
    ("credentials that come twice or prove nothing are refused", credentials),
    ("requests that two servers would read differently are refused", smuggling),
    ("versions and forms of HTTP that are no API traffic pass no judgement by", unusual_http),
];

#[test]
fn hostile_heads_reach_no_upstream() {
    Shop::check_both_layouts(&CHECKS);
}

const IDENTIFIED: &str = r#"
openapi: 3.1.1
info: { title: Identified, version: '1' }
servers: [{ url: 'UPSTREAM' }]
security: []
paths:
  /:
    get:
      parameters: [{ name: X-Request-Id, in: header, required: true, schema: { type: string, pattern: '^[a-z]+$' } }]
      responses: { '200': { description: one } }
"#;

/// Envoy would put one of its own in its place, and the document would be held against that.
#[test]
fn a_request_identifier_that_is_declared_is_the_clients() {
    let upstream = Upstream::start();
    let folder = gateway::folder(&[("api.yaml", &IDENTIFIED.replace("UPSTREAM", &upstream.url()))]);
    let file = folder.path().join("api.yaml");
    let gateway =
        Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "1"]);
    let status = |fields: &Fields<'_>| exchange(gateway.address(), &message("GET /", fields, b"")).status;
    assert_eq!(status(&vec![]), 400);
    assert_eq!(status(&vec![("X-Request-Id", "ABC")]), 400);
    assert_eq!(status(&vec![("X-Request-Id", "abc")]), 200);
    let arrived = upstream.take_one().headers;
    let identifier = arrived.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
    assert_eq!(identifier.map(|(_, value)| value.as_slice()), Some(&b"abc"[..]));
}

/// Sends a request that must be refused with the status, and with the code; an empty one leaves it open who refuses.
fn refused(shop: &Shop, name: &str, bytes: &[u8], status: u16, code: &str) {
    let reply = exchange(shop.address(), bytes);
    judge(shop, name, &reply, status, code);
}

fn judge(shop: &Shop, name: &str, reply: &Reply, status: u16, code: &str) {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, status, "{name}: {text}");
    assert!(code.is_empty() || reply.code() == code, "{name}: {text}");
    shop.assert_silent(name);
    shop.assert_serves(name);
}

fn paths(shop: &Shop) {
    let long = format!("/v1/items/{}", "a".repeat(9000));
    let query = format!("/v1/items?q={}", "a".repeat(33_000));
    let deep = format!("/v1{}", "/a".repeat(200));
    let cases = [
        ("above the root", "/v1/../../items", 404, "operation-unknown"),
        ("an encoded traversal", "/v1/items/..%2f..%2fadmin", 400, "request-malformed"),
        ("an encoded backslash traversal", "/v1/items/..%5c..%5cadmin", 400, "request-malformed"),
        ("an encoded NUL", "/v1/items/%00", 400, ""),
        ("a broken escape", "/v1/items/%zz", 400, "request-malformed"),
        ("an escape that is no UTF-8", "/v1/items/%ff", 400, "request-malformed"),
        ("too long a path", &long, 414, "request-malformed"),
        ("too long a query", &query, 414, "request-malformed"),
        ("too deep a path", &deep, 414, "request-malformed"),
        ("the base path alone", "/v1", 404, "operation-unknown"),
        ("out of the base path", "/v1/../items", 404, "operation-unknown"),
        ("another base path", "/v10/items", 404, "operation-unknown"),
        ("another case", "/V1/Items", 404, "operation-unknown"),
        ("a matrix parameter", "/v1/items;a=1", 404, "operation-unknown"),
    ];
    for (name, target, status, code) in cases {
        judge(shop, name, &shop.get(target, &[KEY]), status, code);
    }
    refused(shop, "an empty path", b"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "");
    refused(shop, "an asterisk", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "");
    refused(shop, "an asterisk for all", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "");
}

fn canonical_paths(shop: &Shop) {
    let cases = [
        ("/v1/items/../items", "/base/items"),
        ("/v1/%2e%2e/v1/items", "/base/items"),
        // Envoy stays at the root where a path leads above it (RFC 3986, section 5.2.4).
        ("/%2e%2e/v1/items", "/base/items"),
        ("//v1///items", "/base/items"),
        ("/v1\\items", "/base/items"),
        ("/x/../v1/items?a=../b", "/base/items?a=../b"),
        ("http://shop.example/v1/items", "/base/items"),
    ];
    for (target, expected) in cases {
        assert_eq!(shop.get(target, &[]).status, 401, "{target} needs a credential");
        shop.assert_silent(target);
        assert_eq!(shop.get(target, &[KEY]).status, 200, "{target}");
        assert_eq!(shop.upstream.take_one().target, expected, "{target}");
    }
}

fn bytes_that_are_no_text(shop: &Shop) {
    let head = b"GET /v1/items HTTP/1.1\r\nHost: a\r\nX-API-Key: key-of-the-suite\r\n";
    // A header that no operation declares passes as it is.
    let odd = [head.as_slice(), b"X-Odd: \xff\xfe\r\n\r\n"].concat();
    assert_eq!(exchange(shop.address(), &odd).status, 200);
    let seen = shop.upstream.take_one();
    assert!(seen.headers.contains(&("x-odd".to_owned(), b"\xff\xfe".to_vec())), "{seen:#?}");
    shop.assert_serves("a header value that is no UTF-8");
    let credential =
        b"GET /v1/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\r\nX-API-Key: \xff\r\n\r\n";
    let reply = exchange(shop.address(), credential);
    assert_eq!(reply.status, 401);
    shop.assert_silent("a credential that is no UTF-8");
    for (name, bytes) in [
        ("a path that is no UTF-8", b"GET /v1/items/\xff HTTP/1.1\r\nHost: a\r\n\r\n".as_slice()),
        ("a method that is none", b"G\xffT /v1/items HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a header name that is none", b"GET /v1/items HTTP/1.1\r\nHost: a\r\nX\xff: 1\r\n\r\n"),
        ("a host that is none", b"GET /v1/items HTTP/1.1\r\nHost: \xff\r\n\r\n"),
        ("a NUL in a header", b"GET /v1/items HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n"),
    ] {
        let reply = exchange(shop.address(), bytes);
        assert_eq!(reply.status, 400, "{name}: {}", String::from_utf8_lossy(&reply.body));
        shop.assert_silent(name);
        shop.assert_serves(name);
    }
}

fn too_large(shop: &Shop) {
    let large = message("GET /v1/items", &[KEY, ("X-Large", &"a".repeat(100 << 10))], b"");
    refused(shop, "100 KB in one header", &large, 431, "headers-too-large");
    let one = "a".repeat(1000);
    let many: Vec<(String, &str)> = (0..100).map(|at| (format!("X-{at}"), one.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    refused(
        shop,
        "100 KB in a hundred headers",
        &message("GET /v1/items", &many, b""),
        431,
        "headers-too-large",
    );
    let token = format!("Bearer {}", "a".repeat(16 << 10));
    let reply = shop.get("/v1/items", &[("Authorization", &token)]);
    assert_eq!((reply.status, reply.code().as_str()), (401, "token-malformed"));
    shop.assert_silent("a token of 16 KB");
    let query: String = (0..1000).map(|at| format!("p{at}=1&")).collect();
    assert_eq!(shop.get(&format!("/v1/items?{query}limit=7"), &[KEY]).status, 200);
    assert_eq!(shop.upstream.take().len(), 1);
    let reply = shop.get(&format!("/v1/items?{query}limit=0"), &[KEY]);
    assert_eq!((reply.status, reply.code().as_str()), (400, "request-invalid"));
    shop.assert_silent("a violation behind a thousand query parameters");
}

fn credentials(shop: &Shop) {
    let good = bearer(Bearer::default());
    let none = Bearer {
        header: json_object(json!({ "alg": "none" })),
        signature: Signature::Empty,
        ..Bearer::default()
    };
    let none = bearer(none);
    let foreign = bearer(Bearer { signature: Signature::OtherKey, ..Bearer::default() });
    let changed = bearer(Bearer { signature: Signature::OtherClaims, ..Bearer::default() });
    let expired = bearer(Bearer { claims: json_object(json!({ "exp": 1 })), ..Bearer::default() });
    let cases: [(&str, Fields<'_>, u16); 8] = [
        ("the same token twice", vec![authorization(&good), authorization(&good)], 400),
        ("a good and a bad token", vec![authorization(&good), authorization(&none)], 400),
        ("the same key twice", vec![KEY, KEY], 400),
        ("a good and a bad key", vec![("x-api-key", "bad"), KEY], 400),
        ("alg none", vec![authorization(&none)], 401),
        ("a token of another key", vec![authorization(&foreign)], 401),
        ("a signature over other claims", vec![authorization(&changed)], 401),
        ("an expired token", vec![authorization(&expired)], 401),
    ];
    for (name, headers, status) in cases {
        let reply = shop.get("/v1/items", &headers);
        assert_eq!(reply.status, status, "{name}: {}", String::from_utf8_lossy(&reply.body));
        shop.assert_silent(name);
    }
    assert_eq!(shop.get("/v1/items", &[authorization(&good)]).status, 200);
}

fn authorization(credentials: &str) -> (&'static str, &str) {
    ("Authorization", credentials)
}

fn json_object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn smuggling(shop: &Shop) {
    let hidden = "GET /v1/items HTTP/1.1\r\nHost: a\r\nX-API-Key: key-of-the-suite\r\n\r\n";
    let head = "POST /v1/items HTTP/1.1\r\nHost: a\r\nX-API-Key: key-of-the-suite\r\nContent-Type: application/json\r\n";
    let cases = [
        ("a length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two lengths", "Content-Length: 4\r\nContent-Length: 90\r\n\r\n{}  "),
        ("a list of lengths", "Content-Length: 4, 90\r\n\r\n{}  "),
        ("a negative length", "Content-Length: -1\r\n\r\n"),
        ("another coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a coding that is not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("a space before the colon", "Content-Length : 4\r\n\r\n{}  "),
        ("a folded header", "X-A: 1\r\n Content-Length: 4\r\n\r\n{}  "),
    ];
    for (name, rest) in cases {
        let reply = exchange(shop.address(), format!("{head}{rest}{hidden}").as_bytes());
        assert!((400..502).contains(&reply.status), "{name}: {reply:?}");
        shop.assert_silent(name);
        shop.assert_serves(name);
    }
    refused(
        shop,
        "two hosts",
        b"GET /v1/open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        400,
        "request-malformed",
    );
    let reply = exchange(shop.address(), b"GET /v1/open HTTP/1.1\r\n\r\n");
    assert_eq!(reply.status, 400, "no host: {reply:?}");
}

fn unusual_http(shop: &Shop) {
    for (name, bytes) in [
        ("HTTP/1.0", "GET /v1/open HTTP/1.0\r\nHost: a\r\n\r\n"),
        ("HTTP/0.9", "GET /v1/open\r\n\r\n"),
        ("HTTP/3.7", "GET /v1/open HTTP/3.7\r\nHost: a\r\n\r\n"),
        ("CONNECT", "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n"),
        ("TRACE", "TRACE /v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03"),
    ] {
        let reply = exchange(shop.address(), bytes.as_bytes());
        assert!(reply.status == 0 || reply.status >= 400, "{name}: {reply:?}");
        shop.assert_silent(name);
        shop.assert_serves(name);
    }
    // Envoy forwards no upgrade that it was not told about.
    let upgrade =
        [KEY, ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Content-Type", "application/json")];
    let bytes = message("POST /v1/items", &upgrade, b"");
    let reply = exchange(shop.address(), &bytes);
    assert!(reply.status >= 400, "{reply:?}");
    shop.assert_silent("an upgrade");
}
