//! Block devices: a loop device stands for a disk.

use shadowvol::backend::{ReadAt, WriteAt, conformance};
use shadowvol_host::file::MediumKind;
use shadowvol_host::lock::{LockError, RoleLock};
use shadowvol_host::{
    Caching, CreateOptions, Durability, Error, File, ReadOnlyFile, Volume, diff_path,
};

use super::place::{LoopDevice, options};

const LARGEST: u64 = (5 << 20) + 8192;

#[test]
fn a_device_conforms_and_is_read_past_the_cache_by_itself() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    for caching in [Caching::Auto, Caching::Buffered] {
        // The suite wants many sizes, a device has one: the suite gets windows of it.
        conformance::suite(|size| {
            let options = options(Durability::Durable, caching);
            let file = File::open(&device.path, options).expect("a device");
            assert_eq!(file.medium(), MediumKind::BlockDevice);
            assert_eq!(file.is_direct(), caching == Caching::Auto);
            file.punch(0, LARGEST).expect("a punch of everything");
            shadowvol::backend::Slice::new(file, LARGEST - size, size).expect("within")
        });
    }
}

/// udev takes a lock like this one, and looks at the device.
#[test]
fn who_looks_at_a_device_for_a_moment_does_not_keep_the_role_away() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    let looking = std::fs::File::open(&device.path).expect("a device");
    looking.lock_shared().expect("nobody has it");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(core::time::Duration::from_millis(30));
            drop(looking);
        });
        RoleLock::take(&device.path).expect("the role, in the end");
    });
    let _held = RoleLock::take(&device.path).expect("the role");
    assert!(matches!(RoleLock::take(&device.path), Err(LockError::Held { .. })));
}

/// Its diff area would have been made beside it, in a folder that is in memory.
#[test]
fn a_device_needs_a_diff_area_by_name() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    let error = Volume::create(&device.path, &CreateOptions::default()).expect_err("no place");
    assert!(matches!(error, Error::NoPlaceBeside { .. }), "{error}");
    assert!(!diff_path(&device.path).exists());
    let diff = Some(device.path.clone());
    let error = Volume::create(&device.path, &CreateOptions { diff, ..Default::default() });
    assert!(matches!(error, Err(Error::SameMedium { .. })), "{error:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let diff = Some(folder.path().join("named.diff"));
    let options = CreateOptions { diff, caching: Caching::Buffered, ..Default::default() };
    Volume::create(&device.path, &options).expect("a volume").close().expect("a close");
}

#[test]
fn a_device_keeps_its_size() {
    let Some(device) = LoopDevice::attach(LARGEST) else { return };
    let file = File::open(&device.path, options(Durability::Coherent, Caching::Auto));
    let file = file.expect("coherent mode is offered on devices");
    assert_eq!(file.size().expect("a size"), LARGEST);
    assert_eq!(file.grow(2 * LARGEST).expect("no growth"), LARGEST);
    assert!(file.write_at(LARGEST - 1, b"ab").is_err());
}

#[test]
fn a_reader_of_a_device_sees_acknowledged_writes() {
    let Some(device) = LoopDevice::attach(64 * 4096) else { return };
    let writer = File::open(&device.path, options(Durability::Durable, Caching::Auto));
    let writer = writer.expect("a device");
    let reader = ReadOnlyFile::open(&device.path, Caching::Auto).expect("the same device");
    assert!(reader.is_direct());
    for round in 1..100_u64 {
        let data = [round as u8; 700];
        writer.write_at(round * 701, &data).expect("a write within the device");
        let mut found = [0; 700];
        reader.read_at(round * 701, &mut found).expect("a read within the device");
        assert_eq!(found, data);
    }
}
