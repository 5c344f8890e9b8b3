//! The clock of Envoy steps an hour ahead and an hour back while it serves (`clock.c`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;
use std::time::{Duration as Time, Instant, SystemTime, UNIX_EPOCH};

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Reply};
use portcullis_suite::repository;
use serde_json::json;
use tempfile::TempDir;

use crate::provided::{ISSUER, Provider, key};

const HOUR: i64 = 3_600;
const HALF: i64 = HOUR / 2;

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Stepping, version: '1' }
paths:
  /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } }
  /few:
    get:
      security: []
      x-portcullis: { limits: [few] }
      responses: { '200': { description: Fine } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    keys: { issuer: 'https://issuer.test', algorithms: [ES256], jwksUri: PROVIDER/keys, refreshSeconds: 600, retrySeconds: 1 }
    opaque:
      issuer: https://opaque.test
      introspection: { endpoint: PROVIDER/introspect, clientId: gateway, clientSecretEnv: GATEWAY_SECRET, cacheSeconds: 600 }
  revocation: { feed: PROVIDER/revoked }
limits: { few: { requests: 30, per: minute, burst: 2, by: all } }
"#;

/// The clock of an Envoy that is started by [`Clock::command`].
pub(crate) struct Clock {
    ahead: File,
    folder: TempDir,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let folder = gateway::folder(&[]);
        let ahead = File::create(folder.path().join("ahead")).expect("a file");
        let clock = Self { ahead, folder };
        clock.step(0);
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(clock.folder.path().join("clock.so"));
        compiler.arg(repository().join("tests/suite/tests/envoy/clock.c"));
        assert!(compiler.status().expect("a C compiler (scripts/setup rust)").success());
        clock
    }

    /// So many seconds ahead of the machine's, from now on.
    pub(crate) fn step(&self, ahead: i64) {
        self.ahead.write_all_at(&ahead.to_le_bytes(), 0).expect("it is written");
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = gateway::command();
        command.env("LD_PRELOAD", self.folder.path().join("clock.so"));
        command.env("CLOCK_FILE", self.folder.path().join("ahead"));
        command
    }
}

pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

/// A token that is good from one second to another, by the machine's clock, counted from now.
fn token(key: &ES256KeyPair, id: &str, from: Option<i64>, until: i64) -> String {
    let now = now();
    let mut claims =
        Claims::create(Duration::from_secs(1)).with_issuer(ISSUER).with_subject("ada").with_jwt_id(id);
    let time = |seconds: i64| Duration::from_secs((now + seconds) as u64);
    (claims.issued_at, claims.invalid_before) = (from.map(time), None);
    claims.expires_at = Some(time(until));
    key.sign(claims).expect("it is signed")
}

fn get(gateway: &Gateway, token: &str) -> (u16, String) {
    let reply =
        http1::request(gateway.address(), "GET /x", &[("Authorization", &format!("Bearer {token}"))], b"");
    (reply.status, reply.code())
}

fn few(gateway: &Gateway) -> Reply {
    http1::request(gateway.address(), "GET /few", &[], b"")
}

/// Asks until it is so, for two seconds: by then every worker has looked for what is new.
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Time::from_secs(2);
    while !is_so() {
        assert!(Instant::now() < patience, "{what}");
        thread::sleep(Time::from_millis(50));
    }
}

fn fine() -> (u16, String) {
    (200, String::new())
}

fn refused(code: &str) -> (u16, String) {
    (401, code.to_owned())
}

