//! Limits that two gateways share: the real Envoys ask a real Limitador (`scripts/setup limitador`), whose counts are in a real
//! Redis, which goes and comes.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::repository;
use tempfile::TempDir;

const START_TIME: Duration = Duration::from_secs(30);
const PULSE: Duration = Duration::from_millis(20);
/// The gateways leave a server alone for five seconds that has failed.
const RECOVERY: Duration = Duration::from_secs(15);

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Shared, version: '1' }
paths:
  /exact: { get: { x-portcullis: { limits: [exact] }, responses: { '200': { description: Fine } } } }
  /local: { get: { x-portcullis: { limits: [local] }, responses: { '200': { description: Fine } } } }
  /closed: { get: { x-portcullis: { limits: [closed] }, responses: { '200': { description: Fine } } } }
  /open: { get: { x-portcullis: { limits: [open] }, responses: { '200': { description: Fine } } } }
  /leased: { get: { x-portcullis: { limits: [leased] }, responses: { '200': { description: Fine } } } }
"#;
const LEASED: usize = 8_000;
const LEASE: usize = 500;
/// Requests after which each worker holds as much as it may.
const WARM: usize = 2_500;
const STEADY: usize = 3_000;

/// A process, ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A port that nobody has now.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port")
}

fn redis(address: SocketAddr, folder: &Path) -> Server {
    let port = address.port().to_string();
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "yes", "--dir"])
        .arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn().expect("Redis starts (scripts/setup redis)"));
    let patience = Instant::now() + START_TIME;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < patience, "Redis is not ready");
        thread::sleep(PULSE);
    }
    server
}

/// Limitador, and what it has said of each call.
struct Limitador {
    _server: Server,
    said: Arc<Mutex<Vec<String>>>,
}

impl Limitador {
    fn start(redis: SocketAddr, limits: &Path, address: SocketAddr) -> Self {
        let mut command =
            Command::new(repository().join("target/tools/limitador/debug/portcullis-test-limitador"));
        command.arg(redis.to_string()).arg(limits).arg(address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Limitador starts (scripts/setup limitador)");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let server = Server(child);
        assert_eq!(lines.next().expect("a line").expect("text"), address.to_string());
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| kept.lock().expect("the lines").push(line));
        });
        Self { _server: server, said }
    }

    /// How many calls were granted and refused since the last time, and how many requests were granted by them.
    fn take(&self) -> (usize, usize, usize) {
        let said = std::mem::take(&mut *self.said.lock().expect("the lines"));
        let granted: Vec<usize> =
            said.iter().filter_map(|line| line.strip_prefix("granted ")?.parse().ok()).collect();
        (granted.len(), said.len() - granted.len(), granted.iter().sum())
    }
}

/// Two gateways, and who counts for them.
struct Fleet {
    gateways: [Gateway; 2],
    limitador: Limitador,
    redis: Option<Server>,
    redis_address: SocketAddr,
    folder: TempDir,
}

impl Fleet {
    fn start(layout: &str) -> Self {
        let (redis_address, address) = (free_port(), free_port());
        let limit = |name: &str, requests: usize, rest: &str| {
            format!("  {name}: {{ requests: {requests}, per: day, by: all, scope: fleet, {rest} }}\n")
        };
        let settings = [
            format!("layout: {layout}\napis: [{{ definition: api.yaml, endpoint: mock }}]\n"),
            format!("rateLimitService: {{ url: 'http://{address}', gateways: 2, timeoutMilliseconds: 3000 }}\nlimits:\n"),
            limit("exact", 10, "mode: exact, onFailure: closed"),
            limit("local", 10, "mode: exact"),
            limit("closed", 1000, "mode: leased, lease: 2, onFailure: closed"),
            limit("open", 10, "mode: exact, onFailure: open"),
            limit("leased", LEASED, &format!("mode: leased, lease: {LEASE}, onFailure: closed")),
        ]
        .concat();
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let file = file.to_str().expect("a UTF-8 path");
        let bundle = folder.path().join("bundle");
        let mut build = gateway::command();
        build.args(["build", file, "--output"]).arg(&bundle);
        let built = gateway::finish(&mut build);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let redis = Some(redis(redis_address, folder.path()));
        let limits = bundle.join("ratelimit/limitador.yaml");
        let limitador = Limitador::start(redis_address, &limits, address);
        let gateways = [(); 2].map(|()| Gateway::start(gateway::command(), &[file, "--workers", "1"]));
        Self { gateways, limitador, redis, redis_address, folder }
    }

