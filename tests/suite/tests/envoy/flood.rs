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
const SENDERS: usize = 24;
/// Requests that a sender has on its way: Envoy ends a connection on which it has refused more without being read.
const AT_ONCE: usize = 2;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    test: { issuer: 'https://issuer.test', algorithms: [ES256, EdDSA], jwksUri: PROVIDER/keys, refreshSeconds: 300, retrySeconds: 2 }
"#;

/// Bad tokens that nobody has sent before, and what is said of them. What costs the sender little can come fast: of most only the
/// signature differs, whose base64url is the token's number.
struct Bad {
    header: String,
    claims: String,
}

impl Bad {
    fn new() -> Self {
        let claims = json!({ "iss": ISSUER, "sub": "eve", "exp": 4_102_444_800_u64 });
        Self { header: part(&json!({ "alg": "ES256", "kid": "known" })), claims: part(&claims) }
    }

    fn token(&self, kind: usize, number: usize) -> (String, &'static str) {
        let Self { header, claims } = self;
        match kind {
            0 => (format!("{header}.{claims}.{number:085}A"), "token-signature-invalid"),
            1 => {
                let iss = format!("https://issuer-{number}.test");
                let claims = part(&json!({ "iss": iss, "sub": "eve", "exp": 4_102_444_800_u64 }));
                (format!("{header}.{claims}.{number:085}A"), "token-issuer-unknown")
            }
            2 => (format!("{header}.{number}."), "token-malformed"),
            _ => {
                let header = part(&json!({ "alg": "ES256", "kid": format!("unknown-{number}") }));
                (format!("{header}.{claims}.{number:085}A"), "token-key-unknown")
            }
        }
    }
}

fn part(value: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Sends bad tokens until the time is over, so many at once on one connection.
fn flood(
    gateway: &Gateway,
    kinds: Range<usize>,
    (at_once, pause): (usize, Time),
    sent: &AtomicUsize,
    until: Instant,
) {
    let (mut connection, bad) = (Connection::open(gateway.address()), Bad::new());
    while Instant::now() < until {
        let first = sent.fetch_add(at_once, Ordering::Relaxed);
        let tokens: Vec<_> = (first..first + at_once)
            .map(|number| bad.token(kinds.start + number % kinds.len(), number))
            .collect();
        connection.send(&tokens.iter().flat_map(|(token, _)| request(token)).collect::<Vec<u8>>());
        for (token, code) in &tokens {
            let reply = connection.reply().expect("an answer");
            let said = String::from_utf8_lossy(&reply.body);
            assert!(reply.status == 401 && said.contains(&format!("\"{code}\"")), "{token}: {said}");
        }
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
            scope.spawn(|| flood(&gateway, 0..3, (AT_ONCE, Time::ZERO), &sent, until));
        }
        for _ in 0..WAITERS {
            // Those who are sent away at once would leave the others no time.
            scope.spawn(|| flood(&gateway, 3..4, (1, Time::from_millis(200)), &sent, until));
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
        "{sent} tokens in {took} s, {} a second after the first, {fetches} fetches; {warm} KiB after {before}, {after} KiB at the end",
        (sent - before) as u64 / (took - WARM_UP.as_secs()).max(1)
    );
    assert!(sent - before > LEAST, "{sent} tokens are no flood");
    assert!(after < warm + GROWTH_KIB, "from {warm} to {after} KiB");
    let most = took / RETRY_SECONDS + 2;
    assert!(fetches as u64 <= most && fetches > 0, "{fetches} fetches in {took} seconds");
}
