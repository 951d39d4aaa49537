//! What the superblocks said when they were read last: they nearly always say the same again.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

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
/// to find that it knows these bytes is as good as to verify and parse them again. That is why two
/// machines that differ in nothing else are equal: they will do the same.
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
        let found = survey(pair, checksum, torn)?
            .map(|(newest, _)| (newest.journal_id(), newest.stable()));
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

impl PartialEq for Known {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Known {}

impl Hash for Known {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
