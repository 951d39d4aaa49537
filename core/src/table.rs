//! Which record answers for a chunk of a shadow copy, compact in memory.
//!
//! A record with copy `n` answers for every copy from the previous record of its chunk (exclusive)
//! up to `n`, so copy `k` sees the record with the smallest `n >= k`, or the origin if there is
//! none. The table keeps, for every chunk, its records by `n`; no operation depends on how many
//! copies there are.
//!
//! Runs are cut into *blocks*: aligned pieces of 2^j chunks, as large as fits. All blocks are in one
//! ordered map, by first chunk, then by length, then by copy, so what answers for neighbouring
//! chunks lies together. A chunk is in one block of each length at most; a search looks for each
//! length in use, and takes the oldest copy found. A random single chunk costs 14 bytes and a
//! little for the map; a chunk of a long run costs its checksum.
//!
//! | file      | what is in it                          |
//! |-----------|----------------------------------------|
//! | `key`     | the order of the entries               |
//! | `tree`    | the ordered map                        |
//! | `sums`    | the checksums of longer blocks         |
//! | `answers` | the search                             |
//! | `plan`    | where the bytes of an extent come from |
//! | `bulk`    | many records at once                   |
//! | `cursor`  | all entries, a slice at a time         |
//! | `replay`  | the runs again, for a new journal      |
//! | `sweep`   | garbage collection                     |
//! | `amended` | what answers for one copy alone        |

mod amended;
mod answers;
mod bulk;
mod cursor;
mod key;
mod plan;
mod replay;
mod sums;
mod sweep;
#[cfg(test)]
mod tests;
mod tree;

use alloc::vec::Vec;
use core::slice;

use self::key::Key;
use self::sums::Sums;
use self::tree::{Entry, Tree};
use crate::units::{ChunkIndex, Content, CopyId, Extent, SlotIndex};

pub use self::amended::Amended;
pub(crate) use self::bulk::Bulk;
pub use self::cursor::Cursor;
pub use self::plan::{Piece, Plan, Source};

/// Blocks are at most 2^16 chunks long.
const TOP: u32 = 16;

/// The preserved chunks of one `preserved` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The chunks that were preserved.
    pub chunks: Extent,
    /// The newest copy when they were.
    pub copy: CopyId,
    /// Zeros, or the first of as many neighbouring slots.
    pub content: Content,
}

impl Run {
    /// `count` chunks of the run from its chunk `at` on, with their checksums.
    fn part(self, sums: &[u32], at: u64, count: u64) -> (Self, &[u32]) {
        let chunks = Extent::new(self.chunks.first.0 + at, count);
        match self.content {
            Content::Zeros => (Self { chunks, ..self }, &[]),
            Content::Slot(first) => {
                let content = Content::Slot(SlotIndex(first.0 + at as u32));
                (Self { chunks, content, ..self }, &sums[at as usize..][..count as usize])
            }
        }
    }
}

/// The record that answers for one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// The newest copy that it answers for.
    pub copy: CopyId,
    /// Where the chunk's bytes are.
    pub content: Content,
    /// The checksum of the bytes; 0 for zeros, which have none.
    pub sum: u32,
}

/// All records that say where chunks were preserved; see the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table {
    tree: Tree,
    /// The checksums of blocks of 2^j chunks, at index j; of single chunks they are in the tree.
    sums: Vec<Sums>,
    /// Bit j is set if there are blocks of 2^j chunks. None are forgotten; more may be named.
    lengths: u32,
    /// No record's copy is newer, so that no search for a newer one need be done.
    newest: u32,
    chunks: u64,
}

