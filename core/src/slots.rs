//! The free space of the diff area: which slots are in use, and how many are promised.
//!
//! One bit a slot, and above that, in two more layers, one bit a word of the layer below that says
//! that the word is full: a free slot is found by climbing until a layer has one and descending
//! again, however full the map is. Slots are given out from where the last ones were (next fit),
//! so that chunks that are preserved one after the other lie one after the other. Slots that were
//! never in use come last: a place that was written to before costs less on every medium. A power of
//! two that is wanted at once begins at a multiple of itself where it can: page caches and disks keep
//! such bytes in one piece, others in several.
//!
//! Writers first [`reserve`](Slots::reserve) slots, so that they fail before they have begun, and
//! then [`take`](Slots::take) them.

use alloc::vec::Vec;

use crate::units::SlotIndex;

const BITS: u32 = u64::BITS;
const FULL: u64 = u64::MAX;
const LAYERS: usize = 3;
/// One in so many of the slots that were ever in use must be free for them to be given out again
/// before new ones are. Fewer would mostly be alone, and tear what belongs together.
const ENOUGH: u32 = 16;
/// No slots have to begin at a multiple of more than two to this: a mebibyte of the smallest chunks.
const MOST_ALIGNED: u32 = 8;

/// The map of slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slots {
    /// Layer 0 has a bit for each slot, set when it is in use or does not exist; a layer above has
    /// a bit for each word of the one below.
    ///
    /// Invariant: a bit of a layer above is set exactly if its word is [`FULL`].
    layers: [Vec<u64>; LAYERS],
    capacity: u32,
    /// Slots before this one are never given out.
    header: u32,
    used: u32,
    /// Invariant: at least this many slots are not in use.
    reserved: u32,
    /// Where the search for the next free slot begins.
    next: u32,
    /// Invariant: slots from this one on were never in use.
    fresh: u32,
    /// Slots before that one that were left out, as far as they have not been given out since.
    skipped: u32,
}

impl Slots {
    /// A map of `capacity` slots, of which those before `header` are never given out.
    #[must_use]
    pub fn new(header: u32, capacity: u32) -> Self {
        let mut slots = Self {
            layers: [const { Vec::new() }; LAYERS],
            capacity: header,
            header,
            used: 0,
            reserved: 0,
            next: header,
            fresh: header,
            skipped: 0,
        };
        slots.lengthen(header);
        slots.grow(capacity);
        slots
    }

    /// Adds slots at the end until there are `capacity`.
    pub fn grow(&mut self, capacity: u32) {
        let capacity = capacity.max(self.capacity);
        self.lengthen(capacity);
        self.fill(self.capacity, capacity, false);
        self.capacity = capacity;
    }

    /// All slots, in use or not, and those before the first that is given out.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Slots that are neither in use nor reserved.
    #[must_use]
    pub const fn free(&self) -> u32 {
        self.capacity - self.header - self.used - self.reserved
    }

