//! Going through the map in order.

use super::packed::{Copies, Packed};
use super::{Entry, Tree};
use crate::table::key::Key;

/// A place in a [`Tree`], which only moves forward.
#[derive(Clone, Debug)]
pub(in crate::table) struct Walk<'a> {
    tree: &'a Tree,
    group: usize,
    leaf: usize,
    /// The group's fence and the leaf's entries; none at the end.
    fence: Key,
    copies: &'a Copies,
    entries: &'a [Packed],
    pub(super) at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn to(tree: &'a Tree, group: usize, leaf: usize) -> Self {
        let (fence, copies, entries) = match tree.groups.get(group) {
            Some(group) => (group.fence, &group.copies, &group.leaves[leaf][..]),
            None => (Key::MAX, const { &Copies::NONE }, &[][..]),
        };
        Self { tree, group, leaf, fence, copies, entries, at: 0 }
    }

    /// The entry here, or `None` at the end.
    #[inline]
    pub(in crate::table) fn peek(&self) -> Option<(Key, Entry)> {
        let entry = self.copies.unpack(*self.entries.get(self.at)?);
        Some((self.fence.with(entry.low, entry.copy), entry))
    }

    /// Moves to the first entry at or behind `key`, unless it is there or further already.
    #[inline]
    pub(in crate::table) fn seek(&mut self, key: Key) -> Option<(Key, Entry)> {
        if self.peek()?.0 < key {
            self.at += 1;
            if self.peek().is_none_or(|(next, _)| next < key) {
                self.skip_to(key);
            }
        }
        self.peek()
    }

    /// Moves on to the first entry at or behind `key`.
    ///
    /// The steps double, so that a far entry costs less than those between.
    fn skip_to(&mut self, key: Key) {
        if key.window() == self.fence.window() {
            let is_below = |entry: &Packed| self.copies.is_below(*entry, key.rank());
            let mut step = 1;
            while self.entries.get(self.at + step).is_some_and(is_below) {
                self.at += step + 1;
                step *= 2;
            }
            let to = self.entries.len().min(self.at + step);
            self.at += self.entries[self.at..to].partition_point(is_below);
            if self.at < self.entries.len() {
                return;
            }
        }
        *self = self.tree.walk(key);
    }

    /// Behind the last entry of a leaf, moves to the next leaf.
    pub(super) fn settle(&mut self) {
        if self.at == self.entries.len()
            && let Some(group) = self.tree.groups.get(self.group)
        {
            *self = if self.leaf + 1 < group.leaves.len() {
                Self::to(self.tree, self.group, self.leaf + 1)
            } else {
                Self::to(self.tree, self.group + 1, 0)
            };
        }
    }
}
