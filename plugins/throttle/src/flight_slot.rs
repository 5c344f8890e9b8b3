//! One slot of the table of requests in flight: how many of a few callers there are, by the second at which their leases
//! end. The layout is a list of a little-endian `u64`, the caller's tag, and two `u32`: that second, and how many.

use crate::slot::CALLERS;

/// Stands for all who meet more than [`CALLERS`] others in a slot: they are counted together. No tag is this.
const REST: u64 = 0;

/// Most entries: each caller has one for each step of its lease. Bounds a value to 4 KiB.
const MOST_ENTRIES: usize = 256;

/// A slot, as of a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FlightSlot {
    entries: Vec<Entry>,
    /// Whether a lease was to end later than any does: the clock stepped back.
    pub(crate) stepped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    tag: u64,
    until: u32,
    count: u32,
}

impl FlightSlot {
    /// Reads a value as of `now`, in seconds; no lease that begins now ends after `latest`. `None` for a value that no slot
    /// was written as.
    pub(crate) fn read(value: &[u8], now: u64, latest: u32) -> Option<Self> {
        let (chunks, rest) = value.as_chunks::<16>();
        if !rest.is_empty() || chunks.len() > MOST_ENTRIES {
            return None;
        }
        let mut slot = Self { entries: Vec::with_capacity(chunks.len() + 1), stepped: false };
        for chunk in chunks {
            let (tag, rest) = chunk.split_first_chunk()?;
            let (until, count) = rest.split_first_chunk()?;
            let (tag, until) = (u64::from_le_bytes(*tag), u32::from_le_bytes(*until));
            let count = u32::from_le_bytes(*count.first_chunk()?);
            // Other workers' clocks may be a second behind, or ahead.
            if u64::from(until) + 1 < now {
                continue;
            }
            let is_late = until > latest;
            slot.stepped |= is_late;
            slot.add(tag, if is_late { latest } else { until }, count);
        }
        Some(slot)
    }

    /// Under which tag a caller is counted.
    pub(crate) fn place(&self, tag: u64) -> u64 {
        let mut others: Vec<u64> = self.entries.iter().map(|entry| entry.tag).collect();
        if others.contains(&tag) {
            return tag;
        }
        others.sort_unstable();
        others.dedup();
        if others.iter().filter(|other| **other != REST).count() < CALLERS { tag } else { REST }
    }

    /// How many of a caller are in flight.
    pub(crate) fn flying(&self, tag: u64) -> u64 {
        self.entries.iter().filter(|entry| entry.tag == tag).map(|entry| u64::from(entry.count)).sum()
    }

    /// Adds some; false when the slot can hold no more.
    pub(crate) fn add(&mut self, tag: u64, until: u32, count: u32) -> bool {
        let is_full = self.entries.len() >= MOST_ENTRIES;
        match self.entries.iter_mut().find(|entry| (entry.tag, entry.until) == (tag, until)) {
            Some(entry) => {
                let Some(sum) = entry.count.checked_add(count) else { return false };
                entry.count = sum;
            }
            None if is_full => return false,
            None => self.entries.push(Entry { tag, until, count }),
        }
        true
    }

    /// Takes some away; false when they are not there.
    pub(crate) fn remove(&mut self, tag: u64, until: u32, count: u32) -> bool {
        let found = self.entries.iter_mut().find(|entry| (entry.tag, entry.until) == (tag, until));
        let Some(entry) = found.filter(|entry| entry.count >= count) else { return false };
        entry.count -= count;
        self.entries.retain(|entry| entry.count > 0);
        true
    }

    /// The value to store.
    pub(crate) fn to_value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(16 * self.entries.len());
        for Entry { tag, until, count } in &self.entries {
            value.extend_from_slice(&tag.to_le_bytes());
            value.extend_from_slice(&until.to_le_bytes());
            value.extend_from_slice(&count.to_le_bytes());
        }
        value
    }
}
