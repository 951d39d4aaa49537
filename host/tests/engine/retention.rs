//! Whose a copy is, until when it stays, and who goes first.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use shadowvol::format::superblock::OnFull;
use shadowvol::{Attributes, Description, Error as EngineError, Id};
use shadowvol_host::owner::{self, Fate};
use shadowvol_host::{CreateOptions, OpenOptions, Passive, Volume};

use crate::support::InMemory;

const HOUR: i64 = 3_600_000_000_000;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as i64
}

fn create(place: &InMemory) -> Volume {
    Volume::create_on(place.media(), &CreateOptions::default()).expect("a volume")
}

fn open(place: &InMemory) -> Volume {
    Volume::open_on(place.media(), &OpenOptions::default()).expect("the role")
}

fn owned(attributes: Attributes, owner: Id) -> Description {
    Description { attributes, owner, ..Description::new("owned", 0) }
}

/// A process that has ended.
fn dead() -> Id {
    let mut child = Command::new("true").spawn().expect("a process");
    let mut owner = owner::this_process();
    owner.0[8..12].copy_from_slice(&child.id().to_le_bytes());
    child.wait().expect("an end");
    assert_eq!(owner::fate(owner), Fate::Dead);
    owner
}

#[test]
fn what_is_said_of_a_copy_outlives_everything_and_passives_hear_it() {
    let place = InMemory::new(1 << 20);
    let volume = create(&place);
    let about = Description {
        label: "monthly".into(),
        time: 0,
        attributes: Attributes::APPLICATION_CONSISTENT,
        owner: Id([7; 16]),
        expires: now() + HOUR,
        retained_until: 5,
        set: Id([9; 16]),
        set_copies: 3,
    };
    let taken = volume.create_described(about.clone()).expect("a copy");
    assert!(taken.about.time > 0);
    let node = Passive::open_on(place.read_media()).expect("a node");
    assert_eq!(node.shadow_copy(taken.id).expect("there").info(), &taken);

    let again = Description { label: "yearly".into(), set_copies: 4, ..about };
    volume.describe_shadow_copy(taken.id, again.clone()).expect("described");
    let again = Description { time: taken.about.time, ..again };
    assert_eq!(node.shadow_copy(taken.id).expect("there").info().about, again);
    volume.compact().expect("a new journal");
    assert_eq!(node.shadow_copy(taken.id).expect("there").info().about, again);
    volume.close().expect("a close");
    let volume = open(&place);
    assert_eq!(volume.shadow_copy(taken.id).expect("there").about, again);
}

#[test]
fn a_retained_copy_is_neither_deleted_nor_dropped_nor_forgotten_sooner() {
    let place = InMemory::new(4 << 20);
    let volume = Volume::create_on(
        place.media(),
        &CreateOptions {
            limit: Some(4 << 20),
            on_full: OnFull::DropOldest,
            ..CreateOptions::default()
        },
    )
    .expect("a volume");
    volume.write(0, &vec![7; 4 << 20]).expect("room");
    let until = now() + HOUR;
    let kept = Description { retained_until: until, ..Description::new("kept", 0) };
    let kept = volume.create_described(kept).expect("a copy");
    let refused = volume.delete_shadow_copies(&[kept.id]).expect_err("retained");
    let retained = EngineError::Retained { copy: kept.id, until };
    assert_eq!(refused.engine(), Some(&retained));

    let sooner = Description { retained_until: until - 1, ..kept.about.clone() };
    let refused = volume.describe_shadow_copy(kept.id, sooner).expect_err("shorter");
    assert_eq!(refused.engine(), Some(&EngineError::RetentionShortened { copy: kept.id }));

    // The others go, though they are younger; when none is left the write fails.
    let mut full = None;
    let other = volume.create_shadow_copy("other").expect("a copy");
    for chunk in 0..1024 {
        if let Err(error) = volume.write(chunk * 4096, &[1; 4096]) {
            full = Some(error);
            break;
        }
    }
    let full = full.expect("the diff area is smaller than the volume");
    assert!(matches!(full.engine(), Some(EngineError::DiffAreaFull { .. })), "{full}");
    let left: Vec<_> = volume.shadow_copies().expect("open").iter().map(|info| info.id).collect();
    assert_eq!(left, [kept.id]);
    let gone = volume.shadow_copy(other.id).expect_err("dropped");
    assert_eq!(gone.engine(), Some(&EngineError::Gone { copy: other.id }));
}

#[test]
fn orphans_are_collected_and_nobody_else() {
    let place = InMemory::new(1 << 20);
    let volume = create(&place);
    let take = |about| volume.create_described(about).expect("a copy").id;
    let (gone, here) = (dead(), owner::this_process());
    let mut elsewhere = here;
    elsewhere.0[0] ^= 1;
    let plain = take(Description::new("plain", 0));
    let lost = take(owned(Attributes::AUTO_RELEASE, gone));
    let unfinished = take(owned(Attributes::UNFINISHED, gone));
    let persistent = take(owned(Attributes::empty(), gone));
    let mine = take(owned(Attributes::AUTO_RELEASE, here));
    let theirs = take(owned(Attributes::AUTO_RELEASE, elsewhere));
    let old = Description { expires: now() - 1, ..owned(Attributes::AUTO_RELEASE, elsewhere) };
    let old = take(old);
    let locked =
        Description { retained_until: now() + HOUR, ..owned(Attributes::AUTO_RELEASE, gone) };
    let locked = take(locked);

    let collected: Vec<_> =
        volume.collect_orphans().expect("collected").iter().map(|info| info.id).collect();
    assert_eq!(collected, [lost, unfinished, old]);
    assert!(volume.collect_orphans().expect("collected").is_empty());
    volume.close().expect("a close");

    // What goes with this process went when it gave up the role.
    let volume = open(&place);
    let left: Vec<_> = volume.shadow_copies().expect("open").iter().map(|info| info.id).collect();
    assert_eq!(left, [plain, persistent, theirs, locked]);
    assert!(!left.contains(&mine));
}

#[test]
fn rotation_keeps_the_newest_of_a_label() {
    let place = InMemory::new(1 << 20);
    let volume = create(&place);
    let mut nightly = Vec::new();
    for round in 0..5 {
        nightly.push(volume.create_shadow_copy("nightly").expect("a copy").id);
        if round == 1 {
            let about =
                Description { retained_until: now() + HOUR, ..Description::new("nightly", 0) };
            volume.create_described(about).expect("a copy");
            volume.create_shadow_copy("weekly").expect("a copy");
        }
    }
    let gone: Vec<_> =
        volume.rotate("nightly", 2).expect("rotated").iter().map(|info| info.id).collect();
    assert_eq!(gone, nightly[..3]);
    assert_eq!(volume.shadow_copies().expect("open").len(), 4);
    assert!(volume.rotate("nightly", 2).expect("rotated").is_empty());
    assert!(volume.rotate("none", 0).expect("rotated").is_empty());
}
