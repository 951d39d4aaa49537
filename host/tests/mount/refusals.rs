//! Folders that cannot be mounted on.

use std::fs;
use std::sync::Arc;

use shadowvol_host::mount::{Mount, MountError};
use shadowvol_host::{Error, Passive, PassiveOptions, Volume};
use tempfile::TempDir;

use super::bed::{Bed, plain};

fn refusal(volume: &Arc<Volume>, dir: &std::path::Path) -> MountError {
    match Mount::volume(Arc::clone(volume), dir, plain()) {
        Err(Error::Mount(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_says_what_to_do() {
    let folder = TempDir::new().expect("a folder to test in");
    let volume = Arc::new(Bed::make(&folder, None));
    let missing = refusal(&volume, &folder.path().join("missing"));
    assert!(matches!(missing, MountError::NoFolder { .. }));
    assert!(missing.to_string().contains("make one to mount on"));
    let file = refusal(&volume, &Bed::image(&folder));
    assert!(matches!(file, MountError::NoFolder { .. }));
    let full = refusal(&volume, folder.path());
    assert!(matches!(full, MountError::NotEmpty { .. }));
    assert!(full.to_string().contains("mount on an empty folder"));
    fs::read_dir(folder.path()).expect("it is as it was");
}

#[test]
fn what_is_closed_is_not_mounted() {
    let folder = TempDir::new().expect("a folder to test in");
    let volume = Arc::new(Bed::make(&folder, None));
    volume.close().expect("a closing");
    let closed = Mount::volume(volume, Bed::dir(&folder), plain());
    assert!(matches!(closed, Err(Error::Closed)));
    let node = Passive::open(Bed::image(&folder), &PassiveOptions::default());
    let node = Arc::new(node.expect("a passive node"));
    node.close();
    assert!(matches!(Mount::passive(node, Bed::dir(&folder), plain()), Err(Error::Closed)));
}

#[test]
fn a_folder_is_mounted_on_once() {
    let Some(bed) = Bed::new() else { return };
    let twice = refusal(&bed.volume, bed.mount.dir());
    assert!(matches!(twice, MountError::NotEmpty { .. }));
}
