//! One test for each fault that was found, with its story.

use shadowvol::active::{Commit, Compact, Create, Delete, MakeRoom, Role, Seal, TakeRole, Write};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{BYTES, PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::journal::Load;
use shadowvol::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, Op, Scratch, Step, Wait};
use shadowvol::passive::{CatchUp, Passive, Read, TRUST};
use shadowvol::{CopyId, Damage, Description, Error, IoKind};

use crate::job::{Kind, State};
use crate::world::{Shape, World};

fn world() -> World {
    let mut world = World::new(Shape::SMALL, 1);
    world.create();
    world.finish();
    world
}

/// A chunk has an old record whose slot has rotted, and a new one that may not be behind a barrier
/// yet. The node doubted the chunk instead of the record, took the slot for one that had not been
/// written yet, and gave the origin's bytes for those of the old copy.
#[test]
fn a_rotten_slot_is_not_excused_by_a_newer_record_of_its_chunk() {
    let mut world = world();
    world.write(0, vec![1; 4096]);
    world.finish();
    world.create();
    world.finish();
    let first = CopyId::new(1).expect("a number");
    let truth = world.truths[&first].clone();
    let at = world.diff.visible.windows(64).position(|bytes| bytes == &truth[..64]);
    world.diff.visible[at.expect("in its slot")] ^= 1;
    world.write(0, vec![2; 4096]);
    world.finish();

    let node = world.open_node();
    world.nodes.push(node);
    let node = world.nodes.len() - 1;
    world.read(node, first, 0, 4096);
    let found = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| world.finish()));
    let message = found.expect_err("an error, not the origin's bytes");
    let message = message.downcast_ref::<String>().expect("a message");
    assert!(message.contains("checksum"), "{message}");
}

/// The barrier on the origin before a copy failed, and the next one succeeded: the pages that could
/// not be written count as clean by then, so a flush behind it would have lied.
#[test]
fn a_failed_barrier_of_a_creation_ends_the_role() {
    for phase in 0..2 {
        let mut world = world();
        let mut create = Create::new(Description::new("copy", 0));
        assert_eq!(world.step(&mut create, Fed::Again), Step::Io);
        if phase == 1 {
            assert_eq!(world.step(&mut create, Fed::Done), Step::Io);
        }
        let failure = Error::Io { what: IoKind::Barrier, medium: Medium::Origin };
        let failed = Fed::Failed(failure);
        assert_eq!(world.step(&mut create, failed), Step::Done(Err(failure)));
        assert_eq!(world.active.as_ref().and_then(|active| active.ended()), Some(&failure));
    }
}

/// A compaction came to nothing after it had written records, and the next one had the same
/// number: behind its shorter journal the old records would have been believed.
#[test]
fn a_compaction_that_fails_keeps_its_number() {
    let mut world = world();
    let before = world.active.as_ref().expect("an active").superblock().generation;
    let mut compact = Compact::new();
    assert_eq!(world.step(&mut compact, Fed::Again), Step::Io);
    let failure = Error::Io { what: IoKind::Write, medium: Medium::DiffArea };
    let failed = world.step(&mut compact, Fed::Failed(failure));
    assert_eq!(failed, Step::Done(Err(failure)));
    world.compact();
    world.finish();
    let after = world.active.as_ref().expect("an active").superblock().generation;
    assert_eq!((after.epoch, after.number), (before.epoch, before.number + 2));
    world.verify("after both");
}

/// Two compactions were begun; the one that found no room gave back the other's segments, into
/// which that one was still writing.
#[test]
fn a_compaction_that_never_began_takes_nothing_from_another() {
    let mut world = world();
    let mut first = Compact::new();
    assert_eq!(world.step(&mut first, Fed::Again), Step::Io);
    let used = world.active.as_ref().expect("an active").space().used;
    let mut second = Compact::new();
    let full = Error::DiffAreaFull { needed: 1, free: 0, limit: 0 };
    let failed = world.step(&mut second, Fed::Failed(full));
    assert_eq!(failed, Step::Done(Err(full)));
    let active = world.active.as_ref().expect("an active");
    assert_eq!((active.space().used, active.ended()), (used, None));
}

