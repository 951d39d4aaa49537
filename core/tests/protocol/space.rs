//! What the active node says of its space, and when it wants more or less.

use shadowvol::active::{Compact, Create, Event, Grow, MakeRoom, Space};
use shadowvol::format::checksum::Checksum;
use shadowvol::machine::{Buffers, Fed, Machine, Medium, Op, Scratch, Step};
use shadowvol::{Description, Error, IoKind};

use crate::alone::{Alone, active, grow};
use crate::job::Kind;
use crate::world::{Shape, World};

const CHUNK: u64 = 4096;
const MIB: u64 = 1 << 20;

/// A world of which the diff area may become this long, with a copy.
fn world(slots: usize) -> World {
    let mut world = World::new(Shape { slots, nodes: 0, ..Shape::SMALL }, 1);
    create(&mut world, 0);
    world
}

fn create(world: &mut World, label: usize) {
    world.spawn(Kind::Create(Create::new(Description::new("x".repeat(label), 0))), Vec::new());
    world.finish();
}

#[test]
fn space_is_low_below_a_tenth_of_the_limit() {
    let space = |free| Space { used: 5, free, limit: 1009, capacity: 800, journal: 3 };
    assert!(space(99).is_low() && !space(100).is_low() && !space(500).is_low());
}

#[test]
fn low_space_is_reported_once_until_there_was_enough() {
    let mut world = World::new(Shape { slots: 60, nodes: 0, size: 70 * 4096, ..Shape::SMALL }, 1);
    create(&mut world, 0);
    for chunk in 0..48 {
        world.write(chunk * 4096, vec![1; 10]);
        world.finish();
        let space = active(&mut world).space();
        let told = matches!(world.events[..], [Event::LowSpace { .. }]);
        assert!(told || world.events.is_empty(), "{:?}", world.events);
        assert_eq!(told, space.is_low(), "{chunk}: {space:?}");
    }
    assert_eq!(world.events.len(), 1);

    // A request that is too large is told of at once.
    let mut world = self::world(40);
    let mut buffers =
        Buffers { user: &mut [], scratch: &mut Scratch::new(), checksum: Checksum::PORTABLE };
    for events in [1, 0] {
        let failed = MakeRoom::new(100, 0).step(active(&mut world), &mut buffers, Fed::Again);
        assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
        assert_eq!(active(&mut world).has_events(), events > 0);
        assert_eq!(active(&mut world).take_events().len(), events);
    }
    assert!(!active(&mut world).has_events());
}

#[test]
fn a_journal_is_worth_writing_anew_when_it_is_long_for_what_it_says() {
    let mut world = World::new(Shape { slots: 90, nodes: 0, ..Shape::SMALL }, 1);
    // 16 chunks and 11 copies are worth 4,096 bytes; four segments come on top.
    for nth in 0..11 {
        create(&mut world, if nth < 10 { 1000 } else { 0 });
        if nth < 4 {
            world.write(0, vec![nth + 1; 14_001]);
            world.finish();
        }
    }
    while active(&mut world).space().journal < 5 * CHUNK {
        let newest = world.truths.keys().next_back().copied().expect("a copy");
        world.delete(newest);
        world.finish();
        create(&mut world, 900);
    }
    let (chunks, copies) = {
        let view = active(&mut world).view();
        (view.table().chunks(), view.copies().len())
    };
    assert_eq!((chunks, copies), (16, 11));
    assert_eq!(active(&mut world).space().journal, 5 * CHUNK);
    assert!(!active(&mut world).wants_compaction());
    while active(&mut world).space().journal == 5 * CHUNK {
        let newest = world.truths.keys().next_back().copied().expect("a copy");
        world.delete(newest);
        world.finish();
        create(&mut world, 900);
    }
    assert!(active(&mut world).wants_compaction());

    let mut other = world.clone();
    assert_eq!(other.step(&mut Compact::new(), Fed::Again), Step::Io);
    assert!(!active(&mut other).wants_compaction(), "one is under way");
    active(&mut world).end(Error::RoleEnded);
    assert!(!active(&mut world).wants_compaction());
}

