//! A disk that is full says so, and keeps what it has.

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::{Caching, Durability, File, FileError};

use super::place::{LoopDevice, TinyDisk, options};

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