/// The last record of a volume stayed in doubt for ever: when its slot rotted after the close, the
/// next holder took it for one that had never arrived, and the copy had the origin's new bytes.
#[test]
fn nothing_is_in_doubt_behind_a_superblock_that_says_so() {
    let mut world = world();
    world.write(0, vec![1; 4096]);
    world.finish();
    let first = CopyId::new(1).expect("a number");
    let truth = world.truths[&first].clone();
    // A compaction's superblock counts all records as behind its barrier.
    world.compact();
    world.finish();
    let slot = world.diff.visible.windows(64).position(|bytes| bytes == &truth[..64]);
    let at = slot.expect("in its slot");
    let byte = world.diff.visible[at] ^ 1;
    world.diff.begin_write(u64::MAX, at, vec![byte], 1);
    world.diff.end_write(u64::MAX);
    world.diff.barrier();
    world.crash(Some(0));
    world.take_role();
    world.finish();
    let view = world.active.as_ref().expect("an active").view();
    assert!(view.table().lookup(first, shadowvol::ChunkIndex(0)).is_some(), "the record is kept");
}

/// Both places of the superblock were rewritten while they were read, so the older one that was
/// read first had been left long before. Only a second read can tell.
#[test]
fn a_torn_pair_is_read_again() {
    let world = world();
    let at = PAIR_OFFSET as usize;
    let mut pair = world.diff.visible[at..at + PAIR_BYTES].to_vec();
    assert!(!Superblock::survey(&pair, Checksum::PORTABLE).1);
    pair[BYTES + 40] ^= 1;
    let (found, torn) = Superblock::survey(&pair, Checksum::PORTABLE);
    assert!(found.is_ok() && torn);
    // A place that was never written is not torn.
    pair[BYTES..].fill(0);
    assert!(!Superblock::survey(&pair, Checksum::PORTABLE).1);
}

/// Two reads of one node: while the first one was reading, the second one loaded the next journal.
/// The first one confirmed itself with the new journal's tail and kept the old one's slots, which
/// a power cut may have taken back or another copy may have by now.
#[test]
fn a_read_begins_again_when_another_one_has_loaded_the_next_journal() {
    let mut world = world();
    let first = CopyId::new(1).expect("a number");
    world.read(0, first, 0, 0);
    world.finish();
    let time = world.nodes[0].view().copy(first).expect("it has caught up").about.time;
    let mut read = Read::new(first, time, 0, 4096);
    let (mut user, mut scratch) = (vec![0; 4096], Scratch::new());
    let mut fed = Fed::Again;
    let mut steps = 0;
    loop {
        let mut buffers =
            Buffers { user: &mut user, scratch: &mut scratch, checksum: Checksum::PORTABLE };
        match read.step(&mut world.nodes[0], &mut buffers, fed) {
            Step::Io => {}
            Step::Wait(_) => unreachable!("nobody else is there"),
            Step::Done(done) => break done.expect("a live copy"),
        }
        fed = Fed::Done;
        steps += 1;
        if steps == 1 {
            // It has looked up; now the other one.
            world.compact();
            world.finish();
            world.read(0, first, 0, 4096);
            world.finish();
            assert_eq!(world.nodes[0].counters().restarts, 1, "the other one's");
        }
        loop {
            for op in read.ops() {
                let disk = if op.medium == Medium::Origin { &world.origin } else { &world.diff };
                let bytes = &disk.visible[op.at as usize..][..op.into.len];
                match op.into.buffer {
                    Buffer::User => user[op.into.range()].copy_from_slice(bytes),
                    Buffer::Scratch => scratch[op.into.range()].copy_from_slice(bytes),
                }
            }
            let mut buffers =
                Buffers { user: &mut user, scratch: &mut scratch, checksum: Checksum::PORTABLE };
            if read.absorb(&mut buffers) == Next::Step {
                break;
            }
        }
    }
    assert_eq!(world.nodes[0].counters().restarts, 2);
    assert!(user == world.truths[&first][..4096]);
}

