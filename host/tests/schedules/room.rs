//! A nearly full diff area: writers wait for room while copies are deleted, slots are swept and the
//! journal is written anew. Each wait ends, with room or with the error that says there is none.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use shadowvol::Error as EngineError;
use shadowvol::format::superblock::OnFull;
use shadowvol_host::Error;
use shuttle::thread;

use crate::explore::explore;
use crate::world::{Shape, World};

/// Room for the old bytes of two copies, and no third one.
const TIGHT: Shape = Shape { slots: 14, ..Shape::NEIGHBOURS };

/// With the policy that fails writes: one that fails changes nothing, and when the copies are gone
/// there is room again.
#[test]
fn a_write_that_finds_no_room_is_told_so() {
    let answers = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let told = Arc::clone(&answers);
    explore("full, writes fail", 1000, move || {
        let world = World::new(TIGHT);
        let volume = world.open();
        world.fill(&volume, 2);
        let copies = volume.shadow_copies().expect("open");
        thread::scope(|scope| {
            let (world, volume, told) = (&world, &volume, &told);
            for writer in 0..2 {
                scope.spawn(move || {
                    let copy = world.create(volume, "one more");
                    let write = world.write(volume, writer);
                    told[usize::from(has_room(copy) && has_room(write))]
                        .fetch_add(1, Ordering::Relaxed);
                });
            }
            scope.spawn(move || world.delete(volume, copies[0].id).expect("a deletion"));
            scope.spawn(move || has_room(volume.compact()));
        });
        for copy in volume.shadow_copies().expect("open") {
            world.delete(&volume, copy.id).expect("a deletion");
        }
        world.create(&volume, "afterwards").expect("room for a copy");
        (0..2).for_each(|writer| world.write(&volume, writer).expect("room again"));
        volume.close().expect("a close");
        world.inspect_closed()
    });
    let [refused, served] = &*answers;
    assert!(refused.load(Ordering::Relaxed) > 0, "it never was full");
    assert!(served.load(Ordering::Relaxed) > 0, "nobody made room");
}

/// With the other policy: no write fails, the oldest copies go, and every one is told.
#[test]
fn a_write_that_finds_no_room_lets_the_oldest_go() {
    let dropped = Arc::new(AtomicU64::new(0));
    let gone = Arc::clone(&dropped);
    explore("full, the oldest go", 1000, move || {
        let world = World::new(Shape { on_full: OnFull::DropOldest, ..TIGHT });
        let volume = world.open();
        world.fill(&volume, 2);
        let newest = volume.find_newest().expect("open").expect("a copy").id;
        thread::scope(|scope| {
            let (world, volume) = (&world, &volume);
            for writer in 0..2 {
                scope.spawn(move || {
                    has_room(world.create(volume, "one more"));
                    (0..2).for_each(|_| world.write(volume, writer).expect("room"));
                });
            }
            scope.spawn(move || {
                let node = world.node();
                world.read(&node, newest);
            });
        });
        volume.close().expect("a close");
        // All were told by now, so each copy that is not there must have been.
        world.rig.ledger(|ledger| {
            gone.fetch_add(ledger.doomed.len() as u64, Ordering::Relaxed);
            ledger.drops_oldest = false;
        });
        world.inspect_closed()
    });
    assert!(dropped.load(Ordering::Relaxed) > 0, "it never was full");
}

/// Whether there was room; no other error is one.
fn has_room<T>(answer: Result<T, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => {
            let full = matches!(error.engine(), Some(EngineError::DiffAreaFull { .. }));
            assert!(full, "{error}");
            false
        }
    }
}
