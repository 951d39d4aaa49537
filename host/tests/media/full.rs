//! A disk that is full says so, and keeps what it has.

use std::path::Path;
use std::process::Command;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::{Caching, Durability, File, FileError, FileOptions};
use tempfile::TempDir;

use super::place::{LoopDevice, TinyDisk, options, run};

#[test]
fn growth_beyond_the_disk_fails_as_full_and_harms_nothing() {
    let Some(disk) = TinyDisk::mount(2) else { return };
    for durability in [Durability::Durable, Durability::Coherent] {
        let path = disk.directory.path().join(format!("{durability:?}"));
        let file = File::create(path, 0, options(durability, Caching::Auto)).expect("a file");
        assert_eq!(file.grow(512 << 10).expect("room"), 512 << 10);
        file.write_at(0, &[7; 512 << 10]).expect("the room was set aside");
        let error = file.grow(8 << 20).expect_err("no room");
        assert!(error.is_full(), "{error}");
        let mut kept = vec![0; 512 << 10];
        file.read_at(0, &mut kept).expect("what it held");
        assert!(kept.iter().all(|&byte| byte == 7));
        assert_eq!(file.size().expect("a size"), 512 << 10);
    }
}

/// It took all that there was, and ext4 kept it for a file that had not grown: a discard of a large
/// sparse volume left nobody any space.
#[test]
fn growth_that_fails_takes_no_space_from_others() {
    let Some(disk) = TinyDisk::mount(40) else { return };
    let Some(device) = LoopDevice::attach_in(disk.directory.path(), 32 << 20) else { return };
    let Some(mounted) = Mounted::new(&device.path, "extents") else { return };
    let free = || rustix::fs::statvfs(mounted.directory.path()).expect("a file system").f_bfree;
    let path = mounted.directory.path().join("grows");
    let file =
        File::create(&path, 0, options(Durability::Coherent, Caching::Auto)).expect("a file");
    assert_eq!(file.grow(1 << 20).expect("room"), 1 << 20);
    let before = free();
    for size in [1 << 40, 33 << 20, (1 << 20) + free() * 4096] {
        let error = file.grow(size).expect_err("no room");
        assert!(error.is_full(), "{error}");
        assert_eq!(file.size().expect("a size"), 1 << 20);
    }
    assert!(free() + 16 >= before, "{} blocks of {before} are left", free());
    assert_eq!(file.grow(2 << 20).expect("room"), 2 << 20);
}

/// ext2 and ext3 are taken for ext4, but set no space aside: a small write by way of a mapping ended
/// the process when the disk was full.
#[test]
fn a_mapped_write_to_a_full_disk_is_an_error() {
    let Some(disk) = TinyDisk::mount(20) else { return };
    let Some(device) = LoopDevice::attach_in(disk.directory.path(), 16 << 20) else { return };
    let Some(mounted) = Mounted::new(&device.path, "^extents,^64bit") else { return };
    let options =
        FileOptions { map_small_writes: true, ..options(Durability::Coherent, Caching::Auto) };
    let path = mounted.directory.path().join("sparse");
    let file = File::create(&path, 8 << 20, options).expect("a sparse file");
    let other = File::create(mounted.directory.path().join("other"), 16 << 20, options);
    let other = other.expect("a sparse file");
    let full = (0..16).find_map(|nth| other.write_at(nth << 20, &vec![1; 1 << 20]).err());
    assert!(full.expect("a full disk").is_full());
    let full = (0..2048).find_map(|nth| file.write_at(nth << 12, b"small").err());
    assert!(full.expect("a full disk").is_full());
}

/// A file system of a device, unmounted when dropped.
struct Mounted {
    directory: TempDir,
}

impl Mounted {
    /// One with these features of ext4; `None`, and a word about it, where it cannot be had.
    fn new(device: &Path, features: &str) -> Option<Self> {
        let directory = TempDir::new().expect("a mount point");
        let mut make = Command::new("mkfs.ext4");
        make.args(["-q", "-m", "0", "-O", features]).arg(device);
        let mut mount = Command::new("mount");
        mount.arg(device).arg(directory.path());
        if run(&mut make).and_then(|_| run(&mut mount)).is_none() {
            println!("skipped: a file system on a disk needs root and mkfs.ext4");
            return None;
        }
        Some(Self { directory })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.directory.path()));
    }
}

#[test]
fn a_sparse_file_that_cannot_be_filled_fails_as_full() {
    let Some(disk) = TinyDisk::mount(2) else { return };
    let options = options(Durability::Durable, Caching::Auto);
    let file = File::create(disk.directory.path().join("sparse"), 64 << 20, options);
    let file = file.expect("a sparse file");
    let error = file.write_at(0, &[1; 4 << 20]).expect_err("no room");
    assert!(error.is_full(), "{error}");
    file.punch(0, 64 << 20).expect("room again");
    file.write_at(60 << 20, &[1; 1 << 20]).expect("room after the punch");
}

/// A device whose disk is thinner than it claims takes writes into the page cache and loses them at
/// the barrier. The operating system says so once; the next flush would succeed.
#[test]
fn a_barrier_that_failed_is_never_believed_again() {
    let Some(disk) = TinyDisk::mount(2) else { return };
    let Some(device) = LoopDevice::attach_in(disk.directory.path(), 16 << 20) else { return };
    let options = options(Durability::Durable, Caching::Buffered);
    let file = File::open(&device.path, options).expect("a device");
    file.write_at(0, &vec![1; 8 << 20]).expect("the page cache takes it");
    let error = file.barrier().expect_err("the disk does not");
    assert!(matches!(error, FileError::Io { .. }), "{error}");
    let error = file.barrier().expect_err("nothing is known about those writes");
    assert!(matches!(error, FileError::BarrierLost { .. }), "{error}");
}
