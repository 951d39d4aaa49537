//! Random schedules: every passive's answer is the truth of the instant, or `Gone`.
//!
//! Up to six machines of the active node and four reads of passive nodes are under way at once, in
//! a diff area so small that slots are reused and the journal links all the time. Compactions,
//! deletions and creations fall anywhere. At the end of a round the world comes to rest and is
//! compared whole; then the active closes or crashes, and another one goes on.

use shadowvol::format::superblock::OnFull;

use crate::random::is_long;
use crate::world::{Shape, World};

fn play(shape: Shape, seed: u64, crashes: bool) -> World {
    let mut world = World::new(shape, seed);
    for round in 0..4 {
        let mut left = 40;
        while left > 0 {
            left -= 1;
            step(&mut world);
            for _ in 0..world.random.below(20) {
                world.tick();
            }
        }
        if crashes && world.random.one_in(2) {
            world.crash(None);
            world.take_role();
        }
        world.finish();
        world.verify(&format!("seed {seed}, round {round}"));
        world.flush();
        if world.random.one_in(3) {
            // Another holder takes the role from one that is silent for ever.
            world.active = None;
            world.take_role();
            world.finish();
        }
    }
    world
}

/// Begins something.
fn step(world: &mut World) {
    let size = world.shape.size;
    let under_way = world.jobs.iter().filter(|job| job.is_active()).count();
    let at = world.random.below(size);
    let length = match world.random.below(4) {
        0 => world.random.below(600),
        1 => size,
        _ => world.random.below(9000),
    };
    let length = length.min(size - at);
    let ids: Vec<_> = world.truths.keys().chain(world.doomed.keys()).copied().collect();
    match world.random.below(16) {
        _ if world.active.is_none() => {}
        0..=5 if under_way < 6 => {
            let value = world.random.next();
            let fill = |nth: usize| value.rotate_left(nth as u32 % 61) as u8;
            let zeros = value.is_multiple_of(5);
            world.write(at, (0..length).map(|nth| if zeros { 0 } else { fill(nth) }).collect());
        }
        6 if under_way < 6 => world.discard(at, length),
        7 | 8 if under_way < 6 => world.create(),
        9 if under_way < 6 && world.truths.len() > 2 => {
            let nth = world.random.below(world.truths.len());
            let copy = *world.truths.keys().nth(nth).expect("there are some");
            world.delete(copy);
        }
        10 if under_way < 6 => world.compact(),
        // A copy goes while it is being read, and what it had is overwritten.
        11 if under_way < 6 && !world.truths.is_empty() => {
            let doomed = if world.random.one_in(2) {
                world.truths.last_key_value()
            } else {
                world.truths.first_key_value()
            };
            let (&copy, _) = doomed.expect("there is one");
            for node in 0..world.nodes.len() {
                world.read(node, copy, 0, size);
            }
            for _ in 0..world.random.below(30) {
                world.tick();
            }
            world.delete(copy);
            for _ in 0..world.random.below(40) {
                world.tick();
            }
            let value = world.random.next() as u8;
            world.write(0, vec![value; size]);
        }
        _ if !ids.is_empty() && world.jobs.len() - under_way < 4 => {
            let node = world.random.below(world.nodes.len());
            let copy = ids[world.random.below(ids.len())];
            world.read(node, copy, at, length);
        }
        _ => {}
    }
}

fn seeds(short: u64) -> core::ops::Range<u64> {
    0..if is_long() { 100 * short } else { short }
}

#[test]
fn passives_read_the_truth_under_any_schedule() {
    let (mut reads, mut redirected, mut restarts) = (0, 0, 0);
    for seed in seeds(150) {
        for node in &play(Shape::SMALL, seed, false).nodes {
            let counters = node.counters();
            reads += counters.reads;
            redirected += counters.redirected_reads;
            restarts += counters.restarts;
        }
    }
    // Else the schedules would show nothing.
    let seen = format!("{reads} reads, {redirected} redirected, {restarts} restarts");
    assert!(reads > 500 && redirected > 50 && restarts > 50, "{seen}");
}

#[test]
fn and_across_crashes() {
    for seed in seeds(150) {
        play(Shape::SMALL, 10_000 + seed, true);
    }
}

#[test]
fn and_when_the_oldest_copies_are_let_go() {
    let shape = Shape { on_full: OnFull::DropOldest, slots: 26, ..Shape::SMALL };
    for seed in seeds(150) {
        play(shape, 20_000 + seed, true);
    }
}

/// Every slot that is set free is taken by the next write, and passives are slow to notice.
#[test]
fn and_when_slots_are_used_again_at_once() {
    for on_full in [OnFull::FailWrite, OnFull::DropOldest] {
        for (slots, drowsy) in [(16, 1), (16, 4), (20, 8)] {
            let shape = Shape { slots, drowsy, on_full, ..Shape::SMALL };
            for seed in seeds(60) {
                play(shape, 40_000 + seed, seed % 2 == 0);
            }
        }
    }
}

#[test]
fn and_whatever_the_sizes() {
    let shapes = [
        Shape { size: 1, ..Shape::SMALL },
        Shape { size: 4096, ..Shape::SMALL },
        Shape { size: 40_000, slots: 90, ..Shape::SMALL },
        Shape { size: 70_000, chunk: 16_384, slots: 60, nodes: 1, ..Shape::SMALL },
        Shape { size: 30_000, segment: 3, slots: 80, nodes: 1, ..Shape::SMALL },
    ];
    for shape in shapes {
        for seed in seeds(20) {
            play(shape, 30_000 + seed, true);
        }
    }
}
