//! A set of chunks, as runs that neither overlap nor touch.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::units::Extent;

/// Chunks, merged into as few runs as there can be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Extents {
    /// The chunk behind the last one of each run, by its first chunk.
    ends: BTreeMap<u64, u64>,
}

impl Extents {
    /// Adds chunks; those that are in the set already stay.
    pub(crate) fn insert(&mut self, extent: Extent) {
        if extent.is_empty() {
            return;
        }
        let (mut first, mut end) = (extent.first.0, extent.end());
        if let Some(run) = self.run_before(first)
            && run.end() >= first
        {
            first = run.first.0;
        }
        while let Some((&start, &behind)) = self.ends.range(first..=end).next() {
            self.ends.remove(&start);
            end = end.max(behind);
        }
        self.ends.insert(first, end);
    }

    /// The first chunks of `extent` that are not in the set, as one run.
    pub(crate) fn first_gap(&self, extent: Extent) -> Option<Extent> {
        let inside = self.run_before(extent.first.0).filter(|run| run.end() > extent.first.0);
        let first = inside.map_or(extent.first.0, Extent::end);
        let next = self.ends.range(first..).next().map_or(u64::MAX, |(&start, _)| start);
        let end = extent.end().min(next);
        (first < end).then(|| Extent::new(first, end - first))
    }

    /// Appends the chunks of `extent` that are not in the set.
    pub(crate) fn gaps(&self, extent: Extent, out: &mut Vec<Extent>) {
        let mut rest = extent;
        while let Some(gap) = self.first_gap(rest) {
            out.push(gap);
            rest = Extent::new(gap.end(), extent.end() - gap.end());
        }
    }

    /// The runs, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Extent> {
        self.ends.iter().map(|(&first, &end)| Extent::new(first, end - first))
    }

    /// How many runs there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The run that begins with this chunk or before it.
    fn run_before(&self, chunk: u64) -> Option<Extent> {
        let (&first, &end) = self.ends.range(..=chunk).next_back()?;
        Some(Extent::new(first, end - first))
    }
}

#[cfg(test)]
mod tests {
    //! Against a set of single chunks.

    use alloc::collections::BTreeSet;

    use super::*;

    /// All sets of runs that three insertions into ten chunks can make.
    #[test]
    fn it_holds_what_was_inserted_in_as_few_runs_as_possible() {
        let all: Vec<_> =
            (0..9).flat_map(|first| (0..4).map(move |count| Extent::new(first, count))).collect();
        for &one in &all {
            for &two in &all {
                for &three in all.iter().step_by(3) {
                    let inserted = [one, two, three];
                    let mut set = Extents::default();
                    inserted.iter().for_each(|&extent| set.insert(extent));
                    check(&set, &inserted);
                }
            }
        }
    }

    fn check(set: &Extents, inserted: &[Extent]) {
        let chunks: BTreeSet<u64> =
            inserted.iter().flat_map(|extent| extent.first.0..extent.end()).collect();
        let found: BTreeSet<u64> =
            set.iter().flat_map(|extent| extent.first.0..extent.end()).collect();
        assert_eq!(found, chunks, "{inserted:?}");
        let starts = chunks.iter().filter(|&&chunk| chunk == 0 || !chunks.contains(&(chunk - 1)));
        assert_eq!(set.len(), starts.count(), "{inserted:?}");
        for extent in [Extent::new(0, 13), Extent::new(3, 5), Extent::new(5, 0)] {
            let mut gaps = Vec::new();
            set.gaps(extent, &mut gaps);
            let missing: Vec<u64> =
                (extent.first.0..extent.end()).filter(|chunk| !chunks.contains(chunk)).collect();
            let found: Vec<u64> =
                gaps.iter().flat_map(|extent| extent.first.0..extent.end()).collect();
            assert_eq!(found, missing, "{inserted:?}");
        }
    }
}
