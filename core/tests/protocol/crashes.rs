//! A crash at every half operation of scripted scenarios, with every subset of what was loose.
//!
//! Most crash faults need three operations on a fresh volume, so bounded and exhaustive beats long
//! and random. Each scenario is run once; before every tick the world is copied and crashes there:
//! with each subset of the loose writes if they are few, and with torn ones. Then another holder
//! takes the role, crashes itself at a random tick, and a third one succeeds. All acknowledged
//! copies must be there byte for byte, for passives that lived through it and for a new one; what
//! was flushed must be there; no slot may be lost.

use crate::random::{Random, is_long};
use crate::world::{Shape, World};

/// The most subsets that are enumerated.
const SUBSETS: u32 = 8;

fn explore(name: &str, prepare: impl Fn(&mut World), act: impl Fn(&mut World)) {
    explore_in(Shape { nodes: 1, ..Shape::SMALL }, name, prepare, act);
}

fn explore_in(shape: Shape, name: &str, prepare: impl Fn(&mut World), act: impl Fn(&mut World)) {
    let mut crashes = 0_u64;
    for seed in 0..if is_long() { 100 } else { 8 } {
        let mut world = World::new(shape, seed);
        prepare(&mut world);
        world.finish();
        world.flush();
        act(&mut world);
        let mut tick = 0;
        loop {
            let what = format!("{name}, seed {seed}, tick {tick}");
            let loose = world.loose() as u32;
            if loose <= SUBSETS {
                for keep in 0..1 << loose {
                    recover(&world, Some(keep), &what);
                    crashes += 1;
                }
            }
            for torn in 0..if loose <= SUBSETS { 2 } else { 12 } {
                let mut other = world.clone();
                other.random = Random(torn * 1000 + tick);
                recover(&other, None, &what);
                crashes += 1;
            }
            tick += 1;
            if !world.tick() {
                break;
            }
        }
        world.verify(name);
    }
    assert!(crashes > 50, "{name}: {crashes} crashes");
}

fn recover(world: &World, keep: Option<u64>, what: &str) {
    let mut world = world.clone();
    // Half of the passives are in the middle of a read.
    for copy in world.truths.keys().copied().collect::<Vec<_>>() {
        world.read(0, copy, 100, 9000);
    }
    for _ in 0..3 {
        world.tick();
    }
    let loose = world.loose();
    world.crash(keep.filter(|_| loose < 64));
    world.take_role();
    for _ in 0..world.random.below(60) {
        world.tick();
    }
    if world.active.is_none() {
        world.crash(None);
        world.take_role();
    }
    world.finish();
    world.verify(what);
}

fn some_copies(world: &mut World) {
    for nth in 0..2_u8 {
        world.create();
        world.finish();
        world.write(1000, vec![nth + 1; 5000]);
        world.finish();
    }
}

#[test]
fn in_a_write() {
    explore("write", some_copies, |world| {
        world.create();
        world.finish();
        world.write(4000, vec![9; 200]);
    });
}

#[test]
fn in_overlapping_writes_of_several_chunks() {
    explore("writes", some_copies, |world| {
        world.create();
        world.finish();
        world.write(100, vec![9; 13_000]);
        world.write(5000, vec![8; 300]);
        world.discard(8000, 4500);
    });
}

/// Records are appended while a barrier for others is under way: they are not behind that one.
#[test]
fn in_writes_that_share_barriers() {
    explore("sharing", some_copies, |world| {
        world.create();
        world.finish();
        for at in [0, 4096, 8192, 12_288] {
            world.write(at, vec![3; 1000]);
        }
    });
}

#[test]
fn in_a_creation_between_writes() {
    explore("create", some_copies, |world| {
        world.write(0, vec![7; 6000]);
        world.create();
        world.write(5000, vec![8; 6000]);
    });
}

#[test]
fn in_a_deletion_whose_slots_are_reused() {
    explore("delete", some_copies, |world| {
        let oldest = *world.truths.keys().next().expect("a copy");
        world.delete(oldest);
        world.create();
        world.write(0, vec![6; 14_000]);
    });
}

#[test]
fn in_a_compaction_while_writes_go_on() {
    explore("compact", some_copies, |world| {
        world.compact();
        world.write(9000, vec![5; 3000]);
        world.create();
    });
}

#[test]
fn in_two_compactions() {
    explore("compactions", some_copies, |world| {
        world.compact();
        world.compact();
        let oldest = *world.truths.keys().next().expect("a copy");
        world.delete(oldest);
    });
}

/// So few slots are free that the writes take whatever a compaction sets free.
#[test]
fn in_a_compaction_when_every_slot_counts() {
    for slots in [17, 19] {
        let shape = Shape { nodes: 1, slots, ..Shape::SMALL };
        explore_in(shape, "tight", some_copies, |world| {
            world.create();
            world.finish();
            world.compact();
            for at in [0, 4096, 8192, 12_288] {
                world.write(at, vec![3; 1000]);
            }
        });
    }
}

#[test]
fn in_the_taking_of_the_role() {
    explore("role", some_copies, |world| {
        world.write(3000, vec![4; 6000]);
        for _ in 0..30 {
            world.tick();
        }
        world.crash(None);
        world.take_role();
    });
}
