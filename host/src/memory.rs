//! A medium in memory that threads share.

use std::sync::Arc;

use parking_lot::RwLock;
use shadowvol::backend::{MemoryError, Pages, PastEnd, ReadAt, WriteAt};

/// A sparse medium in memory; a clone is another handle on the same bytes.
///
/// Contract: 1 holds because there is one copy of the bytes, 2 because every request takes the
/// lock; it is as durable as its process. A request of more than 64 KiB takes the lock anew for
/// each 64 KiB, so nobody waits long, and a reader may see half of a write, as contract 3 allows.
/// 4: nothing is cached. 5: it only grows.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<RwLock<Pages>>);

impl SharedMemory {
    /// A medium of this many zeros that may grow without limit.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self::from(Pages::new(size))
    }

    /// A medium of this many zeros that refuses to grow beyond `limit` bytes.
    #[must_use]
    pub fn with_limit(size: u64, limit: u64) -> Self {
        Self::from(Pages::with_limit(size, limit))
    }

    /// A medium of its own with the same content, as it is now.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::from(self.0.read().clone())
    }

    /// How many bytes of memory it takes.
    #[must_use]
    pub fn occupied(&self) -> u64 {
        self.0.read().occupied()
    }

    fn check(&self, offset: u64, length: usize) -> Result<(), MemoryError> {
        Ok(PastEnd::check(offset, length as u64, self.0.read().size())?)
    }
}

impl From<Pages> for SharedMemory {
    fn from(pages: Pages) -> Self {
        Self(Arc::new(RwLock::new(pages)))
    }
}

impl ReadAt for SharedMemory {
    type Error = MemoryError;

    fn size(&self) -> Result<u64, MemoryError> {
        Ok(self.0.read().size())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.check(offset, buffer.len())?;
        for (part, at) in buffer.chunks_mut(PART).zip((offset..).step_by(PART)) {
            self.0.read().read(at, part)?;
        }
        Ok(())
    }

    fn is_never_stale(&self) -> bool {
        true
    }
}

impl WriteAt for SharedMemory {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), MemoryError> {
        self.check(offset, data.len())?;
        for (part, at) in data.chunks(PART).zip((offset..).step_by(PART)) {
            self.0.write().write(at, part)?;
        }
        Ok(())
    }

    fn barrier(&self) -> Result<(), MemoryError> {
        Ok(())
    }

    fn grow(&self, size: u64) -> Result<u64, MemoryError> {
        self.0.write().grow(size)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), MemoryError> {
        self.0.write().punch(offset, length)
    }
}

const PART: usize = Pages::PAGE as usize;

#[cfg(test)]
mod tests {
    use std::thread;

    use shadowvol::backend::conformance;

    use super::*;

    #[test]
    fn conforms() {
        conformance::suite(SharedMemory::new);
        conformance::odd_sizes(SharedMemory::new);
        conformance::handles(|size| {
            let memory = SharedMemory::new(size);
            (memory.clone(), memory)
        });
    }

    #[test]
    fn threads_that_write_apart_lose_nothing() {
        let memory = SharedMemory::new(1 << 20);
        thread::scope(|scope| {
            for thread in 0..4 {
                let memory = memory.clone();
                scope.spawn(move || {
                    for at in (thread..1 << 20).step_by(4 * 997) {
                        memory.write_at(at, &[thread as u8 + 1]).expect("within");
                    }
                });
            }
        });
        for at in 0..4 {
            let mut byte = [0];
            memory.read_at(at, &mut byte).expect("within");
            assert_eq!(u64::from(byte[0]), at + 1);
        }
    }

    #[test]
    fn a_limit_is_kept_and_a_duplicate_lives_alone() {
        let memory = SharedMemory::with_limit(4096, 8192);
        assert!(memory.grow(8193).is_err_and(|error| error.is_full()));
        let other = memory.duplicate();
        other.write_at(0, b"x").expect("within");
        assert_eq!((memory.occupied(), other.occupied()), (0, Pages::PAGE));
    }
}
