//! What a shadow copy holds: what its maker has amended, else what was preserved, else the origin.
//!
//! While a copy is unfinished its maker may amend it, a chunk at a time and each once. None of that
//! counts before the record that describes the copy as finished: so whoever reads it finds it as it
//! was at its instant, or as it is for ever. That record is behind all that was amended, with a
//! barrier between, so its slots are there for whoever sees the copy finished.

use super::View;
use crate::table::{Amended, Cursor, Found, Plan};
use crate::units::{ChunkIndex, CopyId, Extent, SlotIndex};

impl View {
    /// Appends where the bytes of `extent` come from, as `copy` sees it (step R1).
    pub fn resolve(&self, copy: CopyId, extent: Extent, plan: &mut Plan) {
        if self.is_amended(copy) {
            self.amended.resolve_over(&self.table, copy, extent, plan);
        } else {
            self.table.resolve(copy, extent, plan);
        }
    }

    /// The first chunks of `extent`, as far as no record answers for any of them in `copy`: their
    /// bytes are the origin's. Empty if one answers for the first.
    #[must_use]
    pub fn still_in_origin(&self, copy: CopyId, extent: Extent) -> Extent {
        let end = self.first_answered(copy, extent).map_or(extent.end(), |run| run.first.0);
        Extent::new(extent.first.0, end - extent.first.0)
    }

    /// The record that answers for `chunk` of `copy`; `None` means the origin.
    #[must_use]
    pub fn lookup(&self, copy: CopyId, chunk: ChunkIndex) -> Option<Found> {
        let amended = if self.is_amended(copy) { self.amended.lookup(copy, chunk) } else { None };
        amended.or_else(|| self.table.lookup(copy, chunk))
    }

    /// What was amended, whether it counts yet or not.
    #[must_use]
    pub fn amended(&self) -> &Amended {
        &self.amended
    }

    /// Whether a copy is there and in the making.
    #[must_use]
    pub fn is_unfinished(&self, copy: CopyId) -> bool {
        self.copies.find(copy).is_some_and(|info| info.about.is_unfinished())
    }

    /// How many chunks are in slots, or known to be zeros; one that several records answer for
    /// counts for each.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.table.chunks() + self.amended.chunks()
    }

    /// The memory that the records of chunks take.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.table.heap_bytes() + self.amended.heap_bytes()
    }

    /// Calls `each` with every run of slots in use and its length.
    pub fn for_each_slot(&self, mut each: impl FnMut(SlotIndex, u32)) {
        self.table.for_each_slot(&mut each);
        self.amended.for_each_slot(each);
    }

    /// The first chunks of `extent` that a record answers for in `copy`; those that follow may be,
    /// too.
    pub(super) fn first_answered(&self, copy: CopyId, extent: Extent) -> Option<Extent> {
        let preserved = self.table.first_held(copy, extent);
        if !self.is_amended(copy) {
            return preserved;
        }
        let amended = self.amended.first_of(copy, extent);
        preserved.into_iter().chain(amended).min_by_key(|run| run.first)
    }

    /// Forgets what was amended in copies that were never finished.
    ///
    /// Their maker may have been in the middle of it, and nobody knows how far it had come.
    pub(crate) fn forget_amended(&mut self) {
        let Self { copies, amended, .. } = self;
        let is_finished = |copy| copies.find(copy).is_some_and(|info| !info.about.is_unfinished());
        let mut cursor = Cursor::default();
        while !amended.sweep(&mut cursor, usize::MAX, is_finished, |_, _| ()) {}
    }

    /// Whether what was amended in this copy counts, as far as anything was.
    fn is_amended(&self, copy: CopyId) -> bool {
        !self.amended.is_empty() && !self.is_unfinished(copy)
    }
}

#[cfg(test)]
mod tests {
    //! What is still in the origin, against the plan of a read.

    use alloc::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::description::{Attributes, Description};
    use crate::format::record::RunKind;
    use crate::geometry::Geometry;
    use crate::journal::{CopyInfo, Trust};
    use crate::table::{Run, Source};
    use crate::units::{ChunkSize, Content};

    const CHUNKS: u64 = 60;

    /// A volume with copies 1 to 3, the unfinished ones among them named.
    fn view(unfinished: [bool; 3]) -> View {
        let geometry = Geometry { size: CHUNKS << 12, chunk: ChunkSize::MIN, segment: 1 };
        let mut view = View::new(geometry, Trust::Full, 4);
        for (number, unfinished) in (1..).zip(unfinished) {
            let id = CopyId::new(number).expect("a number");
            let mut about = Description::new("", 0);
            about.attributes.set(Attributes::UNFINISHED, unfinished);
            view.copies.insert(CopyInfo { id, about });
        }
        view
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn what_a_read_would_take_from_the_origin_first_is_still_there(
            runs in prop::collection::vec(
                (0..CHUNKS, 1..9_u64, 1..4_u32, any::<bool>(), any::<bool>()), 0..12
            ),
            unfinished in any::<[bool; 3]>(),
        ) {
            let mut view = view(unfinished);
            for (first, count, of, zeros, is_own) in runs {
                let chunks = Extent::new(first, count.min(CHUNKS - first));
                let copy = CopyId::new(of).expect("a number");
                let content = if zeros { Content::Zeros } else { Content::Slot(SlotIndex(9)) };
                let sums = vec![5; if zeros { 0 } else { chunks.count as usize }];
                let kind = if is_own { RunKind::Amended } else { RunKind::Preserved };
                view.insert(kind, Run { chunks, copy, content }, &sums);
            }
            for copy in (1..4).filter_map(CopyId::new) {
                for first in 0..CHUNKS {
                    let extent = Extent::new(first, CHUNKS - first);
                    let mut plan = Plan::default();
                    view.resolve(copy, extent, &mut plan);
                    let piece = plan.pieces.first().filter(|piece| piece.from == Source::Origin);
                    let expected = piece.map_or(Extent::new(first, 0), |piece| piece.chunks);
                    prop_assert_eq!(view.still_in_origin(copy, extent), expected);
                }
            }
        }
    }
}
