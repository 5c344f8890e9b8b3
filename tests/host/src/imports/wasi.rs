//! The few WASI calls that a module built for `wasm32-wasip1` needs. Time is the test's, random bytes follow from a seed, there are no variables or files.

use std::time::Duration;

use crate::guest::{Answer, Guest};

const SUCCESS: u32 = 0;
const BAD_DESCRIPTOR: u32 = 8;
pub(super) const FAULT: u32 = 21;
const NOT_SUPPORTED: u32 = 58;

/// Standard output logs as info, standard error as error, each call one line, as Envoy does.
pub(super) fn fd_write(
    guest: &mut Guest<'_>,
    descriptor: u32,
    vectors: u32,
    count: u32,
    written: u32,
) -> Answer<u32> {
    let level = match descriptor {
        1 => 2,
        2 => 4,
        _ => return Ok(BAD_DESCRIPTOR),
    };
    let mut text = Vec::new();
    let sizes = guest.read(vectors, count.saturating_mul(8))?;
    for vector in sizes.chunks_exact(8) {
        let (address, size) = vector.split_at(4);
        text.extend(guest.read(number(address), number(size))?);
    }
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    guest.state().write_log(level, text.strip_suffix(b"\n").unwrap_or(&text));
    guest.write_u32(written, length)?;
    Ok(SUCCESS)
}

/// Splitmix64 from the VM's seed: hash maps differ from VM to VM and never from run to run.
pub(super) fn random_get(guest: &mut Guest<'_>, address: u32, size: u32) -> Answer<u32> {
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    guest.read(address, size)?;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let state = guest.state();
        state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    guest.write(address, &bytes)?;
    Ok(SUCCESS)
}

/// The wall clock and the monotonic clock are the test's clock.
pub(super) fn clock_time_get(guest: &mut Guest<'_>, clock: u32, _precision: u64, time: u32) -> Answer<u32> {
    if clock > 1 {
        return Ok(NOT_SUPPORTED);
    }
    let now = nanoseconds(guest.state().shared.now());
    guest.write(time, &now.to_le_bytes())?;
    Ok(SUCCESS)
}

pub(super) fn environ_sizes_get(guest: &mut Guest<'_>, count: u32, size: u32) -> Answer<u32> {
    let environment = guest.state().shared.environment();
    let bytes: usize = environment.iter().map(|variable| variable.len() + 1).sum();
    guest.write_u32(count, u32::try_from(environment.len()).unwrap_or(u32::MAX))?;
    guest.write_u32(size, u32::try_from(bytes).unwrap_or(u32::MAX))?;
    Ok(SUCCESS)
}

pub(super) fn environ_get(guest: &mut Guest<'_>, pointers: u32, strings: u32) -> Answer<u32> {
    let (mut pointer, mut string) = (pointers, strings);
    for variable in guest.state().shared.environment() {
        guest.write_u32(pointer, string)?;
        guest.write(string, variable.as_bytes())?;
        let end = string.saturating_add(u32::try_from(variable.len()).unwrap_or(u32::MAX));
        guest.write(end, &[0])?;
        (pointer, string) = (pointer.saturating_add(4), end.saturating_add(1));
    }
    Ok(SUCCESS)
}

pub(super) fn sched_yield(_guest: &mut Guest<'_>) -> Answer<u32> {
    Ok(SUCCESS)
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}
