//! Forks: copies that can be written to, and are thrown away.
//!
//! A fork must be what a byte array would be that begins as the copy: whatever is written, by how many
//! threads, while the volume's writer goes on. And nobody else may notice: not the copy, nor the
//! volume, nor another fork, nor the media, byte for byte.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;
use shadowvol::backend::ReadAt as _;
use shadowvol::{ChunkSize, Error as EngineError};
use shadowvol_host::{
    ByteExtent, CopyOptions, CreateOptions, Error, Fork, ForkOptions, Format, Media, Passive,
    ReadMedia, ShadowCopy, SharedMemory, Volume,
};

/// Not a multiple of a chunk, so that the last one is short.
const SIZE: u64 = 300 * 4096 + 1234;

struct Bed {
    volume: Volume,
    origin: SharedMemory,
    diff: SharedMemory,
}

impl Bed {
    fn new() -> Self {
        let (origin, diff) = (SharedMemory::new(SIZE), SharedMemory::new(0));
        let media = Media { origin: Arc::new(origin.clone()), diff: Arc::new(diff.clone()) };
        let options = CreateOptions { chunk: ChunkSize::MIN, ..CreateOptions::default() };
        let volume = Volume::create_on(media, &options).expect("a volume");
        volume.write(0, &pattern(1, SIZE as usize)).expect("room");
        Self { volume, origin, diff }
    }

    fn copy(&self) -> ShadowCopy {
        let copy = self.volume.create_shadow_copy("").expect("a copy");
        self.volume.reader().expect("open").shadow_copy(copy.id).expect("alive")
    }

    fn media(&self) -> [Vec<u8>; 2] {
        [&self.origin, &self.diff].map(|medium| {
            let mut bytes = vec![0; medium.size().expect("a size") as usize];
            medium.read_at(0, &mut bytes).expect("within");
            bytes
        })
    }
}

fn pattern(seed: u64, length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| ((at ^ at >> 8).wrapping_mul(31) + seed) as u8 | 1).collect()
}

fn fork(copy: &ShadowCopy) -> Fork {
    copy.fork(&ForkOptions::default()).expect("a fork")
}

fn all(fork: &Fork) -> Vec<u8> {
    let mut bytes = vec![0xee; fork.size() as usize];
    fork.read(0, &mut bytes).expect("readable");
    bytes
}

#[derive(Clone, Debug)]
enum Act {
    Write {
        which: usize,
        at: u64,
        length: u64,
        seed: u64,
    },
    Discard {
        which: usize,
        at: u64,
        length: u64,
    },
    Read {
        which: usize,
        at: u64,
        length: u64,
    },
    /// The volume's own writer goes on.
    Overwrite {
        at: u64,
        length: u64,
        seed: u64,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let range = || {
        let length = prop_oneof![1..600_u64, Just(4096), 1..40_000_u64, 200_000..400_000_u64];
        (prop_oneof![0..SIZE, (0..301_u64).prop_map(|chunk| chunk * 4096)], length)
    };
    let act = prop_oneof![
        4 => (0..3_usize, range(), any::<u64>()).prop_map(|(which, (at, length), seed)| {
            Act::Write { which, at, length, seed }
        }),
        2 => (0..3_usize, range()).prop_map(|(which, (at, length))| {
            Act::Discard { which, at, length }
        }),
        2 => (0..3_usize, range()).prop_map(|(which, (at, length))| Act::Read { which, at, length }),
        1 => (range(), any::<u64>())
            .prop_map(|((at, length), seed)| Act::Overwrite { at, length, seed }),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn three_forks_of_one_copy_do_as_byte_arrays_do(acts in acts()) {
        let bed = Bed::new();
        let copy = bed.copy();
        let forks = [fork(&copy), fork(&copy), fork(&copy)];
        let truth = pattern(1, SIZE as usize);
        let mut models = [truth.clone(), truth.clone(), truth.clone()];
        let mut touched = [const { Vec::new() }; 3];
        for act in acts {
            let clip = |at: u64, length: u64| (at, length.min(SIZE - at) as usize);
            match act {
                Act::Write { which, at, length, seed } => {
                    let (at, length) = clip(at, length);
                    let data = pattern(seed, length);
                    forks[which].write(at, &data).expect("room");
                    models[which][at as usize..][..length].copy_from_slice(&data);
                    touched[which].push((at, length as u64));
                }
                Act::Discard { which, at, length } => {
                    let (at, length) = clip(at, length);
                    forks[which].discard(at, length as u64).expect("room");
                    models[which][at as usize..][..length].fill(0);
                    touched[which].push((at, length as u64));
                }
                Act::Read { which, at, length } => {
                    let (at, length) = clip(at, length);
                    let mut bytes = vec![0xee; length];
                    forks[which].read(at, &mut bytes).expect("readable");
                    prop_assert!(bytes == models[which][at as usize..][..length]);
                }
                Act::Overwrite { at, length, seed } => {
                    let (at, length) = clip(at, length);
                    bed.volume.write(at, &pattern(seed, length)).expect("room");
                }
            }
        }
        for ((fork, model), touched) in forks.iter().zip(&models).zip(&touched) {
            prop_assert!(all(fork) == *model);
            for chunk in 0..SIZE.div_ceil(4096) {
                let (start, end) = (chunk * 4096, ((chunk + 1) * 4096).min(SIZE));
                let is_in = |extent: &ByteExtent| {
                    extent.offset <= start && end <= extent.offset + extent.length
                };
                let changed = fork.changes().iter().any(is_in);
                let is_hit = |&(at, length): &(u64, u64)| length > 0 && at < end && start < at + length;
                prop_assert_eq!(changed, touched.iter().any(is_hit), "chunk {}", chunk);
            }
        }
        let mut bytes = vec![0; SIZE as usize];
        copy.read(0, &mut bytes).expect("alive");
        prop_assert!(bytes == truth, "the copy has changed");
    }
}

/// Eight threads write bytes of their own, many in one chunk, of a fork whose chunks all have to be
/// brought from the copy first, while the volume is overwritten under it. No write is lost to another
/// thread that brings the same chunk.
#[test]
fn threads_that_share_chunks_lose_nothing() {
    let bed = Bed::new();
    let copy = bed.copy();
    let made = fork(&copy);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..8_u64)
            .map(|nth| {
                let made = &made;
                scope.spawn(move || {
                    for at in (nth * 64..SIZE - 64).step_by(512) {
                        made.write(at, &[nth as u8 + 100; 64]).expect("room");
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut seed = 2;
            while !over.load(Ordering::Relaxed) {
                bed.volume.write(0, &pattern(seed, SIZE as usize)).expect("room");
                seed += 1;
            }
        });
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
        over.store(true, Ordering::Relaxed);
    });
    let mut expected = pattern(1, SIZE as usize);
    for nth in 0..8_u64 {
        for at in (nth * 64..SIZE - 64).step_by(512) {
            expected[at as usize..][..64].fill(nth as u8 + 100);
        }
    }
    assert!(all(&made) == expected);
}

#[test]
fn nobody_else_hears_of_it_and_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let bed = Bed::new();
    let id = bed.copy().info().id;
    // The active's own chores would change the media.
    bed.volume.close().expect("a close");
    let media =
        ReadMedia { origin: Arc::new(bed.origin.clone()), diff: Arc::new(bed.diff.clone()) };
    let copy = Passive::open_on(media).expect("a node").shadow_copy(id).expect("alive");
    let before = bed.media();
    let options = ForkOptions { folder: Some(folder.path().to_owned()) };
    let made = copy.fork(&options).expect("a fork");
    made.write(0, &pattern(9, 100_000)).expect("room");
    made.discard(50_000, 100_000).expect("room");
    made.flush();
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "it has no name");
    assert!(all(&made)[..50_000] == pattern(9, 50_000));
    drop(made);
    assert!(bed.media() == before);
    assert!(all(&fork(&copy)) == pattern(1, SIZE as usize), "the next one begins anew");
}

