//! The callbacks of the ABI that a module offers. A missing one means "go on", as in Envoy; one with another signature is an error.

use wasmtime::{Instance, Store, TypedFunc, WasmParams, WasmResults};

use crate::guest::HostState;

type Found<Params, Results> = Option<TypedFunc<Params, Results>>;

/// The callbacks of one direction of a stream; each answers whether to continue (0) or pause.
pub(crate) struct MessageExports {
    pub(crate) headers: Found<(u32, u32, u32), u32>,
    pub(crate) body: Found<(u32, u32, u32), u32>,
    pub(crate) trailers: Found<(u32, u32), u32>,
}

/// All callbacks, looked up once.
pub(crate) struct Exports {
    pub(crate) request: MessageExports,
    pub(crate) response: MessageExports,
    pub(crate) context_create: Found<(u32, u32), ()>,
    pub(crate) vm_start: Found<(u32, u32), u32>,
    pub(crate) configure: Found<(u32, u32), u32>,
    pub(crate) tick: Found<u32, ()>,
    pub(crate) call_reply: Found<(u32, u32, u32, u32, u32), ()>,
    pub(crate) log: Found<u32, ()>,
    pub(crate) done: Found<u32, u32>,
    pub(crate) delete: Found<u32, ()>,
}

impl Exports {
    pub(crate) fn of(instance: &Instance, store: &mut Store<HostState>) -> wasmtime::Result<Self> {
        let request = MessageExports {
            headers: find(instance, store, "proxy_on_request_headers")?,
            body: find(instance, store, "proxy_on_request_body")?,
            trailers: find(instance, store, "proxy_on_request_trailers")?,
        };
        let response = MessageExports {
            headers: find(instance, store, "proxy_on_response_headers")?,
            body: find(instance, store, "proxy_on_response_body")?,
            trailers: find(instance, store, "proxy_on_response_trailers")?,
        };
        Ok(Self {
            request,
            response,
            context_create: find(instance, store, "proxy_on_context_create")?,
            vm_start: find(instance, store, "proxy_on_vm_start")?,
            configure: find(instance, store, "proxy_on_configure")?,
            tick: find(instance, store, "proxy_on_tick")?,
            call_reply: find(instance, store, "proxy_on_http_call_response")?,
            log: find(instance, store, "proxy_on_log")?,
            done: find(instance, store, "proxy_on_done")?,
            delete: find(instance, store, "proxy_on_delete")?,
        })
    }
}

/// How the module wants to be initialised: `_initialize` of a library, else `_start` of a program.
pub(crate) fn initializer(
    instance: &Instance,
    store: &mut Store<HostState>,
) -> wasmtime::Result<Found<(), ()>> {
    match find(instance, store, "_initialize")? {
        None => find(instance, store, "_start"),
        found => Ok(found),
    }
}

/// `malloc` if there is one, else the SDK's own.
pub(crate) fn allocator(
    instance: &Instance,
    store: &mut Store<HostState>,
) -> wasmtime::Result<Found<u32, u32>> {
    match find(instance, store, "malloc")? {
        None => find(instance, store, "proxy_on_memory_allocate"),
        found => Ok(found),
    }
}

fn find<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<HostState>,
    name: &str,
) -> wasmtime::Result<Found<P, R>> {
    let found = instance.get_func(&mut *store, name);
    found.map(|function| function.typed(&*store)).transpose()
}
