//! An allocator that knows the most memory that each thread had in use.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator, metered.
pub(crate) struct Meter;

thread_local! {
    /// Bytes that the thread has taken and not given back, and the most since the meter began.
    static USED: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

impl Meter {
    /// Counts from here, what this thread takes.
    pub(crate) fn begin() {
        USED.set((0, 0));
    }

    /// The most bytes in use since then, beyond those in use then.
    pub(crate) fn peak() -> usize {
        USED.get().1.unsigned_abs()
    }
}

fn count(bytes: isize) {
    // A thread that ends has no counters any more.
    let _ = USED.try_with(|cell| {
        let (used, peak) = cell.get();
        cell.set((used + bytes, peak.max(used + bytes)));
    });
}

// SAFETY: every call goes to the system's allocator as it came; the counters own nothing.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }
}
