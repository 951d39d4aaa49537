//! Reverting a volume in place: it is the copy from the first moment, whatever of that has reached
//! the origin, and every other copy stays what it was.
//!
//! In memory a model says what the volume holds while threads write to it and the revert goes on,
//! is paused, or is met by closing. `revert_kill` does the same to a process that is killed.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;

use parking_lot::{Mutex, RwLock};
use shadowvol::backend::ReadAt;
use shadowvol::{CopyId, Description, Error as EngineError};
use shadowvol_host::{
    CheckReport, CreateOptions, Durability, Error, OnExternalWrite, OpenOptions, Passive,
    RevertOptions, Volume, check,
};

use super::support::{InMemory, Random, assert_same, is_long, whole};

/// More than is settled at once, and no multiple of a chunk.
const SIZE: u64 = (12 << 20) + 1_001;
const KEEP: RevertOptions = RevertOptions { drop_newer: false };

fn create(place: &InMemory) -> Volume {
    Volume::create_on(place.media(), &CreateOptions::default()).expect("a volume")
}

fn open(place: &InMemory) -> Volume {
    Volume::open_on(place.media(), &OpenOptions::default()).expect("the role")
}

fn volume_bytes(volume: &Volume) -> Vec<u8> {
    let mut bytes = vec![0; volume.size() as usize];
    volume.read(0, &mut bytes).expect("the volume");
    bytes
}

fn take(volume: &Volume) -> CopyId {
    volume.create_shadow_copy("").expect("a copy").id
}

fn copy_bytes(volume: &Volume, copy: CopyId) -> Vec<u8> {
    whole(&volume.reader().expect("a reader"), copy).expect("a live copy")
}

fn is_reverting(error: &Error, to: CopyId) -> bool {
    matches!(error.engine(), Some(EngineError::Reverting { copy }) if *copy == to)
}

/// Begins a revert, and pauses it as soon as it asks whether to go on.
fn pause(volume: &Volume, copy: CopyId) {
    let mut calls = 0;
    let paused = volume.revert(copy, KEEP, |_, _| {
        calls += 1;
        false
    });
    assert!(matches!(paused, Err(Error::Cancelled)), "{paused:?}");
    assert_eq!(calls, 1);
}

/// A volume that was filled three times, with a copy behind each; and what they hold.
fn filled(place: &InMemory) -> (Volume, [CopyId; 3], [Vec<u8>; 3]) {
    let volume = create(place);
    let mut random = Random(5);
    let mut states = Vec::new();
    let copies = [0, 1, 2].map(|round| {
        let bytes = random.bytes(SIZE as usize);
        // The last time only the odd chunks of the first half.
        let chunks = (0..SIZE as usize).step_by(4096).filter(|at| match round {
            0 | 1 => true,
            _ => *at < SIZE as usize / 2 && at / 4096 % 2 == 1,
        });
        for at in chunks {
            let end = (at + 4096).min(SIZE as usize);
            volume.write(at as u64, &bytes[at..end]).expect("a write");
        }
        states.push(volume_bytes(&volume));
        take(&volume)
    });
    let states = states.try_into().expect("three of them");
    (volume, copies, states)
}

#[test]
fn the_volume_is_the_copy_from_the_first_moment() {
    let place = InMemory::new(SIZE);
    let (volume, copies, states) = filled(&place);
    pause(&volume, copies[0]);
    assert_eq!(volume.reverting().expect("open"), Some(copies[0]));
    assert_same(&volume_bytes(&volume), &states[0], "the volume");
    let mut origin = vec![0; SIZE as usize];
    place.origin.read_at(0, &mut origin).expect("the origin");
    assert_ne!(origin, states[0], "the origin has all of it already");

    // What changes the volume goes on, and none of the copies changes.
    let mut model = states[0].clone();
    let mut random = Random(6);
    for _ in 0..50 {
        let (at, len) = random.range(SIZE, 60_000);
        let data = random.bytes(len);
        volume.write(at, &data).expect("a write");
        model[at as usize..at as usize + len].copy_from_slice(&data);
        let (at, len) = random.range(SIZE, 30_000);
        volume.discard(at, len as u64).expect("a discard");
        model[at as usize..at as usize + len].fill(0);
        let (at, len) = random.range(SIZE, 3_000_000);
        let mut found = vec![0; len];
        volume.read(at, &mut found).expect("a read");
        assert_same(&found, &model[at as usize..at as usize + len], "a part of the volume");
    }
    for (copy, state) in copies.iter().zip(&states) {
        assert_same(&copy_bytes(&volume, *copy), state, "a copy");
    }

    // It survives closing, and the end brings all of it to the origin.
    volume.close().expect("a close");
    let volume = open(&place);
    assert_eq!(volume.reverting().expect("open"), Some(copies[0]));
    assert_same(&volume_bytes(&volume), &model, "the volume, opened again");
    let mut told = Vec::new();
    volume
        .revert(copies[0], KEEP, |done, total| {
            told.push((done, total));
            true
        })
        .expect("the rest of the revert");
    assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    assert!(told.iter().all(|&(done, total)| done <= total && total == told[0].1), "{told:?}");
    assert_eq!(volume.reverting().expect("open"), None);
    place.origin.read_at(0, &mut origin).expect("the origin");
    assert_same(&origin, &model, "the origin");
    for (copy, state) in copies.iter().zip(&states) {
        assert_same(&copy_bytes(&volume, *copy), state, "a copy");
    }
    take(&volume);
}

