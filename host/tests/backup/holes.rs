//! The story: a large volume is nearly empty. Its holes are not read, neither for a backup nor for a
//! copy, and they are zeros only where they were at the instant, whoever fills them meanwhile.

use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::thread;

use shadowvol_host::backup::{BackupOptions, Kind, Repository, RestoreOptions};
use shadowvol_host::{CopyOptions, CreateOptions, Passive, PassiveOptions, Volume};

use super::support::{Random, assert_same};

const PAGE: u64 = 4096;

fn create(image: &Path, size: u64) -> Volume {
    let options = CreateOptions { size: Some(size), ..CreateOptions::default() };
    Volume::create(image, &options).expect("a volume")
}

fn bytes_at(file: &File, at: u64) -> [u8; 4] {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at).expect("bytes");
    bytes
}

#[test]
fn what_is_not_there_is_not_read() {
    const SIZE: u64 = 256 << 30;
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("disk.img");
    let volume = create(&image, SIZE);
    let places = [0, 77 << 30, (77 << 30) + (3 << 20), SIZE - PAGE];
    for at in places {
        volume.write(at, b"full").expect("a write");
    }
    volume.create_shadow_copy("").expect("a copy");
    // What was a hole at the instant, and what is one only since.
    volume.write(130 << 30, b"late").expect("a write");
    volume.discard(77 << 30, PAGE).expect("a discard");

    let node = Passive::open(&image, &PassiveOptions::default()).expect("a node");
    let copy = node.find_newest().expect("copies").expect("a copy");
    let repository = Repository::create(folder.path().join("backups")).expect("a repository");
    let backup =
        repository.backup(&copy, &BackupOptions::default(), |_, _| true).expect("a backup");
    assert!(backup.manifest.read <= 8 << 20, "{} bytes read", backup.manifest.read);
    let (restored, copied) = (folder.path().join("restored"), folder.path().join("copied"));
    let options = RestoreOptions::default();
    repository.restore(backup.id, &restored, options, |_, _| true).expect("a restore");
    copy.copy_to(&copied, CopyOptions::default(), |_, _| true).expect("a copy");
    for path in [&restored, &copied] {
        let file = File::open(path).expect("a file");
        assert!(places.iter().all(|&at| bytes_at(&file, at) == *b"full"), "{}", path.display());
        assert_eq!(bytes_at(&file, 130 << 30), [0; 4]);
        let facts = file.metadata().expect("facts");
        assert_eq!(facts.len(), SIZE);
        assert!(facts.blocks() * 512 <= 8 << 20, "{} blocks", facts.blocks());
    }

    volume.create_shadow_copy("").expect("a copy");
    let next = node.find_newest().expect("copies").expect("a copy");
    let options = BackupOptions { kind: Kind::Incremental, ..BackupOptions::default() };
    let backup = repository.backup(&next, &options, |_, _| true).expect("a backup");
    assert!(backup.manifest.base.is_some() && backup.manifest.read <= 1 << 20, "{backup:?}");
    let options = RestoreOptions::default();
    repository.restore(backup.id, &restored, options, |_, _| true).expect("a restore");
    let file = File::open(&restored).expect("a file");
    assert_eq!((bytes_at(&file, 130 << 30), bytes_at(&file, 77 << 30)), (*b"late", [0; 4]));
}

/// A writer fills holes and makes new ones as fast as it can, while copies are backed up and copied
/// by a passive node: what comes back is the instant's.
#[test]
fn holes_that_are_filled_meanwhile_are_still_zeros() {
    const SIZE: u64 = 24 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("disk.img");
    let volume = create(&image, SIZE);
    let repository = Repository::create(folder.path().join("backups")).expect("a repository");
    let node = Passive::open(&image, &PassiveOptions::default()).expect("a node");
    let (restored, copied) = (folder.path().join("restored"), folder.path().join("copied"));
    let mut random = Random(11);
    for round in 0..10 {
        volume.discard(0, SIZE).expect("a discard");
        for _ in 0..4 {
            let (at, length) = random.range(SIZE, 1 << 20);
            volume.write(at, &random.bytes(length)).expect("a write");
        }
        let mut truth = vec![0; SIZE as usize];
        volume.read(0, &mut truth).expect("the truth");
        let id = volume.create_shadow_copy("").expect("a copy").id;
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut random = Random(round);
                while !stop.load(Ordering::Relaxed) {
                    let at = random.below(SIZE / PAGE) * PAGE;
                    if random.below(4) == 0 {
                        volume.discard(at, PAGE).expect("a discard");
                    } else {
                        volume.write(at, &[0xEE; PAGE as usize]).expect("a write");
                    }
                }
            });
            let copy = node.shadow_copy(id).expect("the copy");
            let options = BackupOptions::default();
            let backup = repository.backup(&copy, &options, |_, _| true).expect("a backup");
            copy.copy_to(&copied, CopyOptions::default(), |_, _| true).expect("a copy");
            stop.store(true, Ordering::Relaxed);
            let options = RestoreOptions::default();
            repository.restore(backup.id, &restored, options, |_, _| true).expect("a restore");
        });
        for path in [&restored, &copied] {
            assert_same(&fs::read(path).expect("a file"), &truth, "what came back");
        }
        volume.delete_shadow_copies(&[id]).expect("a deletion");
    }
}
