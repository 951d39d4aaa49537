//! The story: somebody makes backups of each kind, and sees what they cost and what they build on.
//!
//! A backup that could not build on what it should is a full one, and says so. It is never a wrong
//! one, and never full in silence.

use std::fs;

use shadowvol_host::Error;
use shadowvol_host::backup::{BackupOptions, Kind, Needed, Repository, RepositoryError};

use super::support::{Bed, Random, assert_same, bytes_in, files};

const SIZE: u64 = 40 << 20;

fn filled() -> Bed {
    let mut bed = Bed::new(SIZE);
    let noise = Random(1).bytes((SIZE / 2) as usize);
    bed.write(0, &noise);
    bed
}

fn reason(of: &shadowvol_host::backup::Backup) -> &str {
    assert_eq!(of.manifest.kind, Kind::Full);
    of.manifest.full_because.as_deref().expect("a reason")
}

#[test]
fn an_incremental_costs_what_has_changed() {
    let mut bed = filled();
    let full = bed.backup(Kind::Full);
    assert_eq!((full.manifest.read, full.manifest.base), (SIZE, None));
    assert!(full.manifest.new >= SIZE / 2 && full.manifest.stored >= SIZE / 2);
    assert!(full.manifest.stored < SIZE / 2 + SIZE / 50, "{}", full.manifest.stored);
    let before = bytes_in(&bed.path());
    bed.write(30 << 20, &Random(2).bytes(4096));
    let next = bed.backup(Kind::Incremental);
    assert_eq!((next.manifest.kind, next.manifest.full_because), (Kind::Incremental, None));
    assert_eq!((next.manifest.read, next.manifest.base), (65_536, Some(full.id)));
    // A chunk with little in it, and a node of each of two levels.
    let grown = bytes_in(&bed.path()) - before;
    assert!(grown < 40_000, "{grown} bytes");
    assert_same(&bed.restored(next.id).expect("a restore"), &bed.truth, "the incremental");
    let truth = bed.truth.clone();
    bed.write(0, &[7; 9000]);
    let idle = bed.backup(Kind::Incremental);
    assert_eq!(idle.manifest.read, 65_536);
    assert_same(&bed.restored(next.id).expect("a restore"), &truth, "the one before");
}

#[test]
fn what_is_there_is_not_stored_again() {
    let bed = filled();
    let full = bed.backup(Kind::Full);
    let again = bed.backup(Kind::Full);
    assert_eq!((again.manifest.read, again.manifest.new, again.manifest.stored), (SIZE, 0, 0));
    assert_ne!(full.id, again.id);
    // Another volume with the same bytes elsewhere, in the same repository.
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Bed::beside(SIZE, folder, bed.repository.clone());
    other.write(SIZE / 2, &bed.truth[..(SIZE / 2) as usize]);
    let moved = other.backup(Kind::Full);
    assert!(moved.manifest.new < 100_000, "maps only: {}", moved.manifest.new);
    assert_same(&other.restored(moved.id).expect("a restore"), &other.truth, "the other");
}

#[test]
fn each_kind_builds_on_the_right_one() {
    let mut bed = filled();
    let full = bed.backup(Kind::Full);
    bed.write(0, &[1; 4096]);
    let first = bed.backup(Kind::Incremental);
    bed.write(1 << 20, &[2; 4096]);
    let apart = bed.backup(Kind::Copy);
    assert_eq!((apart.manifest.base, apart.manifest.read), (None, SIZE));
    let second = bed.backup(Kind::Incremental);
    assert_eq!((second.manifest.base, second.manifest.read), (Some(first.id), 65_536));
    let differential = bed.backup(Kind::Differential);
    assert_eq!((differential.manifest.base, differential.manifest.read), (Some(full.id), 131_072));
    let third = bed.backup(Kind::Incremental);
    assert_eq!((third.manifest.base, third.manifest.read), (Some(second.id), 0));
    let needed = bed.repository.needed(full.manifest.volume).expect("a list");
    let copies = (Some(third.manifest.copy), Some(full.manifest.copy));
    assert_eq!(needed, Needed { incremental: copies.0, differential: copies.1 });
    for backup in [&apart, &second, &differential, &third] {
        assert_same(&bed.restored(backup.id).expect("a restore"), &bed.truth, "of each kind");
    }
}

#[test]
fn a_base_can_be_named() {
    let mut bed = filled();
    let full = bed.backup(Kind::Full);
    bed.write(0, &[1; 4096]);
    bed.backup(Kind::Incremental);
    let copy = bed.node().shadow_copy(bed.take()).expect("a copy");
    let options = BackupOptions {
        kind: Kind::Incremental,
        base: Some(full.id),
        name: Some("disk".into()),
        ..BackupOptions::default()
    };
    let made = bed.repository.backup(&copy, &options, |_, _| true).expect("a backup");
    assert_eq!((made.manifest.base, made.manifest.read), (Some(full.id), 65_536));
    assert_eq!(made.manifest.name, "disk");
}

