//! The search for what no copy needs any more.
//!
//! Whether a record is needed is up to the newest live copy that is not above its own
//! ([`Table::sweep`](crate::table::Table::sweep)). A deletion changes which one that is for few: those
//! of copies from the deleted one up to the next that lives. So a sweep looks at all records, but
//! judges these alone, and a deletion costs little however many copies there are.

use super::View;
use crate::table::Cursor;
use crate::units::{CopyId, SlotIndex};

/// How far a search has come, and what it judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sweep {
    preserved: Cursor,
    amended: Cursor,
    /// The first and the last copy whose records are judged.
    judged: (u32, u32),
}

impl Sweep {
    /// A search among all records.
    pub(crate) fn all() -> Self {
        Self::among(0, u32::MAX)
    }

    fn among(first: u32, last: u32) -> Self {
        Self { preserved: Cursor::default(), amended: Cursor::default(), judged: (first, last) }
    }

    /// A search among the records for this copy and all newer ones, which is due when something was
    /// preserved or amended for a copy that is not the newest, or not alive.
    pub(crate) fn from(copy: CopyId) -> Self {
        Self::among(copy.number(), u32::MAX)
    }

    /// A search that does this one's work and the other's, from the beginning.
    pub(crate) fn and(self, other: Self) -> Self {
        let ((first, last), (from, to)) = (self.judged, other.judged);
        Self::among(first.min(from), last.max(to))
    }
}

impl View {
    /// The search that is due when these two copies were deleted, and perhaps some between.
    pub(crate) fn sweep_between(&self, oldest: CopyId, newest: CopyId) -> Sweep {
        let next = self.copies.oldest_above(newest);
        Sweep::among(oldest.number(), next.map_or(u32::MAX, |next| next.number() - 1))
    }

    /// Removes what no live copy needs, looking at about as many entries as given from where the
    /// sweep is; true when it has been through. `freed` hears the slots that held it.
    pub(crate) fn sweep(
        &mut self,
        sweep: &mut Sweep,
        entries: usize,
        freed: &mut dyn FnMut(SlotIndex, u32),
    ) -> bool {
        let Self { copies, table, amended, .. } = self;
        let (first, last) = sweep.judged;
        // As if their copies lived, the other records stay.
        let live_below = |copy: CopyId| {
            let is_judged = (first..=last).contains(&copy.number());
            if is_judged { copies.newest_at_most(copy) } else { Some(copy) }
        };
        let is_live = |copy| copies.find(copy).is_some();
        table.sweep(&mut sweep.preserved, entries, live_below, &mut *freed)
            && amended.sweep(&mut sweep.amended, entries, is_live, freed)
    }
}

#[cfg(test)]
mod tests {
    //! Sweeps that judge what a deletion concerns, against one that judges everything.

    use alloc::vec::Vec;
    use proptest::prelude::*;

    use super::*;
    use crate::description::Description;
    use crate::geometry::Geometry;
    use crate::journal::{CopyInfo, Trust};
    use crate::table::Run;
    use crate::units::{ChunkSize, Content, Extent};

    const CHUNKS: u64 = 12;

    #[derive(Clone, Debug)]
    enum Act {
        Create,
        /// Preserves what the newest live copy lacks of these chunks.
        Write(u64, u64),
        /// Deletes some neighbouring live copies.
        Delete(usize, usize),
        Sweep(usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            Just(Act::Create),
            (0..CHUNKS, 1..9_u64).prop_map(|(first, count)| Act::Write(first, count)),
            (0..CHUNKS, 1..3_u64).prop_map(|(first, count)| Act::Write(first, count)),
            (any::<usize>(), 1..4_usize).prop_map(|(which, count)| Act::Delete(which, count)),
            (1..20_usize).prop_map(Act::Sweep),
        ];
        prop::collection::vec(act, 0..120)
    }

    fn view() -> View {
        let geometry = Geometry { size: CHUNKS << 12, chunk: ChunkSize::MIN, segment: 1 };
        View::new(geometry, Trust::Full, 1)
    }

    fn create(view: &mut View) {
        let id = CopyId::new(view.next_copy).expect("a number");
        view.copies.insert(CopyInfo { id, about: Description::new("", 0) });
        view.next_copy += 1;
    }

    fn write(view: &mut View, first: u64, count: u64) {
        let Some(copy) = view.newest() else { return };
        let mut lacking = Vec::new();
        let extent = Extent::new(first, count.min(CHUNKS - first));
        view.table.lacking(copy, extent, &mut lacking);
        for chunks in lacking {
            let run = Run { chunks, copy, content: Content::Slot(SlotIndex(1)) };
            view.table.insert(run, &[0; CHUNKS as usize][..chunks.count as usize]);
        }
    }

    fn delete(view: &mut View, which: usize, count: usize) -> Option<Sweep> {
        let which = which % view.copies().len().max(1);
        let ids: Vec<_> = view.copies().map(|info| info.id).skip(which).take(count).collect();
        view.forget(&ids);
        Some(view.sweep_between(*ids.first()?, *ids.last()?))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn what_a_deletion_concerns_is_all_that_becomes_useless(acts in acts()) {
            let (mut view, mut due) = (view(), None::<Sweep>);
            for act in acts {
                match act {
                    Act::Create => create(&mut view),
                    Act::Write(first, count) => write(&mut view, first, count),
                    Act::Delete(which, count) => {
                        let sweep = delete(&mut view, which, count);
                        due = sweep.map(|sweep| due.map_or(sweep, |before| before.and(sweep))).or(due);
                    }
                    Act::Sweep(entries) => {
                        let done = due.as_mut().map(|due| view.sweep(due, entries, &mut |_, _| ()));
                        due = if done == Some(true) { None } else { due };
                    }
                }
            }
            let mut due = due.unwrap_or(Sweep::among(0, 0));
            while !view.sweep(&mut due, usize::MAX, &mut |_, _| ()) {}
            let mut left = 0;
            while !view.sweep(&mut Sweep::all(), usize::MAX, &mut |_, count| left += count) {}
            prop_assert_eq!(left, 0);
        }
    }
}
