//! Creations that stop on the way: they go on when they are told to, and when they are called off they
//! leave nothing, wherever they are, even in the middle of a barrier.

use shadowvol::active::{Create, Gate, Write};
use shadowvol::machine::{Fed, Medium, Step, Wait};
use shadowvol::{Description, Error, IoKind};

use crate::world::{Shape, World};

/// Each feed brings a gated creation to its next stop.
const STOPS: [Step<()>; 6] = [
    Step::Io, // the barrier before the hold
    Step::Wait(Wait::Gate),
    Step::Io, // the barrier in the hold
    Step::Wait(Wait::Gate),
    Step::Wait(Wait::Commit),
    Step::Done(Ok(())),
];
/// From this stop on writes wait, and up to this one it can be called off.
const HELD: usize = 2;
const LAST_GATE: usize = 3;

fn world() -> World {
    let mut world = World::new(Shape::SMALL, 1);
    world.create();
    world.finish();
    world
}

fn gated(world: &mut World) -> (Create, Gate) {
    let gate = world.active.as_mut().expect("an active").gate();
    (Create::gated(Description::new("gated", 7), gate), gate)
}

fn cancel(world: &mut World, gate: Gate) -> bool {
    world.active.as_mut().expect("an active").cancel(gate)
}

/// Brings a creation to one of its stops.
fn bring(world: &mut World, create: &mut Create, stop: usize) {
    for (nth, expected) in STOPS.iter().enumerate().take(stop + 1) {
        let fed = if nth > 0 && STOPS[nth - 1] == Step::Io { Fed::Done } else { Fed::Again };
        assert_eq!(&forget(world.step(create, fed)), expected, "stop {nth}");
    }
}

fn forget<T>(step: Step<T>) -> Step<()> {
    match step {
        Step::Io => Step::Io,
        Step::Wait(wait) => Step::Wait(wait),
        Step::Done(done) => Step::Done(done.map(|_| ())),
    }
}

/// Whether a write may begin.
fn writes_go_on(world: &mut World) -> bool {
    let mut write = Write::new(0, 4096);
    let goes = !matches!(world.step(&mut write, Fed::Again), Step::Wait(Wait::Turn));
    if goes {
        let failed = Error::Io { what: IoKind::Read, medium: Medium::Origin };
        world.step(&mut write, Fed::Failed(failed));
    }
    goes
}

fn records(world: &World) -> u64 {
    world.active.as_ref().expect("an active").records()
}

#[test]
fn it_stops_before_the_hold_and_in_it() {
    let mut world = world();
    for stop in 0..STOPS.len() - 2 {
        let (mut create, gate) = gated(&mut world);
        bring(&mut world, &mut create, stop);
        assert_eq!(writes_go_on(&mut world), stop < HELD, "at stop {stop}");
        assert!(cancel(&mut world, gate));
    }
}

#[test]
fn it_can_be_called_off_at_every_stop_and_leaves_nothing() {
    let mut world = world();
    let before = records(&world);
    for (stop, wanted) in STOPS.iter().enumerate().take(LAST_GATE + 1) {
        for told in [true, false] {
            let (mut create, gate) = gated(&mut world);
            bring(&mut world, &mut create, stop);
            let at_gate = *wanted == Step::Wait(Wait::Gate);
            if told && at_gate {
                let fed = Fed::Failed(Error::CreationCancelled);
                let ended = world.step(&mut create, fed);
                assert_eq!(ended, Step::Done(Err(Error::CreationCancelled)));
                assert!(writes_go_on(&mut world), "at stop {stop}");
            } else {
                assert!(cancel(&mut world, gate), "at stop {stop}");
                assert!(writes_go_on(&mut world), "before it is stepped again, at stop {stop}");
                let fed = if at_gate { Fed::Again } else { Fed::Done };
                let ended = world.step(&mut create, fed);
                assert_eq!(ended, Step::Done(Err(Error::CreationCancelled)));
            }
            assert!(!cancel(&mut world, gate), "once is enough");
            assert!(writes_go_on(&mut world), "one release for one hold, at stop {stop}");
            assert_eq!(records(&world), before);
        }
    }
    let (mut create, _) = gated(&mut world);
    bring(&mut world, &mut create, LAST_GATE + 1);
}

#[test]
fn it_cannot_be_called_off_once_it_commits() {
    let mut world = world();
    let (mut create, gate) = gated(&mut world);
    bring(&mut world, &mut create, LAST_GATE + 1);
    assert!(!cancel(&mut world, gate));
    assert!(!writes_go_on(&mut world), "a write now could be in the copy or not");
    world.spawn(crate::job::Kind::Commit(shadowvol::active::Commit::new()), Vec::new());
    world.finish();
    assert_eq!(forget(world.step(&mut create, Fed::Again)), Step::Done(Ok(())));
    assert!(writes_go_on(&mut world));
    assert!(!cancel(&mut world, gate));
}

/// The barrier of a creation that was called off fails at last. Nothing is known about the writes
/// before it, whoever wanted it.
#[test]
fn a_barrier_that_fails_ends_the_role_though_the_creation_was_called_off() {
    for stop in [0, HELD] {
        let mut world = world();
        let (mut create, gate) = gated(&mut world);
        bring(&mut world, &mut create, stop);
        cancel(&mut world, gate);
        let failed = Error::Io { what: IoKind::Barrier, medium: Medium::Origin };
        world.step(&mut create, Fed::Failed(failed));
        assert_eq!(world.active.as_ref().expect("an active").ended(), Some(&failed));
    }
}

/// A creation that was called off before it held leaves the next one's hold alone.
#[test]
fn a_creation_that_was_called_off_does_not_release_the_next_ones_hold() {
    let mut world = world();
    let (mut first, gate) = gated(&mut world);
    bring(&mut world, &mut first, HELD);
    cancel(&mut world, gate);
    let (mut second, _) = gated(&mut world);
    bring(&mut world, &mut second, LAST_GATE);
    let ended = world.step(&mut first, Fed::Done);
    assert_eq!(ended, Step::Done(Err(Error::CreationCancelled)));
    assert!(!writes_go_on(&mut world));
}
