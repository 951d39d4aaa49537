//! A diff area with little room, to the slot: who asks for more, who goes on all the same, and who
//! is refused.

use shadowvol::active::{Commit, Compact, Create, Event, MakeRoom, Revert, Write};
use shadowvol::format::superblock::OnFull;
use shadowvol::machine::{Fed, Medium, Op, Step, Wait};
use shadowvol::{CopyId, Description, Error, IoKind};

use crate::alone::{Alone, active, append, copy, without_growth};
use crate::job::Kind;
use crate::world::{Shape, World};

const CHUNK: u64 = 4096;

fn full() -> Error {
    Error::DiffAreaFull { needed: 1, free: 0, limit: 0 }
}

fn create(world: &mut World, label: usize) {
    world.spawn(Kind::Create(Create::new(Description::new("x".repeat(label), 0))), Vec::new());
    world.finish();
}

fn free(world: &mut World) -> u64 {
    let space = active(world).space();
    (space.capacity - space.used) / CHUNK - 2
}

/// The world that `make` makes in a diff area just so large that this many slots are free then.
fn with_free(shape: Shape, slots: u64, make: impl Fn(&mut World)) -> World {
    let made = |slots| {
        let mut world = World::new(Shape { slots, nodes: 0, ..shape }, 1);
        make(&mut world);
        world
    };
    let mut ample = made(250);
    let used = active(&mut ample).space().used / CHUNK;
    let mut world = made((2 + used + slots) as usize);
    assert_eq!(free(&mut world), slots);
    world
}

#[test]
fn a_copy_takes_none_of_the_room_that_is_kept_for_the_next_journal() {
    // The journal takes one slot, so three are kept for the next one.
    for (slots, expected) in [(4, Step::Io), (3, Step::Wait(Wait::Room(1)))] {
        let mut world = with_free(Shape::SMALL, slots, |world| create(world, 0));
        let step =
            Alone::new(Create::new(Description::new(String::new(), 0))).act(&mut world, Fed::Again);
        assert_eq!(step, expected, "{slots} slots are free");
    }

    // For a journal of 40 slots 52 are kept, but for a copy 48 are enough: there is no end to the
    // reasons to delete the ones there are.
    let long = |world: &mut World| {
        create(world, 0);
        while active(world).space().journal < 40 * CHUNK {
            create(world, 1000);
            let newest = world.truths.keys().next_back().copied().expect("a copy");
            world.delete(newest);
            world.finish();
        }
    };
    for (slots, expected) in [(49, Step::Io), (48, Step::Wait(Wait::Room(1)))] {
        let mut world = with_free(Shape::SMALL, slots, long);
        let step =
            Alone::new(Create::new(Description::new(String::new(), 0))).act(&mut world, Fed::Again);
        assert_eq!(step, expected, "{slots} slots are free");
    }
}

#[test]
fn without_copies_there_is_nobody_to_ask_for_the_room_of_the_first_one() {
    let mut world = with_free(Shape::SMALL, 8, |world| create(world, 0));
    while append(&mut world, true) {}
    while append(&mut world, false) {}
    let mut create = Alone::new(Create::new(Description::new("x".repeat(1024), 0)));
    for _ in 0..2 {
        let asks = create.act(&mut world, Fed::Again);
        assert_eq!(asks, Step::Wait(Wait::Room(1)), "copies may be deleted");
    }
    // The records that are appended delete the only copy.
    assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
    assert_eq!(active(&mut world).view().copies().len(), 0);
    let refused = create.act(&mut world, Fed::Again);
    assert!(matches!(refused, Step::Done(Err(Error::DiffAreaFull { .. }))), "{refused:?}");
    let mut create = Alone::new(Create::new(Description::new("x".repeat(1024), 0)));
    assert_eq!(
        create.act(&mut world, Fed::Again),
        Step::Wait(Wait::Room(1)),
        "a compaction may do"
    );
    assert_eq!(create.act(&mut world, Fed::Failed(full())), Step::Done(Err(full())));
}

