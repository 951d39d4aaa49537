//! Ten times the trace, no more memory.
//!
//! An allocator counts what the process has at most while a trace is replayed that a generator
//! makes as it is read. It is counted, not timed: the longer trace writes to the same chunks, and
//! takes the same number of copies, so all that could grow is what is kept of events.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::alloc::System;
use std::io::{self, Read};

use shadowvol_host::plan::{Grid, Keep, PlanOptions, plan_trace};
use shadowvol_host::trace::{Trace, TraceOptions};

/// Bytes that are allocated now, and the most so far.
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all work is the system allocator's, under the same contract; the counters allocate
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A log of fio with so many writes in an hour, made as it is read.
struct Log {
    writes: u64,
    next: u64,
    line: Vec<u8>,
    at: usize,
}

impl Log {
    fn new(writes: u64) -> Self {
        Self { writes, next: 0, line: b"fio version 3 iolog\n".to_vec(), at: 0 }
    }
}

impl Read for Log {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            if self.next == self.writes {
                return Ok(0);
            }
            let micros = self.next * 3_600_000_000 / self.writes;
            // Places that jump about in a gibibyte.
            let chunk = self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46;
            self.line.clear();
            io::Write::write_fmt(
                &mut self.line,
                format_args!("{micros} /dev/sdb write {} 4096\n", chunk * 4096),
            )?;
            (self.next, self.at) = (self.next + 1, 0);
        }
        let read = (&self.line[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

/// The most memory that planning with so many writes has taken.
fn most(writes: u64) -> usize {
    let grid = Grid {
        every: [60, 600].map(Duration::from_secs).into(),
        keep: vec![Keep::Copies(5), Keep::For(Duration::from_secs(1_700))],
    };
    let options = PlanOptions { grid: Some(grid), ..PlanOptions::default() };
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let trace = Trace::of(Log::new(writes), 0, &TraceOptions::default()).expect("a trace");
    let plan = plan_trace(trace, &options).expect("a plan");
    assert_eq!(plan.trace.writes, writes);
    assert_eq!(plan.rows.len(), 5 * 4);
    MOST.load(Ordering::Relaxed) - before
}

#[test]
fn a_trace_of_ten_times_the_length_takes_no_more_memory() {
    let (short, long) = (most(200_000), most(2_000_000));
    assert!(short < 16 << 20, "{short} bytes for five chunk sizes and two intervals");
    assert!(long < short + (256 << 10), "{long} bytes, and {short} for a tenth of the trace");
}
