//! Whatever is wrong with the files, the answer is a clear error or the right bytes.
//!
//! A truncated, bit-flipped, swapped or missing file, a second active, a closed volume: each gets
//! its own error. Over the whole diff area of a small closed volume, each bit that is flipped is
//! harmless, or an error, or found by the check; never are other bytes returned for a copy. And no
//! bytes at all make opening panic.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{
    CopyOptions, CreateOptions, Durability, Error, OnExternalWrite, OpenOptions, Passive,
    PassiveOptions, Volume, check, diff_path,
};

use super::support::{InMemory, Random, is_long, whole};

const SIZE: u64 = 21_000;

/// A small closed volume and the truths of its copies.
struct Closed {
    memory: InMemory,
    truths: Vec<(CopyId, Vec<u8>)>,
}

impl Closed {
    fn new() -> Self {
        let memory = InMemory::new(SIZE);
        let volume = Volume::create_on(memory.media(), &CreateOptions::default());
        let volume = volume.expect("a volume");
        let mut random = Random(3);
        let mut truths = Vec::new();
        let mut now = random.bytes(SIZE as usize);
        volume.write(0, &now).expect("a write");
        for round in 0..4 {
            let copy = volume.create_shadow_copy("small").expect("a copy");
            truths.push((copy.id, now.clone()));
            let at = round * 4000;
            let data = random.bytes(5000);
            volume.write(at as u64, &data).expect("a write");
            now[at..at + 5000].copy_from_slice(&data);
            if round == 1 {
                volume.compact().expect("a compaction");
            }
        }
        volume.delete_shadow_copies(&[truths.remove(1).0]).expect("a deletion");
        volume.close().expect("a close");
        Self { memory, truths }
    }

    /// Opens and reads everything: right bytes or errors. Whether there was any error.
    fn is_refused(&self, memory: &InMemory, what: &str) -> bool {
        let node = match Passive::open_on(memory.read_media()) {
            Ok(node) => node,
            Err(Error::Engine(_) | Error::Medium { .. }) => return true,
            Err(error) => panic!("{what}: {error}"),
        };
        let mut wrong = false;
        for (id, truth) in &self.truths {
            match whole(&node, *id) {
                Ok(found) => assert!(found == *truth, "{what}: wrong bytes of copy {id}"),
                Err(_) => wrong = true,
            }
        }
        let found = check(&node, |_, _| true).map_or(1, |report| report.findings.len());
        assert!(!wrong || found > 0, "{what}: the check found nothing");
        wrong || found > 0
    }

