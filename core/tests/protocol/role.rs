//! What a holder of the role begins with, and what it refuses to begin with.

use shadowvol::active::{Active, Commit, Role, TakeRole};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::Emitter;
use shadowvol::format::superblock::{OnFull, PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::journal::View;
use shadowvol::machine::{Fed, Op, Step};
use shadowvol::table::Run;
use shadowvol::{ChunkIndex, Content, Damage, Error, Extent, SlotIndex};

use crate::alone::{Alone, active, append, copy};
use crate::damage::forge;
use crate::following::flip;
use crate::world::{Shape, World};

/// Three copies, each with chunk 0 of its own.
fn world() -> World {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    for value in 0..3 {
        world.create();
        world.finish();
        world.write(0, vec![value; 4096]);
        world.finish();
    }
    world
}

/// Takes the role, with nothing else under way, and reads and writes the media at once.
fn take(world: &mut World, role: Role) -> Result<Active, Error> {
    Alone::new(TakeRole::new(role)).end(world)
}

/// Lets the superblock in force say that the volume was closed in good order.
fn close(world: &mut World, superblock: &Superblock) {
    let closed = Superblock { clean: true, ..superblock.clone() };
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let (_, place) = Superblock::newest(pair, Checksum::PORTABLE).expect("a superblock");
    let bytes = closed.emit(Checksum::PORTABLE).to_vec();
    world.diff.begin_write(0, place.offset() as usize, bytes, 0);
    world.diff.end_write(0);
    world.diff.barrier();
}

#[test]
fn a_holder_says_in_the_superblock_what_it_was_told() {
    let mut world = world();
    let before = world.active.take().expect("an active").superblock().clone();
    close(&mut world, &before);
    let limit = before.limit - 4096;
    let told = Role {
        stamp: [3; 32],
        boot: [4; 16],
        coherent: true,
        limit: Some(limit),
        on_full: Some(OnFull::DropOldest),
        ..world.role()
    };
    let role = world.role();
    let after = take(&mut world, told).expect("the role").superblock().clone();
    assert_eq!((after.stamp, after.boot, after.coherent), ([3; 32], [4; 16], true));
    assert_eq!((after.limit, after.on_full), (limit, OnFull::DropOldest));
    assert_eq!((after.epoch.0, after.serial), (before.epoch.0 + 1, before.serial + 2));
    assert_eq!((after.generation.epoch, after.generation.number), (after.epoch, 0));
    assert!(!after.clean);
    assert_eq!(world.diff.loose(), 0, "all that it relies on is behind a barrier");

    // What it was not told stays.
    let again = take(&mut world, role).expect("the role").superblock().clone();
    assert_eq!((again.limit, again.on_full), (limit, OnFull::DropOldest));
    assert_eq!((again.stamp, again.boot, again.coherent), ([0; 32], [0; 16], false));
}

#[test]
fn a_holder_may_begin_without_the_copies_there_are() {
    let mut world = world();
    world.active = None;
    let role = Role { drop_copies: true, ..world.role() };
    let active = take(&mut world, role).expect("the role");
    assert_eq!(active.view().copies().len(), 0);
    assert_eq!(active.view().table().chunks(), 0);
    assert_eq!(active.view().next_copy(), 4, "numbers are never given twice");
    let spare = 4096;
    assert_eq!(active.space().used, active.space().journal + spare);

    // Nor by whoever comes next, and finds a journal that knows of no copy.
    let role = world.role();
    let next = take(&mut world, role).expect("the role");
    assert_eq!(next.view().next_copy(), 4);
}

/// The journal that a holder begins with is behind a barrier before its superblock is. So no record
/// of it may be missing, not even the last one, behind which there is none to prove it.
#[test]
fn a_rotten_record_of_the_journal_that_a_holder_begins_with_is_damage() {
    let mut world = world();
    world.active = None;
    let role = world.role();
    let active = take(&mut world, role.clone()).expect("the role");
    let last = active.records() - 1;
    assert!(last > 0);
    world.active = Some(Box::new(active));
    flip(&mut world, last);
    world.active = None;
    let is_damage =
        |error: Option<Error>| matches!(error, Some(Error::Corrupt { what: Damage::Record, .. }));
    assert!(is_damage(take(&mut world, role).err()), "a holder would forget what it says");
    assert!(is_damage(world.try_open_node().err()), "and so would a passive");
}

#[test]
fn an_origin_of_another_size_and_a_limit_below_the_least_are_refused() {
    let mut world = world();
    world.active = None;
    let before = world.diff.visible.clone();
    let size = world.shape.size as u64;
    let role = Role { origin_size: size + 1, ..world.role() };
    let refused = Error::OriginSize { recorded: size, found: size + 1 };
    assert_eq!(take(&mut world, role).err(), Some(refused));

    // Two slots of superblocks, and four segments of one slot.
    let least = 6 * 4096;
    let role = Role { limit: Some(least - 1), ..world.role() };
    let refused = Error::DiffAreaTooSmall { needed: least, found: least - 1 };
    assert_eq!(take(&mut world, role).err(), Some(refused));
    assert!(world.diff.visible == before, "nothing was written");
    let role = Role { limit: Some(least), ..world.role() };
    assert!(take(&mut world, role).is_ok());
}

#[test]
fn a_holder_knows_what_the_one_before_it_knew() {
    let mut world = world();
    let before = world.active.take().expect("an active");
    let role = world.role();
    let active = take(&mut world, role).expect("the role");
    let (view, known) = (active.view(), before.view());
    assert!(view.copies().eq(known.copies()));
    for number in 1..=3 {
        let found = |view: &View| {
            (0..4).map(|at| view.table().lookup(copy(number), ChunkIndex(at))).collect::<Vec<_>>()
        };
        assert_eq!(found(view), found(known));
        assert_eq!(view.newest_at_most(copy(number)), Some(copy(number)));
    }
    assert_eq!(view.newest_at_most(copy(9)), Some(copy(3)));
    let slot = match view.table().lookup(copy(1), ChunkIndex(0)).expect("a record").content {
        Content::Slot(slot) => slot,
        Content::Zeros => panic!("it had random bytes"),
    };
    assert!(!view.is_recent(ChunkIndex(0), slot), "a holder is in no doubt");
    assert!(!known.is_recent(ChunkIndex(0), slot), "nor about its own records");
}

/// A power cut came behind the commit of a record as long as there may be: its slots are looked at
/// in goes that fit the working space, and none is forgotten, or a copy would have the origin's new
/// bytes.
#[test]
fn a_record_of_more_slots_than_fit_the_working_space_is_verified_whole() {
    let shape = Shape { size: 600 * 4096, slots: 1_000, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    let mut slots = vec![0; 500 * 4096];
    slots.iter_mut().for_each(|byte| *byte = world.random.next() as u8);
    let sums: Vec<_> = slots.chunks(4096).map(|slot| Checksum::PORTABLE.of(slot)).collect();
    world.diff = world.diff.lengthened(1_000 * 4096);
    world.diff.visible[400 * 4096..900 * 4096].copy_from_slice(&slots);
    // One slot is not what the record says: the power cut came before it was written.
    world.diff.visible[750 * 4096] ^= 1;
    let chunks = Extent::new(50, 500);
    let run = Run { chunks, copy: copy(1), content: Content::Slot(SlotIndex(400)) };
    let emit = |out: &mut Vec<u8>| {
        let mut emitter = Emitter::preserved(out);
        emitter.run(run, &sums);
        emitter.end()
    };
    forge(&mut world, &[&emit]);

    let mut take = Alone::new(TakeRole::new(world.role()));
    let active = take.end(&mut world).expect("the role");
    let most = take.done.iter().map(|op| match op {
        Op::Read(read) => read.into.range().end,
        _ => 0,
    });
    assert_eq!(most.max(), Some(1 << 20), "bytes of working space");
    for chunk in 0..600 {
        let found = active.view().table().lookup(copy(1), ChunkIndex(chunk));
        let is_there = (50..550).contains(&chunk) && chunk != 50 + 350;
        let slot = is_there.then(|| Content::Slot(SlotIndex(400 + chunk as u32 - 50)));
        assert_eq!(found.map(|found| found.content), slot, "chunk {chunk}");
    }
}

/// A diff area too full for the next journal grows by what that takes, within its limit; what there
/// is may be enough all the same.
#[test]
fn the_role_is_taken_in_a_full_diff_area() {
    let mut full = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    full.create();
    full.finish();
    while active(&mut full).space().journal < 20 * 4096 {
        assert!(append(&mut full, true));
    }
    assert_eq!(Alone::new(Commit::new()).run(&mut full), Step::Done(Ok(())));
    let journal = active(&mut full).space().journal / 4096;
    let wanted = u64::from(active(&mut full).geometry().slots_for_next_journal(journal as u32));
    let used = 2 + journal;
    assert!(full.shape.slots as u64 - used < wanted);
    full.active = None;
    let size = full.diff.visible.len() as u64;
    for (limit, larger, asked) in [
        (size + 100 * 4096, 0, Some(size + wanted * 4096)),
        (size + 4096, 0, Some(size + 4096)),
        (size, 0, None),
        // As much as is wanted is free, or a slot less.
        (1 << 30, used + wanted, None),
        (1 << 30, used + wanted - 1, Some((used + 2 * wanted - 1) * 4096)),
    ] {
        let mut world = full.clone();
        if larger > 0 {
            world.diff = world.diff.lengthened(larger as usize * 4096);
        }
        let role = Role { limit: Some(limit), ..world.role() };
        let mut take = Alone::new(TakeRole::new(role));
        let mut fed = Fed::Again;
        let mut grown = Vec::new();
        let active = loop {
            match take.step(&mut (), fed) {
                Step::Io => {}
                Step::Wait(_) => unreachable!("nobody else is there"),
                Step::Done(done) => break done.expect("the role"),
            }
            // The medium refuses.
            if let [Op::Grow { size }] = take.ops()[..] {
                grown.push(size);
                fed = Fed::Failed(take.ops()[0].failure());
            } else {
                fed = take.perform(&mut world);
            }
        };
        assert_eq!(grown, Vec::from_iter(asked), "{limit} bytes at most");
        assert_eq!(active.view().copies().len(), 0);
    }
}

#[test]
fn the_fence_does_not_say_that_the_volume_is_closed() {
    let mut world = world();
    let before = world.active.take().expect("an active").superblock().clone();
    close(&mut world, &before);
    let mut take = Alone::new(TakeRole::new(world.role()));
    let mut fed = Fed::Again;
    while take.done.iter().filter(|op| matches!(op, Op::Barrier { .. })).count() == 0 {
        assert!(matches!(take.step(&mut (), fed), Step::Io));
        fed = take.perform(&mut world);
    }
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let (fence, _) = Superblock::newest(pair, Checksum::PORTABLE).expect("a superblock");
    assert_eq!((fence.epoch.0, fence.clean), (before.epoch.0 + 1, false));
}
