//! A map from entries that come in order: full leaves, and no room to spare.

use alloc::vec::Vec;
use core::mem;

use super::{Entry, GROUP, Group, LEAF, Tree};
use crate::table::key::Key;

impl Tree {
    /// Adds entries that come in the order of their keys, each once, but for those whose keys are
    /// there, and says how many were added. It passes through the whole map.
    pub(in crate::table) fn merge(&mut self, more: impl Iterator<Item = (Key, Entry)>) -> usize {
        let mut more = more.peekable();
        let mut builder = Builder::default();
        let mut added = 0;
        // Each leaf goes when it has been passed, so that there are never two whole maps.
        for group in mem::take(&mut self.groups) {
            let fence = group.fence;
            for entry in group.leaves.into_iter().flatten() {
                let key = fence.with(entry.low, entry.copy);
                while let Some((before, entry)) = more.next_if(|(next, _)| *next < key) {
                    builder.push(before, entry);
                    added += 1;
                }
                let _ = more.next_if(|(next, _)| *next == key);
                builder.push(key, entry);
            }
        }
        for (key, entry) in more {
            builder.push(key, entry);
            added += 1;
        }
        self.groups = builder.finish();
        added
    }
}

/// Groups in the making.
#[derive(Default)]
struct Builder {
    groups: Vec<Group>,
    /// The last group's last leaf, and the key of its first entry.
    leaf: Vec<Entry>,
    fence: Key,
}

impl Builder {
    /// Adds an entry behind all others.
    fn push(&mut self, key: Key, entry: Entry) {
        if self.leaf.len() == LEAF || self.fence.window() != key.window() {
            self.end_leaf();
        }
        if self.leaf.is_empty() {
            self.fence = key;
            self.leaf.reserve_exact(LEAF);
        }
        self.leaf.push(entry);
    }

    fn end_leaf(&mut self) {
        if self.leaf.is_empty() {
            return;
        }
        let mut leaf = mem::take(&mut self.leaf);
        leaf.shrink_to_fit();
        let fence = self.fence;
        match self.groups.last_mut() {
            Some(last) if last.leaves.len() < GROUP && last.fence.window() == fence.window() => {
                last.fences.push(fence.rank());
                last.leaves.push(leaf);
            }
            _ => {
                if let Some(last) = self.groups.last_mut() {
                    last.shrink();
                }
                let mut group = Group {
                    fence,
                    fences: Vec::with_capacity(GROUP),
                    leaves: Vec::with_capacity(GROUP),
                };
                group.fences.push(fence.rank());
                group.leaves.push(leaf);
                self.groups.push(group);
            }
        }
    }

    fn finish(mut self) -> Vec<Group> {
        self.end_leaf();
        if let Some(last) = self.groups.last_mut() {
            last.shrink();
        }
        self.groups.shrink_to_fit();
        self.groups
    }
}

impl Group {
    fn shrink(&mut self) {
        self.fences.shrink_to_fit();
        self.leaves.shrink_to_fit();
    }
}
