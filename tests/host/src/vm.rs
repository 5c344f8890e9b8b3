//! One plugin in one worker: a started module with its configuration, and the callbacks into it.

use std::time::Duration;

use wasmtime::{Store, TypedFunc, WasmParams, WasmResults};

use crate::exports::{Exports, allocator, initializer};
use crate::guest::{HostState, ROOT_CONTEXT, Scope};
use crate::message::{LogLine, Work};
use crate::module::{Counting, Module};
use crate::shared::SharedState;

/// Fuel for one callback, about a second: what spends it would hang an Envoy worker for long or for ever, and traps here.
const FUEL_PER_CALLBACK: u64 = 1_000_000_000;

/// A started plugin. In Envoy each worker thread has one; start several with the same [`SharedState`] to be several workers.
pub struct Vm {
    module: Module,
    configuration: Vec<u8>,
    shared: SharedState,
    store: Store<HostState>,
    exports: Exports,
    last_context: u32,
    failed: bool,
}

/// The plugin does not accept its configuration, so Envoy would not serve with it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureRefused {
    /// A callback answered false.
    #[error("`{callback}` refused: {log:?}")]
    Refused {
        /// `proxy_on_vm_start` or `proxy_on_configure`.
        callback: &'static str,
        /// What the plugin wrote.
        log: Vec<LogLine>,
    },
    /// The module stopped.
    #[error("the module trapped while it started: {message}; {log:?}")]
    Trapped {
        /// The trap and the module's backtrace.
        message: String,
        /// What the plugin wrote.
        log: Vec<LogLine>,
    },
}

/// Whether the message goes to the upstream or comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// A part of a message reaches a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Headers {
        count: usize,
        end_of_stream: bool,
    },
    /// `size` is what the filter can read: all that it buffers and the new chunk.
    Body {
        size: usize,
        end_of_stream: bool,
    },
    Trailers {
        count: usize,
    },
}

/// What a filter answers to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Continue,
    Pause,
}

/// The module stopped: the trap and its backtrace.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trap(String);

impl Vm {
    /// Starts a module and gives it its configuration, as Envoy does on each worker.
    ///
    /// # Errors
    /// When the plugin refuses the configuration or traps.
    pub fn start(
        module: &Module,
        configuration: &[u8],
        shared: &SharedState,
    ) -> Result<Self, ConfigureRefused> {
        let mut store = Store::new(module.ready.module().engine(), HostState::new(shared.clone()));
        store.limiter(|state| &mut state.limits);
        let exports = match prepare(module, &mut store) {
            Ok(exports) => exports,
            Err(error) => return Err(trapped(&mut store, &error)),
        };
        let mut vm = Self {
            module: module.clone(),
            configuration: configuration.to_vec(),
            shared: shared.clone(),
            store,
            exports,
            last_context: ROOT_CONTEXT,
            failed: false,
        };
        vm.configure()?;
        Ok(vm)
    }

    /// Calls `proxy_on_tick`, whatever the period: time is the test's.
    ///
    /// # Errors
    /// When the module traps.
    pub fn tick(&mut self) -> Result<(), Trap> {
        let tick = self.exports.tick.clone();
        self.root_call(tick.as_ref(), ROOT_CONTEXT).map(drop)
    }

    /// Ticks the plugin, if it asked for it, and gives it the replies to its calls, until it makes no more.
    ///
    /// # Errors
    /// When the module traps.
    pub fn settle(&mut self) -> Result<(), Trap> {
        if self.tick_period().is_some() {
            self.tick_for(None)?;
        }
        Ok(())
    }

    /// Ticks and replies, while a stream waits or none does.
    pub(crate) fn tick_for(&mut self, mut scope: Option<&mut Scope>) -> Result<(), Trap> {
        let tick = self.exports.tick.clone();
        match scope.as_deref_mut() {
            Some(scope) => self.stream_call(tick.as_ref(), ROOT_CONTEXT, scope).map(drop)?,
            None => self.root_call(tick.as_ref(), ROOT_CONTEXT).map(drop)?,
        }
        while self.deliver(scope.as_deref_mut())? {}
        Ok(())
    }

