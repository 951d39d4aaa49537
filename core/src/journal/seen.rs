//! What the superblocks said when they were read last: they nearly always say the same again.

use alloc::vec::Vec;

use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::superblock::{JournalId, Superblock};
use crate::units::{Epoch, Sequence};

/// What nodes look for in the superblock in force, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Found {
    /// Which journal is in force.
    pub(crate) journal: JournalId,
    /// How much of it is known to be behind a barrier.
    pub(crate) stable: Sequence,
    /// Who holds the active role.
    pub(crate) holder: Epoch,
}

impl From<&Superblock> for Found {
    fn from(superblock: &Superblock) -> Self {
        Self {
            journal: superblock.journal_id(),
            stable: superblock.stable(),
            holder: superblock.epoch,
        }
    }
}

/// The bytes of both superblocks that were understood last, and what they say.
///
/// What bytes say depends on the bytes alone. So a node still reads both superblocks each time, and
/// to find that it knows these bytes is as good as to verify and parse them again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pair: Vec<u8>,
    found: Option<Found>,
}

impl Seen {
    /// As [`Superblock::survey`].
    #[inline]
    pub(crate) fn survey(
        &mut self,
        pair: &[u8],
        checksum: Checksum,
    ) -> (Result<Found, Error>, bool) {
        match self.found {
            Some(found) if self.pair == pair => (Ok(found), false),
            _ => self.understand(pair, checksum),
        }
    }

    fn understand(&mut self, pair: &[u8], checksum: Checksum) -> (Result<Found, Error>, bool) {
        let (newest, is_torn) = Superblock::survey(pair, checksum);
        let found = newest.map(|(superblock, _)| Found::from(&superblock));
        // What is torn will be another, and what is refused is not asked for again.
        if !is_torn && let Ok(found) = found {
            self.pair.clear();
            self.pair.extend_from_slice(pair);
            self.found = Some(found);
        }
        (found, is_torn)
    }
}

#[cfg(test)]
mod tests {
    //! To know some bytes changes nothing but how long it takes.

    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::format::superblock::{BYTES, OnFull, PAIR_BYTES};
    use crate::geometry::Geometry;
    use crate::units::{ChunkSize, Generation, Segment, SlotIndex, VolumeId};

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
        let mut seen = Seen::default();
        // Each pair behind each other one, and behind itself.
        for before in &pairs {
            for pair in &pairs {
                for pair in [before, pair] {
                    let (newest, is_torn) = Superblock::survey(pair, COUNTED);
                    let found = newest.map(|(superblock, _)| Found::from(&superblock));
                    assert_eq!(seen.survey(pair, COUNTED), (found, is_torn));
                }
            }
        }
    }

    #[test]
    fn bytes_that_it_knows_are_not_verified_again() {
        let mut seen = Seen::default();
        let (old, new) = (pair(1, 2), pair(3, 2));
        let mut sums = |pair: &[u8]| {
            let before = SUMS.load(Ordering::Relaxed);
            assert!(seen.survey(pair, COUNTED).0.is_ok());
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
