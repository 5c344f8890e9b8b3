//! One process under measurement: on which processor it runs, how long it ran there, how much memory it holds.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Failure, Result, failed, reading, writing};

/// How long a process may take to stop when it is told to.
const STOP_TIME: Duration = Duration::from_secs(5);
const PULSE: Duration = Duration::from_millis(5);

/// A running process; stopped when dropped.
pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

/// A command that runs on these processors alone (`0`, `0,1`; `None`: wherever the system puts it) and ends when the
/// harness does, however that ends. What sets this up replaces itself by the program, so the process is the program's.
pub(crate) fn pinned(program: impl AsRef<OsStr>, processors: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]);
    if let Some(list) = processors {
        command.args(["taskset", "--cpu-list", list]);
    }
    command.arg(program);
    command
}

/// A port of loopback that was free just now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0");
    listener.and_then(|one| one.local_addr()).map_err(|cause| Failure(format!("no free port: {cause}")))
}

impl Process {
    /// Starts it; what it prints is dropped, what it complains about goes to `folder/NAME.log`.
    pub(crate) fn start(mut command: Command, name: &str, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(writing(&log))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.map_err(|cause| Failure(format!("{name} cannot be started: {cause}")))?;
        Ok(Self { child, name: name.to_owned(), log })
    }

    /// Waits until `ready` says so; fails with the process's last words when it ends before, or takes too long.
    pub(crate) fn wait_until(&mut self, patience: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let end = Instant::now() + patience;
        while !ready() {
            if self.child.try_wait().ok().flatten().is_some() {
                return failed(format!("{} ended before it was ready:\n{}", self.name, self.last_words()));
            }
            if Instant::now() > end {
                let words = self.last_words();
                return failed(format!("{} is not ready after {patience:?}:\n{words}", self.name));
            }
            thread::sleep(PULSE);
        }
        Ok(())
    }

    /// How long its threads have run, all together, by the scheduler's own accounting.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let folder = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let threads = std::fs::read_dir(&folder).map_err(reading(&folder))?;
        let mut nanoseconds = 0;
        for thread in threads.map_while(std::result::Result::ok) {
            // A thread that has just ended has no file any more.
            let times = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            nanoseconds += times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or(0);
        }
        if nanoseconds == 0 {
            return failed(format!("the kernel does not tell how long {} ran (no schedstat)", self.name));
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its resident memory in MB (10^6 bytes).
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let file = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = std::fs::read_to_string(&file).map_err(reading(&file))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        let unknown = || Failure(format!("{} does not say how much memory is resident", file.display()));
        kibibytes.map(|count| count * 1024.0 / 1e6).ok_or_else(unknown)
    }

    fn last_words(&self) -> String {
        let words = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = words.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// How long the calling thread has run, by the same accounting.
pub(crate) fn thread_time() -> Result<Duration> {
    let file = Path::new("/proc/thread-self/schedstat");
    let times = std::fs::read_to_string(file).map_err(reading(file))?;
    let nanoseconds = times.split(' ').next().and_then(|time| time.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| Failure(format!("{} holds no time", file.display())))
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself; then there is nothing to stop.
            let _ended = kill_process(pid, Signal::TERM);
        }
        let end = Instant::now() + STOP_TIME;
        while Instant::now() < end {
            if self.child.try_wait().ok().flatten().is_some() {
                return;
            }
            thread::sleep(PULSE);
        }
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
