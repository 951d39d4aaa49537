//! Recordings of live volumes, and plans from them.
//!
//! A volume is written, copied, and its copies are deleted in any order, while it is recorded; the
//! plan for the copies that were really taken says what the volume had in use. Several threads
//! record at once and lose nothing. A trace that is cut off at any byte is read up to there; a
//! damaged one is never taken for whole. A recording that cannot be written harms nobody.

use core::time::Duration;
use std::fs;
use std::thread;
use std::time::Instant;

use shadowvol::{ChunkSize, CopyId};
use shadowvol_host::plan::{PlanOptions, Schedule, plan};
use shadowvol_host::trace::{Change, Trace, TraceError, TraceOptions};
use shadowvol_host::{CreateOptions, Durability, Error, Volume};

use super::random::Random;
use super::support::{Sets, events, in_memory, open};
use super::tiny_disk::TinyDisk;

const SIZE: u64 = 2 << 20;

fn volume(chunk: ChunkSize) -> Volume {
    let (_, media) = in_memory(SIZE);
    let options = CreateOptions { chunk, durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(media, &options).expect("a volume");
    volume.write(0, &vec![0xa5; SIZE as usize]).expect("a write");
    volume
}

#[test]
fn a_plan_for_the_copies_that_were_taken_says_what_the_volume_had_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..6 {
        let path = folder.path().join(seed.to_string());
        let chunk = ChunkSize::from_shift(12 + seed as u8).expect("a chunk size");
        let volume = volume(chunk);
        let recording = volume.record(&path).expect("a recording");
        let mut random = Random(seed);
        let mut live: Vec<CopyId> = Vec::new();
        let mut sets = Sets::new(chunk);
        for _ in 0..600 {
            let change = match random.below(20) {
                0 => {
                    let copy = volume.create_shadow_copy("").expect("a copy").id;
                    live.push(copy);
                    Change::Created { copy: copy.number() }
                }
                1 if !live.is_empty() => {
                    let copy = live.remove(random.below(live.len() as u64) as usize);
                    volume.delete_shadow_copies(&[copy]).expect("a deletion");
                    Change::Deleted { copy: copy.number() }
                }
                _ => {
                    let (offset, length) = random.range(SIZE, 30_000);
                    volume.write(offset, &vec![7; length]).expect("a write");
                    Change::Write { offset, length: length as u64 }
                }
            };
            sets.apply(change);
            let begun = Instant::now();
            while volume.stats().table_chunks != sets.needed() {
                assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", volume.stats());
                thread::yield_now();
            }
        }
        recording.stop().expect("a whole trace");

        let options = PlanOptions { chunks: vec![chunk], grid: None };
        let plan = plan(&path, &TraceOptions::default(), &options, |_, _| true).expect("a plan");
        assert_eq!((plan.trace.size, plan.trace.cut_off), (Some(SIZE), false));
        let row = &plan.rows[0];
        assert_eq!(row.schedule, Schedule::Recorded);
        assert_eq!((row.peak_slots, row.preserved_chunks), (sets.peak, sets.preserved));
        let intervals: Vec<_> = row.intervals.iter().map(|interval| interval.slots).collect();
        assert_eq!(intervals, sets.intervals);
        assert_eq!(volume.stats().preserved_bytes, sets.preserved * chunk.bytes());
    }
}

#[test]
fn threads_that_record_at_once_lose_nothing() {
    const THREADS: u64 = 4;
    const WRITES: u64 = 20_000;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    let volume = volume(ChunkSize::MIN);
    let recording = volume.record(&path).expect("a recording");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let volume = &volume;
            scope.spawn(move || {
                for nth in 0..WRITES {
                    // Which thread, and which of its writes, is in the place.
                    let offset = thread * SIZE / THREADS + nth * 8;
                    volume.write(offset, &[1; 8]).expect("a write");
                }
            });
        }
    });
    assert_eq!(recording.events(), THREADS * WRITES);
    volume.close().expect("a good end");
    let summary = recording.stop().expect("a whole trace");
    assert_eq!(summary.events, THREADS * WRITES);
    assert!(summary.bytes < 12 * summary.events, "{summary:?}");

    let bytes = fs::read(&path).expect("the trace");
    assert_eq!(bytes.len() as u64, summary.bytes);
    let mut next = [0; THREADS as usize];
    for event in events(open(bytes, &TraceOptions::default())) {
        let Change::Write { offset, length: 8 } = event.change else { panic!("{event:?}") };
        let thread = offset / (SIZE / THREADS);
        let expected = &mut next[thread as usize];
        assert_eq!(offset, thread * SIZE / THREADS + *expected * 8, "each thread's in its order");
        *expected += 1;
    }
    assert_eq!(next, [WRITES; THREADS as usize]);
}