#[test]
fn a_compaction_asks_for_room_once_and_takes_what_there_is() {
    // It needs three slots, and can do with fewer.
    let exact = |slots| with_free(Shape::SMALL, slots, |world| create(world, 0));
    assert_eq!(Alone::new(Compact::new()).act(&mut exact(3), Fed::Again), Step::Io);
    let mut world = exact(2);
    for answer in [Fed::Again, Fed::Failed(full())] {
        let mut compact = Alone::new(Compact::new());
        assert_eq!(compact.act(&mut world, Fed::Again), Step::Wait(Wait::Room(1)));
        let mut other = world.clone();
        assert_eq!(compact.act(&mut other, answer), Step::Io);
    }
    let mut compact = Alone::new(Compact::new());
    assert_eq!(compact.act(&mut world, Fed::Again), Step::Wait(Wait::Room(1)));
    assert_eq!(compact.run(&mut world), Step::Done(Ok(())));
    world.verify("after a compaction in two slots");
}

#[test]
fn a_compaction_begins_with_a_segment_that_leaves_room_for_the_next_one() {
    let shape = Shape { segment: 8, ..Shape::SMALL };
    let mut world = with_free(shape, 10, |world| {
        create(world, 0);
        while active(world).space().journal < 16 * CHUNK {
            create(world, 1000);
        }
        let copies: Vec<_> = world.truths.keys().copied().collect();
        copies.into_iter().for_each(|copy| world.delete(copy));
        world.finish();
    });
    let before = active(&mut world).space().used;
    assert_eq!(Alone::new(Compact::new()).act(&mut world, Fed::Again), Step::Io);
    assert_eq!(active(&mut world).space().used - before, 5 * CHUNK, "half of ten slots, not eight");
}

/// The next journal had no room for a record; then room was found, and it was named without it.
#[test]
fn a_compaction_that_lacks_a_record_comes_to_nothing() {
    let mut world = with_free(Shape { size: 20 * 4096, ..Shape::SMALL }, 13, |world| {
        create(world, 0);
        world.write(0, vec![1; 8 * 4096]);
        world.finish();
    });
    let mut compact = Alone::new(Compact::new());
    assert_eq!(compact.act(&mut world, Fed::Again), Step::Io);
    while append(&mut world, true) {}
    assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
    active(&mut world).sweep(1000);
    assert!(free(&mut world) >= 8, "the deleted copy's slots");
    let fed = compact.perform(&mut world);
    let failed = compact.act(&mut world, fed);
    assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
    assert_eq!(active(&mut world).ended(), None);
    world.truths.clear();
    world.verify("after the compaction");
}

