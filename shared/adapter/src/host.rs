//! The host calls in use, each as a function that cannot panic. The SDK's own wrappers panic on statuses they
//! do not list, and one panic ends the VM for all its requests.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::time::Duration;

use portcullis_core::{Call, Contended, Headers, Metric, MetricKind};
use proxy_wasm::hostcalls;

use crate::wire::{read_headers, write_headers};

/// The host said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// Which header map.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Map {
    Request = 0,
    Response = 2,
    CallReply = 6,
    CallReplyTrailers = 7,
}

/// Which buffer.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallReply = 4,
    PluginConfiguration = 7,
}

const OK: u32 = 0;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        max: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        arguments: *const u8,
        arguments_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_continue_stream(kind: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// Nanoseconds since 1970; the end of time when the host has no clock, so that whatever expires has expired.
pub(crate) fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes one u64 to a valid place.
    match unsafe { proxy_get_current_time_nanoseconds(&mut time) } {
        OK => time,
        _ => u64::MAX,
    }
}

/// Up to `max` bytes of a buffer from a place on; empty when there is none.
pub(crate) fn buffer(kind: Buffer, from: usize, max: usize) -> Result<Vec<u8>, Refused> {
    // SAFETY: see `take`.
    unsafe { take(|data, size| proxy_get_buffer_bytes(kind as u32, from, max, data, size)) }
        .map_err(|_| Refused)
}

/// All headers of a message.
pub(crate) fn headers(map: Map) -> Result<Headers, Refused> {
    // SAFETY: see `take`.
    let block = unsafe { take(|data, size| proxy_get_header_map_pairs(map as u32, data, size)) };
    read_headers(block.map_err(|_| Refused)?).ok_or(Refused)
}

/// Sets a header to one value.
pub(crate) fn set_header(map: Map, name: &str, value: &str) -> Result<(), Refused> {
    // SAFETY: both texts outlive the call.
    accepted(unsafe {
        proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Removes every value of a header.
pub(crate) fn remove_header(map: Map, name: &str) -> Result<(), Refused> {
    // SAFETY: the text outlives the call.
    accepted(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// A property; `path` has its elements separated by NUL. `None` when there is no such property.
pub(crate) fn property(path: &str) -> Option<Vec<u8>> {
    // SAFETY: see `take`; the path outlives the call.
    unsafe { take(|data, size| proxy_get_property(path.as_ptr(), path.len(), data, size)) }.ok()
}

/// Publishes a value for the filters that follow and the access log.
pub(crate) fn set_property(path: &str, value: &str) -> Result<(), Refused> {
    // SAFETY: both texts outlive the call.
    accepted(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

/// A shared value and its version.
pub(crate) fn shared(key: &str) -> Option<(Vec<u8>, u32)> {
    let mut version = 0;
    // SAFETY: see `take`; the key outlives the call.
    let value = unsafe {
        take(|data, size| proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &mut version))
    };
    value.ok().map(|value| (value, version))
}

/// Sets a shared value when its version is still this one; version 0 sets it whatever it is.
pub(crate) fn set_shared(key: &str, value: &[u8], version: u32) -> Result<(), Contended> {
    // SAFETY: both texts outlive the call.
    let status =
        unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version) };
    if status == OK { Ok(()) } else { Err(Contended) }
}

/// What a function answers that this host has beside those of the ABI.
pub(crate) fn foreign(name: &str, arguments: &[u8]) -> Result<Vec<u8>, Refused> {
    let call = |data, size| {
        // SAFETY: see `take`; name and arguments outlive the call.
        unsafe {
            proxy_call_foreign_function(
                name.as_ptr(),
                name.len(),
                arguments.as_ptr(),
                arguments.len(),
                data,
                size,
            )
        }
    };
    // SAFETY: the call is one of the host's, as `take` wants it.
    unsafe { take(call) }.map_err(|_| Refused)
}

/// Answers the request here. `details` becomes Envoy's response code details.
pub(crate) fn answer(
    status: u16,
    details: &str,
    headers: &[(Cow<'_, str>, Cow<'_, str>)],
    body: &[u8],
) -> Result<(), Refused> {
    let headers = write_headers(headers);
    // SAFETY: all texts outlive the call; -1 leaves the gRPC status to the host.
    accepted(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            -1,
        )
    })
}

/// Makes the calls that follow concern another context of this plugin.
pub(crate) fn speak_for(context: u32) -> Result<(), Refused> {
    // SAFETY: the call takes a number.
    accepted(unsafe { proxy_set_effective_context(context) })
}

/// Has the plugin called back now and again.
pub(crate) fn tick_every(milliseconds: u32) -> Result<(), Refused> {
    // SAFETY: the call takes a number.
    accepted(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
}

/// Makes a metric known, which may be known already: all workers have the same. Returns its number.
pub(crate) fn define_metric(metric: &Metric) -> Result<u32, Refused> {
    let kind = match metric.kind {
        MetricKind::Counter => 0,
        MetricKind::Gauge => 1,
    };
    let mut id = 0;
    // SAFETY: the name outlives the call, and the host writes one u32 to a valid place.
    accepted(unsafe { proxy_define_metric(kind, metric.name.as_ptr(), metric.name.len(), &mut id) })?;
    Ok(id)
}

/// Makes a counter grow; a host refuses 0.
pub(crate) fn increment_metric(id: u32, by: u64) -> Result<(), Refused> {
    // SAFETY: the call takes two numbers.
    accepted(unsafe { proxy_increment_metric(id, i64::try_from(by).unwrap_or(i64::MAX)) })
}

/// Sets a gauge.
pub(crate) fn record_metric(id: u32, value: u64) -> Result<(), Refused> {
    // SAFETY: the call takes two numbers.
    accepted(unsafe { proxy_record_metric(id, value) })
}

/// Lets a request go on that was held.
pub(crate) fn resume_request() -> Result<(), Refused> {
    // SAFETY: the call takes a number; 0 is the request.
    accepted(unsafe { proxy_continue_stream(0) })
}

/// Calls a server; what is returned names the call in the callback with its reply, which the SDK gives to the context that
/// is active now. This goes through the SDK, for it must know to whom.
pub(crate) fn call(call: &Call) -> Result<u32, Refused> {
    let pseudo = [(":method", call.method), (":path", &*call.path), (":authority", &*call.authority)];
    let others = call.headers.iter().map(|(name, value)| (&**name, value.as_str()));
    let headers = pseudo.into_iter().chain(others).collect();
    let body = (!call.body.is_empty()).then_some(call.body.as_slice());
    let timeout = call.timeout.max(Duration::from_millis(1));
    hostcalls::dispatch_http_call(&call.service, headers, body, Vec::new(), timeout).map_err(|_| Refused)
}

fn accepted(status: u32) -> Result<(), Refused> {
    if status == OK { Ok(()) } else { Err(Refused) }
}

/// Takes over the memory of a value that the host returned.
///
/// # Safety
/// `call` must be a host call that, when it returns [`OK`], has written either a null pointer or one that this
/// module's `proxy_on_memory_allocate` gave out for exactly `size` bytes.
unsafe fn take(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, u32> {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    match call(&mut data, &mut size) {
        OK if data.is_null() || size == 0 => Ok(Vec::new()),
        // SAFETY: as the caller promises, the allocation is a boxed slice of `size` bytes.
        OK => Ok(unsafe { Vec::from_raw_parts(data, size, size) }),
        status => Err(status),
    }
}
