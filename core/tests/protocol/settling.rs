//! How a revert brings its bytes home: how many at once, who waits meanwhile, and what is left when
//! something fails.

use shadowvol::active::{Delete, Read, Revert, Settle, Settled, Write};
use shadowvol::machine::{Fed, Medium, Op, Step, Wait};
use shadowvol::{Damage, Error, Extent};

use crate::alone::{Alone, active, copy, without_growth};
use crate::reverting::{
    CHUNK, assert_at_rest, commit, look, overwrite, revert, settle, truth, world,
};
use crate::world::{Shape, World};

/// Four mebibytes at once, whatever lies between them; neighbours are read and written as one.
#[test]
fn what_is_settled_at_once_is_a_window() {
    let shape = Shape { size: 1500 * CHUNK, slots: 5000, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    for first in (0..1400).step_by(70) {
        overwrite(&mut world, first * CHUNK, 70 * CHUNK, 1);
    }
    revert(&mut world, 1);
    let expected = truth(&world, 1);
    assert!(look(&mut world, 100, 4_000_000) == expected[100..4_000_100], "in windows of a read");
    let mut read = Alone::new(Read::new(0, 1400 * CHUNK as u64));
    read.user = vec![0xaa; 1400 * CHUNK];
    assert_eq!(read.run(&mut world), Step::Done(Ok(())));
    assert!(read.done.len() < 12, "a mebibyte of neighbouring slots at once, six in all");
    for (chunks, end) in [(1024, 1024), (376, 1400)] {
        let (settled, ops) = settle(&mut world, Settle::new());
        assert_eq!(settled, Settled { chunks, more: true });
        assert!(world.origin.visible[..end * CHUNK] == expected[..end * CHUNK]);
        assert!(world.origin.visible[end * CHUNK..] != expected[end * CHUNK..] || end == 1400);
        let writes = |op: &&Op| matches!(op, Op::Write { medium: Medium::Origin, .. });
        assert_eq!(ops.iter().filter(writes).count(), 1, "neighbours in the volume");
        let left = active(&mut world).view().all_unsettled();
        assert_eq!(left.iter().map(|run| run.count).sum::<u64>(), 1400 - end as u64);
    }
    assert_eq!(settle(&mut world, Settle::new()).0, Settled { chunks: 0, more: false });
    assert!(look(&mut world, 0, shape.size) == expected);
}

/// Writers have settled chunks here and there. When all before and between them is settled, too, that
/// is one run, so that a revert of a large volume takes no memory for each of them.
#[test]
fn what_was_settled_here_and_there_becomes_one_run() {
    let shape = Shape { size: 1600 * CHUNK, slots: 5000, segment: 16, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    // What was never overwritten lies before and between them.
    for chunk in (1..600).step_by(2) {
        overwrite(&mut world, chunk * CHUNK, 1, 1);
    }
    overwrite(&mut world, 700 * CHUNK, 200 * CHUNK, 1);
    revert(&mut world, 1);
    for chunk in (1..600).step_by(2) {
        settle(&mut world, Settle::within(Extent::new(chunk, 1)));
    }
    let records = |world: &World| {
        let mut world = world.clone();
        world.compact();
        world.finish();
        assert_eq!(
            world.open_node().view().all_unsettled(),
            active(&mut world).view().all_unsettled()
        );
        active(&mut world).records()
    };
    let before = records(&world);
    assert_eq!(settle(&mut world, Settle::new()).0.chunks, 200);
    assert_eq!(records(&world), before - 1, "300 runs take two records, one run takes one");
}

/// What a journal has to say of a revert decides, too, whether writing it anew makes room.
#[test]
fn what_was_settled_is_said_again_when_a_journal_is_written_anew() {
    let mut world =
        World::new(Shape { size: 600 * CHUNK, slots: 5000, nodes: 0, ..Shape::SMALL }, 1);
    for _ in 0..2 {
        world.create();
        world.finish();
    }
    for chunk in (0..600).step_by(2) {
        overwrite(&mut world, chunk * CHUNK, 1, 1);
    }
    revert(&mut world, 1);
    for chunk in (0..600).step_by(2) {
        settle(&mut world, Settle::within(Extent::new(chunk, 1)));
    }
    // Two copies, 300 chunks and as many settled runs take three slots and a part of one; with four
    // more, and as much again for what comes meanwhile, and a segment, that makes 15.
    while !matches!(without_growth(&mut world.clone()), (Step::Io, _)) {
        let mut delete = Alone::new(Delete::new(vec![copy(2); 512], 0));
        assert_eq!(delete.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    }
    assert_eq!(active(&mut world).space().journal, 16 * CHUNK as u64);
}

/// The same of chunks that lie apart: a window is full when it holds as many, and the last run is
/// cut there.
#[test]
fn a_window_ends_within_a_run() {
    let shape = Shape { size: 1600 * CHUNK, slots: 5000, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    for first in [100, 700, 1300] {
        overwrite(&mut world, first * CHUNK, 300 * CHUNK, 1);
    }
    overwrite(&mut world, 1050 * CHUNK, 200 * CHUNK, 2);
    revert(&mut world, 1);
    let expected = truth(&world, 1);
    // 300, 300 and 200 chunks, and 224 of the last 300.
    assert_eq!(settle(&mut world, Settle::new()).0.chunks, 1024);
    let left = active(&mut world).view().all_unsettled();
    assert_eq!(left, [Extent::new(1524, 76)]);
    let within = settle(&mut world, Settle::within(Extent::new(1590, 10))).0;
    assert_eq!(within, Settled { chunks: 10, more: true });
    assert_eq!(active(&mut world).view().all_unsettled(), [Extent::new(1524, 66)]);
    assert_eq!(settle(&mut world, Settle::new()).0.chunks, 66);
    assert_eq!(settle(&mut world, Settle::new()).0, Settled { chunks: 0, more: false });
    assert!(world.origin.visible == expected);
}

/// What a writer waits for is what it touches, from the first chunk to the last, and no other.
#[test]
fn a_write_waits_for_the_unsettled_chunks_that_it_touches() {
    let mut world = world();
    for chunk in [0, 2] {
        overwrite(&mut world, chunk * CHUNK, CHUNK, 1);
    }
    revert(&mut world, 1);
    let asks = |world: &mut World, at: usize, length: usize| {
        Alone::new(Write::new(at as u64, length as u64)).act(world, Fed::Again)
    };
    let settle_first = |first, count| Step::Wait(Wait::Settle(Extent::new(first, count)));
    assert_eq!(asks(&mut world, 10, 1), settle_first(0, 1));
    assert_eq!(asks(&mut world, CHUNK - 1, 2), settle_first(0, 1));
    assert_eq!(asks(&mut world, 5000, 8000), settle_first(2, 1));
    assert_eq!(asks(&mut world, 0, 14_001), settle_first(0, 3));
    let discard = Alone::new(Write::discard(0, 10)).act(&mut world, Fed::Again);
    assert_eq!(discard, settle_first(0, 1));

    // One without any goes on, and the revert does not undo it, although a record answers for its
    // chunk now.
    overwrite(&mut world, CHUNK, CHUNK, 7);
    assert_eq!(active(&mut world).view().all_unsettled().len(), 2);
    while settle(&mut world, Settle::new()).0.more {}
    let mut expected = truth(&world, 1);
    expected[CHUNK..2 * CHUNK].fill(7);
    assert!(look(&mut world, 0, 14_001) == expected);
    assert!(world.origin.visible == expected);
}

/// One rotten slot: readers of that chunk are told where it is, nothing of it goes to the origin,
/// and everything else is found.
#[test]
fn a_rotten_slot_is_told_and_not_brought_to_the_origin() {
    let mut world = world();
    let size = world.shape.size;
    overwrite(&mut world, 0, size, 1);
    revert(&mut world, 1);
    let expected = truth(&world, 1);
    let is_it = |bytes: &[u8]| bytes == &expected[3 * CHUNK..][..64];
    let at = world.diff.visible.windows(64).position(is_it).expect("the last chunk's slot");
    world.diff.visible[at + 10] ^= 1;
    let corrupt = Error::Corrupt { what: Damage::Slot, at: at as u64 };

    let mut read = Alone::new(Read::new(0, size as u64));
    read.user = vec![0; size];
    assert_eq!(read.run(&mut world), Step::Done(Err(corrupt)));
    assert!(look(&mut world, 0, 3 * CHUNK) == expected[..3 * CHUNK]);
    let before = world.origin.visible.clone();
    let mut settle = Alone::new(Settle::new());
    assert_eq!(settle.run(&mut world), Step::Done(Err(corrupt)));
    assert!(world.origin.visible == before);
    assert_eq!(active(&mut world).ended(), None);
    assert_eq!(self::settle(&mut world, Settle::within(Extent::new(2, 1))).0.chunks, 1);

    // The bit comes back: so the revert can end.
    world.diff.visible[at + 10] ^= 1;
    while self::settle(&mut world, Settle::new()).0.more {}
    assert!(world.origin.visible == expected);
    assert_at_rest(&mut world);
}

/// An error in any operation leaves the chunks unsettled, and nothing claimed or in flight. Behind a
/// barrier that has failed nothing is known, so that one ends the role.
#[test]
fn what_fails_is_done_again() {
    let mut failures = Vec::new();
    for groups in 0.. {
        let mut world = world();
        overwrite(&mut world, 0, CHUNK, 1);
        world.create();
        world.finish();
        revert(&mut world, 1);
        let mut settle = Alone::new(Settle::new());
        let (mut fed, mut left, mut failed) = (Fed::Again, groups, None);
        let ended = loop {
            match settle.act(&mut world, fed) {
                Step::Io => fed = settle.perform_some(&mut world, &mut left),
                Step::Wait(Wait::Commit) => {
                    commit(&mut world);
                    fed = Fed::Again;
                }
                Step::Done(done) => break done,
                other => panic!("{other:?}"),
            }
            if let Fed::Failed(error) = &fed {
                failed = Some((*error, settle.ops()[0]));
            }
        };
        let Some((error, op)) = failed else {
            assert_eq!(ended, Ok(Settled { chunks: 1, more: true }));
            break;
        };
        assert_eq!(ended, Err(error), "{op:?}");
        let is_barrier = matches!(op, Op::Barrier { .. });
        let ends = active(&mut world).ended().cloned();
        assert_eq!(ends, is_barrier.then_some(error), "{op:?}");
        failures.push(op);
        if is_barrier {
            let refused = Alone::new(Settle::new()).act(&mut world, Fed::Again);
            assert_eq!(refused, Step::Done(Err(Error::RoleEnded)));
            let refused = Alone::new(Revert::new(copy(1))).act(&mut world, Fed::Again);
            assert_eq!(refused, Step::Done(Err(Error::RoleEnded)));
            continue;
        }
        assert_eq!(active(&mut world).view().all_unsettled(), [Extent::new(0, 1)]);
        while self::settle(&mut world, Settle::new()).0.more {}
        assert!(world.origin.visible == truth(&world, 1));
        assert_at_rest(&mut world);
    }
    let media: Vec<_> = failures.iter().map(|op| op.medium()).collect();
    let expected = [
        // What copy 2 lacks is read and preserved; then the slot is read and the origin written.
        Medium::Origin,
        Medium::DiffArea,
        Medium::DiffArea,
        Medium::Origin,
        Medium::Origin,
    ];
    assert_eq!(media, expected, "{failures:?}");
}

/// Two who settle the same chunks take turns, and the second finds nothing left to do; a writer of
/// any chunk between the first and the last waits for its turn, others go on.
#[test]
fn chunks_that_are_being_settled_are_claimed() {
    let mut world = world();
    for chunk in [0, 2] {
        overwrite(&mut world, chunk * CHUNK, CHUNK, 1);
    }
    revert(&mut world, 1);
    let mut first = Alone::new(Settle::new());
    assert_eq!(first.act(&mut world, Fed::Again), Step::Io);
    let mut second = Alone::new(Settle::new());
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    let asks = |world: &mut World, chunk: u64| {
        Alone::new(Write::new(chunk * CHUNK as u64, 1)).act(world, Fed::Again)
    };
    assert_eq!(asks(&mut world, 1), Step::Wait(Wait::Turn), "between the two");
    assert_eq!(asks(&mut world, 3), Step::Io);
    let mut create = Alone::new(Revert::new(copy(1)));
    assert_eq!(create.act(&mut world, Fed::Again), Step::Done(Ok(())), "it is under way");

    let fed = first.perform(&mut world);
    assert_eq!(first.act(&mut world, fed), Step::Wait(Wait::Commit));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    commit(&mut world);
    assert_eq!(
        first.act(&mut world, Fed::Again),
        Step::Done(Ok(Settled { chunks: 2, more: true }))
    );
    let nothing = Step::Done(Ok(Settled { chunks: 0, more: true }));
    assert_eq!(second.act(&mut world, Fed::Again), nothing);
    assert_eq!(asks(&mut world, 1), Step::Io);
}