#[test]
fn what_would_leave_it_in_two_places_is_refused_meanwhile() {
    let place = InMemory::new(SIZE);
    let (volume, copies, states) = filled(&place);
    pause(&volume, copies[1]);
    let refused = [
        volume.create_shadow_copy("another").map(drop),
        volume.delete_shadow_copies(&[copies[1]]),
        volume.revert(copies[0], KEEP, |_, _| true),
        volume.revert(copies[0], RevertOptions { drop_newer: true }, |_, _| true),
    ];
    for refused in refused {
        assert!(is_reverting(&refused.expect_err("a refusal"), copies[1]));
    }
    assert_eq!(volume.shadow_copies().expect("open").len(), 3, "one of them was dropped");
    volume.delete_shadow_copies(&[copies[2], copies[0]]).expect("others go");
    assert_same(&volume_bytes(&volume), &states[1], "the volume");

    // A passive tells, and so does a check.
    let node = Passive::open_on(place.read_media()).expect("a passive");
    assert_eq!(node.reverting().expect("a journal"), Some(copies[1]));
    let report: CheckReport = check(&node, |_, _| true).expect("a check");
    assert_eq!((report.reverting, report.findings.len()), (Some(copies[1]), 0));

    volume.revert(copies[1], KEEP, |_, _| true).expect("the rest");
    assert_eq!(node.reverting().expect("a journal"), None);
    volume.delete_shadow_copies(&[copies[1]]).expect("now it may go");
    assert_same(&volume_bytes(&volume), &states[1], "the volume");
}

#[test]
fn newer_copies_are_dropped_when_asked_and_when_none_is_retained() {
    let place = InMemory::new(SIZE);
    let (volume, copies, states) = filled(&place);
    let kept = Description { retained_until: i64::MAX, ..Description::default() };
    let kept = volume.create_described(kept).expect("a copy").id;
    let drop_newer = RevertOptions { drop_newer: true };
    let refused = volume.revert(copies[0], drop_newer, |_, _| true).expect_err("a refusal");
    assert!(matches!(refused.engine(), Some(EngineError::Retained { copy, .. }) if *copy == kept));
    assert_eq!(volume.reverting().expect("open"), None);
    assert_same(&volume_bytes(&volume), &states[2], "the volume");

    let place = InMemory::new(SIZE);
    let (volume, copies, states) = filled(&place);
    let before = volume.stats().preserved_bytes;
    volume.revert(copies[1], drop_newer, |_, _| true).expect("a revert");
    assert_eq!(volume.stats().preserved_bytes, before, "something was preserved for nobody");
    let left: Vec<_> = volume.shadow_copies().expect("open").iter().map(|copy| copy.id).collect();
    assert_eq!(left, copies[..2]);
    assert_same(&volume_bytes(&volume), &states[1], "the volume");
    assert_same(&copy_bytes(&volume, copies[0]), &states[0], "the older copy");
}

#[test]
fn what_an_incremental_backup_reads_includes_what_is_not_in_the_origin_yet() {
    let place = InMemory::new(SIZE);
    let (volume, copies, states) = filled(&place);
    let since = |copy| volume.changes(copy, None).expect("changes");
    assert_eq!(since(copies[2]), []);
    pause(&volume, copies[1]);
    for (copy, state) in copies.iter().zip(&states) {
        let mut restored = state.clone();
        for extent in since(*copy) {
            let range = extent.offset as usize..(extent.offset + extent.length) as usize;
            volume.read(extent.offset, &mut restored[range]).expect("a read");
        }
        assert_same(&restored, &states[1], "what the changes make of a copy");
    }
}

