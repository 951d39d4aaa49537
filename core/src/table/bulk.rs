//! Many records at once, in whatever order a journal has them.
//!
//! A search in a large table for each record costs as many cache misses. So single chunks are
//! gathered first, and merged into the table when there are enough of them for a pass through all
//! of it; the leaves come out full. Longer runs are few, and go to the table at once.

use alloc::vec::Vec;

use super::key::Key;
use super::tree::Entry;
use super::{Run, Table};
use crate::units::Extent;

/// Entries that are gathered at least.
const LEAST: usize = 1 << 16;
/// How many entries of the table one gathered entry is worth a pass over.
const WORTH: usize = 16;

/// Records on their way into a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bulk {
    gathered: Vec<Placed>,
    /// Entries that were gathered before, and are in the table.
    merged: usize,
}

/// An entry with the rest of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Placed {
    place: u64,
    entry: Entry,
}

impl Placed {
    /// The order of keys, as one number: sorting compares without branches then.
    const fn order(&self) -> u128 {
        (self.place as u128) << u32::BITS | self.entry.copy.number() as u128
    }

    const fn key(&self) -> Key {
        Key { place: self.place, copy: self.entry.copy.number() }
    }
}

impl Bulk {
    /// As [`Table::insert`], but the table may not know it before [`Bulk::finish`]. Of two records
    /// that say different things of one chunk and copy, any may be kept.
    pub(crate) fn insert(&mut self, table: &mut Table, run: Run, sums: &[u32]) {
        if run.chunks.count > 1 {
            table.insert(run, sums);
            return;
        }
        let key = Key::new(run.chunks.first.0, 0, run.copy.number());
        self.gathered.push(Placed { place: key.place, entry: table.entry(key, run, sums) });
        // Half of what is there: each entry is passed over a few times, however many there are.
        if self.gathered.len() >= LEAST.max(self.merged / 2) {
            self.flush(table);
        }
    }

    /// The table knows all of it from here on.
    pub(crate) fn finish(mut self, table: &mut Table) {
        self.flush(table);
    }

    pub(super) fn flush(&mut self, table: &mut Table) {
        let gathered = &mut self.gathered;
        gathered.sort_unstable_by_key(Placed::order);
        gathered.dedup_by_key(|placed| placed.order());
        let is_worth_a_pass = gathered.len() * WORTH >= self.merged;
        // A pass drops what is there under the same key, and there is no other way to be there.
        if table.lengths > 1 || !is_worth_a_pass {
            gathered.retain(|placed| !table.has(placed.key()));
        }
        let entries = gathered.iter().map(|placed| (placed.key(), placed.entry));
        if is_worth_a_pass {
            table.chunks += table.tree.merge(entries) as u64;
        } else {
            entries.for_each(|(key, entry)| table.tree.insert(key, entry));
            table.chunks += gathered.len() as u64;
        }
        if let Some(newest) = gathered.iter().map(|placed| placed.key().copy).max() {
            table.lengths |= 1;
            table.newest = table.newest.max(newest);
        }
        self.merged += gathered.len();
        gathered.clear();
    }
}

impl Table {
    /// Whether a record of this very copy answers for this chunk.
    fn has(&self, key: Key) -> bool {
        let chunk = Extent { count: 1, ..key.chunks() };
        self.answers(key.copy, chunk).any(|(found, _)| found.copy == key.copy)
    }
}
