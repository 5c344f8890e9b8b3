//! What is measured: each subject is one process that serves the same API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use portcullis_suite::{gateway, http1, repository};
use serde::Serialize;

use crate::bootstrap::{ANSWER, Bootstrap};
use crate::failure::{Failure, Result};
use crate::ground::Ground;
use crate::process::{Process, free_address, pinned};
use crate::traefik;

/// The largest configurations, on a busy machine.
pub(crate) const START_TIME: Duration = Duration::from_secs(300);

/// A way to serve the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    /// Envoy without any policy: what every other is compared with.
    Bare,
    /// Bare with one wasm filter that does nothing.
    Empty,
    /// The pipeline's bundle with a module in its place that makes the same host calls, and does nothing else.
    Floor,
    /// Envoy's own filters.
    Native,
    /// The same, with tokens cached.
    NativeCached,
    /// Portcullis, a plugin for each policy.
    Chain,
    /// Portcullis, all policies in one module.
    Pipeline,
    /// Traefik.
    Traefik,
    /// The chain's bundle with the auth plugin alone.
    Auth,
    /// The chain's bundle with the throttle plugin alone.
    Throttle,
    /// The same, where one limit counts by a header: then the plugin reads the head of each request.
    ThrottleByHeader,
    /// Bare with Envoy's own `local_ratelimit` alone.
    NativeLimit,
    /// The chain's bundle with the schema plugin alone.
    Schema,
    /// A server of Node that answers as bare Envoy does.
    Express,
    /// The same, with express-openapi-validator before it.
    ExpressValidator,
}

/// What a subject can do besides letting requests through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    pub(crate) answers_here: bool,
    pub(crate) knows_operations: bool,
    pub(crate) checks_tokens: bool,
    pub(crate) checks_keys: bool,
    pub(crate) limits: bool,
    pub(crate) checks_messages: bool,
}

/// A subject that serves.
pub(crate) struct Running {
    pub(crate) subject: Subject,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    /// From its start to its first answer.
    pub(crate) ready: Duration,
}

impl Subject {
    /// Those of a whole run that can run here: without its module there is no pipeline.
    pub(crate) fn all() -> Vec<Self> {
        let there = |subject: &Self| match subject {
            Self::Pipeline => has_pipeline(),
            Self::Auth | Self::Throttle | Self::ThrottleByHeader | Self::NativeLimit | Self::Schema => false,
            Self::Express | Self::ExpressValidator => false,
            _ => true,
        };
        Self::value_variants().iter().copied().filter(there).collect()
    }

    /// Those that show what authentication costs.
    pub(crate) fn auth() -> Vec<Self> {
        vec![Self::Bare, Self::Empty, Self::Native, Self::NativeCached, Self::Auth]
    }

    /// Those that show what limits cost.
    pub(crate) fn throttle() -> Vec<Self> {
        vec![Self::Bare, Self::Empty, Self::NativeLimit, Self::Throttle]
    }

    /// Those that show what validation costs.
    pub(crate) fn schema() -> Vec<Self> {
        vec![Self::Bare, Self::Empty, Self::Schema, Self::Express, Self::ExpressValidator]
    }

    /// Whether Node runs it, and not Envoy.
    pub(crate) fn is_node(self) -> bool {
        matches!(self, Self::Express | Self::ExpressValidator)
    }

    /// The one that does the same without policies, to be compared with.
    pub(crate) fn without_policies(self) -> Self {
        if self.is_node() { Self::Express } else { Self::Bare }
    }

