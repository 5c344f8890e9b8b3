//! The case files about authentication, a third time: each gateway served by the built program in Envoy, whose clock stands at the
//! time at which cases begin. `FILES=basic` runs those whose name contains this text.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::{Received, Upstream};
use portcullis_suite::{Case, CaseFile, Expected, Request, SECRETS, Seen, SeenUpstream, Step};
use portcullis_suite::{case_files, differences, jwks};
use tempfile::TempDir;

use crate::clock::{Clock, now};

/// 2026-01-01T00:00:00Z: when every case begins.
const START: i64 = 1_767_225_600;
/// Fewer would mean that most of them no longer run.
const AT_LEAST: usize = 175;
const ABOUT: [&str; 2] = ["auth/", "hostile/tokens"];
/// The program does not start such a gateway (`environment.rs`); what is counted fills up (`key_service.rs`, `passwords.rs`).
const ELSEWHERE: [&str; 3] =
    ["auth/environment-lacks-secrets.yaml", "auth/key-service.yaml", "auth/passwords.yaml"];
/// Files of which a case would find what the one before it has used up.
const FRESH: [&str; 2] = ["auth/alternatives.yaml", "auth/issuers.yaml"];
/// Of two `Referer` fields Envoy makes one value before any plugin sees them; no browser sends two.
const OTHERWISE: [&str; 2] =
    ["no referer, an empty one and two are none of a key's referers", "a key may be used from its referers"];
/// By this Envoy finds the route, and takes it away then.
const ROUTE: &str = "x-portcullis-route";

/// Every origin becomes the one server; what Envoy connects to within itself stays.
const WRAPPER: &str = r#"#!/usr/bin/env python3
import json, os, sys
file = sys.argv[sys.argv.index("-c") + 1]
bootstrap = json.load(open(file))
for cluster in bootstrap["static_resources"]["clusters"]:
    for endpoints in cluster["load_assignment"]["endpoints"]:
        for one in endpoints["lb_endpoints"]:
            address = one["endpoint"]["address"]
            if "socket_address" in address:
                address["socket_address"] = {"address": "127.0.0.1", "port_value": PORT}
                cluster["type"] = "STATIC"
    for name in ["dns_lookup_family", "transport_socket", "transport_socket_matches"]:
        cluster.pop(name, None)
json.dump(bootstrap, open(file, "w"))
os.execv("ENVOY", ["ENVOY"] + sys.argv[1:])
"#;

/// A gateway of a case file.
struct Served {
    gateway: Gateway,
    upstream: Upstream,
    _folder: TempDir,
}

impl Served {
    fn start(file: &CaseFile, clock: &Clock) -> Self {
        let upstream = Upstream::answering(|_| Some((200, String::new(), String::new())));
        let folder = gateway::folder(&[("jwks.json", &jwks())]);
        for (name, text) in &file.files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let command = command(&folder, &upstream, clock);
        let entry = if file.files.contains_key("gateway.yaml") { "gateway.yaml" } else { "api.yaml" };
        let entry = folder.path().join(entry);
        let args = [entry.to_str().expect("a UTF-8 path"), "--workers", "1", "--layout", "pipeline"];
        Self { gateway: Gateway::start(command, &args), upstream, _folder: folder }
    }

    fn send(&self, request: &Request) -> Seen {
        let reply = http1::exchange(self.gateway.address(), &bytes(request));
        let mut arrived = self.upstream.take();
        assert!(arrived.len() <= 1, "one request arrives once: {arrived:#?}");
        let upstream = arrived.pop().map(seen_upstream);
        Seen { status: reply.status, headers: reply.headers, body: reply.body, upstream, observed: None }
    }

    fn failures(&self, case: &Case, clock: &Clock) -> Vec<String> {
        let mut failures = Vec::new();
        for (at, step) in case.steps().iter().enumerate() {
            for _ in 0..step.times.unwrap_or(1) {
                early_in_a_second();
                clock.step(START - now());
                let seen = self.send(&step.request);
                let expected = as_servers_see(&step.expect, &seen);
                let found = differences(&expected, &seen);
                failures
                    .extend(found.into_iter().map(|one| format!("{}: step {}: {one}", case.name, at + 1)));
            }
        }
        failures
    }
}

/// Envoy's clock is so many whole seconds from the machine's: what is sent late in a second of one is judged in the next of the other.
fn early_in_a_second() {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_millis();
    if passed >= 500 {
        thread::sleep(Duration::from_millis((1_001 - passed).into()));
    }
}

/// The program with an Envoy for which the upstream is every server there is.
fn command(folder: &TempDir, upstream: &Upstream, clock: &Clock) -> Command {
    let wrapper = folder.path().join("envoy");
    let port = upstream.authority().rsplit_once(':').expect("a port").1.to_owned();
    let script = WRAPPER.replace("PORT", &port).replace("ENVOY", gateway::envoy().to_str().expect("UTF-8"));
    std::fs::write(&wrapper, script).expect("a file");
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect("its owner's");
    let mut command = clock.command();
    command.env("PORTCULLIS_ENVOY", wrapper).envs(SECRETS);
    command
}

