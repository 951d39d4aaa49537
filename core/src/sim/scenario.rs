//! What happens in a world: its sizes, what each node is asked to do, and what may go wrong.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use super::content::Value;
use crate::format::superblock::OnFull;
use crate::rules::Rules;

/// One request to a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// Preserve units, and change none yet, as is done ahead of a large discard.
    Ahead {
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
    /// Find out, without reading them, which units of the shadow copy of this number are zeros, from
    /// the first one on; a node that does not know the copy catches up first.
    Zeros {
        /// The copy.
        copy: u32,
        /// Which units.
        units: Range<usize>,
    },
}

impl Order {
    /// The units that it is about.
    #[must_use]
    pub fn units(&self) -> Option<&Range<usize>> {
        match self {
            Self::Write { units, .. }
            | Self::Amend { units, .. }
            | Self::Discard { units }
            | Self::Ahead { units }
            | Self::Look { units }
            | Self::Read { units, .. }
            | Self::Zeros { units, .. } => Some(units),
            _ => None,
        }
    }

    /// Whether it brings bytes, or says what they are.
    pub(super) const fn is_read(&self) -> bool {
        matches!(self, Self::Look { .. } | Self::Read { .. } | Self::Zeros { .. })
    }

    /// The number of the copy whose bytes it asks for.
    pub(super) const fn copy_asked(&self) -> Option<u32> {
        match self {
            Self::Read { copy, .. } | Self::Zeros { copy, .. } => Some(*copy),
            _ => None,
        }
    }

    /// Whether it is passive nodes that can do it.
    #[must_use]
    pub const fn is_for_passives(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Zeros { .. } | Self::CatchUp)
    }
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

/// What makes no sense in a scenario, or in an order, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Nonsense(pub(super) String);

/// What a scenario made by hand may have at most.
const MOST_UNITS: usize = 32_768;
const MOST_SLOTS: u64 = 65_536;
const MOST_NODES: usize = 16;
/// Units of one order: each lands by itself, and so does each unit preserved for it.
const MOST_AT_ONCE: usize = 16;

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
    /// Slots by which it may grow.
    pub may_grow: usize,
    /// Slots by which its medium can grow.
    pub can_grow: usize,
    /// Slots of a journal segment.
    pub segment: u32,
    /// What happens when they are used up.
    pub on_full: OnFull,
    /// Whether there is room for all that is asked, be it found by a sweep, by growth or in the journal:
    /// no copy goes for want of it, and nothing is refused.
    pub ample: bool,
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
    /// Whether the passives read a diff area that is never stale, so that they look at less of it.
    pub never_stale: bool,
    /// Whether a fresh passive reads everything whenever no active does anything, and more is checked
    /// then. That takes as long as the volume is large.
    pub audit: bool,
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
            may_grow: 0,
            can_grow: 0,
            segment: 1,
            on_full: OnFull::FailWrite,
            ample: false,
            coherent: false,
            before: Vec::new(),
            actives: Vec::new(),
            passives: Vec::new(),
            recovery: alloc::vec![Order::TakeRole],
            mishaps: Mishaps::default(),
            reservation: true,
            never_stale: false,
            audit: true,
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

    /// Whether it can be played: whoever has made it by hand need not know the engine's limits.
    ///
    /// # Errors
    ///
    /// What makes no sense.
    pub fn check(&self) -> Result<(), Nonsense> {
        let threads = self.actives.iter().chain(&self.passives);
        let orders = threads.clone().flatten().flatten().chain(&self.before).chain(&self.recovery);
        if !(1..=MOST_UNITS).contains(&self.units) {
            return Err(Nonsense(format!("{} units: use 1 to {MOST_UNITS}", self.units)));
        }
        let least = (u64::from(self.segment) * 4).saturating_add(2);
        if self.segment == 0 || !(least..=MOST_SLOTS).contains(&(self.slots as u64)) {
            return Err(Nonsense(format!(
                "{} slots, with segments of {}: use {least} to {MOST_SLOTS}, and segments of 1 or more",
                self.slots, self.segment
            )));
        }
        let nodes = self.actives.len() + self.passives.len();
        threads.clone().try_for_each(|threads| self.check_nodes(nodes, threads.len()))?;
        let by_passives = self.passives.iter().flatten().flatten();
        if let Some(order) = by_passives.clone().find(|order| !order.is_for_passives()) {
            return Err(Nonsense(format!("a passive cannot be asked to {order}")));
        }
        let by_actives = self.actives.iter().flatten().flatten().chain(&self.before);
        if let Some(order) = by_actives.chain(&self.recovery).find(|order| order.is_for_passives())
        {
            return Err(Nonsense(format!("an active cannot be asked to {order}")));
        }
        orders.into_iter().try_for_each(|order| self.check_units(order))
    }

    /// Whether there may be so many nodes, and so many threads of one.
    pub(super) fn check_nodes(&self, nodes: usize, threads: usize) -> Result<(), Nonsense> {
        if nodes > MOST_NODES || !(1..=MOST_NODES).contains(&threads) {
            return Err(Nonsense(format!(
                "{nodes} nodes, one with {threads} threads: use 1 to {MOST_NODES} of each"
            )));
        }
        Ok(())
    }

    /// Whether an order is about units that there are, and about few enough to follow.
    pub(super) fn check_units(&self, order: &Order) -> Result<(), Nonsense> {
        let Some(units) = order.units() else { return Ok(()) };
        if units.is_empty() || units.end > self.units || units.len() > MOST_AT_ONCE {
            return Err(Nonsense(format!(
                "cannot {order}: name 1 to {MOST_AT_ONCE} of the {} units",
                self.units
            )));
        }
        Ok(())
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
