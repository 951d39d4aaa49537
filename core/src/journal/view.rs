//! What a journal says: the live copies, and which record answers for each of their chunks.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::copies::{Copies, CopyInfo};
use super::reverting::Reverting;
use crate::error::{Damage, Error};
use crate::extents::Extents;
use crate::format::record::{Body, Record, RunKind, Runs, is_sound};
use crate::geometry::Geometry;
use crate::table::{Amended, Bulk, Run, Table};
use crate::units::{ChunkIndex, Content, CopyId, Extent, Sequence, SlotIndex};

/// How far a node may trust records whose barrier it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// A passive: their slots may not be there yet. It uses them, and remembers which they are.
    Remember,
    /// Recovery: their slots may never come. It keeps them apart until it has looked.
    Apart,
    /// The active, which has seen the barrier itself.
    Full,
}

/// The state that a journal's records add up to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    pub(super) geometry: Geometry,
    trust: Trust,
    pub(super) copies: Copies,
    /// The number that the next copy gets. Invariant: above that of every copy ever seen.
    pub(super) next_copy: u32,
    pub(super) table: Table,
    /// What the makers of copies have changed in them. It counts for a copy when that is finished.
    pub(super) amended: Amended,
    /// Invariant: the copy is alive.
    pub(super) reverting: Option<Reverting>,
    recent: VecDeque<Recent>,
    /// While a journal is read from its start: what the table does not know yet, and the first
    /// record that may not be behind a barrier.
    loading: Option<(Bulk, Sequence)>,
    /// Working space, kept so that nothing is allocated per record.
    sums: Vec<u32>,
}

/// A run of a record that may not be behind a barrier yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recent {
    sequence: Sequence,
    /// What it says.
    pub kind: RunKind,
    /// The run.
    pub run: Run,
    /// Its checksums, one a chunk; none for zeros.
    pub sums: Vec<u32>,
}

impl View {
    /// A volume without shadow copies.
    #[must_use]
    pub fn new(geometry: Geometry, trust: Trust, next_copy: u32) -> Self {
        Self {
            geometry,
            trust,
            copies: Copies::default(),
            next_copy: next_copy.max(1),
            table: Table::new(),
            amended: Amended::default(),
            reverting: None,
            recent: VecDeque::new(),
            loading: None,
            sums: Vec::new(),
        }
    }

    /// A journal is read from its start, whose records before `stable` are behind a barrier. Until
    /// [`View::end_load`] nothing may be looked up.
    pub(super) fn begin_load(&mut self, stable: Sequence) {
        self.loading = Some((Bulk::default(), stable));
    }

    /// The journal was read to its end.
    pub(super) fn end_load(&mut self) {
        if let Some((bulk, _)) = self.loading.take() {
            bulk.finish(&mut self.table);
        }
    }

    /// The live copies, the oldest first.
    pub fn copies(&self) -> impl DoubleEndedIterator<Item = &CopyInfo> + ExactSizeIterator {
        self.copies.iter()
    }

    /// A live copy.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] when it was deleted, [`Error::NoSuchCopy`] when it was never taken.
    pub fn copy(&self, copy: CopyId) -> Result<&CopyInfo, Error> {
        match self.copies.find(copy) {
            Some(info) => Ok(info),
            None if copy.number() < self.next_copy => Err(Error::Gone { copy }),
            None => Err(Error::NoSuchCopy { copy }),
        }
    }

    /// The newest live copy: the one that overwritten chunks are preserved for.
    #[must_use]
    pub fn newest(&self) -> Option<CopyId> {
        self.copies.iter().next_back().map(|info| info.id)
    }

    /// The newest live copy that is not in the making: the newest one for whoever reads copies.
    #[must_use]
    pub fn newest_finished(&self) -> Option<&CopyInfo> {
        self.copies().rev().find(|info| !info.about.is_unfinished())
    }

    /// The newest live copy that is not above this number.
    #[must_use]
    pub fn newest_at_most(&self, copy: CopyId) -> Option<CopyId> {
        self.copies.newest_at_most(copy)
    }

    /// The chunks that may differ between two copies, or between one and the volume now. The order
    /// of the two does not matter.
    ///
    /// # Errors
    ///
    /// As [`View::copy`] for each of them.
    pub fn changes(&self, since: CopyId, until: Option<CopyId>) -> Result<Vec<Extent>, Error> {
        self.copy(since)?;
        let (mut since, mut until) = (since, until);
        if let Some(other) = until {
            self.copy(other)?;
            (since, until) = (since.min(other), Some(since.max(other)));
        }
        let mut changed = Vec::new();
        self.table.changed(since, until, &mut changed);
        let mut more = if until.is_none() { self.all_unsettled() } else { Vec::new() };
        for copy in [Some(since), until].into_iter().flatten() {
            self.amended.all_of(copy, &mut more);
        }
        if more.is_empty() {
            return Ok(changed);
        }
        let mut all = Extents::default();
        changed.into_iter().chain(more).for_each(|extent| all.insert(extent));
        Ok(all.iter().collect())
    }

    /// The number that the next copy gets.
    #[must_use]
    pub fn next_copy(&self) -> u32 {
        self.next_copy
    }

