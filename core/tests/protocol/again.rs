//! Machines that begin again with the memory they have.

use shadowvol::active::{Commit, Write};
use shadowvol::machine::{Fed, Step, Wait};
use shadowvol::passive::Read;

use crate::alone::{Alone, active, copy};
use crate::world::{Shape, World};

const CHUNK: usize = 4096;

#[test]
fn a_write_and_its_commit_keep_nothing_of_the_last_one() {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    let mut write = Alone::new(Write::new(0, 0));
    let mut commit = Alone::new(Commit::new());
    for chunk in 0..3 {
        write.machine.begin((chunk * CHUNK) as u64, CHUNK as u64);
        write.user = vec![chunk as u8; CHUNK];
        assert_eq!(write.run(&mut world), Step::Wait(Wait::Commit));
        commit.machine.begin();
        assert_eq!(commit.run(&mut world), Step::Done(Ok(())));
        assert_eq!(write.run(&mut world), Step::Done(Ok(())));
        let counters = active(&mut world).counters();
        assert_eq!(
            (counters.preserved_chunks, counters.commits),
            (chunk as u64 + 1, 2 + chunk as u64)
        );
        assert!(world.origin.visible[chunk * CHUNK..][..CHUNK] == write.user);
    }
    world.flush();
    world.verify("after three writes of one machine");
}

#[test]
fn a_read_keeps_nothing_of_the_last_one() {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    for value in 0..2 {
        world.create();
        world.finish();
        world.write(0, vec![value; 2 * CHUNK]);
        world.finish();
    }
    let mut node = world.open_node();
    let mut read = Alone::new(Read::new(copy(1), 0, 0, 0));
    for (number, at, length) in [(1, 100, 9_000), (2, 0, 14_001), (1, 5_000, 10), (2, 4_096, 4_096)]
    {
        let time = node.view().copy(copy(number)).expect("a live copy").about.time;
        read.machine.begin(copy(number), time, at as u64, length as u64);
        read.user = vec![0xaa; length];
        let mut fed = Fed::Again;
        while read.step(&mut node, fed) == Step::Io {
            fed = read.perform(&mut world);
        }
        let truth = &world.truths[&copy(number)][at..at + length];
        assert!(read.user == truth, "copy {number}, byte {at}");
    }
    let counters = node.counters();
    assert_eq!((counters.reads, counters.redirected_reads, counters.restarts), (4, 0, 0));
}
