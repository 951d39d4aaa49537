//! What the module has in the place of an operating system: memory, a comparison of it, and an end for
//! panics.
//!
//! The standard library would bring a larger allocator, and the machinery that words a panic, which
//! nobody could read here: there is no standard error.

use core::alloc::Layout;
use core::arch::wasm32;
use core::panic::PanicInfo;
use core::ptr::{self, NonNull};

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

/// Bytes by which the module's memory grows at least. Each growth makes the browser collect garbage and
/// JavaScript's views of the memory anew; what is not used of it costs nothing.
const GROWTH: usize = 1 << 20;

/// Bytes of a page of the module's memory.
const PAGE: usize = 64 << 10;

#[global_allocator]
static HEAP: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { end: None });

/// The module's memory as what the heap lies in. The allocator's own way takes no more of it than it
/// needs at that moment.
#[derive(Debug)]
struct Memory {
    /// Where the heap ends.
    end: Option<NonNull<u8>>,
}

// SAFETY: it allocates nothing.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(heap: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        // A chunk has some words of its own, which a page holds in any case.
        let wanted = layout.size().checked_add(layout.align() + PAGE).ok_or(())?;
        let bytes = wanted.checked_next_multiple_of(GROWTH).ok_or(())?;
        let pages = wasm32::memory_grow(0, bytes / PAGE);
        if pages == usize::MAX {
            return Err(());
        }
        // The very last bytes that can be addressed are left alone: no address is behind them.
        let behind = (pages * PAGE).checked_add(bytes).ok_or(())?;
        let [start, behind] = [pages * PAGE, behind].map(ptr::with_exposed_provenance_mut);
        // SAFETY: the memory has just been made, so nobody has it, and the heap that it lengthens is the
        // one that ends where it begins.
        heap.source.end = unsafe {
            match heap.source.end {
                Some(end) if end.as_ptr() == start => Some(heap.extend(end, behind)),
                _ => heap.claim(start, bytes),
            }
        };
        Ok(())
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
