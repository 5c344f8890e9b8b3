//! What became of requests under limits, in Envoy's statistics.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;

/// The workers tell ten times a second, and of slots when they have seen all.
const PATIENCE: Duration = Duration::from_secs(60);

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Counted, version: 1.0.0 }
paths:
  /hard: { get: { security: [], x-portcullis: { limits: [hard] }, responses: { '200': { description: Fine } } } }
  /soft: { get: { security: [], x-portcullis: { limits: [soft.one] }, responses: { '200': { description: Fine } } } }
"#;
const SETTINGS: &str = "apis: [{ definition: api.yaml, endpoint: mock }]
metrics: true
limits:
  hard: { requests: 5, per: hour, burst: 5, by: all }
  soft.one: { requests: 2, per: 10 years, by: all, stopOnQuota: false }
";

/// What Envoy's admin interface answers: the program has it in the folder in which Envoy runs.
pub(crate) fn admin(pid: u32, path: &str) -> String {
    let mut stream = UnixStream::connect(format!("/proc/{pid}/cwd/admin.sock")).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("text");
    reply
}

/// Waits until all of it is told.
pub(crate) fn wait_for(pid: u32, path: &str, lines: &[&str]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let reply = admin(pid, path);
        if lines.iter().all(|line| reply.lines().any(|found| found == *line)) {
            return;
        }
        assert!(Instant::now() < until, "{lines:#?} are not all in {reply}");
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_became_of_requests_is_in_envoys_statistics_by_the_limit() {
    let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", SETTINGS)]);
    let file = folder.path().join("gateway.yaml");
    let gateway =
        Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "2"]);
    let ask = |what: &str| http1::request(gateway.address(), what, &[], b"").status;
    (0..8).for_each(|count| assert_eq!(ask("GET /hard"), if count < 5 { 200 } else { 429 }));
    (0..3).for_each(|_| assert_eq!(ask("GET /soft"), 200));
    let counters = [
        "wasmcustom.portcullis.limit.hard.allowed: 5",
        "wasmcustom.portcullis.limit.hard.refused: 3",
        "wasmcustom.portcullis.limit.hard.marked: 0",
        "wasmcustom.portcullis.limit.soft.one.allowed: 2",
        "wasmcustom.portcullis.limit.soft.one.marked: 1",
        "wasmcustom.portcullis.limit.soft.one.refused: 0",
    ];
    wait_for(gateway.envoy_pid(), "/stats?filter=portcullis", &counters);
    let labelled = [
        r#"portcullis_limit_allowed{portcullis_limit="hard"} 5"#,
        r#"portcullis_limit_refused{portcullis_limit="hard"} 3"#,
        r#"portcullis_limit_marked{portcullis_limit="soft.one"} 1"#,
    ];
    wait_for(gateway.envoy_pid(), "/stats/prometheus", &labelled);
    let gauges = [
        "wasmcustom.portcullis.slots.counts: 2",
        "wasmcustom.portcullis.slots.full: 0",
        "wasmcustom.portcullis.slots.used: 2",
    ];
    wait_for(gateway.envoy_pid(), "/stats?filter=portcullis", &gauges);
}
