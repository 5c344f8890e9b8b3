//! Entries by their hashes, with open addressing. Its memory is of many small pieces, which the next list uses again: one
//! large block would leave a hole wherever the next one is a little larger, and a module's memory never shrinks.

use crate::revoked::mark::Entry;

/// Entries of a piece: 64 KiB.
const PIECE: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Table {
    pieces: Vec<Box<[Entry]>>,
    filled: usize,
    /// The kinds of marks that there are, a bit for each.
    kinds: u8,
}

impl Table {
    /// Forgets everything, and makes room for so many entries, which fill three quarters of it: what is not there is soon known
    /// not to be.
    pub(super) fn clear_for(&mut self, entries: usize) {
        let pieces = (entries + entries / 3 + 1).div_ceil(PIECE);
        self.pieces.truncate(pieces);
        self.pieces.iter_mut().for_each(|piece| piece.fill(Entry::NONE));
        self.pieces.resize_with(pieces, || vec![Entry::NONE; PIECE].into_boxed_slice());
        (self.filled, self.kinds) = (0, 0);
    }

    /// Whether so many more can be added before it is too full to be quick.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.filled.saturating_add(more) <= self.slots() / 8 * 7
    }

    /// Of two entries for the same, the one that reaches further counts; what is limited to tokens issued before is apart from
    /// what is not. False when there is no room.
    pub(super) fn insert(&mut self, entry: Entry) -> bool {
        let slots = self.slots();
        let mut at = slot_of(entry.hash, slots);
        for _ in 0..slots {
            let Some(slot) = self.pieces.get_mut(at / PIECE).and_then(|piece| piece.get_mut(at % PIECE))
            else {
                return false;
            };
            if slot.is_none() {
                *slot = entry;
                self.filled += 1;
                self.kinds |= entry.kind();
                return true;
            }
            if slot.hash == entry.hash && slot.is_plain() == entry.is_plain() {
                slot.until = slot.until.max(entry.until);
                slot.before = slot.before.max(entry.before);
                return true;
            }
            at = if at + 1 == slots { 0 } else { at + 1 };
        }
        false
    }

    /// Whether there is an entry of this hash that fits.
    pub(super) fn any(&self, hash: u64, fits: impl Fn(&Entry) -> bool) -> bool {
        let slots = self.slots();
        let mut at = slot_of(hash, slots);
        for _ in 0..slots {
            let Some(slot) = self.pieces.get(at / PIECE).and_then(|piece| piece.get(at % PIECE)) else {
                break;
            };
            if slot.is_none() {
                break;
            }
            if slot.hash == hash && fits(slot) {
                return true;
            }
            at = if at + 1 == slots { 0 } else { at + 1 };
        }
        false
    }

    /// Whether there is an entry of one of these kinds.
    pub(super) fn has(&self, kinds: u8) -> bool {
        self.kinds & kinds != 0
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.pieces.iter().flatten().filter(|entry| !entry.is_none()).copied()
    }

    fn slots(&self) -> usize {
        self.pieces.len() * PIECE
    }
}

/// Where a hash belongs, without a division.
fn slot_of(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revoked::mark::{HashKey, Mark};

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_table_holds_what_it_was_made_for_and_says_when_it_is_full() {
        let key = HashKey::from_bytes([7; 16]);
        let entry = |number: usize| key.entry(Mark::Id(&number.to_string()), u32::MAX, u32::MAX);
        let mut table = Table::default();
        assert!(!table.insert(entry(0)) && !table.any(entry(0).hash, |_| true));
        for entries in [0, 1, 3000, 3072, 5000, 10] {
            table.clear_for(entries);
            assert_eq!(table.entries().count(), 0);
            assert!((0..entries).all(|number| table.insert(entry(number))), "{entries}");
            assert!((0..entries).all(|number| table.any(entry(number).hash, |_| true)), "{entries}");
            assert!(!(entries..9000).any(|number| table.any(entry(number).hash, |_| true)), "{entries}");
            assert!(table.has_room_for(10) && !table.has_room_for(2 * PIECE), "{entries}");
        }
        let slots = table.slots();
        assert!((0..slots).all(|number| table.insert(entry(number))));
        assert!(!table.insert(entry(slots)) && !table.any(entry(slots).hash, |_| true));
        assert!(table.insert(entry(slots - 1)), "what is there already needs no room");
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn a_million_entries_take_22_million_bytes_and_all_are_found() {
        let key = HashKey::from_bytes([7; 16]);
        let entry = |number: usize| key.entry(Mark::Id(&number.to_string()), u32::MAX, u32::MAX);
        let mut table = Table::default();
        table.clear_for(1_000_000);
        assert!((0..1_000_000).all(|number| table.insert(entry(number))));
        assert!(table.slots() * size_of::<Entry>() < 22_000_000);
        assert!((0..1_000_000).all(|number| table.any(entry(number).hash, |_| true)));
        assert!(!(1_000_000..1_100_000).any(|number| table.any(entry(number).hash, |_| true)));
    }
}
