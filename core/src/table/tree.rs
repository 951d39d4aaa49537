//! An ordered map from (block, copy) to slot and checksum, at 14 bytes an entry and little more.
//!
//! Its cost is cache misses, so it is flat: entries lie in sorted leaves of up to [`LEAF`], leaves
//! in groups of up to [`GROUP`], and a group keeps the *fences* of its leaves side by side. A fence
//! is not above the leaf's first entry and above all entries of the leaves before. The fences on
//! both sides of a leaf say nearly where in it a key must be, so a search touches one or two lines
//! of memory that are not in a cache already.
//!
//! Leaves grow in small exact steps: the spare room of doubling would cost more than all other
//! overhead together.

mod build;
mod packed;
mod walk;

use alloc::vec::Vec;
use core::ops::Range;

use self::packed::{Copies, Packed};
use super::key::{Key, rank};
use crate::units::{Content, CopyId, SlotIndex};

pub(super) use self::walk::Walk;

/// Entries of a full leaf: few enough that an insertion moves little, enough that what a leaf
/// costs beside them does not count.
const LEAF: usize = 128;
/// Leaves of a full group.
const GROUP: usize = 256;
/// Items by which a vector grows.
const STEP: usize = 8;
/// How far random keys are from where they are expected, nearly always: it is about half the square
/// root of a leaf's entries, twice that is rare.
const NEAR: usize = 8;

/// Where the bytes of one block are that copies up to `copy` see; leaves have it [`Packed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    /// The low half of the key's place; the high half is the group's window.
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

    pub(super) const fn new(key: Key, copy: CopyId, slot: u32, sum: u32) -> Self {
        Self { low: key.place as u32, copy, slot, sum }
    }

    /// What the block holds; its first slot if it has any.
    pub(super) const fn content(&self) -> Content {
        if self.slot == Self::ZEROS { Content::Zeros } else { Content::Slot(SlotIndex(self.slot)) }
    }

    /// The order within a window.
    const fn rank(&self) -> u64 {
        rank(self.low, self.copy.number())
    }
}

/// The map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tree {
    groups: Vec<Group>,
}

/// Neighbouring leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Group {
    /// Not above the first entry, and above all entries of the groups before.
    fence: Key,
    /// The ranks of the leaves' fences. Invariant: all keys of a group are in one window.
    fences: Vec<u64>,
    copies: Copies,
    /// Invariant: neither this nor any leaf is empty.
    leaves: Vec<Vec<Packed>>,
}

impl Tree {
    pub(super) const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Adds an entry under a key that has none yet.
    pub(super) fn insert(&mut self, key: Key, entry: Entry) {
        match self.group_of(key) {
            Ok(index) => {
                let upper = self.groups[index].insert(key, entry);
                if let Some(upper) = upper {
                    self.groups.insert(index + 1, upper);
                }
            }
            Err(index) => {
                let mut copies = Copies::default();
                let leaves = [[copies.pack(entry).0].into()].into();
                let fences = [key.rank()].into();
                self.groups.insert(index, Group { fence: key, fences, copies, leaves });
            }
        }
    }

    /// Takes out the entry with this key.
    pub(super) fn remove(&mut self, key: Key) -> Option<Entry> {
        let index = self.group_of(key).ok()?;
        let entry = self.groups[index].remove(key)?;
        if self.groups[index].leaves.is_empty() {
            self.groups.remove(index);
        }
        Some(entry)
    }

    /// Goes through the entries from the first at or behind `key` on.
    pub(super) fn walk(&self, key: Key) -> Walk<'_> {
        let (Ok(index) | Err(index)) = self.group_of(key);
        let mut walk = Walk::to(self, index, 0);
        if let Some(group) = self.groups.get(index)
            && group.fence <= key
        {
            let leaf = group.leaf_of(key.rank());
            walk = Walk::to(self, index, leaf);
            walk.at = group.search(leaf, key.rank());
            walk.settle();
        }
        walk
    }

    /// All entries, each with its key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Entry)> {
        self.groups.iter().flat_map(|group| {
            let entries = group.leaves.iter().flatten().map(|packed| group.copies.unpack(*packed));
            entries.map(|entry| (group.fence.with(entry.low, entry.copy), entry))
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let groups = self.groups.capacity() * size_of::<Group>();
        groups + self.groups.iter().map(Group::heap_bytes).sum::<usize>()
    }

    /// The group that a key belongs to, or where a new one for it belongs.
    fn group_of(&self, key: Key) -> Result<usize, usize> {
        let behind = self.groups.partition_point(|group| group.fence <= key);
        let is_in = |index: usize| {
            self.groups.get(index).is_some_and(|group| group.fence.window() == key.window())
        };
        match behind.checked_sub(1) {
            Some(index) if is_in(index) => Ok(index),
            _ if is_in(behind) => Ok(behind),
            _ => Err(behind),
        }
    }
}

