//! Requesters that go away, in every state.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;

use shadowvol::set::{Author, Outcome};
use shadowvol_host::set::{BackupSet, Busy, Gathering, SetOptions};

use crate::bed::{Actor, Disk, Door};

fn set_of(disk: &Disk, actor: &Arc<Actor>) -> BackupSet<Gathering> {
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(actor.clone());
    set
}

/// Nothing is left, and the next set is taken at once.
fn assert_clean(disk: &Disk) {
    assert_eq!(disk.copies(), 0);
    disk.writes_go_on();
    let calm = Actor::calm("the next one");
    set_of(disk, &calm).prepare().expect("prepared").create().expect("created").abort();
    assert_eq!(disk.copies(), 0, "an aborted set deletes its copies");
}

#[test]
fn a_set_that_is_dropped_while_it_gathers_has_told_nobody() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    drop(set_of(&disk, &actor));
    assert!(actor.told().is_empty());
    assert_clean(&disk);
}

#[test]
fn a_set_that_is_dropped_when_prepared_is_aborted() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    drop(set_of(&disk, &actor).prepare().expect("prepared"));
    assert_eq!(actor.told(), ["prepare", "abort", "shutdown"]);
    assert_clean(&disk);
}

#[test]
fn a_set_that_is_dropped_when_created_is_deleted() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    let set = set_of(&disk, &actor).prepare().expect("prepared").create().expect("created");
    assert_eq!(disk.copies(), 1);
    drop(set);
    let told = ["prepare", "freeze", "thaw", "post_snapshot", "abort", "shutdown"];
    assert_eq!(actor.told(), told);
    assert_clean(&disk);
}

#[test]
fn a_requester_that_panics_lets_everybody_go() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    let read = || {
        let _set = set_of(&disk, &actor).prepare().expect("prepared").create().expect("created");
        panic!("the tape is torn");
    };
    catch_unwind(AssertUnwindSafe(read)).expect_err("a panic");
    assert!(actor.told().ends_with(&["abort", "shutdown"]));
    assert_clean(&disk);
}

#[test]
fn a_failed_backup_is_told_and_keeps_the_copies() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    let set = set_of(&disk, &actor).prepare().expect("prepared").create().expect("created");
    set.complete(false);
    assert!(actor.told().ends_with(&["backup_failed", "shutdown"]));
    assert_eq!(disk.copies(), 1);
}

/// Another thread stops the set while a participant takes its time over freezing.
#[test]
fn a_set_can_be_stopped_from_outside() {
    let (disk, door) = (Disk::new(), Door::default());
    door.shut();
    let at = door.clone();
    let actor = Actor::new("slow", move |call| {
        if call == "freeze" {
            at.pass();
        }
        Ok(())
    });
    let set = set_of(&disk, &actor).prepare().expect("prepared");
    let stopper = set.stopper();
    let error = thread::scope(|scope| {
        let created = scope.spawn(|| set.create());
        door.wait_for_someone();
        stopper.stop();
        door.open();
        created.join().expect("no panic").expect_err("stopped")
    });
    let Some(Outcome::Failed(failure)) = &error.report().expect("a report").outcome else {
        panic!("{error}");
    };
    assert_eq!(failure.author, Author::Requester);
    actor.wait_for("shutdown", 1);
    assert_eq!(actor.told(), ["prepare", "freeze", "abort", "shutdown"]);
    assert_clean(&disk);
    stopper.stop();
}

/// A stopper that comes before the next step is heard there.
#[test]
fn a_stopped_set_goes_no_further() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    let set = set_of(&disk, &actor).prepare().expect("prepared");
    let stopper = set.stopper();
    stopper.stop();
    let error = set.create().expect_err("stopped");
    assert!(error.to_string().contains("the requester"), "{error}");

    let set = set_of(&disk, &actor).prepare().expect("prepared");
    let stopper = set.stopper();
    let set = set.create().expect("created");
    stopper.stop();
    let report = set.complete(true);
    assert!(matches!(report.outcome, Some(Outcome::Failed(_))), "{report:?}");
    assert_clean(&disk);
}

/// Whoever waits for the end of another set may lose patience before that.
#[test]
fn a_set_can_be_stopped_while_it_waits_for_its_turn() {
    let (disk, actor) = (Disk::new(), Actor::calm("database"));
    let first = set_of(&disk, &Actor::calm("the first")).prepare().expect("prepared");
    let busy = Busy::Wait(Duration::from_secs(3600));
    let mut second = BackupSet::new(SetOptions { busy, ..SetOptions::default() });
    second.volume("disk", &disk.volume).expect("a volume");
    second.require(actor.clone());
    let stopper = second.stopper();
    let error = thread::scope(|scope| {
        let waiting = scope.spawn(|| second.prepare().map(drop));
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished(), "it waits");
        stopper.stop();
        waiting.join().expect("no panic").expect_err("stopped")
    });
    assert!(error.to_string().contains("the requester"), "{error}");
    assert!(actor.told().is_empty());
    first.create().expect("created").abort();

    // A stopper that comes before the set has begun is heard when it begins.
    let set = set_of(&disk, &actor);
    set.stopper().stop();
    set.prepare().map(drop).expect_err("stopped");
    assert!(actor.told().is_empty());
    assert_clean(&disk);
}
