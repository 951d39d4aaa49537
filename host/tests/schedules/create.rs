//! Creation against writes in flight: a write is wholly in a copy or wholly out, and the writers go
//! on afterwards, whatever became of the creation.

use shadowvol::{Error as EngineError, IoKind};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::explore::explore;
use crate::world::{Shape, World};

/// Two creators at the same time, between writers who share a chunk. The copies are read while the
/// writers go on, and never change.
#[test]
fn a_write_is_wholly_in_a_copy_or_wholly_out() {
    explore("creation against writes", 800, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open();
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            for writer in 0..2 {
                scope.spawn(move || {
                    for _ in 0..3 {
                        world.write(volume, writer).expect("a write");
                    }
                    world.flush(volume).expect("a flush");
                });
            }
            for _ in 0..2 {
                scope.spawn(move || {
                    // Long enough for the journal to need a segment now and then.
                    let copy = world.create(volume, &"x".repeat(1000)).expect("a copy");
                    let node = volume.reader().expect("a reader");
                    assert!(world.read(&node, copy), "nobody deletes it");
                });
            }
        });
        volume.close().expect("a close");
        world.inspect_closed()
    });
}

/// An operation fails, any of those that a creation and the writes around it do. Everybody gets an
/// answer. If the role goes on then writers and the next creation do so too; if it ended, all are
/// told.
#[test]
fn a_creation_that_fails_lets_the_writers_go() {
    explore("creation that fails", 1200, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open_with_copies(1);
        let mut random = thread_rng();
        let (faults, kind) = match random.gen_range(0..4) {
            0 => (&world.origin_faults, IoKind::Barrier),
            1 => (&world.origin_faults, IoKind::Read),
            2 => (&world.diff_faults, IoKind::Barrier),
            _ => (&world.diff_faults, IoKind::Write),
        };
        faults.only(&[kind]);
        faults.fail_nth(random.gen_range(0..6));
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            for writer in 0..2 {
                scope.spawn(move || (0..2).for_each(|_| permit(world.write(volume, writer))));
            }
            scope.spawn(move || (0..2).for_each(|_| permit(world.create(volume, "perhaps"))));
        });
        faults.heal();
        let goes_on = world.write(&volume, 0).is_ok();
        assert_eq!(goes_on, world.write(&volume, 1).is_ok());
        assert_eq!(goes_on, world.create(&volume, "after").is_ok());
        assert!(volume.close().is_ok() || !goes_on);
        world.inspect()
    });
}

/// The answer may be an error, but only one that says what happened.
fn permit<T>(answer: Result<T, shadowvol_host::Error>) {
    if let Err(error) = answer {
        let known = matches!(error.engine(), Some(EngineError::Io { .. } | EngineError::RoleEnded));
        assert!(known, "{error}");
    }
}
