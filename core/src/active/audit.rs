//! For simulators: whether the node's books are right, and what of it makes no difference.

use super::known::Known;
use super::{Active, Counters};
use crate::rules::Rules;
use crate::slots::Slots;
use crate::units::SlotIndex;

impl Active {
    /// Whether the slots in use are just those that the journal and the table have a use for.
    ///
    /// To be asked when nothing is under way; slots that only wait to be swept are swept first.
    pub(crate) fn has_sound_slots(&mut self) -> bool {
        while self.wants_sweep() {
            self.sweep(usize::MAX);
        }
        let mut slots = Slots::new(self.geometry().header_slots(), self.slots.capacity());
        let mut sound = true;
        for segment in self.journal.segments().iter().chain(self.journal.spare().as_ref()) {
            sound &= slots.mark(segment.first, segment.slots);
        }
        self.view.table().for_each_slot(|first, count| sound &= slots.mark(first, count));
        sound && slots.used() == self.slots.used()
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
        self.known = Known::default();
    }
}
