//! Calls to servers: the test answers them, and the module gets the reply once it has paused.

use crate::guest::{Answer, Guest, Status};
use crate::headers::Headers;
use crate::message::ServiceCall;

/// A server that the test does not know is a bad argument, as an unknown cluster is.
#[expect(clippy::too_many_arguments, reason = "the ABI has that many")]
pub(super) fn http_call(
    guest: &mut Guest<'_>,
    service: u32,
    service_size: u32,
    headers: u32,
    headers_size: u32,
    body: u32,
    body_size: u32,
    _trailers: u32,
    _trailers_size: u32,
    _timeout: u32,
    token: u32,
) -> Answer {
    let service = String::from_utf8_lossy(&guest.read(service, service_size)?).into_owned();
    let headers = Headers::from_wire(&guest.read(headers, headers_size)?).ok_or(Status::BadArgument)?;
    for name in [":method", ":path", ":authority"] {
        headers.get(name).ok_or(Status::BadArgument)?;
    }
    let body = guest.read(body, body_size)?;
    let reply =
        guest.state().shared.call(&ServiceCall { service, headers, body }).ok_or(Status::BadArgument)?;
    let state = guest.state();
    state.last_token += 1;
    let number = state.last_token;
    state.calls.push((number, reply));
    guest.write_u32(token, number)
}
