//! All entries of the table in one order, a slice at a time.
//!
//! The order is by first chunk, then by copy. No two entries are at the same place in it, since
//! two records of one copy do not overlap. An entry that is cut in two leaves its first half at
//! its own place and the second behind it, so a traversal that goes on in a changed table misses
//! nothing that was there throughout.

use alloc::vec::Vec;

use super::Table;
use super::level::Level;
use super::tree::{Entry, Key, Walk};
use crate::units::Extent;

/// How far a traversal of a [`Table`] has come; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    chunk: u64,
    copy: u32,
}

impl Cursor {
    /// The place of an entry.
    const fn of(level: &Level, key: Key) -> Self {
        Self { chunk: key.block << level.shift, copy: key.copy }
    }

    /// The first place behind this one.
    const fn next(self) -> Self {
        Self { chunk: self.chunk, copy: self.copy + 1 }
    }

    /// The first key of a level that is not before this place.
    const fn key(self, shift: u32) -> Key {
        let block = self.chunk >> shift;
        if block << shift == self.chunk {
            Key { block, copy: self.copy }
        } else {
            Key { block: block + 1, copy: 0 }
        }
    }
}

/// An entry and where it was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit<'a> {
    pub(super) level: &'a Level,
    pub(super) key: Key,
    pub(super) entry: &'a Entry,
}

impl Visit<'_> {
    pub(super) fn chunks(&self) -> Extent {
        self.level.chunks(self.key.block)
    }
}

impl Table {
    /// Calls `each` with the next `limit` entries from `cursor` on, moves it behind them, and says
    /// whether they were the last.
    pub(super) fn visit<'a>(
        &'a self,
        cursor: &mut Cursor,
        limit: usize,
        mut each: impl FnMut(Visit<'a>),
    ) -> bool {
        let mut heads: Vec<Head<'a>> =
            self.levels.iter().filter_map(|level| Head::new(level, *cursor)).collect();
        for _ in 0..limit {
            let Some((index, head)) =
                heads.iter_mut().enumerate().min_by_key(|(_, head)| head.place)
            else {
                return true;
            };
            each(head.visit);
            *cursor = head.place.next();
            if !head.advance() {
                heads.swap_remove(index);
            }
        }
        heads.is_empty()
    }
}

/// The next entry of one level.
struct Head<'a> {
    place: Cursor,
    visit: Visit<'a>,
    walk: Walk<'a>,
}

impl<'a> Head<'a> {
    fn new(level: &'a Level, cursor: Cursor) -> Option<Self> {
        let walk = level.tree.walk(cursor.key(level.shift));
        let (key, entry) = walk.peek()?;
        let visit = Visit { level, key, entry };
        Some(Self { place: Cursor::of(level, key), visit, walk })
    }

    /// Moves on to the level's next entry, if there is one.
    fn advance(&mut self) -> bool {
        let Key { block, copy } = self.visit.key;
        self.walk.skip_to(Key { block, copy: copy + 1 });
        let Some((key, entry)) = self.walk.peek() else { return false };
        self.visit = Visit { level: self.visit.level, key, entry };
        self.place = Cursor::of(self.visit.level, key);
        true
    }
}
