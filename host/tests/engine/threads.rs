//! Many threads on one volume: no write lies across an instant, and waiting writes share barriers.
//!
//! Each writer owns a range that shares its first and last chunk with its neighbours, and fills it
//! again and again with the number of the write, in one request. In a shadow copy every range must
//! have one number from end to end, one that was being written or had been acknowledged when the
//! copy was taken, and the same whenever it is read later.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::{ChunkSize, CopyId};
use shadowvol_host::{CreateOptions, Durability, Media, Passive, SharedMemory, Volume, check};

use super::support::{InMemory, Random, assert_same, digest, is_long, whole};

const WRITERS: u64 = 6;

/// A writer's progress: what it has begun to write, and what was acknowledged.
#[derive(Default)]
struct Progress {
    begun: AtomicU64,
    done: AtomicU64,
}

/// The range of a writer: no border is a chunk's.
fn range(writer: u64, length: u64) -> (u64, usize) {
    (writer * length + 77, length as usize)
}

#[test]
fn a_write_is_wholly_in_a_copy_or_wholly_out() {
    // Many writers in one chunk; ranges of several chunks; chunks much larger than ranges.
    for (length, chunk) in [(500, 12), (9_000, 12), (20_000, 13), (30_000, 20)] {
        writes_are_whole(length, ChunkSize::from_shift(chunk).unwrap());
    }
}

