//! Whoever finds no room takes what costs the least first: slots that no copy needs, a little growth,
//! a journal without what is needless, as much growth as it takes; and copies last.

use shadowvol::active::{Commit, Compact as Compaction, Event, MakeRoom};
use shadowvol::format::superblock::OnFull;
use shadowvol::machine::{Fed, Medium, Op, Step, Wait};
use shadowvol::{CopyId, Error};

use crate::alone::{Alone, active, append, copy};
use crate::world::{Shape, World};

const CHUNK: u64 = 4096;
/// Slots of a small step.
const STEP: u64 = 1024;

/// What a machine did to find room, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    /// Asked for so many slots more.
    Grow(u64),
    Compact,
    Drop(CopyId),
    Yield,
    Find,
    Refuse,
}
use Did::{Compact, Drop, Find, Grow, Refuse, Yield};

/// Drives the machine to its end, on a medium that grows by so many slots at a time at most.
fn make_room(world: &mut World, needed: u32, grows: u64) -> Vec<Did> {
    let mut room = Alone::new(MakeRoom::new(needed, 0));
    let mut did = Vec::new();
    let mut fed = Fed::Again;
    loop {
        let step = room.act(world, fed);
        fed = Fed::Again;
        match step {
            Step::Io => {
                let slots = active(world).space().capacity / CHUNK;
                fed = match room.ops()[..] {
                    [op @ Op::Grow { size }] => {
                        let more = size / CHUNK - slots;
                        did.push(Grow(more));
                        if more > grows { Fed::Failed(op.failure()) } else { room.perform(world) }
                    }
                    [Op::Barrier { .. }] if matches!(did.last(), Some(Grow(_))) => {
                        room.perform(world)
                    }
                    _ => {
                        did.push(Compact);
                        room.perform(world)
                    }
                };
            }
            Step::Wait(Wait::Commit) => {
                for event in active(world).take_events() {
                    if let Event::Dropped { copies } = event {
                        did.extend(copies.into_iter().map(Drop));
                    }
                }
                assert_eq!(Alone::new(Commit::new()).run(world), Step::Done(Ok(())));
            }
            Step::Wait(Wait::Yield) => did.push(Yield),
            Step::Wait(wait) => panic!("{wait:?}, and nobody else is there"),
            Step::Done(done) => {
                did.dedup_by(|one, other| one == other && *one == Compact);
                match done {
                    Ok(()) => did.push(Find),
                    Err(Error::DiffAreaFull { .. }) => did.push(Refuse),
                    Err(error) => panic!("{error}"),
                }
                return did;
            }
        }
    }
}