    /// Slots in use, without those that are never given out.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.used
    }

    /// Promises `count` slots to a writer, but only if at least `keep` stay free.
    #[must_use]
    pub const fn reserve(&mut self, count: u32, keep: u32) -> bool {
        if (self.free() as u64) < count as u64 + keep as u64 {
            return false;
        }
        self.reserved += count;
        true
    }

    /// Takes back a promise of `count` slots that were not taken.
    pub const fn cancel(&mut self, count: u32) {
        debug_assert!(count <= self.reserved);
        self.reserved -= count;
    }

    /// Gives out promised slots: some neighbouring ones, at most `want`, and how many they are.
    ///
    /// `None` only if `want` is 0 or nothing is reserved.
    #[must_use]
    pub fn take(&mut self, want: u32) -> Option<(SlotIndex, u32)> {
        let want = want.min(self.reserved);
        if want == 0 {
            return None;
        }
        let on = self.free_from(self.next).filter(|slot| *slot < self.fresh || !self.reuses());
        let free = on.or_else(|| self.free_from(self.header))?;
        let first = self.align(free, want);
        let end = self.used_from(first, first.saturating_add(want).min(self.capacity));
        let count = end - first;
        if first < self.fresh {
            self.skipped = self.skipped.saturating_sub(count);
        } else {
            self.skipped += first - free.max(self.fresh);
        }
        self.fill(first, end, true);
        self.used += count;
        self.reserved -= count;
        self.next = end;
        Some((SlotIndex(first), count))
    }

    /// Gives out `count` neighbouring slots that nobody was promised, the first that there are.
    #[must_use]
    pub fn take_run(&mut self, count: u32) -> Option<SlotIndex> {
        if count == 0 || count > self.free() {
            return None;
        }
        let mut first = self.free_from(self.header)?;
        loop {
            let end = first.checked_add(count).filter(|end| *end <= self.capacity)?;
            // The last slot in the way, not the first: all starts up to it are out of the question.
            let Some(last) = self.last_used(first, end) else { break };
            first = self.free_from(last)?;
        }
        self.fill(first, first + count, true);
        self.used += count;
        Some(SlotIndex(first))
    }

    /// Recovery: notes that these slots are in use; false, and nothing is changed, if some of them
    /// do not exist, are never given out, are in use already, or are promised.
    #[must_use]
    pub fn mark(&mut self, first: SlotIndex, count: u32) -> bool {
        let Some(end) = first.0.checked_add(count) else { return false };
        // Those that are never given out count as in use here.
        if end > self.capacity || count > self.free() || self.used_from(first.0, end) != end {
            return false;
        }
        self.fill(first.0, end, true);
        self.used += count;
        true
    }

    /// Makes slots free again.
    ///
    /// Invariant 4: the caller has made the record that frees them visible, and no live copy needs
    /// them.
    pub fn release(&mut self, first: SlotIndex, count: u32) {
        let end = first.0 + count;
        debug_assert!(first.0 >= self.header && end <= self.capacity);
        debug_assert!((first.0..end).all(|slot| self.is_used(SlotIndex(slot))));
        self.fill(first.0, end, false);
        self.used -= count;
    }

    /// Whether a slot is in use, or can never be.
    #[must_use]
    pub fn is_used(&self, slot: SlotIndex) -> bool {
        let word = self.layers[0].get((slot.0 / BITS) as usize);
        word.is_none_or(|word| word >> (slot.0 % BITS) & 1 == 1)
    }

    /// The first slot from `from` on that is not in use.
    fn free_from(&self, from: u32) -> Option<u32> {
        let mut layer = 0;
        let mut at = from as usize;
        // Climb until a word has something free at or behind `at`; look through the top to its end.
        loop {
            let word = self.layers[layer].get(at / BITS as usize)?;
            let free = !word & FULL << (at % BITS as usize);
            if free != 0 {
                at = at / BITS as usize * BITS as usize + free.trailing_zeros() as usize;
                break;
            }
            at = at / BITS as usize + 1;
            if layer + 1 < LAYERS {
                layer += 1;
            } else {
                at *= BITS as usize;
            }
        }
        while layer > 0 {
            layer -= 1;
            let free = !self.layers[layer].get(at)?;
            at = at * BITS as usize + free.trailing_zeros() as usize;
        }
        Some(at as u32)
    }

    /// The first slot from `from` on that is in use, or `end`.
    fn used_from(&self, from: u32, end: u32) -> u32 {
        let found = words(from, end).find_map(|(word, mask)| {
            let used = self.layers[0][word] & mask;
            (used != 0).then(|| word as u32 * BITS + used.trailing_zeros())
        });
        found.unwrap_or(end)
    }

    /// The last slot before `end` and not before `from` that is in use.
    fn last_used(&self, from: u32, end: u32) -> Option<u32> {
        words(from, end).rev().find_map(|(word, mask)| {
            let used = self.layers[0][word] & mask;
            (used != 0).then(|| word as u32 * BITS + used.ilog2())
        })
    }

    /// Where `want` slots from `first` on had better begin, if all there are free: at a multiple of the
    /// largest power of two that they are a multiple of, so that the next of that number go on there. What
    /// is left out is there for those who come later.
    fn align(&self, first: u32, want: u32) -> u32 {
        let step = 1 << want.trailing_zeros().min(MOST_ALIGNED);
        let Some(aligned) = first.checked_next_multiple_of(step) else { return first };
        let end = aligned.saturating_add(want);
        if end <= self.capacity && self.used_from(first, end) == end { aligned } else { first }
    }

    /// Whether enough is free where slots were in use before.
    const fn reuses(&self) -> bool {
        let before = self.fresh - self.header - self.skipped;
        before > self.used && before - self.used > before / ENOUGH
    }

    /// Sets whether the slots from `first` up to `end` are in use.
    fn fill(&mut self, first: u32, end: u32, used: bool) {
        if used {
            self.fresh = self.fresh.max(end);
        }
        for (word, mask) in words(first, end) {
            set(&mut self.layers[0][word], mask, used);
            let mut below = word;
            for layer in 1..LAYERS {
                let full = self.layers[layer - 1][below] == FULL;
                let bit = below % BITS as usize;
                below /= BITS as usize;
                set(&mut self.layers[layer][below], 1 << bit, full);
            }
        }
    }

    /// Makes the layers long enough for `capacity` slots, with all that is new in use.
    fn lengthen(&mut self, capacity: u32) {
        let mut bits = capacity as usize;
        for layer in &mut self.layers {
            bits = bits.div_ceil(BITS as usize);
            layer.resize(bits, FULL);
        }
    }
}

