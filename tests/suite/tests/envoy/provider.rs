//! A provider of tokens that publishes keys, judges opaque tokens and lists what is revoked: as it should, slowly,
//! brokenly, and not at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration as Time, Instant};

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{Connection, Reply, message};
use portcullis_suite::upstream::{Answered, Received, Upstream};
use serde_json::{Value, json};

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Provided, version: '1' }
paths:
  /x:
    get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } }
    post:
      security: [{ Token: [] }]
      requestBody: { content: { application/json: { schema: { type: object } } } }
      responses: { '200': { description: Fine } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

const ISSUER: &str = "https://issuer.test";

/// What the provider has to say, changed while it runs.
#[derive(Default)]
struct Said {
    keys: Vec<Value>,
    revoked: Vec<Value>,
    edition: usize,
    /// What becomes of every call.
    mood: Mood,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Well,
    /// It takes so many milliseconds.
    Slow(u64),
    Broken,
    Garbage,
    Gone,
}

struct Provider {
    said: Arc<Mutex<Said>>,
    server: Upstream,
}

impl Provider {
    fn start() -> Self {
        let said: Arc<Mutex<Said>> = Arc::default();
        let told = said.clone();
        Self { said, server: Upstream::answering(move |request| answer(request, &told)) }
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        let mut said = self.said.lock().expect("no connection panics");
        change(&mut said);
        said.edition += 1;
    }

    fn gateway(&self, settings: &str) -> Gateway {
        let settings = settings.replace("PROVIDER", &self.server.url());
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let mut command = gateway::command();
        command.env("GATEWAY_SECRET", "secret");
        Gateway::start(command, &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
    }

    /// The calls of a path since this was last asked.
    fn calls(&self, path: &str) -> usize {
        self.server.take().iter().filter(|call| call.target == path).count()
    }
}

fn answer(request: &Received, told: &Mutex<Said>) -> Answered {
    let mood = told.lock().expect("no connection panics").mood;
    match mood {
        Mood::Well => {}
        Mood::Slow(milliseconds) => thread::sleep(Time::from_millis(milliseconds)),
        Mood::Broken => return Some((500, String::new(), "{}".into())),
        Mood::Garbage => return Some((200, String::new(), "<html>\0".into())),
        Mood::Gone => return None,
    }
    let said = told.lock().expect("no connection panics");
    let form = String::from_utf8_lossy(&request.body).into_owned();
    Some(match request.target.as_str() {
        "/keys" => (200, String::new(), json!({ "keys": said.keys }).to_string()),
        "/revoked" => {
            let etag = format!("\"{}\"", said.edition);
            if request.all("if-none-match") == [etag.clone()] {
                (304, String::new(), String::new())
            } else {
                (200, format!("etag: {etag}\r\n"), json!({ "revoked": said.revoked }).to_string())
            }
        }
        "/introspect" if request.all("authorization") == ["Basic Z2F0ZXdheTpzZWNyZXQ="] => {
            let active = form.contains("token=good");
            (
                200,
                String::new(),
                json!({ "active": active, "client_id": "shop", "jti": "opaque" }).to_string(),
            )
        }
        _ => (404, String::new(), String::new()),
    })
}

struct Client(Connection);

impl Client {
    fn get(&mut self, token: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        self.0.send(&message("GET /x", &[("Authorization", &authorization)], b""));
        self.0.reply().expect("an answer")
    }
}

fn client(gateway: &Gateway) -> Client {
    Client(Connection::open(gateway.address()))
}

/// A key and what is published of it.
fn key(scalar: u8, id: &str) -> (ES256KeyPair, Value) {
    let pair = ES256KeyPair::from_bytes(&[scalar; 32]).expect("a key").with_key_id(id);
    let mut jwk: Value = serde_json::from_str(&pair.public_key().to_jwk()).expect("a JWK");
    jwk["kid"] = json!(id);
    (pair, jwk)
}

fn token(key: &ES256KeyPair, id: &str) -> String {
    let claims =
        Claims::create(Duration::from_hours(1)).with_issuer(ISSUER).with_subject("ada").with_jwt_id(id);
    key.sign(claims).expect("it is signed")
}

const BY_KEYS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers: { test: { issuer: 'https://issuer.test', algorithms: [ES256], jwksUri: PROVIDER/keys, refreshSeconds: 1, retrySeconds: 1 } }
"#;

#[test]
fn keys_rotate_under_load_without_a_refused_request() {
    let provider = Provider::start();
    let (first, first_jwk) = key(7, "first");
    let (second, second_jwk) = key(9, "second");
    provider.change(|said| said.keys = vec![first_jwk]);
    let gateway = provider.gateway(BY_KEYS);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let (mut client, mut count) = (client(&gateway), 0);
            while !is_over.load(Ordering::Relaxed) {
                count += 1;
                let reply = client.get(&token(&first, &count.to_string()));
                assert_eq!(reply.status, 200, "{}", reply.code());
            }
            count
        });
        thread::sleep(Time::from_millis(300));
        provider.change(|said| said.keys.push(second_jwk));
        // Signed by a key that the gateway cannot know yet.
        assert_eq!(client(&gateway).get(&token(&second, "new")).status, 200);
        provider.change(|said| said.mood = Mood::Gone);
        thread::sleep(Time::from_millis(1500));
        provider.change(|said| said.mood = Mood::Garbage);
        thread::sleep(Time::from_millis(1500));
        assert_eq!(client(&gateway).get(&token(&second, "later")).status, 200, "{}", gateway.words());
        is_over.store(true, Ordering::Relaxed);
        assert!(load.join().expect("no request is refused") > 50);
    });
    provider.change(|said| said.mood = Mood::Well);
    let (stranger, _) = key(11, "stranger");
    provider.calls("/keys");
    let began = Instant::now();
    thread::scope(|scope| {
        for number in 0..20 {
            let (gateway, stranger) = (&gateway, &stranger);
            scope.spawn(move || {
                let reply = client(gateway).get(&token(stranger, &number.to_string()));
                assert_eq!((reply.status, reply.code().as_str()), (401, "token-key-unknown"));
            });
        }
    });
    let seconds = began.elapsed().as_secs() as usize + 2;
    let calls = provider.calls("/keys");
    assert!(calls <= seconds, "{calls} fetches in {seconds} seconds");
}

