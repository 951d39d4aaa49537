//! Checksums of blocks of more than one chunk: a store of equally long arrays, named by number.

use alloc::vec::Vec;

/// Checksums that a page holds at least: pages are never moved, and all but the last are full.
const PAGE: usize = 1024;
/// Ends the list of vacant arrays.
const NONE: u32 = u32::MAX;

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sums {
    /// Checksums in an array, at least 1.
    len: usize,
    pages: Vec<Vec<u32>>,
    /// The array that was vacated last; its first element names the one vacated before.
    vacant: u32,
}

impl Sums {
    /// An empty store of arrays of `len`, a power of two.
    pub(super) const fn new(len: usize) -> Self {
        Self { len, pages: Vec::new(), vacant: NONE }
    }

    /// Stores an array and gives its number.
    pub(super) fn put(&mut self, sums: &[u32]) -> u32 {
        debug_assert_eq!(sums.len(), self.len);
        if self.vacant != NONE {
            let number = self.vacant;
            self.vacant = self.read(number)[0];
            self.place(number).copy_from_slice(sums);
            return number;
        }

        let page = match self.pages.last_mut() {
            Some(page) if page.len() < page.capacity() => page,
            _ => self.pages.push_mut(Vec::with_capacity(self.len.max(PAGE))),
        };
        page.extend_from_slice(sums);
        let last = page.len() / self.len - 1;
        ((self.pages.len() - 1) * self.arrays() + last) as u32
    }

    /// The array with this number.
    pub(super) fn read(&self, number: u32) -> &[u32] {
        let (page, at) = (number as usize / self.arrays(), number as usize % self.arrays());
        &self.pages[page][at * self.len..][..self.len]
    }

    /// Gives an array's place to a later one.
    pub(super) fn vacate(&mut self, number: u32) {
        let previous = self.vacant;
        let place = self.place(number);
        // Stale values would make states differ that are the same.
        place.fill(0);
        place[0] = previous;
        self.vacant = number;
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let headers = self.pages.capacity() * size_of::<Vec<u32>>();
        let pages = self.pages.iter().map(|page| page.capacity() * size_of::<u32>());
        headers + pages.sum::<usize>()
    }

    /// Arrays in a page.
    fn arrays(&self) -> usize {
        (PAGE / self.len).max(1)
    }

    fn place(&mut self, number: u32) -> &mut [u32] {
        let (page, at) = (number as usize / self.arrays(), number as usize % self.arrays());
        &mut self.pages[page][at * self.len..][..self.len]
    }
}
