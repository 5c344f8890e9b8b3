//! A plugin's module, compiled once. Machine code is kept under `target/`, so that a test process that loads an unchanged module does not compile it.

use std::path::PathBuf;
use std::sync::OnceLock;

use wasmtime::{Cache, CacheConfig, Config, Engine, InstancePre, Linker, ProfilingStrategy};

use crate::guest::HostState;
use crate::imports;

/// The ABI our plugins speak; a module says so by exporting a function of this name.
const ABI_MARKER: &str = "proxy_abi_version_0_2_1";

/// The environment variable that makes the names of the modules' functions known to `perf`.
const PERF_MAP: &str = "PORTCULLIS_PERF_MAP";

/// A compiled module, ready to be started any number of times. Clones are cheap.
#[derive(Clone)]
pub struct Module {
    pub(crate) ready: InstancePre<HostState>,
    pub(crate) counting: Counting,
}

/// Why bytes are not a module that this host can start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly, or a feature that is not switched on.
    #[error("not a WebAssembly module: {message}")]
    NotWasm {
        /// wasmtime's words.
        message: String,
    },
    /// It does not speak ABI 0.2.1.
    #[error("the module does not export `{ABI_MARKER}`")]
    NotProxyWasm,
    /// It imports something other than functions, or a function with another signature than the ABI's.
    #[error("the module can't be linked: {message}")]
    Link {
        /// wasmtime's words, with the import's name.
        message: String,
    },
    /// wasmtime could not be set up on this machine.
    #[error("wasmtime can't run here: {message}")]
    Engine {
        /// wasmtime's words.
        message: String,
    },
}

impl Module {
    /// Compiles a module. An import that this host does not offer is no error here: the module traps with the import's name when it calls it.
    ///
    /// # Errors
    /// When the bytes are not a proxy-wasm module of ABI 0.2.1.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::load_with(Counting::On, bytes)
    }

    /// The same, but its instructions are not counted, which takes time of its own: to measure how long a module takes. Nothing
    /// ends a loop of its without an end.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_uncounted(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::load_with(Counting::Off, bytes)
    }

    fn load_with(counting: Counting, bytes: &[u8]) -> Result<Self, LoadError> {
        let engine = engine(counting)?;
        let module = wasmtime::Module::new(engine, bytes)
            .map_err(|error| LoadError::NotWasm { message: format!("{error:#}") })?;
        if module.get_export(ABI_MARKER).is_none() {
            return Err(LoadError::NotProxyWasm);
        }
        let ready =
            link(engine, &module).map_err(|error| LoadError::Link { message: format!("{error:#}") })?;
        Ok(Self { ready, counting })
    }
}

fn link(engine: &Engine, module: &wasmtime::Module) -> wasmtime::Result<InstancePre<HostState>> {
    let mut linker = Linker::new(engine);
    imports::link(&mut linker)?;
    linker.define_unknown_imports_as_traps(module)?;
    linker.instantiate_pre(module)
}

/// Whether instructions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    On,
    Off,
}

fn engine(counting: Counting) -> Result<&'static Engine, LoadError> {
    static COUNTING: OnceLock<Result<Engine, String>> = OnceLock::new();
    static UNCOUNTED: OnceLock<Result<Engine, String>> = OnceLock::new();
    let engine = match counting {
        Counting::On => &COUNTING,
        Counting::Off => &UNCOUNTED,
    };
    let engine = engine.get_or_init(|| new_engine(counting).map_err(|error| format!("{error:#}")));
    engine.as_ref().map_err(|message| LoadError::Engine { message: message.clone() })
}

fn new_engine(counting: Counting) -> wasmtime::Result<Engine> {
    let mut cache = CacheConfig::new();
    cache.with_directory(cache_directory());
    let mut config = Config::new();
    config.consume_fuel(counting == Counting::On).cache(Some(Cache::new(cache)?));
    if std::env::var_os(PERF_MAP).is_some() {
        config.profiler(ProfilingStrategy::PerfMap);
    }
    Engine::new(&config)
}

fn cache_directory() -> PathBuf {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |target| workspace.join(target));
    target.join("wasmtime-cache")
}
