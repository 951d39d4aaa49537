//! A revert by hand: where its bytes are found at each moment, who waits for whom, and what is
//! refused meanwhile.

use core::fmt::Debug;

use shadowvol::active::Write;
use shadowvol::active::{Active, Commit, Create, Delete, Read, Revert, Settle, Settled};
use shadowvol::machine::{Fed, Machine, Medium, Op, Step, Wait};
use shadowvol::{Description, Error, Extent, IoKind};

use crate::alone::{Alone, active, append, copy};
use crate::world::{Shape, World};

pub(crate) const CHUNK: usize = 4096;

/// Four chunks, the last one short; copy 1 has zeros in the second.
pub(crate) fn world() -> World {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.discard(CHUNK, CHUNK);
    world.finish();
    world.create();
    world.finish();
    world
}

pub(crate) fn overwrite(world: &mut World, at: usize, length: usize, value: u8) {
    world.write(at, vec![value; length]);
    world.finish();
}

pub(crate) fn commit(world: &mut World) {
    assert_eq!(Alone::new(Commit::new()).run(world), Step::Done(Ok(())));
}

pub(crate) fn revert(world: &mut World, number: u32) {
    let mut revert = Alone::new(Revert::new(copy(number)));
    assert_eq!(revert.run(world), Step::Wait(Wait::Commit));
    commit(world);
    assert_eq!(revert.run(world), Step::Done(Ok(())));
}

/// Drives one to its end, with all that it asks for.
pub(crate) fn settle(world: &mut World, machine: Settle) -> (Settled, Vec<Op>) {
    let mut settle = Alone::new(machine);
    loop {
        match settle.run(world) {
            Step::Wait(Wait::Commit) => commit(world),
            Step::Done(done) => return (done.expect("settled"), settle.done),
            other => panic!("{other:?}"),
        }
    }
}

/// The volume's bytes, as a reader finds them.
pub(crate) fn look(world: &mut World, at: usize, length: usize) -> Vec<u8> {
    let mut read = Alone::new(Read::new(at as u64, length as u64));
    read.user = vec![0xaa; length];
    assert_eq!(read.run(world), Step::Done(Ok(())));
    // Nothing is asked for in vain, and no more than a mebibyte of slots at once.
    assert!(read.done.iter().all(|op| matches!(op, Op::Read(read) if read.into.len > 0)));
    assert!(read.scratch.len() <= 1 << 20);
    read.user
}

pub(crate) fn truth(world: &World, number: u32) -> Vec<u8> {
    world.truths[&copy(number)].to_vec()
}

/// Nothing is held, claimed or in flight: a copy can be taken and every chunk be written.
pub(crate) fn assert_at_rest(world: &mut World) {
    let writes = world.shape.size / CHUNK;
    for chunk in 0..writes {
        let mut write = Alone::new(Write::new((chunk * CHUNK) as u64, 1));
        let step = write.act(world, Fed::Again);
        assert!(matches!(step, Step::Io | Step::Wait(Wait::Settle(_))), "{chunk}: {step:?}");
        if step == Step::Io {
            let failed = Error::Io { what: IoKind::Read, medium: Medium::Origin };
            write.act(world, Fed::Failed(failed));
        }
    }
    if active(world).reverting().is_none() {
        let mut create = Alone::new(Create::new(Description::new("at rest", 0)));
        assert_eq!(create.run(world), Step::Wait(Wait::Commit), "nothing is in flight");
    }
}

