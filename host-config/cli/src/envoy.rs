//! The Envoy process: found, started in a bundle's folder, watched, stopped.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Failure, files};

/// How long Envoy may take to finish what it is doing when it is told to stop.
const STOP_TIME: Duration = Duration::from_secs(5);
/// How many of Envoy's last words are kept.
const LAST_WORDS: usize = 40;
/// A longer line of Envoy's is cut.
const MAX_LINE: usize = 64 << 10;

/// What the process says.
pub(crate) enum Said {
    /// A line of the access log.
    Log(String),
    /// A line of its own log.
    Words(String),
}

/// A running Envoy; stopped when dropped.
pub(crate) struct Envoy {
    child: Child,
}

/// The Envoy program: as named, or the one that the project's scripts install, or one on the PATH.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        // Absolute, because Envoy is started in another folder.
        let absent = |cause| Failure::new(format!("there is no Envoy at {}: {cause}", path.display()));
        return std::path::absolute(path).and_then(|path| path.metadata().map(|_| path)).map_err(absent);
    }
    let installed = files::program_folder()?.join("../tools/envoy/bin/envoy");
    if installed.is_file() {
        return Ok(installed);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("envoy")).find(|path| path.is_file());
    on_path.ok_or_else(|| {
        let hint =
            "install Envoy 1.35 or newer with its V8 runtime (scripts/setup does), or name it with --envoy";
        Failure::with_hint("no Envoy was found", hint)
    })
}

impl Envoy {
    /// Starts Envoy with the bundle in `folder`; what it says goes to `said`.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        workers: Option<u16>,
        said: &Sender<Said>,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .args(["-c", "envoy.json", "--disable-hot-restart", "-l", "warning"])
            .args(["--file-flush-interval-msec", "100"]);
        if let Some(workers) = workers {
            command.args(["--concurrency", &workers.to_string()]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed =
            |cause: std::io::Error| Failure::new(format!("cannot start {}: {cause}", program.display()));
        let mut child = command.spawn().map_err(failed)?;
        if let Some(stdout) = child.stdout.take() {
            listen(stdout, said.clone(), Said::Log);
        }
        if let Some(stderr) = child.stderr.take() {
            listen(stderr, said.clone(), Said::Words);
        }
        Ok(Self { child })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Lets it finish what it is doing, and ends it when that takes too long.
    pub(crate) fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended in this moment; then there is nothing to stop.
            let _ended = kill_process(pid, Signal::TERM);
        }
        let patience = Instant::now() + STOP_TIME;
        while self.ended().is_none() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(20));
        }
        if self.ended().is_none() {
            let _ended = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(from: impl Read + Send + 'static, said: Sender<Said>, kind: fn(String) -> Said) {
    thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if said.send(kind(text)).is_err() {
                return;
            }
        }
    });
}

/// Envoy's last words, for when it ends before it was ready.
#[derive(Default)]
pub(crate) struct LastWords(VecDeque<String>);

impl LastWords {
    pub(crate) fn hear(&mut self, line: String) {
        if self.0.len() == LAST_WORDS {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    pub(crate) fn tell(&self) -> String {
        self.0.iter().map(|line| format!("  {line}\n")).collect()
    }
}
