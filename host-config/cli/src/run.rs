//! `portcullis run`: compile, start Envoy, show what it does, stop cleanly.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portcullis_compiler::{Compilation, Compiled, Options, Surroundings, compile};

use crate::admin::Admin;
use crate::args::RunArgs;
use crate::dev::DevCredentials;
use crate::envoy::{self, Envoy, LastWords, Said};
use crate::files::{Disk, modules, write_bundle};
use crate::{Failure, Outcome, access_log, check, problems};

/// How long Envoy may take to get ready: it compiles the modules first.
const READY_TIME: Duration = Duration::from_secs(120);
/// How often signals and the process are looked at.
const PULSE: Duration = Duration::from_millis(50);

/// Serves until a signal or Envoy's own end.
pub(crate) fn run(args: &RunArgs) -> Result<Outcome, Failure> {
    let stop = stop_flag()?;
    let dev = args.dev.then(DevCredentials::new).transpose()?;
    let (compilation, scopes) = compile_with(args, dev.as_ref())?;
    problems::show(&compilation.parts, false);
    let Some(compiled) = &compilation.compiled else { return check::not_compiled(&compilation) };
    for listener in compiled.listeners() {
        check_free(&listener.address)?;
    }
    check_secrets(compiled)?;
    let program = envoy::find(args.envoy.as_deref())?;
    let workshop = Workshop::new(args, compiled)?;
    let (said, hear) = channel();
    let envoy = Envoy::start(&program, workshop.folder.path(), args.workers, &said)?;
    let mut watch = Watch { envoy, hear, stop, json_log: args.json_log, last_words: LastWords::default() };
    if !watch.until_ready(&workshop.admin)? {
        return Ok(Outcome::Fine);
    }
    announce(&workshop.admin, compiled);
    if let Some(dev) = &dev {
        println!("{}", dev.introduce(&scopes)?);
    }
    watch.until_stopped()
}

/// Envoy inherits this program's environment; a secret that is missing there would be missed by the first request.
fn check_secrets(compiled: &Compiled) -> Result<(), Failure> {
    let hint = "the gateway file names it as one that holds a secret";
    for name in &compiled.environment {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        let checked = match value {
            None => Err("is not set".to_owned()),
            Some(value) => {
                compiled.check_secret(name, &value).map_err(|cause| format!("cannot be used: {cause}"))
            }
        };
        checked
            .map_err(|cause| Failure::with_hint(format!("the environment variable {name} {cause}"), hint))?;
    }
    Ok(())
}

fn compile_with(
    args: &RunArgs,
    dev: Option<&DevCredentials>,
) -> Result<(Compilation, BTreeSet<String>), Failure> {
    let options = |scopes: &BTreeSet<String>| {
        let credentials = dev.map(|dev| dev.credentials(scopes)).unwrap_or_default();
        Ok(Options { listen: args.listen.clone(), credentials, ..check::options(&args.compile)? })
    };
    let none = BTreeSet::new();
    let compilation = compile(&Disk, &args.file, options(&none)?);
    let compiled = compilation.compiled.as_ref().filter(|_| dev.is_some());
    let scopes = compiled.map(|compiled| compiled.scopes.clone()).unwrap_or_default();
    if scopes.is_empty() {
        return Ok((compilation, scopes));
    }
    // The key and the user are granted what the operations ask for, which is known only now.
    Ok((compile(&Disk, &args.file, options(&scopes)?), scopes))
}

/// The folder that Envoy runs in; removed with everything in it at the end.
struct Workshop {
    folder: tempfile::TempDir,
    admin: Admin,
}

