//! A passive that catches up, by hand: what it takes for damage, what for a race, and for whom it
//! waits.

use shadowvol::active::{Commit, Compact, Delete, Write};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::{GLANCE_BYTES, MAX_BYTES, split};
use shadowvol::format::superblock::PAIR_OFFSET;
use shadowvol::journal::Load;
use shadowvol::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, Op, Span, Step, Wait};
use shadowvol::passive::{CatchUp, Outcome, Passive, Read, TRUST};
use shadowvol::{ChunkIndex, Content, Damage, Error};

use crate::alone::{Alone, active, append, copy};
use crate::world::{Shape, World};

fn world(segment: u32) -> World {
    let mut world = World::new(Shape { segment, slots: 60, nodes: 0, ..Shape::SMALL }, 1);
    for _ in 0..4 {
        world.create();
        world.finish();
    }
    world
}

/// Commits so many records at once, all of which delete the oldest copy.
fn commit(world: &mut World, records: usize) {
    let oldest = active(world).view().copies().map(|info| info.id).next();
    for _ in 0..records {
        let mut delete = Alone::new(Delete::new(oldest.into_iter().collect(), 0));
        assert_eq!(delete.act(world, Fed::Again), Step::Wait(Wait::Commit));
    }
    assert_eq!(Alone::new(Commit::new()).run(world), Step::Done(Ok(())));
}

/// Flips a bit in the journal's record with this number; twice is as never.
pub(crate) fn flip(world: &mut World, number: u64) {
    let journal = world.active.as_ref().expect("an active").superblock().journal;
    let mut at = journal.first.0 as usize * 4096;
    for _ in 0..number {
        let (record, _) = split(&world.diff.visible[at..at + MAX_BYTES]).expect("a record");
        at += record.len();
    }
    world.diff.visible[at + 36] ^= 1;
}

/// Catches up until it reads the superblocks for the last time, or ends before that.
fn before_judgement(
    catch_up: &mut Alone<CatchUp>,
    node: &mut Passive,
    world: &mut World,
    second: impl FnOnce(&mut World),
) -> Fed {
    let (mut fed, mut second) = (Fed::Again, Some(second));
    loop {
        assert_eq!(catch_up.step(node, fed), Step::Io);
        fed = catch_up.perform(world);
        if matches!(catch_up.ops()[..], [Op::Read(read)] if read.at == PAIR_OFFSET) {
            return fed;
        }
        if let Some(second) = second.take() {
            second(world);
        }
    }
}

#[test]
fn a_record_that_a_later_one_proves_to_be_there_is_read_again_before_it_is_damage() {
    // Records 4 and 5, each behind a barrier of its own; record 4 was torn when it was read.
    let mut world = world(4);
    let node = world.open_node();
    commit(&mut world, 1);
    commit(&mut world, 1);
    flip(&mut world, 4);

    let mut other = node.clone();
    let mut catch_up = Alone::new(CatchUp::new());
    let fed = before_judgement(&mut catch_up, &mut other, &mut world, |world| flip(world, 4));
    assert_eq!(catch_up.step(&mut other, fed), Step::Done(Ok(Outcome::Confirmed)));
    assert_eq!((other.records(), other.counters().records), (6, 2));
    assert_eq!(other.counters().tail_reads, 3);

    // Torn twice, and the journal is where it was.
    flip(&mut world, 4);
    let mut damaged = node.clone();
    let mut catch_up = Alone::new(CatchUp::new());
    let fed = before_judgement(&mut catch_up, &mut damaged, &mut world, |_| {});
    let mut raced = (catch_up.machine.clone(), damaged.clone());
    let judged = catch_up.step(&mut damaged, fed.clone());
    let is_damage = |judged: &Step<Outcome>| {
        matches!(judged, Step::Done(Err(Error::Corrupt { what: Damage::Record, .. })))
    };
    assert!(is_damage(&judged), "{judged:?}");

    // Another machine of the node got further meanwhile: so the record was there.
    flip(&mut world, 4);
    let mut quick = Alone::new(CatchUp::new());
    let done = before_judgement(&mut quick, &mut raced.1, &mut world, |_| {});
    assert_eq!(quick.step(&mut raced.1, done), Step::Done(Ok(Outcome::Confirmed)));
    catch_up.machine = raced.0.clone();
    assert_eq!(catch_up.step(&mut raced.1, fed), Step::Io, "it looks once more");
}

