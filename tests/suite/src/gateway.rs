//! The built program with its Envoy, started on free ports of loopback for one test and stopped at its end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::case::repository;

/// How long Envoy may take to compile the modules on a busy machine.
const START_TIME: Duration = Duration::from_secs(100);
/// How long the program may take to stop: it gives Envoy five seconds.
pub const STOP_TIME: Duration = Duration::from_secs(6);
const PULSE: Duration = Duration::from_millis(20);

/// What the program has printed so far.
type Lines = Arc<Mutex<Vec<String>>>;

/// A running gateway; stopped when dropped.
pub struct Gateway {
    program: Child,
    address: SocketAddr,
    printed: Lines,
    words: Lines,
}

/// The program that `scripts/build` makes, or `PORTCULLIS_PROGRAM`.
pub fn program() -> PathBuf {
    built("PORTCULLIS_PROGRAM", "target/portcullis/portcullis", "scripts/build")
}

/// The folder of modules that `scripts/build` makes, or `PORTCULLIS_MODULES`.
pub fn modules_folder() -> PathBuf {
    built("PORTCULLIS_MODULES", "target/portcullis/modules", "scripts/build")
}

/// The Envoy that `scripts/setup` installs, or `PORTCULLIS_ENVOY`.
pub fn envoy() -> PathBuf {
    built("PORTCULLIS_ENVOY", "target/tools/envoy/bin/envoy", "scripts/setup envoy")
}

/// The program, told where its modules and its Envoy are.
pub fn command() -> Command {
    let mut command = Command::new(program());
    command.env("PORTCULLIS_MODULES", modules_folder()).env("PORTCULLIS_ENVOY", envoy());
    command.stdin(Stdio::null());
    command
}

/// Waits until a command ends, and ends it when that takes too long: a program that should have refused may serve instead.
pub fn finish(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let pid = Pid::from_child(&child);
    let (ended, end) = channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    let output = end.recv_timeout(START_TIME).or_else(|_| {
        let _ended = kill_process(pid, Signal::TERM);
        end.recv_timeout(STOP_TIME)
    });
    output.expect("it stops when it is told to").expect("it can be waited for")
}

/// A folder with these files, removed when dropped.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::Builder::new().prefix("portcullis-suite-").tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file in it");
    }
    folder
}

impl Gateway {
    /// Runs `command run` with these arguments, and waits until it listens. Panics with what it said when it does not.
    pub fn start(mut command: Command, args: &[&str]) -> Self {
        command.arg("run").args(args).args(["--listen", "127.0.0.1:0", "--json-log"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = command.spawn().expect("the program starts");
        let printed = collect(program.stdout.take().expect("piped"));
        let words = collect(program.stderr.take().expect("piped"));
        let mut gateway = Self { program, address: ([127, 0, 0, 1], 0).into(), printed, words };
        gateway.address = gateway.wait_for_address();
        gateway
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every line on its standard output so far.
    pub fn printed(&self) -> Vec<String> {
        self.printed.lock().expect("no reader panics").clone()
    }

    /// Every line on its standard error so far.
    pub fn words(&self) -> String {
        self.words.lock().expect("no reader panics").join("\n")
    }

    /// The access log so far.
    pub fn log(&self) -> Vec<Value> {
        self.printed().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The access log once it has an entry that `wanted` accepts; panics when none comes.
    pub fn logged(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let patience = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(entry) = self.log().into_iter().find(&wanted) {
                return entry;
            }
            assert!(Instant::now() < patience, "no such entry in the access log: {:#?}", self.log());
            thread::sleep(PULSE);
        }
    }

    /// The process id of its Envoy.
    pub fn envoy_pid(&self) -> u32 {
        let pid = self.program.id();
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("a process");
        children.split_whitespace().next().and_then(|child| child.parse().ok()).expect("it has an Envoy")
    }

    /// Asks it to stop; `None` when it has not within [`STOP_TIME`].
    pub fn stop(&mut self) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.program.try_wait() {
            return Some(status);
        }
        let pid = Pid::from_child(&self.program);
        // It may have ended in this moment; then there is nothing to stop.
        let _ended = kill_process(pid, Signal::TERM);
        let patience = Instant::now() + STOP_TIME;
        while Instant::now() < patience {
            if let Ok(Some(status)) = self.program.try_wait() {
                return Some(status);
            }
            thread::sleep(PULSE);
        }
        None
    }

    fn wait_for_address(&mut self) -> SocketAddr {
        let patience = Instant::now() + START_TIME;
        loop {
            let address = self.printed().iter().find_map(|line| {
                line.strip_prefix("listening on ")?.split("://").nth(1)?.split(' ').next()?.parse().ok()
            });
            if let Some(address) = address {
                return address;
            }
            let ended = self.program.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "the program ended: {ended:?}\n{}", self.words());
            assert!(Instant::now() < patience, "the gateway is not ready\n{}", self.words());
            thread::sleep(PULSE);
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.stop().is_none() {
            let _ended = self.program.kill();
            let _reaped = self.program.wait();
        }
    }
}

fn collect(from: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let into = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            into.lock().expect("no reader panics").push(String::from_utf8_lossy(&line).into_owned());
        }
    });
    lines
}

fn built(variable: &str, place: &str, maker: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = named.unwrap_or_else(|| repository().join(place));
    assert!(path.exists(), "{} is missing: run {maker} first, or set {variable}", path.display());
    path
}
