//! A flood of distinct bad tokens: no memory grows with it, the issuer's keys are asked for once in each interval, and
//! good tokens pass. `FLOOD_SECONDS` makes it longer; `cargo test -p portcullis-suite --test envoy flood -- --nocapture`
//! prints what was seen.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration as Time, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_suite::gateway::Gateway;
use portcullis_suite::http1::{Connection, message};
use serde_json::json;

use crate::provided::{ISSUER, Provider, client, key, token};

const SECONDS: u64 = 8;
/// Every cache is full, and every thread has its stack, by then.
const WARM_UP: Time = Time::from_secs(3);
/// What Envoy's memory may grow by after that. What tokens leave behind would be ten times as much.
const GROWTH_KIB: u64 = 4 * 1024;
/// Far more than any cache holds.
const LEAST: usize = 10_000;
/// Fetches lie so far apart.
const RETRY_SECONDS: u64 = 2;
/// Streams that wait for unknown keys: more than are let wait.
const WAITERS: usize = 300;
const SENDERS: usize = 16;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    test: { issuer: 'https://issuer.test', algorithms: [ES256, EdDSA], jwksUri: PROVIDER/keys, refreshSeconds: 300, retrySeconds: 2 }
"#;

/// A bad token that nobody has sent before, and what is said of it.
fn bad(kind: usize, number: usize) -> (String, &'static str) {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims =
        |iss: &str| part(json!({ "iss": iss, "sub": "eve", "exp": 4_102_444_800_u64, "jti": number }));
    let signature = URL_SAFE_NO_PAD.encode(format!("{number:064}"));
    let header = |id: &str| part(json!({ "alg": "ES256", "kid": id }));
    let token = |head: String, iss: &str| format!("{head}.{}.{signature}", claims(iss));
    match kind {
        0 => (token(header("known"), ISSUER), "token-signature-invalid"),
        1 => (token(header("known"), &format!("https://issuer-{number}.test")), "token-issuer-unknown"),
        2 => (format!("{}.{number}.", header("known")), "token-malformed"),
        _ => (token(header(&format!("unknown-{number}")), ISSUER), "token-key-unknown"),
    }
}

/// Sends one bad token after the other until the time is over.
fn flood(gateway: &Gateway, kinds: Range<usize>, pause: Time, sent: &AtomicUsize, until: Instant) {
    let mut connection = Connection::open(gateway.address());
    while Instant::now() < until {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let (token, code) = bad(kinds.start + number % kinds.len(), number);
        connection.send(&request(&token));
        let reply = connection.reply().expect("an answer");
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{token}");
        thread::sleep(pause);
    }
}

fn request(token: &str) -> Vec<u8> {
    message("GET /x", &[("Authorization", &format!("Bearer {token}"))], b"")
}

/// Resident, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.split_whitespace().next().and_then(|size| size.parse().ok()).expect("a number")
}

#[test]
fn distinct_bad_tokens_take_no_memory_and_one_fetch_in_each_interval() {
    let seconds =
        std::env::var("FLOOD_SECONDS").map_or(SECONDS, |seconds| seconds.parse().expect("a number"));
    let provider = Provider::start();
    let (known, jwk) = key(7, "known");
    provider.change(|said| said.keys = vec![jwk]);
    let gateway = provider.gateway(SETTINGS);
    assert_eq!(client(&gateway).get(&token(&known, "early")).status, 200, "{}", gateway.words());
    provider.calls("/keys");

    let (began, sent, pid) = (Instant::now(), AtomicUsize::new(0), gateway.envoy_pid());
    let until = began + Time::from_secs(seconds);
    let (warm, before) = thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| flood(&gateway, 0..3, Time::ZERO, &sent, until));
        }
        for _ in 0..WAITERS {
            // Those who are sent away at once would leave the others no time.
            scope.spawn(|| flood(&gateway, 3..4, Time::from_millis(20), &sent, until));
        }
        thread::sleep(WARM_UP);
        let seen = (memory(pid), sent.load(Ordering::Relaxed));
        while Instant::now() < until {
            let good = token(&known, &sent.load(Ordering::Relaxed).to_string());
            assert_eq!(client(&gateway).get(&good).status, 200);
            thread::sleep(Time::from_millis(200));
        }
        seen
    });
    let (after, took) = (memory(pid), began.elapsed().as_secs());
    let (sent, fetches) = (sent.into_inner(), provider.calls("/keys"));
    println!(
        "{sent} tokens in {took} s, {fetches} fetches; {warm} KiB after {before}, {after} KiB at the end"
    );
    assert!(sent - before > LEAST, "{sent} tokens are no flood");
    assert!(after < warm + GROWTH_KIB, "from {warm} to {after} KiB");
    let most = took / RETRY_SECONDS + 2;
    assert!(fetches as u64 <= most && fetches > 0, "{fetches} fetches in {took} seconds");
}
