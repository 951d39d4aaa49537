//! Looking for a newer holder of the role, behind a barrier and before anything that relies on it.

use super::Active;
use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::superblock::{PAIR_BYTES, Superblock};
use crate::rules::Rule;
use crate::units::{Epoch, VolumeId};

/// What the superblocks said of the role's holder; nothing until they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Watch(Option<Result<(VolumeId, Epoch), Error>>);

impl Watch {
    /// Looks at both superblocks, at the start of these bytes.
    pub(super) fn look(&mut self, pair: &[u8], checksum: Checksum) {
        let newest = Superblock::newest(&pair[..PAIR_BYTES], checksum);
        self.0 = Some(newest.map(|(superblock, _)| (superblock.volume, superblock.epoch)));
    }

    /// A fenced holder stops (invariant 8), and so does one whose diff area was made anew.
    pub(super) fn judge(&mut self, active: &Active) -> Result<(), Error> {
        let Some(found) = self.0.take() else { return Ok(()) };
        let (volume, holder) = found?;
        let mine = active.epoch();
        let is_fenced = holder > mine || volume != active.superblock.volume;
        if is_fenced && active.rules.keeps(Rule::FencedStops) {
            Err(Error::Fenced { mine, holder })
        } else {
            Ok(())
        }
    }
}
