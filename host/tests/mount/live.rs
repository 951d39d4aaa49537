//! The live volume as a file, beside the volume itself.

use std::fs::{self, OpenOptions as FileOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::thread;

use rustix::fs::{FallocateFlags, OFlags, fallocate};
use shadowvol_host::RevertOptions;

use super::bed::{Bed, SIZE};
use super::random::{Random, is_long};

#[test]
fn both_ways_see_each_other_at_once() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    let mut chance = Random(7);
    let mut truth = vec![0; SIZE as usize];
    for round in 0..if is_long() { 10_000 } else { 400 } {
        let (offset, length) = chance.range(SIZE, 200_000);
        let bytes = chance.bytes(length);
        truth[offset as usize..][..length].copy_from_slice(&bytes);
        if round % 2 == 0 {
            file.write_all_at(&bytes, offset).expect("a write by the file");
        } else {
            bed.volume.write(offset, &bytes).expect("a write beside it");
        }
        let (offset, length) = chance.range(SIZE, 200_000);
        let mut found = vec![1; length];
        file.read_exact_at(&mut found, offset).expect("a read by the file");
        assert!(found == truth[offset as usize..][..length], "round {round}, by the file");
        bed.volume.read(offset, &mut found).expect("a read beside it");
        assert!(found == truth[offset as usize..][..length], "round {round}, beside it");
    }
    assert!(fs::read(bed.mount.volume_path().expect("a file")).expect("all of it") == truth);
}

#[test]
fn a_revert_beside_it_is_seen_by_who_has_it_open() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    file.write_all_at(b"before", 5000).expect("a write");
    let copy = bed.volume.create_shadow_copy("").expect("a copy").id;
    file.write_all_at(b"after!", 5000).expect("a write");
    let mut found = [0; 6];
    file.read_exact_at(&mut found, 5000).expect("a read");
    assert_eq!(&found, b"after!");
    bed.volume.revert(copy, RevertOptions::default(), |_, _| true).expect("a revert");
    file.read_exact_at(&mut found, 5000).expect("a read");
    assert_eq!(&found, b"before");
}

#[test]
fn it_has_one_size_like_a_disk() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    let about = file.metadata().expect("its attributes");
    assert_eq!((about.len(), about.blksize()), (SIZE, 4096));
    file.set_len(SIZE).expect("the size that it has");
    for size in [0, SIZE - 1, SIZE + 1] {
        assert_eq!(
            file.set_len(size).expect_err("another size").kind(),
            ErrorKind::PermissionDenied
        );
    }
    assert_eq!(file.write_at(b"abcdef", SIZE - 2).expect("what there is room for"), 2);
    let full = file.write_at(b"abcdef", SIZE).expect_err("no room");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let mut found = [0; 10];
    assert_eq!(file.read_at(&mut found, SIZE - 2).expect("what there is"), 2);
    assert_eq!(&found[..2], b"ab");
    assert_eq!(file.read_at(&mut found, SIZE).expect("the end"), 0);
    assert_eq!(file.metadata().expect("its attributes").len(), SIZE);
}

#[test]
fn punching_a_hole_is_a_discard_and_preserves_what_a_copy_needs() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    file.write_all_at(&[7; 40_000], 0).expect("a write");
    let copy = bed.volume.create_shadow_copy("").expect("a copy").id;
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&file, hole, 1000, 9000).expect("a hole");
    fallocate(&file, FallocateFlags::ZERO_RANGE, 20_000, SIZE).expect("zeros up to the end");
    let reserved = fallocate(&file, FallocateFlags::empty(), 0, 4096);
    assert_eq!(reserved.expect_err("no space can be reserved"), rustix::io::Errno::OPNOTSUPP);
    let mut found = vec![1; 40_000];
    bed.volume.read(0, &mut found).expect("a read");
    for (at, &byte) in found.iter().enumerate() {
        let is_gone = (1000..10_000).contains(&at) || at >= 20_000;
        assert_eq!(byte, if is_gone { 0 } else { 7 }, "at {at}");
    }
    assert!(fs::read(bed.copy_path(copy.number())).expect("the copy")[..40_000] == [7; 40_000]);
}

#[test]
fn a_full_diff_area_is_a_full_disk_and_nothing_is_lost() {
    let Some(bed) = Bed::with(Some(3 << 20)) else { return };
    let file = bed.file();
    let mut truth = vec![0; SIZE as usize];
    let full = (1..=u8::MAX).find_map(|version| {
        bed.volume.create_shadow_copy("").ok()?;
        let bytes = vec![version; SIZE as usize - 100];
        let written = file.write_all_at(&bytes, 100);
        if written.is_ok() {
            truth[100..].copy_from_slice(&bytes);
        }
        written.err()
    });
    assert_eq!(full.expect("a limit").kind(), ErrorKind::StorageFull);
    let mut found = vec![0; SIZE as usize];
    file.read_exact_at(&mut found, 0).expect("a read");
    assert!(found[..100] == truth[..100]);
    // What was refused may be there in part: requests are no larger than the kernel likes.
    assert!(
        found[100..].iter().zip(&truth[100..]).all(|(now, then)| [0, 1].contains(&(now - then)))
    );
    let copies = bed.volume.shadow_copies().expect("copies");
    let ids: Vec<_> = copies.iter().map(|copy| copy.id).collect();
    bed.volume.delete_shadow_copies(&ids).expect("a deletion");
    file.write_all_at(&[99; 5000], 0).expect("there is room again");
    assert!(bed.names("copies").is_empty());
}

#[test]
fn fsync_and_synchronous_writes_reach_the_medium() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    file.write_all_at(b"kept", 0).expect("a write");
    file.sync_all().expect("a flush");
    file.sync_data().expect("a flush");
    let synchronous = FileOptions::new()
        .write(true)
        .custom_flags(OFlags::DSYNC.bits().cast_signed())
        .open(bed.mount.volume_path().expect("a file"))
        .expect("the file once more");
    synchronous.write_all_at(b"kept", 4).expect("a write with its flush");
    assert!(fs::read(Bed::image(&bed.folder)).expect("the image").starts_with(b"keptkept"));
}

#[test]
fn many_threads_and_copies_meanwhile() {
    const THREADS: u64 = 8;
    const PART: u64 = 128 << 10;
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (file, bed) = (&file, &bed);
            scope.spawn(move || {
                let mut chance = Random(thread);
                let mut truth = vec![0; PART as usize];
                for round in 0..60 {
                    let (offset, length) = chance.range(PART, 50_000);
                    let bytes = chance.bytes(length);
                    truth[offset as usize..][..length].copy_from_slice(&bytes);
                    file.write_all_at(&bytes, thread * PART + offset).expect("a write");
                    let mut found = vec![0; PART as usize];
                    file.read_exact_at(&mut found, thread * PART).expect("a read");
                    assert!(found == truth, "thread {thread}, round {round}");
                    if round % 20 == thread {
                        let copy = bed.volume.create_shadow_copy("").expect("a copy").id.number();
                        let copied = fs::read(bed.copy_path(copy)).expect("the copy");
                        let own = (thread * PART) as usize..((thread + 1) * PART) as usize;
                        assert!(copied[own] == truth, "thread {thread}, copy {copy}");
                    }
                }
            });
        }
    });
    let mut found = vec![0; SIZE as usize];
    bed.volume.read(0, &mut found).expect("a read");
    assert!(fs::read(Bed::image(&bed.folder)).expect("the image") == found);
}
