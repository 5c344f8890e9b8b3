//! `portcullis revoke` beside a running gateway that follows its file.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration as Time, Instant};

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use serde_json::{Value, json};
use tempfile::TempDir;

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Provided, version: '1' }
paths: { /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

struct Followed {
    folder: TempDir,
    gateway: Gateway,
    key: ES256KeyPair,
}

impl Followed {
    fn start() -> Self {
        let key = ES256KeyPair::generate().with_key_id("key");
        let mut jwk: Value = serde_json::from_str(&key.public_key().to_jwk()).expect("a JWK");
        jwk["kid"] = json!("key");
        let issuer =
            json!({ "issuer": "https://issuer.test", "algorithms": ["ES256"], "jwks": { "keys": [jwk] } });
        let settings = json!({
            "apis": [{ "definition": "api.yaml", "endpoint": "mock" }],
            "identity": { "issuers": { "test": issuer }, "revocation": { "file": "revoked.json" } },
        });
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings.to_string())]);
        revoke(&folder, &["--jti", "early"], "");
        let file = folder.path().join("gateway.yaml");
        let gateway =
            Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "1"]);
        Self { folder, gateway, key }
    }

    fn token(&self, id: &str, subject: &str) -> String {
        let claims = Claims::create(Duration::from_hours(1)).with_issuer("https://issuer.test");
        self.key.sign(claims.with_subject(subject).with_jwt_id(id)).expect("it is signed")
    }

    /// The code of the answer; empty when the token is good.
    fn ask(&self, token: &str) -> String {
        let authorization = format!("Bearer {token}");
        let head = [("Authorization", authorization.as_str())];
        let reply = http1::request(self.gateway.address(), "GET /x", &head, b"");
        let code = reply.code();
        assert_eq!(reply.status == 200, code.is_empty(), "{} {code}", reply.status);
        code
    }

    /// Revokes by the program; the token is refused within two seconds.
    fn revoke(&self, args: &[&str], input: &str, token: &str) {
        assert_eq!(self.ask(token), "", "{args:?}");
        revoke(&self.folder, args, input);
        let began = Instant::now();
        while self.ask(token).is_empty() {
            assert!(began.elapsed() < Time::from_secs(2), "{args:?}: {}", self.gateway.words());
            thread::sleep(Time::from_millis(20));
        }
        assert_eq!(self.ask(token), "token-revoked", "{args:?}");
    }
}

fn revoke(folder: &TempDir, args: &[&str], input: &str) {
    let mut command = Command::new(gateway::program());
    command.current_dir(folder.path()).arg("revoke").arg("revoked.json").args(args);
    let mut program = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    program.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    assert!(program.wait().expect("it can be waited for").success(), "{args:?}");
}

#[test]
fn a_revoked_token_is_refused_within_two_seconds_by_a_running_gateway() {
    let followed = Followed::start();
    let (early, other) = (followed.token("early", "ada"), followed.token("other", "ada"));
    // Envoy may serve before the listener inside it has the list.
    let patience = Instant::now() + Time::from_secs(5);
    let mut said = followed.ask(&early);
    while said == "revocation-unavailable" && Instant::now() < patience {
        thread::sleep(Time::from_millis(20));
        said = followed.ask(&early);
    }
    assert_eq!(said, "token-revoked", "{}", followed.gateway.words());
    followed.revoke(&["--jti", "late"], "", &followed.token("late", "ada"));
    followed.revoke(&["--sub", "eve"], "", &followed.token("fine", "eve"));
    let whole = followed.token("whole", "ada");
    followed.revoke(&["--token"], &whole, &whole);
    assert_eq!(followed.ask(&early), "token-revoked");
    assert_eq!(followed.ask(&other), "");
    // A file that cannot be read takes nothing back.
    std::fs::write(followed.folder.path().join("broken"), "{").expect("a file");
    std::fs::rename(followed.folder.path().join("broken"), followed.folder.path().join("revoked.json"))
        .expect("it takes the place");
    thread::sleep(Time::from_secs(3));
    assert_eq!(
        (followed.ask(&early), followed.ask(&whole)),
        ("token-revoked".into(), "token-revoked".into())
    );
    assert_eq!(followed.ask(&other), "");
}
