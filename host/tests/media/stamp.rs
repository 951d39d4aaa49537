//! Fingerprints: what was written behind the engine's back shows, what was only copied does not.

use std::fs;
use std::path::Path;

use shadowvol::backend::WriteAt;
use shadowvol_host::stamp::{Stamp, Verdict};
use shadowvol_host::{File, FileOptions};

use super::place::{LoopDevice, Place};

fn stamp(path: &Path) -> Stamp {
    Stamp::of(&File::open(path, FileOptions::default()).expect("a medium")).expect("a stamp")
}

#[test]
fn a_file_left_alone_is_the_same_and_a_written_one_is_not() {
    let place = &Place::all()[0];
    let path = place.path();
    fs::write(&path, [1; 5000]).expect("a file");
    let before = stamp(&path);
    assert_eq!(Stamp::from_bytes(before.to_bytes()), before);
    assert_eq!(before.compare(stamp(&path)), Verdict::Same);
    let file = fs::File::options().write(true).open(&path).expect("the file");
    let later = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    file.set_modified(later + core::time::Duration::from_nanos(1000)).expect("a new time");
    assert_eq!(before.compare(stamp(&path)), Verdict::Changed);
    file.set_modified(later).expect("the old time");
    file.set_len(5001).expect("another size");
    file.set_modified(later).expect("the old time");
    assert_eq!(before.compare(stamp(&path)), Verdict::Changed);
}

#[test]
fn a_copy_is_the_same_when_it_keeps_the_time() {
    let place = &Place::all()[0];
    let (path, copy) = (place.path(), place.path());
    fs::write(&path, [1; 5000]).expect("a file");
    fs::copy(&path, &copy).expect("a copy");
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
    let file = fs::File::options().write(true).open(&copy).expect("the copy");
    file.set_modified(modified).expect("the same time");
    assert_eq!(stamp(&path).compare(stamp(&copy)), Verdict::Same);
    file.set_modified(modified + core::time::Duration::from_secs(1)).expect("another time");
    assert_eq!(stamp(&path).compare(stamp(&copy)), Verdict::OtherFile);
}

/// A host that went down left a volume open. After its next boot, and on the host that takes over, the
/// origin's device has another number, and the volume must open all the same.
#[test]
fn devices_are_told_apart_by_number_within_a_boot_only() {
    let place = &Place::all()[0];
    let path = place.path();
    fs::write(&path, [1; 5000]).expect("a file");
    let mut elsewhere = stamp(&path).to_bytes();
    elsewhere[24] ^= 1;
    let before = Stamp::from_bytes(elsewhere);
    assert_eq!(before.compare(stamp(&path)), Verdict::Same);
    fs::write(&path, [2; 5001]).expect("the file");
    assert_eq!(before.compare(stamp(&path)), Verdict::OtherFile);
    assert_eq!(before.without_devices().compare(stamp(&path)), Verdict::Changed);
    fs::rename(&path, place.path()).expect("another name");
    fs::write(&path, [2; 5002]).expect("another file");
    assert_eq!(before.without_devices().compare(stamp(&path)), Verdict::OtherFile);
}

#[test]
fn a_device_is_known_by_both_its_ends() {
    let Some(device) = LoopDevice::attach(1 << 20) else { return };
    let before = stamp(&device.path);
    assert_eq!(before.compare(stamp(&device.path)), Verdict::Same);
    for offset in [0, (1 << 20) - 1] {
        let file = File::open(&device.path, FileOptions::default()).expect("a device");
        file.write_at(offset, b"x").expect("within");
        assert_eq!(before.compare(stamp(&device.path)), Verdict::Changed);
        let mut elsewhere = before.to_bytes();
        elsewhere[16] ^= 1;
        let elsewhere = Stamp::from_bytes(elsewhere);
        assert_eq!(elsewhere.compare(stamp(&device.path)), Verdict::OtherFile);
        assert_eq!(elsewhere.without_devices().compare(stamp(&device.path)), Verdict::Changed);
        file.write_at(offset, &[0]).expect("within");
        assert_eq!(before.compare(stamp(&device.path)), Verdict::Same);
    }
}
