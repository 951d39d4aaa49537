//! A full diff area is an error or costs the oldest copies, as its policy says, and never more.
//!
//! Writes go on until there is no room: at a limit, on a medium that refuses to grow, on a real file
//! system without space. Then every copy is compared, the volume is opened again, copies are
//! deleted, and it goes on. Low space is told before the first failure.

use std::collections::BTreeMap;

use shadowvol::format::superblock::OnFull;
use shadowvol::{ChunkSize, CopyId, Error as EngineError};
use shadowvol_host::{
    CreateOptions, DropReason, Durability, Event, OpenOptions, Passive, Volume, check,
};

use super::support::{InMemory, Random, assert_same, whole};

const SIZE: u64 = 1 << 20;
const LIMIT: u64 = 3 << 20;

struct Run {
    volume: Volume,
    now: Vec<u8>,
    truths: BTreeMap<CopyId, Vec<u8>>,
    random: Random,
}

impl Run {
    fn new(memory: &InMemory, limit: Option<u64>, on_full: OnFull) -> Self {
        let durability = Durability::Coherent;
        let options = CreateOptions { limit, on_full, durability, ..CreateOptions::default() };
        let volume = Volume::create_on(memory.media(), &options).expect("a volume");
        let now = vec![0; SIZE as usize];
        Self { volume, now, truths: BTreeMap::new(), random: Random(4) }
    }

    /// One copy and some scattered writes behind it; how many bytes of them failed for want of room.
    fn round(&mut self) -> Result<(), EngineError> {
        let refused = |error: &shadowvol_host::Error| *error.engine().expect("the engine's");
        let copy = self.volume.create_shadow_copy("full").map_err(|error| refused(&error))?;
        self.truths.insert(copy.id, self.now.clone());
        for _ in 0..20 {
            let (offset, length) = self.random.range(SIZE, 30_000);
            let data = self.random.bytes(length);
            self.volume.write(offset, &data).map_err(|error| refused(&error))?;
            self.now[offset as usize..][..length].copy_from_slice(&data);
        }
        Ok(())
    }

    fn compare(&self, node: &Passive) {
        let live: Vec<_> = node.shadow_copies().expect("a journal");
        let live: Vec<_> = live.iter().map(|copy| copy.info().id).collect();
        assert!(self.truths.keys().eq(&live), "{live:?}");
        for (id, truth) in &self.truths {
            assert_same(&whole(node, *id).expect("a live copy"), truth, &format!("copy {id}"));
        }
        let mut now = vec![0; SIZE as usize];
        self.volume.read(0, &mut now).expect("the volume");
        assert_same(&now, &self.now, "the volume");
        assert!(check(node, |_, _| true).expect("a check").findings.is_empty());
    }

