//! The ordered map against the standard library's, through growth to several groups, ranges
//! emptied and filled again, and windows that begin and end.

use alloc::collections::BTreeMap;

use super::*;

/// Chunks round the end of a window, which is 2^27 chunks long.
const MIDDLE: u64 = 5 << 27;

#[derive(Default)]
struct Both {
    tree: Tree,
    model: BTreeMap<Key, u32>,
}

impl Both {
    fn insert(&mut self, key: Key) {
        let slot = self.model.len() as u32;
        if let Some(copy) = CopyId::new(key.copy)
            && !self.model.contains_key(&key)
        {
            self.model.insert(key, slot);
            self.tree.insert(key, Entry::new(key, copy, slot, 0));
        }
    }

    fn remove(&mut self, key: Key) {
        let removed = self.tree.remove(key).map(|entry| entry.slot);
        assert_eq!(removed, self.model.remove(&key));
    }

    fn check(&self, probes: impl Iterator<Item = Key>) {
        assert!(
            self.tree.iter().map(|(key, entry)| (key, entry.slot)).eq(self.pairs(Key::default()))
        );
        let mut sorted: Vec<Key> = probes.collect();
        for &key in &sorted {
            let found = self.tree.walk(key).peek().map(|(key, entry)| (key, entry.slot));
            assert_eq!(found, self.pairs(key).next());
        }
        sorted.sort_unstable();
        let mut walk = self.tree.walk(sorted[0]);
        for key in sorted {
            let found = walk.seek(key).map(|(key, entry)| (key, entry.slot));
            assert_eq!(found, self.pairs(key).next());
        }
    }

    fn pairs(&self, from: Key) -> impl Iterator<Item = (Key, u32)> {
        self.model.range(from..).map(|(key, slot)| (*key, *slot))
    }
}

/// Keys of few blocks with many copies, of many blocks, or anywhere.
fn keys(seed: u64) -> impl Iterator<Item = Key> {
    random(seed).zip(random(!seed)).map(|(left, right)| {
        let chunk = match left % 4 {
            0 => MIDDLE - 20 + right % 40,
            1 | 2 => MIDDLE - 40_000 + right % 80_000,
            _ => right,
        };
        Key::new(chunk, (left >> 2) as u32 % 4, 1 + (left >> 8) as u32 % 2000)
    })
}

#[test]
fn does_as_the_standard_map_does() {
    let mut both = Both::default();
    for round in 0..4 {
        keys(round).take(60_000).for_each(|key| both.insert(key));
        both.check(keys(round + 100).take(5_000));

        // All of some ranges, so that leaves and groups go; then some of the rest.
        for start in keys(round + 200).take(20) {
            let gone: Vec<Key> = both.pairs(start).map(|(key, _)| key).take(4_000).collect();
            gone.into_iter().for_each(|key| both.remove(key));
            both.insert(start);
            both.check(keys(round + 300).take(50));
        }
        let gone: Vec<Key> = both.pairs(Key::default()).map(|(key, _)| key).step_by(3).collect();
        gone.into_iter().for_each(|key| both.remove(key));
        keys(round + 400).take(1_000).for_each(|key| both.remove(key));
        both.check(keys(round + 500).take(5_000));
    }

    let all: Vec<Key> = both.pairs(Key::default()).map(|(key, _)| key).collect();
    all.into_iter().for_each(|key| both.remove(key));
    assert!(both.tree.is_empty());
}

/// Numbers that were taken by more copies than a group can count.
#[test]
fn a_group_forgets_the_copies_of_which_it_has_nothing_any_more() {
    let mut both = Both::default();
    (0..200).for_each(|chunk| both.insert(Key::new(chunk, 0, 1)));
    for copy in 2..66_000 {
        both.insert(Key::new(300, 0, copy));
        if copy >= 10 {
            both.remove(Key::new(300, 0, copy - 8));
        }
    }
    both.check((0..400).map(|chunk| Key::new(chunk, 0, 65_995)));
}

#[test]
fn ascending_keys_fill_their_leaves() {
    let (mut up, mut down) = (Tree::default(), Tree::default());
    for chunk in 0..100_000 {
        let (low, high) = (Key::new(chunk, 0, 1), Key::new(100_000 - chunk, 0, 1));
        up.insert(low, Entry::new(low, id(1), 0, 0));
        down.insert(high, Entry::new(high, id(1), 0, 0));
    }
    assert!(up.heap_bytes() < 1_450_000, "{}", up.heap_bytes());
    assert!(down.heap_bytes() < 1_450_000, "{}", down.heap_bytes());
}

#[test]
fn what_is_left_when_most_is_removed_takes_little_memory() {
    let mut tree = Tree::default();
    let all = |step| (0..100_000).step_by(step).map(|chunk| Key::new(chunk * 8, 0, 1));
    for key in all(1) {
        tree.insert(key, Entry::new(key, id(1), 0, 0));
    }
    for key in all(1).filter(|key| key.chunks().first.0 % 256 != 0) {
        tree.remove(key).expect("an entry");
    }
    assert_eq!(tree.iter().count(), all(32).count());
    let each = tree.heap_bytes() as f64 / all(32).count() as f64;
    assert!(each < 28.0, "{each} bytes for an entry");
}
