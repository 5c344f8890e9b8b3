//! What a module can reach during a call: the state behind its imports, and safe access to its memory.

use std::collections::{BTreeMap, BTreeSet};

use wasmtime::{Caller, Memory, StoreLimits, StoreLimitsBuilder, TypedFunc};

use crate::headers::Headers;
use crate::message::{LogLine, Message, Work};
use crate::shared::SharedState;

/// The context of the plugin itself; streams get the numbers after it.
pub(crate) const ROOT_CONTEXT: u32 = 1;
/// Envoy's own bound (`--wasm_max_mem_pages`).
const MEMORY_LIMIT: usize = 1 << 30;
/// Lines kept of one request, so that a module that logs in a loop can't eat the test's memory.
const LOG_LIMIT: usize = 10_000;

/// The statuses of the ABI that this host answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Status {
    NotFound = 1,
    BadArgument = 2,
    InvalidMemoryAccess = 6,
    CasMismatch = 8,
}

/// Why a host call did not do what it was asked.
pub(crate) enum Failure {
    /// The module is told.
    Status(Status),
    /// The module stops.
    Trap(wasmtime::Error),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

pub(crate) type Answer<T = ()> = Result<T, Failure>;

/// The header maps of the ABI, by its numbers 0 to 3.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maps {
    pub(crate) request_headers: Option<Headers>,
    pub(crate) request_trailers: Option<Headers>,
    pub(crate) response_headers: Option<Headers>,
    pub(crate) response_trailers: Option<Headers>,
}

/// The answer a filter gives in place of the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalReply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) details: String,
}

/// What of a stream is there for one callback: lent to the module before, taken back after.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) maps: Maps,
    /// During `proxy_on_log` the maps can be read, not changed.
    pub(crate) read_only: bool,
    pub(crate) request_body: Option<Vec<u8>>,
    pub(crate) response_body: Option<Vec<u8>>,
    /// Path elements joined by NUL, as the ABI has them.
    pub(crate) properties: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What filters set with `proxy_set_property`.
    pub(crate) filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) reply: Option<LocalReply>,
    pub(crate) resumed: bool,
    pub(crate) closed: bool,
}

/// The state behind one VM's imports.
pub(crate) struct HostState {
    pub(crate) shared: SharedState,
    pub(crate) vm_configuration: Vec<u8>,
    /// There only during `proxy_on_configure`.
    pub(crate) plugin_configuration: Option<Vec<u8>>,
    /// `None` in callbacks of the root context.
    pub(crate) scope: Option<Scope>,
    pub(crate) contexts: BTreeSet<u32>,
    pub(crate) effective_context: Option<u32>,
    pub(crate) done: bool,
    pub(crate) tick_milliseconds: u32,
    /// Calls to servers whose replies the module has not got yet, by their tokens.
    pub(crate) calls: Vec<(u32, Message)>,
    pub(crate) last_token: u32,
    /// There only during `proxy_on_http_call_response`.
    pub(crate) call_reply: Option<Message>,
    pub(crate) random: u64,
    pub(crate) work: Work,
    pub(crate) limits: StoreLimits,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
}

impl HostState {
    pub(crate) fn new(shared: SharedState) -> Self {
        Self {
            random: shared.next_seed(),
            shared,
            vm_configuration: Vec::new(),
            plugin_configuration: None,
            scope: None,
            contexts: BTreeSet::new(),
            effective_context: None,
            done: false,
            tick_milliseconds: 0,
            calls: Vec::new(),
            last_token: 0,
            call_reply: None,
            work: Work::default(),
            limits: StoreLimitsBuilder::new().memory_size(MEMORY_LIMIT).build(),
            memory: None,
            allocate: None,
        }
    }

    pub(crate) fn write_log(&mut self, level: u32, message: &[u8]) {
        if self.work.log.len() < LOG_LIMIT {
            let message = String::from_utf8_lossy(message).into_owned();
            self.work.log.push(LogLine { level, message });
        }
    }

    /// The stream the module speaks for; `NotFound` when it speaks for the root context.
    pub(crate) fn stream(&mut self) -> Answer<&mut Scope> {
        if self.effective_context == Some(ROOT_CONTEXT) {
            return Err(Status::NotFound.into());
        }
        self.scope.as_mut().ok_or(Failure::Status(Status::NotFound))
    }
}

/// A module during one of its host calls.
pub(crate) struct Guest<'a> {
    caller: Caller<'a, HostState>,
}

impl<'a> Guest<'a> {
    /// Counts the call under its name.
    pub(crate) fn new(mut caller: Caller<'a, HostState>, import: &'static str) -> Self {
        *caller.data_mut().work.host_calls.entry(import).or_default() += 1;
        Self { caller }
    }

    pub(crate) fn state(&mut self) -> &mut HostState {
        self.caller.data_mut()
    }

    pub(crate) fn read(&self, address: u32, size: u32) -> Answer<Vec<u8>> {
        let memory = self.memory()?.data(&self.caller);
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        let bytes = memory.get(start..end).ok_or(Status::InvalidMemoryAccess)?;
        Ok(bytes.to_vec())
    }

    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Answer {
        let memory = self.memory()?;
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let written = memory.write(&mut self.caller, start, bytes);
        written.map_err(|_out_of_bounds| Status::InvalidMemoryAccess.into())
    }

    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Answer {
        self.write(address, &value.to_le_bytes())
    }

    /// Hands bytes over in memory that the module allocates; a null pointer for none, as Envoy does.
    pub(crate) fn give(&mut self, bytes: &[u8], pointer: u32, size: u32) -> Answer {
        let length = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        let mut address = 0;
        if length > 0 {
            let allocate = self.state().allocate.clone().ok_or(Status::InvalidMemoryAccess)?;
            address = allocate.call(&mut self.caller, length).map_err(Failure::Trap)?;
            self.write(address, bytes)?;
        }
        self.write_u32(pointer, address)?;
        self.write_u32(size, length)
    }

    fn memory(&self) -> Answer<Memory> {
        self.caller.data().memory.ok_or(Failure::Status(Status::InvalidMemoryAccess))
    }
}