/// Two copies with four chunks each, and a journal of 20 slots that could do with one.
fn world(on_full: OnFull, limit: usize) -> World {
    let shape = Shape { slots: limit, nodes: 0, on_full, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    for value in 1..3 {
        world.create();
        world.finish();
        world.write(0, vec![value; shape.size]);
        world.finish();
    }
    while active(&mut world).space().journal < 20 * CHUNK {
        world.create();
        world.finish();
        let newest = world.truths.keys().next_back().copied().expect("a copy");
        world.delete(newest);
        world.finish();
    }
    world
}

#[test]
fn copies_go_when_nothing_else_gives_room() {
    let dropping = world(OnFull::DropOldest, 5000);
    let failing = world(OnFull::FailWrite, 5000);
    let copies = [Drop(copy(1)), Drop(copy(2)), Find];
    // 200 slots are free, of which a compaction frees some more.
    let all = [Grow(STEP), Compact, Grow(857)];
    for (needed, grows, expected) in [
        (200, 0, &[Find][..]),
        (201, STEP, &[Grow(STEP), Find]),
        (201, STEP - 1, &[Grow(STEP), Compact, Find]),
        (1100, 857, &[&all[..], &[Find]].concat()),
        (1100, 0, &[&all[..], &copies].concat()),
    ] {
        let mut world = dropping.clone();
        assert_eq!(make_room(&mut world, needed, grows), expected, "{needed}, {grows}");
        let compacts = expected.contains(&Compact);
        assert_eq!(active(&mut world).counters().compactions, u64::from(compacts));
    }
    let refused = make_room(&mut failing.clone(), 1100, 0);
    assert_eq!(refused, [&all[..], &[Refuse]].concat());
}

/// The medium is not asked for what is not allowed.
#[test]
fn at_its_limit_the_journal_is_written_anew_at_once() {
    let dropping = world(OnFull::DropOldest, 100);
    let failing = world(OnFull::FailWrite, 100);
    for (needed, expected) in [
        (42, &[Find][..]),
        (43, &[Compact, Find]),
        (90, &[Compact, Drop(copy(1)), Drop(copy(2)), Find]),
    ] {
        assert_eq!(make_room(&mut dropping.clone(), needed, 5000), expected, "{needed}");
    }
    assert_eq!(make_room(&mut failing.clone(), 90, 5000), [Compact, Refuse]);
}

/// A journal that says little more than it must is let be.
#[test]
fn a_short_journal_is_not_written_anew() {
    let mut world = World::new(Shape { slots: 5000, nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let did = make_room(&mut world, 1000, 0);
    assert!(matches!(did[..], [Grow(STEP), Grow(_), Refuse]), "{did:?}");
}

/// Each would have grown the diff area, and by more than both need.
#[test]
fn who_finds_no_room_while_another_one_looks_takes_what_that_one_has_found() {
    let mut world = world(OnFull::FailWrite, 5000);
    let mut machines = [(); 3].map(|()| Alone::new(MakeRoom::new(210, 0)));
    let [first, others @ ..] = &mut machines;
    assert_eq!(first.act(&mut world, Fed::Again), Step::Io);
    for other in &mut *others {
        assert_eq!(other.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    }
    let fed = first.perform(&mut world);
    assert_eq!(first.act(&mut world, fed), Step::Io, "a barrier");
    let fed = first.perform(&mut world);
    assert_eq!(first.act(&mut world, fed), Step::Done(Ok(())));
    for other in others {
        assert_eq!(other.act(&mut world, Fed::Again), Step::Done(Ok(())));
        assert_eq!(other.done, [], "it asked for nothing");
    }
}

/// It frees what the copy would have gone for.
#[test]
fn a_compaction_under_way_is_waited_for() {
    let mut world = world(OnFull::DropOldest, 100);
    let mut compact = Alone::new(Compaction::new());
    assert_eq!(compact.act(&mut world, Fed::Again), Step::Io);
    let mut room = Alone::new(MakeRoom::new(43, 0));
    for _ in 0..2 {
        assert_eq!(room.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    }
    let fed = compact.perform(&mut world);
    assert_eq!(compact.act(&mut world, fed), Step::Io, "the rest");
    assert_eq!(room.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    let mut fed = compact.perform(&mut world);
    while compact.act(&mut world, fed.clone()) == Step::Io {
        fed = compact.perform(&mut world);
    }
    assert_eq!(room.act(&mut world, Fed::Again), Step::Done(Ok(())));
    assert!(
        !active(&mut world)
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::Dropped { .. }))
    );
}

/// A compaction begins between two commits.
#[test]
fn a_commit_under_way_is_waited_for_and_not_taken_for_a_refusal() {
    let mut world = world(OnFull::DropOldest, 100);
    assert!(append(&mut world, false));
    let mut commit = Alone::new(Commit::new());
    assert_eq!(commit.act(&mut world, Fed::Again), Step::Io);
    let mut room = Alone::new(MakeRoom::new(43, 0));
    assert_eq!(room.act(&mut world, Fed::Again), Step::Wait(Wait::Turn));
    let fed = commit.perform(&mut world);
    assert_eq!(commit.act(&mut world, fed), Step::Done(Ok(())));
    assert_eq!(room.act(&mut world, Fed::Again), Step::Io);
    assert!(matches!(room.ops()[..], [Op::Write { medium: Medium::DiffArea, .. }]));
}

/// Before the superblock is written a compaction that fails is one that gives nothing, and the next
/// thing is tried; behind that it ends the role, as any does.
#[test]
fn a_compaction_that_fails_gives_nothing_and_may_end_the_role() {
    for (groups, ends) in [(0, false), (1, true), (2, true), (3, true)] {
        let mut world = world(OnFull::FailWrite, 100);
        let mut room = Alone::new(MakeRoom::new(90, 0));
        let mut left = groups;
        let mut fed = Fed::Again;
        let error = loop {
            match room.act(&mut world, fed) {
                Step::Io => fed = room.perform_some(&mut world, &mut left),
                Step::Done(done) => break done.expect_err("too little"),
                Step::Wait(wait) => panic!("{wait:?}"),
            }
        };
        assert_eq!(active(&mut world).ended().is_some(), ends, "after {groups} groups: {error}");
        let is_io = matches!(error, Error::Io { medium: Medium::DiffArea, .. });
        let is_full = matches!(error, Error::DiffAreaFull { .. });
        assert!(if ends { is_io } else { is_full }, "after {groups} groups: {error}");
        let mut next = Alone::new(MakeRoom::new(1, 0));
        let turn = next.act(&mut world, Fed::Again);
        assert_ne!(turn, Step::Wait(Wait::Turn), "it is over for the others, too");
    }
}

/// A sweep of a large table takes longer than others should wait for the state.
#[test]
fn others_have_their_turn_in_a_long_sweep() {
    const CHUNKS: usize = 64;
    let size = CHUNKS * CHUNK as usize;
    let mut world = World::new(Shape { size, slots: 8000, nodes: 0, ..Shape::SMALL }, 1);
    for _ in 0..160 {
        world.create();
        world.finish();
        // Every other chunk, so that each is an entry of its own.
        for chunk in (0..CHUNKS).step_by(2) {
            world.write(chunk * CHUNK as usize, vec![1]);
        }
        world.finish();
    }
    let copies: Vec<_> = world.truths.keys().copied().collect();
    copies.into_iter().for_each(|copy| world.delete(copy));
    while world.tick() && active(&mut world).view().copies().len() > 0 {}
    let needed = spare(&mut world) + 4500;
    let did = make_room(&mut world, needed, 0);
    assert!(did.len() > 4 && did[..did.len() - 1].iter().all(|did| *did == Yield), "{did:?}");
    assert!(did.ends_with(&[Find]), "{did:?}");
}

/// Slots that are free and not kept for the journal.
fn spare(world: &mut World) -> u32 {
    let active = active(world);
    let space = active.space();
    let kept = active.geometry().slots_for_next_journal((space.journal / CHUNK) as u32);
    ((space.capacity - space.used) / CHUNK) as u32 - 2 - kept
}
