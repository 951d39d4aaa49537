//! Which copies need the chunks that were preserved, when copies go in any order.
//!
//! A chunk that is preserved for copy n, and was preserved last for copy p, is needed by the live
//! copies from p (exclusive) up to n. Which ones these are does not change if p and n are replaced
//! by the newest live copies that are not above them. So it is enough to count, for each pair of
//! live copies, the chunks between them; whatever lies between a copy and itself is free.

use std::collections::BTreeMap;

/// The live copies, and how many preserved chunks they need.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// For each live copy n: chunks by their p, which is a live copy below it, or 0.
    live: BTreeMap<u32, BTreeMap<u32, u64>>,
    chunks: u64,
}

impl Ledger {
    /// Chunks that some live copy needs.
    pub(super) fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The newest live copy.
    pub(super) fn newest(&self) -> Option<u32> {
        self.live.last_key_value().map(|(&copy, _)| copy)
    }

    pub(super) fn create(&mut self, copy: u32) {
        self.live.entry(copy).or_default();
    }

    /// A chunk is preserved for the newest copy, and was last for the copy `since`.
    pub(super) fn preserve(&mut self, since: u32) {
        let since = self.at_most(since);
        if let Some(mut newest) = self.live.last_entry() {
            *newest.get_mut().entry(since).or_default() += 1;
            self.chunks += 1;
        }
    }

    /// Deletes a copy; whether there was one.
    pub(super) fn delete(&mut self, copy: u32) -> bool {
        let Some(counts) = self.live.remove(&copy) else { return false };
        let before = self.at_most(copy);
        for (since, count) in counts {
            match self.live.get_mut(&before) {
                Some(counts) if since != before => *counts.entry(since).or_default() += count,
                _ => self.chunks -= count,
            }
        }
        for counts in self.live.range_mut(copy..).map(|(_, counts)| counts) {
            if let Some(count) = counts.remove(&copy) {
                *counts.entry(before).or_default() += count;
            }
        }
        true
    }

    /// The newest live copy that is not above this one, or 0.
    fn at_most(&self, copy: u32) -> u32 {
        self.live.range(..=copy).next_back().map_or(0, |(&copy, _)| copy)
    }

    /// Numbers that it keeps.
    #[cfg(test)]
    fn counts(&self) -> usize {
        self.live.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Create,
        Delete(prop::sample::Index),
        Preserve(usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            2 => Just(Act::Create),
            2 => any::<prop::sample::Index>().prop_map(Act::Delete),
            6 => (0..8_usize).prop_map(Act::Preserve),
        ];
        prop::collection::vec(act, 0..200)
    }

    proptest! {
        /// Against the definition: each record has the set of copies that it answers for.
        #[test]
        fn counts_what_sets_of_copies_say(acts in acts()) {
            let mut ledger = Ledger::default();
            let mut live: Vec<u32> = Vec::new();
            let mut records: Vec<(u32, u32)> = Vec::new();
            let mut last = [0; 8];
            let mut next = 1;
            for act in acts {
                match act {
                    Act::Create => {
                        ledger.create(next);
                        live.push(next);
                        next += 1;
                    }
                    Act::Delete(_) if live.is_empty() => prop_assert!(!ledger.delete(next)),
                    Act::Delete(index) => {
                        prop_assert!(ledger.delete(live.remove(index.index(live.len()))));
                    }
                    Act::Preserve(chunk) => {
                        prop_assert_eq!(ledger.newest(), live.last().copied());
                        if let Some(&newest) = live.last() && last[chunk] < newest {
                            records.push((last[chunk], newest));
                            ledger.preserve(last[chunk]);
                            last[chunk] = newest;
                        }
                    }
                }
                let is_needed = |(since, newest): &&(u32, u32)| {
                    live.iter().any(|copy| since < copy && copy <= newest)
                };
                prop_assert_eq!(ledger.chunks(), records.iter().filter(is_needed).count() as u64);
                prop_assert!(ledger.counts() <= live.len() * (live.len() + 1) / 2);
            }
        }
    }
}
