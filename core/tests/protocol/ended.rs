//! A holder that is none any more: another node has fenced it, or an error has ended its role.

use shadowvol::active::{Commit, Compact, Create, Delete, Flush, Seal, TakeRole, Write};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::{Fed, Medium, Op, Step, Wait};
use shadowvol::{Description, Epoch, Error, IoKind};

use crate::alone::{Alone, active, append, copy};
use crate::job::Kind;
use crate::world::{Shape, World};

const FAILURE: Error = Error::Io { what: IoKind::Barrier, medium: Medium::Origin };

fn world() -> World {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    world.create();
    world.finish();
    world
}

/// Another node writes the superblock with which it begins to take the role.
fn fence(world: &mut World) -> Error {
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let (newest, place) = Superblock::newest(pair, Checksum::PORTABLE).expect("a superblock");
    let (mine, holder) = (newest.epoch, Epoch(newest.epoch.0 + 1));
    let fence = Superblock { epoch: holder, serial: newest.serial + 1, ..newest };
    let bytes = fence.emit(Checksum::PORTABLE).to_vec();
    world.diff.begin_write(u64::MAX, place.other().offset() as usize, bytes, 0);
    world.diff.end_write(u64::MAX);
    world.diff.barrier();
    Error::Fenced { mine, holder }
}

fn pair(world: &World) -> Vec<u8> {
    world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES].to_vec()
}

#[test]
fn a_fenced_holder_learns_it_from_whatever_it_does_and_leaves_the_superblock_alone() {
    let acts: [fn(&mut World) -> Step<()>; 4] = [
        |world| Alone::new(Flush::new()).run(world),
        |world| {
            assert!(append(world, false));
            Alone::new(Commit::new()).run(world)
        },
        |world| Alone::new(Compact::new()).run(world),
        |world| Alone::new(Seal::new([0; 32])).run(world),
    ];
    for act in acts {
        let mut world = world();
        let fenced = fence(&mut world);
        let before = pair(&world);
        assert_eq!(act(&mut world), Step::Done(Err(fenced)));
        assert!(pair(&world) == before);
        assert_eq!(active(&mut world).view().copies().len(), 1, "nothing is deleted");
        // What it is asked for later it refuses for the same reason.
        assert_eq!(active(&mut world).ended(), Some(&fenced));
        let refused = Alone::new(Write::new(0, 1)).act(&mut world, Fed::Again);
        assert_eq!(refused, Step::Done(Err(fenced)));
    }
}

#[test]
fn a_holder_looks_behind_its_barriers_where_a_power_cut_is_survived() {
    for coherent in [false, true] {
        let mut world = world();
        let role = shadowvol::active::Role { coherent, ..world.role() };
        world.active = None;
        world.spawn(Kind::TakeRole(Box::new(TakeRole::new(role))), Vec::new());
        world.finish();
        let looks = |done: &[Op]| {
            let is_look = |op: &Op| matches!(op, Op::Read(read) if read.at == PAIR_OFFSET);
            done.iter().filter(|op| is_look(op)).count()
        };
        let mut flush = Alone::new(Flush::new());
        assert_eq!(flush.run(&mut world), Step::Done(Ok(())));
        assert_eq!(flush.done[0], Op::Barrier { medium: Medium::Origin });
        assert_eq!(flush.done.len(), 1 + looks(&flush.done));
        assert!(append(&mut world, true));
        let mut commit = Alone::new(Commit::new());
        assert_eq!(commit.run(&mut world), Step::Done(Ok(())));
        assert_eq!(commit.done[1], Op::Barrier { medium: Medium::DiffArea });
        assert_eq!(commit.done.len(), 2 + looks(&commit.done));
        let expected = usize::from(!coherent);
        assert_eq!((looks(&flush.done), looks(&commit.done)), (expected, expected));
        // It takes no more memory than the records and both superblocks.
        assert!(commit.scratch.len() < 4096 + PAIR_BYTES + 1);
    }
}

#[test]
fn a_failed_flush_ends_the_role() {
    let mut world = world();
    let mut flush = Alone::new(Flush::new());
    assert_eq!(flush.act(&mut world, Fed::Again), Step::Io);
    assert_eq!(flush.act(&mut world, Fed::Failed(FAILURE)), Step::Done(Err(FAILURE)));
    let again = Alone::new(Flush::new()).run(&mut world);
    assert_eq!(again, Step::Done(Err(Error::RoleEnded)), "a second try would prove nothing");
}

