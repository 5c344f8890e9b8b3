//! API keys that the gateway issues: signed by Envoy, good at once, published for other gateways.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;
use serde_json::Value;

const RSA: &str = include_str!("../../../../plugins/auth/src/tests/rsa-2048.pem");

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Keyed, version: '7' }
security: [{ Key: [] }]
paths: { /x: { get: { responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Key: { type: apiKey, in: query, name: apikey } } }
"#;

/// The password is `secret`.
const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: 'UPSTREAM' }]
layout: LAYOUT
apiKeyService: { issuer: gateway, algorithm: ALGORITHM, keys: [{ file: key.pem, kid: one }], jwksPath: /keys.json }
identity:
  users: [{ name: ada, password: '$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE' }]
"#;

#[test]
fn users_get_keys_that_open() {
    for layout in ["chain", "pipeline"] {
        let upstream = Upstream::start();
        let settings = SETTINGS.replace("UPSTREAM", &upstream.url()).replace("LAYOUT", layout);
        let settings = settings.replace("ALGORITHM", "RS256");
        let files = [("api.yaml", DEFINITION), ("gateway.yaml", &*settings), ("key.pem", RSA)];
        let folder = gateway::folder(&files);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        let gateway = Gateway::start(gateway::command(), &args);
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let (ada, eve) = (basic("ada:secret"), basic("ada:guess"));
        let call = |line: &str, authorization: &str, body: &[u8]| {
            http1::request(gateway.address(), line, &[("authorization", authorization)], body)
        };

        for (line, body) in [("GET /apikey", &br#"{"validityTime":600}"#[..]), ("POST /apikey", b"")] {
            let issued = call(line, &ada, body);
            assert_eq!((issued.status, issued.header("cache-control")), (200, Some("no-store")), "{layout}");
            let key = String::from_utf8(issued.body.clone()).expect("text");
            let claims =
                URL_SAFE_NO_PAD.decode(key.split('.').nth(1).expect("three parts")).expect("base64url");
            let claims: Value = serde_json::from_slice(&claims).expect("JSON");
            let seconds = claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat);
            assert_eq!(seconds, Some(if body.is_empty() { 3600 } else { 600 }), "{layout}");
            assert_eq!(call(&format!("GET /x?apikey={key}"), "", b"").status, 200, "{layout}");
            assert_eq!(upstream.take_one().target, "/x", "{layout}: the key goes no further");
            let (signed, _) = key.rsplit_once('.').expect("three parts");
            assert_eq!(call(&format!("GET /x?apikey={signed}.AAAA"), "", b"").status, 401, "{layout}");
        }
        assert_eq!(call("GET /apikey", &eve, b"").status, 401, "{layout}");
        assert_eq!(call("GET /apikey", &ada, b"{").status, 400, "{layout}");
        assert_eq!(call("GET /keys.json", "", b"").json()["keys"][0]["kid"], "one", "{layout}");
        assert!(upstream.take().is_empty(), "{layout}: nothing of this is the upstream's");
        let logged = gateway.log();
        assert!(logged.iter().all(|line| !line.to_string().contains("eyJ")), "{layout}: no key is logged");
    }
}
