//! The role goes to another boot, or another host, while its last holder is dead or only asleep.

use std::fs;
use std::path::PathBuf;

use shadowvol::Error as EngineError;
use shadowvol_host::{CreateOptions, Error, OpenOptions, Volume, diff_path};
use tempfile::TempDir;

use super::support::{InMemory, whole};

const SIZE: u64 = 21_000;

/// Where a superblock has the number of the origin's device and the holder's boot.
const DEVICE: usize = 104 + 24;
const BOOT: usize = 136;

/// A volume whose holder died, as it is found by a host that numbers devices otherwise.
fn left_open(foreign: &[usize]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk.img");
    let options = CreateOptions { size: Some(SIZE), ..CreateOptions::default() };
    let volume = Volume::create(&path, &options).expect("a volume");
    volume.create_shadow_copy("kept").expect("a copy");
    volume.write(5000, b"later").expect("a write");
    let mut image = fs::read(diff_path(&path)).expect("a file");
    volume.close().expect("a close");
    for superblock in [3584, 4096] {
        let bytes = &mut image[superblock..superblock + 512];
        foreign.iter().for_each(|&at| bytes[at] ^= 1);
        let sum = shadowvol_host::checksum::CRC32C.of(&bytes[12..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(diff_path(&path), image).expect("a file");
    (folder, path)
}

/// Found between two kernels, by way of NFS: its client went down, and on no other host, nor after
/// its next boot, did the volume open, because the origin's device had another number there.
#[test]
fn a_volume_that_was_left_open_opens_where_devices_are_numbered_otherwise() {
    let (_folder, path) = left_open(&[BOOT, DEVICE]);
    let volume = Volume::open(&path, &OpenOptions::default()).expect("the role");
    let copy = volume.shadow_copies().expect("copies")[0].id;
    let reader = volume.reader().expect("a reader");
    assert_eq!(whole(&reader, copy).expect("the copy"), [0; SIZE as usize]);
}

#[test]
fn within_one_boot_another_device_holds_another_origin() {
    let (_folder, path) = left_open(&[DEVICE]);
    let refused = Volume::open(&path, &OpenOptions::default());
    assert!(matches!(refused, Err(Error::Engine(EngineError::OtherOrigin))), "{refused:?}");
}

/// Found between two kernels: a holder that woke up after another one had taken the role wrote to
/// chunks that were preserved already, which needs no commit, and had flush after flush acknowledged.
#[test]
fn a_fenced_holder_is_acknowledged_no_flush() {
    let memory = InMemory::new(SIZE);
    let first = Volume::create_on(memory.media(), &CreateOptions::default()).expect("a volume");
    first.create_shadow_copy("kept").expect("a copy");
    first.write(0, b"preserved").expect("a write");
    let second = Volume::open_on(memory.media(), &OpenOptions::default()).expect("the role");
    let fenced = |result: Result<(), Error>| {
        let error = result.expect_err("a newer holder");
        assert!(matches!(error.engine(), Some(EngineError::Fenced { .. })), "{error}");
    };
    fenced(first.flush());
    fenced(first.write(0, b"late"));
    let mut bytes = [0; 9];
    second.read(0, &mut bytes).expect("a read");
    assert_eq!(&bytes, b"preserved");
    second.flush().expect("a flush of the holder");
}
