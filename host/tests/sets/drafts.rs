//! Participants that write to the copies before anybody sees them.
//!
//! A database replays its log in the copy, another one removes what a backup shall not have. What they
//! wrote is in the copies when the set is finished, for every reader and for ever; and if the set
//! fails, or somebody who could write hangs, there is no copy at all.

use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::set::{Author, Outcome, Reason, Span, Veto};
use shadowvol::{Attributes, Error as EngineError};
use shadowvol_host::Fork;
use shadowvol_host::set::{BackupSet, Draft, SetError, SetOptions};

use crate::bed::{Actor, Disk, Door, SIZE};

/// An actor that does this with each copy.
fn editor(
    name: &str,
    pen: impl Fn(&Draft) -> Result<(), Veto> + Send + Sync + 'static,
) -> Arc<Actor> {
    let actor = Actor::calm(name);
    *actor.pen.lock() = Some(Box::new(pen));
    actor
}

fn open(draft: &Draft) -> Result<Arc<Fork>, Veto> {
    draft.writable().map_err(|error| Veto::for_good(error.to_string()))
}

fn write(draft: &Draft, at: u64, data: &[u8]) -> Result<(), Veto> {
    open(draft)?.write(at, data).map_err(|error| Veto::for_good(error.to_string()))
}

fn read(disk: &Disk, copy: shadowvol::CopyId) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    let reader = disk.volume.reader().expect("open");
    reader.shadow_copy(copy).expect("alive").read(0, &mut bytes).expect("readable");
    bytes
}

#[test]
fn what_participants_wrote_is_in_the_copy_and_stays() {
    let disk = Disk::new();
    disk.volume.write(0, &vec![1; SIZE as usize]).expect("room");
    let older = disk.volume.create_shadow_copy("older").expect("a copy");
    disk.volume.write(0, &[2; 30_000]).expect("room");
    let mut before = vec![1; SIZE as usize];
    before[..30_000].fill(2);

    let replay = editor("replay", |draft| write(draft, 10_000, &[3; 5_000]));
    let saw = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&saw);
    let clean = editor("clean", move |draft| {
        let fork = open(draft)?;
        fork.discard(500_000, 200_000).map_err(|error| Veto::for_good(error.to_string()))?;
        let mut byte = [0];
        fork.read(600_000, &mut byte).map_err(|error| Veto::for_good(error.to_string()))?;
        *seen.lock() = byte == [0];
        Ok(())
    });
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(replay).require(clean);
    let set = set.prepare().expect("prepared").create().expect("created");
    let report = set.report();
    assert_eq!(report.recovered, ["disk"]);
    assert_eq!(report.outcome, Some(Outcome::ApplicationConsistent));
    assert!(*saw.lock());

    let mut expected = before;
    expected[10_000..15_000].fill(3);
    expected[500_000..700_000].fill(0);
    let copy = set.copies()[0].id;
    let about = disk.volume.shadow_copy(copy).expect("alive").about;
    assert!(about.attributes.contains(Attributes::RECOVERED) && !about.is_unfinished());
    let check = || {
        assert!(read(&disk, copy) == expected);
        assert!(read(&disk, older.id) == vec![1; SIZE as usize]);
    };
    check();
    disk.volume.write(0, &vec![9; SIZE as usize]).expect("room");
    check();
    disk.volume.compact().expect("room");
    check();
    let changed = disk.volume.changes(older.id, Some(copy)).expect("both alive");
    let is_in = |at: u64| changed.iter().any(|e| (e.offset..e.offset + e.length).contains(&at));
    assert!(is_in(0) && is_in(600_000) && !is_in(400_000));
    let report = shadowvol_host::check(&disk.volume.reader().expect("open"), |_, _| true);
    assert_eq!(report.expect("readable").findings, []);

    // The volume can be reverted to it.
    set.complete(true);
    disk.volume.revert(copy, Default::default(), |_, _| true).expect("reverted");
    let mut now = vec![0; SIZE as usize];
    disk.volume.read(0, &mut now).expect("readable");
    assert!(now == expected);
    check();
}

