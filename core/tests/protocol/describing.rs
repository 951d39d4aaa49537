//! What is said of a shadow copy anew: as a whole, for everybody who catches up, and for ever.

use shadowvol::active::{Commit, Compact, Delete, Describe, Revert};
use shadowvol::format::record::MAX_LABEL;
use shadowvol::machine::{Fed, Medium, Step, Wait};
use shadowvol::passive::CatchUp;
use shadowvol::{Description, Error, IoKind};

use crate::alone::{Alone, active, copy};
use crate::world::{Shape, World};

fn world() -> World {
    let mut world = World::new(Shape { slots: 20, nodes: 0, ..Shape::SMALL }, 1);
    for _ in 0..2 {
        world.create();
        world.finish();
    }
    world
}

fn commit(world: &mut World) {
    assert_eq!(Alone::new(Commit::new()).run(world), Step::Done(Ok(())));
}

fn describe(about: &Description) -> Alone<Describe> {
    Alone::new(Describe::new(copy(1), about.clone()))
}

fn about(world: &mut World) -> Description {
    active(world).view().copy(copy(1)).expect("a live copy").about.clone()
}

#[test]
fn all_is_said_anew_but_the_instant() {
    let mut world = world();
    let before = about(&mut world);
    let mut node = world.open_node();
    let again = Description { expires: 5, retained_until: 9, ..Description::new("again", 77) };
    let expected = Description { time: before.time, ..again.clone() };
    assert_ne!(before.time, again.time);
    let mut machine = describe(&again);
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    assert_eq!(about(&mut world), before, "not before its barrier");
    commit(&mut world);
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(about(&mut world), expected);
    assert_eq!(active(&mut world).view().copies().nth(1).expect("two").about.label, "copy");

    // Who followed the journal heard it, and who loads a new one or takes the role does so too.
    let mut catch_up = Alone::new(CatchUp::new());
    let mut fed = Fed::Again;
    while catch_up.step(&mut node, fed) == Step::Io {
        fed = catch_up.perform(&mut world);
    }
    assert_eq!(node.view().copy(copy(1)).expect("a live copy").about, expected);
    assert_eq!(Alone::new(Compact::new()).run(&mut world), Step::Done(Ok(())));
    assert_eq!(world.open_node().view().copy(copy(1)).expect("a live copy").about, expected);
    world.active = None;
    world.take_role();
    world.finish();
    assert_eq!(about(&mut world), expected);
}

#[test]
fn a_retention_is_never_made_shorter_nor_a_label_too_long() {
    let mut world = world();
    let mut say = |until: i64, label: usize| {
        let about = Description { retained_until: until, ..Description::new("x".repeat(label), 0) };
        let mut machine = describe(&about);
        let step = machine.act(&mut world, Fed::Again);
        if step == Step::Wait(Wait::Commit) {
            commit(&mut world);
            return machine.act(&mut world, Fed::Again);
        }
        step
    };
    let shortened = Step::Done(Err(Error::RetentionShortened { copy: copy(1) }));
    assert_eq!(say(0, MAX_LABEL), Step::Done(Ok(())));
    assert!(matches!(say(0, MAX_LABEL + 1), Step::Done(Err(Error::LabelTooLong { .. }))));
    assert_eq!(say(10, 1), Step::Done(Ok(())));
    assert_eq!(say(10, 2), Step::Done(Ok(())), "as long as before");
    assert_eq!(say(9, 3), shortened);
    assert_eq!(say(11, 4), Step::Done(Ok(())));
    assert_eq!(say(0, 5), shortened);
    let known = about(&mut world);
    assert_eq!((known.retained_until, known.label.len()), (11, 4));
}

/// There is nobody to speak of once the copy is gone, also if it goes while the record waits.
#[test]
fn a_copy_that_is_gone_is_not_described() {
    let mut world = world();
    let again = Description::new("again", 0);
    let mut delete = Alone::new(Delete::new(vec![copy(1)], 0));
    assert_eq!(delete.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    let mut late = describe(&again);
    assert_eq!(
        late.act(&mut world, Fed::Again),
        Step::Wait(Wait::Commit),
        "it is there until then"
    );
    commit(&mut world);
    assert_eq!(late.act(&mut world, Fed::Again), Step::Done(Ok(())));
    let gone = Step::Done(Err(Error::Gone { copy: copy(1) }));
    assert_eq!(describe(&again).act(&mut world, Fed::Again), gone);
    let never = Alone::new(Describe::new(copy(3), again)).act(&mut world, Fed::Again);
    assert_eq!(never, Step::Done(Err(Error::NoSuchCopy { copy: copy(3) })));
    assert!(world.open_node().view().copy(copy(1)).is_err());
}

/// A revert changes nothing of what can be said.
#[test]
fn a_copy_can_be_described_while_the_volume_is_reverted_to_it() {
    let mut world = world();
    let mut revert = Alone::new(Revert::new(copy(1)));
    assert_eq!(revert.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    let mut machine = describe(&Description::new("undone to", 0));
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    commit(&mut world);
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(about(&mut world).label, "undone to");
}

#[test]
fn it_asks_for_room_once_and_fails_when_there_is_none() {
    let full = Error::DiffAreaFull { needed: 1, free: 0, limit: 0 };
    let again = Description::new("y".repeat(MAX_LABEL), 0);
    let mut world = world();
    for copies in [512, 1] {
        let delete = || Alone::new(Delete::new(vec![copy(2); copies], 0));
        while delete().act(&mut world, Fed::Again) == Step::Wait(Wait::Commit) {}
    }
    let mut machine = describe(&again);
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Wait(Wait::Room(1)));
    let mut refused = Alone::new(machine.machine.clone());
    let told = refused.act(&mut world, Fed::Failed(full));
    assert_eq!(told, Step::Done(Err(full)));
    let in_vain = machine.act(&mut world, Fed::Again);
    assert!(matches!(in_vain, Step::Done(Err(Error::DiffAreaFull { .. }))), "{in_vain:?}");
    // A short one may fit what is left.
    let records = active(&mut world).records();
    commit(&mut world);
    assert_eq!(active(&mut world).records(), records);
}

#[test]
fn the_end_of_the_role_is_told() {
    let mut world = world();
    let again = Description::new("again", 0);
    let mut machine = describe(&again);
    assert_eq!(machine.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    active(&mut world).end(Error::Io { what: IoKind::Barrier, medium: Medium::DiffArea });
    let ended = Step::Done(Err(Error::RoleEnded));
    assert_eq!(machine.act(&mut world, Fed::Again), ended);
    assert_eq!(describe(&again).act(&mut world, Fed::Again), ended);
}
