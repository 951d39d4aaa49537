//! The table against its definition.
//!
//! A volume lives through random writes, discards, copies taken and deleted, and slices of garbage
//! collection. Beside the table, a plain map keeps every record there ever was, a chunk at a time,
//! and answers by the definition: the first record of the chunk that is not older than the copy.
//! For every live copy the two must agree at all times, whatever was swept meanwhile; no slot may
//! be freed that a live copy needs, nor twice, nor be kept when a sweep is complete.

mod tree;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::format::record::{MAX_RUN, MAX_ZEROS};

/// The first chunk of all, short of a window's end, so that runs cross it.
const BASE: u64 = (1 << 32) - 1500;
const CHUNKS: u64 = 3000;

#[derive(Clone, Debug)]
enum Act {
    /// A write or a discard: preserves what the newest live copy lacks.
    Write { first: u64, count: u64, zeros: bool },
    /// As many writes of one chunk, all over the place.
    Scatter { seed: u64, count: u64 },
    /// Takes a copy.
    Create,
    /// Deletes one of the live copies.
    Delete { which: usize },
    /// Inserts again what these chunks have for one of the copies, cut in other places.
    Again { first: u64, count: u64, which: usize },
    /// A slice of garbage collection.
    Sweep { budget: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let extent = || (0..CHUNKS, prop_oneof![1..8_u64, 1..700_u64]);
    let act = prop_oneof![
        6 => (extent(), prop::bool::weighted(0.2))
            .prop_map(|((first, count), zeros)| Act::Write { first, count, zeros }),
        1 => (any::<u64>(), 1..400_u64).prop_map(|(seed, count)| Act::Scatter { seed, count }),
        4 => Just(Act::Create),
        3 => any::<usize>().prop_map(|which| Act::Delete { which }),
        1 => (extent(), any::<usize>())
            .prop_map(|((first, count), which)| Act::Again { first, count, which }),
        2 => (1..600_usize).prop_map(|budget| Act::Sweep { budget }),
    ];
    prop::collection::vec(act, 1..60)
}

struct World {
    table: Table,
    /// Every record there ever was, by chunk and copy.
    history: BTreeMap<(u64, CopyId), (Content, u32)>,
    created: CopyId,
    live: BTreeSet<CopyId>,
    next_slot: u32,
    freed: BTreeSet<u32>,
    sweep: Cursor,
    swept: bool,
}

impl World {
    fn new() -> Self {
        let first = id(1);
        Self {
            table: Table::new(),
            history: BTreeMap::new(),
            created: first,
            live: [first].into(),
            next_slot: 1,
            freed: BTreeSet::new(),
            sweep: Cursor::default(),
            swept: false,
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Write { first, count, zeros } => {
                self.write(first, count.min(CHUNKS - first), zeros)
            }
            Act::Scatter { seed, count } => {
                for at in random(seed).take(count as usize) {
                    self.write(at % CHUNKS, 1, at % 16 == 0);
                }
            }
            Act::Create => {
                self.created = self.created.next().expect("few copies");
                self.live.insert(self.created);
            }
            Act::Delete { which } => {
                if let Some(copy) = self.live.iter().nth(which % self.live.len().max(1)).copied() {
                    self.live.remove(&copy);
                }
            }
            Act::Again { first, count, which } => self.again(first, count, which),
            Act::Sweep { budget } => self.sweep(budget),
        }
    }

    fn write(&mut self, first: u64, count: u64, zeros: bool) {
        let Some(&newest) = self.live.last() else { return };
        let mut lacking = Vec::new();
        self.table.lacking(newest, Extent::new(BASE + first, count), &mut lacking);
        for chunks in lacking {
            let slot = self.next_slot;
            let content = if zeros { Content::Zeros } else { Content::Slot(SlotIndex(slot)) };
            // Sometimes the next run's slots are neighbours of this one's, sometimes not.
            self.next_slot += chunks.count as u32 + slot % 2;
            let sums: Vec<u32> = (slot..).take(chunks.count as usize).map(sum_of).collect();
            let run = Run { chunks, copy: newest, content };
            self.table.insert(run, if zeros { &[] } else { &sums });
            for at in 0..chunks.count {
                let (part, sums) = run.part(&sums, at, 1);
                let sum = sums.first().copied().unwrap_or(0);
                let before =
                    self.history.insert((chunks.first.0 + at, run.copy), (part.content, sum));
                assert_eq!(before, None, "{run:?} was not lacking");
            }
        }
    }

