//! The modules' heap. A request makes and drops some hundred small blocks, most of them of sizes that the last one
//! had too: freed blocks wait here by size, which spares the system's allocator splitting and joining them. How many
//! wait is bounded; the rest, and whatever is large, goes to the system.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

/// Sizes are rounded up to a multiple of this.
const STEP: usize = 16;
/// How blocks that wait are aligned: as the system's allocator aligns by itself. More costs it memory for each block.
const ALIGNMENT: usize = 8;
/// Blocks of up to `CLASSES * STEP` bytes wait: 1 KiB.
const CLASSES: usize = 64;
/// Blocks of one size that wait at most: at most 4 MiB in all.
const MOST_WAITING: u32 = 128;

/// An allocator for one thread; a module has no other.
pub(crate) struct Heap([Waiting; CLASSES]);

/// The free blocks of one size; each holds the address of the next.
struct Waiting {
    first: Cell<*mut u8>,
    count: Cell<u32>,
}

// SAFETY: a module runs on one thread.
#[cfg(target_os = "wasi")]
unsafe impl Sync for Heap {}

#[cfg(target_os = "wasi")]
#[global_allocator]
static HEAP: Heap = Heap::new();

impl Heap {
    pub(crate) const fn new() -> Self {
        Self([const { Waiting { first: Cell::new(null_mut()), count: Cell::new(0) } }; CLASSES])
    }

    /// Where blocks for this layout wait.
    fn waiting(&self, layout: Layout) -> Option<&Waiting> {
        if layout.align() > ALIGNMENT { None } else { self.0.get(layout.size().wrapping_sub(1) / STEP) }
    }
}

/// The layout of a block that may wait.
fn rounded(layout: Layout) -> Layout {
    // SAFETY: the size is at most 1 KiB, and the alignment a power of two.
    unsafe { Layout::from_size_align_unchecked(layout.size().next_multiple_of(STEP), ALIGNMENT) }
}

// SAFETY: blocks come from the system's allocator, are at least as large and aligned as asked for, and are handed out
// to nobody else before they are freed. Whether a block waits depends on its layout alone, so it is always freed to
// where it came from.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(waiting) = self.waiting(layout) else {
            // SAFETY: the caller's promise is the same.
            return unsafe { System.alloc(layout) };
        };
        let block = waiting.first.get();
        if block.is_null() {
            // SAFETY: the size is not zero, as the caller promises.
            return unsafe { System.alloc(rounded(layout)) };
        }
        waiting.count.set(waiting.count.get() - 1);
        // SAFETY: a waiting block holds the next one's address, and is large enough for it.
        waiting.first.set(unsafe { block.cast::<*mut u8>().read() });
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.waiting(layout) {
            Some(waiting) if waiting.count.get() < MOST_WAITING => {
                // SAFETY: the block is nobody's any more, and large enough for an address.
                unsafe { block.cast::<*mut u8>().write(waiting.first.get()) };
                waiting.first.set(block);
                waiting.count.set(waiting.count.get() + 1);
            }
            // SAFETY: it was allocated with this layout.
            Some(_) => unsafe { System.dealloc(block, rounded(layout)) },
            // SAFETY: as above.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size, rounded up to the alignment, is no overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.waiting(layout).is_some(), self.waiting(wanted).is_some()) {
            (true, true) if rounded(layout).size() == rounded(wanted).size() => block,
            // SAFETY: neither block waits, so both are the system's.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            _ => {
                // SAFETY: as the caller promises for this call.
                let new = unsafe { self.alloc(wanted) };
                if !new.is_null() {
                    // SAFETY: both blocks are at least that large, and they are two.
                    unsafe { new.copy_from_nonoverlapping(block, layout.size().min(size)) };
                    // SAFETY: the old block is not used any more.
                    unsafe { self.dealloc(block, layout) };
                }
                new
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Allocates, grows, shrinks and frees blocks of all sizes in an order that repeats sizes, and finds in each what
    /// was written to it.
    #[test]
    fn blocks_keep_what_is_written_to_them() {
        let heap = Heap::new();
        let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut seed = 1_u32;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        for round in 0..20_000_usize {
            let layout = Layout::from_size_align(1 + next(1400), 1 << next(6)).unwrap();
            let mark = round as u8;
            let block = unsafe { heap.alloc(layout) };
            assert_eq!(block.align_offset(layout.align()), 0, "{layout:?}");
            unsafe { block.write_bytes(mark, layout.size()) };
            held.push((block, layout, mark));
            if held.len() > 300 {
                let (block, layout, mark) = held.swap_remove(next(300));
                let size = 1 + next(1400);
                let grown = unsafe { heap.realloc(block, layout, size) };
                for at in 0..layout.size().min(size) {
                    assert_eq!(unsafe { grown.add(at).read() }, mark, "{layout:?} to {size}");
                }
                let layout = Layout::from_size_align(size, layout.align()).unwrap();
                unsafe { grown.write_bytes(mark, size) };
                held.push((grown, layout, mark));
                let (block, layout, mark) = held.swap_remove(next(300));
                for at in 0..layout.size() {
                    assert_eq!(unsafe { block.add(at).read() }, mark, "{layout:?}");
                }
                unsafe { heap.dealloc(block, layout) };
            }
        }
        held.into_iter().for_each(|(block, layout, _)| unsafe { heap.dealloc(block, layout) });
    }

    #[test]
    fn what_waits_is_bounded_and_comes_back_last_first() {
        let heap = Heap::new();
        let layout = Layout::from_size_align(40, 8).unwrap();
        let blocks: Vec<*mut u8> = (0..200).map(|_| unsafe { heap.alloc(layout) }).collect();
        blocks.iter().for_each(|block| unsafe { heap.dealloc(*block, layout) });
        assert_eq!(heap.waiting(layout).unwrap().count.get(), MOST_WAITING);
        let other = Layout::from_size_align(33, 1).unwrap();
        assert_eq!(unsafe { heap.alloc(other) }, blocks[MOST_WAITING as usize - 1]);
    }
}
