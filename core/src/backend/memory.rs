//! Media in memory: sparse pages, and the medium of one thread that is made of them.
//!
//! [`Pages`] is the plain data structure. [`Memory`] lets several parties of one thread share it:
//! core's own tests, the browser. Threads share it in `shadowvol_host::SharedMemory`, because a
//! lock needs an operating system.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;

use super::{PastEnd, ReadAt, WriteAt};

/// What a medium in memory refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The request reaches past the end.
    #[error(transparent)]
    PastEnd(#[from] PastEnd),
    /// The medium may not become so large.
    #[error("a medium of {wanted} bytes is over its limit of {limit}")]
    Full {
        /// Bytes asked for.
        wanted: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

impl MemoryError {
    /// Whether it is for want of space.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// A growable run of bytes that keeps only the pages that were written, so that a medium of
/// 1 TiB costs what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    size: u64,
    limit: u64,
    /// Those that were written, by number, in order.
    ///
    /// Invariant: each is [`Pages::PAGE`] bytes long, the last one of the medium too.
    pages: Vec<(u64, Box<[u8]>)>,
}

impl Pages {
    /// Bytes of a page.
    pub const PAGE: u64 = 64 * 1024;

    /// This many zeros.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self::with_limit(size, u64::MAX)
    }

    /// This many zeros, never growing beyond `limit` bytes.
    #[must_use]
    pub const fn with_limit(size: u64, limit: u64) -> Self {
        Self { size, limit, pages: Vec::new() }
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes of memory the pages take.
    #[must_use]
    pub fn occupied(&self) -> u64 {
        self.pages.len() as u64 * Self::PAGE
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`MemoryError::PastEnd`].
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.show(offset, buffer.len(), |part, bytes| match bytes {
            Some(bytes) => buffer[part].copy_from_slice(bytes),
            None => buffer[part].fill(0),
        })
    }

    /// Writes `data` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`MemoryError::PastEnd`].
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), MemoryError> {
        self.fill(offset, data.len(), |part, bytes| bytes.copy_from_slice(&data[part]))
    }

    /// Shows the bytes from `offset` on where they are, page by page: each part of the range with its
    /// bytes, or with nothing where all are zeros. For copies to memory that is no slice.
    ///
    /// # Errors
    ///
    /// [`MemoryError::PastEnd`].
    pub fn show(
        &self,
        offset: u64,
        length: usize,
        mut see: impl FnMut(Range<usize>, Option<&[u8]>),
    ) -> Result<(), MemoryError> {
        PastEnd::check(offset, length as u64, self.size)?;
        for Piece { page, inside, outside } in pieces(offset, length as u64) {
            let found = self.find(page).ok().map(|nth| &self.pages[nth].1[inside]);
            see(outside, found);
        }
        Ok(())
    }

    /// Has the bytes from `offset` on written where they are, page by page: each part of the range, and
    /// its bytes to be overwritten. For copies from memory that is no slice.
    ///
    /// # Errors
    ///
    /// [`MemoryError::PastEnd`].
    pub fn fill(
        &mut self,
        offset: u64,
        length: usize,
        mut write: impl FnMut(Range<usize>, &mut [u8]),
    ) -> Result<(), MemoryError> {
        PastEnd::check(offset, length as u64, self.size)?;
        for Piece { page, inside, outside } in pieces(offset, length as u64) {
            let nth = self.find(page).unwrap_or_else(|nth| {
                self.pages.insert(nth, (page, vec![0; Self::PAGE as usize].into_boxed_slice()));
                nth
            });
            write(outside, &mut self.pages[nth].1[inside]);
        }
        Ok(())
    }

    /// Makes it at least `size` bytes large and returns how large it is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Full`].
    pub const fn grow(&mut self, size: u64) -> Result<u64, MemoryError> {
        if size > self.size {
            if size > self.limit {
                return Err(MemoryError::Full { wanted: size, limit: self.limit });
            }
            self.size = size;
        }
        Ok(self.size)
    }

    /// Turns a range into zeros and drops the pages that lie wholly in it.
    ///
    /// # Errors
    ///
    /// [`MemoryError::PastEnd`].
    pub fn punch(&mut self, offset: u64, length: u64) -> Result<(), MemoryError> {
        PastEnd::check(offset, length, self.size)?;
        let end = offset + length;
        let whole = offset.div_ceil(Self::PAGE)..end / Self::PAGE;
        if whole.start < whole.end {
            let nth = |page| self.find(page).unwrap_or_else(|nth| nth);
            let dropped = nth(whole.start)..nth(whole.end);
            self.pages.drain(dropped);
        }
        for at in [offset, end] {
            let page = at / Self::PAGE;
            if let Ok(nth) = self.find(page) {
                let start = page * Self::PAGE;
                let from = offset.max(start) - start;
                let to = end.min(start + Self::PAGE) - start;
                self.pages[nth].1[from as usize..to as usize].fill(0);
            }
        }
        Ok(())
    }

    /// Where a page is, or would be.
    fn find(&self, page: u64) -> Result<usize, usize> {
        self.pages.binary_search_by_key(&page, |&(number, _)| number)
    }
}

