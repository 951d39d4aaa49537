//! Garbage collection: entries that no live copy sees any more.
//!
//! A record of chunk `c` with copy `n` is needed if and only if the newest live copy `m` that is
//! not above `n` finds it: a copy `k` that sees it has `k <= m <= n`, and no record of `c` lies
//! from `k` up to `n`, hence none from `m` up to `n`.
//!
//! So whether an entry is garbage depends only on what live copies find. Removing garbage changes
//! none of that, because no live copy finds it: its successor then answers for more copies, but
//! only for dead ones. Hence entries can be judged in any order, in slices, with insertions
//! between, and those judged before a removal need not be judged again.

use alloc::vec::Vec;

use super::key::Key;
use super::plan::Hit;
use super::{Cursor, Run, Table};
use crate::units::{Content, CopyId, SlotIndex};

impl Table {
    /// Looks at the next `budget` entries from `cursor` on, removes what no live copy sees, calls
    /// `freed` with the first and the number of its slots, moves the cursor behind them, and says
    /// whether they were the last.
    ///
    /// `live_below` gives the newest live copy that is not above a copy. Invariant 4: the caller
    /// reuses a freed slot only when the record that frees it is visible, which is that of the
    /// deletion of the last copy that saw it.
    pub fn sweep(
        &mut self,
        cursor: &mut Cursor,
        budget: usize,
        live_below: impl Fn(CopyId) -> Option<CopyId>,
        mut freed: impl FnMut(SlotIndex, u32),
    ) -> bool {
        let mut suspects = Vec::new();
        let done = self.visit(cursor, budget, |key, entry| {
            let live = live_below(entry.copy);
            if live != Some(entry.copy) {
                let (chunks, content) = (key.chunks(), entry.content());
                suspects.push((key, Run { chunks, copy: entry.copy, content }, live));
            }
        });

        let mut hits = Vec::new();
        for (key, run, live) in suspects {
            hits.clear();
            match live {
                Some(live) => self.scan(live, run.chunks, &mut hits),
                None => hits.resize(run.chunks.count as usize, Hit::ORIGIN),
            }
            if !hits.iter().all(|hit| hit.is_of(run.copy)) {
                self.reduce(key, run, &hits, &mut freed);
            }
        }
        done
    }

    /// Reduces the entry with this key, which is this run, to the chunks that it is the hit of.
    fn reduce(&mut self, key: Key, run: Run, hits: &[Hit], freed: &mut impl FnMut(SlotIndex, u32)) {
        let sums = self.remove(key);
        let copy = run.copy;
        let mut at = 0;
        for same in hits.chunk_by(|left, right| left.is_of(copy) == right.is_of(copy)) {
            let (part, sums) = run.part(&sums, at, same.len() as u64);
            if same[0].is_of(copy) {
                self.insert_absent(part, sums);
            } else if let Content::Slot(first) = part.content {
                freed(first, same.len() as u32);
            }
            at += part.chunks.count;
        }
    }
}
