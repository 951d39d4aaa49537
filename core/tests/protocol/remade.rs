//! A diff area was wiped and made anew for another volume, on a device say, under nodes that had it
//! open. Generations begin anew with it, so the new journal had the number of the old one: a passive
//! took the end of that for "no news", and the other volume's bytes for its copy's.

use shadowvol::active::Flush;
use shadowvol::journal::Load;
use shadowvol::machine::{Fed, Step};
use shadowvol::passive::{CatchUp, Passive, Read, TRUST};
use shadowvol::{Error, VolumeId};

use crate::alone::{Alone, active, copy};
use crate::world::{Shape, World};

const SHAPE: Shape = Shape { nodes: 0, ..Shape::SMALL };

fn world() -> World {
    let mut world = World::new(SHAPE, 1);
    world.create();
    world.finish();
    world
}

/// Another volume lies where the first one did. It has a copy of the same number, too.
fn remake(world: &mut World) {
    let mut other = World::new(Shape { volume: 8, ..SHAPE }, 2);
    other.write(0, vec![8; SHAPE.size]);
    other.create();
    other.finish();
    let generation = |world: &mut World| active(world).superblock().generation;
    assert_eq!(generation(&mut other), generation(world));
    (world.origin, world.diff) = (other.origin, other.diff);
}

#[test]
fn a_read_does_not_take_another_volumes_bytes_for_its_copys() {
    let mut world = world();
    let mut node = world.open_node();
    let time = node.view().copy(copy(1)).expect("a copy").about.time;
    let truth = world.truths[&copy(1)].to_vec();
    for remade_after in 0..3 {
        let (mut world, mut node) = (world.clone(), node.clone());
        let mut read = Alone::new(Read::new(copy(1), time, 0, SHAPE.size as u64));
        read.user = vec![0; SHAPE.size];
        let (mut fed, mut left) = (Fed::Again, remade_after);
        let done = loop {
            match read.step(&mut node, fed) {
                Step::Io => fed = read.perform_some(&mut world, &mut left),
                Step::Done(done) => break done,
                wait => panic!("{wait:?}"),
            }
            if let Fed::Failed(_) = fed {
                remake(&mut world);
                left = usize::MAX;
                fed = read.perform(&mut world);
            }
        };
        assert_eq!(done, Err(Error::Gone { copy: copy(1) }), "remade after {remade_after} reads");
        assert_eq!(node.superblock().volume, VolumeId([8; 16]));
    }
    // And if nothing is made anew.
    let mut read = Alone::new(Read::new(copy(1), time, 0, SHAPE.size as u64));
    read.user = vec![0; SHAPE.size];
    let mut fed = Fed::Again;
    while read.step(&mut node, fed) == Step::Io {
        fed = read.perform(&mut world);
    }
    assert!(read.user == truth);
}

/// One read of a node had loaded the other volume's journal, of the same number, and the other read
/// was confirmed by that.
#[test]
fn a_journal_of_another_volume_is_another_journal_though_it_has_the_same_number() {
    let mut world = world();
    let mut node = world.open_node();
    let before = node.superblock().journal_id();
    remake(&mut world);
    let mut catch_up = Alone::new(CatchUp::new());
    let mut fed = Fed::Again;
    while catch_up.step(&mut node, fed) == Step::Io {
        fed = catch_up.perform(&mut world);
    }
    let after = node.superblock().journal_id();
    assert_eq!((before.1, node.counters().reloads), (after.1, 1));
    assert_ne!(before, after);
}

#[test]
fn a_node_that_was_being_opened_begins_again() {
    let world = world();
    for remade_after in 1.. {
        let mut world = world.clone();
        let mut load = Alone::new(Load::new(TRUST));
        assert_eq!(load.step(&mut (), Fed::Again), Step::Io);
        let stopped = load.perform_some(&mut world, &mut { remade_after });
        if stopped == Fed::Done {
            assert!(remade_after > 3, "superblocks, journal, superblocks");
            break;
        }
        remake(&mut world);
        let fed = load.perform(&mut world);
        let Step::Done(Ok(loaded)) = load.step(&mut (), fed) else { panic!("a journal") };
        let node = Passive::new(loaded);
        assert_eq!(node.superblock().volume, VolumeId([8; 16]), "after {remade_after} reads");
        assert_eq!(node.view().copies().len(), 1);
    }
}

/// The holder of the old volume learns it from its next barrier, and leaves the new one alone.
#[test]
fn a_holder_of_what_was_there_before_stops() {
    let mut world = world();
    remake(&mut world);
    let before = world.diff.visible.clone();
    let epoch = active(&mut world).epoch();
    let flushed = Alone::new(Flush::new()).run(&mut world);
    assert_eq!(flushed, Step::Done(Err(Error::Fenced { mine: epoch, holder: epoch })));
    assert!(active(&mut world).ended().is_some());
    assert!(world.diff.visible == before);
}