/// Whatever a reader asks for it finds, from the revert's begin to its end and behind it.
#[test]
fn any_part_of_the_volume_is_the_copy_however_much_is_settled() {
    let mut world = world();
    let size = world.shape.size;
    overwrite(&mut world, 0, size, 1);
    world.create();
    world.finish();
    revert(&mut world, 1);
    let expected = truth(&world, 1);
    let chunks = [Extent::new(2, 1), Extent::new(0, 1), Extent::new(3, 1), Extent::new(1, 1)];
    for nth in 0..=chunks.len() {
        for at in [0, 1, 4095, 4096, 6000, 8191, 8192, 12_288, 14_000] {
            for length in [0, 1, 500, 4096, 4097, 9000, size] {
                let length = length.min(size - at);
                let found = look(&mut world, at, length);
                assert!(found == expected[at..at + length], "{length} bytes at {at}, step {nth}");
            }
        }
        let Some(&chunk) = chunks.get(nth) else { break };
        let left: Vec<_> = chunks[nth..].iter().map(|chunk| chunk.first.0).collect();
        let unsettled = active(&mut world).view().all_unsettled();
        assert_eq!(unsettled.iter().map(|run| run.count).sum::<u64>(), left.len() as u64);
        let (settled, ops) = settle(&mut world, Settle::within(chunk));
        assert_eq!(settled, Settled { chunks: 1, more: true });
        // The bytes are in the origin, and a barrier is behind them, before it is said.
        let is_barrier = |op: &Op| *op == Op::Barrier { medium: Medium::Origin };
        let overwrites = |op: &Op| op.medium() == Medium::Origin && !is_barrier(op);
        let written = ops.iter().rposition(overwrites).expect("an overwrite");
        assert!(ops.iter().rposition(is_barrier).expect("a barrier") > written, "{ops:?}");
        let range = chunk.first.0 as usize * CHUNK..(chunk.end() as usize * CHUNK).min(size);
        assert!(world.origin.visible[range.clone()] == expected[range]);
        assert_eq!(world.origin.loose(), 0);
        let again = settle(&mut world, Settle::within(chunk)).0;
        assert_eq!(again, Settled { chunks: 0, more: true }, "it is done, but the revert is not");
    }
    assert_eq!(active(&mut world).reverting(), Some(copy(1)));
    let (settled, ops) = settle(&mut world, Settle::new());
    assert_eq!((settled, ops), (Settled { chunks: 0, more: false }, Vec::new()));
    assert_eq!(active(&mut world).reverting(), None);
    let records = active(&mut world).records();
    for machine in [Settle::new(), Settle::within(Extent::new(0, 4))] {
        assert_eq!(settle(&mut world, machine).0, Settled { chunks: 0, more: false });
    }
    assert_eq!(active(&mut world).records(), records, "the end is said once");
    assert!(look(&mut world, 0, size) == expected);
    world.flush();
    world.verify("after the revert");
    assert_at_rest(&mut world);
}