#[test]
fn copies_are_not_dropped_when_bytes_of_the_volume_are_in_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("disk.img");
    let options = CreateOptions { size: Some(SIZE), ..Default::default() };
    let volume = Volume::create(&image, &options).expect("a volume");
    let copy = take(&volume);
    volume.write(0, &Random(1).bytes(5 << 20)).expect("a write");
    pause(&volume, copy);
    volume.close().expect("a close");
    let file = std::fs::OpenOptions::new().write(true).open(&image).expect("the image");
    file.set_modified(std::time::UNIX_EPOCH).expect("another time");
    drop(file);
    let open = |on_external_write| {
        Volume::open(&image, &OpenOptions { on_external_write, ..Default::default() })
    };
    let refused = open(OnExternalWrite::Drop).expect_err("a refusal");
    assert!(is_reverting(&refused, copy), "{refused}");
    let volume = open(OnExternalWrite::Trust).expect("the role");
    assert_same(&volume_bytes(&volume), &vec![0; SIZE as usize], "the volume");
    volume.revert(copy, KEEP, |_, _| true).expect("the rest");
}

/// Writers go on in ranges of their own, each with a model of it, while the volume is reverted again
/// and again, with pauses, to copies of any age.
#[test]
fn writers_go_on_while_the_volume_is_reverted() {
    for durability in [Durability::Coherent, Durability::Durable] {
        writers_go_on(durability, if is_long() { 60 } else { 6 });
    }
}

fn writers_go_on(durability: Durability, rounds: u64) {
    const WRITERS: u64 = 3;
    let range = |writer: u64| {
        let at = |writer| (SIZE * writer / WRITERS) as usize;
        at(writer)..at(writer + 1)
    };
    let place = InMemory::new(SIZE);
    let options = CreateOptions { durability, ..Default::default() };
    let volume = Volume::create_on(place.media(), &options).expect("a volume");
    let models: Vec<_> = (0..WRITERS).map(|nth| Mutex::new(vec![0; range(nth).len()])).collect();
    // Held for a write or a look, and alone for an instant at which all models are compared.
    let quiet = RwLock::new(());
    let all = || models.iter().flat_map(|model| model.lock().clone()).collect::<Vec<u8>>();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (volume, quiet, stop) = (&volume, &quiet, &stop);
            let model = &models[writer as usize];
            scope.spawn(move || {
                let mut random = Random(writer + 1);
                let start = range(writer).start;
                while !stop.load(Ordering::Relaxed) {
                    let _quiet = quiet.read();
                    let mut model = model.lock();
                    let (at, len) = random.range(model.len() as u64, 200_000);
                    let part = at as usize..at as usize + len;
                    if random.below(3) == 0 {
                        let mut found = vec![0; len];
                        volume.read(start as u64 + at, &mut found).expect("a read");
                        assert_same(&found, &model[part], "what a writer reads");
                    } else {
                        let data = random.bytes(len);
                        volume.write(start as u64 + at, &data).expect("a write");
                        model[part].copy_from_slice(&data);
                    }
                }
            });
        }
        let mut random = Random(99);
        let mut truths: Vec<(CopyId, Vec<u8>)> = Vec::new();
        for round in 0..rounds {
            {
                let _quiet = quiet.write();
                truths.push((take(&volume), all()));
            }
            thread::sleep(Duration::from_millis(20));
            let nth = random.below(truths.len() as u64) as usize;
            let (copy, truth) = (truths[nth].0, truths[nth].1.clone());
            {
                let _quiet = quiet.write();
                // It may be over before it asks, when hardly anything has changed.
                match volume.revert(copy, KEEP, |_, _| false) {
                    Ok(()) | Err(Error::Cancelled) => {}
                    Err(error) => panic!("round {round}: {error}"),
                }
                for (nth, model) in (0..).zip(&models) {
                    model.lock().copy_from_slice(&truth[range(nth)]);
                }
            }
            if round % 2 == 0 {
                volume.compact().expect("a compaction");
            }
            volume.revert(copy, KEEP, |_, _| true).expect("the rest");
            if truths.len() > 3 {
                let (old, truth) = truths.remove(random.below(2) as usize);
                assert_same(&copy_bytes(&volume, old), &truth, "a copy at its end");
                volume.delete_shadow_copies(&[old]).expect("a deletion");
            }
        }
        stop.store(true, Ordering::Relaxed);
        for (copy, truth) in &truths {
            assert_same(&copy_bytes(&volume, *copy), truth, "a copy");
        }
    });
    assert_same(&volume_bytes(&volume), &all(), "the volume");
    let mut origin = vec![0; SIZE as usize];
    place.origin.read_at(0, &mut origin).expect("the origin");
    assert_same(&origin, &all(), "the origin");
}
