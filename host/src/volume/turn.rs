//! One set at a time takes copies of a volume. The next waits, or is told.
//!
//! The turn belongs to the set, not to the threads that do its work: one that hangs in a medium for
//! ever keeps nobody from the next set.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::Inner;

/// How often one that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Turns {
    is_taken: Mutex<bool>,
    over: Condvar,
}

/// The right to take a set's copy of one volume, until it is dropped.
pub(crate) struct Turn(Arc<Inner>);

impl Turn {
    /// Waits until then for the volume's turn, as long as it is wanted; none if it does not come.
    pub(super) fn take(
        volume: &Arc<Inner>,
        until: Instant,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Self> {
        let mut is_taken = volume.turns.is_taken.lock();
        while *is_taken {
            let look = until.min(Instant::now() + LOOK);
            let timed_out = volume.turns.over.wait_until(&mut is_taken, look).timed_out();
            if timed_out && *is_taken && (look == until || !is_wanted()) {
                return None;
            }
        }
        *is_taken = true;
        Some(Self(Arc::clone(volume)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.turns.is_taken.lock() = false;
        self.0.turns.over.notify_one();
    }
}