/// A barrier that failed says nothing about the records before it, and neither does the next one.
#[test]
fn a_failed_commit_ends_the_role() {
    let mut world = world();
    let first = CopyId::new(1).expect("a number");
    let mut delete = Delete::new(vec![first], 0);
    assert!(matches!(world.step(&mut delete, Fed::Again), Step::Wait(_)));
    let mut commit = Commit::new();
    assert_eq!(world.step(&mut commit, Fed::Again), Step::Io);
    let failure = Error::Io { what: IoKind::Barrier, medium: Medium::DiffArea };
    let failed = world.step(&mut commit, Fed::Failed(failure));
    assert_eq!(failed, Step::Done(Err(failure)));
    assert_eq!(world.active.as_ref().and_then(|active| active.ended()), Some(&failure));
    let refused = world.step(&mut delete, Fed::Again);
    assert_eq!(refused, Step::Done(Err(Error::RoleEnded)));
}

/// The same of the machine that reads the pair: it asks for a torn one once more, and not for ever.
#[test]
fn a_torn_pair_is_asked_for_once_more() {
    let world = world();
    let at = PAIR_OFFSET as usize;
    let mut pair = world.diff.visible[at..at + PAIR_BYTES].to_vec();
    pair[BYTES + 40] ^= 1;
    let mut load = Load::new(TRUST);
    let mut scratch = Scratch::new();
    for round in 0..2 {
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        if round == 0 {
            assert_eq!(load.step(&mut (), &mut buffers, Fed::Again), Step::Io);
        }
        assert_eq!(load.ops()[0].at, PAIR_OFFSET);
        buffers.scratch[load.ops()[0].into.range()].copy_from_slice(&pair);
        assert_eq!(load.absorb(&mut buffers), Next::Io);
    }
    assert_ne!(load.ops()[0].at, PAIR_OFFSET, "now it follows the journal");
}

/// A creation appended its record after the closing had begun, so no commit wrote it; but the
/// closing's superblock counted it, and every reader missed a record that was never there.
#[test]
fn closing_counts_only_records_that_were_written() {
    let mut world = world();
    let mut create = Create::new(Description::new("late", 0));
    assert_eq!(world.step(&mut create, Fed::Again), Step::Io);
    assert_eq!(world.step(&mut create, Fed::Done), Step::Io);
    let mut seal = Seal::new([0; 32]);
    assert_eq!(world.step(&mut seal, Fed::Again), Step::Io);
    assert_eq!(world.step(&mut create, Fed::Done), Step::Wait(Wait::Commit));
    // Nor does one begin now: it could hit what the next holder has put there.
    assert_eq!(world.step(&mut Commit::new(), Fed::Again), Step::Wait(Wait::Turn));

    let mut scratch =
        Scratch::from(world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES].to_vec());
    let mut buffers =
        Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
    let active = world.active.as_mut().expect("an active");
    let records = active.records();
    assert_eq!(seal.step(active, &mut buffers, Fed::Done), Step::Io);
    let written = Superblock::parse(&scratch[..BYTES], Checksum::PORTABLE).expect("sound");
    assert_eq!(written.expect("whole").records, records - 1);
}

/// Slots that the diff area had just grown by were used at once, and power failed: the record was
/// left, its slot lay beyond the medium's end, and no passive node could read the copy until
/// somebody took the role.
#[test]
fn growth_is_behind_a_barrier_before_its_slots_are_used() {
    let mut world = world();
    let role = Role {
        origin_size: world.shape.size as u64,
        diff_size: world.diff.visible.len() as u64,
        stamp: [0; 32],
        boot: [0; 16],
        coherent: false,
        limit: Some(1 << 20),
        on_full: None,
        drop_copies: false,
    };
    world.spawn(Kind::TakeRole(Box::new(TakeRole::new(role))), Vec::new());
    world.finish();
    let before = world.active.as_ref().expect("an active").space();
    let mut room = MakeRoom::new(100, 0);
    assert_eq!(world.step(&mut room, Fed::Again), Step::Io);
    assert!(matches!(room.ops(), [Op::Grow { .. }]), "{:?}", room.ops());
    assert_eq!(world.step(&mut room, Fed::Size(before.limit)), Step::Io);
    assert_eq!(room.ops(), [Op::Barrier { medium: Medium::DiffArea }]);
    let active = world.active.as_ref().expect("an active");
    assert_eq!(active.space().capacity, before.capacity, "nothing relies on it yet");
    let failed = Error::Io { what: IoKind::Barrier, medium: Medium::DiffArea };
    assert_eq!(world.step(&mut room, Fed::Failed(failed)), Step::Done(Err(failed)));
    assert!(world.active.as_ref().expect("an active").ended().is_some());
}

