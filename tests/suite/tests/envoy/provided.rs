//! A provider of tokens that publishes keys, judges opaque tokens, knows users and lists what is revoked: as it should,
//! slowly, brokenly, and not at all.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration as Time;

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

pub(crate) const ISSUER: &str = "https://issuer.test";
/// Whose keys its metadata leads to.
pub(crate) const DISCOVERED: &str = "https://discovered.test";

/// What the provider has to say, changed while it runs.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) keys: Vec<Value>,
    pub(crate) revoked: Vec<Value>,
    edition: usize,
    /// What becomes of every call.
    pub(crate) mood: Mood,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It takes so many milliseconds.
    Slow(u64),
    Broken,
    Garbage,
    Gone,
}

pub(crate) struct Provider {
    said: Arc<Mutex<Said>>,
    server: Upstream,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let said: Arc<Mutex<Said>> = Arc::default();
        let told = said.clone();
        Self { said, server: Upstream::answering(move |request| answer(request, &told)) }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Said)) {
        let mut said = self.said.lock().expect("no connection panics");
        change(&mut said);
        said.edition += 1;
    }

    /// A gateway of one worker that asks it; `PROVIDER` in the settings stands for its URL.
    pub(crate) fn gateway(&self, settings: &str) -> Gateway {
        self.launch(gateway::command(), DEFINITION, settings)
    }

    /// The same by a command of one's own, for another definition.
    pub(crate) fn launch(&self, mut command: Command, definition: &str, settings: &str) -> Gateway {
        let settings = settings.replace("PROVIDER", &self.server.url());
        let folder = gateway::folder(&[("api.yaml", definition), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        command.env("GATEWAY_SECRET", "secret");
        Gateway::start(command, &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
    }

    /// The calls of a path since this was last asked.
    pub(crate) fn calls(&self, path: &str) -> usize {
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
        "/.well-known/openid-configuration" => {
            let keys = format!("http://{}/keys", request.all("host").concat());
            (200, String::new(), json!({ "issuer": DISCOVERED, "jwks_uri": keys }).to_string())
        }
        "/verify" if form.contains(r#""password":"right""#) => (200, String::new(), "{}".into()),
        "/verify" => (401, String::new(), String::new()),
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

pub(crate) struct Client(Connection);

impl Client {
    pub(crate) fn get(&mut self, token: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        self.0.send(&message("GET /x", &[("Authorization", &authorization)], b""));
        self.0.reply().expect("an answer")
    }
}

pub(crate) fn client(gateway: &Gateway) -> Client {
    Client(Connection::open(gateway.address()))
}

/// A key and what is published of it.
pub(crate) fn key(scalar: u8, id: &str) -> (ES256KeyPair, Value) {
    let pair = ES256KeyPair::from_bytes(&[scalar; 32]).expect("a key").with_key_id(id);
    let mut jwk: Value = serde_json::from_str(&pair.public_key().to_jwk()).expect("a JWK");
    jwk["kid"] = json!(id);
    (pair, jwk)
}

pub(crate) fn token(key: &ES256KeyPair, id: &str) -> String {
    token_of(ISSUER, key, id)
}

pub(crate) fn token_of(issuer: &str, key: &ES256KeyPair, id: &str) -> String {
    let claims =
        Claims::create(Duration::from_hours(1)).with_issuer(issuer).with_subject("ada").with_jwt_id(id);
    key.sign(claims).expect("it is signed")
}