#[test]
fn growth_is_wanted_when_less_than_half_a_step_is_free() {
    let mut world = world(2_000);
    let journal = active(&mut world).space().journal / CHUNK;
    let kept = active(&mut world).geometry().slots_for_next_journal(journal as u32);
    let used = 2 + active(&mut world).space().used / CHUNK;
    // The least step is 4 MiB, so half of it is 512 slots.
    let enough = used + u64::from(kept) + 512;
    for (capacity, wanted) in [(enough - 1, Some(enough - 1 + 1024)), (enough, None)] {
        grow(&mut world, capacity * CHUNK);
        assert_eq!(wanted_size(&world), wanted.map(|slots| slots * CHUNK), "{capacity} slots");
    }

    let mut world = self::world(400);
    assert_eq!(wanted_size(&world), Some(400 * CHUNK), "no more than the limit");
    let mut other = world.clone();
    let mut refused = Alone::new(Grow::ahead());
    assert_eq!(refused.act(&mut other, Fed::Again), Step::Io);
    let failure = refused.ops()[0].failure();
    assert_eq!(refused.act(&mut other, Fed::Failed(failure)), Step::Done(Ok(())));
    assert_eq!(wanted_size(&other), None, "the medium refused");
    let mut other = world.clone();
    active(&mut other).end(Error::Io { what: IoKind::Write, medium: Medium::Origin });
    assert_eq!(wanted_size(&other), None, "the role has ended");
    grow(&mut world, 400 * CHUNK);
    assert_eq!(wanted_size(&world), None, "the limit is reached");
    let none = World::new(Shape { slots: 400, nodes: 0, ..Shape::SMALL }, 1);
    assert_eq!(wanted_size(&none), None, "there is nothing to preserve for");
}

/// The size to which the diff area grows in good time, if that is wanted.
fn wanted_size(world: &World) -> Option<u64> {
    let mut world = world.clone();
    let wants = active(&mut world).wants_growth();
    let mut grow = Alone::new(Grow::ahead());
    let step = grow.act(&mut world, Fed::Again);
    assert_eq!(step, if wants { Step::Io } else { Step::Done(Ok(())) });
    match grow.ops()[..] {
        [Op::Grow { size }] if wants => Some(size),
        _ => None,
    }
}

/// Who grows in good time and who waits for room may both be told of the same growth.
#[test]
fn growth_that_was_noted_already_is_not_taken_for_a_refusal() {
    let mut world = world(4_000);
    let size = 2_000 * CHUNK;
    let mut ahead = Alone::new(Grow::ahead());
    assert_eq!(ahead.act(&mut world, Fed::Again), Step::Io);
    let mut room = Alone::new(MakeRoom::new(1_000, 0));
    assert_eq!(room.act(&mut world, Fed::Again), Step::Io);
    for (fed, done) in [(Fed::Size(size), Step::Io), (Fed::Done, Step::Done(Ok(())))] {
        assert_eq!(room.act(&mut world, fed.clone()), done);
        assert_eq!(ahead.act(&mut world, fed), done);
    }
    let limit = active(&mut world).superblock().limit;
    assert_eq!(active(&mut world).space().limit, limit, "it can grow on, as far as is known");
}

/// What is larger takes longer, and a write waits for it.
#[test]
fn who_waits_for_room_grows_by_a_small_step() {
    for capacity in [8 * MIB, 40 * MIB, 2048 * MIB] {
        let mut world = world(1 << 20);
        grow(&mut world, capacity);
        let mut room = MakeRoom::new((capacity / CHUNK) as u32, 0);
        assert_eq!(world.step(&mut room, Fed::Again), Step::Io);
        assert_eq!(room.ops(), [Op::Grow { size: capacity + 4 * MIB }]);
    }
}
