//! A passive's read by hand: any part of a copy, wherever its chunks are, slots that are not there
//! yet, and media that fail.

use shadowvol::machine::{Fed, Medium, Op, Step};
use shadowvol::passive::{Passive, Read};
use shadowvol::{ChunkIndex, Content, Error, IoKind};

use crate::alone::{Alone, active, copy};
use crate::world::{Shape, World};

const CHUNK: usize = 4096;

/// Copy 1 of four chunks, the last one short.
fn world() -> World {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    world
}

/// Reads a part of the copy, and says what it asked for.
fn read(
    world: &mut World,
    node: &mut Passive,
    at: usize,
    length: usize,
) -> Result<(Vec<u8>, Vec<Op>), Error> {
    read_some(world, node, (at, length), usize::MAX)
}

/// The same, but after this many groups of operations the next one fails.
fn read_some(
    world: &mut World,
    node: &mut Passive,
    (at, length): (usize, usize),
    mut groups: usize,
) -> Result<(Vec<u8>, Vec<Op>), Error> {
    let time = node.view().copy(copy(1)).expect("a live copy").about.time;
    let mut read = Alone::new(Read::new(copy(1), time, at as u64, length as u64));
    read.user = vec![0xaa; length];
    let mut fed = Fed::Again;
    loop {
        match read.step(node, fed) {
            Step::Io => fed = read.perform_some(world, &mut groups),
            Step::Wait(_) => unreachable!("nobody else is there"),
            Step::Done(done) => return done.map(|()| (read.user, read.done)),
        }
    }
}

/// Where the slot of a chunk of the copy begins.
fn slot_of(world: &mut World, chunk: u64) -> usize {
    let found = active(world).view().lookup(copy(1), ChunkIndex(chunk)).expect("preserved");
    let Content::Slot(slot) = found.content else { panic!("it has bytes: {found:?}") };
    slot.0 as usize * CHUNK
}

/// The ends of what is wanted lie anywhere in runs of slots, of zeros, and of the origin's chunks.
#[test]
fn any_part_of_a_copy_is_read_from_wherever_it_is() {
    for overwritten in [0..0, 0..4, 0..2, 1..3, 2..4] {
        let mut world = world();
        let (start, end) = (overwritten.start * CHUNK, overwritten.end * CHUNK);
        world.write(start, vec![1; end.min(world.shape.size) - start]);
        world.finish();
        let mut node = world.open_node();
        let expected = world.truths[&copy(1)].clone();
        for at in [0, 1, 4095, 4096, 6000, 8191, 8192, 12_288, 14_000] {
            for length in [0, 1, 500, 4096, 4097, 9000, expected.len()] {
                let length = length.min(expected.len() - at);
                let (found, _) = read(&mut world, &mut node, at, length).expect("a live copy");
                let is_right = found == expected[at..at + length];
                assert!(is_right, "{length} bytes at {at}, {overwritten:?} was overwritten");
            }
        }
    }
}

/// A record is there, and one of its slots is not yet: so its chunk was not overwritten, and is read
/// from the origin, and the slot once more. That is said of this slot alone.
#[test]
fn a_slot_that_is_not_there_yet_is_looked_at_again() {
    let mut world = world();
    let before = world.origin.visible.clone();
    world.write(0, vec![1; 3 * CHUNK]);
    world.finish();
    assert_eq!(slot_of(&mut world, 2), slot_of(&mut world, 0) + 2 * CHUNK, "one run");
    world.origin.visible.copy_from_slice(&before);
    for missing in 0..3 {
        let mut world = world.clone();
        let at = slot_of(&mut world, missing);
        world.diff.visible[at] ^= 1;
        let mut node = world.open_node();
        let (found, done) = read(&mut world, &mut node, 0, 3 * CHUNK).expect("a live copy");
        assert!(found == before[..3 * CHUNK], "chunk {missing}");
        let again = |op: &&Op| matches!(op, Op::Read(read) if (read.at as usize, read.into.len) == (at, CHUNK));
        assert_eq!(done.iter().filter(again).count(), 1, "chunk {missing}: {done:?}");
    }
}

/// Whichever of its operations fails, the read tells of it: the bytes that did not come are not
/// taken for the copy's because the journal has no news of them, nor because a slot is in doubt.
#[test]
fn whatever_fails_is_told() {
    let mut world = world();
    let before = world.origin.visible.clone();
    world.write(2 * CHUNK, vec![1; CHUNK]);
    world.finish();
    let missing = slot_of(&mut world, 2);
    world.origin.visible.copy_from_slice(&before);
    world.diff.visible[missing] ^= 1;
    let mut told = Vec::new();
    let found = loop {
        let mut node = world.open_node();
        match read_some(&mut world, &mut node, (0, before.len()), told.len()) {
            Ok((found, _)) => break found,
            Err(error) => told.push(error),
        }
    };
    assert!(found == before);
    let failed = |medium| Error::Io { what: IoKind::Read, medium };
    let (origin, diff) = (failed(Medium::Origin), failed(Medium::DiffArea));
    // Both media, the journal's end and whether it is in force, the chunk in doubt, the journal.
    let expected = [&origin, &diff, &diff, &origin, &diff, &diff, &diff];
    assert!(told.iter().eq(expected), "{told:?}");
}
