//! The live shadow copies of a volume.

use alloc::collections::VecDeque;
use core::cmp::Ordering;

use crate::description::Description;
use crate::units::CopyId;

/// A live shadow copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CopyInfo {
    /// Its number.
    pub id: CopyId,
    /// What is known of it.
    pub about: Description,
}

/// Live copies. Most come at one end and go at the other, where that costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Copies {
    /// Invariant: in the order of their numbers.
    infos: VecDeque<CopyInfo>,
}

impl Copies {
    /// All, the oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &CopyInfo> + ExactSizeIterator {
        self.infos.iter()
    }

    pub(super) fn find(&self, copy: CopyId) -> Option<&CopyInfo> {
        self.infos.get(self.place_of(copy).ok()?)
    }

    pub(super) fn find_mut(&mut self, copy: CopyId) -> Option<&mut CopyInfo> {
        let nth = self.place_of(copy).ok()?;
        self.infos.get_mut(nth)
    }

    /// The newest one that is not above this number.
    pub(super) fn newest_at_most(&self, copy: CopyId) -> Option<CopyId> {
        self.infos.get(self.place_above(copy).checked_sub(1)?).map(|info| info.id)
    }

    /// The oldest one that is above this number.
    pub(super) fn oldest_above(&self, copy: CopyId) -> Option<CopyId> {
        self.infos.get(self.place_above(copy)).map(|info| info.id)
    }

    /// Adds a copy, or says of one anew what is known of it.
    pub(super) fn insert(&mut self, info: CopyInfo) {
        match self.place_of(info.id) {
            Ok(nth) => self.infos[nth] = info,
            Err(nth) => self.infos.insert(nth, info),
        }
    }

    pub(super) fn remove(&mut self, copy: CopyId) {
        if let Ok(nth) = self.place_of(copy) {
            self.infos.remove(nth);
        }
    }

    /// Where those above this number begin.
    fn place_above(&self, copy: CopyId) -> usize {
        self.place_of(copy).map_or_else(|nth| nth, |nth| nth + 1)
    }

    /// Where a copy is, or would be.
    ///
    /// No more copies are between it and the end, or the beginning, than there are numbers. Where none of
    /// these was deleted, that leaves one place, however many copies there are.
    fn place_of(&self, copy: CopyId) -> Result<usize, usize> {
        let (Some(oldest), Some(newest)) = (self.infos.front(), self.infos.back()) else {
            return Err(0);
        };
        let number = |copy: CopyId| copy.number() as usize;
        let after = number(newest.id).saturating_sub(number(copy));
        let before = number(copy).saturating_sub(number(oldest.id));
        let mut low = self.infos.len().saturating_sub(after + 1);
        let mut high = self.infos.len().min(before + 1);
        while low < high {
            let middle = low.midpoint(high);
            match self.infos[middle].id.cmp(&copy) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn a_copy_is_found_whichever_were_deleted() {
        let id = |number| CopyId::new(number).expect("a number");
        for kept in 0..1_u32 << 7 {
            let there: Vec<u32> =
                (0..7).filter(|nth| kept & 1 << nth != 0).map(|nth| nth + 3).collect();
            let mut copies = Copies::default();
            for &number in there.iter().rev() {
                copies
                    .insert(CopyInfo { id: id(number), about: Description::new(String::new(), 0) });
            }
            assert!(copies.iter().map(|info| info.id.number()).eq(there.iter().copied()));
            for number in 1..12 {
                assert_eq!(copies.place_of(id(number)), there.binary_search(&number), "{there:?}");
            }
        }
    }
}
