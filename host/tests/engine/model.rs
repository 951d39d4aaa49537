//! Any sequence of operations against plain byte arrays, while passive nodes read.
//!
//! The model is an array for the volume and one for each shadow copy, taken at its instant. Two
//! passive nodes in threads of their own read random ranges of random copies throughout, across
//! compactions, deletions and changes of the active's holder; what they return must be the array's
//! bytes, and `Gone` only of a copy whose deletion has begun. At the end every copy is compared
//! whole, by a node that was there from the start, by a new one, and by the volume's own.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use proptest::prelude::*;
use shadowvol::{ChunkSize, CopyId};
use shadowvol_host::{CreateOptions, Durability, OpenOptions, Passive, Volume, check};

use super::support::{InMemory, Random, Truths, assert_same, is_gone, is_long, whole};

#[derive(Clone, Debug)]
enum Act {
    Write { seed: u64, most: u64 },
    Zeros { seed: u64, most: u64 },
    Discard { seed: u64, most: u64 },
    Create,
    Delete(prop::sample::Index),
    Reopen,
    Vanish,
    Compact,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let most = || prop_oneof![Just(600_u64), Just(9_000), Just(100_000)];
    let act = prop_oneof![
        8 => (any::<u64>(), most()).prop_map(|(seed, most)| Act::Write { seed, most }),
        2 => (any::<u64>(), most()).prop_map(|(seed, most)| Act::Zeros { seed, most }),
        2 => (any::<u64>(), most()).prop_map(|(seed, most)| Act::Discard { seed, most }),
        4 => Just(Act::Create),
        2 => any::<prop::sample::Index>().prop_map(Act::Delete),
        1 => Just(Act::Reopen),
        1 => Just(Act::Vanish),
        1 => Just(Act::Compact),
    ];
    prop::collection::vec(act, 1..50)
}

fn volumes() -> impl Strategy<Value = (u64, u8, Durability)> {
    let size = prop_oneof![Just(1_u64), Just(511), Just(4096), Just(50_001), Just(300_000)];
    let shift = prop_oneof![3 => Just(12_u8), 1 => Just(13), 1 => Just(16), 1 => Just(20)];
    (size, shift, prop_oneof![Just(Durability::Durable), Just(Durability::Coherent)])
}