/// The words that the bits from `first` up to `end` lie in, each with a mask of them.
fn words(first: u32, end: u32) -> impl DoubleEndedIterator<Item = (usize, u64)> {
    let range = if first < end { first / BITS..(end - 1) / BITS + 1 } else { 0..0 };
    range.map(move |word| {
        let low = first.saturating_sub(word * BITS);
        let high = (end - word * BITS).min(BITS);
        (word as usize, FULL << low & FULL >> (BITS - high))
    })
}

const fn set(word: &mut u64, mask: u64, to: bool) {
    if to {
        *word |= mask;
    } else {
        *word &= !mask;
    }
}

#[cfg(test)]
mod tests {
    //! The map against a plain list of booleans, small enough to fill up and large enough for all
    //! layers.

    use alloc::vec;
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Reserve(u32, u32),
        Cancel(u32),
        Take(u32),
        TakeRun(u32),
        Mark(u32, u32),
        Release(u32, u32),
        Grow(u32),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let count = || prop_oneof![0..10_u32, 0..6000_u32];
        let act = prop_oneof![
            (count(), 0..50_u32).prop_map(|(count, keep)| Act::Reserve(count, keep)),
            count().prop_map(Act::Cancel),
            count().prop_map(Act::Take),
            count().prop_map(Act::Take),
            count().prop_map(Act::TakeRun),
            (0..20_000_u32, count()).prop_map(|(first, count)| Act::Mark(first, count)),
            (0..20_000_u32, count()).prop_map(|(first, count)| Act::Release(first, count)),
            (0..20_000_u32, count()).prop_map(|(first, count)| Act::Release(first, count)),
            (0..20_000_u32).prop_map(Act::Grow),
        ];
        prop::collection::vec(act, 0..80)
    }

    /// Slots that are there, and which of them are in use.
    struct Model {
        used: Vec<bool>,
        reserved: u32,
    }

    impl Model {
        fn set(&mut self, first: u32, count: u32, to: bool) {
            for used in &mut self.used[first as usize..][..count as usize] {
                assert_ne!(*used, to);
                *used = to;
            }
        }

        fn free(&self) -> u32 {
            self.used.iter().filter(|used| !**used).count() as u32 - self.reserved
        }

        fn has_run(&self, count: u32) -> bool {
            let longest = self.used.chunk_by(|l, r| l == r).filter(|run| !run[0]);
            longest.map(<[bool]>::len).max().unwrap_or(0) >= count as usize
        }

        fn is_free(&self, first: u32, count: u32) -> bool {
            let slots = self.used.get(first as usize..first as usize + count as usize);
            slots.is_some_and(|slots| slots.iter().all(|used| !used))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn does_as_a_list_does(header in 0..200_u32, first in 0..10_000_u32, acts in acts()) {
            let mut slots = Slots::new(header, first);
            let mut used = vec![true; header as usize];
            used.resize(header.max(first) as usize, false);
            let mut model = Model { used, reserved: 0 };
            for act in acts {
                match act {
                    Act::Reserve(count, keep) => {
                        let fits = model.free() >= count + keep;
                        prop_assert_eq!(slots.reserve(count, keep), fits);
                        model.reserved += if fits { count } else { 0 };
                    }
                    Act::Cancel(count) => {
                        let count = count.min(model.reserved);
                        slots.cancel(count);
                        model.reserved -= count;
                    }
                    Act::Take(want) => match slots.take(want) {
                        Some((first, count)) => {
                            prop_assert!((1..=want.min(model.reserved)).contains(&count));
                            model.set(first.0, count, true);
                            model.reserved -= count;
                        }
                        None => prop_assert!(want == 0 || model.reserved == 0),
                    },
                    Act::TakeRun(count) => match slots.take_run(count) {
                        Some(first) => {
                            prop_assert!(count <= model.free());
                            model.set(first.0, count, true);
                        }
                        None => prop_assert!(
                            count == 0 || count > model.free() || !model.has_run(count)
                        ),
                    },
                    Act::Mark(first, count) => {
                        let fits = count <= model.free() && model.is_free(first, count);
                        prop_assert_eq!(slots.mark(SlotIndex(first), count), fits);
                        if fits {
                            model.set(first, count, true);
                        }
                    }
                    Act::Release(first, count) => {
                        let first = first.max(header);
                        let run = model.used.iter().skip(first as usize).take_while(|used| **used);
                        let count = run.take(count as usize).count() as u32;
                        if count > 0 {
                            slots.release(SlotIndex(first), count);
                            model.set(first, count, false);
                        }
                    }
                    Act::Grow(capacity) => {
                        slots.grow(capacity);
                        let capacity = model.used.len().max(capacity as usize);
                        model.used.resize(capacity, false);
                    }
                }
                prop_assert_eq!(slots.free(), model.free());
                prop_assert_eq!(slots.capacity(), model.used.len() as u32);
                let used = model.used.iter().filter(|used| **used).count() as u32;
                prop_assert_eq!(slots.used(), used - header);
            }
            for (slot, used) in (0..).zip(&model.used) {
                prop_assert_eq!(slots.is_used(SlotIndex(slot)), *used);
            }
            prop_assert!(slots.is_used(SlotIndex(slots.capacity())));
        }
    }

    #[test]
    fn the_last_free_slot_of_millions_is_found_and_takes_go_on_where_they_were() {
        let mut slots = Slots::new(1, 10_000_000);
        assert!(slots.reserve(9_999_999, 0));
        assert_eq!(slots.take(100), Some((SlotIndex(4), 100)));
        assert_eq!(slots.take(u32::MAX), Some((SlotIndex(104), 9_999_896)));
        assert_eq!(slots.take(u32::MAX), Some((SlotIndex(1), 3)));
        assert_eq!(slots.take(1), None);
        slots.release(SlotIndex(7_654_321), 2);
        assert_eq!(slots.take_run(3), None);
        assert!(slots.reserve(1, 1));
        assert!(!slots.reserve(1, 1));
        assert_eq!(slots.take_run(2), None);
        assert_eq!(slots.take(5), Some((SlotIndex(7_654_321), 1)));
        assert_eq!(slots.take_run(1), Some(SlotIndex(7_654_322)));
    }

    #[test]
    fn slots_that_were_in_use_come_before_new_ones_when_enough_are_free() {
        let mut slots = Slots::new(0, 1000);
        assert!(slots.reserve(500, 0));
        assert_eq!(slots.take(160), Some((SlotIndex(0), 160)));
        slots.release(SlotIndex(21), 10);
        assert_eq!(slots.take(10), Some((SlotIndex(160), 10)), "ten of 160 are too few");
        slots.release(SlotIndex(41), 10);
        assert_eq!(slots.take(30), Some((SlotIndex(21), 10)), "twenty of 170 are enough");
        assert_eq!(slots.take(30), Some((SlotIndex(41), 10)), "it goes on from there");
        assert_eq!(slots.take(30), Some((SlotIndex(170), 30)));
    }

    #[test]
    fn a_power_of_two_begins_at_a_multiple_of_itself_where_all_is_free() {
        let mut slots = Slots::new(3, 1000);
        assert!(slots.reserve(997, 0));
        assert_eq!(slots.take(1), Some((SlotIndex(3), 1)));
        assert_eq!(slots.take(16), Some((SlotIndex(16), 16)));
        assert_eq!(slots.take(16), Some((SlotIndex(32), 16)), "nothing is left out between them");
        assert_eq!(slots.take(33), Some((SlotIndex(48), 33)));
        assert_eq!(slots.take(24), Some((SlotIndex(88), 24)), "a multiple of eight");
        assert_eq!(slots.take(512), Some((SlotIndex(256), 512)), "256 are aligned enough");
        assert_eq!(slots.take(256), Some((SlotIndex(768), 232)), "there is no room for all");
        assert_eq!(slots.take(8), Some((SlotIndex(8), 8)), "what was left out");
        slots.release(SlotIndex(22), 20);
        assert_eq!(slots.take(16), Some((SlotIndex(22), 16)), "not all from 32 on is free");
    }

    #[test]
    fn slots_are_marked_from_the_first_that_is_given_out_to_the_last_one() {
        let mut slots = Slots::new(2, 100);
        assert!(!slots.mark(SlotIndex(1), 2));
        assert!(!slots.mark(SlotIndex(2), 99));
        assert!(slots.mark(SlotIndex(2), 1));
        assert!(slots.mark(SlotIndex(3), 97));
        assert_eq!(slots.free(), 0);
    }

    #[test]
    fn a_map_of_nothing_has_nothing_to_give() {
        let mut slots = Slots::new(0, 0);
        assert!(!slots.reserve(1, 0) && !slots.mark(SlotIndex(0), 1));
        assert_eq!((slots.take(1), slots.take_run(1)), (None, None));
    }
}
