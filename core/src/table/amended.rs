//! What the maker of a shadow copy has changed in it: records that answer for one copy alone.
//!
//! The same blocks as the table's, in a map of their own. A record of copy `n` says nothing of the
//! copies before it here, so it is found by `n` and nothing else, and is garbage when copy `n` is.

use alloc::vec::Vec;

use super::key::Key;
use super::tree::Entry;
use super::{Cursor, Found, Plan, Run, Table, clip, merge};
use crate::units::{ChunkIndex, Content, CopyId, Extent, SlotIndex};

/// Which chunks of which copies were amended, and where their bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amended(Table);

impl Amended {
    /// Adds a run, as [`Table::insert`] does: of two with the same chunk and copy the first counts.
    pub(crate) fn insert(&mut self, run: Run, sums: &[u32]) {
        self.0.insert(run, sums);
    }

    /// Whether nothing was amended.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.chunks() == 0
    }

    /// What a chunk of a copy was amended to.
    #[must_use]
    pub fn lookup(&self, copy: CopyId, chunk: ChunkIndex) -> Option<Found> {
        let (key, entry) = self.of(copy, Extent { first: chunk, count: 1 }).next()?;
        Some(self.0.found(key, &entry, chunk))
    }

    /// The first amended chunks of `extent`; those that follow may be, too.
    #[must_use]
    pub fn first_of(&self, copy: CopyId, extent: Extent) -> Option<Extent> {
        let (key, _) = self.of(copy, extent).next()?;
        Some(clip(key.chunks(), extent))
    }

    /// Appends all amended chunks of a copy: sorted, merged extents.
    pub fn all_of(&self, copy: CopyId, out: &mut Vec<Extent>) {
        let all = Extent::new(0, Key::CHUNKS - 1);
        merge(self.of(copy, all).map(|(key, _)| key.chunks()), out);
    }

    /// Appends where the bytes of `extent` come from: what was amended from here, the others as
    /// `table` says.
    pub(crate) fn resolve_over(
        &self,
        table: &Table,
        copy: CopyId,
        extent: Extent,
        plan: &mut Plan,
    ) {
        let mut hits = plan.take_scratch();
        self.0.lay(self.of(copy, extent), extent, &mut hits);
        table.lay(table.answers(copy.number(), extent), extent, &mut hits);
        plan.append(extent, &hits);
        plan.put_scratch(hits);
    }

    /// As [`Table::runs_from`].
    pub fn runs_from(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        each: impl FnMut(Run, &[u32]),
    ) -> bool {
        self.0.runs_from(cursor, limit, each)
    }

    /// Looks at the next `budget` entries from `cursor` on, removes those of copies that are not
    /// wanted, calls `freed` with the first and the number of their slots, moves the cursor behind
    /// them, and says whether they were the last.
    pub(crate) fn sweep(
        &mut self,
        cursor: &mut Cursor,
        budget: usize,
        is_wanted: impl Fn(CopyId) -> bool,
        mut freed: impl FnMut(SlotIndex, u32),
    ) -> bool {
        let mut litter = Vec::new();
        let done = self.0.visit(cursor, budget, |key, entry| {
            if !is_wanted(entry.copy) {
                litter.push((key, entry.content()));
            }
        });
        for (key, content) in litter {
            self.0.remove(key);
            if let Content::Slot(first) = content {
                freed(first, key.chunks().count as u32);
            }
        }
        done
    }

    /// As [`Table::for_each_slot`].
    pub fn for_each_slot(&self, each: impl FnMut(SlotIndex, u32)) {
        self.0.for_each_slot(each);
    }

    /// How many chunks were amended; one that was in several copies counts for each.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.0.chunks()
    }

    /// As [`Table::heap_bytes`].
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    /// The entries of this very copy that overlap `extent`, in the order of their keys.
    fn of(&self, copy: CopyId, extent: Extent) -> impl Iterator<Item = (Key, Entry)> {
        let answers = self.0.answers(copy.number(), extent);
        answers.filter(move |(_, entry)| entry.copy == copy)
    }
}

#[cfg(test)]
mod tests {
    //! Against a plain map of chunks.

    use alloc::collections::{BTreeMap, BTreeSet};
    use proptest::prelude::*;

    use super::*;
    use crate::table::Source;

    const CHUNKS: u64 = 300;

    fn copy(number: u32) -> CopyId {
        CopyId::new(number).expect("a number")
    }

