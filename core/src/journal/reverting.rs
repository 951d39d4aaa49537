//! A revert under way: the volume is a shadow copy, and not all of its bytes are in the origin yet.
//!
//! A chunk is *unsettled* if a record answers for it in that copy, so that the copy's bytes are in a
//! slot and not in the origin, and no `settled` record names it. Both sets only grow, and neither
//! depends on the order in which the journal says so: a journal may be written anew at any time.

use alloc::vec::Vec;

use super::View;
use crate::error::{Damage, Error};
use crate::extents::Extents;
use crate::format::record;
use crate::units::{CopyId, Extent};

/// What the journal says of the revert under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reverting {
    pub(super) copy: CopyId,
    /// Chunks whose bytes are in the origin.
    pub(super) settled: Extents,
}

const DAMAGED: Error = Error::Corrupt { what: Damage::Record, at: 0 };

impl View {
    /// The shadow copy that the volume is being reverted to.
    #[must_use]
    pub fn reverting(&self) -> Option<CopyId> {
        self.reverting.as_ref().map(|reverting| reverting.copy)
    }

    /// Appends the unsettled chunks of `extent`: maximal runs, ascending, until there are at least
    /// `most` of them.
    pub fn unsettled(&self, extent: Extent, most: u64, out: &mut Vec<Extent>) {
        let Some(Reverting { copy, settled }) = &self.reverting else { return };
        let (base, mut found, mut rest) = (out.len(), 0, extent);
        while found < most
            && let Some(gap) = settled.first_gap(rest)
        {
            rest = Extent::new(gap.end(), extent.end() - gap.end());
            let Some(run) = self.first_answered(*copy, gap) else { continue };
            rest = Extent::new(run.end(), extent.end() - run.end());
            found += run.count;
            match out[base..].last_mut() {
                Some(last) if last.end() == run.first.0 => last.count += run.count,
                _ => out.push(run),
            }
        }
    }

    /// All unsettled chunks.
    #[must_use]
    pub fn all_unsettled(&self) -> Vec<Extent> {
        let mut all = Vec::new();
        self.unsettled(Extent::new(0, self.geometry.chunks()), u64::MAX, &mut all);
        all
    }

    /// The first chunk that no `settled` record names, if a revert is under way.
    pub(crate) fn first_unmarked(&self) -> Option<u64> {
        let all = Extent::new(0, self.geometry.chunks());
        Some(self.reverting.as_ref()?.settled.first_gap(all)?.first.0)
    }

    /// Appends the chunks of `extent` that no `settled` record names, if a revert is under way.
    pub(crate) fn unmarked(&self, extent: Extent, out: &mut Vec<Extent>) {
        if let Some(reverting) = &self.reverting {
            reverting.settled.gaps(extent, out);
        }
    }

    /// The chunks that `settled` records have named since the revert began.
    pub(crate) fn settled(&self) -> Vec<Extent> {
        self.reverting.iter().flat_map(|reverting| reverting.settled.iter()).collect()
    }

    /// How many runs these are.
    pub(crate) fn settled_runs(&self) -> usize {
        self.reverting.as_ref().map_or(0, |reverting| reverting.settled.len())
    }

    /// A revert has begun; said once more, it says nothing.
    pub(super) fn revert_to(&mut self, copy: CopyId) -> Result<(), Error> {
        match self.reverting() {
            Some(other) if other != copy => Err(DAMAGED),
            None if self.copy(copy).is_err() => Err(DAMAGED),
            Some(_) => Ok(()),
            None => {
                self.reverting = Some(Reverting { copy, settled: Extents::default() });
                Ok(())
            }
        }
    }