fn bytes(request: &Request) -> Vec<u8> {
    let body = request.body_bytes();
    let head = request.head();
    let value = |wanted: &str| {
        let found = head.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        found.unwrap_or_default()
    };
    let mut bytes = [&value(":method")[..], b" ", &value(":path"), b" HTTP/1.1\r\nhost: "].concat();
    bytes.extend(value(":authority"));
    for (name, value) in head.iter().filter(|(name, _)| !name.starts_with(':')) {
        // Envoy itself appends the address of the connection's other end.
        let value = match name.as_str() {
            "x-forwarded-for" => match value.iter().rposition(|byte| *byte == b',') {
                Some(end) => &value[..end],
                None => continue,
            },
            _ => value,
        };
        bytes.extend([b"\r\n", name.as_bytes(), b": ", value].concat());
    }
    if !body.is_empty() {
        bytes.extend(format!("\r\ncontent-length: {}", body.len()).into_bytes());
    }
    bytes.extend(b"\r\n\r\n");
    bytes.extend(body);
    bytes
}

fn seen_upstream(arrived: Received) -> SeenUpstream {
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let headers = arrived.headers.into_iter().map(|(name, value)| (name, text(value)));
    SeenUpstream { path: arrived.target, headers: headers.collect(), body: arrived.body }
}

/// Cases tell what leaves the plugins, and this is what leaves Envoy: the route is gone, and the endpoint's path stands in the place of
/// the base path. What can be compared of a path is the query.
fn as_servers_see(expected: &Expected, seen: &Seen) -> Expected {
    let mut expected = expected.clone();
    if let (Some(wanted), Some(seen)) = (&mut expected.upstream, &seen.upstream) {
        wanted.headers.remove(ROUTE);
        let query = |path: &str| path.split_once('?').map(|(_, query)| query.to_owned());
        if wanted.path.as_deref().is_some_and(|path| query(path) == query(&seen.path)) {
            wanted.path = None;
        }
    }
    expected
}

/// What needs another peer, a certificate, servers that are asked, or time that passes has end-to-end tests of its own.
fn is_plain(file: &CaseFile, case: &Case) -> bool {
    let plain = |step: &Step| {
        let request = &step.request;
        let alone = step.at.is_none() && step.keeps.is_none() && step.ends.is_none();
        let certificate = request.certificate.is_some() || request.certificate_header.is_some();
        alone && !certificate && request.peer.is_none() && !request.trailers && request.reply_bytes == 0
    };
    let asks = !file.services.is_empty() || file.cases.iter().any(|case| !case.services.is_empty());
    !asks && !OTHERWISE.contains(&case.name.as_str()) && case.steps().iter().all(plain)
}

/// What became of cases.
#[derive(Default)]
struct Outcome {
    failures: String,
    ran: usize,
    left: usize,
}

impl Outcome {
    fn and(self, other: Self) -> Self {
        let failures = self.failures + &other.failures;
        Self { failures, ran: self.ran + other.ran, left: self.left + other.left }
    }
}

fn is_ours(name: &str, file: &CaseFile) -> bool {
    let certificates = file.files.get("gateway.yaml").is_some_and(|text| text.contains("clientCertificates"));
    let is_served = !ELSEWHERE.contains(&name) && file.plugins.is_none() && !certificates;
    is_served && ABOUT.iter().any(|about| name.starts_with(about))
}

fn outcome(name: &str, file: &CaseFile, clock: &Clock) -> Outcome {
    let (plain, others): (Vec<_>, Vec<_>) = file.cases.iter().partition(|case| is_plain(file, case));
    let mut outcome = Outcome { ran: plain.len(), left: others.len(), ..Outcome::default() };
    let mut served = None;
    for case in plain {
        clock.step(START - now());
        let found = served.get_or_insert_with(|| Served::start(file, clock)).failures(case, clock);
        if FRESH.contains(&name) {
            served = None;
        }
        outcome.failures.extend(found.into_iter().map(|one| format!("{name}: {one}\n")));
    }
    outcome
}

#[test]
fn cases_about_authentication_hold_in_envoy() {
    let wanted = std::env::var("FILES").unwrap_or_default();
    let files = case_files().into_iter().filter(|(name, file)| is_ours(name, file) && name.contains(&wanted));
    let files = Mutex::new(files.collect::<Vec<_>>());
    // Two at a time, each with a clock of its own: most of the time they wait for the next second.
    let take = || files.lock().expect("nobody panicked").pop();
    let work = || {
        let clock = Clock::new();
        let outcomes = std::iter::from_fn(take).map(|(name, file)| outcome(&name, &file, &clock));
        outcomes.fold(Outcome::default(), Outcome::and)
    };
    let Outcome { failures, ran, left } = thread::scope(|scope| {
        let other = scope.spawn(work);
        work().and(other.join().expect("its cases ran"))
    });
    println!("{ran} cases ran in Envoy, {left} did not");
    assert!(failures.is_empty(), "\n{failures}");
    assert!(ran >= AT_LEAST || !wanted.is_empty(), "only {ran} cases ran");
}
