//! A map from entries that come in order: full leaves, and no room to spare.

use alloc::vec::Vec;
use core::mem;

use super::packed::Copies;
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
            let Group { fence, copies, leaves, .. } = group;
            for packed in leaves.into_iter().flatten() {
                let entry = copies.unpack(packed);
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
    /// The next group's entries, and the key of the first.
    entries: Vec<Entry>,
    fence: Key,
}

impl Builder {
    /// Adds an entry behind all others.
    fn push(&mut self, key: Key, entry: Entry) {
        if self.entries.len() == GROUP * LEAF || self.fence.window() != key.window() {
            self.end_group();
        }
        if self.entries.is_empty() {
            self.fence = key;
        }
        self.entries.push(entry);
    }

    fn end_group(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        let copies = Copies::of(&self.entries);
        let leaves = self.entries.chunks(LEAF);
        let fences = leaves.clone().map(|leaf| leaf[0].rank()).collect();
        let leaves = leaves.map(|leaf| leaf.iter().map(|entry| copies.pack_again(entry)).collect());
        let leaves = leaves.collect();
        self.groups.push(Group { fence: self.fence, fences, copies, leaves });
        self.entries.clear();
    }

    fn finish(mut self) -> Vec<Group> {
        self.end_group();
        self.groups.shrink_to_fit();
        self.groups
    }
}