impl Workshop {
    fn new(args: &RunArgs, compiled: &Compiled) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("portcullis-")
            .tempdir()
            .map_err(|cause| Failure::new(format!("cannot make a temporary folder: {cause}")))?;
        let admin = Admin::new(folder.path().join("admin.sock"));
        let surroundings = Surroundings {
            file_folder: folder_of(&args.file)?,
            admin_socket: Some(admin.socket().display().to_string()),
            ..Surroundings::default()
        };
        let modules = modules(compiled.plugins.keys().copied(), args.modules.as_deref())?;
        let bundle =
            compiled.bundle(&modules, &surroundings).map_err(|cause| Failure::new(cause.to_string()))?;
        write_bundle(folder.path(), &bundle, compiled.holds_secrets())?;
        Ok(Self { folder, admin })
    }
}

struct Watch {
    envoy: Envoy,
    hear: Receiver<Said>,
    stop: Arc<AtomicBool>,
    json_log: bool,
    last_words: LastWords,
}

impl Watch {
    /// Waits until Envoy serves; false when it was stopped before.
    fn until_ready(&mut self, admin: &Admin) -> Result<bool, Failure> {
        let patience = Instant::now() + READY_TIME;
        while Instant::now() < patience {
            if self.stop.load(Ordering::Relaxed) {
                self.envoy.stop();
                return Ok(false);
            }
            self.pulse(false);
            if let Some(status) = self.envoy.ended() {
                self.pulse(false);
                let words = self.last_words.tell();
                return Err(Failure::new(format!("Envoy ended before it was ready ({status}):\n{words}")));
            }
            if admin.is_ready() {
                return Ok(true);
            }
        }
        Err(Failure::new(format!(
            "Envoy was not ready after {} s:\n{}",
            READY_TIME.as_secs(),
            self.last_words.tell()
        )))
    }

    fn until_stopped(&mut self) -> Result<Outcome, Failure> {
        loop {
            self.pulse(true);
            if self.stop.load(Ordering::Relaxed) {
                eprintln!("stopping");
                self.envoy.stop();
                return Ok(Outcome::Fine);
            }
            if let Some(status) = self.envoy.ended() {
                return Err(Failure::new(format!("Envoy ended ({status}):\n{}", self.last_words.tell())));
            }
        }
    }

    /// Passes on what Envoy says, for one pulse at most.
    fn pulse(&mut self, aloud: bool) {
        let end = Instant::now() + PULSE;
        loop {
            match self.hear.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Said::Log(line)) if self.json_log => println!("{line}"),
                Ok(Said::Log(line)) => println!("{}", access_log::readable(&line).unwrap_or(line)),
                Ok(Said::Words(line)) => {
                    if aloud {
                        eprintln!("envoy: {line}");
                    }
                    self.last_words.hear(line);
                }
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(PULSE);
                    return;
                }
            }
        }
    }
}

fn announce(admin: &Admin, compiled: &Compiled) {
    let operations = compiled.coverage.operations.len();
    for (address, listener) in admin.addresses().iter().zip(compiled.listeners()) {
        let scheme = if listener.tls.is_some() { "https" } else { "http" };
        println!("listening on {scheme}://{address} ({operations} operations)");
    }
}

/// Envoy would share the port with whoever has it, and each would get some of the requests.
fn check_free(address: &str) -> Result<(), Failure> {
    let socket: SocketAddr = address
        .parse()
        .map_err(|_| Failure::new(format!("'{address}' is no address such as 127.0.0.1:8080")))?;
    match TcpListener::bind(socket) {
        Ok(_) => Ok(()),
        Err(cause) => {
            let hint =
                "stop what listens there, or choose another address with --listen (port 0 takes a free one)";
            Err(Failure::with_hint(format!("cannot listen on {address}: {cause}"), hint))
        }
    }
}

fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())
            .map_err(|cause| Failure::new(format!("cannot watch for signals: {cause}")))?;
    }
    Ok(stop)
}

/// The absolute folder of a file, with its slash.
fn folder_of(file: &str) -> Result<String, Failure> {
    let path = PathBuf::from(file);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder
        .canonicalize()
        .map_err(|cause| Failure::new(format!("cannot find the folder of {file}: {cause}")))?;
    Ok(format!("{}/", folder.display()))
}