fn config() -> ProptestConfig {
    let cases = if is_long() { 3000 } else { 32 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn does_as_byte_arrays_do((size, shift, durability) in volumes(), acts in acts()) {
        let chunk = ChunkSize::from_shift(shift).unwrap();
        Run::new(size, chunk, durability).play(&acts);
    }
}

/// A volume, its model, and the passive nodes that read it.
struct Run {
    memory: InMemory,
    volume: Volume,
    now: Vec<u8>,
    truths: Truths,
    deleted: Arc<Mutex<BTreeSet<CopyId>>>,
    random: Random,
}

impl Run {
    fn new(size: u64, chunk: ChunkSize, durability: Durability) -> Self {
        let memory = InMemory::new(size);
        let options = CreateOptions { chunk, durability, ..CreateOptions::default() };
        let volume = Volume::create_on(memory.media(), &options).expect("a volume");
        Self {
            memory,
            volume,
            now: vec![0; size as usize],
            truths: Truths::default(),
            deleted: Arc::default(),
            random: Random(size),
        }
    }

    fn play(mut self, acts: &[Act]) {
        let node = Passive::open_on(self.memory.read_media()).expect("a node");
        let stop = AtomicBool::new(false);
        let reads = AtomicU64::new(0);
        thread::scope(|scope| {
            let readers: Vec<_> = (0..2)
                .map(|seed| {
                    let node = Passive::open_on(self.memory.read_media()).expect("a node");
                    let truths = Truths::clone(&self.truths);
                    let deleted = Arc::clone(&self.deleted);
                    let (stop, reads) = (&stop, &reads);
                    scope
                        .spawn(move || read_on(&node, &truths, &deleted, Random(seed), stop, reads))
                })
                .collect();
            // A failed act must end the readers too, or the scope would wait for ever.
            let played = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
                acts.iter().for_each(|act| self.act(act));
            }));
            stop.store(true, Ordering::Relaxed);
            for reader in readers {
                reader.join().expect("no reader was wrong");
            }
            played.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        self.compare(&node);
    }

    fn act(&mut self, act: &Act) {
        let size = self.now.len() as u64;
        match *act {
            Act::Write { seed, most } => {
                let mut random = Random(seed);
                let (offset, length) = random.range(size, most);
                let data = random.bytes(length);
                self.write(offset, &data);
            }
            Act::Zeros { seed, most } => {
                let (offset, length) = Random(seed).range(size, most);
                self.write(offset, &vec![0; length]);
            }
            Act::Discard { seed, most } => {
                let (offset, length) = Random(seed).range(size, most);
                self.volume.discard(offset, length as u64).expect("a discard");
                self.now[offset as usize..][..length].fill(0);
            }
            Act::Create => {
                let copy = self.volume.create_shadow_copy("model").expect("a copy");
                self.truths.lock().insert(copy.id, Arc::new(self.now.clone()));
            }
            Act::Delete(index) => {
                let ids: Vec<_> = self.truths.lock().keys().copied().collect();
                if ids.is_empty() {
                    return;
                }
                let id = *index.get(&ids);
                self.deleted.lock().insert(id);
                self.truths.lock().remove(&id);
                self.volume.delete_shadow_copies(&[id]).expect("a deletion");
            }
            Act::Reopen => {
                self.volume.close().expect("a close");
                self.open();
            }
            // Another holder takes the role from this one, which never says goodbye.
            Act::Vanish => self.open(),
            Act::Compact => self.volume.compact().expect("a compaction"),
        }
        let (offset, length) = self.random.range(size, 20_000);
        let mut found = vec![0; length];
        self.volume.read(offset, &mut found).expect("a read");
        assert_same(&found, &self.now[offset as usize..][..length], "the volume");
    }

    fn open(&mut self) {
        let opened = Volume::open_on(self.memory.media(), &OpenOptions::default());
        self.volume = opened.expect("the role");
    }

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.volume.write(offset, data).expect("a write");
        self.now[offset as usize..][..data.len()].copy_from_slice(data);
    }

    fn compare(&self, node: &Passive) {
        let fresh = Passive::open_on(self.memory.read_media()).expect("a node");
        let own = self.volume.reader().expect("a reader");
        let ids: Vec<_> = self.truths.lock().keys().copied().collect();
        for node in [node, &fresh, &own] {
            let found = node.shadow_copies().expect("a journal");
            let found: Vec<_> = found.iter().map(|copy| copy.info().id).collect();
            assert_eq!(found, ids);
        }
        for (id, truth) in &*self.truths.lock() {
            for node in [node, &fresh, &own] {
                let found = whole(node, *id).expect("a live copy");
                assert_same(&found, truth, &format!("copy {id}"));
            }
        }
        let report = check(&fresh, |_, _| true).expect("a check");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

fn read_on(
    node: &Passive,
    truths: &Truths,
    deleted: &Mutex<BTreeSet<CopyId>>,
    mut random: Random,
    stop: &AtomicBool,
    reads: &AtomicU64,
) {
    while !stop.load(Ordering::Relaxed) {
        let chosen = {
            let truths = truths.lock();
            let nth = random.below(truths.len() as u64) as usize;
            truths.iter().nth(nth).map(|(&id, truth)| (id, Arc::clone(truth)))
        };
        let Some((id, truth)) = chosen else {
            thread::yield_now();
            continue;
        };
        let (offset, length) = random.range(truth.len() as u64, 60_000);
        let mut found = vec![0; length];
        let copy = node.shadow_copy(id);
        match copy.and_then(|copy| copy.read(offset, &mut found)) {
            Ok(()) => {
                assert_same(&found, &truth[offset as usize..][..length], &format!("copy {id}"));
                reads.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) if is_gone(&error) => assert!(deleted.lock().contains(&id), "{error}"),
            Err(error) => panic!("copy {id}: {error}"),
        }
    }
}
