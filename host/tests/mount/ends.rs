//! However a mount ends, nothing is left of it.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustix::mount::{UnmountFlags, unmount};
use shadowvol_host::mount::MountError;
use shadowvol_host::{Error, OpenOptions, Volume};
use tempfile::TempDir;

use super::bed::Bed;

const SOON: Duration = Duration::from_secs(60);

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the folder itself").next().is_none()
}

/// The volume once more. The kernel tells of a file's end in its own time, and a helper that another
/// test is just starting has all files for a moment.
fn reopened(folder: &TempDir) -> Volume {
    let opened = (0..600).find_map(|_| {
        let opened = Volume::open(Bed::image(folder), &OpenOptions::default());
        opened.map_err(|_| thread::sleep(Duration::from_millis(100))).ok()
    });
    opened.expect("the role is free")
}

#[test]
fn in_good_order() {
    let Some(Bed { mount, volume, folder }) = Bed::new() else { return };
    assert!(mount.is_mounted());
    assert!(!mount.wait(Duration::ZERO));
    mount.unmount().expect("nobody is there");
    assert!(!mount.is_mounted());
    assert!(mount.wait(Duration::ZERO));
    assert!(is_empty(&Bed::dir(&folder)));
    mount.unmount().expect("once more");
    drop(mount);
    volume.write(0, b"on").expect("the volume goes on");
    drop(Arc::into_inner(volume).expect("nobody else has it"));
    reopened(&folder);
}

#[test]
fn not_while_somebody_is_there() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    let busy = bed.mount.unmount().expect_err("a file is open");
    assert!(matches!(busy, Error::Mount(MountError::Busy { .. })));
    assert!(busy.to_string().contains("losetup"));
    file.write_all_at(b"on", 0).expect("all is as it was");
    drop(file);
    bed.mount.unmount().expect("nobody is there");
}

#[test]
fn dropping_leaves_who_is_there_alone() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    let Bed { mount, volume, folder } = bed;
    drop(mount);
    assert!(is_empty(&Bed::dir(&folder)));
    drop(volume);
    file.write_all_at(b"still", 0).expect("the volume is open for the file's sake");
    let taken = Volume::open(Bed::image(&folder), &OpenOptions::default());
    assert!(matches!(taken, Err(Error::Lock(_))));
    drop(file);
    let mut found = [0; 5];
    reopened(&folder).read(0, &mut found).expect("a read");
    assert_eq!(&found, b"still");
}

#[test]
fn by_a_panic() {
    let Some(bed) = Bed::new() else { return };
    let dir = bed.mount.dir().to_owned();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _mount = bed.mount;
        panic!("on purpose");
    }));
    panicked.expect_err("it was on purpose");
    assert!(is_empty(&dir));
}

#[test]
fn by_somebody_else() {
    let Some(bed) = Bed::new() else { return };
    let dir = bed.mount.dir().to_owned();
    if let Err(error) = unmount(&dir, UnmountFlags::empty()) {
        println!("\n  NOT TESTED: unmounting by others: {error}\n");
        return;
    }
    assert!(bed.mount.wait(SOON));
    assert!(!bed.mount.is_mounted());
    bed.mount.unmount().expect("it is over");
    assert!(is_empty(&dir));
}

#[test]
fn a_closed_volume_is_of_no_use_to_who_is_there() {
    let Some(bed) = Bed::new() else { return };
    let file = bed.file();
    bed.volume.close().expect("a closing");
    file.write_at(b"no", 0).expect_err("it is closed");
    file.read_at(&mut [0; 2], 0).expect_err("it is closed");
    file.sync_all().expect_err("it is closed");
    fs::read_dir(bed.mount.dir().join("copies"))
        .expect("a folder")
        .next()
        .expect("an answer")
        .expect_err("it is closed");
    drop(file);
    bed.mount.unmount().expect("nobody is there");
}
