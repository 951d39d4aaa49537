//! What the module has in the place of an operating system: memory, a comparison of it, and an end for
//! panics.
//!
//! The standard library would bring the same allocator, and the machinery that words a panic, which
//! nobody could read here: there is no standard error.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;

use dlmalloc::Dlmalloc;

/// Bytes by which the module's memory grows at least. Each growth makes the browser collect garbage and
/// JavaScript's views of the memory anew; what is not used of it costs nothing.
const GROWTH: usize = 1 << 20;

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(empty()));

/// The standard library's allocator, with another step of growth, which that one has no way to set.
struct Heap(UnsafeCell<Dlmalloc>);

// SAFETY: a module without shared memory has one thread, and no function of the allocator's calls back.
unsafe impl Sync for Heap {}

const fn empty() -> Dlmalloc {
    let mut heap = Dlmalloc::new();
    assert!(heap.set_granularity(GROWTH), "a power of two");
    heap
}

// SAFETY: each request goes to one allocator as it came, which keeps the contract.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see `Sync`; the caller keeps the contract of the layout.
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above, and `old` came from here with this layout.
        unsafe { (*self.0.get()).realloc(old, layout.size(), layout.align(), size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above, and `old` came from here with this layout.
        unsafe { (*self.0.get()).free(old, layout.size(), layout.align()) }
    }
}

/// Compares memory word by word, where the compiler's own goes byte by byte: superblocks are compared
/// with those that are known in each read of a copy.
///
/// # Safety
///
/// As in C: so many bytes can be read at both places.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    let mut at = 0;
    // SAFETY: no word or byte is read that does not end within the length.
    unsafe {
        let word = |from: *const u8| from.cast::<u64>().read_unaligned();
        while at + size_of::<u64>() <= length && word(one.add(at)) == word(other.add(at)) {
            at += size_of::<u64>();
        }
        while at < length {
            let (byte, against) = (*one.add(at), *other.add(at));
            if byte != against {
                return i32::from(byte) - i32::from(against);
            }
            at += 1;
        }
    }
    0
}

/// Ends the module: JavaScript sees a `WebAssembly.RuntimeError`, whose stack says where.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