impl Table {
    /// A table without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a run with the checksum of each chunk, or none for zeros.
    ///
    /// Chunks that have a record with the same copy already keep it: the journal may say a thing
    /// twice, whole or in parts. Runs may come in any order.
    pub fn insert(&mut self, run: Run, sums: &[u32]) {
        let Run { chunks, copy, .. } = run;
        if self.answers(copy.number(), chunks).next().is_none() {
            self.insert_absent(run, sums);
            return;
        }

        let mut hits = Vec::new();
        self.scan(copy, chunks, &mut hits);
        let mut at = 0;
        for same in hits.chunk_by(|left, right| left.is_of(copy) == right.is_of(copy)) {
            if !same[0].is_of(copy) {
                let (part, sums) = run.part(sums, at, same.len() as u64);
                self.insert_absent(part, sums);
            }
            at += same.len() as u64;
        }
    }

    /// The record that answers for `chunk` of `copy`; `None` means the origin.
    #[must_use]
    pub fn lookup(&self, copy: CopyId, chunk: ChunkIndex) -> Option<Found> {
        let found = self.answers(copy.number(), Extent { first: chunk, count: 1 });
        let (key, entry) = found.min_by_key(|(_, entry)| entry.copy)?;
        Some(self.found(key, &entry, chunk))
    }

    /// Whether `chunk` has a record with copy `newest` or a later one (step W1 for one chunk).
    #[must_use]
    pub fn holds(&self, newest: CopyId, chunk: ChunkIndex) -> bool {
        self.answers(newest.number(), Extent { first: chunk, count: 1 }).next().is_some()
    }

    /// Appends the parts of `extent` that [`Table::holds`] is false for: maximal runs, ascending
    /// (step W1).
    pub fn lacking(&self, newest: CopyId, extent: Extent, out: &mut Vec<Extent>) {
        let base = out.len();
        self.covered(newest, None, extent, out);

        // Every covered run leaves at most one gap before it, so the gaps can take their places.
        let (mut first, mut gaps) = (extent.first.0, base);
        for at in base..out.len() {
            let covered = out[at];
            if first < covered.first.0 {
                out[gaps] = Extent::new(first, covered.first.0 - first);
                gaps += 1;
            }
            first = covered.end();
        }
        out.truncate(gaps);
        if first < extent.end() {
            out.push(Extent::new(first, extent.end() - first));
        }
    }

    /// Appends where the bytes of `extent` come from, as `copy` sees it (step R1).
    pub fn resolve(&self, copy: CopyId, extent: Extent, plan: &mut Plan) {
        let mut hits = plan.take_scratch();
        self.scan(copy, extent, &mut hits);
        plan.append(extent, &hits);
        plan.put_scratch(hits);
    }

    /// Appends the chunks that have a record with a copy from `since` on and, if given, before
    /// `until`: sorted, merged extents.
    pub fn changed(&self, since: CopyId, until: Option<CopyId>, out: &mut Vec<Extent>) {
        self.covered(since, until, Extent::new(0, Key::CHUNKS - 1), out);
    }

    /// The first chunks of `extent` that [`Table::holds`] is true for; those that follow may be, too.
    pub(crate) fn first_held(&self, since: CopyId, extent: Extent) -> Option<Extent> {
        let (key, _) = self.answers(since.number(), extent).next()?;
        Some(clip(key.chunks(), extent))
    }

    /// Calls `each` with every run of slots in use and its length.
    pub fn for_each_slot(&self, mut each: impl FnMut(SlotIndex, u32)) {
        for (key, entry) in self.tree.iter() {
            if let Content::Slot(first) = entry.content() {
                each(first, key.chunks().count as u32);
            }
        }
    }