/// A journal is read in large pieces by who loads it, and so is a long tail once a small read has
/// shown that there is more than it holds.
#[test]
fn many_records_take_few_reads() {
    let mut world = world(16);
    let mut node = world.open_node();
    let before = world.active.as_ref().expect("an active").records();
    for _ in 0..20 {
        // Each of two kilobytes.
        assert!(append(&mut world, true));
    }
    assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
    let mut catch_up = Alone::new(CatchUp::new());
    let mut fed = Fed::Again;
    while catch_up.step(&mut node, fed) == Step::Io {
        fed = catch_up.perform(&mut world);
    }
    assert_eq!(node.records(), before + 20);
    assert_eq!(node.counters().tail_reads, 2, "a small one, and one for the rest");

    let mut load = Alone::new(Load::new(TRUST));
    let loaded = load.end(&mut world).expect("a journal");
    assert_eq!(loaded.view.copies().len(), 3);
    let reads = |op: &&Op| matches!(op, Op::Read(read) if read.at != PAIR_OFFSET);
    assert_eq!(load.done.iter().filter(reads).count(), 2);
}

/// The same of a journal that is loaded while it is being written.
#[test]
fn a_load_reads_a_record_again_before_it_is_damage() {
    let mut world = world(4);
    commit(&mut world, 1);
    commit(&mut world, 1);
    for is_damage in [false, true] {
        flip(&mut world, 4);
        let mut load = Alone::new(Load::new(TRUST));
        assert!(matches!(load.step(&mut (), Fed::Again), Step::Io));
        let mut torn = true;
        loop {
            let ops = load.ops();
            let [Op::Read(read)] = ops[..] else { panic!("one read at a time: {ops:?}") };
            let (at, len) = (read.at as usize, read.into.len);
            load.scratch.reach(read.into.range().end);
            load.scratch[read.into.range()].copy_from_slice(&world.diff.visible[at..at + len]);
            if read.at != PAIR_OFFSET && torn && !is_damage {
                flip(&mut world, 4);
                torn = false;
            }
            let Alone { machine, user, scratch, .. } = &mut load;
            let checksum = Checksum::PORTABLE;
            if machine.absorb(&mut Buffers { user, scratch, checksum }) == Next::Step {
                break;
            }
        }
        match load.step(&mut (), Fed::Done) {
            Step::Done(Ok(loaded)) => assert_eq!((loaded.tail.next().0, is_damage), (6, false)),
            Step::Done(Err(error)) => {
                assert!(matches!(error, Error::Corrupt { what: Damage::Record, .. }), "{error:?}");
                assert!(is_damage, "it was whole when it was read again");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_record_that_was_written_with_the_one_before_it_proves_nothing_about_that() {
    // Records 5 and 6 go to the medium together, and 6 is there first. One read of the tail shows
    // a short segment's end, a long one's takes two.
    for (segment, tail_reads) in [(1, 1), (4, 2)] {
        let mut world = world(segment);
        let mut node = world.open_node();
        commit(&mut world, 1);
        commit(&mut world, 2);
        flip(&mut world, 5);
        let mut catch_up = Alone::new(CatchUp::new());
        let fed = before_judgement(&mut catch_up, &mut node, &mut world, |_| {});
        assert_eq!(catch_up.step(&mut node, fed), Step::Done(Ok(Outcome::Confirmed)));
        assert_eq!((node.records(), node.counters().tail_reads), (5, tail_reads));
    }
}

#[test]
fn one_machine_of_a_node_loads_the_next_journal_and_the_others_wait_for_it() {
    let mut world = world(4);
    let mut node = world.open_node();
    assert_eq!(Alone::new(Compact::new()).run(&mut world), Step::Done(Ok(())));
    let mut loads = Alone::new(CatchUp::new());
    let fed = before_judgement(&mut loads, &mut node, &mut world, |_| {});
    assert_eq!(loads.step(&mut node, fed), Step::Io);
    let waits = |node: &mut Passive| Alone::new(CatchUp::new()).step(node, Fed::Again);
    assert_eq!(waits(&mut node), Step::Wait(Wait::Turn));

    // What it reads fails, and somebody else may try.
    let failure = loads.ops()[0].failure();
    let failed = loads.step(&mut node, Fed::Failed(failure));
    assert_eq!(failed, Step::Done(Err(failure)));
    assert_eq!(waits(&mut node), Step::Io);
    let mut again = Alone::new(CatchUp::new());
    let mut fed = Fed::Again;
    let done = loop {
        match again.step(&mut node, fed) {
            Step::Io => fed = again.perform(&mut world),
            step => break step,
        }
    };
    assert_eq!(done, Step::Done(Ok(Outcome::Reloaded)));
    assert_eq!(node.counters().reloads, 1);
}

/// A failure of one catch-up does not let a third one load the journal that a second one is loading.
#[test]
fn whoever_fails_to_read_the_tail_wakes_nobody_who_waits_for_a_journal() {
    let mut world = world(4);
    let mut node = world.open_node();
    let mut fails = Alone::new(CatchUp::new());
    assert_eq!(fails.step(&mut node, Fed::Again), Step::Io);
    let failure = fails.ops()[0].failure();
    assert_eq!(Alone::new(Compact::new()).run(&mut world), Step::Done(Ok(())));
    let mut loads = Alone::new(CatchUp::new());
    let fed = before_judgement(&mut loads, &mut node, &mut world, |_| {});
    assert_eq!(loads.step(&mut node, fed), Step::Io);
    let failed = fails.step(&mut node, Fed::Failed(failure));
    assert_eq!(failed, Step::Done(Err(failure)));
    let third = Alone::new(CatchUp::new()).step(&mut node, Fed::Again);
    assert_eq!(third, Step::Wait(Wait::Turn));
}

/// Where no read is stale, a look at the bytes that show which record it is tells whether there is one; where
/// one may be, the whole of a record is looked at, and what lies behind it.
#[test]
fn a_glance_is_enough_where_nothing_is_stale() {
    let mut world = world(4);
    let tail_reads = |world: &mut World, node: &mut Passive| {
        let before = node.counters().tail_reads;
        let mut catch_up = Alone::new(CatchUp::new());
        let mut fed = Fed::Again;
        while catch_up.step(node, fed) == Step::Io {
            fed = catch_up.perform(world);
        }
        let of_tail = |op: &Op| match op {
            Op::Read(read) if read.at != PAIR_OFFSET => Some(read.into.len),
            _ => None,
        };
        let lengths: Vec<_> = catch_up.done.iter().filter_map(of_tail).collect();
        assert_eq!(node.counters().tail_reads - before, lengths.len() as u64);
        lengths
    };
    let mut careful = world.open_node();
    let mut trusting = world.open_node().with_never_stale(true);
    assert_eq!(tail_reads(&mut world, &mut careful), [MAX_BYTES]);
    assert_eq!(tail_reads(&mut world, &mut trusting), [GLANCE_BYTES]);
    commit(&mut world, 1);
    assert_eq!(tail_reads(&mut world, &mut trusting), [GLANCE_BYTES, MAX_BYTES]);
    assert_eq!(trusting.records(), careful.records() + 1);

    // What an older journal has left there, or a record of which only a part has come, is no record.
    let end =
        world.active.as_ref().expect("an active").superblock().journal.first.0 as usize * 4096;
    let end = (0..trusting.records()).fold(end, |at, _| {
        at + split(&world.diff.visible[at..at + MAX_BYTES]).expect("a record").0.len()
    });
    for at in [0, 8, 24] {
        world.diff.visible[end + at] ^= 0x55;
        assert_eq!(tail_reads(&mut world, &mut trusting), [GLANCE_BYTES], "byte {at}");
        world.diff.visible[end + at] ^= 0x55;
    }
}

/// Reads all of the first copy; after the first read of the origin, and after each that brings old
/// bytes, the next of these ranges is overwritten; for one without bytes a copy is taken.
fn read(node: &mut Passive, world: &mut World, overwritten: &[(usize, usize)]) -> Vec<Op> {
    let time = node.view().copy(copy(1)).expect("a live copy").about.time;
    let size = world.shape.size;
    let mut read = Alone::new(Read::new(copy(1), time, 0, size as u64));
    read.user = vec![0xaa; size];
    let (mut fed, mut overwritten) = (Fed::Again, overwritten.iter());
    while read.step(node, fed) == Step::Io {
        fed = loop {
            let brings = |op: &Op| matches!(op, Op::Read(read) if read.into.buffer == Buffer::User);
            let is_next = read.ops().iter().any(brings);
            let (fed, next) = read.perform_group(world);
            if is_next && let Some(&(at, length)) = overwritten.next() {
                if length == 0 {
                    world.create();
                } else {
                    world.write(at, vec![1; length]);
                }
                world.finish();
            }
            if next == Next::Step {
                break fed;
            }
        };
    }
    assert!(read.user == world.truths[&copy(1)][..]);
    assert_eq!(overwritten.next(), None);
    read.done
}

#[test]
fn whatever_is_overwritten_under_a_read_is_taken_from_its_slot_and_counted() {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let mut node = world.open_node();
    let counts = |node: &Passive| {
        let counters = node.counters();
        (counters.reads, counters.redirected_reads, counters.redirected_chunks)
    };
    read(&mut node, &mut world, &[]);
    assert_eq!(counts(&node), (1, 0, 0));
    // Chunk 1; while that is read from its slot, chunk 2, whose bytes were confirmed before.
    read(&mut node, &mut world, &[(4096, 4096), (8192, 1)]);
    assert_eq!(counts(&node), (2, 1, 1));
    read(&mut node, &mut world, &[]);
    assert_eq!(counts(&node), (3, 1, 1));
}

#[test]
fn a_read_without_news_asks_for_its_bytes_once_and_for_two_small_reads() {
    let mut world = World::new(Shape { nodes: 0, size: 4 * 4096, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    world.write(0, vec![1; 4 * 4096]);
    world.finish();
    let mut node = world.open_node();
    let done = read(&mut node, &mut world, &[]);
    let Op::Read(slots) = done[0] else { panic!("{done:?}") };
    // Whole chunks go straight to the caller.
    assert_eq!((slots.medium, slots.into), (Medium::DiffArea, Span::user(0, 4 * 4096)));
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(matches!(done[2], Op::Read(pair) if pair.at == PAIR_OFFSET));
}

#[test]
fn news_of_other_things_sends_no_read_back() {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let mut node = world.open_node();
    // The chunks, the tail, the superblocks.
    let done = read(&mut node, &mut world, &[(0, 0)]);
    assert_eq!(done.len(), 3, "{done:?}");
    assert_eq!((node.counters().reads, node.counters().redirected_reads), (1, 0));
}

/// A record can be read before its slot is there. The origin's bytes are right then, unless the slot
/// comes while they are read; and behind a barrier it is there, whatever a first read brought.
#[test]
fn a_slot_without_its_checksum_is_doubted_and_read_again() {
    // Whether the chunk was overwritten, whether its record is known to be behind a barrier, and
    // the read of the slot that brings its bytes.
    for (overwritten, settled, comes) in
        [(false, false, 9), (false, false, 2), (true, false, 2), (true, true, 2)]
    {
        let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
        world.create();
        world.finish();
        let mut write = Alone::new(Write::new(0, 4096));
        write.user = vec![7; 4096];
        assert_eq!(write.run(&mut world), Step::Wait(Wait::Commit));
        assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
        if overwritten {
            assert_eq!(write.run(&mut world), Step::Done(Ok(())));
        }
        if settled {
            world.create();
            world.finish();
        }
        let found = active(&mut world).view().table().lookup(copy(1), ChunkIndex(0));
        let Some(Content::Slot(slot)) = found.map(|found| found.content) else { panic!("a slot") };
        let at = slot.0 as usize * 4096;
        world.diff.visible[at] ^= 1;

        let mut node = world.open_node();
        let time = node.view().copy(copy(1)).expect("a live copy").about.time;
        let mut read = Alone::new(Read::new(copy(1), time, 100, 3_000));
        read.user = vec![0xaa; 3_000];
        let (mut fed, mut slot_reads) = (Fed::Again, 0);
        loop {
            match read.step(&mut node, fed) {
                Step::Io => {}
                step => break assert_eq!(step, Step::Done(Ok(()))),
            }
            if matches!(read.ops()[0], Op::Read(read) if read.at == at as u64) {
                slot_reads += 1;
            }
            let is_origin = read.ops()[0].medium() == Medium::Origin;
            if slot_reads + usize::from(is_origin) == comes {
                world.diff.visible[at] ^= 1;
            }
            fed = read.perform(&mut world);
            assert!(read.done.len() < 30, "it reads for ever");
        }
        assert!(read.user == world.truths[&copy(1)][100..3_100], "{overwritten} {settled} {comes}");
    }
}