/// A commit that waited for another one's barrier was over as soon as anything woke it. Then it woke
/// the others who waited, and so all of them kept each other awake until the barrier came.
#[test]
fn a_commit_that_waits_sleeps_until_the_barrier() {
    let mut world = world();
    let copy = CopyId::new(1).expect("a number");
    let append = |world: &mut World| world.step(&mut Delete::new(vec![copy], 0), Fed::Again);
    assert_eq!(append(&mut world), Step::Wait(Wait::Commit));
    let (mut first, mut second) = (Commit::new(), Commit::new());
    let mut scratch = Scratch::new();
    let mut buffers =
        Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
    let active = world.active.as_mut().expect("an active");
    assert_eq!(first.step(active, &mut buffers, Fed::Again), Step::Io);
    for _ in 0..3 {
        assert_eq!(append(&mut world), Step::Wait(Wait::Commit));
        assert_eq!(world.step(&mut second, Fed::Again), Step::Wait(Wait::Barrier));
    }
    let active = world.active.as_mut().expect("an active");
    assert_eq!(first.step(active, &mut buffers, Fed::Done), Step::Done(Ok(())));
    // Then it is over, though the next one is under way: who asked may have got what it needs.
    assert_eq!(world.step(&mut Commit::new(), Fed::Again), Step::Io);
    assert_eq!(world.step(&mut second, Fed::Again), Step::Done(Ok(())));
}

/// A compaction has closed the gate and waits for the commit under way; meanwhile the diff area gets
/// full. With the gate left closed no commit would ever begin again, and every writer would wait for
/// one. Each record takes a slot for either journal, so it depends on the number of free ones
/// whether the next journal lacks a record or only the segment behind its last one.
#[test]
fn a_compaction_that_fails_behind_its_gate_opens_it() {
    for taken in 0..2 {
        let mut world = world();
        world.write(0, vec![1; taken * 4096]);
        world.finish();
        let mut compact = Compact::new();
        assert_eq!(world.step(&mut compact, Fed::Again), Step::Io);
        let copies = vec![CopyId::new(1).expect("a number"); 512];
        let delete =
            |world: &mut World| world.step(&mut Delete::new(copies.clone(), 0), Fed::Again);
        assert_eq!(delete(&mut world), Step::Wait(Wait::Commit));
        let mut commit = Commit::new();
        let mut scratch = Scratch::new();
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        let active = world.active.as_mut().expect("an active");
        assert_eq!(commit.step(active, &mut buffers, Fed::Again), Step::Io);
        assert_eq!(world.step(&mut compact, Fed::Done), Step::Wait(Wait::Turn), "the gate");
        while delete(&mut world) == Step::Wait(Wait::Commit) {}
        let active = world.active.as_mut().expect("an active");
        assert_eq!(commit.step(active, &mut buffers, Fed::Done), Step::Done(Ok(())));
        let failed = world.step(&mut compact, Fed::Again);
        assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
        assert_eq!(world.step(&mut Commit::new(), Fed::Again), Step::Io);
    }
}

/// A creation holds the writers when it finds that the last room for its record was taken. With the
/// hold left in place every writer would wait for ever.
#[test]
fn a_creation_without_room_for_its_record_lets_the_writers_go() {
    let mut world = world();
    let mut create = Create::new(Description::new("x".repeat(1024), 0));
    assert_eq!(world.step(&mut create, Fed::Again), Step::Io);
    assert_eq!(world.step(&mut create, Fed::Done), Step::Io);
    assert_eq!(world.step(&mut Write::new(0, 1), Fed::Again), Step::Wait(Wait::Turn));
    // Long records first, then short ones, until no room is left.
    for count in [512, 1] {
        let copies = vec![CopyId::new(1).expect("a number"); count];
        let delete =
            |world: &mut World| world.step(&mut Delete::new(copies.clone(), 0), Fed::Again);
        while delete(&mut world) == Step::Wait(Wait::Commit) {}
    }
    let failed = world.step(&mut create, Fed::Done);
    assert!(matches!(failed, Step::Done(Err(Error::DiffAreaFull { .. }))), "{failed:?}");
    assert_ne!(world.step(&mut Write::new(0, 1), Fed::Again), Step::Wait(Wait::Turn));
}