impl Group {
    /// Adds an entry, and gives the upper part if the group had to be split.
    fn insert(&mut self, key: Key, entry: Entry) -> Option<Self> {
        let rank = key.rank();
        self.fence = self.fence.min(key);
        // The group's fence can be lower than this, when the first leaf was dropped.
        self.fences[0] = self.fences[0].min(rank);
        let index = self.leaf_of(rank);
        let at = self.search(index, rank);
        if self.copies.is_full() {
            self.tidy();
        }
        let (entry, is_new) = self.copies.pack(entry);
        let Self { copies, leaves, .. } = self;
        let leaf = &mut leaves[index];
        debug_assert!(leaf.get(at).is_none_or(|other| copies.unpack(*other).rank() != rank));
        if leaf.len() < LEAF {
            insert_exact(leaf, at, entry);
            // Small maps of the same entries are to be equal.
            if is_new && self.leaves.len() == 1 {
                self.tidy();
            }
            return None;
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
        insert_exact(&mut self.fences, index + 1, self.copies.unpack(upper[0]).rank());
        insert_exact(&mut self.leaves, index + 1, upper);
        if self.leaves.len() <= GROUP {
            return None;
        }

        let middle = if index + 1 == GROUP { GROUP } else { GROUP / 2 };
        let fences = self.fences.split_off(middle);
        let leaves = self.leaves.split_off(middle);
        self.fences.shrink_to(middle + STEP);
        self.leaves.shrink_to(middle + STEP);
        let first = self.copies.unpack(leaves[0][0]);
        let fence = self.fence.with(first.low, first.copy);
        let mut upper = Self { fence, fences, copies: self.copies.clone(), leaves };
        upper.tidy();
        self.tidy();
        Some(upper)
    }

    fn remove(&mut self, key: Key) -> Option<Entry> {
        let index = self.leaf_of(key.rank());
        let at = self.search(index, key.rank());
        let leaf = &mut self.leaves[index];
        let entry = self.copies.unpack(*leaf.get(at)?);
        if entry.rank() != key.rank() {
            return None;
        }

        leaf.remove(at);
        if leaf.capacity() > leaf.len() + 2 * STEP {
            leaf.shrink_to(leaf.len() + STEP);
        }
        if leaf.len() < LEAF / 4 {
            self.join(index);
        }
        if self.leaves.len() == 1 {
            self.tidy();
        }
        Some(entry)
    }

    /// Forgets copies that no entry is of any more.
    fn tidy(&mut self) {
        self.copies.tidy(&mut self.leaves);
    }

    /// Unites a small leaf with a neighbour if that leaves room to grow, and drops an empty one.
    fn join(&mut self, index: usize) {
        if self.leaves[index].is_empty() {
            self.fences.remove(index);
            self.leaves.remove(index);
            return;
        }
        // A sweep goes up, so the leaf before is small already and the one behind is not yet.
        let fits = |at: &usize| match self.leaves.get(*at..*at + 2) {
            Some([left, right]) => left.len() + right.len() <= LEAF / 2,
            _ => false,
        };
        if let Some(at) = [index.saturating_sub(1), index].into_iter().find(fits) {
            self.fences.remove(at + 1);
            let upper = self.leaves.remove(at + 1);
            self.leaves[at].reserve_exact(upper.len());
            self.leaves[at].extend(upper);
        }
    }

    /// The leaf that a rank belongs to.
    fn leaf_of(&self, rank: u64) -> usize {
        self.fences.partition_point(|fence| *fence <= rank).saturating_sub(1)
    }

    /// Where in a leaf the first entry not below `rank` is.
    fn search(&self, index: usize, rank: u64) -> usize {
        let leaf = &self.leaves[index][..];
        let Range { start, end } = self.expected(index, rank);
        let is_below = |entry: &Packed| self.copies.is_below(*entry, rank);
        let is_behind = start == 0 || is_below(&leaf[start - 1]);
        let is_before = end == leaf.len() || !is_below(&leaf[end]);
        if is_behind && is_before {
            return start + leaf[start..end].partition_point(is_below);
        }
        leaf.partition_point(is_below)
    }

    /// Where in a leaf a rank is, nearly always, if the keys are spread evenly between the fences.
    ///
    /// In a leaf that is in no cache, only these lines of memory are touched.
    fn expected(&self, index: usize, rank: u64) -> Range<usize> {
        let leaf = &self.leaves[index][..];
        let low = self.fences[index];
        let high = match self.fences.get(index + 1) {
            Some(fence) => *fence,
            None => self.copies.unpack(leaf[leaf.len() - 1]).rank(),
        };
        let span = (high - low) | 1;
        let part = rank.clamp(low, high) - low;
        // The upper 32 bits that say something, so that the product fits.
        let shift = span.leading_zeros();
        let guess = (part << shift >> 32) * leaf.len() as u64 / (span << shift >> 32);
        let start = (guess as usize).saturating_sub(NEAR).min(leaf.len());
        start..(guess as usize + NEAR).min(leaf.len())
    }

    fn heap_bytes(&self) -> usize {
        let leaves = self.leaves.iter().map(|leaf| leaf.capacity() * size_of::<Packed>());
        self.fences.capacity() * size_of::<u64>()
            + self.leaves.capacity() * size_of::<Vec<Packed>>()
            + self.copies.heap_bytes()
            + leaves.sum::<usize>()
    }
}

fn insert_exact<T>(items: &mut Vec<T>, at: usize, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(STEP);
    }
    items.insert(at, item);
}