#[test]
fn what_a_journal_has_to_say_decides_whether_writing_it_anew_makes_room() {
    // Three copies and 40 chunks take a little more than a slot; with four more and as much again
    // for what comes meanwhile, and a segment, that makes eleven slots.
    let shape = Shape { size: 40 * 4096, slots: 200, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    create(&mut world, 1000);
    world.write(0, vec![1; shape.size]);
    world.finish();
    for _ in 0..2 {
        create(&mut world, 1000);
    }
    let lengthen = |world: &mut World, slots: u64| {
        while active(world).space().journal < slots * CHUNK {
            let newest = world.truths.keys().next_back().copied().expect("a copy");
            world.delete(newest);
            world.finish();
            create(world, 1000);
        }
        assert_eq!(active(world).space().journal, slots * CHUNK);
    };
    lengthen(&mut world, 11);
    assert_eq!(active(&mut world).view().table().chunks(), 40);
    let (refused, _) = without_growth(&mut world.clone());
    assert!(matches!(refused, Step::Done(Err(Error::DiffAreaFull { .. }))), "{refused:?}");
    lengthen(&mut world, 12);
    let (shrinks, ops) = without_growth(&mut world.clone());
    assert_eq!(shrinks, Step::Io);
    assert!(matches!(ops[..], [Op::Write { medium: Medium::DiffArea, .. }]), "{ops:?}");

    let mut other = world.clone();
    assert_eq!(Alone::new(Compact::new()).act(&mut other, Fed::Again), Step::Io);
    assert_eq!(without_growth(&mut other).0, Step::Wait(Wait::Turn), "it is written anew already");
    active(&mut world).end(Error::RoleEnded);
    assert_eq!(without_growth(&mut world).0, Step::Done(Err(Error::RoleEnded)));
}

#[test]
fn a_medium_without_room_for_a_whole_step_is_asked_for_what_is_needed() {
    let mut world = World::new(Shape { slots: 5_000, nodes: 0, ..Shape::SMALL }, 1);
    create(&mut world, 0);
    let (capacity, free) = (active(&mut world).space().capacity, free(&mut world));
    // Three slots are kept for the journal.
    let least = capacity + (1_000 + 3 - free) * CHUNK;
    let grow = |size| vec![Op::Grow { size }];
    let mut room = Alone::new(MakeRoom::new(1_000, 0));
    assert_eq!(room.act(&mut world, Fed::Again), Step::Io);
    assert_eq!(room.ops(), grow(capacity + (4 << 20)));
    let refused = Error::Io { what: IoKind::Grow, medium: Medium::DiffArea };
    assert_eq!(room.act(&mut world, Fed::Failed(refused)), Step::Io);
    assert_eq!(room.ops(), grow(least));

    // It has that, or it has not.
    let (mut other, mut stuck) = (world.clone(), Alone::new(MakeRoom::new(1, 0)));
    stuck.machine = room.machine.clone();
    let failed = stuck.act(&mut other, Fed::Failed(refused));
    assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
    let space = active(&mut other).space();
    assert_eq!(space.limit, capacity, "all that it can hold, as far as is known");
    assert_eq!(room.act(&mut world, Fed::Size(least)), Step::Io);
    assert_eq!(room.act(&mut world, Fed::Done), Step::Done(Ok(())));
    assert_eq!(active(&mut world).space().capacity, least);

    // What just fits the limit is asked for.
    let limit = active(&mut world).space().limit;
    let rest = (limit / CHUNK - 2 - active(&mut world).space().used / CHUNK - 3) as u32;
    let mut room = Alone::new(MakeRoom::new(rest, 0));
    assert_eq!(room.act(&mut world, Fed::Again), Step::Io);
    assert_eq!(room.ops(), grow(limit));
    let other = Alone::new(MakeRoom::new(1, 0)).act(&mut world, Fed::Again);
    assert_eq!(other, Step::Wait(Wait::Turn), "one asks at a time");
    assert_eq!(room.act(&mut world, Fed::Size(limit)), Step::Io);
    assert_eq!(room.act(&mut world, Fed::Done), Step::Done(Ok(())));
    let failed = Alone::new(MakeRoom::new(rest + 1, 0)).act(&mut world, Fed::Again);
    assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
}

/// A write asks for its chunks' slots and for what its records may take. With less it would be let
/// go on, find the slots missing, and ask again for ever.
#[test]
fn a_write_asks_for_the_room_of_its_records_too() {
    let shape = Shape { size: 450 * 4096, slots: 40, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    create(&mut world, 0);
    for (chunks, slots) in [(199, 200), (200, 202), (450, 453)] {
        let write = Write::new(0, chunks * CHUNK);
        let asks = Alone::new(write).act(&mut world, Fed::Again);
        assert_eq!(asks, Step::Wait(Wait::Room(slots)), "{chunks} chunks");
    }
    let mut exact = with_free(Shape::SMALL, 5, |world| create(world, 0));
    let write = || Alone::new(Write::new(0, 1));
    assert_eq!(write().act(&mut exact, Fed::Again), Step::Io, "three are kept, one for the record");
    let mut less = with_free(Shape::SMALL, 4, |world| create(world, 0));
    assert_eq!(write().act(&mut less, Fed::Again), Step::Wait(Wait::Room(2)));
}

#[test]
fn a_write_that_finds_no_room_fails_and_overwrites_nothing() {
    let mut world = with_free(Shape::SMALL, 4, |world| create(world, 0));
    let before = world.origin.visible.clone();
    let mut write = Alone::new(Write::new(0, CHUNK));
    write.user = vec![7; 4096];
    assert_eq!(write.act(&mut world, Fed::Again), Step::Wait(Wait::Room(2)));
    let failed = write.act(&mut world, Fed::Failed(full()));
    assert_eq!(failed, Step::Done(Err(full())));
    assert!(world.origin.visible == before);
    let refused = write.ops();
    assert_eq!(refused, [], "it asked for nothing");
}

/// The oldest copies go, one after the other and each once, and no write is refused.
#[test]
fn the_oldest_copies_are_let_go_for_a_write() {
    let shape = Shape { slots: 26, nodes: 0, on_full: OnFull::DropOldest, ..Shape::SMALL };
    for writers in [1, 3] {
        let mut world = World::new(shape, 1);
        for value in 0..12 {
            create(&mut world, 0);
            for _ in 0..writers {
                world.write(0, vec![value; shape.size]);
            }
            world.finish();
        }
        assert_eq!(world.refused, 0);
        let dropped = |event: &Event| match event {
            Event::Dropped { copies } => copies.clone(),
            _ => Vec::new(),
        };
        let dropped: Vec<CopyId> = world.events.iter().flat_map(dropped).collect();
        let oldest: Vec<_> = (1..=dropped.len() as u32).map(copy).collect();
        assert_eq!(dropped, oldest);
        assert!((5..12).contains(&dropped.len()), "{dropped:?}");
        let left = active(&mut world).view().copies().map(|info| info.id).collect::<Vec<_>>();
        assert_eq!(left, (dropped.len() as u32 + 1..=12).map(copy).collect::<Vec<_>>());
        world.verify("after the oldest were let go");
    }
}

/// A copy stays until its time is over, and the one that the volume is reverted to stays until it is:
/// the oldest of the others goes.
#[test]
fn copies_that_have_to_stay_are_passed_over() {
    let shape = Shape { nodes: 0, on_full: OnFull::DropOldest, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    for until in [10, 0, 0] {
        let about = Description { retained_until: until, ..Description::new("copy", 0) };
        world.spawn(Kind::Create(Create::new(about)), Vec::new());
        world.finish();
    }
    for (now, reverts, expected) in [(9, false, 2), (9, true, 3), (10, false, 1)] {
        let mut world = world.clone();
        if reverts {
            let mut revert = Alone::new(Revert::new(copy(2)));
            assert_eq!(revert.run(&mut world), Step::Wait(Wait::Commit));
            assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
        }
        let mut room = Alone::new(MakeRoom::new(1_000, now));
        assert_eq!(room.run(&mut world), Step::Wait(Wait::Commit), "more than there can be");
        let dropped = Event::Dropped { copies: vec![copy(expected)] };
        assert!(active(&mut world).take_events().contains(&dropped), "{now}, {reverts}");
    }
}

#[test]
fn low_space_is_told_of_again_only_after_there_was_enough() {
    let mut world = World::new(Shape { slots: 60, nodes: 0, size: 70 * 4096, ..Shape::SMALL }, 1);
    let mut chunk = 0;
    let mut write = |world: &mut World| {
        world.write(chunk % 70 * 4096, vec![1; 10]);
        world.finish();
        chunk += 1;
    };
    for chunks in [7, 8, 0] {
        create(&mut world, 0);
        (0..chunks).for_each(|_| write(&mut world));
    }
    // Six slots are a tenth, twelve a fifth.
    let free = |world: &mut World| active(world).space().free / CHUNK;
    for (doomed, freed, told) in [(None, 5, 1), (Some(1), 12, 1), (Some(2), 13, 2)] {
        if let Some(doomed) = doomed {
            world.delete(copy(doomed));
            world.finish();
            active(&mut world).sweep(1000);
            assert_eq!(free(&mut world), freed);
        }
        while free(&mut world) > 5 {
            write(&mut world);
        }
        assert_eq!(world.events.len(), told, "{freed} slots were free");
    }
}