/// Drives a catch-up of a node up to its first read of the superblocks, and returns how many reads
/// of the tail that took.
fn follow_tail(world: &World, node: &mut Passive, catch_up: &mut CatchUp) -> usize {
    let mut fed = Fed::Again;
    let mut scratch = Scratch::new();
    for reads in 0.. {
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        assert_eq!(catch_up.step(node, &mut buffers, fed), Step::Io);
        let read = catch_up.ops()[0];
        if read.at == PAIR_OFFSET {
            return reads;
        }
        let at = read.at as usize;
        buffers.scratch[read.into.range()]
            .copy_from_slice(&world.diff.visible[at..][..read.into.len]);
        if catch_up.absorb(&mut buffers) == Next::Io {
            return reads + 1;
        }
        fed = Fed::Done;
    }
    unreachable!("a tail that never ends")
}

/// A read of the tail brought two records, of which the second proves that the first was behind a
/// barrier. The node took that for a proof that one was missing behind both, read again, and, if
/// that read was torn, called the journal damaged.
#[test]
fn records_that_were_read_prove_nothing_about_the_next_one() {
    let mut world = world();
    let mut node = world.open_node();
    for _ in 0..2 {
        world.create();
        world.finish();
    }
    assert_eq!(follow_tail(&world, &mut node, &mut CatchUp::new()), 1);
    assert_eq!(node.view().copies().count(), 3);
}

/// A reader met the second place of the superblock in rewriting, read once more, and so slowly that
/// the second place was done and the first one in rewriting when it came there: it gave up.
#[test]
fn superblocks_are_read_until_two_reads_agree() {
    let world = world();
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let torn = |places: [bool; 2]| {
        let mut bytes = pair.to_vec();
        for (place, is_torn) in bytes.chunks_mut(BYTES).zip(places) {
            if is_torn {
                place[100] ^= 1;
            }
        }
        bytes
    };
    let mut node = world.clone().open_node();
    let mut catch_up = CatchUp::new();
    follow_tail(&world, &mut node, &mut catch_up);
    let mut scratch = Scratch::from(vec![0; PAIR_BYTES]);
    for (places, next) in [
        ([false, true], Next::Io),
        ([true, true], Next::Io),
        ([false, true], Next::Io),
        ([false, true], Next::Step),
    ] {
        scratch.copy_from_slice(&torn(places));
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        assert_eq!(catch_up.absorb(&mut buffers), next, "{places:?}");
    }

    // What stays torn is damage.
    let mut catch_up = CatchUp::new();
    follow_tail(&world, &mut node, &mut catch_up);
    for next in [Next::Io, Next::Step] {
        scratch.copy_from_slice(&torn([true, true]));
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        assert_eq!(catch_up.absorb(&mut buffers), next);
    }
    let mut buffers =
        Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
    let judged = catch_up.step(&mut node, &mut buffers, Fed::Done);
    let damage = Damage::Superblock;
    assert_eq!(judged, Step::Done(Err(Error::Corrupt { what: damage, at: PAIR_OFFSET })));
}

/// The journal was read before the fence was behind a barrier. A power cut took the fence back, the
/// old holder found no newer one and went on committing, and the new generation lacked its records.
#[test]
fn the_journal_is_read_only_when_the_fence_is_behind_a_barrier() {
    let mut world = world();
    let before = world.active.take().expect("an active").epoch();
    world.take_role();
    let mut fenced = false;
    loop {
        assert!(world.tick(), "it reads the journal");
        let ops = world.jobs[0].ops();
        fenced |= ops.iter().any(|op| matches!(op, Op::Write { .. }));
        if fenced && ops.iter().any(|op| matches!(op, Op::Read(_))) {
            break;
        }
    }
    assert_eq!(world.diff.loose(), 0);
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let (fence, _) = Superblock::newest(pair, Checksum::PORTABLE).expect("a superblock");
    assert!(fence.epoch > before);
}