    fn again(&mut self, first: u64, count: u64, which: usize) {
        // What was swept must not come back: in a journal it cannot, either.
        if self.swept {
            return;
        }
        let copy = id(1 + (which % self.created.number() as usize) as u32);
        let mut runs: Vec<(Run, Vec<u32>)> = Vec::new();
        for chunk in BASE + first..BASE + first + count {
            let Some(&(content, sum)) = self.history.get(&(chunk, copy)) else { continue };
            let sums = if content == Content::Zeros { vec![] } else { vec![sum] };
            match runs.last_mut() {
                Some((run, all)) if run.chunks.end() == chunk && follows(run, content) => {
                    run.chunks.count += 1;
                    all.extend(sums);
                }
                _ => runs.push((Run { chunks: Extent::new(chunk, 1), copy, content }, sums)),
            }
        }
        let before = self.table.chunks();
        runs.iter().for_each(|(run, sums)| self.table.insert(*run, sums));
        assert_eq!(self.table.chunks(), before);
    }

    fn sweep(&mut self, budget: usize) {
        self.swept = true;
        let live = &self.live;
        let mut freed = Vec::new();
        let below = |copy| live.range(..=copy).next_back().copied();
        let done = self.table.sweep(&mut self.sweep, budget, below, |first, count| {
            freed.extend(first.0..first.0 + count);
        });
        if done {
            self.sweep = Cursor::default();
        }
        let needed = self.needed_slots();
        for slot in freed {
            assert!(!needed.contains(&slot), "slot {slot} was freed and is needed");
            assert!(self.freed.insert(slot), "slot {slot} was freed twice");
        }
    }

    /// By the definition: a live copy lies between the previous record and this one.
    fn needed(&self) -> impl Iterator<Item = (Content, u32)> {
        self.history.iter().filter_map(|(&(chunk, copy), &found)| {
            let previous = self.history.range((chunk, id(1))..(chunk, copy)).next_back();
            let after = previous.map_or(0, |(&(_, copy), _)| copy.number());
            let mut live = self.live.range(..=copy);
            live.next_back().filter(|live| live.number() > after).map(|_| found)
        })
    }

    fn needed_slots(&self) -> BTreeSet<u32> {
        let slots = self.needed().filter_map(|(content, _)| match content {
            Content::Slot(slot) => Some(slot.0),
            Content::Zeros => None,
        });
        slots.collect()
    }

    fn found(&self, copy: CopyId, chunk: u64) -> Option<Found> {
        let mut records = self.history.range((chunk, copy)..=(chunk, CopyId::MAX));
        records.next().map(|(&(_, copy), &(content, sum))| Found { copy, content, sum })
    }

    /// Asks everything about every live copy.
    fn check(&self, table: &Table) {
        let all = Extent::new(BASE, CHUNKS);
        for &copy in &self.live {
            let found: Vec<_> = (BASE..all.end()).map(|chunk| self.found(copy, chunk)).collect();
            for (chunk, found) in (BASE..).map(ChunkIndex).zip(&found) {
                assert_eq!(table.lookup(copy, chunk), *found, "copy {copy} of {chunk:?}");
                assert_eq!(table.holds(copy, chunk), found.is_some());
            }

            let until = copy.next().and_then(CopyId::next);
            let (mut lacking, mut changed) = (vec![all], vec![all]);
            table.lacking(copy, all, &mut lacking);
            table.changed(copy, until, &mut changed);
            assert_eq!(lacking[1..], extents(&found, |found| found.is_none()));
            let is_before = |found: &Found| until.is_none_or(|until| found.copy < until);
            assert_eq!(changed[1..], extents(&found, |found| found.is_some_and(|f| is_before(&f))));

            let mut plan = Plan::default();
            table.resolve(copy, all, &mut plan);
            check_plan(&plan.pieces, &plan.sums, all, &found);
            let part = Extent::new(BASE + 1000 - u64::from(copy.number()), 700);
            let (pieces, at) = (plan.pieces.len(), (part.first.0 - BASE) as usize);
            table.resolve(copy, part, &mut plan);
            check_plan(&plan.pieces[pieces..], &plan.sums, part, &found[at..][..700]);
            plan.clear();
            assert_eq!(plan, Plan::default());
        }
    }

