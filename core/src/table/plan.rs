//! Where the bytes of an extent come from.

use alloc::vec::Vec;
use core::mem;

use super::key::Key;
use super::tree::Entry;
use super::{Table, clip};
use crate::units::{CopyId, Extent, SlotIndex};

/// Where the bytes of an extent come from, reused from read to read so that nothing is allocated
/// per chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Maximal runs, ascending, that cover the extent exactly.
    pub pieces: Vec<Piece>,
    /// The checksums of all chunks that come from slots.
    pub sums: Vec<u32>,
    scratch: Vec<Hit>,
}

/// A run of chunks that come from one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The chunks.
    pub chunks: Extent,
    /// Where their bytes are.
    pub from: Source,
}

/// Where bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// In the origin, at their own place.
    Origin,
    /// Nowhere: all are zero.
    Zeros,
    /// In neighbouring slots.
    Slots {
        /// The slot of the first chunk.
        first: SlotIndex,
        /// Index in [`Plan::sums`] of the first chunk's checksum; each chunk has one.
        sums: usize,
    },
}

impl Plan {
    /// Empties the plan and keeps its memory.
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.sums.clear();
    }

    pub(super) fn take_scratch(&mut self) -> Vec<Hit> {
        mem::take(&mut self.scratch)
    }

    /// Appends the pieces for `extent`, given what answers for each of its chunks, or nothing if
    /// that is the origin for all.
    pub(super) fn append(&mut self, extent: Extent, hits: &[Hit]) {
        if hits.is_empty() {
            if !extent.is_empty() {
                self.pieces.push(Piece { chunks: extent, from: Source::Origin });
            }
            return;
        }

        let mut first = extent.first.0;
        for run in hits.chunk_by(Hit::neighbours) {
            let from = match run[0] {
                hit if hit.copy == Hit::ORIGIN.copy => Source::Origin,
                hit if hit.slot == Entry::ZEROS => Source::Zeros,
                hit => {
                    let sums = self.sums.len();
                    self.sums.extend(run.iter().map(|hit| hit.sum));
                    Source::Slots { first: SlotIndex(hit.slot), sums }
                }
            };
            let chunks = Extent::new(first, run.len() as u64);
            self.pieces.push(Piece { chunks, from });
            first = chunks.end();
        }
    }

    /// Keeps the scratch for the next time, empty so that equal plans are equal.
    pub(super) fn put_scratch(&mut self, mut scratch: Vec<Hit>) {
        scratch.clear();
        self.scratch = scratch;
    }
}

/// What answers for one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hit {
    copy: u32,
    slot: u32,
    sum: u32,
}

impl Hit {
    /// No record; newer than every copy, so that any record takes its place.
    pub(super) const ORIGIN: Self = Self { copy: u32::MAX, slot: 0, sum: 0 };

    /// Whether the record with this copy answers.
    pub(super) const fn is_of(&self, copy: CopyId) -> bool {
        self.copy == copy.number()
    }

    /// Whether the bytes of the next chunk follow this one's.
    fn neighbours(&self, next: &Self) -> bool {
        match (self.copy == Self::ORIGIN.copy, next.copy == Self::ORIGIN.copy) {
            (true, true) => true,
            (false, false) if self.slot == Entry::ZEROS => next.slot == Entry::ZEROS,
            (false, false) => next.slot == self.slot + 1 && next.slot != Entry::ZEROS,
            _ => false,
        }
    }
}

impl Table {
    /// Fills `hits` with what answers for `copy`, one for each chunk of `extent`; leaves it empty
    /// if that is the origin for all of them.
    pub(super) fn scan(&self, copy: CopyId, extent: Extent, hits: &mut Vec<Hit>) {
        hits.clear();
        self.lay(self.answers(copy.number(), extent), extent, hits);
    }

    /// Puts what these entries say of the chunks of `extent` in its place, where no older copy's
    /// record, nor an earlier one of the same copy, is there.
    pub(super) fn lay(
        &self,
        entries: impl Iterator<Item = (Key, Entry)>,
        extent: Extent,
        hits: &mut Vec<Hit>,
    ) {
        for (key, entry) in entries {
            if hits.is_empty() {
                hits.resize(extent.count as usize, Hit::ORIGIN);
            }
            let sums = self.sums_of(key, &entry);
            let block = key.chunks();
            let chunks = clip(block, extent);
            let inside = (chunks.first.0 - block.first.0) as usize;
            let from = (chunks.first.0 - extent.first.0) as usize;
            let copy = entry.copy.number();
            for (at, hit) in hits[from..][..chunks.count as usize].iter_mut().enumerate() {
                // Of all blocks that a chunk is in, the oldest copy's answers.
                if hit.copy <= copy {
                    continue;
                }
                *hit = match sums.get(inside + at) {
                    Some(&sum) => Hit { copy, slot: entry.slot + (inside + at) as u32, sum },
                    None => Hit { copy, slot: Entry::ZEROS, sum: 0 },
                };
            }
        }
    }
}
