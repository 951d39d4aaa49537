//! A wrapper that tells of every operation before it is done.
//!
//! ```
//! use shadowvol::IoKind;
//! use shadowvol::backend::{Memory, ReadAt, Tally, Trace};
//!
//! let tally = Tally::new();
//! let medium = Trace::new(Memory::new(8192), |operation| tally.add(operation));
//! medium.read_at(4096, &mut [0; 512])?;
//! assert_eq!((tally.count(IoKind::Read), tally.bytes(IoKind::Read)), (1, 512));
//! # Ok::<(), shadowvol::backend::MemoryError>(())
//! ```

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{ReadAt, WriteAt};
use crate::error::IoKind;

/// One operation on a medium. Asking for the size is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// What is done.
    pub kind: IoKind,
    /// The first byte; for growth the size before it; for a barrier 0.
    pub offset: u64,
    /// How many bytes; for growth how many are added; for a barrier 0.
    pub length: u64,
}

impl Operation {
    /// The growth of a medium to `size` bytes.
    pub(super) fn growth<B: ReadAt>(medium: &B, size: u64) -> Result<Self, B::Error> {
        let now = medium.size()?;
        Ok(Self { kind: IoKind::Grow, offset: now, length: size.saturating_sub(now) })
    }

    pub(super) const fn read(offset: u64, buffer: &[u8]) -> Self {
        Self { kind: IoKind::Read, offset, length: buffer.len() as u64 }
    }

    pub(super) const fn write(offset: u64, data: &[u8]) -> Self {
        Self { kind: IoKind::Write, offset, length: data.len() as u64 }
    }

    pub(super) const fn punch(offset: u64, length: u64) -> Self {
        Self { kind: IoKind::Punch, offset, length }
    }

    pub(super) const BARRIER: Self = Self { kind: IoKind::Barrier, offset: 0, length: 0 };
}

/// A medium whose operations are handed to a sink, from whichever thread does them, before they
/// are done. It keeps the contract as the inner medium does.
#[derive(Clone)]
pub struct Trace<B, F> {
    inner: B,
    sink: F,
}

impl<B, F: Fn(Operation)> Trace<B, F> {
    /// Tells `sink` what is done to `inner`.
    pub const fn new(inner: B, sink: F) -> Self {
        Self { inner, sink }
    }

    /// The medium itself.
    pub const fn inner(&self) -> &B {
        &self.inner
    }
}

impl<B: fmt::Debug, F> fmt::Debug for Trace<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.inner).finish()
    }
}

impl<B: ReadAt, F: Fn(Operation)> ReadAt for Trace<B, F> {
    type Error = B::Error;

    fn size(&self) -> Result<u64, B::Error> {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), B::Error> {
        (self.sink)(Operation::read(offset, buffer));
        self.inner.read_at(offset, buffer)
    }

    fn is_never_stale(&self) -> bool {
        self.inner.is_never_stale()
    }
}

impl<B: WriteAt, F: Fn(Operation)> WriteAt for Trace<B, F> {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), B::Error> {
        (self.sink)(Operation::write(offset, data));
        self.inner.write_at(offset, data)
    }

    fn barrier(&self) -> Result<(), B::Error> {
        (self.sink)(Operation::BARRIER);
        self.inner.barrier()
    }

    fn grow(&self, size: u64) -> Result<u64, B::Error> {
        (self.sink)(Operation::growth(&self.inner, size)?);
        self.inner.grow(size)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), B::Error> {
        (self.sink)(Operation::punch(offset, length));
        self.inner.punch(offset, length)
    }
}

/// A sink that counts, for one medium or several.
#[derive(Debug, Default)]
pub struct Tally {
    kinds: [Totals; 5],
}

impl Tally {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an operation.
    pub fn add(&self, operation: Operation) {
        let totals = &self.kinds[operation.kind as usize];
        totals.operations.fetch_add(1, Ordering::Relaxed);
        totals.bytes.fetch_add(operation.length as usize, Ordering::Relaxed);
    }

    /// How many operations of a kind there were.
    #[must_use]
    pub fn count(&self, kind: IoKind) -> usize {
        self.kinds[kind as usize].operations.load(Ordering::Relaxed)
    }

    /// How many bytes they had.
    #[must_use]
    pub fn bytes(&self, kind: IoKind) -> usize {
        self.kinds[kind as usize].bytes.load(Ordering::Relaxed)
    }

    /// Begins to count anew.
    pub fn reset(&self) {
        for totals in &self.kinds {
            totals.operations.store(0, Ordering::Relaxed);
            totals.bytes.store(0, Ordering::Relaxed);
        }
    }
}

/// Words of the machine, because small processors have no larger atomics.
#[derive(Debug, Default)]
struct Totals {
    operations: AtomicUsize,
    bytes: AtomicUsize,
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::cell::RefCell;

    use super::*;
    use crate::backend::{Memory, conformance};

    #[test]
    fn conforms() {
        let make = |size| Trace::new(Memory::new(size), |_| ());
        conformance::suite(make);
        conformance::odd_sizes(make);
    }

    #[test]
    fn every_operation_is_told_with_its_range() {
        let seen = RefCell::new(vec![]);
        let medium = Trace::new(Memory::new(100), |operation| seen.borrow_mut().push(operation));
        medium.write_at(3, b"abc").expect("within");
        medium.barrier().expect("nothing to do");
        medium.punch(4, 1).expect("within");
        medium.grow(150).expect("no limit");
        medium.read_at(99, &mut [0; 9]).expect("grown");
        let told = |kind, offset, length| Operation { kind, offset, length };
        assert_eq!(
            *seen.borrow(),
            [
                told(IoKind::Write, 3, 3),
                told(IoKind::Barrier, 0, 0),
                told(IoKind::Punch, 4, 1),
                told(IoKind::Grow, 100, 50),
                told(IoKind::Read, 99, 9),
            ]
        );
    }
}
