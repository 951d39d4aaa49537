//! What happened, in one total order over both media, all threads, and what callers were told.
//!
//! Each operation on a medium is an interval: it begins, its bytes land where readers see them, and
//! it ends, which is when its caller may go on. A time is the number of such moments before it, so
//! that a crash *at* a time is one behind everything with a smaller one.

use core::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::CopyId;
use shadowvol::machine::Medium;

/// A moment of the log.
pub(crate) type Time = usize;

/// Never, as far as the log goes.
pub(crate) const NEVER: Time = usize::MAX;

/// What an operation does to its medium.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Write { at: u64, data: Arc<[u8]> },
    Punch { at: u64, length: u64 },
    Grow { size: u64 },
    Barrier,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) medium: Medium,
    pub(crate) effect: Effect,
    pub(crate) begun: Time,
    pub(crate) landed: Time,
    pub(crate) ended: Time,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { medium, effect, begun, ended, .. } = self;
        write!(
            f,
            "{begun}..{}: {medium}: ",
            if *ended == NEVER { "-".into() } else { ended.to_string() }
        )?;
        match effect {
            Effect::Write { at, data } => write!(f, "write {} bytes at {at}", data.len()),
            Effect::Punch { at, length } => write!(f, "punch {length} bytes at {at}"),
            Effect::Grow { size } => write!(f, "grow to {size}"),
            Effect::Barrier => f.write_str("barrier"),
        }
    }
}

/// What a caller was told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// This copy was taken.
    Created { copy: CopyId, label: String },
    /// This copy was read, and its bytes have this digest.
    Read { copy: CopyId, digest: u64 },
    /// This copy was deleted.
    Deleted { copy: CopyId },
    /// A flush has ended that had begun then.
    Flushed { begun: Time },
}

/// A finished log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) operations: Vec<Operation>,
    pub(crate) told: Vec<(Time, Told)>,
    pub(crate) end: Time,
}

impl Log {
    fn tick(&mut self) -> Time {
        self.end += 1;
        self.end - 1
    }
}

/// A log that threads write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pen(Arc<Mutex<Log>>);

impl Pen {
    pub(crate) fn now(&self) -> Time {
        self.0.lock().end
    }

    pub(crate) fn tell(&self, told: Told) {
        let mut log = self.0.lock();
        let time = log.tick();
        log.told.push((time, told));
    }

    pub(crate) fn begin(&self, medium: Medium, effect: Effect) -> usize {
        let mut log = self.0.lock();
        let begun = log.tick();
        log.operations.push(Operation { medium, effect, begun, landed: NEVER, ended: NEVER });
        log.operations.len() - 1
    }

    /// Lets an operation's bytes land, in an order that the log knows. What fails leaves nothing.
    pub(crate) fn land<T, E>(
        &self,
        number: usize,
        land: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut log = self.0.lock();
        let landed = log.tick();
        let done = land();
        let operation = &mut log.operations[number];
        operation.landed = landed;
        if done.is_err() {
            operation.effect = Effect::Grow { size: 0 };
        }
        done
    }

    pub(crate) fn end(&self, number: usize) {
        let mut log = self.0.lock();
        let ended = log.tick();
        log.operations[number].ended = ended;
    }

    /// Takes what was written.
    pub(crate) fn finish(&self) -> Log {
        core::mem::take(&mut self.0.lock())
    }
}