    /// The origin holds the volume's bytes of these chunks. Behind the end of a revert that says
    /// nothing new.
    pub(super) fn mark_settled(&mut self, extents: record::Extents<'_>) -> Result<(), Error> {
        let chunks = self.geometry.chunks();
        for extent in extents {
            let extent = extent?;
            if extent.end() > chunks {
                return Err(DAMAGED);
            }
            if let Some(reverting) = &mut self.reverting {
                reverting.settled.insert(extent);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! What a journal may say of a revert, and in which order.

    use super::*;
    use crate::description::Description;
    use crate::format::checksum::Checksum;
    use crate::format::record::{Body, Context, Emitter, Reason, parse, seal};
    use crate::geometry::Geometry;
    use crate::journal::Trust;
    use crate::table::Run;
    use crate::units::{ChunkSize, Content, Generation, Sequence};

    const SUM: Checksum = Checksum::PORTABLE;

    fn copy(number: u32) -> CopyId {
        CopyId::new(number).expect("a number")
    }

    /// Applies the record that `emit` writes.
    fn apply(view: &mut View, emit: impl FnOnce(&mut Vec<u8>) -> usize) -> Result<(), Error> {
        let context = Context { seed: 1, generation: Generation::default() };
        let mut bytes = Vec::new();
        let length = emit(&mut bytes);
        assert_eq!(length, bytes.len());
        seal(&mut bytes, context, Sequence(0), Sequence(0), SUM);
        let record = parse(&bytes, context, Sequence(0), SUM)?.expect("believed");
        assert!(!matches!(record.body, Body::Link(_)));
        view.apply(Sequence(0), &record)
    }

    fn preserve(view: &mut View, first: u64, count: u64, of: u32) {
        let chunks = Extent::new(first, count);
        let run = Run { chunks, copy: copy(of), content: Content::Zeros };
        apply(view, |out| {
            let mut emitter = Emitter::preserved(out);
            emitter.run(run, &[]);
            emitter.end()
        })
        .expect("sound");
    }

    /// A volume of 100 chunks with copies 1 to 3.
    fn view() -> View {
        let geometry = Geometry::new(100 * 4096, ChunkSize::MIN);
        let mut view = View::new(geometry, Trust::Remember, 1);
        for number in 1..=3 {
            let about = Description::new("", 0);
            apply(&mut view, |out| Emitter::created(out, copy(number), about.borrow()).end())
                .expect("sound");
        }
        view
    }

    fn settle(view: &mut View, extents: &[(u64, u64)]) -> Result<(), Error> {
        let extents: Vec<_> =
            extents.iter().map(|&(first, count)| Extent::new(first, count)).collect();
        apply(view, |out| Emitter::settled(out, &extents).end())
    }

    #[test]
    fn unsettled_is_what_the_copy_has_in_slots_and_no_record_names_in_any_order() {
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]];
        for order in orders {
            let mut view = view();
            apply(&mut view, |out| Emitter::reverting(out, copy(2)).end()).expect("sound");
            for step in order {
                match step {
                    0 => preserve(&mut view, 10, 20, 2),
                    1 => preserve(&mut view, 25, 15, 3),
                    // Copy 2 does not see these.
                    2 => preserve(&mut view, 50, 5, 1),
                    _ => settle(&mut view, &[(0, 12), (28, 2), (90, 10)]).expect("sound"),
                }
            }
            let left = [Extent::new(12, 16), Extent::new(30, 10)];
            assert_eq!(view.all_unsettled(), left, "{order:?}");
            let mut some = Vec::new();
            view.unsettled(Extent::new(20, 15), u64::MAX, &mut some);
            assert_eq!(some, [Extent::new(20, 8), Extent::new(30, 5)]);
            some.clear();
            view.unsettled(Extent::new(0, 100), 3, &mut some);
            let found: u64 = some.iter().map(|run| run.count).sum();
            assert!((3..26).contains(&found) && some[0].first.0 == 12, "{some:?}");
            some.clear();
            view.unsettled(Extent::new(0, 100), 16, &mut some);
            assert_eq!(some, left[..1], "there are as many as were wanted");
            assert_eq!(view.first_unmarked(), Some(12));
            assert_eq!(view.changes(copy(3), None), Ok(alloc::vec![Extent::new(12, 28)]));

            settle(&mut view, &[(12, 16), (30, 10)]).expect("sound");
            assert_eq!(view.all_unsettled(), []);
            apply(&mut view, |out| Emitter::reverted(out).end()).expect("sound");
            assert_eq!((view.reverting(), view.settled()), (None, Vec::new()));
        }
    }

    #[test]
    fn what_cannot_be_is_damage() {
        let mut view = view();
        let revert =
            |view: &mut View, to| apply(view, |out| Emitter::reverting(out, copy(to)).end());
        let delete = |view: &mut View, of| {
            apply(view, |out| Emitter::deleted(out, Reason::Space, &[copy(of)]).end())
        };
        assert_eq!(revert(&mut view, 4), Err(DAMAGED));
        assert_eq!(settle(&mut view, &[(7, 1)]), Ok(()));
        assert_eq!(revert(&mut view, 2), Ok(()));
        assert_eq!(view.settled(), [], "what was said before the revert began");
        assert_eq!(settle(&mut view, &[(99, 1)]), Ok(()));
        assert_eq!(revert(&mut view, 2), Ok(()));
        assert_eq!(view.settled(), [Extent::new(99, 1)], "what was said before it was said again");
        assert_eq!(revert(&mut view, 1), Err(DAMAGED));
        assert_eq!(settle(&mut view, &[(99, 2)]), Err(DAMAGED));
        assert_eq!(settle(&mut view, &[(0, 0)]), Err(DAMAGED));
        assert_eq!(settle(&mut view, &[(u64::MAX, 2)]), Err(DAMAGED));
        assert_eq!(delete(&mut view, 2), Err(DAMAGED));
        assert_eq!(delete(&mut view, 3), Ok(()));
    }
}
