//! Amending a copy in the making: what is refused, who waits for whom, and what a new holder of the
//! role finds.

use shadowvol::active::{Active, Amend, Commit, Create, Delete, Describe, MakeRoom};
use shadowvol::active::{Revert, Settle, TakeRole};
use shadowvol::format::checksum::Checksum;
use shadowvol::machine::{Fed, Machine, Op, Step, Wait};
use shadowvol::passive::{Passive, Read};
use shadowvol::{Attributes, ChunkIndex, ChunkSize, CopyId, Description, Error, Extent};

use crate::alone::{Alone, active, append, copy};
use crate::reverting;
use crate::world::{Shape, World};

const CHUNK: usize = 4096;

/// Copy 1 is older, copy 2 in the making; 14,001 bytes, so that chunk 3 is short.
fn world() -> World {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let made = run(&mut world, Create::new(unfinished()), &[]);
    assert_eq!(made, Ok(copy(2)));
    world
}

fn unfinished() -> Description {
    Description { attributes: Attributes::UNFINISHED, ..Description::new("", 7) }
}

/// Drives a machine to its end, with this for its bytes.
fn run<M>(world: &mut World, machine: M, bytes: &[u8]) -> Result<M::Output, Error>
where
    M: Machine<Shared = Active, Op = Op>,
{
    let mut alone = Alone::new(machine);
    alone.user = bytes.to_vec();
    loop {
        match alone.run(world) {
            Step::Done(done) => return done,
            Step::Wait(Wait::Commit) => commit(world),
            step => panic!("it is alone, and waits: {}", matches!(step, Step::Wait(_))),
        }
    }
}

fn commit(world: &mut World) {
    assert!(matches!(Alone::new(Commit::new()).run(world), Step::Done(Ok(()))));
}

fn amend(of: CopyId, at: usize, bytes: &[u8]) -> Amend {
    Amend::new(of, at as u64, bytes, ChunkSize::MIN, Checksum::PORTABLE)
}

fn finish(world: &mut World, of: CopyId) -> Result<(), Error> {
    run(world, Describe::new(of, Description::new("finished", 0)), &[])
}

fn used(world: &mut World) -> u64 {
    let active = active(world);
    while active.wants_sweep() {
        active.sweep(1000);
    }
    active.space().used
}

#[test]
fn what_cannot_be_is_refused_and_takes_nothing() {
    let mut world = world();
    let before = used(&mut world);
    let chunk = [5; CHUNK];
    let mut refused = |of, at, bytes: &[u8]| {
        run(&mut world, amend(copy(of), at, bytes), bytes).expect_err("refused")
    };
    assert_eq!(refused(1, 0, &chunk), Error::Finished { copy: copy(1) });
    assert_eq!(refused(3, 0, &chunk), Error::NoSuchCopy { copy: copy(3) });
    let partial = |offset, length| Error::PartialChunk { offset, length };
    assert_eq!(refused(2, 1, &chunk), partial(1, 4096));
    assert_eq!(refused(2, 0, &chunk[1..]), partial(0, 4095));
    assert_eq!(refused(2, 3 * CHUNK, &[5; 1712]), partial(12_288, 1712));
    let beyond = Error::OutOfRange { offset: 12_288, length: 4096, size: 14_001 };
    assert_eq!(refused(2, 3 * CHUNK, &chunk), beyond);
    assert_eq!(used(&mut world), before);

    assert_eq!(run(&mut world, amend(copy(2), CHUNK, &[]), &[]), Ok(()));
    assert_eq!(run(&mut world, amend(copy(2), 3 * CHUNK, &[5; 1713]), &[5; 1713]), Ok(()));
    let whole = [6; 14_001];
    let twice = run(&mut world, amend(copy(2), 0, &whole), &whole);
    assert_eq!(twice, Err(Error::Amended { copy: copy(2) }));
    assert_eq!(used(&mut world), before + 4096);
}

