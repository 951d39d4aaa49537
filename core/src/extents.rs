//! A set of chunks, as runs that neither overlap nor touch.
//!
//! The runs lie in groups, so that an insertion moves those of one group only, however many there are.
//! `BTreeMap` does the same with four times the code, which is much for a page to load.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::units::Extent;

/// Runs of a group; one that has more is split. Few in tests, so that small sets have groups, too.
const MOST: usize = if cfg!(test) { 2 } else { 512 };

/// Chunks, merged into as few runs as there can be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extents {
    /// Invariant: no group is empty; all runs are in order, and none touches another.
    groups: Vec<Vec<Extent>>,
}

impl Extents {
    /// Adds chunks; those that are in the set already stay.
    pub(crate) fn insert(&mut self, extent: Extent) {
        if extent.is_empty() {
            return;
        }
        let (mut first, mut end) = (extent.first.0, extent.end());
        loop {
            let (nth, at) = self.find(first);
            let Some(run) = self.run(nth, at).filter(|run| run.first.0 <= end) else {
                return self.put(nth, at, Extent::new(first, end - first));
            };
            first = first.min(run.first.0);
            end = end.max(run.end());
            self.groups[nth].remove(at);
            if self.groups[nth].is_empty() {
                self.groups.remove(nth);
            }
        }
    }

    /// The first chunks of `extent` that are not in the set, as one run.
    pub(crate) fn first_gap(&self, extent: Extent) -> Option<Extent> {
        let mut first = extent.first.0;
        let mut next = self.behind(first);
        if let Some(inside) = next.filter(|run| run.first.0 <= first) {
            first = inside.end();
            next = self.behind(first);
        }
        let end = next.map_or(extent.end(), |run| extent.end().min(run.first.0));
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
        self.groups.iter().flatten().copied()
    }

    /// How many runs there are.
    pub(crate) fn len(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// The first run that ends behind this chunk.
    fn behind(&self, chunk: u64) -> Option<Extent> {
        let (nth, at) = self.find(chunk + 1);
        self.run(nth, at)
    }

    fn run(&self, nth: usize, at: usize) -> Option<Extent> {
        self.groups.get(nth)?.get(at).copied()
    }

    /// The group, and the place in it, of the first run that ends at this chunk or behind it.
    fn find(&self, chunk: u64) -> (usize, usize) {
        let before = |run: &Extent| run.end() < chunk;
        let nth = self.groups.partition_point(|group| group.last().is_some_and(before));
        (nth, self.groups.get(nth).map_or(0, |group| group.partition_point(before)))
    }

    /// Puts a run in its place, which it touches no other one at.
    fn put(&mut self, nth: usize, at: usize, run: Extent) {
        let Some(group) = self.groups.get_mut(nth) else {
            // It comes behind all others.
            match self.groups.last_mut().filter(|group| group.len() < MOST) {
                Some(group) => group.push(run),
                None => self.groups.push(alloc::vec![run]),
            }
            return;
        };
        group.insert(at, run);
        if group.len() > MOST {
            let behind = group.split_off(MOST / 2);
            self.groups.insert(nth + 1, behind);
        }
    }
}

/// How the runs are grouped is nobody's business.
impl PartialEq for Extents {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Extents {}

impl Hash for Extents {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|run| run.hash(state));
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
