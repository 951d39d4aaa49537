//! What things cost, counted in operations on the media.
//!
//! The promises are about small numbers: a passive's read without news is what it reads plus two
//! small reads, whatever the size of anything; catching up costs what the news are long; a rewrite
//! costs what it costs without shadow copies. A count that creeps up by one is a regression that no
//! stopwatch on a shared machine would notice.

use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::IoKind::{self, Barrier, Read, Write};
use shadowvol::backend::{Operation, ReadAt, Trace, WriteAt};
use shadowvol::format::record::{Context, Emitter, MAX_BYTES, parse, seal};
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::Medium::{self, DiffArea, Origin};
use shadowvol::{Content, CopyId, Extent, Run, Sequence, SlotIndex};
use shadowvol_host::checksum::CRC32C;
use shadowvol_host::{
    CreateOptions, Durability, Media, OpenOptions, Passive, ReadMedia, Volume, check,
};

use super::support::{InMemory, Random};

const CHUNK: u64 = 4096;
const SIZE: u64 = 4 << 20;
/// The most bytes of each of the two reads that confirm a read.
const SMALL: u64 = 4096;

type Seen = (Medium, IoKind, u64, u64);

/// Every operation on both media of one node.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    fn sink(&self, medium: Medium) -> impl Fn(Operation) + Send + Sync + 'static {
        let log = Self::clone(self);
        move |operation| {
            let Operation { kind, offset, length } = operation;
            log.0.lock().push((medium, kind, offset, length));
        }
    }

    fn media(&self, memory: &InMemory) -> Media {
        Media {
            origin: Arc::new(Trace::new(memory.origin.clone(), self.sink(Origin))),
            diff: Arc::new(Trace::new(memory.diff.clone(), self.sink(DiffArea))),
        }
    }

    fn read_media(&self, memory: &InMemory) -> ReadMedia {
        self.media(memory).read_only()
    }

    /// What was done since the last call.
    fn take(&self) -> Vec<Seen> {
        core::mem::take(&mut *self.0.lock())
    }

    fn kinds(&self) -> Vec<(Medium, IoKind)> {
        self.take().into_iter().map(|(medium, kind, _, _)| (medium, kind)).collect()
    }
}

fn volume(durability: Durability) -> (InMemory, Log, Volume) {
    let memory = InMemory::new(SIZE);
    let log = Log::default();
    let options = CreateOptions { durability, ..CreateOptions::default() };
    let volume = Volume::create_on(log.media(&memory), &options).expect("a volume");
    let before = volume.stats().space.capacity;
    // Room for what follows, so that no request has to wait for growth.
    volume.write(0, &Random(1).bytes(SIZE as usize)).expect("a write");
    volume.create_shadow_copy("warm").expect("a copy");
    volume.write(SIZE - CHUNK, &[1; CHUNK as usize]).expect("a write");
    await_growth(&volume, before);
    log.take();
    (memory, log, volume)
}

/// Growth in good time is the chores' business, not a request's: once is enough.
fn await_growth(volume: &Volume, before: u64) {
    while volume.stats().space.capacity == before {
        std::thread::yield_now();
    }
}

/// The two reads that end every read: the journal's tail, then the superblocks.
#[track_caller]
fn assert_confirmed(seen: &[Seen]) {
    let [tail, pair] = seen else { panic!("two small reads, not {seen:?}") };
    assert!(matches!(tail, (DiffArea, Read, at, 1..=SMALL) if *at >= 8192), "{tail:?}");
    assert!(matches!(pair, (DiffArea, Read, at, 1..=SMALL) if *at < 8192), "{pair:?}");
}

#[test]
fn a_read_without_news_costs_what_it_reads_and_two_small_reads() {
    let (memory, _, volume) = volume(Durability::Coherent);
    let log = Log::default();
    let node = Passive::open_on(log.read_media(&memory)).expect("a node");
    let copy = node.find_newest().expect("a journal").expect("a copy");
    log.take();
    for length in [0, 1, 512, CHUNK, 100_000, SIZE - CHUNK] {
        copy.read(0, &mut vec![0; length as usize]).expect("a read");
        let mut seen = log.take();
        if length > 0 {
            assert_eq!(seen.remove(0), (Origin, Read, 0, length));
        }
        assert_confirmed(&seen);
    }

    // The last chunk is in a slot: one read there, and the same two small ones.
    copy.read(0, &mut vec![0; SIZE as usize]).expect("a read");
    let seen = log.take();
    assert_eq!(seen[0], (Origin, Read, 0, SIZE - CHUNK));
    assert!(matches!(seen[1], (DiffArea, Read, _, CHUNK)));
    assert_confirmed(&seen[2..]);
    drop(volume);
}

