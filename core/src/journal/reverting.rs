//! A revert under way: the volume is a shadow copy, and not all of its bytes are in the origin yet.
//!
//! A chunk is *unsettled* if a record answers for it in that copy, so that the copy's bytes are in a
//! slot and not in the origin, and no `settled` record names it. Both sets only grow, and neither
//! depends on the order in which the journal says so: a journal may be written anew at any time.

use alloc::vec::Vec;

use super::View;
use crate::error::{Damage, Error};
use crate::extents::Extents;
use crate::format::record;
use crate::units::{CopyId, Extent};

/// What the journal says of the revert under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reverting {
    pub(super) copy: CopyId,
    /// Chunks whose bytes are in the origin.
    pub(super) settled: Extents,
}

const DAMAGED: Error = Error::Corrupt { what: Damage::Record, at: 0 };

impl View {
    /// The shadow copy that the volume is being reverted to.
    #[must_use]
    pub fn reverting(&self) -> Option<CopyId> {
        self.reverting.as_ref().map(|reverting| reverting.copy)
    }

    /// Appends the unsettled chunks of `extent`: maximal runs, ascending, until there are at least
    /// `most` of them.
    pub fn unsettled(&self, extent: Extent, most: u64, out: &mut Vec<Extent>) {
        let Some(Reverting { copy, settled }) = &self.reverting else { return };
        let (base, mut found, mut rest) = (out.len(), 0, extent);
        while found < most
            && let Some(gap) = settled.first_gap(rest)
        {
            rest = Extent::new(gap.end(), extent.end() - gap.end());
            let Some(run) = self.table().first_held(*copy, gap) else { continue };
            rest = Extent::new(run.end(), extent.end() - run.end());
            found += run.count;
            match out[base..].last_mut() {
                Some(last) if last.end() == run.first.0 => last.count += run.count,
                _ => out.push(run),
            }
        }
    }

    /// All unsettled chunks.
    #[must_use]
    pub fn all_unsettled(&self) -> Vec<Extent> {
        let mut all = Vec::new();
        self.unsettled(Extent::new(0, self.geometry.chunks()), u64::MAX, &mut all);
        all
    }

    /// The first chunk that no `settled` record names, if a revert is under way.
    pub(crate) fn first_unmarked(&self) -> Option<u64> {
        let all = Extent::new(0, self.geometry.chunks());
        Some(self.reverting.as_ref()?.settled.first_gap(all)?.first.0)
    }

    /// Appends the chunks of `extent` that no `settled` record names, if a revert is under way.
    pub(crate) fn unmarked(&self, extent: Extent, out: &mut Vec<Extent>) {
        if let Some(reverting) = &self.reverting {
            reverting.settled.gaps(extent, out);
        }
    }

    /// The chunks that `settled` records have named since the revert began.
    pub(crate) fn settled(&self) -> Vec<Extent> {
        self.reverting.iter().flat_map(|reverting| reverting.settled.iter()).collect()
    }

    /// How many runs these are.
    pub(crate) fn settled_runs(&self) -> usize {
        self.reverting.as_ref().map_or(0, |reverting| reverting.settled.len())
    }

    /// A revert has begun; said once more, it says nothing.
    pub(super) fn revert_to(&mut self, copy: CopyId) -> Result<(), Error> {
        match self.reverting() {
            Some(other) if other != copy => Err(DAMAGED),
            None if self.copy(copy).is_err() => Err(DAMAGED),
            Some(_) => Ok(()),
            None => {
                self.reverting = Some(Reverting { copy, settled: Extents::default() });
                Ok(())
            }
        }
    }

    /// The origin holds the volume's bytes of these chunks. Behind the end of a revert that says
    /// nothing new.
    pub(super) fn mark_settled(&mut self, extents: record::Extents<'_>) -> Result<(), Error> {
        let chunks = self.geometry.chunks();
        for extent in extents {
            let extent = extent?;
            if extent.end() > chunks {
                return Err(DAMAGED);
            }
            if let Some(reverting) = &mut self.reverting {
                reverting.settled.insert(extent);
            }
        }
        Ok(())
    }
}