#[test]
fn a_lost_base_makes_a_full_one_that_says_so() {
    let mut bed = filled();
    assert!(reason(&bed.backup(Kind::Incremental)).contains("no backup of this volume"));
    let last = bed.backup(Kind::Incremental);
    assert_eq!(last.manifest.full_because, None);
    // Its shadow copy.
    let id = shadowvol::CopyId::new(last.manifest.copy).expect("a number");
    bed.volume.delete_shadow_copies(&[id]).expect("a deletion");
    bed.write(0, &[1; 4096]);
    let full = bed.backup(Kind::Incremental);
    assert!(reason(&full).contains(&format!("shadow copy {id}, of which backup {}", last.id)));
    assert_same(&bed.restored(full.id).expect("a restore"), &bed.truth, "the full one");
    // Its manifest.
    let manifest = bed.path().join("backups").join(full.id.to_string());
    let bytes = fs::read(&manifest).expect("a manifest");
    fs::write(&manifest, &bytes[1..]).expect("a file");
    assert!(reason(&bed.backup(Kind::Incremental)).contains("manifest is damaged"));
    fs::write(&manifest, &bytes).expect("a file");
    // A pack.
    let pack = files(&bed.path().join("packs")).pop().expect("a pack");
    fs::remove_file(pack).expect("a file");
    let healed = bed.backup(Kind::Incremental);
    assert!(reason(&healed).contains("has lost chunks"));
    assert!(healed.manifest.new > 0);
    assert_same(&bed.restored(healed.id).expect("a restore"), &bed.truth, "stored anew");
}

#[test]
fn another_volume_of_the_same_name_is_another_volume() {
    let bed = filled();
    let copy = |bed: &Bed| bed.node().shadow_copy(bed.take()).expect("a copy");
    let options = BackupOptions {
        kind: Kind::Incremental,
        name: Some("disk.img".into()),
        ..BackupOptions::default()
    };
    bed.repository.backup(&copy(&bed), &options, |_, _| true).expect("a backup");
    let folder = tempfile::tempdir().expect("a folder");
    let other = Bed::beside(SIZE, folder, bed.repository.clone());
    let made = bed.repository.backup(&copy(&other), &options, |_, _| true).expect("a backup");
    assert!(reason(&made).contains("another volume"));
    assert_same(&other.restored(made.id).expect("a restore"), &other.truth, "the other");
}

#[test]
fn a_backup_that_is_cancelled_is_not_there() {
    let bed = filled();
    let copy = bed.node().shadow_copy(bed.take()).expect("a copy");
    let stopped = bed.repository.backup(&copy, &BackupOptions::default(), |done, total| {
        assert!(done <= total && total == SIZE);
        false
    });
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert!(bed.repository.backups().expect("a list").backups.is_empty());
    let mut heard = Vec::new();
    bed.repository
        .backup(&copy, &BackupOptions::default(), |done, total| {
            heard.push((done, total));
            true
        })
        .expect("a backup");
    assert_eq!((heard.first(), heard.last()), (Some(&(0, SIZE)), Some(&(SIZE, SIZE))));
    assert!(heard.is_sorted());
}

#[test]
fn a_folder_is_a_repository_or_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let kind = |error: Error| match error {
        Error::Repository(error) => error,
        error => panic!("{error}"),
    };
    let missing = kind(Repository::open(folder.path().join("none")).expect_err("nothing there"));
    assert!(matches!(missing, RepositoryError::NotARepository { .. }));
    let made = Repository::create(folder.path()).expect("an empty folder");
    let again = kind(Repository::create(folder.path()).expect_err("not empty any more"));
    assert!(matches!(again, RepositoryError::NotEmpty { .. }));
    assert_eq!(Repository::open(folder.path()).expect("a repository").id(), made.id());
    let listing = made.backups().expect("a list");
    for name in ["latest", "", "00"] {
        assert!(matches!(listing.find(name), Err(RepositoryError::NoSuchBackup { .. })));
    }
}

/// Whoever makes a repository may be killed, or meet a full disk, and comes again.
#[test]
fn a_repository_that_was_half_made_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("packs")).expect("a folder");
    fs::write(path("lock"), "").expect("a file");
    fs::write(path(".config.1-0.partial"), "{").expect("a file");
    let made = Repository::create(folder.path()).expect("it is ours");
    assert_eq!(Repository::open(folder.path()).expect("a repository").id(), made.id());

    for foreign in ["thesis.txt", "packs/thesis.txt"] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("packs")).expect("a folder");
        fs::write(folder.path().join(foreign), "mine").expect("a file");
        let refused = Repository::create(folder.path()).expect_err("it is somebody's");
        assert!(refused.to_string().contains("not empty"), "{refused}");
    }
}
