//! Host calls that concern the stream being processed: header maps, bodies, properties, replies.

use crate::guest::{Answer, Failure, Guest, LocalReply, Scope, Status};
use crate::headers::Headers;

const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const VM_CONFIGURATION: u32 = 6;
const PLUGIN_CONFIGURATION: u32 = 7;
const CALL_HEADERS: u32 = 6;
const CALL_BODY: u32 = 4;
const LAST_MAP: u32 = 7;
const LAST_BUFFER: u32 = 8;

/// A map that is not there reads as an empty one, unlike all other calls on it: so does Envoy.
pub(super) fn get_header_map_pairs(guest: &mut Guest<'_>, map: u32, pointer: u32, size: u32) -> Answer {
    if map > LAST_MAP {
        return Err(Status::BadArgument.into());
    }
    let wire = readable(guest, map).map(|headers| headers.to_wire()).unwrap_or_default();
    guest.give(&wire, pointer, size)
}

pub(super) fn set_header_map_pairs(guest: &mut Guest<'_>, map: u32, data: u32, data_size: u32) -> Answer {
    let pairs = Headers::from_wire(&guest.read(data, data_size)?).ok_or(Status::BadArgument)?;
    *writable(guest, map)? = pairs;
    Ok(())
}

pub(super) fn get_header_map_value(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    pointer: u32,
    size: u32,
) -> Answer {
    let key = guest.read(key, key_size)?;
    let value = readable(guest, map)?.first(&key).ok_or(Status::NotFound)?.to_vec();
    guest.give(&value, pointer, size)
}

pub(super) fn add_header_map_value(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let (key, value) = (guest.read(key, key_size)?, guest.read(value, value_size)?);
    writable(guest, map)?.add(key, value);
    Ok(())
}

pub(super) fn replace_header_map_value(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let (key, value) = (guest.read(key, key_size)?, guest.read(value, value_size)?);
    writable(guest, map)?.replace(key, value);
    Ok(())
}

pub(super) fn remove_header_map_value(guest: &mut Guest<'_>, map: u32, key: u32, key_size: u32) -> Answer {
    let key = guest.read(key, key_size)?;
    writable(guest, map)?.remove(key);
    Ok(())
}

/// Past the end there is nothing, nor in a body that is not held: then the pointers stay as they are, as in Envoy.
pub(super) fn get_buffer_bytes(
    guest: &mut Guest<'_>,
    buffer: u32,
    start: u32,
    length: u32,
    pointer: u32,
    size: u32,
) -> Answer {
    let end = start.checked_add(length).ok_or(Status::BadArgument)?;
    let bytes = readable_buffer(guest, buffer)?;
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    match bytes.get(start..end) {
        Some(part) if !part.is_empty() => {
            let part = part.to_vec();
            guest.give(&part, pointer, size)
        }
        _ => Ok(()),
    }
}

