//! What a passive node knows about its volume and the room in the diff area.

use shadowvol::active::Space;
use shadowvol::format::superblock::OnFull;
use shadowvol::machine::Medium;
use shadowvol::table::{Cursor, Run};
use shadowvol::{ChunkIndex, Content, CopyId};

use super::{Passive, State};
use crate::error::Error;
use crate::file::Durability;
use crate::volume::durability;

/// Entries of the table that are looked at with the lock held.
const SLICE_ENTRIES: usize = 256;

impl Passive {
    /// What flushed writes and shadow copies survive.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.look(|state| durability(state.superblock()))
    }

    /// What a write of the active node does when the diff area is full.
    #[must_use]
    pub fn on_full(&self) -> OnFull {
        self.look(|state| state.superblock().on_full)
    }

    /// The shadow copy that the volume is being reverted to, as the journal has it now: until that
    /// has ended, the origin alone is not the volume.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the node is closed.
    pub fn reverting(&self) -> Result<Option<CopyId>, Error> {
        self.inner.catch_up()?;
        Ok(self.look(|state| state.view().reverting()))
    }

    /// The room in the diff area, as the journal has it now. Looks at the whole table.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the node is closed.
    pub fn space(&self) -> Result<Space, Error> {
        self.inner.catch_up()?;
        let (mut cursor, mut slots) = (Cursor::default(), 0);
        while !self.look(|state| {
            state.view().table().runs_from(&mut cursor, SLICE_ENTRIES, |run, _| {
                slots += needed_slots(state, run);
            })
        }) {}
        cursor = Cursor::default();
        while !self.look(|state| {
            state.view().amended().runs_from(&mut cursor, SLICE_ENTRIES, |run, _| {
                let is_needed = state.view().copy(run.copy).is_ok();
                let takes = matches!(run.content, Content::Slot(_)) && is_needed;
                slots += if takes { run.chunks.count as u32 } else { 0 };
            })
        }) {}
        let diff = &self.inner.media.diff;
        let capacity = diff.source_size().map_err(Error::reading(Medium::DiffArea))?;
        Ok(self.look(|state| {
            let (geometry, limit) = (state.geometry(), state.superblock().limit);
            let journal = geometry.slot_bytes(state.journal_slots());
            let used = geometry.slot_bytes(slots) + journal;
            let kept = geometry.slots_for_next_journal(state.journal_slots());
            let taken = used + geometry.slot_bytes(kept.saturating_add(geometry.header_slots()));
            Space { used, free: limit.saturating_sub(taken), limit, capacity, journal }
        }))
    }
}

/// The slots of a run that a live copy needs. The others are free, or free to be swept.
fn needed_slots(state: &State, run: Run) -> u32 {
    let (Content::Slot(_), Some(live)) = (run.content, state.view().newest_at_most(run.copy))
    else {
        return 0;
    };
    let needed = |&offset: &u64| {
        let chunk = ChunkIndex(run.chunks.first.0 + offset);
        let found = state.view().table().lookup(live, chunk);
        found.is_some_and(|found| found.copy == run.copy)
    };
    (0..run.chunks.count).filter(needed).count() as u32
}