    /// How many chunks are preserved; one that is preserved for several copies counts for each.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The memory that the table takes, all included. Adds up about one number in a hundred entries.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let sums = self.sums.capacity() * size_of::<Sums>();
        let stores: usize = self.sums.iter().map(Sums::heap_bytes).sum();
        self.tree.heap_bytes() + sums + stores
    }

    /// Cuts a run into blocks. No chunk of it has a record of its copy.
    pub(crate) fn insert_absent(&mut self, run: Run, sums: &[u32]) {
        let Extent { first, count } = run.chunks;
        let mut at = 0;
        while at < count {
            let chunk = first.0 + at;
            let shift = chunk.trailing_zeros().min((count - at).ilog2()).min(TOP);
            let (part, sums) = run.part(sums, at, 1 << shift);
            self.put(Key::new(chunk, shift, run.copy.number()), part, sums);
            at += 1 << shift;
        }
        self.chunks += count;
        self.newest = self.newest.max(run.copy.number());
    }

    /// What the entry of a block says of one of its chunks.
    fn found(&self, key: Key, entry: &Entry, chunk: ChunkIndex) -> Found {
        let at = (chunk.0 - key.chunks().first.0) as u32;
        let content = match entry.content() {
            Content::Zeros => Content::Zeros,
            Content::Slot(first) => Content::Slot(SlotIndex(first.0 + at)),
        };
        let sum = self.sums_of(key, entry).get(at as usize).copied().unwrap_or(0);
        Found { copy: entry.copy, content, sum }
    }

    /// Adds the entry for one block.
    fn put(&mut self, key: Key, block: Run, sums: &[u32]) {
        self.lengths |= 1 << key.shift();
        let entry = self.entry(key, block, sums);
        self.tree.insert(key, entry);
    }

    /// The entry for one block, whose checksums are kept with it, or beside it if they are several.
    fn entry(&mut self, key: Key, block: Run, sums: &[u32]) -> Entry {
        let shift = key.shift();
        let (slot, sum) = match block.content {
            Content::Zeros => (Entry::ZEROS, 0),
            Content::Slot(first) if shift == 0 => (first.0, sums[0]),
            Content::Slot(first) => {
                while self.sums.len() <= shift as usize {
                    self.sums.push(Sums::new(1 << self.sums.len()));
                }
                (first.0, self.sums[shift as usize].put(sums))
            }
        };
        Entry::new(key, block.copy, slot, sum)
    }

    /// Takes out the entry of one block, and gives its checksums.
    fn remove(&mut self, key: Key) -> Vec<u32> {
        let Some(entry) = self.tree.remove(key) else { return Vec::new() };
        let sums = self.sums_of(key, &entry).to_vec();
        if key.shift() > 0 && !sums.is_empty() {
            self.sums[key.shift() as usize].vacate(entry.sum);
        }
        self.chunks -= key.chunks().count;
        if self.tree.is_empty() {
            (self.lengths, self.newest) = (0, 0);
        }
        sums
    }

    /// The checksums of a block's chunks, none for zeros.
    fn sums_of<'a>(&'a self, key: Key, entry: &'a Entry) -> &'a [u32] {
        match (entry.content(), key.shift()) {
            (Content::Zeros, _) => &[],
            (_, 0) => slice::from_ref(&entry.sum),
            (_, shift) => self.sums[shift as usize].read(entry.sum),
        }
    }

    /// Appends the chunks of `extent` that have a record with a copy in the range: sorted, merged.
    fn covered(&self, since: CopyId, until: Option<CopyId>, extent: Extent, out: &mut Vec<Extent>) {
        let answers = self.answers(since.number(), extent);
        let within = answers.filter(|(_, entry)| until.is_none_or(|until| entry.copy < until));
        merge(within.map(|(key, _)| clip(key.chunks(), extent)), out);
    }
}

/// Appends runs that come in the order of their first chunks, merged.
fn merge(runs: impl Iterator<Item = Extent>, out: &mut Vec<Extent>) {
    let base = out.len();
    for run in runs {
        match out[base..].last_mut() {
            Some(last) if run.first.0 <= last.end() => {
                last.count = last.end().max(run.end()) - last.first.0;
            }
            _ => out.push(run),
        }
    }
}

/// The chunks that the two have in common; there must be some.
fn clip(extent: Extent, to: Extent) -> Extent {
    let first = extent.first.0.max(to.first.0);
    Extent::new(first, extent.end().min(to.end()) - first)
}