    /// Gives the module the reply to its oldest call; false when there is none.
    pub(crate) fn deliver(&mut self, scope: Option<&mut Scope>) -> Result<bool, Trap> {
        let state = self.store.data_mut();
        if state.calls.is_empty() {
            return Ok(false);
        }
        let (token, reply) = state.calls.remove(0);
        let (headers, body) = (wasm_size(reply.headers.len()), wasm_size(reply.body.len()));
        state.call_reply = Some(reply);
        let callback = self.exports.call_reply.clone();
        let params = (ROOT_CONTEXT, token, headers, body, 0);
        let answer = match scope {
            Some(scope) => self.stream_call(callback.as_ref(), params, scope),
            None => self.root_call(callback.as_ref(), params),
        };
        self.store.data_mut().call_reply = None;
        answer.map(|_| true)
    }

    /// What the clock says is the test's, but a stream that waits sees it move.
    pub(crate) fn pass_a_tick(&mut self, scope: &mut Scope) -> Result<bool, Trap> {
        let Some(period) = self.tick_period() else { return Ok(false) };
        self.shared.advance(period);
        self.tick_for(Some(scope))?;
        Ok(true)
    }

    /// The period the plugin asked to be ticked at; `None` when it did not.
    #[must_use]
    pub fn tick_period(&self) -> Option<Duration> {
        let milliseconds = self.store.data().tick_milliseconds;
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
    }

    /// What the plugin did since the last time this was asked, its start included; a chain asks after each request.
    pub fn take_work(&mut self) -> Work {
        std::mem::take(&mut self.store.data_mut().work)
    }

    /// Adds a line of the host's own to what the plugin wrote.
    pub(crate) fn note(&mut self, line: &str) {
        self.store.data_mut().write_log(5, line.as_bytes());
    }

    /// Puts a new VM in the place of one that trapped.
    pub(crate) fn reload_if_failed(&mut self) -> Result<(), ConfigureRefused> {
        if self.failed {
            let last_context = self.last_context;
            *self = Self::start(&self.module, &self.configuration, &self.shared)?;
            // Streams of the old VM stay its own.
            self.last_context = last_context;
        }
        Ok(())
    }

    /// Makes the context of a new stream.
    pub(crate) fn open_stream(&mut self, scope: &mut Scope) -> Result<u32, Trap> {
        self.last_context += 1;
        let context = self.last_context;
        self.store.data_mut().contexts.insert(context);
        let create = self.exports.context_create.clone();
        self.stream_call(create.as_ref(), (context, ROOT_CONTEXT), scope)?;
        Ok(context)
    }

    /// Hands a part of a message to a stream's context. The part itself is in `scope`.
    pub(crate) fn on_part(
        &mut self,
        context: u32,
        direction: Direction,
        part: Part,
        scope: &mut Scope,
    ) -> Result<Action, Trap> {
        let exports = match direction {
            Direction::Request => &self.exports.request,
            Direction::Response => &self.exports.response,
        };
        let answer = match part {
            Part::Headers { count, end_of_stream } => {
                let callback = exports.headers.clone();
                self.stream_call(callback.as_ref(), (context, wasm_size(count), end_of_stream.into()), scope)
            }
            Part::Body { size, end_of_stream } => {
                let callback = exports.body.clone();
                self.stream_call(callback.as_ref(), (context, wasm_size(size), end_of_stream.into()), scope)
            }
            Part::Trailers { count } => {
                let callback = exports.trailers.clone();
                self.stream_call(callback.as_ref(), (context, wasm_size(count)), scope)
            }
        };
        Ok(if answer?.unwrap_or(0) == 0 { Action::Continue } else { Action::Pause })
    }

