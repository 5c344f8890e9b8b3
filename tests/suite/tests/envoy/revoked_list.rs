//! What a list of a million revoked tokens takes of Envoy's memory: `cargo test -p portcullis-suite --test envoy revoked_list
//! -- --nocapture` prints it.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration as Time, Instant};

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;
use serde_json::{Value, json};

const ENTRIES: usize = 1_000_000;
const PAGE: usize = 250_000;
/// 32 MB.
const WORKER_MIB: f64 = 30.5;
const WORKERS: usize = 4;
/// Less than a list, more than any other mapping that is nobody's file.
const LEAST_MIB: f64 = 15.0;
const PATIENCE: Time = Time::from_secs(60);

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Provided, version: '1' }
paths: { /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

/// A list of so many tokens in pages, with an ETag that names the edition.
fn list(entries: usize, edition: Arc<AtomicUsize>) -> Upstream {
    Upstream::answering(move |request| {
        let etag = format!("\"{}\"", edition.load(Ordering::Relaxed));
        if request.all("if-none-match") == [etag.clone()] {
            return Some((304, String::new(), String::new()));
        }
        let from: usize = request.target.trim_start_matches('/').parse().unwrap_or(0);
        // One entry is another in each edition.
        let mut page = format!(r#"{{"revoked":[{{"jti":{etag}}}"#);
        for entry in from..(from + PAGE).min(entries) {
            write!(page, r#",{{"jti":"b7c9f1c6-4f60-4d0c-9c31-{entry:012}"}}"#).expect("a text");
        }
        page.push(']');
        if from + PAGE < entries {
            write!(page, r#","next":"/{}""#, from + PAGE).expect("a text");
        }
        page.push('}');
        Some((200, format!("etag: {etag}\r\n"), page))
    })
}

fn start(key: &ES256KeyPair, list: &Upstream, workers: usize) -> Gateway {
    let mut jwk: Value = serde_json::from_str(&key.public_key().to_jwk()).expect("a JWK");
    jwk["kid"] = json!("key");
    let settings = json!({
        "apis": [{ "definition": "api.yaml", "endpoint": "mock" }],
        "identity": {
            "issuers": { "test": {
                "issuer": "https://issuer.test", "algorithms": ["ES256"], "jwks": { "keys": [jwk] },
            } },
            "revocation": { "feed": format!("{}/0", list.url()) },
        },
        "services": { list.url(): { "timeoutMilliseconds": 20_000 } },
    });
    let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings.to_string())]);
    let file = folder.path().join("gateway.yaml");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", &workers.to_string()];
    Gateway::start(gateway::command(), &args)
}

/// What each VM has of its memory, once every worker has had several lists.
fn memory(key: &ES256KeyPair, entries: usize, workers: usize) -> Vec<f64> {
    let edition = Arc::new(AtomicUsize::new(1));
    let list = list(entries, edition.clone());
    let gateway = start(key, &list, workers);
    let token = |id: &str| {
        let claims = Claims::create(Duration::from_hours(1)).with_issuer("https://issuer.test");
        format!("Bearer {}", key.sign(claims.with_subject("ada").with_jwt_id(id)).expect("it is signed"))
    };
    let (good, bad) = (token("good"), token("b7c9f1c6-4f60-4d0c-9c31-000000999999"));
    let ask =
        |token: &str| http1::request(gateway.address(), "GET /x", &[("Authorization", token)], b"").status;
    let until = Instant::now() + PATIENCE;
    while ask(&good) != 200 {
        assert!(Instant::now() < until, "{}", gateway.words());
        thread::sleep(Time::from_millis(100));
    }
    let expected = if entries == ENTRIES { 401 } else { 200 };
    // Each connection is another worker's, by and by.
    (0..workers * 8).for_each(|_| assert_eq!(ask(&bad), expected));
    // The list is replaced while the old one serves.
    for next in 2..4 {
        edition.store(next, Ordering::Relaxed);
        let (listed, until) = (token(&next.to_string()), Instant::now() + PATIENCE);
        let mut refused = 0;
        while refused < workers * 8 {
            refused = if ask(&listed) == 401 { refused + 1 } else { 0 };
            assert!(Instant::now() < until, "{}", gateway.words());
        }
    }
    // Time for those who had no request, and for a look that finds nothing new.
    thread::sleep(Time::from_secs(2));
    memories(gateway.envoy_pid())
}

/// What is resident of the large mappings that are nobody's file, in MiB, the largest first: the memory of each VM, and Envoy's
/// own heap.
fn memories(pid: u32) -> Vec<f64> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).expect("it runs");
    let mut is_file = false;
    let mut large = Vec::new();
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, _, _, _, _, _, ..] => is_file = true,
            [_, permissions, _, _, _] => is_file = *permissions != "rw-p",
            ["Rss:", kib, _] if !is_file => large.push(kib.parse::<f64>().expect("a number") / 1024.0),
            _ => {}
        }
    }
    large.retain(|mib| *mib > LEAST_MIB);
    large.sort_by(|one, other| other.total_cmp(one));
    large
}

#[test]
fn a_million_entries_take_less_than_32_mb_in_a_worker_also_in_the_one_that_fetches() {
    let key = ES256KeyPair::generate().with_key_id("key");
    let taken = memory(&key, ENTRIES, WORKERS);
    println!("MiB, Envoy's heap, each of {WORKERS} workers and the main thread: {taken:.1?}");
    // Whoever has more is no VM: it is the heap, with what all share.
    let (vms, others): (Vec<f64>, Vec<f64>) = taken.iter().partition(|mib| **mib < WORKER_MIB);
    assert!(vms.len() > WORKERS && others.len() <= 1, "{taken:?}");
}
