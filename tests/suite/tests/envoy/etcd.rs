//! Revoked tokens in a real etcd (Debian's `etcd-server`), put there through its JSON gateway.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration as Time, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

const ROOT_PASSWORD: &str = "root-password";
const GATEWAY_PASSWORD: &str = "gate\"way password";
const START_TIME: Time = Time::from_secs(30);
const PULSE: Time = Time::from_millis(20);

/// The store: its ports and folder stay the same while it goes and comes.
struct Etcd {
    server: Option<Child>,
    client: SocketAddr,
    peer: SocketAddr,
    folder: TempDir,
    /// Whether its authentication is on.
    asks_who: bool,
}

impl Etcd {
    fn new() -> Self {
        // It cannot be told to choose its ports. Both are held until both are known.
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [client, peer] = ports.each_ref().map(|port| port.local_addr().expect("an address"));
        Self { server: None, client, peer, folder: gateway::folder(&[]), asks_who: false }
    }

    fn start(&mut self) {
        let (client, peer) = (format!("http://{}", self.client), format!("http://{}", self.peer));
        let mut command = Command::new("etcd");
        command.current_dir(self.folder.path()).args(["--name", "test", "--data-dir", "data"]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("test={peer}")]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = command.spawn().expect("etcd starts (scripts/setup etcd)");
        let patience = Instant::now() + START_TIME;
        while !self.is_healthy() {
            let ended = server.try_wait().expect("it can be waited for");
            assert!(ended.is_none() && Instant::now() < patience, "etcd is not ready: {ended:?}");
            thread::sleep(PULSE);
        }
        self.server = Some(server);
    }

    fn is_healthy(&self) -> bool {
        let listens = TcpStream::connect(self.client).is_ok();
        listens && http1::request(self.client, "GET /health", &[], b"").json()["health"] == "true"
    }

    /// Puts a key with a value.
    fn put(&self, key: &str, value: &str) {
        let pair = json!({ "key": STANDARD.encode(key), "value": STANDARD.encode(value) });
        if self.asks_who {
            let root = json!({ "name": "root", "password": ROOT_PASSWORD });
            let token = self.post("/v3/auth/authenticate", &root, "")["token"].clone();
            self.post("/v3/kv/put", &pair, token.as_str().expect("a token"));
        } else {
            self.post("/v3/kv/put", &pair, "");
        }
    }

    fn post(&self, path: &str, body: &Value, token: &str) -> Value {
        let head = [("Content-Type", "application/json"), ("Authorization", token)];
        let head = if token.is_empty() { &head[..1] } else { &head };
        let reply = http1::request(self.client, &format!("POST {path}"), head, body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// From now on nobody may read or write who is not known, and the gateway may read what is revoked, and nothing else.
    fn ask_who(&mut self) {
        let ends = (STANDARD.encode("revoked/"), STANDARD.encode("revoked0"));
        let may_read = json!({ "permType": "READ", "key": ends.0, "range_end": ends.1 });
        for (path, body) in [
            ("user/add", json!({ "name": "root", "password": ROOT_PASSWORD })),
            ("user/grant", json!({ "user": "root", "role": "root" })),
            ("role/add", json!({ "name": "reader" })),
            ("role/grant", json!({ "name": "reader", "perm": may_read })),
            ("user/add", json!({ "name": "gateway", "password": GATEWAY_PASSWORD })),
            ("user/grant", json!({ "user": "gateway", "role": "reader" })),
            ("enable", json!({})),
        ] {
            self.post(&format!("/v3/auth/{path}"), &body, "");
        }
        self.asks_who = true;
    }

    fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ended = server.kill();
            let _reaped = server.wait();
        }
    }

    fn gateway(&self, jwk: &Value) -> Gateway {
        self.gateway_as(jwk, GATEWAY_PASSWORD)
    }

    fn gateway_as(&self, jwk: &Value, password: &str) -> Gateway {
        let mut revocation = json!({ "etcd": format!("http://{}", self.client) });
        if self.asks_who {
            revocation["user"] = "gateway".into();
            revocation["passwordEnv"] = "ETCD_PASSWORD".into();
        }
        let settings = json!({
            "apis": [{ "definition": "api.yaml", "endpoint": "mock" }],
            "identity": {
                "issuers": { "test": {
                    "issuer": "https://issuer.test",
                    "algorithms": ["ES256"],
                    "jwks": { "keys": [jwk] },
                } },
                "revocation": revocation,
            },
        });
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings.to_string())]);
        let file = folder.path().join("gateway.yaml");
        let mut command = gateway::command();
        command.env("ETCD_PASSWORD", password);
        Gateway::start(command, &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
    }
}

fn key() -> (ES256KeyPair, Value) {
    let pair = ES256KeyPair::generate().with_key_id("key");
    let mut jwk: Value = serde_json::from_str(&pair.public_key().to_jwk()).expect("a JWK");
    jwk["kid"] = json!("key");
    (pair, jwk)
}