    /// A run of the copy, its slots from `slot` on, with sums that tell the slot; zeros without.
    fn run(first: u64, count: u64, of: u32, slot: Option<u32>) -> (Run, Vec<u32>) {
        let content = slot.map_or(Content::Zeros, |slot| Content::Slot(SlotIndex(slot)));
        let sums = slot.iter().flat_map(|&slot| (slot..slot + count as u32).map(|at| !at));
        (Run { chunks: Extent::new(first, count), copy: copy(of), content }, sums.collect())
    }

    /// What a plan says of each chunk: nothing for the origin.
    fn said(plan: &Plan) -> Vec<Option<(Content, u32)>> {
        let of = |piece: &crate::table::Piece| {
            let from = piece.from;
            (0..piece.chunks.count as u32).map(move |nth| match from {
                Source::Origin => None,
                Source::Zeros => Some((Content::Zeros, 0)),
                Source::Slots { first, sums } => {
                    let sum = plan.sums[sums + nth as usize];
                    Some((Content::Slot(SlotIndex(first.0 + nth)), sum))
                }
            })
        };
        plan.pieces.iter().flat_map(of).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_run_answers_for_its_own_copy_and_before_all_others(
            runs in prop::collection::vec(
                (0..CHUNKS, 1..40_u64, 1..5_u32, any::<bool>(), any::<bool>()), 1..40
            ),
            wanted in prop::collection::btree_set(1..5_u32, 0..4),
        ) {
            let (mut table, mut amended) = (Table::new(), Amended::default());
            let (mut preserved, mut own) = (BTreeMap::new(), BTreeMap::new());
            let mut slot = 1;
            for (first, count, of, zeros, is_own) in runs {
                let count = count.min(CHUNKS - first);
                let (run, sums) = run(first, count, of, (!zeros).then_some(slot));
                let model = if is_own { &mut own } else { &mut preserved };
                for nth in 0..count {
                    let content = match run.content {
                        Content::Zeros => (Content::Zeros, 0),
                        Content::Slot(first) => {
                            let slot = first.0 + nth as u32;
                            (Content::Slot(SlotIndex(slot)), !slot)
                        }
                    };
                    model.entry((first + nth, of)).or_insert(content);
                }
                if is_own { amended.insert(run, &sums) } else { table.insert(run, &sums) }
                slot += count as u32;
            }
            prop_assert_eq!(amended.chunks(), own.len() as u64);
            prop_assert_eq!(amended.is_empty(), own.is_empty());
            for of in 1..6 {
                let mut plan = Plan::default();
                amended.resolve_over(&table, copy(of), Extent::new(0, CHUNKS), &mut plan);
                let found = said(&plan);
                let mut all = Vec::new();
                amended.all_of(copy(of), &mut all);
                for chunk in 0..CHUNKS {
                    let here = own.get(&(chunk, of)).copied();
                    let below = preserved.range((chunk, of)..(chunk, 9)).next();
                    let expected = here.or(below.map(|(_, &content)| content));
                    prop_assert_eq!(found[chunk as usize], expected, "chunk {} of {}", chunk, of);
                    let looked_up = amended.lookup(copy(of), ChunkIndex(chunk));
                    prop_assert_eq!(looked_up.map(|found| (found.content, found.sum)), here);
                    let is_in = |run: &Extent| run.overlaps(Extent::new(chunk, 1));
                    prop_assert_eq!(all.iter().any(is_in), here.is_some());
                    let first = amended.first_of(copy(of), Extent::new(chunk, CHUNKS - chunk));
                    let next = own.keys().find(|&&(at, by)| at >= chunk && by == of);
                    prop_assert_eq!(first.map(|run| run.first.0), next.map(|&(at, _)| at));
                }
            }

            let mut freed = BTreeSet::new();
            let mut cursor = Cursor::default();
            let is_wanted = |copy: CopyId| wanted.contains(&copy.number());
            while !amended.sweep(&mut cursor, 3, is_wanted, |first, count| {
                freed.extend(first.0..first.0 + count);
            }) {}
            let slots = |keep: bool| -> BTreeSet<u32> {
                let judged = own.iter().filter(|((_, of), _)| wanted.contains(of) == keep);
                judged.filter_map(|(_, (content, _))| match content {
                    Content::Zeros => None,
                    Content::Slot(slot) => Some(slot.0),
                }).collect()
            };
            prop_assert_eq!(&freed, &slots(false));
            let mut left = BTreeSet::new();
            amended.for_each_slot(|first, count| left.extend(first.0..first.0 + count));
            prop_assert_eq!(left, slots(true));
        }
    }
}
