//! Work of several threads that somebody watches and may stop.
//!
//! Each work has a pool of its own: a process that is forked off while there is a common one would
//! wait for threads that it does not have. The watcher is called by the thread that asked for the
//! work, because a signal's handler of an interpreter runs in that one alone.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};

use crate::error::Error;

/// How often the watcher is called.
const TICK: Duration = Duration::from_millis(50);

/// How far the work is, and whether it is still wanted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    done: AtomicU64,
    stopped: AtomicBool,
}

impl Tally {
    /// Notes that so many bytes are done.
    pub(crate) fn advance(&self, bytes: u64) -> Result<(), Error> {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        if self.stopped.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Runs `work` in a pool, and tells the watcher now and then the bytes done and the bytes to do.
pub(crate) fn watched<T: Send>(
    total: u64,
    mut progress: impl FnMut(u64, u64) -> bool,
    work: impl FnOnce(&Tally) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().build().map_err(|source| Error::System {
        what: "starting threads".into(),
        source: io::Error::other(source),
    })?;
    let tally = Tally::default();
    if !progress(0, total) {
        return Err(Error::Cancelled);
    }
    let (done, end) = mpsc::sync_channel(1);
    let result = pool.in_place_scope(|scope| {
        let tally = &tally;
        scope.spawn(move |_| {
            // The receiver waits for exactly this.
            let _ = done.send(work(tally));
        });
        loop {
            match end.recv_timeout(TICK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {
                    if !progress(tally.done.load(Ordering::Relaxed).min(total), total) {
                        tally.stopped.store(true, Ordering::Relaxed);
                    }
                }
                // The work has panicked; the scope goes on with that.
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Cancelled),
            }
        }
    });
    if result.is_ok() {
        // It is too late to stop.
        progress(total, total);
    }
    result
}
