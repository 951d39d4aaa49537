//! A wrapper that makes operations fail, as often and in the way that a test wants.
//!
//! [`Fault`] asks a function for the [`Fate`] of each operation. [`Faults`] is such a function,
//! settable while it is in use and deterministic: the fate of an operation depends on the seed, its
//! number and its range.
//!
//! ```
//! use shadowvol::IoKind;
//! use shadowvol::backend::{Fault, Faults, Memory, WriteAt};
//!
//! let faults = Faults::new(1);
//! let medium = Fault::new(Memory::new(4096), |operation| faults.fate(operation));
//! faults.only(&[IoKind::Barrier]);
//! faults.fail_nth(1);
//! assert!(medium.barrier().is_ok());
//! assert!(medium.barrier().is_err());
//! assert!(medium.barrier().is_ok());
//! ```

use core::fmt;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Operation, ReadAt, WriteAt};
use crate::error::IoKind;

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is done.
    Pass,
    /// It fails.
    Fail {
        /// Why.
        cause: Cause,
        /// How many bytes of a write are done before it fails.
        written: u64,
    },
}

/// Why an operation was made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Cause {
    /// As if the device had reported an error.
    #[error("the device failed")]
    Device,
    /// As if no space were left.
    #[error("no space is left")]
    Full,
}

/// A failure that was wanted, or one of the medium itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError<E> {
    /// The test wanted it.
    #[error("{cause} (injected into {operation:?})")]
    Injected {
        /// As what it shows itself.
        cause: Cause,
        /// The operation that it befell.
        operation: Operation,
    },
    /// The medium failed by itself.
    #[error(transparent)]
    Medium(E),
}

/// A medium whose operations fail when a function says so.
///
/// What succeeds keeps the contract as the inner medium does. A write that fails may have written
/// a prefix, as on any medium.
#[derive(Clone)]
pub struct Fault<B, F> {
    inner: B,
    fate: F,
}

impl<B, F: Fn(Operation) -> Fate> Fault<B, F> {
    /// Asks `fate` what becomes of each operation on `inner`.
    pub const fn new(inner: B, fate: F) -> Self {
        Self { inner, fate }
    }

    /// The medium itself, which never fails on purpose.
    pub const fn inner(&self) -> &B {
        &self.inner
    }

    fn pass<E>(&self, operation: Operation) -> Result<(), FaultError<E>> {
        match (self.fate)(operation) {
            Fate::Pass => Ok(()),
            Fate::Fail { cause, .. } => Err(FaultError::Injected { cause, operation }),
        }
    }
}

impl<B: fmt::Debug, F> fmt::Debug for Fault<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.inner).finish()
    }
}

impl<B: ReadAt, F: Fn(Operation) -> Fate> ReadAt for Fault<B, F> {
    type Error = FaultError<B::Error>;

    fn size(&self) -> Result<u64, Self::Error> {
        self.inner.size().map_err(FaultError::Medium)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error> {
        self.pass(Operation::read(offset, buffer))?;
        self.inner.read_at(offset, buffer).map_err(FaultError::Medium)
    }
}

impl<B: WriteAt, F: Fn(Operation) -> Fate> WriteAt for Fault<B, F> {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error> {
        let operation = Operation::write(offset, data);
        let (part, outcome) = match (self.fate)(operation) {
            Fate::Pass => (data, Ok(())),
            Fate::Fail { cause, written } => {
                let part = &data[..data.len().min(written as usize)];
                (part, Err(FaultError::Injected { cause, operation }))
            }
        };
        self.inner.write_at(offset, part).map_err(FaultError::Medium)?;
        outcome
    }

    fn barrier(&self) -> Result<(), Self::Error> {
        self.pass(Operation::BARRIER)?;
        self.inner.barrier().map_err(FaultError::Medium)
    }

    fn grow(&self, size: u64) -> Result<u64, Self::Error> {
        self.pass(Operation::growth(&self.inner, size).map_err(FaultError::Medium)?)?;
        self.inner.grow(size).map_err(FaultError::Medium)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), Self::Error> {
        self.pass(Operation::punch(offset, length))?;
        self.inner.punch(offset, length).map_err(FaultError::Medium)
    }
}

/// A plan of failures that can be changed while threads run into it. At first nothing fails.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    /// A bit for each [`IoKind`] that is counted and may fail.
    kinds: AtomicUsize,
    seen: AtomicUsize,
    fail_from: AtomicUsize,
    fail_until: AtomicUsize,
    per_million: AtomicUsize,
    room: AtomicUsize,
    torn: AtomicBool,
}