    /// What was preserved, and for which copies. [`View::lookup`] and [`View::resolve`] tell what a
    /// copy holds.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether the record that says that a chunk is in this slot may not be behind a barrier yet.
    /// Another record of the same chunk says nothing about that one.
    #[must_use]
    pub fn is_recent(&self, chunk: ChunkIndex, slot: SlotIndex) -> bool {
        self.recent.iter().any(|Recent { run, .. }| {
            let within = (run.chunks.first.0..run.chunks.end()).contains(&chunk.0);
            let nth = chunk.0.wrapping_sub(run.chunks.first.0);
            let is_there = |first: SlotIndex| u64::from(first.0) + nth == u64::from(slot.0);
            within && matches!(run.content, Content::Slot(first) if is_there(first))
        })
    }

    /// Takes the records apart that recovery has to look at.
    pub(crate) fn take_recent(&mut self) -> VecDeque<Recent> {
        core::mem::take(&mut self.recent)
    }

    /// Adds a run whose slots are known to be there.
    pub(crate) fn insert(&mut self, kind: RunKind, run: Run, sums: &[u32]) {
        match kind {
            RunKind::Preserved => match &mut self.loading {
                Some((bulk, _)) => bulk.insert(&mut self.table, run, sums),
                None => self.table.insert(run, sums),
            },
            RunKind::Amended => self.amended.insert(run, sums),
        }
    }

    /// Forgets these copies.
    pub(crate) fn forget(&mut self, copies: &[CopyId]) {
        copies.iter().for_each(|&copy| self.copies.remove(copy));
    }

    /// Forgets all copies.
    pub(crate) fn drop_copies(&mut self) {
        self.copies = Copies::default();
        self.table = Table::new();
        self.amended = Amended::default();
        self.reverting = None;
        self.recent.clear();
    }

    /// From now on records come from this node itself.
    pub(crate) fn trust_fully(&mut self) {
        debug_assert!(self.recent.is_empty(), "recovery has looked at every recent record");
        self.trust = Trust::Full;
    }

    /// Adds what a record says.
    ///
    /// A compacted journal may repeat what it said before, so a record can be applied twice.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when it cannot be.
    pub fn apply(&mut self, sequence: Sequence, record: &Record<'_>) -> Result<(), Error> {
        self.settle(record.stable);
        match record.body {
            Body::Created { copy, about } => {
                self.next_copy = self.next_copy.max(copy.number() + 1);
                self.copies.insert(CopyInfo { id: copy, about: about.to_owned() });
            }
            // It may have been deleted meanwhile.
            Body::Described { copy, about } => {
                if let Some(info) = self.copies.find_mut(copy) {
                    info.about = about.to_owned();
                }
            }
            Body::Deleted { copies, .. } => {
                for copy in copies {
                    let copy = copy?;
                    if self.reverting() == Some(copy) {
                        return Err(Error::Corrupt { what: Damage::Record, at: 0 });
                    }
                    self.copies.remove(copy);
                }
            }
            Body::Preserved(runs) => self.apply_runs(sequence, RunKind::Preserved, runs)?,
            Body::Amended(runs) => self.apply_runs(sequence, RunKind::Amended, runs)?,
            Body::Link(_) => {}
            Body::Reverting(copy) => self.revert_to(copy)?,
            Body::Settled(extents) => self.mark_settled(extents)?,
            Body::Reverted => self.reverting = None,
        }
        Ok(())
    }

    fn apply_runs(
        &mut self,
        sequence: Sequence,
        kind: RunKind,
        runs: Runs<'_>,
    ) -> Result<(), Error> {
        for run in runs {
            let (run, sums) = run?;
            // Nothing is said for a copy that was never taken: the next one that is would inherit
            // it.
            let is_known = run.copy.number() < self.next_copy;
            if !is_known || !is_sound(&run, self.geometry.chunks()) {
                return Err(Error::Corrupt { what: Damage::Record, at: 0 });
            }
            let mut own = core::mem::take(&mut self.sums);
            own.clear();
            own.extend(sums);
            self.add(sequence, kind, run, &own);
            self.sums = own;
        }
        Ok(())
    }

    fn add(&mut self, sequence: Sequence, kind: RunKind, run: Run, sums: &[u32]) {
        if self.loading.as_ref().is_some_and(|(_, stable)| sequence < *stable) {
            return self.insert(kind, run, sums);
        }
        match (self.trust, kind) {
            // The node has claimed these chunks because no record answers for them.
            (Trust::Full, RunKind::Preserved) => return self.table.insert_absent(run, sums),
            (Trust::Full, RunKind::Amended) => return self.amended.insert(run, sums),
            (Trust::Remember, _) => self.insert(kind, run, sums),
            (Trust::Apart, _) => {}
        }
        self.recent.push_back(Recent { sequence, kind, run, sums: sums.to_vec() });
    }

    /// All records before `stable` are behind a barrier.
    pub(crate) fn settle(&mut self, stable: Sequence) {
        while self.recent.front().is_some_and(|recent| recent.sequence < stable) {
            if let Some(recent) = self.recent.pop_front()
                && self.trust == Trust::Apart
            {
                self.insert(recent.kind, recent.run, &recent.sums);
            }
        }
    }
}