/// While the volume is reverted a write may have to say what is settled, too.
#[test]
fn a_write_asks_for_the_room_of_both_its_records() {
    let mut world = World::new(Shape { slots: 8, nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let asks = |world: &mut World| Alone::new(Write::new(0, 1)).act(world, Fed::Again);
    assert_eq!(asks(&mut world), Step::Wait(Wait::Room(2)));
    revert(&mut world, 1);
    assert_eq!(asks(&mut world), Step::Wait(Wait::Room(3)));
}

/// No instant lies within another: a revert waits for writes under way and for records that are not
/// behind a barrier, and holds what is new meanwhile.
#[test]
fn a_revert_waits_for_what_is_under_way_and_holds_what_is_new() {
    let mut world = world();
    overwrite(&mut world, 0, CHUNK, 1);
    let mut write = Alone::new(Write::new(0, CHUNK as u64));
    write.user = vec![2; CHUNK];
    assert_eq!(write.act(&mut world, Fed::Again), Step::Io);
    let mut revert = Alone::new(Revert::new(copy(1)));
    assert_eq!(revert.act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "a write is under way");
    let held = Alone::new(Write::new(0, 1)).act(&mut world, Fed::Again);
    assert_eq!(held, Step::Wait(Wait::Turn));
    let mut second = Alone::new(Revert::new(copy(1)));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "one hold at a time");
    let fed = write.perform(&mut world);
    assert_eq!(write.act(&mut world, fed), Step::Done(Ok(())));
    assert!(append(&mut world, false), "a deletion of the copy");
    assert_eq!(revert.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    assert_eq!(active(&mut world).reverting(), None);
    commit(&mut world);
    let gone = Step::Done(Err(Error::Gone { copy: copy(1) }));
    assert_eq!(revert.act(&mut world, Fed::Again), gone);
    assert_eq!(second.act(&mut world, Fed::Again), gone);
    assert_at_rest(&mut world);
}

/// Meanwhile and once it has begun, whatever would leave the volume in two places is refused.
#[test]
fn a_volume_in_two_places_is_left_alone() {
    let mut world = world();
    overwrite(&mut world, 0, CHUNK, 1);
    world.create();
    world.finish();
    let to = |number| Alone::new(Revert::new(copy(number)));
    let never = to(7).act(&mut world, Fed::Again);
    assert_eq!(never, Step::Done(Err(Error::NoSuchCopy { copy: copy(7) })));

    let mut first = to(1);
    assert_eq!(first.run(&mut world), Step::Wait(Wait::Commit));
    let reverting = Error::Reverting { copy: copy(1) };
    let delete = |world: &mut World, number| {
        Alone::new(Delete::new(vec![copy(number)], 0)).act(world, Fed::Again)
    };
    assert_eq!(delete(&mut world, 1), Step::Done(Err(reverting)), "before its barrier, too");
    assert_eq!(to(2).act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "writes are held");
    commit(&mut world);
    assert_eq!(first.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(first.machine, { first.machine.clone() });

    assert_eq!(delete(&mut world, 1), Step::Done(Err(reverting)));
    assert_eq!(to(2).act(&mut world, Fed::Again), Step::Done(Err(reverting)));
    assert_eq!(to(1).act(&mut world, Fed::Again), Step::Done(Ok(())), "it is under way");
    let about = Description::new("refused", 0);
    let create = Alone::new(Create::new(about)).act(&mut world, Fed::Again);
    assert_eq!(create, Step::Done(Err(reverting)));
    assert_eq!(delete(&mut world, 2), Step::Wait(Wait::Commit), "another copy may go");
    commit(&mut world);

    while settle(&mut world, Settle::new()).0.more {}
    assert_eq!(delete(&mut world, 1), Step::Wait(Wait::Commit), "it is over");
    commit(&mut world);
    assert_at_rest(&mut world);
}

/// A creation had flushed already when a revert began.
#[test]
fn a_creation_that_meets_a_revert_is_refused() {
    let mut world = world();
    overwrite(&mut world, 0, CHUNK, 1);
    let mut create = Alone::new(Create::new(Description::new("late", 0)));
    assert_eq!(create.act(&mut world, Fed::Again), Step::Io);
    let fed = create.perform(&mut world);
    revert(&mut world, 1);
    let refused = create.act(&mut world, fed);
    assert_eq!(refused, Step::Done(Err(Error::Reverting { copy: copy(1) })));
    while settle(&mut world, Settle::new()).0.more {}
    assert_at_rest(&mut world);
}

/// A reader looked up a slot; before it was read, all was settled, the copy deleted, and its slot
/// given to another.
#[test]
fn a_reader_that_lives_longer_than_the_revert_begins_again() {
    let mut world = world();
    let size = world.shape.size;
    overwrite(&mut world, 0, size, 1);
    revert(&mut world, 1);
    let expected = truth(&world, 1);
    let mut read = Alone::new(Read::new(0, size as u64));
    read.user = vec![0xaa; size];
    assert_eq!(read.act(&mut world, Fed::Again), Step::Io);
    while settle(&mut world, Settle::new()).0.more {}
    world.delete(copy(1));
    world.finish();
    active(&mut world).sweep(1000);
    for value in 0..6 {
        world.create();
        world.finish();
        overwrite(&mut world, 0, size, value);
    }
    let newest = world.origin.visible.clone();
    let fed = read.perform(&mut world);
    assert_eq!(read.act(&mut world, fed), Step::Io, "another look");
    let fed = read.perform(&mut world);
    assert_eq!(read.act(&mut world, fed), Step::Done(Ok(())));
    assert!(read.user == newest && newest != expected);
}

/// The role ends while a revert or a settling waits for its commit, or for its turn.
#[test]
fn the_end_of_the_role_is_told_wherever_one_waits() {
    let failure = Error::Io { what: IoKind::Barrier, medium: Medium::DiffArea };
    let ended = Step::Done(Err(Error::RoleEnded));

    let mut world = world();
    overwrite(&mut world, 0, CHUNK, 1);
    let mut first = Alone::new(Revert::new(copy(1)));
    assert_eq!(first.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    let mut other = world.clone();
    active(&mut other).end(failure);
    assert_eq!(first.act(&mut other, Fed::Again), ended);

    let mut write = Alone::new(Write::new(0, 1));
    commit(&mut world);
    assert_eq!(first.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(
        write.act(&mut world, Fed::Again),
        Step::Wait(Wait::Settle(Extent::new(0, 1))),
        "the hold is over"
    );
    for settles in [true, false] {
        let mut settle = Alone::new(Settle::new());
        assert_eq!(settle.run(&mut world), Step::Wait(Wait::Commit));
        let mut other = world.clone();
        active(&mut other).end(failure);
        let before = settle.machine.clone();
        assert_eq!(settle.act(&mut other, Fed::Again), Step::Done(Err(Error::RoleEnded)));
        settle.machine = before;
        commit(&mut world);
        let expected = Settled { chunks: u64::from(settles), more: settles };
        assert_eq!(settle.act(&mut world, Fed::Again), Step::Done(Ok(expected)));
    }

    // One that waits for a writer's end.
    let mut world = self::world();
    let mut write = Alone::new(Write::new(0, 1));
    write.user = vec![1];
    assert_eq!(write.act(&mut world, Fed::Again), Step::Io);
    let mut second = Alone::new(Revert::new(copy(1)));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    active(&mut world).end(failure);
    assert_eq!(second.act(&mut world, Fed::Again), Step::Done(Err(Error::RoleEnded)));
}

/// Appends records until the journal has no segment to follow its last one.
fn use_up_the_journal(world: &mut World) {
    for copies in [512, 1] {
        let delete = || Alone::new(Delete::new(vec![copy(2); copies], 0));
        while delete().act(world, Fed::Again) == Step::Wait(Wait::Commit) {}
    }
}

/// Without a segment to follow the journal's last one a revert and a settling ask for room once; then
/// they go on if there is some, whatever they are told.
#[test]
fn room_for_their_records_is_asked_for_once() {
    let mut world = World::new(Shape { slots: 16, nodes: 0, ..Shape::SMALL }, 1);
    for value in 0..2 {
        world.create();
        world.finish();
        overwrite(&mut world, 0, CHUNK, value);
    }
    asks_once(&world, &Revert::new(copy(1)), &Step::Wait(Wait::Commit));
    revert(&mut world, 1);
    asks_once(&world, &Settle::new(), &Step::Io);
}

fn asks_once<M>(ample: &World, machine: &M, goes: &Step<M::Output>)
where
    M: Machine<Shared = Active, Op = Op> + Clone,
    M::Output: PartialEq + Debug,
{
    let mut full = ample.clone();
    use_up_the_journal(&mut full);
    let told = Error::DiffAreaFull { needed: 1, free: 7, limit: 7 };
    for answer in [Fed::Again, Fed::Failed(told)] {
        let mut asks = Alone::new(machine.clone());
        assert_eq!(asks.act(&mut full, Fed::Again), Step::Wait(Wait::Room(1)));
        let mut other = Alone::new(asks.machine.clone());
        assert_eq!(&other.act(&mut ample.clone(), answer.clone()), goes);
        let refused = asks.act(&mut full, answer.clone());
        let Step::Done(Err(error)) = refused else { panic!("{refused:?}") };
        let is_full = matches!(error, Error::DiffAreaFull { .. });
        assert!(is_full && (error == told) == (answer != Fed::Again), "{error}");
    }
}