#[test]
fn a_read_costs_the_same_however_many_copies_and_records_there_are() {
    let (memory, _, volume) = volume(Durability::Coherent);
    let log = Log::default();
    for at in 0..500 {
        volume.create_shadow_copy("one of many").expect("a copy");
        volume.write(at * CHUNK, b"news").expect("a write");
    }
    let node = Passive::open_on(log.read_media(&memory)).expect("a node");
    let copy = node.find_newest().expect("a journal").expect("a copy");
    log.take();
    copy.read(600 * CHUNK, &mut [0; 8192]).expect("a read");
    let seen = log.take();
    assert_eq!(seen[0], (Origin, Read, 600 * CHUNK, 8192));
    assert_confirmed(&seen[1..]);
}

#[test]
fn catching_up_costs_what_the_news_are_long() {
    let (memory, _, volume) = volume(Durability::Coherent);
    let log = Log::default();
    let node = Passive::open_on(log.read_media(&memory)).expect("a node");
    let mut before = volume.stats().journal_bytes;
    for writes in [1, 10, 100, 900] {
        volume.create_shadow_copy("before the news").expect("a copy");
        for at in 0..writes {
            volume.write(at * CHUNK, b"news").expect("a write");
        }
        let after = volume.stats().journal_bytes;
        let news = after - before;
        before = after;
        node.shadow_copies().expect("a journal");
        log.take();
        node.find_newest().expect("no news now");
        assert_confirmed(&log.take());
        node.shadow_copies().expect("a journal");
        let idle: u64 = log.take().iter().map(|&(_, _, _, length)| length).sum();

        for at in 0..writes {
            volume.create_shadow_copy("news").expect("a copy");
            volume.write(at * CHUNK, b"news").expect("a write");
        }
        let after = volume.stats().journal_bytes;
        let more = after - before;
        before = after;
        node.shadow_copies().expect("a journal");
        let seen = log.take();
        let bytes: u64 = seen.iter().map(|&(_, _, _, length)| length).sum();
        // The read that finds the end is as long as the one before it; a segment's end splits one.
        assert!(bytes <= more + 2 * (64 << 10) + 2 * idle, "{bytes} bytes for {more}: {seen:?}");
        assert!(seen.len() as u64 <= 6 + 2 * more / (64 << 10), "{seen:?}");
        assert!(
            news > 0 && seen.iter().all(|&(medium, kind, ..)| (medium, kind) == (DiffArea, Read))
        );
    }
}

#[test]
fn the_first_overwrite_of_a_chunk_is_four_operations_and_a_barrier() {
    let (_, log, volume) = volume(Durability::Coherent);
    volume.write(8 * CHUNK, &[2; CHUNK as usize]).expect("a write");
    let seen = log.take();
    let kinds: Vec<_> = seen.iter().map(|&(medium, kind, ..)| (medium, kind)).collect();
    let slot = (DiffArea, Write);
    let journal = (DiffArea, Write);
    assert_eq!(
        kinds,
        [(Origin, Read), slot, journal, (DiffArea, Barrier), (Origin, Write)],
        "coherent: {seen:?}"
    );
    assert_eq!(seen[1].3, CHUNK);
    assert!(seen[2].3 <= 64, "one small record: {seen:?}");

    // A part of a chunk costs the same: its whole old content is preserved.
    volume.write(9 * CHUNK + 7, b"part").expect("a write");
    assert_eq!(log.kinds(), kinds);
}

#[test]
fn a_durable_write_also_looks_whether_it_was_fenced_before_it_overwrites() {
    let (_, log, volume) = volume(Durability::Durable);
    volume.write(8 * CHUNK, &[2; CHUNK as usize]).expect("a write");
    let journal = [(DiffArea, Write), (DiffArea, Barrier), (DiffArea, Read)];
    let mut expected = vec![(Origin, Read), (DiffArea, Write)];
    expected.extend(journal);
    expected.push((Origin, Write));
    assert_eq!(log.kinds(), expected);
}

