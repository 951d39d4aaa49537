//! What the table says of its memory is what the allocator was asked for.
//!
//! The figures of memory that this project gives come from [`Table::heap_bytes`]. Here an allocator
//! counts what the thread of the test has, through growth, replacement and garbage collection.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

use shadowvol::table::{Cursor, Table};
use shadowvol::{Content, CopyId, Extent, Run, SlotIndex};

thread_local! {
    /// Bytes that were allocated by this thread, less those that it gave back.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all work is the system allocator's, under the same contract; the counter allocates
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.set(BYTES.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_table_takes_what_it_says() {
    let id = |number| CopyId::new(number).expect("a number");
    let before = BYTES.get();
    let mut table = Table::new();
    let mut chunk = 1_u64;
    for nth in 0..40_000_u32 {
        chunk = chunk.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let count = [1, 1, 1, 2, 37, 256][nth as usize % 6];
        let content = Content::Slot(SlotIndex(nth * 256));
        let run = Run { chunks: Extent::new(chunk >> 36, count), copy: id(1 + nth % 3), content };
        let sums = [nth; 256];
        table.insert(run, &sums[..count as usize]);
        if nth % 5_000 == 4_999 {
            let live = |copy| (copy == id(2)).then_some(copy);
            let budget = if nth % 10_000 == 9_999 { usize::MAX } else { 300 };
            table.sweep(&mut Cursor::default(), budget, live, |_, _| ());
            assert_eq!(table.heap_bytes(), BYTES.get().wrapping_sub(before), "{nth}");
        }
    }
}