/// Zeros take no slot, and what lies between them does.
#[test]
fn zeros_are_told_from_bytes_and_count_when_the_copy_is_finished() {
    let mut world = world();
    let before = used(&mut world);
    let mut bytes = [5; 3 * CHUNK];
    bytes[CHUNK..2 * CHUNK].fill(0);
    run(&mut world, amend(copy(2), 0, &bytes), &bytes).expect("amended");
    let zeros = Amend::zeros(copy(2), 3 * CHUNK as u64, 1713, ChunkSize::MIN);
    run(&mut world, zeros, &[]).expect("amended");
    assert_eq!(used(&mut world), before + 2 * 4096);
    let sums = |world: &mut World, of| {
        let view = active(world).view();
        [0, 1, 2, 3].map(|at| view.lookup(copy(of), ChunkIndex(at)).map(|found| found.sum))
    };
    assert_eq!(sums(&mut world, 2), [None; 4], "it is not finished");
    let changes = active(&mut world).view().changes(copy(1), Some(copy(2)));
    assert_eq!(changes, Ok(vec![Extent::new(0, 4)]));
    finish(&mut world, copy(2)).expect("finished");
    let sum = Some(Checksum::PORTABLE.of(&[5; CHUNK]));
    assert_eq!(sums(&mut world, 2), [sum, Some(0), sum, Some(0)]);
    assert_eq!(sums(&mut world, 1), [None; 4], "it is no other copy's");
}

#[test]
fn a_copy_in_the_making_is_nothing_to_revert_to_and_a_finished_one_stays_so() {
    let mut world = world();
    let reverted = run(&mut world, Revert::new(copy(2)), &[]);
    assert_eq!(reverted, Err(Error::Unfinished { copy: copy(2) }));
    let newest = |world: &mut World| active(world).view().newest_finished().map(|info| info.id);
    assert_eq!(newest(&mut world), Some(copy(1)), "the newest one that can be read");
    finish(&mut world, copy(2)).expect("finished");
    assert_eq!(newest(&mut world), Some(copy(2)));
    let again = run(&mut world, Describe::new(copy(2), unfinished()), &[]);
    assert_eq!(again, Err(Error::Finished { copy: copy(2) }));
    assert!(!active(&mut world).view().is_unfinished(copy(2)));
    assert_eq!(run(&mut world, Revert::new(copy(2)), &[]), Ok(()));
}

/// A passive node's read of a copy, during which `meanwhile` happens.
fn read(
    world: &mut World,
    node: &mut Passive,
    of: CopyId,
    meanwhile: impl FnOnce(&mut World),
) -> Vec<u8> {
    let time = node.view().copy(of).expect("a copy").about.time;
    let mut read = Alone::new(Read::new(of, time, 0, world.shape.size as u64));
    read.user = vec![0xaa; world.shape.size];
    let mut step = read.step(node, Fed::Again);
    meanwhile(world);
    while step == Step::Io {
        let fed = read.perform(world);
        step = read.step(node, fed);
    }
    assert_eq!(step, Step::Done(Ok(())));
    read.user
}

/// A read knows the copy as it was taken, or with all that was amended: one during which it is
/// finished begins again, and no other.
#[test]
fn a_read_finds_a_copy_as_it_was_taken_or_as_it_is_for_ever() {
    let mut world = world();
    let taken = world.origin.visible.clone();
    let amended = [&[5; CHUNK], &taken[CHUNK..]].concat();
    run(&mut world, amend(copy(2), 0, &[5; CHUNK]), &[5; CHUNK]).expect("amended");
    let mut node = world.open_node();
    let mut told = Vec::new();
    for (expected, is_end) in [(&taken, false), (&amended, true), (&amended, false)] {
        let found = read(&mut world, &mut node, copy(2), |world| {
            if is_end {
                finish(world, copy(2)).expect("finished");
            }
        });
        assert!(found == *expected);
        told.push((node.counters().reads, node.counters().restarts));
    }
    assert_eq!(told, [(1, 0), (2, 1), (3, 1)]);
}

/// What was amended is the volume's when it is reverted to the copy, before it is settled and
/// after; and the copy before keeps what the settling overwrites.
#[test]
fn the_volume_becomes_what_the_maker_made_of_the_copy() {
    let mut world = world();
    let size = world.shape.size;
    let before = world.origin.visible.clone();
    reverting::overwrite(&mut world, CHUNK, CHUNK, 1);
    run(&mut world, amend(copy(2), 0, &[5; CHUNK]), &[5; CHUNK]).expect("amended");
    let view = active(&mut world).view();
    let parts = [view.table().heap_bytes(), view.amended().heap_bytes()];
    assert!(parts.iter().all(|&bytes| bytes > 1));
    assert_eq!(view.heap_bytes(), parts[0] + parts[1]);
    finish(&mut world, copy(2)).expect("finished");
    let expected = [&[5; CHUNK], &before[CHUNK..]].concat();

    reverting::revert(&mut world, 2);
    assert_eq!(active(&mut world).view().all_unsettled(), [Extent::new(0, 2)]);
    assert!(reverting::look(&mut world, 0, size) == expected);
    while reverting::settle(&mut world, Settle::new()).0.more {}
    assert!(reverting::look(&mut world, 0, size) == expected);
    assert!(world.origin.visible == expected);
    let mut node = world.open_node();
    assert!(read(&mut world, &mut node, copy(2), |_| ()) == expected);
    assert!(read(&mut world, &mut node, copy(1), |_| ()) == before);
}

