//! Somebody who writes as fast as possible while something else is measured.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::Result;

/// Repeats `write` on another thread as long as `work` lasts; returns what `work` returned, and the time
/// from one write to the next.
///
/// # Errors
///
/// The first error of either.
pub fn beside<T>(
    mut write: impl FnMut() -> Result<()> + Send,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Duration)> {
    let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<Duration> {
            let (begun, mut writes) = (Instant::now(), 0);
            while !stop.load(Ordering::Relaxed) {
                write()?;
                writes += 1;
                started.store(true, Ordering::Relaxed);
            }
            Ok(begun.elapsed() / writes.max(1))
        });
        while !started.load(Ordering::Relaxed) && !writer.is_finished() {
            thread::yield_now();
        }
        let done = work();
        stop.store(true, Ordering::Relaxed);
        let each = writer.join().map_err(|_| "the writer panicked")??;
        Ok((done?, each))
    })
}
