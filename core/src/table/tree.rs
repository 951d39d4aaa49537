//! An ordered map from (block, copy) to slot and checksum, at 16 bytes an entry and little more.
//!
//! Entries lie in sorted leaves of up to [`LEAF`], found through a map from each leaf's *fence*, a
//! key that is not above its first entry and above all entries of the leaves before. A leaf never
//! crosses a multiple of 2^32 blocks, its *window*, so an entry needs only the low half of its
//! block. Leaves grow in small exact steps: the spare room of doubling would cost more than all
//! other overhead together.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem::size_of;
use core::ops::Bound;

use crate::units::CopyId;

/// Entries of a full leaf: few enough that an insertion moves little, enough that the 100 bytes or
/// so that a leaf costs do not count.
const LEAF: usize = 256;
/// Entries by which a leaf grows.
const STEP: usize = 16;
/// What one leaf costs in the map of fences, whose nodes are about two thirds full: measured.
const FENCE_BYTES: usize = 96;
/// The bits of a block that are the same in all of a window.
const WINDOW: u64 = !(u32::MAX as u64);

/// The place of an entry in the order: by block, then by copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) block: u64,
    pub(super) copy: u32,
}

impl Key {
    /// The order within a window.
    const fn rank(self) -> u64 {
        (self.block & !WINDOW) << 32 | self.copy as u64
    }

    const fn window(self) -> u64 {
        self.block & WINDOW
    }
}

/// Where the bytes of one block are that copies up to `copy` see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    low: u32,
    pub(super) copy: CopyId,
    /// The block's first slot, or [`Entry::ZEROS`].
    pub(super) slot: u32,
    /// A single chunk's checksum, or where those of a longer block are.
    pub(super) sum: u32,
}

impl Entry {
    /// In place of a slot: the block is zeros.
    pub(super) const ZEROS: u32 = u32::MAX;

    const fn rank(&self) -> u64 {
        (self.low as u64) << 32 | self.copy.number() as u64
    }

    const fn key(&self, window: u64) -> Key {
        Key { block: window | self.low as u64, copy: self.copy.number() }
    }
}

/// The map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tree {
    /// Invariant: no leaf is empty; all its entries are in its fence's window.
    leaves: BTreeMap<Key, Vec<Entry>>,
}

impl Tree {
    pub(super) const fn new() -> Self {
        Self { leaves: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Adds an entry whose key is not there yet.
    pub(super) fn insert(&mut self, block: u64, copy: CopyId, slot: u32, sum: u32) {
        let key = Key { block, copy: copy.number() };
        let entry = Entry { low: block as u32, copy, slot, sum };
        let start = Key { block: key.window(), copy: 0 };
        let Some((_, leaf)) = self.leaves.range_mut(start..=key).next_back() else {
            self.leaves.insert(start, [entry].into());
            return;
        };

        let at = leaf.partition_point(|other| other.rank() < key.rank());
        debug_assert!(leaf.get(at).is_none_or(|other| other.rank() != key.rank()));
        if leaf.len() < LEAF {
            insert_exact(leaf, at, entry);
            return;
        }

        // Ascending and descending insertions leave full leaves behind, others split in the middle.
        let middle = if at == 0 || at == LEAF { at } else { LEAF / 2 };
        let mut upper = leaf.split_off(middle);
        leaf.shrink_to(leaf.len() + STEP);
        if at <= middle && middle < LEAF {
            insert_exact(leaf, at, entry);
        } else {
            insert_exact(&mut upper, at - middle, entry);
        }
        self.leaves.insert(upper[0].key(key.window()), upper);
    }

    /// Takes out the entry with this key.
    pub(super) fn remove(&mut self, key: Key) -> Option<Entry> {
        let start = Key { block: key.window(), copy: 0 };
        let (&fence, leaf) = self.leaves.range_mut(start..=key).next_back()?;
        let at = leaf.binary_search_by_key(&key.rank(), Entry::rank).ok()?;
        let entry = leaf.remove(at);
        if leaf.capacity() > leaf.len() + 2 * STEP {
            leaf.shrink_to(leaf.len() + STEP);
        }
        if leaf.len() < LEAF / 4 {
            self.join(fence);
        }
        Some(entry)
    }

    /// The first entry at or behind `key`.
    pub(super) fn first_from(&self, key: Key) -> Option<(Key, &Entry)> {
        self.walk(key).peek()
    }

    /// Goes through the entries from the first at or behind `key` on.
    pub(super) fn walk(&self, key: Key) -> Walk<'_> {
        if let Some((fence, leaf)) = self.leaves.range(..=key).next_back()
            && fence.window() == key.window()
        {
            let at = leaf.partition_point(|entry| entry.rank() < key.rank());
            if at < leaf.len() {
                return Walk { tree: self, window: key.window(), leaf, at };
            }
        }
        match self.leaves.range(key..).next() {
            Some((fence, leaf)) => Walk { tree: self, window: fence.window(), leaf, at: 0 },
            None => Walk { tree: self, window: 0, leaf: &[], at: 0 },
        }
    }

    /// All entries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.leaves.values().flatten()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let leaves = self.leaves.values();
        leaves.map(|leaf| FENCE_BYTES + leaf.capacity() * size_of::<Entry>()).sum()
    }

    /// Unites a small leaf with the next one if that leaves room to grow, and drops an empty one.
    fn join(&mut self, fence: Key) {
        let len = self.leaves[&fence].len();
        if len == 0 {
            self.leaves.remove(&fence);
            return;
        }

        let behind = (Bound::Excluded(fence), Bound::Unbounded);
        let next = self.leaves.range(behind).next();
        if let Some((&next, upper)) = next
            && next.window() == fence.window()
            && len + upper.len() <= LEAF / 2
            && let Some(upper) = self.leaves.remove(&next)
            && let Some(leaf) = self.leaves.get_mut(&fence)
        {
            leaf.reserve_exact(upper.len());
            leaf.extend(upper);
        }
    }
}

fn insert_exact(leaf: &mut Vec<Entry>, at: usize, entry: Entry) {
    if leaf.len() == leaf.capacity() {
        leaf.reserve_exact(STEP);
    }
    leaf.insert(at, entry);
}

/// A place in a [`Tree`], which only moves forward.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    window: u64,
    leaf: &'a [Entry],
    at: usize,
}

impl<'a> Walk<'a> {
    /// The entry here, or `None` at the end.
    pub(super) fn peek(&self) -> Option<(Key, &'a Entry)> {
        self.leaf.get(self.at).map(|entry| (entry.key(self.window), entry))
    }

    /// Moves to the first entry at or behind `key`, which must be behind the entry here.
    ///
    /// The steps double, so that the next entry costs little, and a far one costs less than the
    /// entries between.
    pub(super) fn skip_to(&mut self, key: Key) {
        if key.window() == self.window {
            let rest = &self.leaf[self.at..];
            let mut step = 1;
            while step < rest.len() && rest[step].rank() < key.rank() {
                step *= 2;
            }
            let passed = &rest[step / 2..step.min(rest.len())];
            self.at += step / 2 + passed.partition_point(|entry| entry.rank() < key.rank());
            if self.at < self.leaf.len() {
                return;
            }
        }
        *self = self.tree.walk(key);
    }
}