    /// Statuses of so many requests, to the gateways in turns.
    fn ask(&self, path: &str, times: usize) -> Vec<u16> {
        let turns = self.gateways.iter().cycle().take(times);
        turns
            .map(|gateway| http1::request(gateway.address(), &format!("GET {path}"), &[], b"").status)
            .collect()
    }

    /// Asks until the statuses are these.
    fn becomes(&self, path: &str, expected: [u16; 2]) {
        let patience = Instant::now() + RECOVERY;
        loop {
            let found = self.ask(path, 2);
            if found == expected {
                return;
            }
            assert!(Instant::now() < patience, "{path}: {found:?}, never {expected:?}");
            thread::sleep(Duration::from_millis(200));
        }
    }
}

fn passed(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 200).count()
}

#[test]
fn two_gateways_share_limits_and_go_on_without_redis_as_each_limit_says() {
    let mut fleet = Fleet::start("chain");
    let statuses = fleet.ask("/exact", 14);
    assert_eq!((passed(&statuses[..10]), passed(&statuses)), (10, 10), "{statuses:?}");
    assert_eq!(fleet.limitador.take(), (10, 4, 10), "each request asks");
    let refused = http1::request(fleet.gateways[1].address(), "GET /exact", &[], b"");
    assert_eq!((refused.status, refused.code().as_str()), (429, "limit-exceeded"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(fleet.ask("/closed", 2), [200, 200]);
    assert_eq!(fleet.ask("/local", 2), [200, 200]);

    drop(fleet.redis.take());
    assert_eq!(fleet.ask("/exact", 2), [503, 503]);
    fleet.becomes("/closed", [503, 503]);
    assert_eq!(passed(&fleet.ask("/open", 30)), 30);
    let statuses = fleet.ask("/local", 30);
    assert_eq!(passed(&statuses), 10, "each gateway lets its half pass: {statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 20);

    fleet.redis = Some(redis(fleet.redis_address, fleet.folder.path()));
    fleet.becomes("/closed", [200, 200]);
    fleet.becomes("/exact", [429, 429]);
    let statuses = fleet.ask("/local", 30);
    assert_eq!(passed(&statuses), 8, "two of ten were counted before: {statuses:?}");
}

#[test]
fn leased_limits_ask_once_for_many_requests_and_hold_over_two_gateways() {
    let fleet = Fleet::start("pipeline");
    let warm = fleet.ask("/leased", WARM);
    assert_eq!(passed(&warm), WARM);
    let (_, refused, first) = fleet.limitador.take();
    assert_eq!(refused, 0);
    assert!((WARM..=WARM + 2 * LEASE).contains(&first), "{first}");
    let steady = fleet.ask("/leased", STEADY);
    assert_eq!(passed(&steady), STEADY);
    let (granted, _, second) = fleet.limitador.take();
    assert!(granted * 100 <= STEADY, "{granted} calls for {STEADY} requests");
    let rest = passed(&fleet.ask("/leased", LEASED));
    let (_, _, third) = fleet.limitador.take();
    assert!(first + second + third <= LEASED, "{first}, {second} and {third}");
    let left = LEASED - WARM - STEADY;
    assert!((left - 2 * LEASE..=left).contains(&rest), "{rest}");
}