#[test]
fn a_copy_that_nobody_writes_to_is_not_recovered() {
    let disk = Disk::new();
    let looker = editor("looker", |draft| open(draft).map(drop));
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(looker);
    let set = set.prepare().expect("prepared").create().expect("created");
    assert_eq!(set.report().recovered, [""; 0]);
    let about = disk.volume.shadow_copy(set.copies()[0].id).expect("alive").about;
    assert!(!about.attributes.contains(Attributes::RECOVERED));
}

#[test]
fn when_the_set_goes_on_nobody_writes_any_more() {
    let disk = Disk::new();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let actor = editor("keeper", move |draft| {
        write(draft, 0, &[5; 10])?;
        keep.lock().push((draft.clone(), open(draft)?));
        Ok(())
    });
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(actor);
    let set = set.prepare().expect("prepared").create().expect("created");
    let (draft, fork) = kept.lock().pop().expect("one copy");
    let finished =
        |error: shadowvol_host::Error| matches!(error.engine(), Some(EngineError::Finished { .. }));
    assert!(finished(fork.write(0, &[6]).expect_err("it is finished")));
    assert!(finished(fork.discard(0, 4096).expect_err("it is finished")));
    assert!(finished(draft.writable().expect_err("it is finished")));
    assert_eq!(read(&disk, set.copies()[0].id)[..11], [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0]);
}

#[test]
fn a_refusal_behind_a_write_leaves_no_copy() {
    let disk = Disk::new();
    let actor = editor("fickle", |draft| {
        write(draft, 0, &[5; 10])?;
        Err(Veto::retryable("its log is damaged"))
    });
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(actor);
    let error = set.prepare().expect("prepared").create().expect_err("refused");
    let Some(Outcome::Failed(failure)) = &error.report().expect("a report").outcome else {
        panic!("{error}");
    };
    assert_eq!(failure.author, Author::Participant("fickle".into()));
    assert_eq!(disk.copies(), 0);
}

/// One that may be left out hangs in the middle of its writing. Without it the set would go on, with
/// half a replay in its copy.
#[test]
fn whoever_is_left_out_in_the_middle_of_writing_spoils_the_set() {
    let disk = Disk::new();
    let door = Door::default();
    door.shut();
    let at = door.clone();
    let mut actor = Actor::calm("half");
    Arc::get_mut(&mut actor).expect("nobody else has it").hurry(Span(200));
    *actor.pen.lock() = Some(Box::new(move |draft| {
        write(draft, 0, &[5; 10])?;
        at.pass();
        write(draft, 4096, &[5; 10])
    }));
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.invite(actor);
    let error = set.prepare().expect("prepared").create().expect_err("spoiled");
    let SetError::Failed(report) = &error else { panic!("{error}") };
    let Some(Outcome::Failed(failure)) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(failure.author, Author::Volume("disk".into()));
    let Reason::Refused(_, veto) = &failure.reason else { panic!("{failure:?}") };
    assert!(veto.text.contains("`half`") && veto.retryable, "{veto}");
    assert_eq!(disk.copies(), 0);
    door.open();
}

#[test]
fn a_diff_area_without_room_for_it_fails_the_set() {
    let disk = Disk::limited(3 << 19);
    disk.volume.write(0, &vec![1; SIZE as usize]).expect("room");
    let actor = editor("greedy", |draft| write(draft, 0, &vec![7; SIZE as usize]));
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", &disk.volume).expect("a volume");
    set.require(actor);
    let error = set.prepare().expect("prepared").create().expect_err("no room");
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(disk.copies(), 0);
    let used = disk.volume.stats().space.used;
    disk.volume.write(0, &[2; 4096]).expect("it goes on");
    assert!(used <= 3 << 19);
}
