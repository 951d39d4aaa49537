//! A whole program without std, with the core and the reader of files in it.
//!
//! A program has one panic handler. This one brings its own, and std has one too: so when the core,
//! or anything below it, uses std, the compiler finds two and refuses. That holds on any target,
//! also on those that have a std.
#![no_std]

extern crate shadowvol;
extern crate shadowvol_files;

#[cfg(feature = "broken")]
extern crate std;

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

struct NoMemory;

// SAFETY: it never gives out any memory.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;
