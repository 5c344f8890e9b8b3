//! What all subjects of a run have in common: the API, its upstream, the requests, and which processor serves.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use portcullis_suite::{gateway, repository};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::{self, COUNT_BY, Size};
use crate::bootstrap::Bootstrap;
use crate::failure::{Result, failed, writing};
use crate::process::Process;
use crate::tokens::Signer;
use crate::traffic::Traffic;
use crate::upstream;

/// One processor serves, another one makes load and is the upstream.
const SERVER: &str = "0";
const CLIENT: &str = "1";

/// Where it all happens; files stay in `target/bench/run` until the next run, to look at.
pub(crate) struct Ground {
    folder: PathBuf,
    pub(crate) size: Size,
    pub(crate) signer: Signer,
    pub(crate) traffic: Traffic,
    pub(crate) jwks: String,
    /// The upstream's address.
    pub(crate) upstream: SocketAddr,
    _nginx: Process,
    processors: usize,
}

/// The key of a consumer.
pub(crate) fn api_key(consumer: usize) -> String {
    format!("bench-key-{consumer:08}")
}

impl Ground {
    /// For an API of this size, known to so many consumers with API keys. Starts the upstream.
    pub(crate) fn prepare(size: Size, consumers: usize) -> Result<Self> {
        let folder = bench_folder()?.join("run");
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(writing(&folder))?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let signer = Signer::new();
        let jwks = Signer::all_jwks();
        let client = (processors > 1).then_some(CLIENT);
        let (nginx, upstream) = upstream::start(&folder, client)?;
        let traffic = Traffic::new(size, &signer);
        let ground = Self { folder, size, signer, traffic, jwks, upstream, _nginx: nginx, processors };
        ground.write("api.json", &size.document().to_string())?;
        ground.write("jwks.json", &ground.jwks)?;
        ground.write("keys.json", &keys(consumers).to_string())?;
        Ok(ground)
    }

    /// Where files of this run are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder in it.
    pub(crate) fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(writing(&folder))?;
        Ok(folder)
    }

    /// Where a server with so many workers runs.
    pub(crate) fn server_processors(&self, workers: u16) -> Option<&'static str> {
        (self.processors > 1 && workers == 1).then_some(SERVER)
    }

    /// Where load is made.
    pub(crate) fn client_processors(&self) -> Option<&'static str> {
        (self.processors > 1).then_some(CLIENT)
    }

    /// Builds the gateway into the folder, and reads its bootstrap. `by_header` says whether one limit counts by a header.
    pub(crate) fn build(&self, layout: &str, by_header: bool, folder: &Path) -> Result<Bootstrap> {
        // Another address takes its place once a port is chosen.
        let mut file = api::gateway("127.0.0.1:1", &format!("http://{}", self.upstream), layout);
        if by_header {
            file["limits"]["each-key"]["by"] = json!([format!("header:{COUNT_BY}")]);
        }
        let name = format!("gateway-{layout}.json");
        self.write(&name, &file.to_string())?;
        let mut command = gateway::command();
        command.current_dir(&self.folder).args(["build", &name, "--output"]).arg(folder);
        let output = gateway::finish(&mut command);
        match output.status.code() {
            Some(0) => Bootstrap::built(folder),
            Some(_) => failed(format!("portcullis build: {}", String::from_utf8_lossy(&output.stderr))),
            None => failed("portcullis build takes too long"),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let file = self.folder.join(name);
        std::fs::write(&file, text).map_err(writing(&file))
    }
}

/// Where results and what is kept between runs go.
pub(crate) fn bench_folder() -> Result<PathBuf> {
    let folder = repository().join("target/bench");
    std::fs::create_dir_all(&folder).map_err(writing(&folder))?;
    folder.canonicalize().map_err(writing(&folder))
}

/// The list of API keys, one for each of so many consumers.
pub(crate) fn keys(consumers: usize) -> Value {
    let key = |consumer: usize| {
        let digest = Sha256::digest(api_key(consumer).as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "consumer": format!("consumer-{consumer:08}"), "sha256": digest })
    };
    (0..consumers).map(key).collect()
}
