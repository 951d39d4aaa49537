//! A list of runs with their checksums, on its way into records.

use alloc::vec::Vec;

use crate::format::record::piece_end;
use crate::table::Run;
use crate::units::{ChunkIndex, Content, Extent, SlotIndex};

/// Runs and their checksums; emptied and used again, so that nothing is allocated per chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RunList {
    runs: Vec<Run>,
    sums: Vec<u32>,
}

impl RunList {
    /// Empties the list.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.sums.clear();
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run, in pieces that fit a record; one checksum a chunk, none for zeros.
    pub fn push(&mut self, run: Run, sums: &[u32]) {
        let Run { chunks, copy, content } = run;
        let mut first = chunks.first;
        while first.0 < chunks.end() {
            let end = piece_end(first, chunks.end(), content);
            let content = match content {
                Content::Zeros => Content::Zeros,
                Content::Slot(slot) => {
                    Content::Slot(SlotIndex(slot.0 + (first.0 - chunks.first.0) as u32))
                }
            };
            self.runs.push(Run { chunks: Extent { first, count: end - first.0 }, copy, content });
            first = ChunkIndex(end);
        }
        self.sums.extend_from_slice(sums);
    }

    /// The runs, each with its checksums.
    pub fn iter(&self) -> impl Iterator<Item = (Run, &[u32])> {
        let mut at = 0;
        self.runs.iter().map(move |&run| {
            let start = at;
            if let Content::Slot(_) = run.content {
                at += run.chunks.count as usize;
            }
            (run, &self.sums[start..at])
        })
    }
}