#[test]
fn an_hour_ahead_ends_what_ends_meanwhile_and_the_way_back_takes_no_revocation_along() {
    let (provider, clock) = (Provider::start(), Clock::new());
    let ((first, first_jwk), (second, second_jwk)) = (key(7, "first"), key(9, "second"));
    provider.change(|said| said.keys = vec![first_jwk]);
    let gateway = provider.launch(clock.command(), DEFINITION, SETTINGS);
    let (short, long) = (token(&first, "short", Some(0), HALF), token(&first, "long", Some(0), 2 * HOUR));
    let (stolen, spare) = (token(&first, "stolen", Some(0), HALF), token(&first, "spare", None, HALF));
    for one in [&short, &long, &stolen, "good"] {
        assert_eq!(get(&gateway, one), fine(), "{}", gateway.words());
    }
    let statuses = [few(&gateway).status, few(&gateway).status, few(&gateway).status];
    assert_eq!(statuses, [200, 200, 429]);
    assert!(provider.calls("/keys") <= 2, "and one more if the first request came before the keys");

    clock.step(HOUR);
    assert_eq!(get(&gateway, &short), refused("token-expired"), "although it is remembered as good");
    assert_eq!(get(&gateway, &long), fine());
    assert_eq!(get(&gateway, "good"), fine());
    assert_eq!(provider.calls("/introspect"), 1, "what was said an hour ago is asked again");
    assert_eq!([few(&gateway).status, few(&gateway).status, few(&gateway).status], [200, 200, 429]);
    // The interval of 600 seconds has passed for the gateway: the new key comes by itself.
    provider.change(|said| said.keys.push(second_jwk));
    let until = (now() + HALF) as u64;
    let ends = |id: &str| json!({ "jti": id, "until": until });
    provider.change(|said| said.revoked = vec![ends("stolen"), ends("spare"), json!({ "jti": "gone" })]);
    assert_eq!(get(&gateway, &token(&second, "new", Some(0), 2 * HOUR)), fine());
    let gone = token(&first, "gone", Some(0), 2 * HOUR);
    soon("the list is looked at", || get(&gateway, &gone) == refused("token-revoked"));

    clock.step(0);
    assert_eq!(get(&gateway, &short), fine());
    assert_eq!(get(&gateway, &long), fine());
    for one in [&stolen, &spare, &gone] {
        assert_eq!(get(&gateway, one), refused("token-revoked"));
    }
    let asked = few(&gateway);
    let wait = asked.header("retry-after").map_or(0, |wait| wait.parse().expect("seconds"));
    assert!(wait <= 60, "a limit of a minute says {wait}");
    thread::sleep(Time::from_secs(wait.min(5)));
    assert_eq!(few(&gateway).status, 200);
    provider.change(|said| said.revoked.push(json!({ "jti": "long" })));
    soon("the list is looked at again", || get(&gateway, &long) == refused("token-revoked"));
    thread::sleep(Time::from_secs(3));
    assert!(provider.calls("/keys") <= 6, "what was wanted an hour ahead is wanted no more");
}

#[test]
fn an_hour_back_refuses_what_begins_later_and_everything_goes_on() {
    let (provider, clock) = (Provider::start(), Clock::new());
    let ((first, first_jwk), (second, second_jwk)) = (key(7, "first"), key(9, "second"));
    provider.change(|said| said.keys = vec![first_jwk]);
    let gateway = provider.launch(clock.command(), DEFINITION, SETTINGS);
    let (fresh, old) = (token(&first, "fresh", Some(0), HOUR), token(&first, "old", Some(-2 * HOUR), HOUR));
    for one in [&fresh, &old, "good"] {
        assert_eq!(get(&gateway, one), fine(), "{}", gateway.words());
    }
    assert_eq!(get(&gateway, "bad"), refused("token-inactive"));
    while few(&gateway).status == 200 {}
    provider.calls("/introspect");

    clock.step(-HOUR);
    assert_eq!(get(&gateway, &fresh), refused("token-not-yet-valid"), "although it is remembered as good");
    assert_eq!(get(&gateway, &old), fine());
    assert_eq!(get(&gateway, "good"), fine());
    assert_eq!(provider.calls("/introspect"), 1, "what was said in an hour from now is asked again");
    let wait = few(&gateway).header("retry-after").map_or(0, |wait| wait.parse().expect("seconds"));
    assert!(wait <= 60, "a limit of a minute says {wait}");
    thread::sleep(Time::from_secs(wait.min(5)));
    assert_eq!(few(&gateway).status, 200);
    provider.change(|said| {
        said.keys.push(second_jwk);
        said.revoked = vec![json!({ "jti": "old" })];
    });
    assert_eq!(get(&gateway, &token(&second, "new", None, HOUR)), fine(), "keys are fetched as before");
    soon("the list is looked at", || get(&gateway, &old) == refused("token-revoked"));
    let late = token(&second, "late", None, -HALF);
    assert_eq!(get(&gateway, &late), fine(), "it ends in half an hour");

    clock.step(0);
    assert_eq!(get(&gateway, &late), refused("token-expired"));
    assert_eq!(get(&gateway, &fresh), fine());
    assert_eq!(get(&gateway, &old), refused("token-revoked"));
}
