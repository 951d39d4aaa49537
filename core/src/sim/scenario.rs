//! What happens in a world: its sizes, what each node is asked to do, and what may go wrong.

use alloc::vec::Vec;
use core::ops::Range;

use super::content::Value;
use crate::format::superblock::OnFull;
use crate::rules::Rules;

/// One request to a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Overwrite units of the volume.
    Write {
        /// Which ones.
        units: Range<usize>,
        /// What they become.
        value: Value,
    },
    /// Discard units of the volume.
    Discard {
        /// Which ones.
        units: Range<usize>,
    },
    /// Take a shadow copy.
    Create,
    /// Take a shadow copy that is unfinished.
    Make,
    /// Amend units of the unfinished shadow copy of this number.
    Amend {
        /// The copy.
        copy: u32,
        /// Which units: whole chunks.
        units: Range<usize>,
        /// What they become.
        value: Value,
    },
    /// Call the shadow copy of this number finished.
    Finish(u32),
    /// Delete the shadow copy of this number.
    Delete(u32),
    /// Begin to revert the volume to the shadow copy of this number.
    Revert(u32),
    /// Settle what is unsettled, or end the revert if nothing is.
    Settle,
    /// Read units of the volume.
    Look {
        /// Which units.
        units: Range<usize>,
    },
    /// Write the journal anew.
    Compact,
    /// Flush the volume.
    Flush,
    /// Become the active node.
    TakeRole,
    /// Give up the role.
    Close,
    /// Catch up with the journal.
    CatchUp,
    /// Read units of the shadow copy of this number, with what the node knows; a node that does not
    /// know the copy catches up first.
    Read {
        /// The copy.
        copy: u32,
        /// Which units.
        units: Range<usize>,
    },
}

/// What one thread of a node is asked to do, one after the other.
pub type Program = Vec<Order>;

/// What may go wrong, and how often at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mishaps {
    /// Power cuts: the active nodes die, and of what is not behind a barrier any subset is lost.
    pub cuts: u8,
    /// Deaths of an active node alone.
    pub kills: u8,
    /// Failures of a group of operations, each at any moment.
    pub failures: u8,
}

/// A world to explore.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A short name.
    pub name: &'static str,
    /// What it is about, in a sentence.
    pub story: &'static str,
    /// Units of the volume; two are a chunk.
    pub units: usize,
    /// Slots of the diff area, those of the superblocks and the journal included.
    pub slots: usize,
    /// Slots of a journal segment.
    pub segment: u32,
    /// What happens when they are used up.
    pub on_full: OnFull,
    /// Whether the volume promises to survive no more than the death of a process.
    pub coherent: bool,
    /// Done before anything else moves, by the first active node.
    pub before: Program,
    /// The threads of each active node; the first one has the role when the world begins.
    pub actives: Vec<Vec<Program>>,
    /// The threads of each passive node; each has loaded the journal when the world begins.
    pub passives: Vec<Vec<Program>>,
    /// What an active node is asked to do after its death.
    pub recovery: Program,
    /// What may go wrong.
    pub mishaps: Mishaps,
    /// Whether the storage refuses the writes of an active node from the moment on at which another
    /// one begins to take the role, as a reservation does. If not, a node that was fenced writes on
    /// until it looks, so no promise is made of bytes; but what it acknowledges is true.
    pub reservation: bool,
    /// What the nodes keep to.
    pub rules: Rules,
}

impl Scenario {
    /// A volume of two chunks, and nobody who does anything yet.
    #[must_use]
    pub fn new(name: &'static str, story: &'static str) -> Self {
        Self {
            name,
            story,
            units: 4,
            slots: 16,
            segment: 1,
            on_full: OnFull::FailWrite,
            coherent: false,
            before: Vec::new(),
            actives: Vec::new(),
            passives: Vec::new(),
            recovery: alloc::vec![Order::TakeRole],
            mishaps: Mishaps::default(),
            reservation: true,
            rules: Rules::default(),
        }
    }

    /// What must be done before the world begins.
    #[must_use]
    pub fn before(mut self, orders: &[Order]) -> Self {
        self.before = orders.to_vec();
        self
    }

    /// What must be done after that, before the world begins.
    #[must_use]
    pub fn and_before(mut self, orders: impl IntoIterator<Item = Order>) -> Self {
        self.before.extend(orders);
        self
    }

    /// One more active node, with these threads.
    #[must_use]
    pub fn active(mut self, threads: &[&[Order]]) -> Self {
        self.actives.push(threads.iter().map(|orders| orders.to_vec()).collect());
        self
    }

    /// One more passive node, with these threads.
    #[must_use]
    pub fn passive(mut self, threads: &[&[Order]]) -> Self {
        self.passives.push(threads.iter().map(|orders| orders.to_vec()).collect());
        self
    }

    /// What an active node is asked to do after its death; it takes the role first.
    #[must_use]
    pub fn recovery(mut self, orders: &[Order]) -> Self {
        self.recovery.extend_from_slice(orders);
        self
    }

    /// What may go wrong.
    #[must_use]
    pub fn mishaps(mut self, mishaps: Mishaps) -> Self {
        self.mishaps = mishaps;
        self
    }

    /// How many shadow copies are taken, if nothing goes wrong.
    #[must_use]
    pub fn copies(&self) -> usize {
        let takes = |order: &&Order| matches!(order, Order::Create | Order::Make);
        let creates = |orders: &Program| orders.iter().filter(takes).count();
        self.actives.iter().flatten().chain([&self.before]).map(creates).sum()
    }

    /// Whether the volume is ever reverted.
    #[must_use]
    pub fn reverts(&self) -> bool {
        let reverts =
            |orders: &Program| orders.iter().any(|order| matches!(order, Order::Revert(_)));
        self.actives.iter().flatten().chain([&self.before, &self.recovery]).any(reverts)
    }

    /// How many chunks the volume has.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.units.div_ceil(2)
    }
}