/// A medium in memory that several parties of one thread share; a clone is another handle.
///
/// Contract: 1 and 2 hold because there is one copy of the bytes and one thread, so a barrier has
/// nothing to do; it is as durable as its process. 4: nothing is cached. 5: it only grows.
#[derive(Clone, Debug)]
pub struct Memory(Rc<RefCell<Pages>>);

impl Memory {
    /// A medium of this many zeros that may grow without limit.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self::from(Pages::new(size))
    }

    /// Looks at the pages, or changes them.
    pub fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.borrow_mut())
    }
}

impl From<Pages> for Memory {
    fn from(pages: Pages) -> Self {
        Self(Rc::new(RefCell::new(pages)))
    }
}

impl ReadAt for Memory {
    type Error = MemoryError;

    fn size(&self) -> Result<u64, MemoryError> {
        Ok(self.0.borrow().size())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.0.borrow().read(offset, buffer)
    }

    fn is_never_stale(&self) -> bool {
        true
    }
}

impl WriteAt for Memory {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), MemoryError> {
        self.0.borrow_mut().write(offset, data)
    }

    fn barrier(&self) -> Result<(), MemoryError> {
        Ok(())
    }

    fn grow(&self, size: u64) -> Result<u64, MemoryError> {
        self.0.borrow_mut().grow(size)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), MemoryError> {
        self.0.borrow_mut().punch(offset, length)
    }
}

/// The part of a request that lies in one page.
struct Piece {
    page: u64,
    inside: Range<usize>,
    outside: Range<usize>,
}

fn pieces(offset: u64, length: u64) -> impl Iterator<Item = Piece> {
    let end = offset + length;
    (offset / Pages::PAGE..end.div_ceil(Pages::PAGE)).map(move |page| {
        let start = page * Pages::PAGE;
        let from = offset.max(start);
        let to = end.min(start + Pages::PAGE);
        Piece {
            page,
            inside: (from - start) as usize..(to - start) as usize,
            outside: (from - offset) as usize..(to - offset) as usize,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::conformance;

    #[test]
    fn conforms() {
        conformance::suite(Memory::new);
        conformance::odd_sizes(Memory::new);
        conformance::handles(|size| {
            let memory = Memory::new(size);
            (memory.clone(), memory)
        });
    }

    #[test]
    fn a_tebibyte_costs_what_is_in_it() {
        let mut pages = Pages::new(1 << 40);
        pages.write((1 << 40) - 3, b"end").expect("within");
        pages.write(Pages::PAGE - 1, b"ab").expect("within");
        assert_eq!(pages.occupied(), 3 * Pages::PAGE);
        pages.punch(0, 1 << 40).expect("within");
        assert_eq!(pages.occupied(), 0);
    }

    #[test]
    fn a_limit_is_kept_and_told() {
        let mut pages = Pages::with_limit(10, 20);
        assert_eq!(pages.grow(20), Ok(20));
        assert_eq!(pages.grow(5), Ok(20));
        assert!(pages.grow(21).is_err_and(|error| error.is_full()));
        assert_eq!(pages.size(), 20);
    }
}