    fn fill(&mut self) {
        for _ in 0..1000 {
            match self.round() {
                Ok(()) => {}
                Err(EngineError::DiffAreaFull { .. }) => return,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it never got full");
    }
}

#[test]
fn writes_fail_and_every_copy_stays() {
    // A limit of its own, and a medium that refuses.
    for (limit, medium) in [(Some(LIMIT), u64::MAX), (None, LIMIT)] {
        let memory = InMemory::with_limit(SIZE, medium);
        let mut run = Run::new(&memory, limit, OnFull::FailWrite);
        let node = Passive::open_on(memory.read_media()).expect("a node");
        run.fill();
        let low = run.volume.events();
        assert!(matches!(low.first(), Some(Event::LowSpace { .. })), "{low:?}");
        run.compare(&node);
        assert!(run.volume.stats().space.capacity <= LIMIT);
        for round in 0..3 {
            // The volume opens however full it is, and copies can be deleted.
            run.volume.close().expect("a close");
            run.volume =
                Volume::open_on(memory.media(), &OpenOptions::default()).expect("the role");
            run.compare(&node);
            let oldest = *run.truths.keys().nth(round).expect("a copy");
            run.truths.remove(&oldest);
            run.volume.delete_shadow_copies(&[oldest]).expect("a deletion");
            run.volume.compact().expect("a compaction");
            run.compare(&node);
            run.fill();
            run.compare(&node);
        }
        assert!(run.volume.stats().space.capacity <= LIMIT);
    }
}

#[test]
fn the_oldest_copies_go_and_are_told() {
    let memory = InMemory::new(SIZE);
    let mut run = Run::new(&memory, Some(LIMIT), OnFull::DropOldest);
    let node = Passive::open_on(memory.read_media()).expect("a node");
    let mut gone = Vec::new();
    for _ in 0..40 {
        run.round().expect("old copies make room");
        for event in run.volume.events() {
            if let Event::Dropped { copies, reason } = event {
                assert_eq!(reason, DropReason::DiffAreaFull);
                for copy in copies {
                    let (&oldest, _) = run.truths.first_key_value().expect("a copy");
                    assert_eq!(copy, oldest);
                    run.truths.remove(&copy);
                    gone.push(copy);
                }
            }
        }
        run.compare(&node);
    }
    assert!(gone.len() > 5, "{gone:?}");
    assert!(run.volume.stats().space.capacity <= LIMIT);
}

/// Copies with long labels fill the journal itself. They must leave room for its next generation:
/// else nobody could take the role any more.
#[test]
fn copies_alone_cannot_lock_the_volume_up() {
    const SMALL: u64 = 2 << 20;
    let memory = InMemory::with_limit(SIZE, SMALL);
    let options = CreateOptions { durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    let label = "x".repeat(1024);
    let mut taken = Vec::new();
    let refused = loop {
        match volume.create_shadow_copy(&label) {
            Ok(copy) => taken.push(copy.id),
            Err(error) => break error,
        }
        assert!(taken.len() < 4000, "it never got full");
    };
    assert!(matches!(refused.engine(), Some(EngineError::DiffAreaFull { .. })), "{refused}");
    volume.close().expect("a close");
    let volume = Volume::open_on(memory.media(), &OpenOptions::default()).expect("the role");
    assert_eq!(volume.shadow_copies().expect("copies").len(), taken.len());
    volume.delete_shadow_copies(&taken).expect("a deletion");
    volume.compact().expect("a compaction");
    volume.create_shadow_copy(&label).expect("room again");
}

/// It asked for room for every chunk at once, zeros or not: a terabyte for a sparse terabyte.
#[test]
fn discarding_a_sparse_volume_takes_no_more_room_than_it_has_bytes() {
    const SPARSE: u64 = 40 << 20;
    for on_full in [OnFull::FailWrite, OnFull::DropOldest] {
        let memory = InMemory::with_limit(SPARSE, 3 << 20);
        let options = CreateOptions { on_full, ..CreateOptions::default() };
        let volume = Volume::create_on(memory.media(), &options).expect("a volume");
        volume.write(30 << 20, &[7; 100_000]).expect("a write");
        let copy = volume.create_shadow_copy("sparse").expect("a copy").id;
        volume.discard(100, SPARSE - 150).expect("room");
        let mut now = vec![1; SPARSE as usize];
        volume.read(0, &mut now).expect("the volume");
        assert!(now.iter().all(|&byte| byte == 0));
        now[30 << 20..][..100_000].fill(7);
        let node = volume.reader().expect("a node");
        assert_same(&whole(&node, copy).expect("no copy had to go"), &now, "the copy");
        assert!(volume.stats().space.used < 1 << 20);
    }
}

/// A creation and a deletion in turn leave nothing behind, so they can go on for ever.
#[test]
fn records_of_the_past_do_not_fill_a_small_diff_area() {
    let memory = InMemory::with_limit(SIZE, 1200 << 10);
    let options = CreateOptions { durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    volume.create_shadow_copy("stays").expect("a copy");
    for _ in 0..12_000 {
        let copy = volume.create_shadow_copy("comes and goes").expect("a copy");
        volume.delete_shadow_copies(&[copy.id]).expect("a deletion");
    }
}

/// A full volume with a copy, and a journal that is long for what it has to say, but not yet so long
/// that the thread for chores would write it anew.
fn with_long_journal(memory: &InMemory, limit: Option<u64>, on_full: OnFull) -> Volume {
    let chunk = ChunkSize::MIN;
    let durability = Durability::Coherent;
    let options = CreateOptions { limit, on_full, chunk, durability, ..CreateOptions::default() };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    volume.write(0, &vec![1; volume.size() as usize]).expect("a write");
    volume.create_shadow_copy("stays").expect("a copy");
    let label = "x".repeat(1024);
    while volume.stats().space.journal < 600 << 10 {
        let copy = volume.create_shadow_copy(&label).expect("a copy");
        volume.delete_shadow_copies(&[copy.id]).expect("a deletion");
    }
    assert_eq!(volume.stats().compactions, 0);
    volume
}

/// A medium that has no room is asked in vain, and at the limit it is not asked. Then what is needless
/// in the journal makes room, and neither does a copy go nor a write fail.
#[test]
fn the_journal_is_written_anew_before_copies_go() {
    for (limit, medium) in [(Some(LIMIT), u64::MAX), (None, LIMIT)] {
        for on_full in [OnFull::FailWrite, OnFull::DropOldest] {
            let memory = InMemory::with_limit(SIZE, medium);
            let volume = with_long_journal(&memory, limit, on_full);
            for offset in (0..SIZE).step_by(4096) {
                volume.write(offset, &[2]).expect("room");
            }
            assert_eq!(volume.shadow_copies().expect("copies").len(), 1);
            assert_eq!(volume.stats().compactions, 1);
        }
    }
}

/// That takes a writer longer than to let the medium grow.
#[test]
fn the_medium_grows_before_the_journal_is_written_anew() {
    const LARGE: usize = 16 << 20;
    let memory = InMemory::new(LARGE as u64);
    let volume = with_long_journal(&memory, None, OnFull::DropOldest);
    let before = volume.stats().space.capacity;
    assert!(before < LARGE as u64, "it has to grow for what is written next");
    volume.write(0, &vec![2; LARGE]).expect("room");
    let after = volume.stats();
    assert_eq!((after.copies, after.compactions), (1, 0));
}

#[test]
fn a_write_larger_than_what_is_left_is_told_as_low_space_too() {
    // It failed with a fifth of the diff area free, so nobody had been warned.
    let memory = InMemory::with_limit(SIZE, u64::MAX);
    let run = Run::new(&memory, Some(4 << 20), OnFull::FailWrite);
    let data = vec![1; SIZE as usize];
    let failed = (0..10).find_map(|_| {
        run.volume.create_shadow_copy("").expect("a copy");
        run.volume.write(0, &data).err()
    });
    assert!(
        matches!(failed, Some(error) if matches!(error.engine(), Some(EngineError::DiffAreaFull { .. })))
    );
    let events = run.volume.events();
    assert!(events.iter().any(|event| matches!(event, Event::LowSpace { .. })), "{events:?}");
}

#[test]
fn a_limit_that_has_no_room_for_a_journal_is_refused() {
    let memory = InMemory::with_limit(SIZE, u64::MAX);
    let options = CreateOptions { limit: Some(4096), ..CreateOptions::default() };
    let refused = Volume::create_on(memory.media(), &options).map(drop).expect_err("too little");
    assert!(matches!(refused.engine(), Some(EngineError::DiffAreaTooSmall { found: 4096, .. })));
    Run::new(&memory, None, OnFull::FailWrite).volume.close().expect("a close");
    let options = OpenOptions { limit: Some(4096), ..OpenOptions::default() };
    let refused = Volume::open_on(memory.media(), &options).map(drop).expect_err("too little");
    assert!(matches!(refused.engine(), Some(EngineError::DiffAreaTooSmall { found: 4096, .. })));
}
