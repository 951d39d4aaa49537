//! Looking for a newer holder of the role, behind a barrier and before anything that relies on it.

use super::Active;
use crate::error::Error;
use crate::format::superblock::PAIR_BYTES;
use crate::journal::Found;
use crate::machine::Buffers;
use crate::rules::Rule;

impl Active {
    /// Looks at both superblocks, which were read into the working space at `start`. A fenced holder
    /// stops (invariant 8), and so does one whose diff area was made anew.
    pub(super) fn watch(&mut self, buffers: &Buffers<'_>, start: usize) -> Result<(), Error> {
        let pair = &buffers.scratch[start..][..PAIR_BYTES];
        let (found, _) = self.seen.0.survey(pair, buffers.checksum);
        let Found { journal: (volume, _), holder, .. } = found?;
        let mine = self.epoch();
        let is_fenced = holder > mine || volume != self.superblock.volume;
        if is_fenced && self.rules.keeps(Rule::FencedStops) {
            Err(Error::Fenced { mine, holder })
        } else {
            Ok(())
        }
    }
}