fn token(key: &ES256KeyPair, id: &str, subject: &str) -> String {
    let claims = Claims::create(Duration::from_hours(1)).with_issuer("https://issuer.test");
    key.sign(claims.with_subject(subject).with_jwt_id(id)).expect("it is signed")
}

/// The code of the answer; empty when the token is good.
fn ask(gateway: &Gateway, token: &str) -> String {
    let authorization = format!("Bearer {token}");
    let reply = http1::request(gateway.address(), "GET /x", &[("Authorization", &authorization)], b"");
    let code = reply.code();
    assert_eq!(reply.status == 200, code.is_empty(), "{} {code}", reply.status);
    code
}

fn is_refused_within(gateway: &Gateway, token: &str, limit: Time) {
    let began = Instant::now();
    while ask(gateway, token).is_empty() {
        assert!(began.elapsed() < limit, "it is still good: {}", gateway.words());
        thread::sleep(PULSE);
    }
    assert_eq!(ask(gateway, token), "token-revoked");
}

#[test]
fn what_is_put_in_etcd_is_revoked_within_two_seconds_and_stays_so_without_it() {
    let mut etcd = Etcd::new();
    etcd.start();
    etcd.put("revoked/jti/early", "");
    etcd.put("revoked-not/late", "");
    let (key, jwk) = key();
    let gateway = etcd.gateway(&jwk);
    let [early, late, other] = ["early", "late", "other"].map(|id| token(&key, id, "ada"));
    let eve = token(&key, "fine", "eve");
    assert_eq!(ask(&gateway, &early), "token-revoked", "{}", gateway.words());
    for good in [&late, &other, &eve] {
        assert_eq!(ask(&gateway, good), "");
    }
    etcd.put("revoked/late", "");
    is_refused_within(&gateway, &late, Time::from_secs(2));
    etcd.put("revoked/sub/eve", "");
    is_refused_within(&gateway, &eve, Time::from_secs(2));

    etcd.kill();
    thread::sleep(Time::from_secs(3));
    for revoked in [&early, &late, &eve] {
        assert_eq!(ask(&gateway, revoked), "token-revoked");
    }
    assert_eq!(ask(&gateway, &other), "");
    assert_eq!(ask(&gateway, &token(&key, "new", "ada")), "");
    // It comes back with what it knew, and is followed again.
    etcd.start();
    etcd.put("revoked/other", "");
    is_refused_within(&gateway, &other, Time::from_secs(10));
    assert_eq!(ask(&gateway, &early), "token-revoked");
}

#[test]
fn before_etcd_has_told_what_is_revoked_no_token_is_good() {
    let mut etcd = Etcd::new();
    let (key, jwk) = key();
    let gateway = etcd.gateway(&jwk);
    let (revoked, good) = (token(&key, "revoked", "ada"), token(&key, "good", "ada"));
    for _ in 0..3 {
        assert_eq!(ask(&gateway, &good), "revocation-unavailable");
        assert_eq!(ask(&gateway, &revoked), "revocation-unavailable");
    }
    etcd.start();
    etcd.put("revoked/revoked", "");
    let patience = Instant::now() + Time::from_secs(15);
    while !ask(&gateway, &good).is_empty() {
        assert!(Instant::now() < patience, "{}", gateway.words());
        thread::sleep(Time::from_millis(100));
    }
    is_refused_within(&gateway, &revoked, Time::from_secs(2));
}

#[test]
fn etcd_that_asks_who_reads_is_followed_by_name_and_password_whatever_becomes_of_its_tokens() {
    let mut etcd = Etcd::new();
    etcd.start();
    etcd.put("revoked/jti/early", "");
    etcd.ask_who();
    let (key, jwk) = key();
    let gateway = etcd.gateway(&jwk);
    let [early, late, last] = ["early", "late", "last"].map(|id| token(&key, id, "ada"));
    assert_eq!(ask(&gateway, &early), "token-revoked", "{}", gateway.words());
    assert_eq!(ask(&gateway, &late), "");
    etcd.put("revoked/jti/late", "");
    is_refused_within(&gateway, &late, Time::from_secs(2));

    // It forgets its tokens when it stops.
    etcd.kill();
    etcd.start();
    assert_eq!(ask(&gateway, &last), "");
    etcd.put("revoked/jti/last", "");
    is_refused_within(&gateway, &last, Time::from_secs(10));
    let everything = gateway.printed().join("\n") + &gateway.words();
    assert!(!everything.contains(GATEWAY_PASSWORD), "{everything}");

    let stranger = etcd.gateway_as(&jwk, "wrong");
    assert_eq!(ask(&stranger, &token(&key, "new", "ada")), "revocation-unavailable");
}