#[test]
fn once_the_role_has_ended_nothing_is_written() {
    let mut world = world();
    assert!(append(&mut world, false));
    let mut begun = Alone::new(Compact::new());
    assert_eq!(begun.act(&mut world, Fed::Again), Step::Io);
    active(&mut world).end(FAILURE);
    let before = world.diff.visible.clone();
    assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())), "nothing to do");
    let ended = Step::Done(Err(Error::RoleEnded));
    assert_eq!(begun.act(&mut world, Fed::Done), ended);
    assert_eq!(Alone::new(Compact::new()).run(&mut world), ended);
    assert_eq!(Alone::new(Flush::new()).run(&mut world), ended);
    assert_eq!(Alone::new(Seal::new([0; 32])).run(&mut world), ended);
    assert_eq!(Alone::new(Write::new(0, 1)).run(&mut world), ended);
    assert_eq!(Alone::new(Delete::new(vec![copy(1)], 0)).run(&mut world), ended);
    let created = Alone::new(Create::new(Description::new(String::new(), 0))).run(&mut world);
    assert_eq!(created, Step::Done(Err(Error::RoleEnded)));
    assert!(world.diff.visible == before);
}

#[test]
fn a_commit_without_records_asks_for_no_barrier() {
    let mut world = world();
    let mut commit = Alone::new(Commit::new());
    assert_eq!(commit.run(&mut world), Step::Done(Ok(())));
    assert_eq!(commit.done, []);
}

/// The machine that ends the role waits for whatever may still write, and lets nothing new begin.
#[test]
fn closing_waits_for_all_that_is_under_way() {
    let mut seal = Alone::new(Seal::new([0; 32]));
    let waits = |seal: &mut Alone<Seal>, world: &mut World| match seal.act(world, Fed::Again) {
        Step::Wait(wait) => Some(wait),
        Step::Io => None,
        Step::Done(done) => panic!("{done:?}"),
    };
    // A write.
    let mut world = world();
    let mut write = Alone::new(Write::new(0, 1));
    write.user = vec![1];
    assert_eq!(write.act(&mut world, Fed::Again), Step::Io);
    assert_eq!(waits(&mut seal, &mut world), Some(Wait::Turn));
    let held = Alone::new(Write::new(8192, 1)).act(&mut world, Fed::Again);
    assert_eq!(held, Step::Wait(Wait::Turn), "a write of another chunk");
    let fed = write.perform(&mut world);
    assert_eq!(write.act(&mut world, fed), Step::Wait(Wait::Commit));
    assert_eq!(waits(&mut seal, &mut world), Some(Wait::Turn));
    assert_eq!(Alone::new(Commit::new()).run(&mut world), Step::Done(Ok(())));
    assert_eq!(write.run(&mut world), Step::Done(Ok(())));
    // Records that no commit has taken, and one that has.
    assert!(append(&mut world, false));
    assert_eq!(waits(&mut seal, &mut world), Some(Wait::Commit));
    let mut commit = Alone::new(Commit::new());
    assert_eq!(commit.act(&mut world, Fed::Again), Step::Io);
    assert_eq!(waits(&mut seal, &mut world), Some(Wait::Turn));
    let fed = commit.perform(&mut world);
    assert_eq!(commit.act(&mut world, fed), Step::Done(Ok(())));
    assert_eq!(waits(&mut seal, &mut world), None);

    // A compaction that had begun before.
    let mut world = self::world();
    let mut compact = Alone::new(Compact::new());
    assert_eq!(compact.act(&mut world, Fed::Again), Step::Io);
    let mut seal = Alone::new(Seal::new([0; 32]));
    assert_eq!(waits(&mut seal, &mut world), Some(Wait::Turn));
    let mut fed = compact.perform(&mut world);
    while compact.act(&mut world, fed) == Step::Io {
        fed = compact.perform(&mut world);
    }
    assert_eq!(active(&mut world).counters().compactions, 1);
    assert_eq!(waits(&mut seal, &mut world), None);
}
