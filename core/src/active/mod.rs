//! The active node: it reads and writes the volume, takes and deletes shadow copies.
//!
//! ```text
//! W1 look up    chunks the newest copy still lacks
//! W2 preserve   read their old bytes, write to slots
//! W3 commit     append records, barrier
//! W4 overwrite  the origin
//! ```
//!
//! [`Active`] is what the node's machines share. A node becomes the active one by [`TakeRole`];
//! then any number of [`Write`], [`Flush`], [`Create`], [`Amend`], [`Describe`], [`Delete`], [`Commit`],
//! [`MakeRoom`], [`Grow`] and [`Compact`] machines may be under way at once; [`Seal`] ends the role. Reading the volume needs no
//! machine, since the origin's bytes are the volume's bytes, but while a revert is under way: [`Revert`]
//! begins it, [`Settle`] brings the copy's bytes to the origin, and [`Read`] finds them meanwhile.

mod amend;
#[cfg(feature = "sim")]
mod audit;
mod commit;
mod compact;
mod create;
mod delete;
mod describe;
mod flights;
mod flush;
mod format;
mod gate;
mod grow;
mod known;
mod read;
mod revert;
mod role;
mod room;
mod seal;
mod settle;
mod watch;
mod write;

use alloc::vec::Vec;

pub use amend::Amend;
pub use commit::{Commit, Committed};
pub use compact::Compact;
pub use create::Create;
pub use delete::Delete;
pub use describe::Describe;
pub use flush::Flush;
pub use format::{Format, Options};
pub use gate::Gate;
pub use grow::Grow;
pub use read::Read;
pub use revert::Revert;
pub use role::{Role, TakeRole};
pub use room::MakeRoom;
pub use seal::Seal;
pub use settle::{Settle, Settled};
pub use write::Write;

use crate::aside::Aside;
use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::record::RunKind;
use crate::format::superblock::{OnFull, Place, Superblock};
use crate::geometry::Geometry;
use crate::journal::{Appender, Rewriter, RunList, Seen, Sweep, View};
use crate::machine::Shared;
use crate::rules::{Rule, Rules};
use crate::slots::Slots;
use crate::units::{ChunkIndex, CopyId, Epoch, SlotIndex};
use flights::Flights;
use gate::Gates;
use known::Known;

/// What the machines of the active node share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Active {
    superblock: Superblock,
    place: Place,
    view: View,
    known: Aside<Known>,
    seen: Aside<Seen>,
    /// The copy of the last `reverting` record, which may not be behind a barrier yet, until that of
    /// the revert's end is.
    reverting_to: Option<CopyId>,
    slots: Slots,
    journal: Appender,
    /// The journal's next generation, while it is being written.
    rewriter: Option<Rewriter>,
    /// It lacks a record, for want of room. Its machine may be writing into its segments at this
    /// moment, so only that machine may give them back.
    rewriter_failed: bool,
    /// The number of the generation that was begun last. Invariant 8: a generation that came to
    /// nothing keeps its number, because its records may still be on the medium.
    begun: u64,
    flights: Flights,
    gates: Gates,
    /// A machine is amending or finishing an unfinished copy. One at a time: what is appended behind
    /// the end of it would change what readers have seen.
    editing: bool,
    /// Records appended, and how many of them are behind a barrier; both only grow.
    appended: Ticket,
    committed: Ticket,
    /// A [`Commit`] is between taking its batch and its barrier.
    committing: bool,
    /// A [`Compact`] wants the journal to itself: no commit begins.
    gate: bool,
    making_room: bool,
    /// The role is being given up: writes are held for good.
    closing: bool,
    /// The last superblock is being written: no commit begins.
    sealing: bool,
    /// The medium refused to grow when it was last asked to; the next writer that finds the
    /// diff area full asks again.
    cannot_grow: bool,
    /// Where the search for slots that no copy needs goes on, if there may be any.
    sweep: Option<Sweep>,
    low: bool,
    ended: Option<Error>,
    events: Vec<Event>,
    counters: Counters,
    rules: Rules,
}

/// A point in the sequence of appended records, across generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ticket(u64);

/// Something that the node's user should hear of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// Less than a tenth of the diff area's limit is free.
    LowSpace {
        /// Bytes free for old bytes.
        free: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The diff area was full, and these copies were deleted to let a write go on.
    Dropped {
        /// The copies, the oldest first.
        copies: Vec<CopyId>,
    },
}

