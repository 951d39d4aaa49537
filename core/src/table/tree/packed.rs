//! Entries as leaves have them: 14 bytes, because a group knows few copies.

use alloc::vec::Vec;

use super::Entry;
use crate::units::CopyId;

/// An entry, with its copy's place among those of its group instead of the copy.
///
/// Halves of numbers, so that nothing is lost to alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Packed {
    low: [u16; 2],
    slot: [u16; 2],
    sum: [u16; 2],
    copy: u16,
}

/// The copies of a group's entries, and maybe of some that are gone, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Copies(Vec<CopyId>);

impl Copies {
    pub(super) const NONE: Self = Self(Vec::new());

    /// The copies of these entries, sorted.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut copies: Vec<CopyId> = entries.iter().map(|entry| entry.copy).collect();
        copies.sort_unstable();
        copies.dedup();
        copies.shrink_to_fit();
        Self(copies)
    }

    /// Packs one of the entries that [`Copies::of`] was given.
    pub(super) fn pack_again(&self, entry: &Entry) -> Packed {
        let place = self.0.binary_search(&entry.copy);
        debug_assert!(place.is_ok(), "the copy is one of theirs");
        packed(*entry, place.unwrap_or_default())
    }

    /// Whether there is no place for another one.
    pub(super) const fn is_full(&self) -> bool {
        self.0.len() > u16::MAX as usize
    }

    /// Packs an entry, and says whether its copy is new here.
    pub(super) fn pack(&mut self, entry: Entry) -> (Packed, bool) {
        // The newest is what nearly all entries are added for.
        if let Some(place) = self.0.iter().rposition(|known| *known == entry.copy) {
            return (packed(entry, place), false);
        }
        self.0.push(entry.copy);
        (packed(entry, self.0.len() - 1), true)
    }

    #[inline]
    pub(super) fn unpack(&self, packed: Packed) -> Entry {
        let Packed { low, slot, sum, copy } = packed;
        Entry {
            low: whole(low),
            copy: self.0[usize::from(copy)],
            slot: whole(slot),
            sum: whole(sum),
        }
    }

    /// Whether the entry's rank is below this one. Copies count where the blocks are the same.
    #[inline]
    pub(super) fn is_below(&self, packed: Packed, rank: u64) -> bool {
        let (low, of) = (whole(packed.low), (rank >> u32::BITS) as u32);
        low < of || low == of && self.0[usize::from(packed.copy)].number() < rank as u32
    }

    /// Sorts the copies, and forgets those that none of these entries, which are all, is of.
    pub(super) fn tidy(&mut self, leaves: &mut [Vec<Packed>]) {
        let mut used = alloc::vec![false; self.0.len()];
        leaves.iter().flatten().for_each(|packed| used[usize::from(packed.copy)] = true);
        if used.iter().all(|used| *used) && self.0.is_sorted() {
            return;
        }
        let kept = self.0.iter().zip(&used).filter(|(_, used)| **used).map(|(copy, _)| *copy);
        let mut sorted: Vec<CopyId> = kept.collect();
        sorted.sort_unstable();
        sorted.shrink_to_fit();
        let place = |copy| sorted.binary_search(copy).unwrap_or_default() as u16;
        let places: Vec<u16> = self.0.iter().map(place).collect();
        for packed in leaves.iter_mut().flatten() {
            packed.copy = places[usize::from(packed.copy)];
        }
        self.0 = sorted;
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.0.capacity() * size_of::<CopyId>()
    }
}

const fn packed(entry: Entry, place: usize) -> Packed {
    let Entry { low, slot, sum, .. } = entry;
    Packed { low: halves(low), slot: halves(slot), sum: halves(sum), copy: place as u16 }
}

const fn halves(number: u32) -> [u16; 2] {
    [number as u16, (number >> 16) as u16]
}

const fn whole(halves: [u16; 2]) -> u32 {
    halves[0] as u32 | (halves[1] as u32) << 16
}
