//! Block backends: where the bytes of a medium live.
//!
//! A backend is one medium: the origin of a volume, or its diff area. The contract is minimal, and
//! what a node may not do is a trait that it does not have: a passive node is generic over
//! [`ReadAt`], so it cannot write.
//!
//! # Contract
//!
//! Every backend keeps these promises, and its documentation says how:
//!
//! 1. A read that starts after a write was acknowledged sees it, from every node that may hold a
//!    role.
//! 2. [`WriteAt::barrier`] returns only when all earlier writes, growth among them, are ordered
//!    before all later ones for readers and, in durable mode, for power loss.
//! 3. Nothing more is assumed: any write may be torn at any byte, each byte being old or new, and
//!    writes without a barrier between them may land in any order.
//! 4. Passive nodes bypass or revalidate host caches that the active's node does not share.
//! 5. Sizes never shrink under a reader.
//!
//! Methods take `&self`: a backend is used by many threads at once, and serialises what it must.
//!
//! # What there is
//!
//! Media: [`Memory`] here, files and devices in `shadowvol_host`. Wrappers round any medium:
//! [`Fault`], [`Trace`], [`Slice`]. [`conformance`] is the suite that all of them run.

mod bounds;
pub mod conformance;
mod fault;
mod memory;
mod slice;
mod trace;

pub use bounds::PastEnd;
pub use fault::{Cause, Fate, Fault, FaultError, Faults};
pub use memory::{Memory, MemoryError, Pages};
pub use slice::{Slice, SliceError};
pub use trace::{Operation, Tally, Trace};

use alloc::sync::Arc;

/// A medium that can be read.
pub trait ReadAt {
    /// Why an operation failed.
    type Error;

    /// How many bytes there are.
    ///
    /// # Errors
    ///
    /// When the medium cannot be asked.
    fn size(&self) -> Result<u64, Self::Error>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// When the range reaches past the end, or the medium fails; `buffer` then holds anything.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error>;

    /// Where, from `offset` on, bytes begin that may not be zeros; the medium's end if there are
    /// none. A medium that cannot tell without reading says `offset`.
    ///
    /// # Errors
    ///
    /// As [`ReadAt::read_at`].
    fn next_data(&self, offset: u64) -> Result<u64, Self::Error> {
        Ok(offset)
    }

    /// Whether all nodes read and write the same memory, so that promise 1 cannot be broken: by a cache
    /// of a host that keeps one block longer than the next, say. Who reads such a medium need not look
    /// for signs of it.
    fn is_never_stale(&self) -> bool {
        false
    }
}

/// A medium that can be written.
pub trait WriteAt: ReadAt {
    /// Writes `data` from `offset` on.
    ///
    /// # Errors
    ///
    /// When the range reaches past the end, or the medium fails; any part may then be written.
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error>;

    /// Returns when all earlier writes are ordered before all later ones (promise 2).
    ///
    /// # Errors
    ///
    /// When the medium fails. Nothing is then known about any write since the last barrier, and
    /// a second try would prove nothing: the engine stops.
    fn barrier(&self) -> Result<(), Self::Error>;

    /// Makes the medium at least `size` bytes large, if it can grow, with the space set aside where
    /// that is possible, and returns how large it is now. A medium of fixed size returns that size.
    ///
    /// # Errors
    ///
    /// When the medium could grow but failed to; what it held is unharmed.
    fn grow(&self, size: u64) -> Result<u64, Self::Error> {
        let _ = size;
        self.size()
    }

    /// Says that these bytes, by which the medium has grown, will soon be written to for the first
    /// time. It may get ready for that, for as long as it takes; nothing depends on it.
    fn prepare(&self, offset: u64, length: u64) {
        let _ = (offset, length);
    }

    /// Turns a range into zeros, and gives back its space where that is possible.
    ///
    /// # Errors
    ///
    /// As [`WriteAt::write_at`].
    fn punch(&self, offset: u64, length: u64) -> Result<(), Self::Error> {
        const ZEROS: [u8; 4096] = [0; 4096];
        let mut done = 0;
        while done < length {
            let len = (length - done).min(ZEROS.len() as u64);
            self.write_at(offset + done, &ZEROS[..len as usize])?;
            done += len;
        }
        Ok(())
    }
}

impl<B: ReadAt + ?Sized> ReadAt for &B {
    type Error = B::Error;

    fn size(&self) -> Result<u64, Self::Error> {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error> {
        (**self).read_at(offset, buffer)
    }

    fn next_data(&self, offset: u64) -> Result<u64, Self::Error> {
        (**self).next_data(offset)
    }

    fn is_never_stale(&self) -> bool {
        (**self).is_never_stale()
    }
}

impl<B: WriteAt + ?Sized> WriteAt for &B {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error> {
        (**self).write_at(offset, data)
    }

    fn barrier(&self) -> Result<(), Self::Error> {
        (**self).barrier()
    }

    fn grow(&self, size: u64) -> Result<u64, Self::Error> {
        (**self).grow(size)
    }

    fn prepare(&self, offset: u64, length: u64) {
        (**self).prepare(offset, length);
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), Self::Error> {
        (**self).punch(offset, length)
    }
}

impl<B: ReadAt + ?Sized> ReadAt for Arc<B> {
    type Error = B::Error;

    fn size(&self) -> Result<u64, Self::Error> {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error> {
        (**self).read_at(offset, buffer)
    }

    fn next_data(&self, offset: u64) -> Result<u64, Self::Error> {
        (**self).next_data(offset)
    }

    fn is_never_stale(&self) -> bool {
        (**self).is_never_stale()
    }
}

impl<B: WriteAt + ?Sized> WriteAt for Arc<B> {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error> {
        (**self).write_at(offset, data)
    }

    fn barrier(&self) -> Result<(), Self::Error> {
        (**self).barrier()
    }

    fn grow(&self, size: u64) -> Result<u64, Self::Error> {
        (**self).grow(size)
    }

    fn prepare(&self, offset: u64, length: u64) {
        (**self).prepare(offset, length);
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), Self::Error> {
        (**self).punch(offset, length)
    }
}