/// Bodies can be prepended to, replaced whole or appended to, and nothing else.
pub(super) fn set_buffer_bytes(
    guest: &mut Guest<'_>,
    buffer: u32,
    start: u32,
    length: u32,
    data: u32,
    data_size: u32,
) -> Answer {
    let data = guest.read(data, data_size)?;
    let scope = guest.state().stream()?;
    let body = match buffer {
        REQUEST_BODY => scope.request_body.as_mut(),
        RESPONSE_BODY => scope.response_body.as_mut(),
        _ => return Err(Status::BadArgument.into()),
    };
    let body = body.ok_or(Status::BadArgument)?;
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    match (start, length) {
        (0, 0) => drop(body.splice(..0, data)),
        (0, length) if length >= body.len() => *body = data,
        (start, _) if start > 0 && start >= body.len() => body.extend(data),
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

/// What filters set comes first by its one name (`wasm.` is Envoy's prefix for it), then what the test set.
pub(super) fn get_property(
    guest: &mut Guest<'_>,
    path: u32,
    path_size: u32,
    pointer: u32,
    size: u32,
) -> Answer {
    let path = guest.read(path, path_size)?;
    let path = path.strip_suffix(&[0]).unwrap_or(&path);
    let scope = guest.state().stream()?;
    let value = property(scope, path).ok_or(Status::NotFound)?.to_vec();
    guest.give(&value, pointer, size)
}

/// Any path is accepted, and only one of a single element can be read back: Envoy keeps the NUL in the key.
pub(super) fn set_property(
    guest: &mut Guest<'_>,
    path: u32,
    path_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let (path, value) = (guest.read(path, path_size)?, guest.read(value, value_size)?);
    guest.state().stream()?.filter_state.insert(path, value);
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI has that many")]
pub(super) fn send_local_response(
    guest: &mut Guest<'_>,
    status: u32,
    details: u32,
    details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    _grpc_status: u32,
) -> Answer {
    let details = guest.read(details, details_size)?;
    let body = guest.read(body, body_size)?;
    let headers = Headers::from_wire(&guest.read(headers, headers_size)?).ok_or(Status::BadArgument)?;
    let status = u16::try_from(status).map_err(|_| Status::BadArgument)?;
    let details = String::from_utf8_lossy(&details).replace(char::is_whitespace, "_");
    let scope = guest.state().stream()?;
    // The first answer is the one that is sent.
    scope.reply.get_or_insert(LocalReply { status, headers, body, details });
    Ok(())
}

pub(super) fn continue_stream(guest: &mut Guest<'_>, kind: u32) -> Answer {
    if kind > 1 {
        return Err(Status::BadArgument.into());
    }
    guest.state().stream()?.resumed = true;
    Ok(())
}

pub(super) fn close_stream(guest: &mut Guest<'_>, kind: u32) -> Answer {
    if kind > 3 {
        return Err(Status::BadArgument.into());
    }
    guest.state().stream()?.closed = true;
    Ok(())
}

fn property<'a>(scope: &'a Scope, path: &[u8]) -> Option<&'a Vec<u8>> {
    let filter_state = path.strip_prefix(b"filter_state\0wasm.").unwrap_or(path);
    let set = if filter_state.contains(&0) { None } else { scope.filter_state.get(filter_state) };
    set.or_else(|| scope.properties.get(path))
}

fn map_slot(scope: &mut Scope, map: u32) -> Option<&mut Headers> {
    match map {
        0 => scope.maps.request_headers.as_mut(),
        1 => scope.maps.request_trailers.as_mut(),
        2 => scope.maps.response_headers.as_mut(),
        3 => scope.maps.response_trailers.as_mut(),
        _ => None,
    }
}

/// A map that is gone, or never was, is a bad argument.
fn readable<'a>(guest: &'a mut Guest<'_>, map: u32) -> Answer<&'a Headers> {
    let gone = Failure::Status(Status::BadArgument);
    if map == CALL_HEADERS {
        return guest.state().call_reply.as_ref().map(|reply| &reply.headers).ok_or(gone);
    }
    match guest.state().stream() {
        Ok(scope) => map_slot(scope, map).map(|headers| &*headers).ok_or(gone),
        Err(_root_context) => Err(gone),
    }
}

fn writable<'a>(guest: &'a mut Guest<'_>, map: u32) -> Answer<&'a mut Headers> {
    let gone = Failure::Status(Status::BadArgument);
    match guest.state().stream() {
        Ok(scope) if !scope.read_only => map_slot(scope, map).ok_or(gone),
        _ => Err(gone),
    }
}

fn readable_buffer<'a>(guest: &'a mut Guest<'_>, buffer: u32) -> Answer<&'a [u8]> {
    let state = guest.state();
    match buffer {
        REQUEST_BODY => Ok(state.stream()?.request_body.as_deref().unwrap_or_default()),
        RESPONSE_BODY => Ok(state.stream()?.response_body.as_deref().unwrap_or_default()),
        CALL_BODY => Ok(&state.call_reply.as_ref().ok_or(Status::NotFound)?.body),
        VM_CONFIGURATION => Ok(&state.vm_configuration),
        PLUGIN_CONFIGURATION => Ok(state.plugin_configuration.as_deref().ok_or(Status::NotFound)?),
        buffer if buffer <= LAST_BUFFER => Err(Status::NotFound.into()),
        _ => Err(Status::BadArgument.into()),
    }
}
