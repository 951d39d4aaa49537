//! The bytes of a medium, in pages that worlds share.

use alloc::vec::Vec;

use super::shared::{Digest, Shared};

const PAGE: usize = 4096;

/// A medium's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Image {
    pages: Vec<Shared<Vec<u8>>>,
    size: usize,
}

impl Image {
    /// So many zeros.
    pub(super) fn new(size: usize) -> Self {
        let mut image = Self { pages: Vec::new(), size: 0 };
        image.grow(size);
        image
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }

    /// The bytes of a page, and what tells them from others.
    pub(super) fn page(&self, page: usize) -> (Digest, &[u8]) {
        let page = &self.pages[page];
        (page.digest(), page)
    }

    /// Adds zeros at the end until there are `size` bytes.
    pub(super) fn grow(&mut self, size: usize) {
        self.size = self.size.max(size);
        let zeros = Shared::new(alloc::vec![0; PAGE]);
        self.pages.resize(self.size.div_ceil(PAGE), zeros);
    }

    /// Fills the buffer with the bytes from `at` on.
    pub(super) fn read(&self, at: usize, into: &mut [u8]) {
        for (page, start, range) in parts(at, into.len()) {
            let len = range.len();
            into[range].copy_from_slice(&self.pages[page][start..start + len]);
        }
    }

    /// Puts these bytes at `at`.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        for (page, start, range) in parts(at, bytes.len()) {
            let bytes = &bytes[range];
            let target = start..start + bytes.len();
            if &self.pages[page][target.clone()] != bytes {
                self.pages[page].change(|page| page[target].copy_from_slice(bytes));
            }
        }
    }
}

/// The pages of a range: which one, where in it, and which part of the range.
fn parts(at: usize, len: usize) -> impl Iterator<Item = (usize, usize, core::ops::Range<usize>)> {
    let mut done = 0;
    core::iter::from_fn(move || {
        let (page, start) = ((at + done) / PAGE, (at + done) % PAGE);
        let part = (PAGE - start).min(len - done);
        done += part;
        (part > 0).then_some((page, start, done - part..done))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_across_pages_is_read_and_nobody_elses_image_changes() {
        let before = Image::new(10_000);
        let mut image = before.clone();
        let bytes: Vec<u8> = (0..6000).map(|nth| (nth % 251) as u8 + 1).collect();
        image.write(3000, &bytes);
        let mut found = alloc::vec![0; 6002];
        image.read(2999, &mut found);
        assert_eq!(&found[1..6001], &bytes[..]);
        assert_eq!((found[0], found[6001]), (0, 0));
        assert_ne!(before, image);
        before.read(2999, &mut found);
        assert!(found.iter().all(|&byte| byte == 0));
    }

    #[test]
    fn writing_what_is_there_changes_nothing() {
        let mut image = Image::new(8192);
        image.write(100, &[7; 5000]);
        let before = image.clone();
        image.write(100, &[7; 5000]);
        assert_eq!(before, image);
    }
}
