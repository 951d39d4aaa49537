//! Which record answers for a chunk of a shadow copy, compact in memory.
//!
//! A record with copy `n` answers for every copy from the previous record of its chunk (exclusive)
//! up to `n`, so copy `k` sees the record with the smallest `n >= k`, or the origin if there is
//! none. The table keeps, for every chunk, its records by `n`; no operation depends on how many
//! copies there are.
//!
//! Runs are cut into *blocks*: aligned pieces of 2^j chunks, as large as fits. Blocks of one length
//! are a [`Level`], an ordered map by (block, copy) in which one search finds the first entry at or
//! behind `k`. A search over all levels takes the smallest copy found. A random single chunk costs
//! 16 bytes and a little for the map; a chunk of a long run costs its checksum.
//!
//! | file     | what is in it                                           |
//! |----------|---------------------------------------------------------|
//! | `plan`   | where the bytes of an extent come from                  |
//! | `level`  | the blocks of one length                                |
//! | `tree`   | the ordered map                                         |
//! | `sums`   | checksums of the longer blocks                          |
//! | `cursor` | all entries in one order, a slice at a time             |
//! | `replay` | the runs again, for a new journal                       |
//! | `sweep`  | garbage collection                                      |

mod cursor;
mod level;
mod plan;
mod replay;
mod sums;
mod sweep;
#[cfg(test)]
mod tests;
mod tree;

use alloc::vec::Vec;
use core::mem::size_of;

use self::level::Level;
use self::plan::Hit;
use crate::units::{ChunkIndex, Content, CopyId, Extent, SlotIndex};

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
    /// Blocks of 2^j chunks are in level j.
    levels: Vec<Level>,
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
        if !self.answers(copy, chunks) {
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
        let found = self.levels.iter().filter_map(|level| {
            let block = chunk.0 >> level.shift;
            Some((level, level.find(block, copy.number())?))
        });
        let (level, entry) = found.min_by_key(|(_, entry)| entry.copy)?;

        let at = (chunk.0 - (chunk.0 >> level.shift << level.shift)) as u32;
        let content = match entry.content() {
            Content::Zeros => Content::Zeros,
            Content::Slot(first) => Content::Slot(SlotIndex(first.0 + at)),
        };
        let sum = level.sums(entry).get(at as usize).copied().unwrap_or(0);
        Some(Found { copy: entry.copy, content, sum })
    }

    /// Whether `chunk` has a record with copy `newest` or a later one (step W1 for one chunk).
    #[must_use]
    pub fn holds(&self, newest: CopyId, chunk: ChunkIndex) -> bool {
        let copy = newest.number();
        self.levels.iter().any(|level| level.find(chunk.0 >> level.shift, copy).is_some())
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
        self.covered(since, until, Extent::new(0, u64::MAX), out);
    }

    /// Calls `each` with every run of slots in use and its length.
    pub fn for_each_slot(&self, mut each: impl FnMut(SlotIndex, u32)) {
        for level in &self.levels {
            for entry in level.tree.iter() {
                if let Content::Slot(first) = entry.content() {
                    each(first, 1 << level.shift);
                }
            }
        }
    }

    /// How many chunks are preserved; one that is preserved for several copies counts for each.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The memory that the table takes, all included. Looks at every 200th entry or so.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let levels = self.levels.capacity() * size_of::<Level>();
        levels + self.levels.iter().map(Level::heap_bytes).sum::<usize>()
    }

    /// Whether any chunk of `extent` has a record that answers for `copy`.
    fn answers(&self, copy: CopyId, extent: Extent) -> bool {
        let copy = copy.number();
        self.levels.iter().any(|level| level.answers(copy, extent).next().is_some())
    }

    /// Cuts a run into blocks. No chunk of it has a record of its copy.
    fn insert_absent(&mut self, run: Run, sums: &[u32]) {
        let Extent { first, count } = run.chunks;
        let mut at = 0;
        while at < count {
            let chunk = first.0 + at;
            let shift = chunk.trailing_zeros().min((count - at).ilog2()).min(TOP);
            let (part, sums) = run.part(sums, at, 1 << shift);
            self.level(shift).insert(chunk >> shift, run.copy, part.content, sums);
            at += 1 << shift;
        }
        self.chunks += count;
    }

    fn level(&mut self, shift: u32) -> &mut Level {
        while self.levels.len() <= shift as usize {
            self.levels.push(Level::new(self.levels.len() as u32));
        }
        &mut self.levels[shift as usize]
    }

    /// Appends the chunks of `extent` that have a record with a copy in the range.
    fn covered(&self, since: CopyId, until: Option<CopyId>, extent: Extent, out: &mut Vec<Extent>) {
        let base = out.len();
        for level in &self.levels {
            for (block, entry) in level.answers(since.number(), extent) {
                if until.is_none_or(|until| entry.copy < until) {
                    push_merged(out, base, clip(level.chunks(block), extent));
                }
            }
        }

        // Each level came in order, and sorting takes such runs as they are.
        out[base..].sort_by_key(|run| run.first);
        let mut end = base;
        for at in base..out.len() {
            let run = out[at];
            match out[base..end].last_mut() {
                Some(last) if run.first.0 <= last.end() => {
                    last.count = last.end().max(run.end()) - last.first.0;
                }
                _ => {
                    out[end] = run;
                    end += 1;
                }
            }
        }
        out.truncate(end);
    }

    /// Fills `hits` with what answers for `copy`, one for each chunk of `extent`; leaves it empty
    /// if that is the origin for all of them.
    fn scan(&self, copy: CopyId, extent: Extent, hits: &mut Vec<Hit>) {
        hits.clear();
        for level in &self.levels {
            for (block, entry) in level.answers(copy.number(), extent) {
                if hits.is_empty() {
                    hits.resize(extent.count as usize, Hit::ORIGIN);
                }
                level.spread(block, entry, extent, hits);
            }
        }
    }
}

/// The chunks that the two have in common; there must be some.
fn clip(extent: Extent, to: Extent) -> Extent {
    let first = extent.first.0.max(to.first.0);
    Extent::new(first, extent.end().min(to.end()) - first)
}

/// Appends a run to `out`, or to its last run if they touch and that is not before `base`.
fn push_merged(out: &mut Vec<Extent>, base: usize, run: Extent) {
    match out[base..].last_mut() {
        Some(last) if last.end() == run.first.0 => last.count += run.count,
        _ => out.push(run),
    }
}
