//! Which chunks were preserved for the newest copy: a bit each.

use shadowvol::Extent;

use super::pages::{PAGE, Pages};

const BITS: u64 = u64::BITS as u64;

/// A set of chunks that is emptied at each copy.
#[derive(Debug)]
pub(super) struct Marks {
    pages: Pages<Page>,
    /// How often it was emptied. A page of another round is empty.
    round: u32,
}

#[derive(Debug)]
struct Page {
    round: u32,
    bits: [u64; (PAGE / BITS) as usize],
}

impl Default for Page {
    fn default() -> Self {
        Self { round: 0, bits: [0; (PAGE / BITS) as usize] }
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        Self { pages: Pages::new(), round: 0 }
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.round += 1;
    }

    /// Adds these chunks, and appends those that were not in it: maximal runs, ascending.
    pub(super) fn insert(&mut self, extent: Extent, new: &mut Vec<Extent>) {
        let mut first = extent.first.0;
        while first < extent.end() {
            let page = self.pages.of(first);
            if page.round != self.round {
                *page = Page { round: self.round, ..Page::default() };
            }
            let page_end = (first / PAGE + 1) * PAGE;
            while first < extent.end().min(page_end) {
                let low = first % BITS;
                let base = first - low;
                let high = (extent.end() - base).min(BITS);
                let mask = u64::MAX << low & u64::MAX >> (BITS - high);
                let word = &mut page.bits[(base % PAGE / BITS) as usize];
                append_runs(base, mask & !*word, new);
                *word |= mask;
                first = base + high;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn pages(&self) -> usize {
        self.pages.count()
    }
}

/// Appends the runs of ones, the lowest of which is chunk `base`.
fn append_runs(base: u64, mut ones: u64, runs: &mut Vec<Extent>) {
    while ones != 0 {
        let low = u64::from(ones.trailing_zeros());
        let count = u64::from((ones >> low).trailing_ones());
        push(runs, base + low, count);
        ones &= !(u64::MAX >> (BITS - count) << low);
    }
}

/// Adds a run, together with the one before if they are neighbours.
pub(super) fn push(runs: &mut Vec<Extent>, first: u64, count: u64) {
    match runs.last_mut() {
        Some(last) if last.end() == first => last.count += count,
        _ => runs.push(Extent::new(first, count)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Extents, and whether the set is emptied before: with 0.
    fn acts() -> impl Strategy<Value = Vec<(u64, u64, u8)>> {
        prop::collection::vec((0..PAGE * 3, 0..400_u64, 0..12_u8), 1..60)
    }

    proptest! {
        #[test]
        fn does_as_a_set_does(acts in acts()) {
            let (mut marks, mut set) = (Marks::new(), BTreeSet::new());
            for (first, count, clears) in acts {
                if clears == 0 {
                    marks.clear();
                    set.clear();
                }
                let mut new = Vec::new();
                marks.insert(Extent::new(first, count), &mut new);
                let chunks: Vec<_> = new.iter().flat_map(|run| run.first.0..run.end()).collect();
                let expected: Vec<_> =
                    (first..first + count).filter(|chunk| set.insert(*chunk)).collect();
                prop_assert_eq!(chunks, expected);
                prop_assert!(new.windows(2).all(|two| two[0].end() < two[1].first.0), "maximal");
            }
        }
    }

    #[test]
    fn memory_is_a_bit_for_each_chunk_that_is_near_a_write() {
        let mut marks = Marks::new();
        for round in 0..1000 {
            for chunk in (0..1 << 20).step_by(4099) {
                marks.insert(Extent::new(chunk, 1), &mut Vec::new());
            }
            assert_eq!(marks.pages(), (1 << 20) / PAGE as usize, "in round {round}");
            marks.clear();
        }
        assert!(size_of::<Page>() <= PAGE as usize / 8 + 8);
    }
}
