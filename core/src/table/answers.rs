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
        let longer = self.lengths & longer_than_begin_with(first);
        let next = start(first, self.lengths, copy);
        let from = longer.checked_ilog2().map_or(next, |shift| Key::new(first, shift, copy));
        let some = self.newest >= copy && !extent.is_empty();
        Answers {
            walk: some.then(|| self.tree.walk(from)),
            lengths: self.lengths,
            copy,
            first,
            longer,
            next,
            end: Key::first(extent.end(), 0),
        }
    }
}

/// An iterator; see [`Table::answers`].
#[derive(Clone, Debug)]
pub(super) struct Answers<'a> {
    walk: Option<Walk<'a>>,
    lengths: u32,
    copy: u32,
    first: u64,
    /// The lengths of those blocks that begin before `first` and are still to be looked for.
    longer: u32,
    /// Where to go on when that is done.
    next: Key,
    end: Key,
}

impl Iterator for Answers<'_> {
    type Item = (Key, Entry);

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
        while self.next < self.end {
            let (key, entry) = walk.seek(self.next)?;
            if key >= self.end {
                return None;
            }
            if key.copy >= self.copy {
                self.next = self.after(key);
                return Some((key, entry));
            }
            self.next = Key { copy: self.copy, ..key };
        }
        None
    }
}

impl Answers<'_> {
    /// Where the answer for the block behind this one would be.
    ///
    /// Only blocks of lengths in use are asked for: where blocks have long histories, a search for
    /// one that cannot be there would end at the oldest entry of the next, far from its answer.
    fn after(&self, key: Key) -> Key {
        let chunk = key.chunks().first.0;
        let shorter = self.lengths & ((1 << key.shift()) - 1);
        match shorter.checked_ilog2() {
            Some(shift) => Key::new(chunk, shift, self.copy),
            None => start(chunk + 1, self.lengths, self.copy),
        }
    }
}

/// Where the answer for the longest block that begins with `chunk` would be.
fn start(chunk: u64, lengths: u32, copy: u32) -> Key {
    let begin = lengths & !longer_than_begin_with(chunk);
    begin.checked_ilog2().map_or(Key::first(chunk, copy), |shift| Key::new(chunk, shift, copy))
}

/// One bit for each length of which no block begins with `chunk`.
const fn longer_than_begin_with(chunk: u64) -> u32 {
    (u32::MAX << 1).unbounded_shl(chunk.trailing_zeros())
}
