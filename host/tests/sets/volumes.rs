//! Volumes whose media do not come back, that are closed, or that another set uses.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use shadowvol::set::{Author, Outcome, Report};
use shadowvol_host::set::{BackupSet, Busy, Gathering, SetError, SetOptions};

use crate::bed::{Actor, Disk, hasty};

fn set_of(options: SetOptions, disks: &[Disk]) -> BackupSet<Gathering> {
    let mut set = BackupSet::new(options);
    for (nth, disk) in disks.iter().enumerate() {
        set.volume(&nth.to_string(), &disk.volume).expect("a volume");
    }
    set
}

fn author(report: &Report) -> &Author {
    match &report.outcome {
        Some(Outcome::Failed(failure)) => &failure.author,
        other => panic!("no failure: {other:?}"),
    }
}

/// The barrier in the hold of one volume does not come back. Writers of both volumes go on when the
/// window is over, though it hangs on, and later nothing is left.
#[test]
fn a_barrier_that_hangs_in_the_hold_does_not_hold_the_writers() {
    let disks = [Disk::new(), Disk::new()];
    let actor = Actor::calm("database");
    let mut set = set_of(hasty(), &disks);
    set.require(actor.clone());
    let set = set.prepare().expect("prepared");
    // The barrier before the hold comes through, the one in it does not.
    disks[1].origin.shut_behind(1);
    let error = set.create().expect_err("it hangs");
    assert!(error.to_string().contains("holding: writes were released after 0.300 s"), "{error}");
    assert_eq!(*author(error.report().expect("a report")), Author::Volume("1".into()));
    disks.iter().for_each(Disk::writes_go_on);
    assert_eq!(actor.told(), ["prepare", "freeze", "abort", "shutdown"]);
    disks[1].origin.open();
    assert!(disks.iter().all(|disk| disk.copies() == 0));
    let set = set_of(SetOptions::default(), &disks).prepare().expect("prepared");
    set.create().expect("the next one is not in the way of anything").complete(true);
}

/// The record's barrier of one volume does not come back in time. When it does, the copy is deleted by
/// the thread that brings it, though everybody else has gone.
#[test]
fn a_copy_that_comes_after_all_have_gone_is_deleted() {
    let disks = [Disk::new(), Disk::new()];
    disks[1].volume.create_shadow_copy("something to compare with").expect("a copy");
    disks[1].diff.shut();
    let set = set_of(hasty(), &disks).prepare().expect("prepared");
    let error = set.create().expect_err("it hangs");
    let report = error.report().expect("a report");
    assert_eq!(*author(report), Author::Volume("1".into()));
    assert_eq!(report.left_behind, ["1"]);
    assert_eq!(disks[0].copies(), 0, "the other one's copy is gone");
    disks[0].writes_go_on();
    disks[1].diff.open();
    let begun = Instant::now();
    loop {
        disks[1].volume.write(0, &[1]).expect("a write");
        let copies = disks[1].volume.shadow_copies().expect("open");
        // Numbers are never used twice, so the late copy was there if the next one has number 3.
        if copies.len() == 1 && probe(&disks[1]) == 3 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{copies:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The number of a copy that is taken now, and deleted.
fn probe(disk: &Disk) -> u32 {
    let copy = disk.volume.create_shadow_copy("probe").expect("a copy");
    disk.volume.delete_shadow_copies(&[copy.id]).expect("deleted");
    copy.id.number()
}

#[test]
fn a_volume_that_is_closed_meanwhile_fails_the_set() {
    let disks = [Disk::new(), Disk::new()];
    let set = set_of(SetOptions::default(), &disks).prepare().expect("prepared");
    disks[1].volume.close().expect("a close");
    let error = set.create().expect_err("it is closed");
    assert_eq!(*author(error.report().expect("a report")), Author::Volume("1".into()));
    assert_eq!(disks[0].copies(), 0);
    disks[0].writes_go_on();
}

#[test]
fn a_volume_is_in_a_set_once() {
    let disks = [Disk::new(), Disk::new()];
    let mut set = set_of(SetOptions::default(), &disks);
    for (name, disk) in [("another name", &disks[0]), ("0", &Disk::new())] {
        let error = set.volume(name, &disk.volume).expect_err("twice");
        assert!(matches!(error, SetError::DuplicateVolume { .. }), "{error}");
    }
}

#[test]
fn a_second_set_of_a_volume_fails_or_waits() {
    let disks = [Disk::new()];
    let first = set_of(SetOptions::default(), &disks).prepare().expect("prepared");
    let refused = set_of(SetOptions::default(), &disks).prepare().expect_err("in progress");
    assert!(matches!(&refused, SetError::CreationInProgress { volume } if volume == "0"));
    let brief = Busy::Wait(Duration::from_millis(50));
    let refused = set_of(SetOptions { busy: brief, ..SetOptions::default() }, &disks).prepare();
    assert!(matches!(refused, Err(SetError::CreationInProgress { .. })));

    thread::scope(|scope| {
        let patient = SetOptions { busy: Busy::Wait(Duration::from_secs(60)), ..hasty() };
        let second = scope.spawn(|| set_of(patient, &disks).prepare().map(BackupSet::create));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished(), "it waits");
        let first = first.create().expect("created");
        // The creation is over; the backup need not be.
        second.join().expect("no panic").expect("prepared").expect("created").complete(true);
        first.complete(true);
    });
    assert_eq!(disks[0].copies(), 2);
}

/// Two sets that name the same volumes the other way round do not wait for each other for ever.
#[test]
fn sets_take_their_turns_in_one_order() {
    let disks = [Disk::new(), Disk::new()];
    let patient = || SetOptions { busy: Busy::Wait(Duration::from_secs(60)), ..Default::default() };
    thread::scope(|scope| {
        for order in [[0, 1], [1, 0]] {
            let disks = &disks;
            scope.spawn(move || {
                for _ in 0..20 {
                    let mut set = BackupSet::new(patient());
                    for nth in order {
                        set.volume(&format!("{nth}"), &disks[nth].volume).expect("a volume");
                    }
                    set.prepare().expect("a turn").create().expect("created").complete(true);
                }
            });
        }
    });
    assert!(disks.iter().all(|disk| disk.copies() == 40));
}

/// A copy of one volume alone asks nobody, and is no creation in progress.
#[test]
fn a_single_copy_is_taken_beside_a_set() {
    let disks = [Disk::new()];
    let set = set_of(SetOptions::default(), &disks).prepare().expect("prepared");
    disks[0].volume.create_shadow_copy("alone").expect("a copy");
    set.create().expect("created").complete(true);
    assert_eq!(disks[0].copies(), 2);
}
