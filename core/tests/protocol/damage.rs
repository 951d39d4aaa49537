//! A journal that was damaged behind its barrier is damaged, and does not just end early.
//!
//! A reader stops at the first record that does not verify. If that one was behind a barrier once,
//! then what follows it is lost, and no copy can be read: else a copy would have the origin's new
//! bytes. What proves it is a later record, or the superblock's count; without a proof the record
//! may never have been written whole, and the journal ends there.

use shadowvol::active::TakeRole;
use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::{Context, Emitter, MAX_BYTES, Reason, seal, split};
use shadowvol::table::Run;
use shadowvol::{Content, CopyId, Damage, Error, Extent, Segment, Sequence, SlotIndex};

use crate::alone::Alone;
use crate::world::{Shape, World};

/// A world with five records in the journal: a copy, and four writes one after the other.
fn world() -> World {
    let mut world = World::new(Shape { segment: 2, nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    for chunk in 0..4 {
        world.write(chunk * 4096, vec![1; 10]);
        world.finish();
    }
    assert_eq!(records(&world), Ok(5));
    world
}

/// Flips a bit in the journal's record with this number.
fn damage(world: &mut World, number: usize) {
    let journal = world.active.as_ref().expect("an active").superblock().journal;
    let start = journal.first.0 as usize * 4096;
    let mut at = start;
    for _ in 0..number {
        let (record, _) = split(&world.diff.visible[at..at + MAX_BYTES]).expect("a record");
        at += record.len();
    }
    assert!(at + 40 < start + 2 * 4096, "all are in one segment");
    world.diff.visible[at + 36] ^= 1;
}

fn records(world: &World) -> Result<u64, Error> {
    world.clone().try_open_node().map(|node| node.records())
}

fn is_damaged(found: &Result<u64, Error>) -> bool {
    matches!(found, Err(Error::Corrupt { what: Damage::Record, .. }))
}

#[test]
fn a_later_record_proves_it() {
    for number in 0..4 {
        let mut world = world();
        damage(&mut world, number);
        let found = records(&world);
        assert!(is_damaged(&found), "record {number}: {found:?}");
    }
}

#[test]
fn the_last_record_may_never_have_been_written() {
    let mut world = world();
    damage(&mut world, 4);
    assert_eq!(records(&world), Ok(4));
}

#[test]
fn the_superblock_counts_what_a_compaction_has_written() {
    let mut world = world();
    world.compact();
    world.finish();
    let counted = world.active.as_ref().expect("an active").superblock().records;
    assert_eq!(records(&world), Ok(counted));
    damage(&mut world, counted as usize - 1);
    let found = records(&world);
    assert!(is_damaged(&found), "{found:?}");
}

#[test]
fn a_copy_that_was_deleted_is_gone_and_one_to_come_is_not_there() {
    let mut world = world();
    let copy = |number| CopyId::new(number).expect("a number");
    world.delete(copy(1));
    world.finish();
    let view = world.open_node();
    let refusal = |number| view.view().copy(copy(number)).err();
    assert_eq!(refusal(1), Some(Error::Gone { copy: copy(1) }));
    assert_eq!(refusal(2), Some(Error::NoSuchCopy { copy: copy(2) }));
}

/// Writes a record.
type Emit<'a> = &'a dyn Fn(&mut Vec<u8>) -> usize;

/// Says that the records before it are behind a barrier.
const LATER: Emit<'_> = &|out| Emitter::deleted(out, Reason::Request, &[]).end();

/// Appends records to the journal behind the holder's back.
pub(crate) fn forge(world: &mut World, records: &[Emit<'_>]) {
    let superblock = world.active.take().expect("an active").superblock().clone();
    let (seed, generation) = (superblock.seed(Checksum::PORTABLE), superblock.generation);
    let mut at = superblock.journal.first.0 as usize * 4096;
    let mut next = 0;
    while let Some((record, _)) = split(&world.diff.visible[at..]) {
        at += record.len();
        next += 1;
    }
    for (number, emit) in (next..).map(Sequence).zip(records) {
        let mut record = Vec::new();
        let length = emit(&mut record);
        seal(&mut record, Context { seed, generation }, number, number, Checksum::PORTABLE);
        world.diff.visible[at..at + length].copy_from_slice(&record);
        at += length;
    }
}

/// A record names a slot that the journal itself lies in, or a link one that it has come from: who
/// went on with such a diff area would write over what it needs.
#[test]
fn a_journal_that_claims_a_slot_twice_is_damaged() {
    let journal = |world: &World| world.active.as_ref().expect("an active").superblock().journal;
    let preserved = |slot| {
        move |out: &mut Vec<u8>| {
            let copy = CopyId::new(1).expect("a number");
            let chunks = Extent::new(0, 1);
            let mut emitter = Emitter::preserved(out);
            emitter.run(Run { chunks, copy, content: Content::Slot(slot) }, &[0]);
            emitter.end()
        }
    };
    let world = || {
        let mut world = World::new(Shape { segment: 2, nodes: 0, ..Shape::SMALL }, 1);
        world.create();
        world.finish();
        world
    };
    let mut slot = world();
    let twice = journal(&slot).first;
    forge(&mut slot, &[&preserved(twice), LATER]);
    let mut link = world();
    let second = Segment { first: SlotIndex(journal(&link).first.0 + 1), slots: 1 };
    forge(&mut link, &[&|out| Emitter::link(out, second).end()]);
    let mut sound = world();
    forge(&mut sound, &[&preserved(SlotIndex(30)), LATER]);
    for (name, world, is_sound) in
        [("a slot", &mut slot, false), ("a link", &mut link, false), ("neither", &mut sound, true)]
    {
        let role = world.role();
        let taken = Alone::new(TakeRole::new(role)).end(world).map(|_| ());
        let at = world.diff.visible.len() as u64;
        let damage = Error::Corrupt { what: Damage::Truncated, at };
        assert_eq!(taken, if is_sound { Ok(()) } else { Err(damage) }, "{name}");
    }
}