#[test]
fn a_chunk_of_zeros_takes_no_slot() {
    let memory = InMemory::new(SIZE);
    let log = Log::default();
    let options = CreateOptions { durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(log.media(&memory), &options).expect("a volume");
    let before = volume.stats().space.capacity;
    volume.create_shadow_copy("of zeros").expect("a copy");
    volume.write(0, b"warm").expect("a write");
    await_growth(&volume, before);
    log.take();
    volume.write(CHUNK, &[1; 10 * CHUNK as usize]).expect("a write");
    let expected = [(Origin, Read), (DiffArea, Write), (DiffArea, Barrier), (Origin, Write)];
    assert_eq!(log.kinds(), expected);
    assert_eq!(volume.stats().zero_bytes, 11 * CHUNK);
}

#[test]
fn a_rewrite_is_one_write_and_nothing_else() {
    for durability in [Durability::Coherent, Durability::Durable] {
        let (_, log, volume) = volume(durability);
        volume.write(4 * CHUNK, &[2; 3 * CHUNK as usize]).expect("a write");
        log.take();
        for (at, length) in [(4 * CHUNK, 3 * CHUNK), (5 * CHUNK + 100, 5), (4 * CHUNK, CHUNK)] {
            volume.write(at, &vec![3; length as usize]).expect("a write");
            assert_eq!(log.take(), [(Origin, Write, at, length)]);
        }
    }
}

#[test]
fn a_write_without_copies_is_one_write() {
    let memory = InMemory::new(SIZE);
    let log = Log::default();
    let volume = Volume::create_on(log.media(&memory), &CreateOptions::default());
    let volume = volume.expect("a volume");
    log.take();
    volume.write(100, &[1; 100_000]).expect("a write");
    assert_eq!(log.take(), [(Origin, Write, 100, 100_000)]);
    volume.read(100, &mut [0; 50]).expect("a read");
    assert_eq!(log.take(), [(Origin, Read, 100, 50)]);
}

#[test]
fn taking_and_deleting_a_copy_is_one_record_whatever_the_size() {
    let (_, log, volume) = volume(Durability::Durable);
    let journal = [(DiffArea, Write), (DiffArea, Barrier), (DiffArea, Read)];
    let copy = volume.create_shadow_copy("one record").expect("a copy");
    let mut expected = vec![(Origin, Barrier), (Origin, Barrier)];
    expected.extend(journal);
    let seen = log.take();
    let kinds: Vec<_> = seen.iter().map(|&(medium, kind, ..)| (medium, kind)).collect();
    assert_eq!(kinds, expected);
    assert!(seen[2].3 <= 128, "{seen:?}");
    volume.delete_shadow_copies(&[copy.id]).expect("a deletion");
    assert_eq!(log.kinds(), journal);
}

/// Bytes of the diff area that are read at once at most, whatever a record says.
const WINDOW: u64 = 1 << 20;

fn most_read(seen: &[Seen]) -> u64 {
    let reads = seen.iter().filter(|(_, kind, _, _)| *kind == Read);
    reads.map(|&(_, _, _, length)| length).max().unwrap_or(0)
}

/// Long runs were read whole: with chunks of a mebibyte, half a gibibyte at once.
#[test]
fn a_check_reads_long_runs_in_parts() {
    let (memory, _, volume) = volume(Durability::Coherent);
    volume.write(0, &Random(2).bytes(SIZE as usize)).expect("a write");
    let log = Log::default();
    let node = Passive::open_on(log.read_media(&memory)).expect("a node");
    log.take();
    let report = check(&node, |_, _| true).expect("a check");
    assert_eq!((report.bytes, report.findings.len()), (SIZE, 0));
    assert_eq!(most_read(&log.take()), WINDOW);
    drop(volume);
}

/// So were those of a forged record that recovery has to look at: a gibibyte at once.
#[test]
fn recovery_reads_long_runs_in_parts() {
    let (memory, _, volume) = volume(Durability::Coherent);
    drop(volume);
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        memory.diff.read_at(at, &mut bytes).expect("within");
        bytes
    };
    let pair = read(PAIR_OFFSET, PAIR_BYTES);
    let (superblock, _) = Superblock::newest(&pair, CRC32C).expect("a superblock");
    let context = Context { seed: superblock.seed(CRC32C), generation: superblock.generation };
    let mut end = superblock.geometry.slot_offset(superblock.journal.first);
    let mut next = Sequence(0);
    while let Ok(Some(record)) = parse(&read(end, MAX_BYTES), context, next, CRC32C) {
        end += record.length as u64;
        next = next.next();
    }
    let mut record = Vec::new();
    let mut emitter = Emitter::preserved(&mut record);
    let content = Content::Slot(SlotIndex(1));
    let copy = CopyId::new(1).expect("a number");
    emitter.run(Run { chunks: Extent::new(0, 600), copy, content }, &[0; 600]);
    let _ = emitter.end();
    seal(&mut record, context, next, Sequence(0), CRC32C);
    memory.diff.write_at(end, &record).expect("within");

    let log = Log::default();
    Volume::open_on(log.media(&memory), &OpenOptions::default()).expect("the role");
    let slots = (CHUNK, CHUNK + 600 * CHUNK);
    let verified: Vec<_> = log
        .take()
        .into_iter()
        .filter(|&(_, kind, at, length)| {
            kind == Read && at >= slots.0 && at + length <= slots.1 && length > (256 << 10)
        })
        .collect();
    assert_eq!((verified.len(), most_read(&verified)), (3, WINDOW), "{verified:?}");
}
