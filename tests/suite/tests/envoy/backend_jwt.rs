//! The token for upstreams: signed by Envoy, verified with the keys that Envoy publishes, written by no client.

use std::thread;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Connection, message};
use portcullis_suite::upstream::Upstream;
use serde_json::Value;

const RSA: &str = include_str!("../../../../plugins/auth/src/tests/rsa-2048.pem");
const JWKS: &str = "/.well-known/portcullis/jwks.json";
const FORGED: (&str, &str) = ("X-JWT-Assertion", "forged");

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Told, version: '7' }
security: [{ Key: [] }]
paths:
  /x: { get: { responses: { '200': { description: Fine } } } }
  /open: { get: { security: [], responses: { '200': { description: Fine } } } }
components: { securitySchemes: { Key: { type: apiKey, in: header, name: key } } }
"#;

/// The key is `key`.
const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: 'UPSTREAM' }]
layout: LAYOUT
backendJwt: { issuer: gateway, algorithm: RS256, keys: [{ file: key.pem, kid: one }] }
identity:
  apiKeys: [{ consumer: ada, sha256: 2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683 }]
"#;

/// What is answered in ten seconds, and how many connections ask for it.
const KEYS_LIMIT: usize = 1000;
const KEYS_EACH_SECOND: usize = KEYS_LIMIT / 10;
const CONNECTIONS: usize = 4;

#[test]
fn the_keys_are_published_so_often_and_everything_else_passes() {
    let settings = SETTINGS.replace("'UPSTREAM'", "mock").replace("LAYOUT", "pipeline");
    let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings), ("key.pem", RSA)]);
    let file = folder.path().join("gateway.yaml");
    let gateway =
        Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "2"]);
    let ask = || {
        let mut connection = Connection::open(gateway.address());
        let request = message(&format!("GET {JWKS}"), &[], b"");
        (0..KEYS_LIMIT / 2)
            .map(|_| connection.send(&request).reply().expect("an answer"))
            .filter(|reply| reply.status != 200)
            .collect::<Vec<_>>()
    };
    let began = Instant::now();
    let refused: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        all.into_iter().flat_map(|one| one.join().expect("it is answered")).collect()
    });
    let passed = CONNECTIONS * KEYS_LIMIT / 2 - refused.len();
    // What is used up comes back by and by.
    let most = KEYS_LIMIT + KEYS_EACH_SECOND * (began.elapsed().as_secs() as usize + 1);
    assert!((KEYS_LIMIT..=most).contains(&passed), "{passed} in {:?}", began.elapsed());
    for reply in refused {
        assert_eq!((reply.status, reply.code().as_str()), (429, "limit-exceeded"));
        assert_eq!(reply.header("retry-after"), Some("10"));
    }
    let reply = http1::request(gateway.address(), "GET /x", &[("key", "key")], b"");
    assert_eq!(reply.status, 200, "{}", gateway.words());
}

#[test]
fn upstreams_verify_with_what_envoy_publishes() {
    for layout in ["chain", "pipeline"] {
        check(layout);
    }
}

fn check(layout: &str) {
    let upstream = Upstream::start();
    let settings = SETTINGS.replace("UPSTREAM", &upstream.url()).replace("LAYOUT", layout);
    let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings), ("key.pem", RSA)]);
    let file = folder.path().join("gateway.yaml");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
    let gateway = Gateway::start(gateway::command(), &args);
    let get = |line: &str, headers: &[(&str, &str)]| http1::request(gateway.address(), line, headers, b"");

    let published = get(&format!("GET {JWKS}"), &[FORGED]);
    assert_eq!((published.status, published.header("content-type")), (200, Some("application/jwk-set+json")));
    let key = key_of(&published.json());
    for (line, status) in [
        (format!("GET {JWKS}?x=1"), 200),
        (format!("GET {JWKS}/"), 404),
        (format!("POST {JWKS}"), 404),
        (format!("GET /x/..{JWKS}"), 200),
        (format!("GET {JWKS}/../../../x"), 401),
        ("GET /x".to_owned(), 401),
    ] {
        assert_eq!(get(&line, &[]).status, status, "{layout}: {line}");
    }
    assert!(upstream.take().is_empty(), "{layout}: nothing of this is the upstream's");

    let mut seen = Vec::new();
    for headers in [&[("key", "key"), FORGED][..], &[("key", "key"), FORGED, FORGED], &[("key", "key")]] {
        assert_eq!(get("GET /x", headers).status, 200);
        let told = upstream.take_one().all("x-jwt-assertion");
        assert_eq!(told.len(), 1, "{layout}: {told:?}");
        let claims = key.verify_token::<Value>(&told[0], None).expect("a token of the gateway");
        assert_eq!((claims.issuer.as_deref(), claims.subject.as_deref()), (Some("gateway"), Some("ada")));
        assert_eq!((&claims.custom["version"], &claims.custom["consumer"]), (&"7".into(), &"ada".into()));
        seen.extend(told);
    }
    assert!(seen.iter().all(|token| *token == seen[0]), "{layout}: it is signed once");
    assert_eq!(get("GET /open", &[FORGED, FORGED, ("key", "key")]).status, 200);
    assert_eq!(upstream.take_one().all("x-jwt-assertion"), [""; 0]);
}

fn key_of(jwks: &Value) -> RS256PublicKey {
    let [key] = jwks["keys"].as_array().expect("keys").as_slice() else { panic!("one key") };
    assert_eq!((&key["kid"], &key["alg"]), (&"one".into(), &"RS256".into()));
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().expect(name)).expect("base64url");
    RS256PublicKey::from_components(&number("n"), &number("e")).expect("a key")
}