/// Two amendments and the end of the making are begun at once: one after the other is done, and
/// what would come behind the end is refused.
#[test]
fn one_at_a_time_edits_a_copy() {
    let mut world = world();
    let bytes = [5; CHUNK];
    let mut first = Alone::new(amend(copy(2), 0, &bytes));
    first.user = bytes.to_vec();
    assert!(matches!(first.act(&mut world, Fed::Again), Step::Io));
    let mut second = Alone::new(amend(copy(2), CHUNK, &bytes));
    let mut end = Alone::new(Describe::new(copy(2), Description::new("", 0)));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    assert_eq!(end.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    let fed = first.perform(&mut world);
    assert_eq!(first.act(&mut world, fed), Step::Wait(Wait::Commit));
    assert_eq!(end.act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "no barrier yet");
    commit(&mut world);
    assert_eq!(first.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(end.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "it is being finished");
    commit(&mut world);
    assert_eq!(end.act(&mut world, Fed::Again), Step::Done(Ok(())));
    let finished = Error::Finished { copy: copy(2) };
    assert_eq!(second.act(&mut world, Fed::Again), Step::Done(Err(finished)));
}

/// What is said of a finished copy keeps nobody from editing another one, and lets nobody in.
#[test]
fn who_describes_a_finished_copy_edits_nothing() {
    let mut world = world();
    assert_eq!(run(&mut world, Create::new(unfinished()), &[]), Ok(copy(3)));
    let bytes = [5; CHUNK];
    let mut first = Alone::new(amend(copy(2), 0, &bytes));
    first.user = bytes.to_vec();
    assert!(matches!(first.act(&mut world, Fed::Again), Step::Io));
    finish(&mut world, copy(1)).expect("it was finished before");
    let mut second = Alone::new(amend(copy(3), 0, &bytes));
    assert_eq!(second.act(&mut world, Fed::Again), Step::Wait(Wait::Turn), "the first is at it");
    let fed = first.perform(&mut world);
    assert_eq!(first.act(&mut world, fed), Step::Wait(Wait::Commit));
    commit(&mut world);
    assert_eq!(first.act(&mut world, Fed::Again), Step::Done(Ok(())));

    for (chunk, described) in [1, 2].into_iter().enumerate() {
        finish(&mut world, copy(described)).expect("described");
        let amended = run(&mut world, amend(copy(3), chunk * CHUNK, &bytes), &bytes);
        assert_eq!(amended, Ok(()), "copy {described} was described");
    }
}

#[test]
fn a_medium_that_fails_or_a_copy_that_goes_gives_the_slots_back() {
    let mut world = world();
    let before = used(&mut world);
    let bytes = [5; 2 * CHUNK];
    let mut failing = Alone::new(amend(copy(2), 0, &bytes));
    assert!(matches!(failing.act(&mut world, Fed::Again), Step::Io));
    assert_eq!(used(&mut world), before + 8192);
    let error = failing.ops()[0].failure();
    assert_eq!(failing.act(&mut world, Fed::Failed(error)), Step::Done(Err(error)));
    assert_eq!(used(&mut world), before);

    let mut late = Alone::new(amend(copy(2), 0, &bytes));
    late.user = bytes.to_vec();
    assert!(matches!(late.act(&mut world, Fed::Again), Step::Io));
    run(&mut world, Delete::new(vec![copy(2)], 0), &[]).expect("deleted");
    let fed = late.perform(&mut world);
    assert_eq!(late.act(&mut world, fed), Step::Done(Err(Error::Gone { copy: copy(2) })));
    assert_eq!(used(&mut world), before);
}

/// The copy goes while the records of an amendment wait for their barrier: what they name is looked
/// for once more, because the sweep behind the deletion was too early.
#[test]
fn the_slots_of_an_amendment_that_a_deletion_overtakes_are_free_again() {
    let mut world = world();
    let before = used(&mut world);
    let bytes = [5; 2 * CHUNK];
    let mut late = Alone::new(amend(copy(2), 0, &bytes));
    late.user = bytes.to_vec();
    assert!(matches!(late.act(&mut world, Fed::Again), Step::Io));
    let fed = late.perform(&mut world);
    let mut delete = Alone::new(Delete::new(vec![copy(2)], 0));
    assert_eq!(delete.act(&mut world, Fed::Again), Step::Wait(Wait::Commit));
    let mut barrier = Alone::new(Commit::new());
    assert!(matches!(barrier.act(&mut world, Fed::Again), Step::Io));
    assert_eq!(late.act(&mut world, fed), Step::Wait(Wait::Commit), "the copy is still there");
    let fed = barrier.perform(&mut world);
    assert_eq!(barrier.act(&mut world, fed), Step::Done(Ok(())));
    assert_eq!(delete.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(used(&mut world), before + 8192, "nothing is known of them yet");
    commit(&mut world);
    assert_eq!(late.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert_eq!(used(&mut world), before);
}

/// Records that fit in part: what they name stays in use, the rest is given back, and its maker is
/// told, once the records are behind a barrier. Where nothing fits there is none to wait for.
#[test]
fn an_amendment_whose_records_fit_in_part_keeps_the_slots_that_they_name() {
    // More chunks than one record has checksums for.
    let shape = Shape { size: 1_100 * CHUNK, slots: 1_300, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    assert_eq!(run(&mut world, Create::new(unfinished()), &[]), Ok(copy(2)));
    let bytes = vec![5; shape.size];
    let mut amendment = Alone::new(amend(copy(2), 0, &bytes));
    amendment.user = bytes;
    let Step::Wait(Wait::Room(slots)) = amendment.act(&mut world, Fed::Again) else {
        panic!("the diff area begins smaller")
    };
    assert_eq!(Alone::new(MakeRoom::new(slots, 0)).run(&mut world), Step::Done(Ok(())));
    assert!(matches!(amendment.act(&mut world, Fed::Again), Step::Io));
    let fed = amendment.perform(&mut world);

    // Other records, each in a slot of its own, until the journal has room for one more.
    let mut full = world.clone();
    let most = (0..).take_while(|_| append(&mut full, true)).count();
    for left in [0, 1] {
        let mut world = world.clone();
        let Alone { machine, user, .. } = &amendment;
        let mut amendment = Alone::new(machine.clone());
        amendment.user.clone_from(user);
        assert!((left..most).all(|_| append(&mut world, true)));
        let mut step = amendment.act(&mut world, fed.clone());
        if left == 1 {
            assert_eq!(step, Step::Wait(Wait::Commit));
            commit(&mut world);
            step = amendment.act(&mut world, Fed::Again);
        }
        assert!(matches!(step, Step::Done(Err(Error::DiffAreaFull { .. }))), "{step:?}");
        commit(&mut world);
        let view = active(&mut world).view();
        let named = view.amended().chunks();
        assert!(if left == 1 { (1..1_100).contains(&named) } else { named == 0 }, "{named}");
        let chunk = CHUNK as u64;
        let known = active(&mut world).space().journal + named * chunk;
        let used = used(&mut world);
        assert!(used == known || used == known + chunk, "a spare segment at most: {used}, {known}");
    }
}

#[test]
fn a_new_holder_keeps_what_is_finished_and_forgets_the_rest() {
    let mut world = world();
    let made = run(&mut world, Create::new(unfinished()), &[]);
    assert_eq!(made, Ok(copy(3)));
    let bytes = [5; CHUNK];
    for of in [2, 3] {
        run(&mut world, amend(copy(of), 0, &bytes), &bytes).expect("amended");
    }
    finish(&mut world, copy(2)).expect("finished");
    let before = used(&mut world);
    world.active = None;
    let role = world.role();
    let taken = Alone::new(TakeRole::new(role)).end(&mut world).expect("the role");
    let view = taken.view();
    assert!(view.lookup(copy(2), ChunkIndex(0)).is_some());
    assert!(view.amended().lookup(copy(3), ChunkIndex(0)).is_none());
    assert!(view.is_unfinished(copy(3)) && view.chunks() == 1);
    assert!(taken.space().used < before, "one slot fewer");
    world.active = Some(Box::new(taken));

    // And may amend it anew.
    run(&mut world, amend(copy(3), 0, &[6; CHUNK]), &[6; CHUNK]).expect("amended");
    finish(&mut world, copy(3)).expect("finished");
    let found = active(&mut world).view().lookup(copy(3), ChunkIndex(0)).expect("a record");
    assert_eq!(found.sum, Checksum::PORTABLE.of(&[6; CHUNK]));
}
