//! The story: space runs short, and old backups go. What stays is whole, whatever goes and wherever
//! the pruning is interrupted, and the space of what is gone comes back.

use std::fs;
use std::path::Path;

use shadowvol_host::Error;
use shadowvol_host::backup::{Backup, Keep, Kind, PruneOptions};

use super::support::{Bed, Random, assert_same, bytes_in, files};

const SIZE: u64 = 40 << 20;

/// Five backups, of which each has overwritten some of what the one before has.
fn bed() -> (Bed, Vec<(Backup, Vec<u8>)>) {
    let mut bed = Bed::new(SIZE);
    let mut made = Vec::new();
    for nth in 0..5 {
        let length = if nth == 0 { SIZE } else { 6 << 20 };
        bed.write(nth * (2 << 20), &Random(nth).bytes(length as usize));
        made.push((bed.backup(Kind::Incremental), bed.truth.clone()));
    }
    (bed, made)
}

fn check(bed: &Bed, kept: &[(Backup, Vec<u8>)]) {
    let report = bed.verified();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.backups.len(), kept.len());
    for (backup, truth) in kept {
        assert_same(&bed.restored(backup.id).expect("a restore"), truth, "what was kept");
    }
}

#[test]
fn the_space_of_old_backups_comes_back() {
    let (bed, made) = bed();
    let before = bytes_in(&bed.path());
    let keep = |last| PruneOptions {
        keep: Keep { last, ..Keep::default() },
        fill: 100,
        ..PruneOptions::default()
    };
    let trial = PruneOptions { dry_run: true, ..keep(1) };
    let told = bed.repository.prune(&trial, |_, _| true).expect("a trial");
    assert_eq!(bed.repository.backups().expect("a list").backups.len(), 5);
    let done = bed.repository.prune(&keep(1), |_, _| true).expect("a pruning");
    assert_eq!(told, done);
    assert_eq!(done.kept, [made[4].0.id]);
    check(&bed, &made[4..]);
    let after = bytes_in(&bed.path());
    assert!(after < SIZE + SIZE / 50, "{after} bytes are left of {before}");
    assert!(before - after >= done.freed, "{before} {after} {done:?}");
    let none = PruneOptions { remove: done.kept, ..PruneOptions::default() };
    bed.repository.prune(&none, |_, _| true).expect("a pruning");
    assert!(files(&bed.path().join("packs")).is_empty());
    assert!(bed.verified().is_ok());
}

#[test]
fn small_packs_become_few() {
    let mut bed = Bed::new(SIZE);
    for nth in 0..10 {
        bed.write(nth << 20, &Random(nth).bytes(70_000));
        bed.backup(Kind::Incremental);
    }
    let packs = || files(&bed.path().join("packs")).len();
    assert!(packs() >= 10);
    bed.repository.prune(&PruneOptions::default(), |_, _| true).expect("a pruning");
    assert_eq!(packs(), 1);
    assert!(bed.verified().is_ok());
    assert_eq!(bed.repository.backups().expect("a list").backups.len(), 10);
}

/// Everything that a pruning removes is there again, as if it had died before: each file alone, and
/// all of them, beside what it has written.
#[test]
fn a_pruning_that_died_has_harmed_nothing() {
    let (bed, made) = bed();
    let saved = tempfile::tempdir().expect("a folder");
    let before = files(&bed.path());
    for (nth, path) in before.iter().enumerate() {
        fs::copy(path, saved.path().join(nth.to_string())).expect("a file");
    }
    let options = PruneOptions {
        keep: Keep { last: 2, ..Keep::default() },
        fill: 100,
        ..PruneOptions::default()
    };
    bed.repository.prune(&options, |_, _| true).expect("a pruning");
    let is_in = |path: &Path, folder: &str| path.starts_with(bed.path().join(folder));
    let back = |nth: usize| {
        fs::copy(saved.path().join(nth.to_string()), &before[nth]).expect("a file");
    };
    let gone: Vec<_> = (0..before.len()).filter(|&nth| !before[nth].exists()).collect();
    assert!(gone.iter().any(|&nth| is_in(&before[nth], "packs")), "nothing was removed");
    // The order in which it removes is manifests, tables, packs; so died, it has left the last.
    for folders in [&["packs"][..], &["packs", "index"], &["packs", "index", "backups"]] {
        for &nth in &gone {
            if folders.iter().any(|folder| is_in(&before[nth], folder)) {
                back(nth);
            }
        }
        let kept = if folders.len() == 3 { &made[..] } else { &made[3..] };
        check(&bed, kept);
    }
    bed.repository.prune(&options, |_, _| true).expect("the next one");
    check(&bed, &made[3..]);
    let left = bytes_in(&bed.path());
    assert!(left < SIZE + (8 << 20), "{left} bytes are left");
}

#[test]
fn nothing_goes_when_it_is_not_known_what_is_needed() {
    let (bed, made) = bed();
    let options =
        PruneOptions { keep: Keep { last: 2, ..Keep::default() }, ..PruneOptions::default() };
    let manifest = bed.path().join("backups").join(made[0].0.id.to_string());
    let bytes = fs::read(&manifest).expect("a manifest");
    fs::write(&manifest, &bytes[1..]).expect("a manifest");
    let packs = files(&bed.path().join("packs"));
    let refused = bed.repository.prune(&options, |_, _| true);
    assert!(matches!(refused, Err(Error::Repository(_))));
    fs::write(&manifest, &bytes).expect("a manifest");
    assert_eq!(files(&bed.path().join("packs")), packs);
    check(&bed, &made);
}

#[test]
fn a_damaged_chunk_is_not_carried_into_another_pack() {
    let (bed, made) = bed();
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).expect("a pack");
        bytes[100] ^= 1;
        fs::write(path, &bytes).expect("a pack");
    };
    let packs = files(&bed.path().join("packs"));
    packs.iter().for_each(|path| flip(path));
    let options = PruneOptions {
        keep: Keep { last: 1, ..Keep::default() },
        fill: 100,
        ..PruneOptions::default()
    };
    match bed.repository.prune(&options, |_, _| true) {
        Ok(_) => {}
        // A map was in one of them.
        Err(Error::Repository(_)) => assert_eq!(files(&bed.path().join("packs")), packs),
        Err(error) => panic!("{error}"),
    }
    packs.iter().filter(|path| path.exists()).for_each(|path| flip(path));
    check(&bed, &bed_list(&bed, made));
}

fn bed_list(bed: &Bed, mut made: Vec<(Backup, Vec<u8>)>) -> Vec<(Backup, Vec<u8>)> {
    let listed = bed.repository.backups().expect("a list").backups;
    made.retain(|(backup, _)| listed.contains(backup));
    made
}
