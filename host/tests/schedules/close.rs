//! Closing against everybody: each request gets an answer, nothing that was acknowledged is lost,
//! and what was closed opens again. Letting go of the volume closes it too, whoever does it.

use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::format::superblock::OnFull;
use shadowvol::{Error as EngineError, IoKind};
use shadowvol_host::{Error, Event, OpenOptions, Volume};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::explore::explore;
use crate::world::{Shape, World, answered};

/// Writers, a creator, a deleter, a compaction, a flush and two closers at the same time.
#[test]
fn closing_answers_everybody_and_loses_nothing() {
    explore("close", 1600, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open_with_copies(1);
        let first = volume.find_newest().expect("open").expect("a copy").id;
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            for writer in 0..2 {
                scope.spawn(move || {
                    let _ = (0..2).all(|_| answered(world.write(volume, writer)))
                        && answered(world.flush(volume));
                });
            }
            scope.spawn(move || (0..2).all(|_| answered(world.create(volume, "while closing"))));
            scope.spawn(move || answered(world.delete(volume, first)));
            scope.spawn(move || answered(volume.compact()));
            for _ in 0..2 {
                scope.spawn(move || volume.close().expect("a close"));
            }
        });
        assert!(volume.is_closed());
        world.inspect_closed()
    });
}

/// As soon as the closing has returned, the next holder opens the volume and writes, while late
/// requests to the old one are still on their way to their answers. Nothing of theirs may reach the
/// media any more: it would hit the next holder's journal.
#[test]
fn the_next_holder_need_not_wait_for_late_requests() {
    explore("the next holder", 1000, || {
        // Few slots, so that the next holder soon uses those of the old journal.
        let world = World::new(Shape { slots: 16, ..Shape::NEIGHBOURS });
        let volume = world.open_with_copies(2);
        let first = volume.shadow_copies().expect("open")[0].id;
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            scope.spawn(move || (0..3).all(|_| answered(world.create(volume, "late"))));
            scope.spawn(move || answered(world.delete(volume, first)));
            scope.spawn(move || {
                volume.close().expect("a close");
                let next = world.take_role(&OpenOptions::default());
                world.create(&next, "next").expect("a copy");
                (0..2).for_each(|writer| world.write(&next, writer).expect("a write"));
                next.close().expect("a close");
            });
        });
        world.inspect_closed()
    });
}

/// An operation of a compaction on the diff area fails, near its end even after its superblock may
/// be there. A closing that waits for the compaction is told, as are all the others.
#[test]
fn a_compaction_that_fails_holds_up_no_close() {
    explore("a compaction that fails", 1000, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open_with_copies(1);
        let kinds = [IoKind::Write, IoKind::Barrier, IoKind::Read];
        world.diff_faults.only(&kinds[thread_rng().gen_range(0..3)..][..1]);
        world.diff_faults.fail_nth(thread_rng().gen_range(0..4));
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            scope.spawn(move || failed_or_answered(volume.compact()));
            scope.spawn(move || failed_or_answered(world.write(volume, 0)));
            scope.spawn(move || failed_or_answered(volume.close()));
        });
        failed_or_answered(volume.close());
        world.inspect()
    });
}

/// The flush of the closing fails. Writers and creators whom the closing has kept waiting are told,
/// like everybody, and the volume opens again.
#[test]
fn a_close_that_fails_lets_everybody_go() {
    explore("a close that fails", 1000, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open_with_copies(1);
        world.origin_faults.only(&[IoKind::Barrier]);
        world.origin_faults.fail_nth(0);
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            for writer in 0..2 {
                scope.spawn(move || (0..2).all(|_| answered(world.write(volume, writer))));
            }
            scope.spawn(move || answered(volume.compact()));
            scope.spawn(move || assert!(volume.close().is_err(), "nobody else was told"));
        });
        world.inspect()
    });
}

/// The last owner lets go while the chores are about to sweep what a deletion has left.
#[test]
fn a_volume_can_be_dropped_while_its_chores_run() {
    explore("drop", 800, || {
        let world = World::new(Shape::NEIGHBOURS);
        let volume = world.open();
        world.fill(&volume, 2);
        let copies = volume.shadow_copies().expect("open");
        world.create(&volume, "stays").expect("a copy");
        thread::scope(|scope| {
            let world = &world;
            for (writer, copy) in copies.into_iter().enumerate() {
                let volume = Arc::clone(&volume);
                scope.spawn(move || {
                    world.delete(&volume, copy.id).expect("a deletion");
                    world.write(&volume, writer).expect("a write");
                });
            }
            scope.spawn(move || drop(volume));
        });
        world.inspect_closed()
    });
}

/// The user's function that hears of events owns the volume too and lets go of it when one comes,
/// so the chores' own thread may be the one that closes the volume, and must not wait for itself.
#[test]
fn a_volume_can_be_dropped_by_its_own_callback() {
    explore("drop by a callback", 800, || {
        let world =
            World::new(Shape { slots: 14, on_full: OnFull::DropOldest, ..Shape::NEIGHBOURS });
        let owner = Arc::new(Mutex::new(None::<Arc<Volume>>));
        let (said, heard) = mpsc::channel();
        let said = shuttle::sync::Mutex::new(said);
        let owned = Arc::clone(&owner);
        let volume = world.open_with(move |event| {
            let volume = owned.lock().take();
            if volume.is_some() && matches!(event, Event::Dropped { .. } | Event::LowSpace { .. }) {
                drop(volume);
                said.lock().expect("no panic").send(()).expect("somebody listens");
            }
        });
        world.fill(&volume, 2);
        *owner.lock() = Some(Arc::clone(&volume));
        thread::scope(|scope| {
            let world = &world;
            for writer in 0..2 {
                let volume = Arc::clone(&volume);
                scope.spawn(move || {
                    world.create(&volume, "one more").expect("room for a copy");
                    world.write(&volume, writer).expect("the oldest go");
                });
            }
            scope.spawn(move || drop(volume));
        });
        heard.recv().expect("an event");
        world.inspect_closed()
    });
}

/// The answer may be the failure itself, for the one whom it befell.
fn failed_or_answered<T>(answer: Result<T, Error>) {
    if !matches!(&answer, Err(error) if matches!(error.engine(), Some(EngineError::Io { .. }))) {
        answered(answer);
    }
}
