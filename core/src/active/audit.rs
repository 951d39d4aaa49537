//! For simulators: whether the node's books are right, and what of it makes no difference.

use alloc::collections::BTreeSet;

use super::{Active, Counters};
use crate::aside::Aside;
use crate::rules::Rules;
use crate::slots::Slots;
use crate::table::Found;
use crate::units::{ChunkIndex, Content, SlotIndex};

impl Active {
    /// Whether the slots in use are just those that the journal lies in and that a live copy needs,
    /// and none is promised to anybody.
    ///
    /// To be asked when nothing is under way; slots that only wait to be swept are swept first. What
    /// is needed is found out chunk by chunk: who asked the sweep's own judgement, or what the table
    /// still names, would not see what is never swept.
    pub(crate) fn has_sound_slots(&mut self) -> bool {
        while self.wants_sweep() {
            self.sweep(usize::MAX);
        }
        let mut slots = Slots::new(self.geometry().header_slots(), self.slots.capacity());
        let mut sound = true;
        for segment in self.journal.segments().iter().chain(self.journal.spare().as_ref()) {
            sound &= slots.mark(segment.first, segment.slots);
        }
        for slot in self.needed_slots() {
            sound &= slots.mark(slot, 1);
        }
        let same = |slot| slots.is_used(SlotIndex(slot)) == self.slots.is_used(SlotIndex(slot));
        sound && slots.free() == self.slots.free() && (0..slots.capacity()).all(same)
    }

    /// The slots that answer for a chunk of a live copy, or will when it is finished.
    fn needed_slots(&self) -> BTreeSet<SlotIndex> {
        let (table, amended) = (self.view.table(), self.view.amended());
        let chunks = || (0..self.geometry().chunks()).map(ChunkIndex);
        let places = self.view.copies().flat_map(|info| chunks().map(|chunk| (info.id, chunk)));
        let found = places.flat_map(|(copy, chunk)| {
            [table.lookup(copy, chunk), amended.lookup(copy, chunk)].into_iter().flatten()
        });
        let slot = |found: Found| match found.content {
            Content::Slot(slot) => Some(slot),
            Content::Zeros => None,
        };
        found.filter_map(slot).collect()
    }

    /// Whether a slot is in use, or will be.
    pub(crate) fn uses(&self, slot: SlotIndex) -> bool {
        self.slots.is_used(slot)
    }

    /// The node with these rules.
    pub(crate) fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Forgets what it has counted and what it knows twice, so that two nodes that will do the same
    /// are the same.
    pub(crate) fn forget_the_past(&mut self) {
        self.counters = Counters::default();
        self.known = Aside::default();
    }
}
