//! Group commit: whoever waits for a barrier runs it for all whose records were appended before it.
//!
//! Three writers preserve old bytes at the same time. A write that returns has overwritten the
//! origin, so its records must have been safe: the power may fail in the middle of any overwrite.
//! Nobody sleeps for ever. And the point of it: some barriers serve several writes.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use shadowvol::{Error as EngineError, IoKind};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::explore::explore;
use crate::world::{Shape, World, answered};

const WRITERS: usize = 3;

#[test]
fn waiting_writes_share_barriers_and_none_is_forgotten() {
    let least = Arc::new(AtomicU64::new(u64::MAX));
    let most = Arc::new(AtomicU64::new(0));
    let (fewest, greatest) = (Arc::clone(&least), Arc::clone(&most));
    explore("group commit", 1200, move || {
        let world = World::new(Shape::APART);
        let volume = world.open_with_copies(1);
        let before = world.rig.barriers();
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (world, volume) = (&world, &volume);
                scope.spawn(move || world.write(volume, writer).expect("a write"));
            }
        });
        let used = world.rig.barriers() - before;
        fewest.fetch_min(used, Ordering::Relaxed);
        greatest.fetch_max(used, Ordering::Relaxed);
        world.flush(&volume).expect("a flush");
        volume.close().expect("a close");
        world.inspect_closed()
    });
    let least = least.load(Ordering::Relaxed);
    assert_eq!(
        least, 2,
        "the first goes at once, and one barrier can serve all who come meanwhile"
    );
    assert_eq!(most.load(Ordering::Relaxed), WRITERS as u64, "or each has one of its own");
}

/// A barrier fails while others wait for it. Nothing is known then about their records either, so
/// all of them are told, and so is everybody who comes later.
#[test]
fn a_barrier_that_fails_is_told_to_all_who_wait() {
    explore("a barrier that fails", 1200, || {
        let world = World::new(Shape::APART);
        let volume = world.open_with_copies(1);
        world.diff_faults.only(&[IoKind::Barrier]);
        world.diff_faults.fail_nth(thread_rng().gen_range(0..2));
        let refusals = AtomicU64::new(0);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (world, volume, refusals) = (&world, &volume, &refusals);
                scope.spawn(move || {
                    let told: Vec<_> =
                        (0..2).map(|_| refused(world.write(volume, writer))).collect();
                    assert!(told.is_sorted(), "a refusal is for good");
                    refusals.fetch_add(u64::from(told[1]), Ordering::Relaxed);
                });
            }
        });
        let failed = refusals.load(Ordering::Relaxed) > 0;
        if failed {
            assert!(refused(world.write(&volume, 0)), "the role has ended");
            assert!(volume.create_shadow_copy("later").is_err(), "the role has ended");
        }
        // Whether the close has something to tell depends on who was told before.
        let closed = volume.close();
        assert!(closed.is_ok() || !failed, "it was told already");
        world.inspect()
    });
}

/// Whether a write was refused, for the reason that there is in this story.
fn refused(answer: Result<(), shadowvol_host::Error>) -> bool {
    let barrier = |error: &EngineError| matches!(error, EngineError::Io { what, .. } if *what == IoKind::Barrier);
    match answer {
        Err(error) if error.engine().is_some_and(barrier) => true,
        answer => !answered(answer),
    }
}
