//! A passive node: it reads shadow copies straight from the media, while the active goes on.
//!
//! ```text
//! R1 look up    slots known from the journal so far
//! R2 read       the rest from the origin
//! R3 confirm    catch up with the journal's tail; chunks preserved meanwhile are taken from
//!               their slots
//! R4 read       slots; catch up again; copy k still alive?
//!               yes: the bytes are right.  no: Gone
//! ```
//!
//! Read first, then catch up; what the journal does not contradict is true. If a [`Read`] returned
//! bytes, they are the copy's, whatever the active did meanwhile.
//!
//! [`Passive`] is what the node's machines share. It is made from a journal that
//! [`Load`](crate::journal::Load) has read; then any number of [`Read`], [`Zeros`] and [`CatchUp`]
//! machines may be under way at once. None of them asks for a write (invariant 7).

mod catch_up;
mod read;
mod zeros;

pub use catch_up::{CatchUp, Outcome};
pub use read::Read;
pub use zeros::Zeros;

use crate::error::Error;
use crate::format::superblock::Superblock;
use crate::geometry::Geometry;
use crate::journal::{Loaded, Tail, Trust, View};
use crate::machine::Shared;
use crate::rules::{Rule, Rules};
use crate::units::CopyId;

/// The trust with which a passive loads a journal.
pub const TRUST: Trust = Trust::Remember;

/// What the machines of a passive node share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Passive {
    superblock: Superblock,
    tail: Tail,
    view: View,
    /// Raised by every record and every new generation.
    version: u64,
    /// A [`CatchUp`] is loading a new generation.
    reloading: bool,
    /// No read of the diff area is ever older than a write that was acknowledged.
    never_stale: bool,
    counters: Counters,
    rules: Rules,
}

/// What the node has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Reads that ended well.
    pub reads: u64,
    /// Reads of the journal's tail.
    pub tail_reads: u64,
    /// Journal records that were followed.
    pub records: u64,
    /// Chunks that were read from the origin, found preserved meanwhile, and read from their slots.
    pub redirected_chunks: u64,
    /// Reads that had at least one such chunk.
    pub redirected_reads: u64,
    /// Reads that began again because the journal had moved to a new generation, or the copy was
    /// finished.
    pub restarts: u64,
    /// Journals loaded from their start after the first.
    pub reloads: u64,
}

impl Shared for Passive {}

impl Passive {
    /// A node that has read the journal to this point.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        Self {
            superblock: loaded.superblock,
            tail: loaded.tail,
            view: loaded.view,
            version: 0,
            reloading: false,
            never_stale: false,
            counters: Counters::default(),
            rules: Rules::default(),
        }
    }

    /// The node, reading a diff area that is never stale, or may be; see
    /// [`ReadAt::is_never_stale`](crate::backend::ReadAt::is_never_stale).
    #[must_use]
    pub fn with_never_stale(self, never_stale: bool) -> Self {
        Self { never_stale, ..self }
    }

    /// The node with these rules.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// The volume's sizes.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.superblock.geometry
    }

    /// The superblock as it was when the journal was loaded last.
    #[must_use]
    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// What the journal says, as far as this node has caught up.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Records of the journal in force that the node has followed.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.tail.next().0
    }

    /// Slots of the journal, as far as the node has followed it.
    #[must_use]
    pub fn journal_slots(&self) -> u32 {
        self.tail.slots()
    }

    /// What the node has done.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Forgets what it has counted, so that two nodes that will do the same are the same.
    #[cfg(feature = "sim")]
    pub(crate) fn forget_the_past(&mut self) {
        self.counters = Counters::default();
    }

    /// Whether the copy is alive and the one that was meant: the one that was taken at this time.
    fn check_alive(&self, copy: CopyId, time: i64) -> Result<(), Error> {
        let info = self.view.copy(copy)?;
        if info.about.time == time { Ok(()) } else { Err(Error::Gone { copy }) }
    }

    /// Goes on with a journal of another generation.
    fn install(&mut self, loaded: Loaded) {
        if self.rules.keeps(Rule::FollowLoaded) {
            self.superblock = loaded.superblock;
        }
        self.tail = loaded.tail;
        self.view = loaded.view;
        self.version += 1;
        self.counters.reloads += 1;
    }
}