/// What the node has done since it took the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Overwrites and discards that came to the origin.
    pub writes: u64,
    /// Bytes of the overwrites.
    pub written_bytes: u64,
    /// Chunks whose old bytes were preserved.
    pub preserved_chunks: u64,
    /// Of these, chunks of zeros, which take no slot.
    pub zero_chunks: u64,
    /// Journal barriers; one serves all writes that wait for it.
    pub commits: u64,
    /// Bytes of journal records.
    pub journal_bytes: u64,
    /// Journal generations written.
    pub compactions: u64,
}

/// How the diff area's space is used, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Space {
    /// Old bytes and the journal.
    pub used: u64,
    /// What old bytes can still take, growth included; the room kept for the journal is not in it.
    pub free: u64,
    /// What the diff area may grow to: its cap, or what its medium can hold as far as is known.
    pub limit: u64,
    /// What the diff area's medium holds now.
    pub capacity: u64,
    /// The journal's segments.
    pub journal: u64,
}

impl Space {
    /// Whether less than a tenth is left.
    #[must_use]
    pub const fn is_low(&self) -> bool {
        self.free < self.limit / 10
    }
}

impl Shared for Active {
    fn is_committing(&self) -> bool {
        self.committing
    }
}

impl Active {
    /// The volume's sizes.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.superblock.geometry
    }

    /// The superblock in force.
    #[must_use]
    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// The live copies, and what was preserved and amended for them.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// This holder's epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.superblock.epoch
    }

    /// The copy that the volume is being reverted to. From then on it *is* that copy, whatever the
    /// origin holds.
    #[must_use]
    pub fn reverting(&self) -> Option<CopyId> {
        self.view.reverting()
    }

    /// No copy can be taken, and no other revert begun, of a volume whose bytes are in two places.
    fn check_not_reverting(&self) -> Result<(), Error> {
        self.reverting().map_or(Ok(()), |copy| Err(Error::Reverting { copy }))
    }

    /// Whether the copy must stay because the volume is being reverted to it.
    fn is_reverting_to(&self, copy: CopyId) -> bool {
        self.reverting_to == Some(copy) && self.rules.keeps(Rule::KeepRevertedTo)
    }

    /// Whether a chunk has a record for the newest copy (W1).
    fn is_preserved(&mut self, newest: CopyId, chunk: ChunkIndex) -> bool {
        if self.known.0.holds(newest, chunk) {
            return true;
        }
        let preserved = self.view.table().holds(newest, chunk);
        if preserved {
            self.known.0.note(newest, chunk);
        }
        preserved
    }

    /// What the node has done.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes the events since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    /// Whether there are events to take.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The error that ended the role, if it has ended.
    #[must_use]
    pub fn ended(&self) -> Option<&Error> {
        self.ended.as_ref()
    }

    /// Ends the role, as a failed journal write does: nothing more is written.
    pub fn end(&mut self, error: Error) {
        self.ended.get_or_insert(error);
    }

    /// Records in the journal in force.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.journal.records()
    }

    /// How the diff area's space is used.
    #[must_use]
    pub fn space(&self) -> Space {
        let geometry = self.geometry();
        let limit = if self.cannot_grow {
            geometry.slot_bytes(self.slots.capacity())
        } else {
            self.superblock.limit
        };
        let capacity = geometry.slot_bytes(self.slots.capacity());
        let growth = limit.saturating_sub(capacity);
        let free = geometry.slot_bytes(self.slots.free().saturating_sub(self.kept_slots()));
        Space {
            used: geometry.slot_bytes(self.slots.used()),
            free: free.saturating_add(growth),
            limit,
            capacity,
            journal: geometry.slot_bytes(self.journal.slots()),
        }
    }

    /// Whether the journal is worth writing anew: it has grown to twice what it has to say.
    #[must_use]
    pub fn wants_compaction(&self) -> bool {
        let (chunks, copies) = (self.view.chunks(), self.view.copies().len() as u64);
        let journal = self.geometry().slot_bytes(self.journal.slots());
        !self.is_compacting()
            && self.ended.is_none()
            && journal > self.geometry().most_journal_bytes(chunks, copies)
    }

    /// Whether there may be slots that no copy needs any more.
    #[must_use]
    pub fn wants_sweep(&self) -> bool {
        self.sweep.is_some() && self.ended.is_none()
    }

    /// Frees slots that no copy needs any more, looking at about `entries` entries of the table;
    /// the next call goes on from there.
    ///
    /// Invariant 4: only a visible `deleted` record takes a copy out of the view, so a slot that
    /// no copy of the view needs is needed by no passive either.
    pub fn sweep(&mut self, entries: usize) {
        let Some(sweep) = &mut self.sweep else { return };
        let slots = &mut self.slots;
        let mut freed = |first, count| slots.release(first, count);
        let complete = self.view.sweep(sweep, entries, &mut freed);
        if complete {
            self.sweep = None;
        }
        self.watch_space();
    }

    /// Gives back slots that were taken, and that no record came to name.
    fn give_back(&mut self, first: SlotIndex, count: u32) {
        if self.rules.keeps(Rule::GiveBackUnused) {
            self.slots.release(first, count);
        }
    }

    /// Slots that must stay free, so that the journal's next generation always has room: the
    /// volume can be opened and copies deleted however full the diff area is.
    fn kept_slots(&self) -> u32 {
        self.geometry().slots_for_next_journal(self.journal.slots())
    }

    /// Appends a record, to the journal's next generation too if that is in the making.
    fn append(
        &mut self,
        checksum: Checksum,
        emit: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> Result<Ticket, Error> {
        let start = self.journal.pending_bytes();
        self.journal.append(&mut self.slots, checksum, emit)?;
        self.repeat(start, checksum);
        Ok(self.issue())
    }

    /// Appends records with these runs. Says how many runs they hold, and why not all of them.
    fn append_runs(
        &mut self,
        checksum: Checksum,
        kind: RunKind,
        runs: &RunList,
    ) -> (usize, Result<Ticket, Error>) {
        let start = self.journal.pending_bytes();
        let (done, appended) = self.journal.append_runs(&mut self.slots, checksum, kind, runs);
        self.repeat(start, checksum);
        (done, appended.map(|()| self.issue()))
    }

    fn repeat(&mut self, start: usize, checksum: Checksum) {
        let Some(rewriter) = &mut self.rewriter else { return };
        if self.rewriter_failed {
            return;
        }
        let records = self.journal.pending_from(start);
        if let Err(error) = rewriter.repeat(records, &mut self.slots, checksum) {
            // A superblock may name the new journal already: it must not lack a record.
            if rewriter.appender().is_named() {
                self.end(error);
            }
            self.rewriter_failed = true;
        }
    }

    fn issue(&mut self) -> Ticket {
        self.appended.0 += 1;
        self.appended
    }

    /// Gives back the segments of a journal that no superblock names.
    fn abandon_rewriter(&mut self) {
        self.rewriter_failed = false;
        if let Some(rewriter) = self.rewriter.take() {
            self.release_journal(rewriter.appender());
        }
    }

    fn release_journal(&mut self, journal: &Appender) {
        if !self.rules.keeps(Rule::FreeOldJournal) {
            return;
        }
        for segment in journal.segments().iter().chain(journal.spare().as_ref()) {
            self.slots.release(segment.first, segment.slots);
        }
    }

    /// Reports once when space gets low, and again only after there was enough in between.
    fn watch_space(&mut self) {
        let space = self.space();
        if space.is_low() {
            self.warn_of_low_space();
        } else if space.free > space.limit / 5 {
            self.low = false;
        }
    }

    fn warn_of_low_space(&mut self) {
        if !self.low {
            self.low = true;
            let Space { free, limit, .. } = self.space();
            self.events.push(Event::LowSpace { free, limit });
        }
    }

    /// The superblock that is written next, with its place.
    fn next_superblock(&self) -> (Superblock, Place) {
        let serial = self.superblock.serial + 1;
        let in_turn = self.rules.keeps(Rule::TwoPlacesInTurn);
        let place = if in_turn { self.place.other() } else { self.place };
        (Superblock { serial, ..self.superblock.clone() }, place)
    }

    /// Why nothing more is done, once the role has ended.
    fn refusal(&self) -> Option<Error> {
        self.ended.as_ref().map(|ended| match ended {
            Error::Fenced { .. } => *ended,
            _ => Error::RoleEnded,
        })
    }

    fn full(&self, needed: u64) -> Error {
        let Space { free, limit, .. } = self.space();
        Error::DiffAreaFull { needed, free, limit }
    }

    fn drops_oldest(&self) -> bool {
        self.superblock.on_full == OnFull::DropOldest
    }
}
