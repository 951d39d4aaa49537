//! The entries of one block length.

use alloc::vec::Vec;
use core::slice;

use super::sums::Sums;
use super::tree::{Entry, Key, Tree, Walk};
use crate::units::{Content, CopyId, Extent, SlotIndex};

/// All entries for blocks of 2^`shift` chunks; block `b` begins with chunk `b << shift`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Level {
    pub(super) shift: u32,
    /// No entry's copy is newer, so that most searches for a new copy end here.
    pub(super) newest: u32,
    pub(super) tree: Tree,
    sums: Sums,
}

impl Level {
    pub(super) const fn new(shift: u32) -> Self {
        Self { shift, newest: 0, tree: Tree::new(), sums: Sums::new(1 << shift) }
    }

    /// Adds the entry of a block and a copy that have none yet.
    pub(super) fn insert(&mut self, block: u64, copy: CopyId, content: Content, sums: &[u32]) {
        let (slot, sum) = match content {
            Content::Zeros => (Entry::ZEROS, 0),
            Content::Slot(first) if self.shift == 0 => (first.0, sums[0]),
            Content::Slot(first) => (first.0, self.sums.put(sums)),
        };
        self.tree.insert(block, copy, slot, sum);
        self.newest = self.newest.max(copy.number());
    }

    /// Takes out the entry with this key, and gives its checksums.
    pub(super) fn remove(&mut self, key: Key) -> Vec<u32> {
        let Some(entry) = self.tree.remove(key) else { return Vec::new() };
        if self.tree.is_empty() {
            self.newest = 0;
        }
        let sums = self.sums(&entry).to_vec();
        if self.shift > 0 && !sums.is_empty() {
            self.sums.vacate(entry.sum);
        }
        sums
    }

    /// The entry that answers for `copy` in this block.
    pub(super) fn find(&self, block: u64, copy: u32) -> Option<&Entry> {
        if self.newest < copy {
            return None;
        }
        let (key, entry) = self.tree.first_from(Key { block, copy })?;
        (key.block == block).then_some(entry)
    }

    /// The entries that answer for `copy` in the blocks that overlap `extent`, ascending.
    pub(super) fn answers(&self, copy: u32, extent: Extent) -> Answers<'_> {
        let from = Key { block: extent.first.0 >> self.shift, copy };
        let some = self.newest >= copy && !extent.is_empty();
        let end = if some { ((extent.end() - 1) >> self.shift) + 1 } else { 0 };
        Answers { walk: some.then(|| self.tree.walk(from)), copy, end }
    }

    /// The chunks of a block.
    pub(super) const fn chunks(&self, block: u64) -> Extent {
        Extent::new(block << self.shift, 1 << self.shift)
    }

    /// The checksums of a block's chunks, none for zeros.
    pub(super) fn sums<'a>(&'a self, entry: &'a Entry) -> &'a [u32] {
        match entry.content() {
            Content::Zeros => &[],
            Content::Slot(_) if self.shift == 0 => slice::from_ref(&entry.sum),
            Content::Slot(_) => self.sums.read(entry.sum),
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.tree.heap_bytes() + self.sums.heap_bytes()
    }
}

impl Entry {
    /// What the block holds; its first slot if it has any.
    pub(super) const fn content(&self) -> Content {
        if self.slot == Self::ZEROS { Content::Zeros } else { Content::Slot(SlotIndex(self.slot)) }
    }
}

/// For each of some blocks, the first entry with a copy that is not older than the one asked for.
#[derive(Clone, Debug)]
pub(super) struct Answers<'a> {
    walk: Option<Walk<'a>>,
    copy: u32,
    end: u64,
}

impl<'a> Iterator for Answers<'a> {
    type Item = (u64, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let walk = self.walk.as_mut()?;
        loop {
            let (Key { block, copy }, entry) = walk.peek()?;
            if block >= self.end {
                return None;
            }
            if copy < self.copy {
                walk.skip_to(Key { block, copy: self.copy });
                continue;
            }
            if block + 1 < self.end {
                walk.skip_to(Key { block: block + 1, copy: self.copy });
            } else {
                self.end = 0;
            }
            return Some((block, entry));
        }
    }
}
