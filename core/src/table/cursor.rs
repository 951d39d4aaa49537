//! All entries of the table in the order of their keys, a slice at a time.
//!
//! No two entries are at the same place in it, since two records of one copy do not overlap. When
//! an entry is cut, its parts are behind it: the first begins with the same chunk and is shorter,
//! the others begin later. So a traversal that goes on in a changed table misses nothing that was
//! there throughout.

use super::Table;
use super::key::Key;
use super::tree::Entry;

/// How far a traversal of a [`Table`] has come; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    next: Key,
}

impl Table {
    /// Calls `each` with the next `limit` entries from `cursor` on, moves it behind them, and says
    /// whether they were the last.
    pub(super) fn visit(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        mut each: impl FnMut(Key, Entry),
    ) -> bool {
        let mut walk = self.tree.walk(cursor.next);
        for _ in 0..limit {
            let Some((key, entry)) = walk.seek(cursor.next) else { return true };
            each(key, entry);
            cursor.next = key.next();
        }
        walk.seek(cursor.next).is_none()
    }
}
