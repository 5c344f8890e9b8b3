//! What becomes of requests while a provider of tokens is well, slow, broken or gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration as Time, Instant};

use portcullis_suite::http1::{Connection, message};
use serde_json::json;

use crate::provided::{Mood, Provider, client, key, token};

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