    /// As it is written on the command line and in results.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    pub(crate) fn abilities(self) -> Abilities {
        let (native, portcullis) = (self.is_native(), self.layout().is_some());
        let (traefik, auth) = (self == Self::Traefik, self == Self::Auth);
        let throttle = matches!(self, Self::Throttle | Self::ThrottleByHeader);
        let native_limit = self == Self::NativeLimit;
        let schema = matches!(self, Self::Schema | Self::ExpressValidator);
        Abilities {
            answers_here: !traefik,
            knows_operations: native || portcullis || traefik || auth || throttle || schema,
            checks_tokens: native || portcullis || auth,
            checks_keys: portcullis || auth,
            limits: native || portcullis || traefik || throttle || native_limit,
            checks_messages: portcullis || schema,
        }
    }

    /// How Portcullis lays its policies out, if it is Portcullis.
    fn layout(self) -> Option<&'static str> {
        match self {
            Self::Chain => Some("chain"),
            Self::Pipeline => Some("pipeline"),
            _ => None,
        }
    }

    fn is_native(self) -> bool {
        matches!(self, Self::Native | Self::NativeCached)
    }

    /// Starts it with so many workers, and waits until it answers.
    pub(crate) fn start(self, ground: &Ground, workers: u16) -> Result<Running> {
        let address = free_address()?;
        let folder = ground.subfolder(&self.name())?;
        let command = match self {
            Self::Traefik => {
                let file = traefik::write(&folder, address, ground.upstream, ground.size)?;
                let mut command = pinned(traefik_program()?, ground.server_processors(workers));
                command.arg("--configfile").arg(file).env("GOMAXPROCS", workers.to_string());
                command
            }
            Self::Express | Self::ExpressValidator => {
                let mut command =
                    pinned(made("target/tools/node/bin/node")?, ground.server_processors(workers));
                command
                    .arg(repository().join("tests/bench/express.mjs"))
                    .arg(ground.folder().join("api.json"));
                command.arg(address.port().to_string()).arg(ANSWER);
                command.arg(if self == Self::Express { "bare" } else { "validator" });
                command.env("NODE_ENV", "production");
                command.env("PORTCULLIS_VALIDATOR", repository().join("target/tools/validator"));
                command
            }
            _ => {
                let file = folder.join("bench.json");
                self.bootstrap(ground, &folder)?.finished(address)?.write(&file)?;
                envoy(&folder, &file, ground.server_processors(workers), workers)
            }
        };
        let started = Instant::now();
        let mut process = Process::start(command, &self.name(), ground.folder())?;
        let probe = ground.traffic.get().upstream().bytes();
        process.wait_until(START_TIME, || answers(address, &probe))?;
        Ok(Running { subject: self, address, process, ready: started.elapsed() })
    }

    fn bootstrap(self, ground: &Ground, folder: &Path) -> Result<Bootstrap> {
        let layout = if self == Self::Floor { Some("pipeline") } else { self.layout() };
        let by_header = self == Self::ThrottleByHeader;
        let built = ground.build(layout.unwrap_or("chain"), by_header, folder)?;
        match self {
            Self::Bare => built.without_plugins_but(&[]),
            Self::Auth => built.without_plugins_but(&["portcullis.auth"]),
            Self::Throttle | Self::ThrottleByHeader => built.without_plugins_but(&["portcullis.throttle"]),
            Self::Schema => built.without_plugins_but(&["portcullis.schema"]),
            Self::NativeLimit => built.without_plugins_but(&[])?.with_native_limits(),
            Self::Empty => built.without_plugins_but(&[])?.with_module(&made("target/bench/empty.wasm")?),
            Self::Floor => built.with_code(&made("target/bench/floor.wasm")?),
            Self::Native | Self::NativeCached => {
                let cached = self == Self::NativeCached;
                built.without_plugins_but(&[])?.with_native_filters(ground.size, &ground.jwks, cached)
            }
            // Not Envoy: the last three.
            Self::Chain | Self::Pipeline | Self::Traefik | Self::Express | Self::ExpressValidator => {
                Ok(built)
            }
        }
    }
}

/// Envoy with the bootstrap of a bundle, as `portcullis run` starts it.
pub(crate) fn envoy(bundle: &Path, bootstrap: &Path, processors: Option<&str>, workers: u16) -> Command {
    let mut command = pinned(gateway::envoy(), processors);
    command.current_dir(bundle).args(["--disable-hot-restart", "-l", "warning"]);
    command.args(["--file-flush-interval-msec", "100", "--concurrency", &workers.to_string()]);
    command.arg("-c").arg(bootstrap);
    command
}

/// Whether `scripts/build` has made the module with all policies.
pub(crate) fn has_pipeline() -> bool {
    gateway::modules_folder().join("pipeline.wasm").is_file()
}

fn answers(address: SocketAddr, probe: &[u8]) -> bool {
    std::net::TcpStream::connect(address).is_ok() && http1::exchange(address, probe).status == 200
}

fn traefik_program() -> Result<PathBuf> {
    made("target/tools/traefik/bin/traefik")
}

fn made(place: &str) -> Result<PathBuf> {
    let path = repository().join(place);
    path.canonicalize().map_err(|cause| Failure(format!("{place}: {cause}; run it by scripts/bench")))
}