#[test]
fn a_trace_that_is_cut_off_is_read_up_to_there_and_a_damaged_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    let volume = volume(ChunkSize::MIN);
    let recording = volume.record(&path).expect("a recording");
    // More than two blocks.
    for nth in 0..30_000 {
        volume.write(nth % SIZE, &[1]).expect("a write");
    }
    recording.stop().expect("a whole trace");
    let bytes = fs::read(&path).expect("the trace");
    let line = bytes.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
    let length = |at: usize| {
        16 + u32::from_le_bytes(bytes[at + 4..at + 8].try_into().expect("four")) as usize
    };
    let first = line + length(line);
    let second = first + length(first);
    assert!(second < bytes.len());

    let count = |bytes: &[u8]| {
        let mut trace = open(bytes, &TraceOptions::default());
        let mut count = 0;
        while trace.advance()?.is_some() {
            count += 1;
        }
        Ok::<_, TraceError>((count, trace.is_cut_off()))
    };
    assert_eq!(count(&bytes).expect("whole"), (30_000, false));
    let in_first = count(&bytes[..first]).expect("one block");
    assert!(in_first.0 > 0 && in_first.1);
    for end in [line + 1, line + 15, line + 16, first - 1] {
        assert_eq!(count(&bytes[..end]).expect("cut off"), (0, true), "{end}");
    }
    for end in [first + 1, first + 16, first + 17, second - 1] {
        assert_eq!(count(&bytes[..end]).expect("cut off"), in_first, "{end}");
    }
    for at in [line, line + 4, line + 8, line + 40, first - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let error = count(&damaged).expect_err("damaged");
        assert!(matches!(error, TraceError::Damaged { at } if at == line as u64), "{error}");
    }
}

#[test]
fn one_recording_at_a_time_and_never_over_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    let volume = volume(ChunkSize::MIN);
    let recording = volume.record(&path).expect("a recording");
    let refused = volume.record(folder.path().join("other"));
    assert!(matches!(refused, Err(Error::BeingRecorded { path: found }) if found == path));
    volume.write(0, &[1]).expect("a write");
    assert_eq!(recording.stop().expect("whole").events, 1);
    assert_eq!(recording.stop().expect("the same").events, 1);
    volume.write(0, &[1]).expect("a write that nobody records");
    assert_eq!(recording.events(), 1);
    let there = volume.record(&path).expect_err("a file is there");
    assert!(there.to_string().contains("recording to"), "{there}");
    assert!(fs::metadata(&path).expect("it").len() > 0);
    let second = volume.record(folder.path().join("other")).expect("after the first");
    drop(second);
    let third = volume.record(folder.path().join("third")).expect("after the second");
    volume.close().expect("a good end");
    assert!(matches!(volume.record(folder.path().join("x")), Err(Error::Closed)));
    let trace = Trace::open(third.path(), &TraceOptions::default()).expect("a trace");
    assert_eq!(events(trace), []);
}

#[test]
fn a_disk_that_is_full_ends_the_recording_and_not_the_volume() {
    let volume = volume(ChunkSize::MIN);
    let Some(disk) = TinyDisk::mount(1) else { return };
    let path = disk.directory.path().join("trace");
    let recording = volume.record(&path).expect("a recording");
    for nth in 0..400_000 {
        volume.write(nth * 64 % SIZE, &[1; 64]).expect("a write");
    }
    let error = recording.stop().expect_err("no space");
    assert!(error.to_string().contains("No space"), "{error}");
    volume.flush().expect("the volume is none the worse for it");
}