    /// The same by the next holder of the role.
    fn is_refused_as_active(&self, memory: &InMemory, what: &str) -> bool {
        match Volume::open_on(memory.media(), &OpenOptions::default()) {
            Ok(volume) => {
                let refused = self.is_refused(memory, what);
                drop(volume);
                refused
            }
            Err(Error::Engine(_) | Error::Medium { .. }) => true,
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

fn flip(memory: &InMemory, at: u64, bit: u8) {
    let mut byte = [0];
    memory.diff.read_at(at, &mut byte).expect("within");
    byte[0] ^= 1 << bit;
    memory.diff.write_at(at, &byte).expect("within");
}

/// The places of the diff area that hold anything, and some that do not.
fn places(memory: &InMemory) -> Vec<u64> {
    let size = memory.diff.size().expect("a size");
    let mut bytes = vec![0; size as usize];
    memory.diff.read_at(0, &mut bytes).expect("within");
    let step = if is_long() { 1 } else { 151 };
    let used = |at: u64| bytes[(at / 512 * 512) as usize..][..512].iter().any(|&byte| byte != 0);
    // The superblocks densely, samples of the rest; all of it in the long form.
    let dense = |at: u64| {
        ((3584..4608).contains(&at) && (at.is_multiple_of(5) || is_long())) || is_long() && used(at)
    };
    let sample =
        |at: &u64| dense(*at) || (used(*at) && at.is_multiple_of(step)) || at % 65_521 == 7;
    (0..size).filter(sample).collect()
}

#[test]
fn every_flipped_bit_is_harmless_or_an_error_or_found() {
    let closed = Closed::new();
    assert!(!closed.is_refused(&closed.memory, "unharmed"));
    let mut refused = 0;
    for at in places(&closed.memory) {
        let memory = closed.memory.duplicate();
        flip(&memory, at, (at % 8) as u8);
        let what = format!("byte {at}");
        let passive = closed.is_refused(&memory, &what);
        let active = closed.is_refused_as_active(&memory, &what);
        refused += u32::from(passive || active);
    }
    assert!(refused > 20, "{refused} flips were noticed");
}

#[test]
fn every_truncation_is_an_error_or_harmless() {
    let closed = Closed::new();
    let size = closed.memory.diff.size().expect("a size");
    let mut bytes = vec![0; size as usize];
    closed.memory.diff.read_at(0, &mut bytes).expect("within");
    let mut lengths: Vec<_> = [0, 1, 511, 3583, 3584, 3585, 4095, 4096, 4097, 4607, 4608, 8191]
        .into_iter()
        .chain((8192..size).step_by(if is_long() { 512 } else { 100_003 }))
        .collect();
    lengths.push(size - 1);
    for length in lengths {
        let memory = InMemory::new(SIZE);
        let mut origin = vec![0; SIZE as usize];
        closed.memory.origin.read_at(0, &mut origin).expect("within");
        memory.origin.write_at(0, &origin).expect("within");
        memory.diff.grow(length).expect("room");
        memory.diff.write_at(0, &bytes[..length as usize]).expect("within");
        let what = format!("{length} bytes of {size}");
        let _ = closed.is_refused(&memory, &what);
        let _ = closed.is_refused_as_active(&memory, &what);
    }
}

fn mutations() -> ProptestConfig {
    let cases = if is_long() { 20_000 } else { 100 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(mutations())]

    #[test]
    fn no_bytes_make_opening_panic(bytes in prop::collection::vec(any::<u8>(), 0..20_000)) {
        let memory = InMemory::new(SIZE);
        memory.diff.grow(bytes.len() as u64).unwrap();
        memory.diff.write_at(0, &bytes).unwrap();
        prop_assert!(Passive::open_on(memory.read_media()).is_err());
        prop_assert!(Volume::open_on(memory.media(), &OpenOptions::default()).is_err());
    }

    /// Superblocks and records whose checksums are right, with any content.
    #[test]
    fn nor_do_forged_fields(seed in any::<u64>(), fields in 1..4_usize) {
        let memory = InMemory::new(SIZE);
        let volume = Volume::create_on(memory.media(), &CreateOptions::default()).unwrap();
        volume.create_shadow_copy("forged").unwrap();
        volume.write(0, &[1; 9000]).unwrap();
        volume.close().unwrap();
        let mut random = Random(seed);
        for place in [3584, 4096] {
            let mut bytes = [0; 512];
            memory.diff.read_at(place, &mut bytes).unwrap();
            for _ in 0..fields {
                let at = 16 + random.below(144) as usize;
                bytes[at] = if random.below(3) == 0 { 0xff } else { random.next() as u8 };
            }
            let sum = shadowvol_host::checksum::CRC32C.of(&bytes[12..]);
            bytes[8..12].copy_from_slice(&sum.to_le_bytes());
            memory.diff.write_at(place, &bytes).unwrap();
        }
        if let Ok(node) = Passive::open_on(memory.read_media()) {
            let _ = whole(&node, CopyId::new(1).unwrap());
            let _ = check(&node, |_, _| true);
        }
        if let Ok(volume) = Volume::open_on(memory.media(), &OpenOptions::default()) {
            let _ = volume.write(0, b"anything");
        }
    }
}

/// A journal segment of nearly all slots there can be: the sum with what is kept for the journal's
/// next generation was more than a number holds.
#[test]
fn a_journal_that_claims_every_slot_leaves_no_space() {
    let memory = Closed::new().memory;
    for place in [3584, 4096] {
        let mut bytes = [0; 512];
        memory.diff.read_at(place, &mut bytes).expect("within");
        bytes[92..96].copy_from_slice(&(u32::MAX - 10_000).to_le_bytes());
        let sum = shadowvol_host::checksum::CRC32C.of(&bytes[12..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
        memory.diff.write_at(place, &bytes).expect("within");
    }
    let node = Passive::open_on(memory.read_media()).expect("a node");
    assert!(node.space().expect("a journal").journal > 1 << 43);
    assert!(Volume::open_on(memory.media(), &OpenOptions::default()).is_err());
}

/// A volume in files.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(durability: Durability) -> Self {
        let files = Self { folder: tempfile::tempdir().expect("a folder") };
        let options = CreateOptions { size: Some(SIZE), durability, ..Default::default() };
        let volume = Volume::create(files.image(), &options).expect("a volume");
        volume.write(0, &[1; 9000]).expect("a write");
        volume.create_shadow_copy("kept").expect("a copy");
        volume.write(0, &[2; 9000]).expect("a write");
        volume.close().expect("a close");
        files
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    fn open(&self) -> Result<Volume, Error> {
        Volume::open(self.image(), &OpenOptions::default())
    }

    fn node(&self) -> Result<Passive, Error> {
        Passive::open(self.image(), &PassiveOptions::default())
    }
}

#[track_caller]
fn engine<T>(result: Result<T, Error>) -> EngineError {
    let Err(error) = result else { panic!("an error was expected") };
    *error.engine().unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn something_else_is_not_a_diff_area() {
    let files = Files::new(Durability::Durable);
    fs::write(diff_path(files.image()), vec![b'x'; 1 << 20]).expect("a file");
    assert_eq!(engine(files.open()), EngineError::NotADiffArea);
    assert_eq!(engine(files.node()), EngineError::NotADiffArea);
    fs::write(diff_path(files.image()), b"").expect("a file");
    assert_eq!(engine(files.open()), EngineError::NotADiffArea);
}

#[test]
fn a_missing_file_is_named() {
    for missing in ["disk.img", "disk.img.diff"] {
        let files = Files::new(Durability::Durable);
        fs::remove_file(files.folder.path().join(missing)).expect("it was there");
        for error in [files.open().err(), files.node().err()] {
            let error = error.expect("an error").to_string();
            assert!(error.contains(missing), "{error}");
        }
    }
}

#[test]
fn an_origin_of_another_size_is_refused() {
    let files = Files::new(Durability::Durable);
    let origin = fs::OpenOptions::new().write(true).open(files.image()).expect("a file");
    origin.set_len(SIZE + 1).expect("a file");
    let expected = EngineError::OriginSize { recorded: SIZE, found: SIZE + 1 };
    assert_eq!(engine(files.node()), expected);
    assert!(matches!(
        engine(files.open()),
        EngineError::OriginSize { .. } | EngineError::ExternalWrite
    ));
}

#[test]
fn the_diff_area_of_another_volume_is_refused() {
    let files = Files::new(Durability::Durable);
    let other = Files::new(Durability::Durable);
    fs::copy(diff_path(other.image()), diff_path(files.image())).expect("a copy");
    assert_eq!(engine(files.open()), EngineError::OtherOrigin);
    assert_eq!(engine(files.node()), EngineError::OtherOrigin);
}

#[test]
fn a_write_behind_the_engines_back_is_told_until_somebody_decides() {
    let files = Files::new(Durability::Durable);
    let mut bytes = fs::read(files.image()).expect("a file");
    bytes[5] = 99;
    fs::write(files.image(), bytes).expect("a file");
    assert_eq!(engine(files.open()), EngineError::ExternalWrite);
    assert_eq!(engine(files.node()), EngineError::ExternalWrite);
    let options = |on_external_write| OpenOptions { on_external_write, ..Default::default() };
    let trusting = Volume::open(files.image(), &options(OnExternalWrite::Trust));
    assert_eq!(trusting.expect("trusted").shadow_copies().expect("copies").len(), 1);
    let mut bytes = fs::read(files.image()).expect("a file");
    bytes[6] = 99;
    fs::write(files.image(), bytes).expect("a file");
    let dropping = Volume::open(files.image(), &options(OnExternalWrite::Drop)).expect("dropped");
    assert!(dropping.shadow_copies().expect("copies").is_empty());
    assert_eq!(dropping.events().len(), 1);
}

#[test]
fn a_second_active_of_this_host_is_told_who_has_the_role() {
    let files = Files::new(Durability::Durable);
    let first = files.open().expect("the role");
    assert!(matches!(files.open(), Err(Error::Lock(_))));
    first.close().expect("a close");
    files.open().expect("the role again");
}

/// Each active would have overwritten what the other one's copies take for their own.
#[test]
fn a_second_active_with_a_diff_area_of_its_own_is_refused() {
    let files = Files::new(Durability::Durable);
    let other = files.folder.path().join("other.diff");
    let options = CreateOptions { diff: Some(other.clone()), ..Default::default() };
    Volume::create(files.image(), &options)
        .expect("nobody has the image")
        .close()
        .expect("a close");
    let first = files.open().expect("the role");
    let options = OpenOptions { diff: Some(other), ..Default::default() };
    let second = Volume::open(files.image(), &options);
    assert!(matches!(second, Err(Error::Lock(_))), "{second:?}");
    let third = CreateOptions { diff: Some(files.folder.path().join("3")), ..Default::default() };
    assert!(matches!(Volume::create(files.image(), &third), Err(Error::Lock(_))));
    assert!(!files.folder.path().join("3").exists());
    first.close().expect("a close");
    Volume::open(files.image(), &options).expect("the role");
}

/// On a device there would be nothing left of the volume.
#[test]
fn the_image_is_no_diff_area_for_itself() {
    let files = Files::new(Durability::Durable);
    let before = fs::read(files.image()).expect("a file");
    for name in ["disk.img", "another name"] {
        let diff = files.folder.path().join(name);
        if !diff.exists() {
            fs::hard_link(files.image(), &diff).expect("a link");
        }
        let options = CreateOptions { diff: Some(diff), ..Default::default() };
        let error = Volume::create(files.image(), &options).expect_err("one file for both");
        assert!(matches!(error, Error::SameMedium { .. }), "{error}");
    }
    assert_eq!(fs::read(files.image()).expect("a file"), before);
}

/// They hold bytes of the image: whoever may not read the one may not read the others.
#[cfg(unix)]
#[test]
fn diff_area_and_copies_are_as_private_as_the_image() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    for mode in [0o600, 0o640, 0o644] {
        let image = folder.path().join(format!("{mode:o}.img"));
        fs::write(&image, [1; 5000]).expect("a file");
        fs::set_permissions(&image, fs::Permissions::from_mode(mode)).expect("permissions");
        let volume = Volume::create(&image, &CreateOptions::default()).expect("a volume");
        let made = fs::metadata(diff_path(&image)).expect("a file").permissions().mode();
        assert_eq!(made & 0o777 & !mode, 0, "{made:o} for {mode:o}");
        let out = folder.path().join("out");
        let copy = volume.create_shadow_copy("private").expect("a copy");
        let copy = volume.reader().expect("a node").shadow_copy(copy.id).expect("a copy");
        copy.copy_to(&out, CopyOptions::default(), |_, _| true).expect("a copy");
        let made = fs::metadata(&out).expect("a file").permissions().mode();
        assert_eq!(made & 0o777 & !mode, 0, "{made:o} for {mode:o}");
    }
}

#[test]
fn a_fenced_holder_stops_before_it_overwrites_anything() {
    let memory = InMemory::new(SIZE);
    let first = Volume::create_on(memory.media(), &CreateOptions::default()).expect("a volume");
    first.create_shadow_copy("kept").expect("a copy");
    let second = Volume::open_on(memory.media(), &OpenOptions::default()).expect("the role");
    assert!(matches!(engine(first.write(0, b"late")), EngineError::Fenced { .. }));
    assert!(matches!(engine(first.create_shadow_copy("late")), EngineError::Fenced { .. }));
    let mut bytes = [9; 4];
    second.read(0, &mut bytes).expect("a read");
    assert_eq!(bytes, [0; 4]);
}

#[test]
fn a_closed_volume_and_a_closed_node_say_so() {
    let files = Files::new(Durability::Durable);
    let node = files.node().expect("a node");
    let copy = node.newest_copy();
    let volume = files.open().expect("the role");
    volume.close().expect("a close");
    volume.close().expect("twice is fine");
    assert!(matches!(volume.write(0, b"x"), Err(Error::Closed)));
    assert!(matches!(volume.read(0, &mut [0]), Err(Error::Closed)));
    assert!(matches!(volume.create_shadow_copy("x"), Err(Error::Closed)));
    node.close();
    assert!(matches!(copy.read(0, &mut [0]), Err(Error::Closed)));
}

trait Newest {
    fn newest_copy(&self) -> shadowvol_host::ShadowCopy;
}

impl Newest for Passive {
    fn newest_copy(&self) -> shadowvol_host::ShadowCopy {
        self.find_newest().expect("a journal").expect("a copy")
    }
}

/// A coherent volume was not closed, and the machine has booted since: nothing ordered its writes.
#[test]
fn a_coherent_volume_that_was_open_at_another_boot_is_suspicious() {
    let files = Files::new(Durability::Coherent);
    let volume = files.open().expect("the role");
    let image = fs::read(diff_path(files.image())).expect("a file");
    volume.close().expect("a close");
    let mut image = image;
    for place in [3584, 4096] {
        let bytes = &mut image[place..place + 512];
        bytes[136] ^= 1;
        let sum = shadowvol_host::checksum::CRC32C.of(&bytes[12..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(diff_path(files.image()), image).expect("a file");
    assert_eq!(engine(files.open()), EngineError::CoherentCrash);
}

#[test]
fn requests_past_the_end_change_nothing() {
    let memory = InMemory::new(SIZE);
    let volume = Volume::create_on(memory.media(), &CreateOptions::default()).expect("a volume");
    volume.create_shadow_copy("kept").expect("a copy");
    let beyond = [(SIZE, 1), (SIZE - 1, 2), (u64::MAX, 1), (u64::MAX - 3, 8)];
    for (offset, length) in beyond {
        let refused = engine(volume.write(offset, &vec![1; length as usize]));
        assert_eq!(refused, EngineError::OutOfRange { offset, length, size: SIZE });
        assert!(volume.read(offset, &mut vec![0; length as usize]).is_err());
        assert!(volume.discard(offset, length).is_err());
        let copy = volume.reader().expect("a reader").newest_copy();
        assert!(copy.read(offset, &mut vec![0; length as usize]).is_err());
    }
    volume.write(SIZE, b"").expect("nothing, at the end");
    let reader = volume.reader().expect("a reader");
    let copy = reader.newest_copy();
    copy.read(SIZE, &mut []).expect("nothing, at the end");
    assert!(whole(&reader, copy.info().id).expect("a copy").iter().all(|&byte| byte == 0));
}
