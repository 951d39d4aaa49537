//! A window of a medium as a medium of its own: origin and diff area on one device.

use super::{PastEnd, ReadAt, WriteAt};

/// What a window refuses, or what its medium does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SliceError<E> {
    /// The request reaches past the end of the window, or the window past that of the medium.
    #[error(transparent)]
    PastEnd(#[from] PastEnd),
    /// The medium failed.
    #[error(transparent)]
    Medium(E),
}

/// The bytes `start .. start + length` of a medium. Its size is fixed.
///
/// It keeps the contract as the inner medium does; a barrier covers the whole inner medium.
#[derive(Clone, Debug)]
pub struct Slice<B> {
    inner: B,
    start: u64,
    length: u64,
}

impl<B: ReadAt> Slice<B> {
    /// The window of `length` bytes from `start` on.
    ///
    /// # Errors
    ///
    /// [`SliceError::PastEnd`] when the medium does not have these bytes.
    pub fn new(inner: B, start: u64, length: u64) -> Result<Self, SliceError<B::Error>> {
        PastEnd::check(start, length, inner.size().map_err(SliceError::Medium)?)?;
        Ok(Self { inner, start, length })
    }

    /// The medium that it is a window of.
    pub const fn inner(&self) -> &B {
        &self.inner
    }

    fn place(&self, offset: u64, length: u64) -> Result<u64, SliceError<B::Error>> {
        PastEnd::check(offset, length, self.length)?;
        Ok(self.start + offset)
    }
}

impl<B: ReadAt> ReadAt for Slice<B> {
    type Error = SliceError<B::Error>;

    fn size(&self) -> Result<u64, Self::Error> {
        Ok(self.length)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error> {
        let at = self.place(offset, buffer.len() as u64)?;
        self.inner.read_at(at, buffer).map_err(SliceError::Medium)
    }

    fn is_never_stale(&self) -> bool {
        self.inner.is_never_stale()
    }
}

impl<B: WriteAt> WriteAt for Slice<B> {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error> {
        let at = self.place(offset, data.len() as u64)?;
        self.inner.write_at(at, data).map_err(SliceError::Medium)
    }

    fn barrier(&self) -> Result<(), Self::Error> {
        self.inner.barrier().map_err(SliceError::Medium)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), Self::Error> {
        let at = self.place(offset, length)?;
        self.inner.punch(at, length).map_err(SliceError::Medium)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Memory, conformance};

    #[test]
    fn conforms() {
        let make = |size| Slice::new(Memory::new(size + 1000), 777, size).expect("within");
        conformance::suite(make);
        conformance::odd_sizes(make);
        conformance::handles(|size| {
            let memory = Memory::new(size + 5000);
            let window = |memory| Slice::new(memory, 5000, size).expect("within");
            (window(memory.clone()), window(memory))
        });
    }

    #[test]
    fn what_lies_outside_is_never_touched() {
        let memory = Memory::new(30);
        memory.write_at(0, &[7; 30]).expect("within");
        let window = Slice::new(&memory, 10, 10).expect("within");
        window.write_at(0, &[1; 10]).expect("within");
        window.punch(0, 10).expect("within");
        assert!(window.write_at(5, &[1; 6]).is_err());
        assert!(window.punch(10, 1).is_err());
        assert_eq!(window.grow(20), Ok(10));
        let mut bytes = [0; 30];
        memory.read_at(0, &mut bytes).expect("within");
        assert_eq!(bytes, core::array::from_fn(|at| if (10..20).contains(&at) { 0 } else { 7 }));
    }

    #[test]
    fn a_window_beyond_the_medium_is_refused() {
        assert!(Slice::new(Memory::new(10), 5, 6).is_err());
        assert!(Slice::new(Memory::new(10), u64::MAX, 2).is_err());
    }
}