    /// Ends a stream: log, done, delete. A plugin that answers false to done keeps its context, unless it has called `proxy_done`.
    pub(crate) fn close_stream(&mut self, context: u32, scope: &mut Scope) -> Result<(), Trap> {
        if !self.store.data().contexts.contains(&context) {
            return Ok(());
        }
        let (log, done, delete) =
            (self.exports.log.clone(), self.exports.done.clone(), self.exports.delete.clone());
        self.stream_call(log.as_ref(), context, scope)?;
        self.store.data_mut().done = false;
        let finished = self.stream_call(done.as_ref(), context, scope)?.unwrap_or(1) != 0;
        if finished || self.store.data().done {
            self.stream_call(delete.as_ref(), context, scope)?;
            self.store.data_mut().contexts.remove(&context);
        }
        Ok(())
    }

    fn configure(&mut self) -> Result<(), ConfigureRefused> {
        let size = wasm_size(self.configuration.len());
        let (create, vm_start) = (self.exports.context_create.clone(), self.exports.vm_start.clone());
        let configure = self.exports.configure.clone();
        self.store.data_mut().contexts.insert(ROOT_CONTEXT);
        self.starting_call(create.as_ref(), (ROOT_CONTEXT, 0))?;
        let started = self.starting_call(vm_start.as_ref(), (ROOT_CONTEXT, 0))?;
        self.accepted(started, "proxy_on_vm_start")?;
        self.store.data_mut().plugin_configuration = Some(self.configuration.clone());
        let configured = self.starting_call(configure.as_ref(), (ROOT_CONTEXT, size))?;
        self.store.data_mut().plugin_configuration = None;
        self.accepted(configured, "proxy_on_configure")
    }

    fn accepted(&mut self, answer: Option<u32>, callback: &'static str) -> Result<(), ConfigureRefused> {
        if answer.unwrap_or(1) == 0 {
            return Err(ConfigureRefused::Refused { callback, log: self.take_work().log });
        }
        Ok(())
    }

    fn starting_call<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Option<&TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, ConfigureRefused> {
        let answer = self.root_call(callback, params);
        answer.map_err(|Trap(message)| ConfigureRefused::Trapped { message, log: self.take_work().log })
    }

    fn stream_call<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Option<&TypedFunc<P, R>>,
        params: P,
        scope: &mut Scope,
    ) -> Result<Option<R>, Trap> {
        self.store.data_mut().scope = Some(std::mem::take(scope));
        let answer = self.root_call(callback, params);
        *scope = self.store.data_mut().scope.take().unwrap_or_default();
        answer
    }

    /// Calls with what the store holds: without a scope the module speaks for the root context.
    fn root_call<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Option<&TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, Trap> {
        let Some(callback) = callback.filter(|_| !self.failed) else { return Ok(None) };
        self.store.data_mut().effective_context = None;
        let counting = self.module.counting;
        let answer = refuel(&mut self.store, counting).and_then(|()| callback.call(&mut self.store, params));
        if counting == Counting::On {
            let left = self.store.get_fuel().unwrap_or(0);
            self.store.data_mut().work.fuel += FUEL_PER_CALLBACK.saturating_sub(left);
        }
        self.failed = answer.is_err();
        answer.map(Some).map_err(|error| Trap(format!("{error:#}")))
    }
}

/// What a callback may take, where that is counted.
fn refuel(store: &mut Store<HostState>, counting: Counting) -> wasmtime::Result<()> {
    if counting == Counting::Off { Ok(()) } else { store.set_fuel(FUEL_PER_CALLBACK) }
}

fn prepare(module: &Module, store: &mut Store<HostState>) -> wasmtime::Result<Exports> {
    refuel(store, module.counting)?;
    let instance = module.ready.instantiate(&mut *store)?;
    let memory = instance.get_memory(&mut *store, "memory");
    store.data_mut().memory = memory;
    let allocate = allocator(&instance, store)?;
    store.data_mut().allocate = allocate;
    if let Some(initialize) = initializer(&instance, store)? {
        initialize.call(&mut *store, ())?;
    }
    Exports::of(&instance, store)
}

fn trapped(store: &mut Store<HostState>, error: &wasmtime::Error) -> ConfigureRefused {
    let log = std::mem::take(&mut store.data_mut().work.log);
    ConfigureRefused::Trapped { message: format!("{error:#}"), log }
}

fn wasm_size(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