    /// The table again, from its runs in any order, cut anywhere and some of them said twice, as a
    /// journal is loaded; it is told to pass through the table after so many.
    fn loaded(&self, limit: usize) -> Table {
        let mut parts = Vec::new();
        self.table.runs_from(&mut Cursor::default(), usize::MAX, |run, sums| {
            let cuts = [1, run.chunks.count / 2, run.chunks.count - run.chunks.count / 2];
            for (count, from_end) in cuts.into_iter().zip([false, false, true]) {
                let at = if from_end { run.chunks.count - count } else { 0 };
                if count > 0 {
                    let (part, sums) = run.part(sums, at, count);
                    parts.push((part, sums.to_vec()));
                }
            }
        });
        let order = |(run, _): &(Run, Vec<u32>)| {
            random(run.chunks.first.0 + run.chunks.count).nth(run.copy.number() as usize)
        };
        parts.sort_by_key(order);
        let (mut table, mut bulk) = (Table::new(), Bulk::default());
        for some in parts.chunks(limit) {
            some.iter().for_each(|(run, sums)| bulk.insert(&mut table, *run, sums));
            bulk.flush(&mut table);
        }
        bulk.finish(&mut table);
        table
    }

    /// The table again, from its runs in slices of `limit`.
    fn replayed(&self, limit: usize) -> Table {
        let (mut table, mut cursor) = (Table::new(), Cursor::default());
        let mut done = false;
        while !done {
            done = self.table.runs_from(&mut cursor, limit, |run, sums| {
                let (longest, all) = match run.content {
                    Content::Zeros => (MAX_ZEROS, 0),
                    Content::Slot(_) => (MAX_RUN, run.chunks.count),
                };
                assert!((1..=longest).contains(&run.chunks.count));
                assert_eq!(sums.len() as u64, all);
                table.insert(run, sums);
            });
        }
        table
    }
}

fn check_plan(pieces: &[Piece], sums: &[u32], extent: Extent, found: &[Option<Found>]) {
    let mut next = extent.first.0;
    let mut told = Vec::new();
    for piece in pieces {
        assert_eq!(piece.chunks.first.0, next);
        next = piece.chunks.end();
        told.extend((0..piece.chunks.count as usize).map(|at| match piece.from {
            Source::Origin => None,
            Source::Zeros => Some((Content::Zeros, 0)),
            Source::Slots { first, sums: start } => {
                Some((Content::Slot(SlotIndex(first.0 + at as u32)), sums[start + at]))
            }
        }));
    }
    assert_eq!(next, extent.end());
    let expected: Vec<_> = found.iter().map(|f| f.map(|f| (f.content, f.sum))).collect();
    assert_eq!(told, expected);

    for pair in pieces.windows(2) {
        let joins = match (pair[0].from, pair[1].from) {
            (Source::Slots { first, .. }, Source::Slots { first: next, .. }) => {
                u64::from(first.0) + pair[0].chunks.count == u64::from(next.0)
            }
            (left, right) => left == right,
        };
        assert!(!joins, "{pair:?} is one piece");
    }
}

/// The maximal runs of chunks from [`BASE`] on that `is_in`.
fn extents(found: &[Option<Found>], is_in: impl Fn(Option<Found>) -> bool) -> Vec<Extent> {
    let mut out: Vec<Extent> = Vec::new();
    for (chunk, _) in (BASE..).zip(found).filter(|(_, found)| is_in(**found)) {
        match out.last_mut() {
            Some(last) if last.end() == chunk => last.count += 1,
            _ => out.push(Extent::new(chunk, 1)),
        }
    }
    out
}

fn follows(run: &Run, content: Content) -> bool {
    match (run.content, content) {
        (Content::Zeros, Content::Zeros) => true,
        (Content::Slot(first), Content::Slot(next)) => {
            u64::from(first.0) + run.chunks.count == u64::from(next.0)
        }
        _ => false,
    }
}

fn id(number: u32) -> CopyId {
    CopyId::new(number).expect("a valid number")
}

fn sum_of(slot: u32) -> u32 {
    slot.wrapping_mul(0x9E37_79B9)
}

fn random(seed: u64) -> impl Iterator<Item = u64> {
    let step = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    core::iter::successors(Some(seed), step).skip(1).map(|state| state >> 24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn answers_as_defined_whatever_is_swept(acts in acts(), limit in 1..2000_usize) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.check(&world.table);
        world.check(&world.replayed(limit));
        world.check(&world.loaded(limit));
        prop_assert_eq!(world.loaded(limit).chunks(), world.table.chunks());

        // What is left of the pass under way, and then a complete one.
        world.sweep(usize::MAX);
        world.sweep(usize::MAX);
        world.check(&world.table);
        world.check(&world.replayed(limit));
        let mut slots = BTreeSet::new();
        world.table.for_each_slot(|first, count| {
            slots.extend(first.0..first.0 + count);
        });
        prop_assert_eq!(slots, world.needed_slots());
        prop_assert_eq!(world.table.chunks(), world.needed().count() as u64);

        // Once all copies are gone, nothing stays.
        world.live.clear();
        world.sweep(usize::MAX);
        prop_assert_eq!(world.table.chunks(), 0);
        prop_assert!(world.table.tree.is_empty());
    }
}

fn run(first: u64, count: u64, slot: u32) -> Run {
    let content = Content::Slot(SlotIndex(slot));
    Run { chunks: Extent::new(first, count), copy: id(1), content }
}

#[test]
fn of_a_run_that_is_there_in_part_only_the_rest_is_added() {
    let mut table = Table::new();
    table.insert(run(3, 2, 103), &[3, 4]);
    table.insert(run(0, 10, 200), &[10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assert_eq!(table.chunks(), 10);
    let found = (0..10).map(|chunk| table.lookup(id(1), ChunkIndex(chunk)).expect("a record"));
    let told: Vec<_> = found.map(|found| (found.content, found.sum)).collect();
    let slots = [200, 201, 202, 103, 104, 205, 206, 207, 208, 209];
    let sums = [10, 11, 12, 3, 4, 15, 16, 17, 18, 19];
    let expected = slots.map(|slot| Content::Slot(SlotIndex(slot))).into_iter().zip(sums);
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[test]
fn an_extent_that_begins_with_what_is_there_lacks_only_what_is_behind() {
    let mut table = Table::new();
    table.insert(run(3, 2, 103), &[3, 4]);
    let mut lacking = Vec::new();
    table.lacking(id(1), Extent::new(3, 4), &mut lacking);
    assert_eq!(lacking, [Extent::new(5, 2)]);
}

#[test]
fn each_block_answers_once_and_none_for_an_empty_extent() {
    let mut table = Table::new();
    table.insert(run(4, 4, 100), &[1; 4]);
    table.insert(Run { copy: id(2), ..run(4, 1, 200) }, &[2]);
    let blocks = |extent| table.answers(1, extent).map(|(key, _)| key.chunks()).collect::<Vec<_>>();
    assert_eq!(blocks(Extent::new(4, 1)), [Extent::new(4, 4), Extent::new(4, 1)]);
    assert_eq!(blocks(Extent::new(5, 1)), [Extent::new(4, 4)]);
    assert_eq!(blocks(Extent::new(5, 0)), []);
}

#[test]
fn the_checksums_of_many_blocks_are_found_again() {
    let mut table = Table::new();
    for nth in 0..3000_u32 {
        table.insert(run(u64::from(nth) * 4, 2, nth * 2), &[nth, !nth]);
    }
    for nth in 0..3000_u32 {
        for (at, sum) in [(0, nth), (1, !nth)] {
            let found = table.lookup(id(1), ChunkIndex(u64::from(nth) * 4 + at));
            assert_eq!(found.map(|found| found.sum), Some(sum));
        }
    }
}

#[test]
fn neighbours_are_replayed_as_one_run() {
    let mut table = Table::new();
    for nth in 0..5 {
        table.insert(run(7 + u64::from(nth), 1, 50 + nth), &[nth]);
        table.insert(Run { content: Content::Zeros, ..run(20 + u64::from(nth), 1, 0) }, &[]);
    }
    // Behind the last one on the volume, but not in the slots; then the other way round.
    table.insert(run(12, 1, 90), &[5]);
    table.insert(run(14, 1, 91), &[6]);
    let mut runs = Vec::new();
    let done = table.runs_from(&mut Cursor::default(), 100, |run, sums| {
        runs.push((run, sums.to_vec()));
    });
    assert!(done);
    let zeros = Run { content: Content::Zeros, ..run(20, 5, 0) };
    let expected = [
        (run(7, 5, 50), vec![0, 1, 2, 3, 4]),
        (run(12, 1, 90), vec![5]),
        (run(14, 1, 91), vec![6]),
        (zeros, vec![]),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn ten_thousand_copies_of_one_chunk_are_found_and_freed() {
    let mut table = Table::new();
    for n in 1..=10_000 {
        let run = Run {
            chunks: Extent::new(7, 1),
            copy: id(2 * n),
            content: Content::Slot(SlotIndex(n)),
        };
        table.insert(run, &[n]);
    }
    for n in 1..=10_000 {
        for copy in [id(2 * n - 1), id(2 * n)] {
            assert_eq!(table.lookup(copy, ChunkIndex(7)).map(|found| found.sum), Some(n));
        }
    }
    assert_eq!(table.lookup(id(20_001), ChunkIndex(7)), None);

    let live = |copy: CopyId| (copy >= id(9_999)).then_some(id(9_999));
    let mut freed = Vec::new();
    while !table.sweep(&mut Cursor::default(), 20_000, live, |slot, _| freed.push(slot.0)) {}
    assert_eq!(freed.len(), 9_999);
    assert_eq!(table.lookup(id(9_999), ChunkIndex(7)).map(|found| found.sum), Some(5_000));
}

#[test]
fn memory_of_swept_runs_is_used_again() {
    let mut table = Table::new();
    let mut bytes = 0;
    for round in 1..=20 {
        for at in 0..300 {
            let content = Content::Slot(SlotIndex(at * 100));
            let chunks = Extent::new(u64::from(at) * 128, 100);
            table.insert(Run { chunks, copy: id(round), content }, &[round; 100]);
        }
        assert!(bytes == 0 || table.heap_bytes() <= bytes, "more in round {round}");
        bytes = table.heap_bytes();
        table.sweep(&mut Cursor::default(), usize::MAX, |_| None, |_, _| ());
        assert_eq!(table.chunks(), 0);
    }
}

/// Enough to be passed over several times, then a few that are not worth a pass, and all again.
#[test]
fn random_chunks_are_loaded_into_full_leaves() {
    let (mut table, mut bulk) = (Table::new(), Bulk::default());
    let all: BTreeMap<u64, u32> =
        random(3).map(|chunk| chunk % (1 << 28)).zip(0..300_000).collect();
    let mut shuffled: Vec<(u64, u32)> = all.iter().map(|(&chunk, &slot)| (chunk, slot)).collect();
    shuffled.sort_by_key(|(_, slot)| *slot);
    let (most, few) = shuffled.split_at(shuffled.len() - 1_000);
    for part in [most, few, &shuffled] {
        for &(chunk, slot) in part {
            bulk.insert(&mut table, run(chunk, 1, slot), &[slot]);
        }
        bulk.flush(&mut table);
    }
    bulk.finish(&mut table);
    assert_eq!(table.chunks(), all.len() as u64);
    for (&chunk, &slot) in &all {
        let found = table.lookup(id(1), ChunkIndex(chunk)).expect("a record");
        assert_eq!((found.content, found.sum), (Content::Slot(SlotIndex(slot)), slot));
    }
    let each = table.heap_bytes() as f64 / table.chunks() as f64;
    assert!(each < 14.4, "{each} bytes for a random chunk");
}

#[test]
fn random_chunks_take_16_bytes_at_most_and_chunks_of_runs_5() {
    let mut table = Table::new();
    for (slot, chunk) in (0..1_000_000).zip(random(1)) {
        let content = Content::Slot(SlotIndex(slot));
        let chunks = Extent::new(chunk % (1 << 28), 1);
        table.insert(Run { chunks, copy: id(1), content }, &[slot]);
    }
    let each = table.heap_bytes() as f64 / table.chunks() as f64;
    assert!(each < 16.0, "{each} bytes for a random chunk");

    let mut table = Table::new();
    for (number, start) in (0..20_000_u32).zip(random(2)) {
        let content = Content::Slot(SlotIndex(number * 256));
        let chunks = Extent::new(start % (1 << 28), 256);
        table.insert(Run { chunks, copy: id(1), content }, &[0; 256]);
    }
    let each = table.heap_bytes() as f64 / table.chunks() as f64;
    assert!(each < 5.0, "{each} bytes for a chunk of a run");
}