fn writes_are_whole(length: u64, chunk: ChunkSize) {
    let memory = InMemory::new(WRITERS * length + 500);
    let options = CreateOptions { chunk, ..CreateOptions::default() };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    let progress: Vec<_> = (0..WRITERS).map(|_| Progress::default()).collect();
    let stop = AtomicBool::new(false);
    let node = Passive::open_on(memory.read_media()).expect("a node");
    let mut taken: Vec<(CopyId, u64)> = Vec::new();
    thread::scope(|scope| {
        for (writer, progress) in (0..).zip(&progress) {
            let (volume, stop) = (&volume, &stop);
            scope.spawn(move || {
                let (offset, length) = range(writer, length);
                for number in 1.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    progress.begun.store(number, Ordering::SeqCst);
                    volume.write(offset, &filled(number, length)).expect("a write");
                    progress.done.store(number, Ordering::SeqCst);
                }
            });
        }
        let rounds = if is_long() { 2000 } else { 60 };
        for round in 0..rounds {
            let before: Vec<_> =
                progress.iter().map(|one| one.done.load(Ordering::SeqCst)).collect();
            let copy = volume.create_shadow_copy("in the middle").expect("a copy");
            let bytes = whole(&node, copy.id).expect("a live copy");
            for (writer, one) in (0..).zip(&progress) {
                let (offset, length) = range(writer, length);
                let found = &bytes[offset as usize..][..length];
                let number = u64::from_le_bytes(*found.first_chunk().expect("long enough"));
                assert_same(found, &filled(number, length), &format!("copy {}", copy.id));
                let bounds = before[writer as usize]..=one.begun.load(Ordering::SeqCst);
                assert!(bounds.contains(&number), "{number} is not in {bounds:?}");
            }
            taken.push((copy.id, digest(&bytes)));
            if round % 3 == 2 {
                let (old, truth) = taken.remove(round / 2 % taken.len());
                assert_eq!(digest(&whole(&node, old).expect("a live copy")), truth, "copy {old}");
                volume.delete_shadow_copies(&[old]).expect("a deletion");
            }
            if round % 10 == 9 {
                volume.compact().expect("a compaction");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    for (copy, truth) in taken {
        assert_eq!(digest(&whole(&node, copy).expect("a live copy")), truth, "copy {copy}");
    }
    let report = check(&node, |_, _| true).expect("a check");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// The bytes that the write with this number writes; every 8 of them name it.
fn filled(number: u64, length: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(length).collect()
}

/// A medium whose barrier takes as long as a good disk's, so that writers have to wait for it.
#[derive(Clone)]
struct SlowBarrier {
    inner: SharedMemory,
    barriers: Arc<AtomicU64>,
}

impl ReadAt for SlowBarrier {
    type Error = <SharedMemory as ReadAt>::Error;

    fn size(&self) -> Result<u64, Self::Error> {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Self::Error> {
        self.inner.read_at(offset, buffer)
    }
}

impl WriteAt for SlowBarrier {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Self::Error> {
        self.inner.write_at(offset, data)
    }

    fn barrier(&self) -> Result<(), Self::Error> {
        self.barriers.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(2));
        self.inner.barrier()
    }

    fn grow(&self, size: u64) -> Result<u64, Self::Error> {
        self.inner.grow(size)
    }
}

#[test]
fn writes_that_wait_share_one_barrier() {
    const THREADS: u64 = 16;
    const EACH: u64 = 40;
    let size = THREADS * EACH * 4096;
    let memory = InMemory::new(size);
    let barriers = Arc::new(AtomicU64::new(0));
    let diff = SlowBarrier { inner: memory.diff.clone(), barriers: Arc::clone(&barriers) };
    let media = Media { origin: Arc::new(memory.origin.clone()), diff: Arc::new(diff) };
    let options = CreateOptions { durability: Durability::Durable, ..Default::default() };
    let volume = Volume::create_on(media, &options).expect("a volume");
    let now = Random(5).bytes(size as usize);
    volume.write(0, &now).expect("a write");
    let copy = volume.create_shadow_copy("before").expect("a copy");
    let before = barriers.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let volume = &volume;
            scope.spawn(move || {
                for nth in 0..EACH {
                    let at = (nth * THREADS + thread) * 4096;
                    volume.write(at, &[thread as u8; 4096]).expect("a write");
                }
            });
        }
    });
    let used = barriers.load(Ordering::Relaxed) - before;
    let writes = THREADS * EACH;
    assert!(used * 4 <= writes, "{used} barriers for {writes} writes");
    let reader = volume.reader().expect("a reader");
    assert_same(&whole(&reader, copy.id).expect("a live copy"), &now, "the copy");
}

/// Threads read, write, copy, delete and compact while the volume is closed under them: each gets
/// an answer, none hangs, and what was acknowledged is there afterwards.
#[test]
fn closing_under_load_answers_everybody() {
    for round in 0..if is_long() { 500 } else { 25 } {
        let memory = InMemory::new(1 << 20);
        let options = CreateOptions { durability: Durability::Durable, ..Default::default() };
        let volume = Volume::create_on(memory.media(), &options).expect("a volume");
        let created = parking_lot::Mutex::new(Vec::new());
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (volume, created) = (&volume, &created);
                scope.spawn(move || {
                    let mut random = Random(round * 10 + thread);
                    loop {
                        let done = match (thread, random.below(8)) {
                            (0, _) => volume.create_shadow_copy("while closing").map(|copy| {
                                created.lock().push(copy.id);
                            }),
                            (1, 0) => volume.compact(),
                            _ => {
                                let (offset, length) = random.range(1 << 20, 10_000);
                                volume.write(offset, &random.bytes(length))
                            }
                        };
                        if done.is_err() {
                            return;
                        }
                    }
                });
            }
            let (volume, created) = (&volume, &created);
            scope.spawn(move || {
                while (created.lock().len() as u64) < 3 + round % 7 {
                    thread::yield_now();
                }
                volume.close().expect("a close");
            });
        });
        let node = Passive::open_on(memory.read_media()).expect("a node");
        let found: Vec<_> = node.shadow_copies().expect("a journal");
        let found: Vec<_> = found.iter().map(|copy| copy.info().id).collect();
        for id in created.into_inner() {
            assert!(found.contains(&id), "copy {id} was acknowledged");
        }
        assert!(check(&node, |_, _| true).expect("a check").findings.is_empty());
    }
}