impl Faults {
    /// A plan without a failure, whose chances are drawn from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            kinds: AtomicUsize::new(usize::MAX),
            seen: AtomicUsize::new(0),
            fail_from: AtomicUsize::new(0),
            fail_until: AtomicUsize::new(0),
            per_million: AtomicUsize::new(0),
            room: AtomicUsize::new(usize::MAX),
            torn: AtomicBool::new(false),
        }
    }

    /// From now on only operations of these kinds are counted and fail.
    pub fn only(&self, kinds: &[IoKind]) {
        let bits = kinds.iter().fold(0, |bits, &kind| bits | bit(kind));
        self.kinds.store(bits, Ordering::Relaxed);
    }

    /// Fails one operation: with 0 the next one.
    pub fn fail_nth(&self, n: usize) {
        self.fail_range(n..n + 1);
    }

    /// Fails every operation after the next `n`, as when a device goes away.
    pub fn fail_from(&self, n: usize) {
        self.fail_range(n..usize::MAX - self.seen());
    }

    /// Fails this share of all operations, in parts per million.
    pub fn fail_some(&self, per_million: usize) {
        self.per_million.store(per_million, Ordering::Relaxed);
    }

    /// Leaves room for `bytes` more to be written or grown by. The write that exceeds it does what
    /// fits.
    pub fn fill_up_after(&self, bytes: usize) {
        self.room.store(bytes, Ordering::Relaxed);
    }

    /// Whether a write that fails writes a prefix first, of a length drawn from the seed.
    pub fn tear(&self, torn: bool) {
        self.torn.store(torn, Ordering::Relaxed);
    }

    /// Nothing fails any more. Counting goes on.
    pub fn heal(&self) {
        self.fail_range(0..0);
        self.fail_some(0);
        self.fill_up_after(usize::MAX);
    }

    /// How many operations were counted: a test that has run once without a failure can then run
    /// again for each of them.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }

    /// What becomes of an operation; give this to [`Fault::new`].
    pub fn fate(&self, operation: Operation) -> Fate {
        if self.kinds.load(Ordering::Relaxed) & bit(operation.kind) == 0 {
            return Fate::Pass;
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        let from = self.fail_from.load(Ordering::Relaxed);
        let chosen = (from..self.fail_until.load(Ordering::Relaxed)).contains(&number);
        let chance = self.draw(number, 1) % 1_000_000;
        if chosen || chance < self.per_million.load(Ordering::Relaxed) as u64 {
            let torn = self.torn.load(Ordering::Relaxed) && operation.kind == IoKind::Write;
            let written = if torn { self.draw(number, 2) % operation.length.max(1) } else { 0 };
            return Fate::Fail { cause: Cause::Device, written };
        }
        self.take_room(operation)
    }

    fn fail_range(&self, range: Range<usize>) {
        let seen = self.seen();
        // Emptied first, so that no thread sees the old start with the new end.
        self.fail_until.store(0, Ordering::SeqCst);
        self.fail_from.store(seen + range.start, Ordering::SeqCst);
        self.fail_until.store(seen + range.end, Ordering::SeqCst);
    }

    fn take_room(&self, operation: Operation) -> Fate {
        if !matches!(operation.kind, IoKind::Write | IoKind::Grow) {
            return Fate::Pass;
        }
        let length = operation.length as usize;
        let take = |room: usize| (room != usize::MAX).then(|| room.saturating_sub(length));
        match self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(room) if room < length => Fate::Fail { cause: Cause::Full, written: room as u64 },
            _ => Fate::Pass,
        }
    }

    /// A number for the `salt`-th question about an operation (the finaliser of SplitMix64).
    const fn draw(&self, number: usize, salt: u64) -> u64 {
        let step = (number as u64).wrapping_mul(2).wrapping_add(salt);
        let mut z = self.seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

const fn bit(kind: IoKind) -> usize {
    1 << kind as usize
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::backend::{Memory, conformance};

    #[test]
    fn conforms_when_nothing_fails() {
        let faults = Faults::new(0);
        let make = |size| Fault::new(Memory::new(size), |operation| faults.fate(operation));
        conformance::suite(make);
        conformance::odd_sizes(make);
    }

    #[test]
    fn everything_fails_from_a_point_on_until_healed() {
        let faults = Faults::new(0);
        let medium = Fault::new(Memory::new(100), |operation| faults.fate(operation));
        faults.fail_from(1);
        assert!(medium.write_at(0, b"a").is_ok());
        assert!(medium.write_at(0, b"b").is_err());
        assert!(medium.read_at(0, &mut [0]).is_err());
        assert!(medium.grow(200).is_err());
        assert!(medium.punch(0, 1).is_err());
        faults.heal();
        let mut byte = [0];
        assert!(medium.read_at(0, &mut byte).is_ok());
        assert_eq!((byte, faults.seen()), (*b"a", 6));
    }

    #[test]
    fn a_full_medium_takes_what_fits_and_says_so() {
        let faults = Faults::new(0);
        let medium = Fault::new(Memory::new(100), |operation| faults.fate(operation));
        faults.fill_up_after(5);
        assert!(medium.write_at(0, b"abc").is_ok());
        let full = medium.write_at(3, b"def");
        assert!(matches!(full, Err(FaultError::Injected { cause: Cause::Full, .. })));
        assert!(medium.grow(101).is_err());
        let mut bytes = [0; 6];
        medium.read_at(0, &mut bytes).expect("reading takes no room");
        assert_eq!(&bytes, b"abcde\0");
    }

    #[test]
    fn the_same_seed_tears_the_same_writes_at_the_same_byte() {
        let run = |seed| {
            let faults = Faults::new(seed);
            faults.fail_some(300_000);
            faults.tear(true);
            let operation = Operation { kind: IoKind::Write, offset: 0, length: 4096 };
            (0..1000).map(|_| faults.fate(operation)).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let failed = run(7).iter().filter(|&&fate| fate != Fate::Pass).count();
        assert!((200..400).contains(&failed), "{failed} of 1000");
    }
}
