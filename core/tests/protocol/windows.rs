//! What a write asks of the media: large ones in windows, neighbours at once.

use shadowvol::active::{Commit, Write};
use shadowvol::machine::{Fed, Medium, Op, Step, Wait};

use crate::alone::{Alone, active, copy, grow};
use crate::world::{Shape, World};

const CHUNK: usize = 4096;

fn world(chunks: usize) -> World {
    let shape = Shape { size: chunks * CHUNK, slots: 1_200, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    grow(&mut world, 1_200 * CHUNK as u64);
    world.diff.grow(1_200 * CHUNK).expect("room");
    world
}

fn write(first: usize, chunks: usize) -> Alone<Write> {
    let mut write = Alone::new(Write::new((first * CHUNK) as u64, (chunks * CHUNK) as u64));
    write.user = vec![7; chunks * CHUNK];
    write
}

/// Drives a write and the commit that it waits for.
fn run(write: &mut Alone<Write>, world: &mut World) {
    let mut fed = Fed::Again;
    loop {
        match write.act(world, fed) {
            Step::Io => fed = write.perform(world),
            Step::Wait(Wait::Commit) => {
                assert_eq!(Alone::new(Commit::new()).run(world), Step::Done(Ok(())));
                fed = Fed::Again;
            }
            Step::Wait(wait) => panic!("{wait:?}"),
            Step::Done(done) => break done.expect("room"),
        }
    }
}

/// The first chunk and the number of chunks of each read and each write of old bytes.
fn moved(write: &Alone<Write>) -> (Vec<(usize, usize)>, Vec<usize>) {
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for op in &write.done {
        match op {
            Op::Read(read) => reads.push((read.at as usize / CHUNK, read.into.len / CHUNK)),
            Op::Write { medium: Medium::DiffArea, from, .. } => writes.push(from.len / CHUNK),
            _ => {}
        }
    }
    (reads, writes)
}

#[test]
fn a_large_write_preserves_a_mebibyte_at_a_time() {
    let mut world = world(700);
    let mut large = write(0, 700);
    run(&mut large, &mut world);
    assert_eq!(moved(&large).0, [(0, 256), (256, 256), (512, 188)]);
    assert_eq!(large.scratch.len(), 256 * CHUNK);
    world.flush();
    world.verify("after a large write");
}

#[test]
fn a_window_is_filled_to_the_brim() {
    let mut world = world(400);
    for chunk in [128, 257, 386] {
        run(&mut write(chunk, 1), &mut world);
    }
    // Two stretches of 128 chunks are a mebibyte, and neighbours on the diff area.
    let mut large = write(0, 400);
    run(&mut large, &mut world);
    let (reads, writes) = moved(&large);
    assert_eq!(reads, [(0, 128), (129, 128), (258, 128), (387, 13)]);
    assert_eq!(writes, [256, 141]);
    assert_eq!(large.scratch.len(), 256 * CHUNK);
    assert_eq!(active(&mut world).counters().preserved_chunks, 400);
    world.flush();
    world.verify("after a write in parts");
}

#[test]
fn neighbours_in_the_volume_are_read_at_once_wherever_they_go() {
    // Two copies' old bytes take slots in turn, and one of the copies goes. With the last slots
    // there is room for one write more.
    let shape = Shape { size: 20 * CHUNK, slots: 48, nodes: 0, ..Shape::SMALL };
    let mut world = World::new(shape, 1);
    world.create();
    world.finish();
    (0..10).for_each(|nth| run(&mut write(2 * nth, 1), &mut world));
    world.create();
    world.finish();
    (0..20).for_each(|chunk| run(&mut write(chunk, 1), &mut world));
    world.delete(copy(2));
    world.finish();
    world.flush();
    world.create();
    world.finish();
    active(&mut world).sweep(1_000);
    let mut all = write(0, 20);
    run(&mut all, &mut world);
    let (reads, writes) = moved(&all);
    assert_eq!(reads, [(0, 20)]);
    assert!(writes.len() > 3, "{writes:?}: the slots are no neighbours");
    world.flush();
    world.verify("after both");
}

#[test]
fn zeros_are_read_and_counted_and_written_nowhere() {
    let mut world = world(6);
    for (first, count) in [(1, 1), (4, 2)] {
        world.write(first * CHUNK, vec![0; count * CHUNK]);
        world.finish();
    }
    world.flush();
    world.create();
    world.finish();
    let before = active(&mut world).counters();
    let mut all = write(0, 6);
    run(&mut all, &mut world);
    assert_eq!(moved(&all), (vec![(0, 6)], vec![1, 2]));
    let after = active(&mut world).counters();
    assert_eq!(after.preserved_chunks - before.preserved_chunks, 6);
    assert_eq!(after.zero_chunks, 3);
    assert_eq!(after.commits - before.commits, 1);
    world.flush();
    world.verify("after zeros were preserved");
}

#[test]
fn writes_of_other_chunks_go_on_while_one_preserves_its_own() {
    let mut world = world(8);
    let mut first = write(2, 2);
    assert_eq!(first.act(&mut world, Fed::Again), Step::Io);
    for (chunk, expected) in
        [(1, Step::Io), (2, Step::Wait(Wait::Turn)), (3, Step::Wait(Wait::Turn)), (4, Step::Io)]
    {
        let mut other = world.clone();
        assert_eq!(write(chunk, 1).act(&mut other, Fed::Again), expected, "chunk {chunk}");
    }
}

#[test]
fn an_overwrite_that_fails_is_not_acknowledged() {
    let mut world = world(2);
    run(&mut write(0, 1), &mut world);
    let mut again = write(0, 1);
    assert_eq!(again.act(&mut world, Fed::Again), Step::Io);
    let failure = again.ops()[0].failure();
    assert_eq!(again.act(&mut world, Fed::Failed(failure)), Step::Done(Err(failure)));
    assert_eq!(active(&mut world).ended(), None, "the volume goes on");
}
