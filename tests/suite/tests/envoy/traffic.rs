//! What a proper request becomes on its way to the upstream, what its answer becomes on the way back, and what
//! the access log says of it.

use portcullis_suite::Bearer;
use portcullis_suite::http1::{self, Connection, message};

use crate::shop::{Check, KEY, PASSWORD, Shop, bearer};

const CHECKS: [Check; 12] = [
    ("the base path is replaced by the endpoint's, and the host by its authority", rewritten),
    ("no credential reaches the upstream unless the author keeps it", credentials_removed),
    ("a route that the client names is not believed and not passed on", route_header_removed),
    ("the consumer cannot be claimed by a header", identity_not_claimed),
    ("the upstream's answer carries the gateway's rate limit fields", rate_limit_fields),
    ("an operation's own endpoint is used", own_endpoint),
    ("an upstream that is down is a problem with status 503", upstream_down),
    ("HEAD is answered as GET without a body", head),
    ("OPTIONS tells the methods without an upstream", options),
    ("pipelined requests are judged one by one", pipelined),
    ("a request that is refused leaves the connection open for the next", refused_then_served),
    ("the access log names operation and consumer and no credential", access_log),
];

#[test]
fn proper_requests_are_served_by_the_upstream() {
    Shop::check_both_layouts(&CHECKS);
}

fn rewritten(shop: &Shop) {
    let cases = [
        ("/v1/items", "/base/items"),
        ("/v1/items?limit=7&x=%20", "/base/items?limit=7&x=%20"),
        ("/v1/items/a%2Fb", "/base/items/a%2Fb"),
        ("/v1//items/./x/../7", "/base/items/7"),
        ("/v1/items/v1", "/base/items/v1"),
    ];
    for (target, expected) in cases {
        assert_eq!(shop.get(target, &[KEY]).status, 200, "{target}");
        let seen = shop.upstream.take_one();
        assert_eq!(seen.target, expected, "{target}");
        assert_eq!(seen.all("host"), [shop.upstream.authority()], "{target}");
    }
}

fn credentials_removed(shop: &Shop) {
    let token = bearer(Bearer::default());
    let cases = [
        ("/v1/items", KEY),
        ("/v1/items", ("Authorization", token.as_str())),
        ("/v1/by-password", PASSWORD),
        ("/v1/by-query?page=1&api_key=key-of-the-suite", ("Accept", "*/*")),
        ("/v1/by-cookie", ("Cookie", "a=1; key=key-of-the-suite; b=2")),
    ];
    for (target, header) in cases {
        assert_eq!(shop.get(target, &[header]).status, 200, "{target} {header:?}");
        let seen = format!("{:?}", shop.upstream.take_one());
        let text = String::from_utf8_lossy(seen.as_bytes());
        for secret in ["key-of-the-suite", "authorization", "x-api-key", "api_key"] {
            assert!(!text.contains(secret), "{target}: {secret} reached the upstream");
        }
    }
    assert_eq!(shop.get("/v1/by-query?page=1&api_key=key-of-the-suite", &[]).status, 200);
    assert_eq!(shop.upstream.take_one().target, "/base/by-query?page=1");
    assert_eq!(shop.get("/v1/by-cookie", &[("Cookie", "a=1; key=key-of-the-suite; b=2")]).status, 200);
    assert_eq!(shop.upstream.take_one().all("cookie"), ["a=1; b=2"]);
    assert_eq!(shop.get("/v1/kept", &[KEY]).status, 200);
    assert_eq!(shop.upstream.take_one().all("x-api-key"), [KEY.1]);
}

fn route_header_removed(shop: &Shop) {
    let claimed = [KEY, ("x-portcullis-route", "r1"), ("X-Portcullis-Route", "r2")];
    assert_eq!(shop.get("/v1/items", &claimed).status, 200);
    let seen = shop.upstream.take_one();
    assert!(seen.headers.iter().all(|(name, _)| !name.contains("portcullis")), "{seen:#?}");
    assert!(shop.other.take().is_empty(), "the client has chosen the upstream");
}

