//! The live shadow copies of a volume.

use alloc::collections::VecDeque;

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
    fn place_of(&self, copy: CopyId) -> Result<usize, usize> {
        self.infos.binary_search_by_key(&copy, |info| info.id)
    }
}
