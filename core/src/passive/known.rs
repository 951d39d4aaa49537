//! What the superblocks said when they were read last: they nearly always say the same again.

use alloc::vec::Vec;

use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::superblock::{JournalId, PAIR_BYTES};
use crate::journal::survey;
use crate::units::Sequence;

/// What the superblock in force says of the journal: which one it is, and how much of it is known to
/// be behind a barrier.
pub(super) type Found = (JournalId, Sequence);

/// The bytes of both superblocks that were understood last, and what they say.
///
/// What bytes say depends on the bytes alone. So a reader still reads both superblocks each time, and
/// to find that it knows these bytes is as good as to verify and parse them again.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pair: Vec<u8>,
    found: Option<Found>,
}

impl Known {
    /// As [`survey`].
    pub(super) fn survey(
        &mut self,
        pair: &[u8],
        checksum: Checksum,
        torn: &mut Option<u32>,
    ) -> Option<Result<Found, Error>> {
        let pair = &pair[..PAIR_BYTES];
        if let Some(found) = self.found
            && self.pair == pair
        {
            *torn = None;
            return Some(Ok(found));
        }
        let found =
            survey(pair, checksum, torn)?.map(|(newest, _)| (newest.journal_id(), newest.stable()));
        // What is torn may be waited for, and what is refused is not asked for again.
        if torn.is_none()
            && let Ok(found) = found
        {
            self.pair.clear();
            self.pair.extend_from_slice(pair);
            self.found = Some(found);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    //! To know some bytes changes nothing but how long it takes.

    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::format::superblock::{BYTES, OnFull, Superblock};
    use crate::geometry::Geometry;
    use crate::units::{ChunkSize, Epoch, Generation, Segment, SlotIndex, VolumeId};

    static SUMS: AtomicUsize = AtomicUsize::new(0);

    /// Counts how often it was asked.
    const COUNTED: Checksum = Checksum(|so_far, bytes| {
        SUMS.fetch_add(1, Ordering::Relaxed);
        Checksum::PORTABLE.extend(so_far, bytes)
    });

    /// Superblocks with these serials, the second of which begins the journal of that number.
    fn pair(first: u64, second: u64) -> Vec<u8> {
        let superblock = |serial| Superblock {
            volume: VolumeId([7; 16]),
            geometry: Geometry { size: 1 << 30, chunk: ChunkSize::MIN, segment: 4 },
            epoch: Epoch(1),
            serial,
            generation: Generation { epoch: Epoch(1), number: serial },
            journal: Segment { first: SlotIndex(2), slots: 4 },
            clean: false,
            coherent: true,
            on_full: OnFull::FailWrite,
            next_copy: 1,
            limit: 1 << 30,
            stamp: [0; 32],
            boot: [0; 16],
            records: 10 * serial,
        };
        [first, second].iter().flat_map(|&serial| superblock(serial).emit(COUNTED)).collect()
    }

    fn torn(mut pair: Vec<u8>, at: usize) -> Vec<u8> {
        pair[at] ^= 1;
        pair
    }

    #[test]
    fn it_says_what_a_survey_says_whatever_came_before() {
        let pairs = [
            pair(1, 2),
            pair(3, 2),
            torn(pair(3, 2), 300),
            torn(pair(3, 2), BYTES + 300),
            torn(torn(pair(3, 2), 300), BYTES + 300),
            torn(pair(1, 2), 0),
            alloc::vec![0; PAIR_BYTES],
        ];
        let mut known = Known::default();
        let (mut here, mut there) = (None, None);
        // Each pair behind each other one, and behind itself.
        for before in &pairs {
            for pair in &pairs {
                for pair in [before, pair] {
                    let told = known.survey(pair, COUNTED, &mut here);
                    let survey = survey(pair, COUNTED, &mut there);
                    let survey = survey.map(|found| {
                        found.map(|(newest, _)| (newest.journal_id(), newest.stable()))
                    });
                    assert_eq!((told, here), (survey, there));
                }
            }
        }
    }

    #[test]
    fn bytes_that_it_knows_are_not_verified_again() {
        let mut known = Known::default();
        let (old, new) = (pair(1, 2), pair(3, 2));
        let mut sums = |pair: &[u8]| {
            let before = SUMS.load(Ordering::Relaxed);
            let found = known.survey(pair, COUNTED, &mut None);
            assert!(matches!(found, Some(Ok(_))));
            SUMS.load(Ordering::Relaxed) - before
        };
        // The other test counts meanwhile.
        let least = |sums: &mut dyn FnMut() -> usize| (0..100).map(|_| sums()).min();
        assert!(sums(&old) >= 2);
        assert_eq!(least(&mut || sums(&old)), Some(0));
        assert!(sums(&new) >= 2, "another journal");
        assert!(sums(&old) >= 2, "only the last ones are known");
    }
}
