//! Everything that a gateway asks a server for, while the server is slow, broken, says garbage or is gone: what is known
//! goes on, what is not known is refused with a code, and all comes right by itself.

use std::thread;
use std::time::{Duration, Instant};

use jwt_simple::prelude::ES256KeyPair;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use serde_json::json;

use crate::provided::{DISCOVERED, ISSUER, Mood, Provider, key, token_of};

const MOODS: [(Mood, &str); 4] =
    [(Mood::Slow(3000), "slow"), (Mood::Broken, "broken"), (Mood::Garbage, "garbage"), (Mood::Gone, "gone")];

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Faults, version: '1' }
paths:
  /token: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } }
  /login: { get: { security: [{ Login: [] }], responses: { '200': { description: Fine } } } }
components:
  securitySchemes:
    Token: { type: http, scheme: bearer }
    Login: { type: http, scheme: basic }
"#;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    plain: { issuer: 'https://issuer.test', algorithms: [ES256], jwksUri: PROVIDER/keys, refreshSeconds: 1, retrySeconds: 1 }
    discovered:
      issuer: https://discovered.test
      algorithms: [ES256]
      discoveryUri: PROVIDER/.well-known/openid-configuration
      refreshSeconds: 1
      retrySeconds: 1
  revocation: { feed: PROVIDER/revoked }
  userStore: { endpoint: PROVIDER/verify, cacheSeconds: 60 }
services: { 'PROVIDER': { timeoutMilliseconds: 1000 } }
"#;

/// Longest that a request may take that has to wait for a server.
const PATIENCE: Duration = Duration::from_millis(2500);
const RECOVERY: Duration = Duration::from_secs(12);

struct Client<'g>(&'g Gateway);

impl Client<'_> {
    /// Status and code, which come in time.
    fn ask(&self, target: &str, authorization: &str) -> (u16, String) {
        let began = Instant::now();
        let line = format!("GET {target}");
        let reply = http1::request(self.0.address(), &line, &[("Authorization", authorization)], b"");
        assert!(began.elapsed() < PATIENCE, "{target}: {:?}", began.elapsed());
        (reply.status, reply.code())
    }

    fn token(&self, issuer: &str, key: &ES256KeyPair, id: &str) -> (u16, String) {
        self.ask("/token", &format!("Bearer {}", token_of(issuer, key, id)))
    }

    fn login(&self, authorization: &str) -> (u16, String) {
        self.ask("/login", authorization)
    }
}

/// `ada`'s right password, a wrong one, and the right one of `bob`.
const ADA: &str = "Basic YWRhOnJpZ2h0";
const WRONG: &str = "Basic YWRhOndyb25n";
const BOB: &str = "Basic Ym9iOnJpZ2h0";

fn said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn what_is_known_goes_on_whatever_becomes_of_the_servers() {
    let provider = Provider::start();
    let (first, first_jwk) = key(7, "first");
    provider.change(|said| {
        said.keys = vec![first_jwk];
        said.revoked = vec![json!({ "jti": "early" })];
    });
    let gateway = provider.launch(gateway::command(), DEFINITION, SETTINGS);
    let client = Client(&gateway);
    let goes_on = |name: &str| {
        for issuer in [ISSUER, DISCOVERED] {
            // Never seen before, so it is verified.
            assert_eq!(client.token(issuer, &first, name), said(200, ""), "{name} {}", gateway.words());
            assert_eq!(client.token(issuer, &first, "early"), said(401, "token-revoked"), "{name}");
        }
        assert_eq!(client.login(ADA), said(200, ""), "{name}");
    };
    goes_on("at first");
    assert_eq!(client.login(WRONG), said(401, "basic-invalid"));
    for (scalar, (mood, name)) in (20..).zip(MOODS) {
        provider.change(|said| said.mood = mood);
        assert_eq!(client.login(BOB), said(503, "user-store-unavailable"), "{name}");
        // Time for several attempts at everything.
        thread::sleep(Duration::from_secs(2));
        goes_on(name);
        let (next, next_jwk) = key(scalar, name);
        provider.change(|told| {
            told.mood = Mood::Well;
            told.keys.push(next_jwk);
            told.revoked.push(json!({ "jti": format!("{name}-late") }));
        });
        recovers(name, || client.token(DISCOVERED, &next, "new") == said(200, ""));
        recovers(name, || client.token(ISSUER, &next, &format!("{name}-late")) == said(401, "token-revoked"));
    }
    recovers("the user store", || client.login(BOB) == said(200, ""));
}

#[test]
fn nobody_passes_before_the_servers_have_spoken_for_the_first_time() {
    for (mood, name) in MOODS {
        let provider = Provider::start();
        let (first, first_jwk) = key(7, "first");
        provider.change(|said| {
            said.keys = vec![first_jwk];
            said.mood = mood;
        });
        let gateway = provider.launch(gateway::command(), DEFINITION, &SETTINGS.replace(REVOCATION, ""));
        for issuer in [ISSUER, DISCOVERED] {
            let reply = http1::request(
                gateway.address(),
                "GET /token",
                &[("Authorization", &format!("Bearer {}", token_of(issuer, &first, "a")))],
                b"",
            );
            assert_eq!((reply.status, reply.code().as_str()), (503, "keys-unavailable"), "{name}");
        }
        provider.change(|said| said.mood = Mood::Well);
        let client = Client(&gateway);
        for issuer in [ISSUER, DISCOVERED] {
            recovers(name, || client.token(issuer, &first, "a") == said(200, ""));
        }
    }
}

const REVOCATION: &str = "  revocation: { feed: PROVIDER/revoked }\n";

fn recovers(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < RECOVERY, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}
