//! Host calls that concern no stream: log, time, shared data, metrics, contexts.

use super::signature;
use super::wasi::nanoseconds;
use crate::guest::{Answer, Failure, Guest, Status};

/// What Envoy answers by default.
const INFO: u32 = 2;
const CRITICAL: u32 = 5;
const COUNTER: u32 = 0;
const HISTOGRAM: u32 = 2;

pub(super) fn log(guest: &mut Guest<'_>, level: u32, message: u32, size: u32) -> Answer {
    if level > CRITICAL {
        return Err(Status::BadArgument.into());
    }
    let message = guest.read(message, size)?;
    guest.state().write_log(level, &message);
    Ok(())
}

pub(super) fn get_log_level(guest: &mut Guest<'_>, level: u32) -> Answer {
    guest.write_u32(level, INFO)
}

pub(super) fn get_current_time_nanoseconds(guest: &mut Guest<'_>, time: u32) -> Answer {
    let now = nanoseconds(guest.state().shared.now());
    guest.write(time, &now.to_le_bytes())
}

pub(super) fn set_tick_period_milliseconds(guest: &mut Guest<'_>, period: u32) -> Answer {
    guest.state().tick_milliseconds = period;
    Ok(())
}

pub(super) fn get_shared_data(
    guest: &mut Guest<'_>,
    key: u32,
    key_size: u32,
    pointer: u32,
    size: u32,
    cas: u32,
) -> Answer {
    let key = guest.read(key, key_size)?;
    let (value, current) = guest.state().shared.read(&key).ok_or(Status::NotFound)?;
    guest.give(&value, pointer, size)?;
    guest.write_u32(cas, current)
}

pub(super) fn set_shared_data(
    guest: &mut Guest<'_>,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
    cas: u32,
) -> Answer {
    let key = guest.read(key, key_size)?;
    let value = guest.read(value, value_size)?;
    let written = guest.state().shared.write(&key, &value, cas);
    written.map_err(|_mismatch| Status::CasMismatch.into())
}

/// The number given out says the kind too, in its two low bits.
pub(super) fn define_metric(guest: &mut Guest<'_>, kind: u32, name: u32, name_size: u32, id: u32) -> Answer {
    if kind > HISTOGRAM {
        return Err(Status::BadArgument.into());
    }
    let name = guest.read(name, name_size)?;
    let number = guest.state().shared.define_metric(&String::from_utf8_lossy(&name));
    let number = u32::try_from(number).map_err(|_| Status::BadArgument)?;
    guest.write_u32(id, (number << 2) | kind)
}

/// A counter only grows; a gauge stops at 0.
pub(super) fn increment_metric(guest: &mut Guest<'_>, id: u32, by: i64) -> Answer {
    let kind = id & 3;
    if kind == HISTOGRAM || (kind == COUNTER && by <= 0) {
        return Err(Status::BadArgument.into());
    }
    change(guest, id, |value| value.saturating_add_signed(by)).map(drop)
}

/// Sets a gauge; of a histogram the last value is kept.
pub(super) fn record_metric(guest: &mut Guest<'_>, id: u32, value: u64) -> Answer {
    change(guest, id, |old| if id & 3 == COUNTER { old.saturating_add(value) } else { value }).map(drop)
}

pub(super) fn get_metric(guest: &mut Guest<'_>, id: u32, value: u32) -> Answer {
    if id & 3 == HISTOGRAM {
        return Err(Status::BadArgument.into());
    }
    let current = change(guest, id, |value| value)?;
    guest.write(value, &current.to_le_bytes())
}

/// `clear_route_cache`, of which this host has nothing to clear, `sign`, and `verify_signature` unless the test has taken it away.
pub(super) fn call_foreign_function(
    guest: &mut Guest<'_>,
    name: u32,
    name_size: u32,
    data: u32,
    data_size: u32,
    pointer: u32,
    size: u32,
) -> Answer {
    let name = guest.read(name, name_size)?;
    let arguments = guest.read(data, data_size)?;
    let answer = match name.as_slice() {
        b"clear_route_cache" => Vec::new(),
        b"sign" => signature::sign(&arguments).map_err(|signature::BadArgument| Status::BadArgument)?,
        b"verify_signature" if guest.state().shared.verifies_signatures() => {
            signature::verify(&arguments).map_err(|signature::BadArgument| Status::BadArgument)?
        }
        _ => return Err(Status::NotFound.into()),
    };
    guest.give(&answer, pointer, size)
}

pub(super) fn set_effective_context(guest: &mut Guest<'_>, context: u32) -> Answer {
    let state = guest.state();
    if !state.contexts.contains(&context) {
        return Err(Status::BadArgument.into());
    }
    state.effective_context = Some(context);
    Ok(())
}

pub(super) fn done(guest: &mut Guest<'_>) -> Answer {
    guest.state().done = true;
    Ok(())
}

fn change(guest: &mut Guest<'_>, id: u32, change: impl FnOnce(u64) -> u64) -> Answer<u64> {
    let number = usize::try_from(id >> 2).unwrap_or(usize::MAX);
    let changed = guest.state().shared.change_metric(number, change);
    changed.ok_or(Failure::Status(Status::NotFound))
}