#[test]
fn a_fork_whose_copy_was_deleted_says_so_and_keeps_what_it_has() {
    let bed = Bed::new();
    let copy = bed.copy();
    let made = fork(&copy);
    made.write(4096, &[7; 8192]).expect("room");
    bed.volume.delete_shadow_copies(&[copy.info().id]).expect("deleted");
    let is_gone = |done: Result<(), Error>| {
        let error = done.expect_err("the copy is gone");
        matches!(error.engine(), Some(EngineError::Gone { .. }))
    };
    assert!(is_gone(made.read(0, &mut [0; 512])));
    assert!(is_gone(made.write(100, &[1; 10])), "a part of a chunk that it does not have");
    assert!(is_gone(made.copy_to("nowhere.img", CopyOptions::default(), |_, _| true).map(drop)));
    made.write(0, &[8; 4096]).expect("a whole chunk needs nothing of the copy");
    let mut bytes = [0; 12_288];
    made.read(0, &mut bytes).expect("all of it is its own");
    assert!(bytes[..4096] == [8; 4096] && bytes[4096..] == [7; 8192]);
}

#[test]
fn a_fork_is_copied_out_raw_and_as_qcow2() {
    let folder = tempfile::tempdir().expect("a folder");
    let bed = Bed::new();
    let made = fork(&bed.copy());
    made.write(5000, &[9; 20_000]).expect("room");
    made.discard(100_000, 500_000).expect("room");
    let raw = folder.path().join("raw.img");
    let written = made.copy_to(&raw, CopyOptions::default(), |_, _| true).expect("room");
    assert!(std::fs::read(&raw).expect("there") == all(&made));
    assert!(written < SIZE, "zeros are holes");
    let qcow = folder.path().join("fork.qcow2");
    let options = CopyOptions { format: Format::Qcow2, ..CopyOptions::default() };
    made.copy_to(&qcow, options, |_, _| true).expect("room");
    assert_eq!(std::fs::read(&qcow).expect("there")[..4], *b"QFI\xfb");
}

#[test]
fn requests_beyond_the_end_are_refused_and_empty_ones_are_not() {
    let bed = Bed::new();
    let made = fork(&bed.copy());
    let refused = |done: Result<(), Error>| {
        let error = done.expect_err("beyond the end");
        matches!(error.engine(), Some(EngineError::OutOfRange { .. }))
    };
    assert!(refused(made.read(SIZE - 1, &mut [0; 2])));
    assert!(refused(made.write(SIZE - 1, &[0; 2])));
    assert!(refused(made.discard(SIZE, 1)) && refused(made.discard(u64::MAX, 2)));
    made.read(SIZE, &mut []).expect("nothing to read");
    made.write(SIZE, &[]).expect("nothing to write");
    made.discard(SIZE, 0).expect("nothing to discard");
    assert_eq!(made.changes(), []);
    made.write(SIZE - 1, &[5]).expect("the last byte");
    made.discard(0, SIZE).expect("all of it");
    assert_eq!(made.changes(), [ByteExtent { offset: 0, length: SIZE }]);
    assert!(all(&made).iter().all(|&byte| byte == 0));
}
