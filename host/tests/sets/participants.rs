//! Participants that refuse, hang and panic.

use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::Attributes;
use shadowvol::set::{Author, Call, Outcome, Reason, Span, Veto};
use shadowvol_host::owner::this_process;
use shadowvol_host::set::{BackupSet, Gathering, SetError, SetOptions};

use crate::bed::{Actor, Disk, Door};

fn set_of(disk: &Disk) -> BackupSet<Gathering> {
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set
}

#[test]
fn all_calls_come_in_order_and_on_one_thread() {
    let disk = Disk::new();
    let actor = Actor::calm("database");
    let mut set = set_of(&disk);
    set.require(actor.clone());
    let report = set.prepare().expect("prepared").create().expect("created").complete(true);
    assert_eq!(
        actor.told(),
        ["prepare", "freeze", "thaw", "post_snapshot", "backup_complete", "shutdown"]
    );
    let threads = actor.threads();
    assert!(threads.iter().all(|thread| *thread == threads[0]));
    assert_eq!(report.took_part().collect::<Vec<_>>(), ["database"]);
}

/// A freeze hangs for ever. The set goes on without it; the participant is told to abort on another
/// thread. When the freeze comes back after all, it is told to abort again.
#[test]
fn a_freeze_that_hangs_keeps_nobody() {
    let disk = Disk::new();
    let door = Door::default();
    door.shut();
    let frozen = Arc::new(Mutex::new(false));
    let (at, state) = (door.clone(), Arc::clone(&frozen));
    let actor = Actor::new("sleepy", move |call| {
        match call {
            "freeze" => {
                at.pass();
                *state.lock() = true;
            }
            "abort" | "thaw" => *state.lock() = false,
            _ => {}
        }
        Ok(())
    });
    let calm = Actor::calm("calm");
    let mut set = set_of(&disk);
    set.invite(actor.clone()).require(calm.clone());
    let set = set.prepare().expect("prepared").create().expect("created");
    let report = set.report();
    assert_eq!(report.outcome, Some(Outcome::CrashConsistent));
    assert_eq!(report.took_part().collect::<Vec<_>>(), ["calm"]);
    let left_out = report.participants[0].left_out.clone();
    assert_eq!(left_out, Some(Reason::Late(Call::Freeze, Span(300))));
    assert!(report.participants[0].maybe_frozen);
    let copy = disk.volume.shadow_copy(set.copies()[0].id).expect("a copy");
    assert_eq!(copy.about.attributes, Attributes::empty(), "it is not application-consistent");
    set.complete(true);
    assert_eq!(actor.told(), ["prepare", "freeze", "abort", "shutdown"]);
    let threads = actor.threads();
    assert!(threads[1] != threads[2], "abort was called beside the freeze");

    door.open();
    actor.wait_for("abort", 2);
    while *frozen.lock() {
        std::thread::yield_now();
    }
}

#[test]
fn a_required_participant_that_hangs_fails_the_set() {
    let disk = Disk::new();
    let door = Door::default();
    door.shut();
    let at = door.clone();
    let actor = Actor::new("sleepy", move |call| {
        if call == "freeze" {
            at.pass();
        }
        Ok(())
    });
    let calm = Actor::calm("calm");
    let mut set = set_of(&disk);
    set.require(actor.clone()).require(calm.clone());
    let error = set.prepare().expect("prepared").create().expect_err("it hangs");
    let Some(Outcome::Failed(failure)) = &error.report().expect("a report").outcome else {
        panic!("{error}");
    };
    assert_eq!(failure.author, Author::Participant("sleepy".into()));
    assert!(failure.retryable);
    assert_eq!(calm.told(), ["prepare", "freeze", "abort", "shutdown"]);
    assert_eq!(disk.copies(), 0);
    disk.writes_go_on();
    door.open();
    actor.wait_for("abort", 2);
}

/// A panic in any call is that participant's veto, for good; everybody is let go all the same.
#[test]
fn a_panic_is_a_veto() {
    for call in ["prepare", "freeze", "thaw", "post_snapshot"] {
        let disk = Disk::new();
        let actor = Actor::new("clumsy", move |told| {
            assert_ne!(told, call, "dropped it");
            Ok(())
        });
        let calm = Actor::calm("calm");
        let mut set = set_of(&disk);
        set.require(actor.clone()).require(calm.clone());
        let error = set.prepare().and_then(BackupSet::create).expect_err("a panic");
        let Some(Outcome::Failed(failure)) = &error.report().expect("a report").outcome else {
            panic!("{error}");
        };
        assert_eq!(failure.author, Author::Participant("clumsy".into()));
        assert!(!failure.retryable);
        assert!(failure.reason.to_string().contains("dropped it"), "{failure}");
        for actor in [&actor, &calm] {
            assert_eq!(actor.told().iter().filter(|&&told| told == "abort").count(), 1, "{call}");
        }
        assert_eq!(disk.copies(), 0, "{call}");
        disk.writes_go_on();
    }
}

/// Complaints at the end are told, and change nothing.
#[test]
fn what_fails_after_the_backup_is_reported() {
    let disk = Disk::new();
    let actor = Actor::new("grumpy", |call| match call {
        "backup_complete" => Err(Veto::retryable("too loud")),
        "shutdown" => panic!("at last"),
        _ => Ok(()),
    });
    let mut set = set_of(&disk);
    set.require(actor);
    let report = set.prepare().expect("prepared").create().expect("created").complete(true);
    assert_eq!(report.outcome, Some(Outcome::ApplicationConsistent));
    let complaint = report.participants[0].complaint.as_ref().expect("a complaint").to_string();
    assert_eq!(complaint, "shutdown: it panicked: at last");
    assert_eq!(disk.copies(), 1);
}

/// Nobody has seen the copies yet when the participants look after them.
#[test]
fn a_copy_is_unfinished_until_post_snapshot_is_over() {
    let disk = Arc::new(Disk::new());
    let of = Arc::clone(&disk);
    let actor = Actor::new("database", move |call| {
        let copies = of.volume.shadow_copies().expect("an open volume");
        let newest = of.volume.reader().expect("a reader").find_newest().expect("a journal");
        assert_eq!(newest.is_some(), call == "shutdown" || call == "backup_complete", "{call}");
        if ["thaw", "post_snapshot"].contains(&call) {
            let [copy] = &copies[..] else { panic!("{copies:?}") };
            assert!(copy.about.is_unfinished());
            // So it is collected if the process dies now.
            assert_eq!(copy.about.owner, this_process());
        } else {
            assert!(!copies.iter().any(|copy| copy.about.is_unfinished()), "{call}");
        }
        Ok(())
    });
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(actor);
    let report = set.prepare().expect("prepared").create().expect("created").complete(true);
    assert_eq!(report.participants[0].complaint, None);
    assert_eq!(disk.copies(), 1);
}

#[test]
fn a_veto_is_the_error() {
    let disk = Disk::new();
    let actor = Actor::new("busy", |call| match call {
        "prepare" => Err(Veto::retryable("a migration is running")),
        _ => Ok(()),
    });
    let mut set = set_of(&disk);
    set.require(actor);
    let error = set.prepare().expect_err("a veto");
    assert!(matches!(error, SetError::Failed(_)));
    assert_eq!(
        error.to_string(),
        "failed: participant `busy`, preparing: prepare: a migration is running; try again"
    );
}