/// The journal had room for the first of a write's records and not for the second. The write failed
/// and gave back all slots, so the next ones wrote over those that the first record named.
#[test]
fn a_write_whose_records_fit_in_part_keeps_the_slots_that_they_name() {
    // More chunks than one record has checksums for.
    let shape = Shape { size: 1_100 * 4096, slots: 1_200, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    for _ in 0..2 {
        world.create();
        world.finish();
    }
    world.write(0, vec![1; shape.size]);
    let is_ready = |world: &World| {
        world.active.as_ref().expect("an active").space().used > shape.size as u64
            && matches!(world.jobs[0].state, State::Step(_))
    };
    while !is_ready(&world) {
        assert!(world.tick(), "it takes slots");
    }
    let write = world.jobs.pop().expect("it is about to append");
    assert!(world.jobs.is_empty());

    // Records of deletions, each in a slot of its own, until the journal has room for one more.
    let first = CopyId::new(1).expect("a number");
    let fits = |world: &mut World| {
        let mut delete = Delete::new(vec![first; 512], 0);
        matches!(world.step(&mut delete, Fed::Again), Step::Wait(Wait::Commit))
    };
    let mut full = world.clone();
    let most = (0..).take_while(|_| fits(&mut full)).count();
    for left in [0, 1] {
        let (mut world, write) = (world.clone(), write.clone());
        for _ in left..most {
            assert!(fits(&mut world));
        }
        world.truths.remove(&first);
        // Nothing is left for a commit to do, which a write could wait for.
        world.spawn(Kind::Commit(Commit::new()), Vec::new());
        world.finish();

        world.jobs.push(write);
        world.finish();
        assert_eq!(world.refused, 1);
        let preserved = world.active.as_ref().expect("an active").view().table().chunks();
        let in_part = (1..1_100).contains(&preserved);
        assert_eq!((in_part, preserved == 0), (left == 1, left == 0), "{preserved} have a record");
        world.verify("after a write that failed in part");
    }
}

/// Growth had no barrier of its own, and a power cut took it back, but not a record that named slots
/// in it. The next holder read beyond the medium's end, and nobody could take the role any more. Now
/// growth has one; a medium that has become shorter all the same costs what was there, no more.
#[test]
fn slots_that_went_with_the_growth_of_the_diff_area_were_never_written() {
    // The diff area begins with 258 slots.
    let shape = Shape { size: 300 * 4096, slots: 700, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    let (before, origin) = (world.diff.visible.len(), world.origin.visible.clone());
    world.write(0, vec![1; shape.size]);
    let mut cut_short = 0;
    while world.tick() && world.origin.visible == origin {
        if world.diff.visible.len() == before {
            continue;
        }
        let mut other = world.clone();
        other.crash(Some(0));
        other.diff = world.diff.shortened(before);
        other.take_role();
        other.finish();
        let preserved = other.active.as_ref().expect("an active").view().table().chunks();
        assert!(preserved < 300, "{preserved} chunks are preserved in fewer slots");
        cut_short += u32::from(preserved > 0);
        other.verify("after the growth was lost");
    }
    assert!(cut_short > 0, "no record outlived its slots");
    world.finish();
    world.verify("without a power cut");
}

/// A copy was deleted, and all that it had was set free, while a write was still preserving a chunk
/// for it. Nothing needed the slot that the write's record named, and nothing looked for it.
#[test]
fn slots_preserved_for_a_copy_that_is_deleted_meanwhile_are_set_free() {
    let sweep = |world: &mut World| {
        let active = world.active.as_mut().expect("an active");
        while active.wants_sweep() {
            active.sweep(1000);
        }
        active.view().table().chunks()
    };
    let mut world = world();
    let used = world.active.as_ref().expect("an active").space().used;
    world.write(0, vec![1; 4096]);
    while world.active.as_ref().expect("an active").space().used == used {
        assert!(world.tick(), "it takes a slot");
    }
    let write = world.jobs.pop().expect("it is under way");
    world.delete(CopyId::new(1).expect("a number"));
    world.finish();
    assert_eq!(sweep(&mut world), 0);

    world.jobs.push(write);
    world.finish();
    assert_eq!(world.active.as_ref().expect("an active").counters().preserved_chunks, 1);
    assert_eq!(sweep(&mut world), 0);
    world.verify("after both");
}
