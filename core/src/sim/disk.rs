//! A medium that keeps the backend contract and promises nothing else.
//!
//! A write lands in pieces, in any order. What has landed is visible at once to every node. It is
//! loose until a barrier that began after its write had ended; a power cut keeps any subset of what
//! is loose. That is all that [`crate::backend`] lets a driver rely on.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::image::Image;
use super::shared::Shared;

/// Who has a write under way: a node and one of its threads.
pub(super) type Owner = (u8, u8);

/// Who never ends a write.
const NOBODY: Owner = (u8::MAX, u8::MAX);

/// A medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    visible: Image,
    /// What a power cut cannot take.
    stable: Image,
    /// Landed and not behind a barrier, in the order in which it landed, as far as that can be told.
    loose: Vec<Loose>,
    limit: usize,
}

/// A piece of a write that a power cut may take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Loose {
    put: Shared<Put>,
    /// Its write has not ended: no barrier covers it.
    owner: Option<Owner>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Put {
    at: usize,
    bytes: Vec<u8>,
}

impl Put {
    fn end(&self) -> usize {
        self.at + self.bytes.len()
    }
}

impl Disk {
    /// A medium of `size` zeros that can grow to `limit` bytes.
    pub(super) fn new(size: usize, limit: usize) -> Self {
        let image = Image::new(size);
        Self { visible: image.clone(), stable: image, loose: Vec::new(), limit }
    }

    /// What every node sees.
    pub(super) fn visible(&self) -> &Image {
        &self.visible
    }

    /// Lands a piece of a write of `owner`.
    pub(super) fn land(&mut self, owner: Owner, at: usize, bytes: Vec<u8>) {
        self.visible.write(at, &bytes);
        let new = Loose { put: Shared::new(Put { at, bytes }), owner: Some(owner) };
        // Pieces that do not overlap land in either order with the same effect.
        let after = |old: &Loose| old.put.at < new.put.end() && new.put.at < old.put.end();
        let first = self.loose.iter().rposition(after).map_or(0, |nth| nth + 1);
        let behind = self.loose[first..].iter().position(|old| old.put.at > new.put.at);
        let place = behind.map_or(self.loose.len(), |nth| first + nth);
        self.loose.insert(place, new);
    }

    /// The writes of `owner` have ended.
    pub(super) fn end(&mut self, owner: Owner) {
        for loose in &mut self.loose {
            if loose.owner == Some(owner) {
                loose.owner = None;
            }
        }
    }

    /// No barrier ever covers what is loose of `owner`; with none, what is loose of ended writes.
    pub(super) fn abandon(&mut self, owner: Option<Owner>) {
        for loose in &mut self.loose {
            if loose.owner == owner {
                loose.owner = Some(NOBODY);
            }
        }
    }

    /// A barrier: all writes that have ended are safe.
    pub(super) fn barrier(&mut self) {
        let Self { stable, visible, loose, .. } = self;
        stable.grow(visible.size());
        loose.retain(|loose| {
            if loose.owner.is_none() {
                stable.write(loose.put.at, &loose.put.bytes);
            }
            loose.owner.is_some()
        });
    }

    /// Grows to `size` bytes, if it can.
    pub(super) fn grow(&mut self, size: usize) -> Option<u64> {
        (size <= self.limit).then(|| {
            self.visible.grow(size);
            self.visible.size() as u64
        })
    }

    /// How many pieces a power cut may take, and whether it may take the growth.
    pub(super) fn loose(&self) -> usize {
        self.loose.len() + usize::from(self.has_grown())
    }

    fn has_grown(&self) -> bool {
        self.stable.size() < self.visible.size()
    }

    /// A power cut that keeps the loose pieces whose bit is set.
    pub(super) fn cut(&mut self, keep: u32) {
        let keeps = |nth: usize| keep >> nth & 1 == 1;
        let mut image = self.stable.clone();
        if self.has_grown() && keeps(self.loose.len()) {
            image.grow(self.visible.size());
        }
        for (nth, Loose { put, .. }) in self.loose.iter().enumerate() {
            if keeps(nth) && put.end() <= image.size() {
                image.write(put.at, &put.bytes);
            }
        }
        *self = Self { visible: image.clone(), stable: image, loose: Vec::new(), ..*self };
    }

    /// Everything is safe, as after a long time without a write.
    pub(super) fn rest(&mut self) {
        self.stable = self.visible.clone();
        self.loose.clear();
    }
}

/// What is visible follows from the rest, but for the size.
impl Hash for Disk {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.visible.size().hash(hasher);
        self.stable.hash(hasher);
        self.loose.hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte(disk: &Disk, at: usize) -> u8 {
        let mut found = [0];
        disk.visible().read(at, &mut found);
        found[0]
    }

    #[test]
    fn a_barrier_covers_writes_that_have_ended_and_no_others() {
        let mut disk = Disk::new(4096, 4096);
        disk.land((0, 0), 0, alloc::vec![1]);
        disk.end((0, 0));
        disk.land((0, 1), 1, alloc::vec![1]);
        disk.barrier();
        assert_eq!(disk.loose(), 1);
        disk.cut(0);
        assert_eq!((byte(&disk, 0), byte(&disk, 1)), (1, 0));
    }

    #[test]
    fn a_power_cut_keeps_any_subset_of_what_is_loose() {
        let mut disk = Disk::new(4096, 4096);
        disk.land((0, 0), 8, alloc::vec![1]);
        disk.land((0, 0), 4, alloc::vec![1]);
        disk.end((0, 0));
        for (keep, left) in [(0, (0, 0)), (1, (1, 0)), (2, (0, 1)), (3, (1, 1))] {
            let mut cut = disk.clone();
            cut.cut(keep);
            assert_eq!((byte(&cut, 4), byte(&cut, 8)), left);
        }
    }

    #[test]
    fn the_order_of_pieces_that_do_not_overlap_makes_no_difference() {
        let mut one = Disk::new(4096, 4096);
        let mut other = one.clone();
        for at in [4, 8, 0] {
            one.land((0, 0), at, alloc::vec![1; 4]);
        }
        for at in [0, 4, 8] {
            other.land((0, 0), at, alloc::vec![1; 4]);
        }
        assert_eq!(one, other);
        one.land((0, 0), 2, alloc::vec![2; 4]);
        one.land((0, 0), 0, alloc::vec![3; 4]);
        other.land((0, 0), 0, alloc::vec![3; 4]);
        other.land((0, 0), 2, alloc::vec![2; 4]);
        assert_ne!(one, other);
    }

    #[test]
    fn growth_is_loose_until_a_barrier() {
        let mut disk = Disk::new(4096, 8192);
        assert_eq!(disk.grow(8192), Some(8192));
        assert_eq!(disk.grow(8193), None);
        let mut cut = disk.clone();
        cut.cut(0);
        assert_eq!(cut.visible().size(), 4096);
        disk.barrier();
        disk.cut(0);
        assert_eq!(disk.visible().size(), 8192);
    }
}
