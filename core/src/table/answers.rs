//! The search that everything else is made of.

use super::Table;
use super::key::Key;
use super::tree::{Entry, Walk};
use crate::units::Extent;

impl Table {
    /// The entries of all blocks that overlap `extent`, for each block the one that answers for
    /// `copy`: its first that is not older. In the order of keys.
    pub(super) fn answers(&self, copy: u32, extent: Extent) -> Answers<'_> {
        let first = extent.first.0;
        // The lengths of the blocks that begin before the extent and reach into it.
        let longer = self.lengths & (u32::MAX << 1).unbounded_shl(first.trailing_zeros());
        let some = self.newest >= copy && !extent.is_empty();
        let start = match longer.checked_ilog2() {
            Some(shift) => Key::new(first, shift, copy),
            None => Key::first(first, copy),
        };
        Answers {
            walk: some.then(|| self.tree.walk(start)),
            copy,
            first,
            longer,
            next: Key::first(first, copy),
            end: Key::first(extent.end(), 0),
        }
    }
}

/// An iterator; see [`Table::answers`].
#[derive(Clone, Debug)]
pub(super) struct Answers<'a> {
    walk: Option<Walk<'a>>,
    copy: u32,
    first: u64,
    /// One bit for each length of those blocks that begin before `first` and are still to be
    /// looked for.
    longer: u32,
    /// Where to go on when that is done.
    next: Key,
    end: Key,
}

impl<'a> Iterator for Answers<'a> {
    type Item = (Key, &'a Entry);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let walk = self.walk.as_mut()?;
        // From the longest to the shortest, which is the order of their keys. Most of these
        // searches end where the one before did.
        while let Some(shift) = self.longer.checked_ilog2() {
            self.longer ^= 1 << shift;
            let wanted = Key::new(self.first, shift, self.copy);
            let (key, entry) = walk.seek(wanted)?;
            if key.place == wanted.place {
                return Some((key, entry));
            }
        }
        loop {
            let (key, entry) = walk.seek(self.next)?;
            if key.place >= self.end.place {
                return None;
            }
            if key.copy >= self.copy {
                self.next = Key { place: key.place + 1, copy: self.copy };
                return Some((key, entry));
            }
            self.next = Key { copy: self.copy, ..key };
        }
    }
}
