//! The story: several work with one repository. Backups, restores and verifications do not disturb
//! each other; a pruning is alone, and whoever is in its way is told.

use core::sync::atomic::{AtomicBool, Ordering};
use std::fs;
use std::sync::mpsc;
use std::thread;

use shadowvol_host::Error;
use shadowvol_host::backup::{
    BackupOptions, Kind, PruneOptions, Repository, RepositoryError, RestoreOptions,
};

use super::support::{Bed, Random, assert_same};

const SIZE: u64 = 24 << 20;

fn bed() -> Bed {
    let mut bed = Bed::new(SIZE);
    bed.write(0, &Random(1).bytes((SIZE / 2) as usize));
    bed
}

fn is_busy(error: &Error) -> bool {
    matches!(error, Error::Repository(RepositoryError::Busy { .. }))
}

#[test]
fn two_backups_at_once_are_both_whole() {
    let mut bed = bed();
    for round in 0..4 {
        bed.write(round << 20, &Random(round).bytes(2 << 20));
        let copy = bed.node().shadow_copy(bed.take()).expect("a copy");
        let made: Vec<_> = thread::scope(|scope| {
            let back_up = || {
                let repository = Repository::open(bed.path()).expect("a repository");
                repository.backup(&copy, &BackupOptions::default(), |_, _| true).expect("a backup")
            };
            // Both look whether they are alone, at the same time.
            let both: Vec<_> = (0..2).map(|_| scope.spawn(back_up)).collect();
            both.into_iter().map(|one| one.join().expect("a backup")).collect()
        });
        for backup in made {
            assert_same(&bed.restored(backup.id).expect("a restore"), &bed.truth, "one of two");
        }
    }
    let report = bed.verified();
    assert!(report.is_ok(), "{report:?}");
    // What both have stored is garbage, and a pruning finds it.
    let before = report.bytes;
    bed.repository.prune(&PruneOptions::default(), |_, _| true).expect("a pruning");
    assert!(bed.verified().is_ok());
    assert!(bed.verified().bytes <= before);
    for backup in bed.repository.backups().expect("a list").backups {
        bed.restored(backup.id).expect("a restore");
    }
}

#[test]
fn a_pruning_is_refused_while_a_backup_runs_and_the_other_way_round() {
    let bed = bed();
    let full = bed.backup(Kind::Full);
    let copy = bed.node().shadow_copy(bed.take()).expect("a copy");
    let options = PruneOptions { remove: vec![full.id], ..PruneOptions::default() };
    let prune = || bed.repository.prune(&options, |_, _| true);
    let mut refused = 0;
    let back_up = |progress: &mut dyn FnMut()| {
        bed.repository.backup(&copy, &BackupOptions::default(), |_, _| {
            progress();
            true
        })
    };
    let made = back_up(&mut || {
        assert!(is_busy(&prune().expect_err("a backup is running")));
        refused += 1;
    });
    assert!(refused >= 2);
    assert_eq!(bed.repository.backups().expect("a list").backups.len(), 2);
    // A restore and a verification are in its way, too; it is in theirs.
    let path = bed.folder.path().join("restored");
    let restored = bed.repository.restore(full.id, &path, RestoreOptions::default(), |_, _| {
        assert!(is_busy(&prune().expect_err("a restore is running")));
        true
    });
    restored.expect("a restore");
    let mut first = true;
    bed.repository
        .prune(&options, |_, _| {
            if !core::mem::take(&mut first) {
                return true;
            }
            assert!(is_busy(&back_up(&mut || ()).expect_err("a pruning is running")));
            assert!(is_busy(&bed.restored(full.id).expect_err("a pruning is running")));
            true
        })
        .expect("a pruning");
    let made = made.expect("a backup");
    assert_same(&bed.restored(made.id).expect("a restore"), &bed.truth, "after it");
}

#[test]
fn a_verification_finds_nothing_wrong_with_a_backup_that_was_just_made() {
    let mut bed = bed();
    bed.backup(Kind::Full);
    let done = AtomicBool::new(false);
    let repository = bed.repository.clone();
    thread::scope(|scope| {
        let verifying = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) || rounds == 0 {
                let report = repository.verify(None, |_, _| true).expect("a verification");
                assert!(report.is_ok(), "{report:?}");
                rounds += 1;
            }
        });
        for round in 0..40 {
            bed.write(0, &Random(200 + round).bytes(70_000));
            assert_eq!(bed.backup(Kind::Incremental).manifest.full_because, None);
        }
        done.store(true, Ordering::Relaxed);
        verifying.join().expect("a verification");
    });
}

#[test]
fn a_restore_goes_on_while_others_add_to_the_index() {
    let mut bed = bed();
    let full = bed.backup(Kind::Full);
    let truth = bed.truth.clone();
    let (stop, stopped) = mpsc::channel::<()>();
    let (path, repository) = (bed.folder.path().join("copy"), bed.repository.clone());
    let restoring = thread::spawn(move || {
        let mut rounds = 0;
        while stopped.try_recv().is_err() || rounds == 0 {
            repository
                .restore(full.id, &path, RestoreOptions::default(), |_, _| true)
                .expect("a restore");
            assert_same(&fs::read(&path).expect("a file"), &truth, "meanwhile");
            rounds += 1;
        }
    });
    // Enough of them that tables are merged.
    for round in 0..12 {
        bed.write(0, &Random(100 + round).bytes(70_000));
        bed.backup(Kind::Incremental);
    }
    stop.send(()).expect("a thread");
    restoring.join().expect("a restore");
    let tables = fs::read_dir(bed.path().join("index")).expect("a folder").count();
    assert!(tables < 8, "{tables} tables");
    assert!(bed.verified().is_ok());
}