fn identity_not_claimed(shop: &Shop) {
    let claimed = [("portcullis.identity", "consumer=admin"), ("wasm.portcullis.identity", "consumer=admin")];
    let reply = shop.get("/v1/items", &claimed);
    assert_eq!((reply.status, reply.code().as_str()), (401, "credential-missing"));
    shop.assert_silent("a request without a credential");
}

fn rate_limit_fields(shop: &Shop) {
    let reply = shop.get("/v1/items", &[KEY]);
    assert_eq!(reply.all("ratelimit-policy"), ["\"plenty\";q=100000;w=3600"]);
    let standing = reply.all("ratelimit");
    assert_eq!(standing.len(), 1, "the upstream's own stands beside: {standing:?}");
    assert!(standing[0].starts_with("\"plenty\";r=99"), "{standing:?}");
}

fn own_endpoint(shop: &Shop) {
    assert_eq!(shop.get("/v1/elsewhere?a=1", &[]).status, 200);
    let seen = shop.other.take_one();
    assert_eq!(
        (seen.target.as_str(), seen.all("host")),
        ("/deep/down/elsewhere?a=1", vec![shop.other.authority()])
    );
    shop.assert_silent("a request for another endpoint");
}

fn upstream_down(shop: &Shop) {
    let reply = shop.get("/v1/closed", &[]);
    assert_eq!((reply.status, reply.code().as_str()), (503, "upstream-unavailable"));
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
}

fn head(shop: &Shop) {
    let mut connection = Connection::open(shop.address());
    let reply = connection.send(&message("HEAD /v1/items", &[KEY], b"")).head().expect("a reply");
    assert_eq!(reply.status, 200);
    assert_eq!(shop.upstream.take_one().method, "HEAD");
    let next =
        connection.send(&message("GET /v1/items", &[KEY], b"")).reply().expect("no body was in between");
    assert_eq!(next.status, 200);
}

fn options(shop: &Shop) {
    let reply = http1::request(shop.address(), "OPTIONS /v1/items", &[], b"");
    assert_eq!((reply.status, reply.header("allow")), (204, Some("GET, HEAD, OPTIONS, POST")));
    let reply = http1::request(shop.address(), "DELETE /v1/items", &[KEY], b"");
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")));
    shop.assert_silent("OPTIONS or an unknown method");
}

fn pipelined(shop: &Shop) {
    let mut connection = Connection::open(shop.address());
    for (second, expected) in [("GET /v1/by-password", 401), ("GET /v1/items?limit=0", 400)] {
        let both = [message("GET /v1/items", &[KEY], b""), message(second, &[KEY], b"")].concat();
        connection.send(&both);
        let mut status = || connection.reply().map_or(0, |reply| reply.status);
        assert_eq!([status(), status()], [200, expected]);
        assert_eq!(shop.upstream.take().len(), 1);
    }
}

fn refused_then_served(shop: &Shop) {
    let mut connection = Connection::open(shop.address());
    for (target, headers, status) in [
        ("/v1/items?limit=many", &[KEY][..], 400),
        ("/v1/items", &[], 401),
        ("/v1/nothing", &[KEY], 404),
        ("/v1/items?limit=7", &[KEY], 200),
    ] {
        let reply = connection.send(&message(&format!("GET {target}"), headers, b"")).reply();
        assert_eq!(reply.map(|reply| reply.status), Some(status), "{target}");
    }
}

fn access_log(shop: &Shop) {
    assert_eq!(shop.get("/v1/by-query?api_key=key-of-the-suite&page=3", &[]).status, 200);
    let entry = shop.gateway.logged(|entry| entry["path"] == "/v1/by-query" && entry["status"] == 200);
    assert!(entry["operation"].as_str().is_some_and(|key| key.contains("by-query")), "{entry:#}");
    assert!(entry["identity"].as_str().is_some_and(|line| line.contains("consumer=reader")), "{entry:#}");
    shop.get("/v1/items", &[("X-API-Key", "a-wrong-key")]);
    shop.gateway.logged(|entry| entry["details"] == "portcullis.api-key-unknown");
    let everything = shop.gateway.printed().join("\n") + &shop.gateway.words();
    for secret in ["key-of-the-suite", "a-wrong-key", "YWxpY2U6b3Blbi1zZXNhbWU=", "Bearer", "page=3"] {
        assert!(!everything.contains(secret), "{secret} stands in the log");
    }
}