const BY_INTROSPECTION: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    opaque:
      issuer: https://issuer.test
      introspection: { endpoint: PROVIDER/introspect, clientId: gateway, clientSecretEnv: GATEWAY_SECRET, cacheSeconds: 60, negativeCacheSeconds: 1 }
services: { 'PROVIDER': { timeoutMilliseconds: 1000 } }
"#;

#[test]
fn opaque_tokens_are_asked_about_once_however_many_requests_wait() {
    let provider = Provider::start();
    let gateway = provider.gateway(BY_INTROSPECTION);
    provider.change(|said| said.mood = Mood::Slow(300));
    // The one whose call it is goes away before the answer.
    let mut leaver = Connection::open(gateway.address());
    leaver.send(&message("GET /x", &[("Authorization", "Bearer good-shared")], b""));
    thread::sleep(Time::from_millis(100));
    thread::scope(|scope| {
        let others: Vec<_> = (0..20)
            .map(|number| {
                let gateway = &gateway;
                scope.spawn(move || {
                    let mut connection = Connection::open(gateway.address());
                    let head =
                        [("Authorization", "Bearer good-shared"), ("Content-Type", "application/json")];
                    let (line, body): (_, &[u8]) =
                        if number % 2 == 0 { ("GET /x", b"") } else { ("POST /x", b"{}") };
                    connection.send(&message(line, if number % 2 == 0 { &head[..1] } else { &head }, body));
                    let reply = connection.reply().expect("an answer");
                    (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
                })
            })
            .collect();
        thread::sleep(Time::from_millis(50));
        drop(leaver);
        for other in others {
            let (status, body) = other.join().expect("it is answered");
            assert_eq!(status, 200, "{body} {}", gateway.words());
        }
    });
    let calls = provider.calls("/introspect");
    assert!((1..=2).contains(&calls), "{calls} calls: one, and another for the one that got lost");

    let mut client = client(&gateway);
    assert_eq!(client.get("bad").code(), "token-inactive");
    for (mood, name) in [
        (Mood::Slow(3000), "slow"),
        (Mood::Garbage, "garbage"),
        (Mood::Broken, "broken"),
        (Mood::Gone, "gone"),
    ] {
        provider.change(|said| said.mood = mood);
        let began = Instant::now();
        let reply = client.get(&format!("good-{name}"));
        assert_eq!((reply.status, reply.code().as_str()), (503, "introspection-unavailable"), "{name}");
        assert!(began.elapsed() < Time::from_millis(2500), "{name}: {:?}", began.elapsed());
        assert_eq!(client.get("good-shared").status, 200, "{name}: those who are remembered go on");
    }
    // By now the server is left alone.
    (0..10).for_each(|number| assert_eq!(client.get(&format!("good-{number}")).status, 503));
    assert!(provider.calls("/introspect") < 10);
    provider.change(|said| said.mood = Mood::Well);
    let patience = Instant::now() + Time::from_secs(10);
    while client.get("good-again").status != 200 {
        assert!(Instant::now() < patience, "it is asked again after a while");
        thread::sleep(Time::from_millis(200));
    }
}

const REVOKED: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers: { test: { issuer: 'https://issuer.test', algorithms: [ES256], jwksUri: PROVIDER/keys } }
  revocation: { feed: PROVIDER/revoked }
"#;

#[test]
fn a_revoked_token_is_refused_within_two_seconds_and_for_good() {
    let provider = Provider::start();
    let (key, jwk) = key(7, "key");
    provider.change(|said| {
        said.keys = vec![jwk];
        said.revoked = vec![json!({ "jti": "early" })];
    });
    let gateway = provider.gateway(REVOKED);
    let mut client = client(&gateway);
    let (early, late, other) = (token(&key, "early"), token(&key, "late"), token(&key, "other"));
    assert_eq!(client.get(&early).code(), "token-revoked");
    assert_eq!((client.get(&late).status, client.get(&other).status), (200, 200));

    provider.change(|said| said.revoked.push(json!({ "jti": "late" })));
    let revoked = Instant::now();
    while client.get(&late).status == 200 {
        assert!(revoked.elapsed() < Time::from_secs(2), "it is still good");
        thread::sleep(Time::from_millis(20));
    }
    provider.change(|said| said.mood = Mood::Gone);
    thread::sleep(Time::from_secs(2));
    assert_eq!(client.get(&late).code(), "token-revoked");
    assert_eq!(client.get(&other).status, 200);
}

#[test]
fn while_there_was_no_list_yet_no_token_is_good() {
    let provider = Provider::start();
    let (key, jwk) = key(7, "key");
    provider.change(|said| said.keys = vec![jwk]);
    provider.change(|said| said.mood = Mood::Gone);
    let gateway = provider.gateway(REVOKED);
    let began = Instant::now();
    assert_eq!(client(&gateway).get(&token(&key, "a")).status, 503);
    assert!(began.elapsed() < Time::from_secs(15));
    provider.change(|said| said.mood = Mood::Well);
    let patience = Instant::now() + Time::from_secs(10);
    while client(&gateway).get(&token(&key, "a")).status != 200 {
        assert!(Instant::now() < patience, "{}", gateway.words());
        thread::sleep(Time::from_millis(200));
    }
}
