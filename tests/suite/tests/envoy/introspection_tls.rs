//! An authorization server that knows its clients by their certificates: both ends prove themselves, or no token is good.

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::{http1, repository};

/// Of localhost and 127.0.0.1.
const SERVER: &str = include_str!("certificate.pem");
const SERVER_KEY: &str = include_str!("key.pem");

/// It vouches for every token.
const SERVER_DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Authorization server, version: '1' }
paths:
  /introspect:
    post:
      security: []
      requestBody: { content: { application/x-www-form-urlencoded: { schema: { type: object, required: [token, client_id], properties: { client_id: { const: gateway } } } } } }
      responses: { '200': { description: Said, content: { application/json: { example: { active: true, client_id: shop } } } } }
"#;
const SERVER_SETTINGS: &str = "\
listeners: [{ address: '127.0.0.1:1', tls: { certificate: server.pem, key: server.key, clientCertificates: { ca: authority.pem } } }]
apis: [{ definition: api.yaml, endpoint: mock }]
";

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Opaque, version: '1' }
paths: { /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;
const SETTINGS: &str = "\
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    as: { issuer: 'https://as.test', introspection: { endpoint: 'SERVER/introspect', method: mtls, clientId: gateway } }
services: { SERVER: { SERVICE } }
";

fn start(definition: &str, settings: &str) -> Gateway {
    let read = |name: &str| {
        std::fs::read_to_string(repository().join("tests/suite/certificates").join(name)).expect("a file")
    };
    let certificates = ["authority.pem", "client.pem", "client.key", "stranger.pem", "stranger.key"];
    let certificates = certificates.map(|name| (name, read(name)));
    let mut files = vec![
        ("api.yaml", definition),
        ("gateway.yaml", settings),
        ("server.pem", SERVER),
        ("server.key", SERVER_KEY),
    ];
    files.extend(certificates.iter().map(|(name, text)| (*name, text.as_str())));
    let folder = gateway::folder(&files);
    let file = folder.path().join("gateway.yaml");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1", "--layout", "pipeline"];
    Gateway::start(gateway::command(), &args)
}

#[test]
fn gateway_and_authorization_server_prove_themselves_by_certificates() {
    let server = start(SERVER_DEFINITION, SERVER_SETTINGS);
    let port = server.address().port();
    let named = format!("https://localhost:{port}");
    for (name, origin, service, expected) in [
        ("both do", &named, "ca: server.pem, certificate: client.pem, key: client.key", (200, "")),
        (
            "nobody vouches for the gateway",
            &named,
            "ca: server.pem, certificate: stranger.pem, key: stranger.key",
            (503, "introspection-unavailable"),
        ),
        (
            "nobody vouches for the server",
            &named,
            "ca: authority.pem, certificate: client.pem, key: client.key",
            (503, "introspection-unavailable"),
        ),
        (
            "the server has another name",
            &format!("https://other.localhost:{port}"),
            "ca: server.pem, certificate: client.pem, key: client.key",
            (503, "introspection-unavailable"),
        ),
    ] {
        let settings = SETTINGS.replace("SERVER", origin).replace("SERVICE", service);
        let gateway = start(DEFINITION, &settings);
        let reply = http1::request(gateway.address(), "GET /x", &[("Authorization", "Bearer opaque")], b"");
        assert_eq!((reply.status, reply.code().as_str()), expected, "{name}: {}", gateway.words());
    }
}
