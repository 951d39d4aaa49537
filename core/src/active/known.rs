//! What is known to be preserved for the newest copy: a small cache before the table, because
//! most overwrites are of chunks that were overwritten before.
//!
//! Invariant 6: a presence is good while the copy lives, so what was found in the table once is
//! never wrong later. An absence says nothing. All that is known is in the table too.

use alloc::vec::Vec;

use crate::units::{ChunkIndex, CopyId};

/// Words of the cache; 128 KiB that know of 1 GiB of 4 KiB chunks.
const WORDS: usize = 8192;
/// Chunks of one word.
const CHUNKS: u64 = 32;

/// Chunks that have a record for a copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Direct-mapped; empty until something is noted.
    words: Vec<Word>,
}

/// Neighbouring chunks, one bit each, all of one copy.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    region: u64,
    /// 0 for none.
    copy: u32,
    chunks: u32,
}

impl Known {
    /// Whether the chunk is known to be preserved for this copy.
    pub(super) fn holds(&self, copy: CopyId, chunk: ChunkIndex) -> bool {
        let (region, bit) = place(chunk);
        self.words.get(region as usize % WORDS).is_some_and(|word| {
            word.region == region && word.copy == copy.number() && word.chunks & bit != 0
        })
    }

    /// Notes that the table has a record of the chunk for this copy.
    pub(super) fn note(&mut self, copy: CopyId, chunk: ChunkIndex) {
        let (region, bit) = place(chunk);
        if self.words.is_empty() {
            self.words.resize(WORDS, Word::default());
        }
        let word = &mut self.words[region as usize % WORDS];
        if word.region != region || word.copy != copy.number() {
            *word = Word { region, copy: copy.number(), chunks: 0 };
        }
        word.chunks |= bit;
    }
}

fn place(chunk: ChunkIndex) -> (u64, u32) {
    (chunk.0 / CHUNKS, 1 << (chunk.0 % CHUNKS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aside::Aside;

    fn copy(number: u32) -> CopyId {
        CopyId::new(number).unwrap()
    }

    #[test]
    fn nothing_is_known_of_another_copy_or_chunk() {
        let mut known = Known::default();
        assert!(!known.holds(copy(1), ChunkIndex(0)));
        known.note(copy(1), ChunkIndex(70));
        assert!(known.holds(copy(1), ChunkIndex(70)));
        for (other, chunk) in [(2, 70), (1, 71), (1, 38), (1, 70 + 32 * WORDS as u64)] {
            assert!(!known.holds(copy(other), ChunkIndex(chunk)), "copy {other}, chunk {chunk}");
        }
    }

    #[test]
    fn a_word_that_is_taken_over_forgets() {
        let mut known = Known::default();
        known.note(copy(1), ChunkIndex(5));
        known.note(copy(2), ChunkIndex(6));
        assert!(!known.holds(copy(1), ChunkIndex(5)) && !known.holds(copy(2), ChunkIndex(5)));
        assert!(known.holds(copy(2), ChunkIndex(6)));
    }

    #[test]
    fn a_word_belongs_to_one_region() {
        let mut known = Known::default();
        let far = 70 + 32 * WORDS as u64;
        known.note(copy(1), ChunkIndex(70));
        known.note(copy(1), ChunkIndex(71));
        assert!(known.holds(copy(1), ChunkIndex(70)) && known.holds(copy(1), ChunkIndex(71)));
        known.note(copy(1), ChunkIndex(far));
        assert!(known.holds(copy(1), ChunkIndex(far)));
        for chunk in [70, 71, far + 1] {
            assert!(!known.holds(copy(1), ChunkIndex(chunk)), "chunk {chunk}");
        }
        assert_eq!(Aside(known), Aside::default(), "what is known is no part of a state");
    }
}
