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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::{MAX_RUN, MAX_ZEROS};
    use crate::units::CopyId;

    #[test]
    fn a_long_run_is_cut_into_pieces_that_fit_a_record() {
        let copy = CopyId::new(1).expect("a number");
        let run = |first, count, content| Run { chunks: Extent::new(first, count), copy, content };
        let at = |slot| Content::Slot(SlotIndex(slot));
        let sums: Vec<u32> = (0..1_100).collect();
        let mut list = RunList::default();
        list.push(run(7, 1_100, at(50)), &sums);
        list.push(run(9_000, MAX_ZEROS + 1, Content::Zeros), &[]);
        let all: Vec<_> = list.iter().collect();
        let expected = [
            (run(7, MAX_RUN, at(50)), &sums[..512]),
            (run(7 + 512, MAX_RUN, at(50 + 512)), &sums[512..1024]),
            (run(7 + 1024, 76, at(50 + 1024)), &sums[1024..]),
            (run(9_000, MAX_ZEROS, Content::Zeros), &[]),
            (run(9_000 + MAX_ZEROS, 1, Content::Zeros), &[]),
        ];
        assert_eq!(all, expected);

        list.clear();
        assert_eq!(list, RunList::default());
    }
}
