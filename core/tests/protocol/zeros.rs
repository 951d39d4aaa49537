//! A passive asks where a copy is zeros, by hand. What the origin's medium says of holes counts as far
//! as the journal does not contradict it; and the journal is asked afterwards.

use core::cell::Cell;

use shadowvol::format::checksum::Checksum;
use shadowvol::machine::{Buffers, Fed, LookOp, Machine, Medium, Next, Scratch, Step};
use shadowvol::passive::{Passive, Zeros};
use shadowvol::{CopyId, Error};

use crate::alone::copy;
use crate::world::{Shape, World};

/// Three chunks and a short one.
const SHAPE: Shape = Shape { nodes: 0, ..Shape::SMALL };
const SIZE: u64 = SHAPE.size as u64;

/// A volume of zeros, of which there is a copy, and a node that knows it.
fn world() -> (World, Passive) {
    let mut world = World::new(SHAPE, 1);
    world.write(0, vec![0; SHAPE.size]);
    world.finish();
    world.create();
    world.finish();
    let node = world.open_node();
    (world, node)
}

fn write(world: &mut World, at: usize, length: usize) {
    world.write(at, vec![7; length]);
    world.finish();
}

fn time(node: &Passive, of: CopyId) -> i64 {
    node.view().copy(of).expect("a copy").about.time
}

/// The machine's end, with what it has asked for. Something happens when the medium has answered.
fn drive(
    mut machine: Zeros,
    (world, node): (&mut World, &mut Passive),
    meanwhile: impl FnOnce(&mut World),
    fails: impl Fn(&LookOp) -> bool,
) -> (Result<u64, Error>, Vec<LookOp>) {
    let (mut scratch, mut asked) = (Scratch::new(), Vec::new());
    let (mut fed, mut meanwhile) = (Fed::Again, Some(meanwhile));
    loop {
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        match machine.step(node, &mut buffers, fed) {
            Step::Io => {}
            Step::Wait(wait) => panic!("{wait:?}, and nobody else is there"),
            Step::Done(done) => return (done, asked),
        }
        fed = loop {
            let mut fed = Fed::Done;
            for op in machine.ops() {
                asked.push(*op);
                fed = match *op {
                    _ if fails(op) => Fed::Failed(op.failure()),
                    LookOp::Read(read) => {
                        assert_eq!(read.medium, Medium::DiffArea);
                        let bytes = &world.diff.visible[read.at as usize..][..read.into.len];
                        buffers.scratch[read.into.range()].copy_from_slice(bytes);
                        Fed::Done
                    }
                    LookOp::Zeros { at, most } => {
                        let bytes = &world.origin.visible[at as usize..][..most as usize];
                        Fed::Zeros(bytes.iter().take_while(|&&byte| byte == 0).count() as u64)
                    }
                };
            }
            if matches!(fed, Fed::Failed(_)) || machine.absorb(&mut buffers) == Next::Step {
                break fed;
            }
        };
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile(world);
        }
    }
}

/// How many bytes from `offset` on are zeros in the first copy.
fn ask(
    world: &mut World,
    node: &mut Passive,
    (offset, most): (u64, u64),
    meanwhile: impl FnOnce(&mut World),
) -> Result<u64, Error> {
    let machine = Zeros::new(copy(1), time(node, copy(1)), offset, most);
    drive(machine, (world, node), meanwhile, |_| false).0
}

#[test]
fn a_hole_without_news_costs_its_question_and_two_small_reads() {
    let (mut world, mut node) = world();
    for (offset, most) in [(0, SIZE), (5_000, 3_000), (4_095, 2), (SIZE - 1, 1)] {
        let machine = Zeros::new(copy(1), time(&node, copy(1)), offset, most);
        let (done, asked) = drive(machine, (&mut world, &mut node), |_| (), |_| false);
        assert_eq!(done, Ok(most));
        assert!(matches!(asked[..], [LookOp::Zeros { .. }, LookOp::Read(_), LookOp::Read(_)]));
    }
    // Where there is none, the journal has nothing to confirm.
    write(&mut world, 0, 1);
    for (offset, most) in [(0, SIZE), (SIZE, 0)] {
        let machine = Zeros::new(copy(1), time(&node, copy(1)), offset, most);
        let (done, asked) = drive(machine, (&mut world, &mut node), |_| (), |_| false);
        assert_eq!((done, asked.len()), (Ok(0), 1));
    }
}

#[test]
fn what_is_filled_after_the_question_is_zeros_no_further_than_a_record_says() {
    let asked = [(0, SIZE, 4096), (1_000, SIZE - 1_000, 3_096), (4_096, 100, 0), (8_192, 9, 9)];
    for (offset, most, zeros) in asked {
        let (mut world, mut node) = world();
        let fill = |world: &mut World| write(world, 4_100, 10);
        assert_eq!(ask(&mut world, &mut node, (offset, most), fill), Ok(zeros), "{offset}");
    }
}

#[test]
fn a_hole_that_was_made_after_the_instant_is_not_the_copys() {
    let mut world = World::new(SHAPE, 1);
    world.create();
    world.finish();
    let mut node = world.open_node();
    world.discard(0, SHAPE.size);
    world.finish();
    assert_eq!(world.origin.visible, [0; SHAPE.size]);
    assert_eq!(ask(&mut world, &mut node, (0, SIZE), |_| ()), Ok(0));
    // Nor when the journal has moved since.
    let mut node = world.open_node();
    let moves = |world: &mut World| {
        world.compact();
        world.finish();
    };
    assert_eq!(ask(&mut world, &mut node, (100, 5_000), moves), Ok(0));
    assert_eq!(node.counters().reloads, 1);
}

#[test]
fn a_copy_that_goes_meanwhile_is_gone_and_so_is_another_one_of_its_number() {
    let (mut world, mut node) = world();
    let gone = Err(Error::Gone { copy: copy(1) });
    let machine = Zeros::new(copy(1), time(&node, copy(1)) + 1, 0, SIZE);
    assert_eq!(drive(machine, (&mut world, &mut node), |_| (), |_| false).0, gone);
    let delete = |world: &mut World| {
        world.delete(copy(1));
        world.finish();
    };
    assert_eq!(ask(&mut world, &mut node, (0, SIZE), delete), gone);
}

#[test]
fn whatever_fails_is_told() {
    let (mut world, mut node) = world();
    let time = time(&node, copy(1));
    for nth in 1..=3 {
        let count = Cell::new(0);
        let fails = |_: &LookOp| count.replace(count.get() + 1) + 1 == nth;
        let machine = Zeros::new(copy(1), time, 0, SIZE);
        let (done, asked) = drive(machine, (&mut world, &mut node), |_| (), fails);
        assert_eq!(done, Err(asked.last().expect("an operation").failure()));
        assert_eq!(asked.len(), nth);
    }
}
