//! Looking at a world with nothing under way: a fresh passive reads every copy that must be there,
//! the volume holds what was written, and no slot has leaked.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::content::{self, UNIT};
use super::disk::Disk;
use super::oracle::{Broken, Found};
use super::task::{Side, Task};
use super::world::World;
use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::journal::Load;
use crate::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Scratch, Step};
use crate::passive::{Passive, Read, TRUST};
use crate::units::{Content, Extent};

/// All active nodes have done what they were asked.
///
/// # Errors
///
/// When a promise is broken.
pub(super) fn at_rest(world: &mut World) -> Result<(), Broken> {
    for node in 0..world.nodes.len() {
        if !world.scenario.reservation {
            break;
        }
        let Some(active) = world.nodes[node].side.active() else { continue };
        if active.ended().is_none() && !active.clone().has_sound_slots() {
            return Err(format!("slots have leaked, or one in use is free (node {node})"));
        }
    }
    if world.scenario.reservation {
        world.oracle.check_volume(&world.volume())?;
    }
    let found = copies(world)?;
    for (time, id) in world.oracle.live() {
        let Some(&(_, _, finished)) = found.iter().find(|found| (found.0, found.1) == (time, id))
        else {
            return Err(format!("copy {id} is lost"));
        };
        if world.oracle.is_finished(time) && !finished {
            return Err(format!("copy {id} was finished, and is unfinished again"));
        }
    }
    Ok(())
}

/// A node has taken the role.
///
/// # Errors
///
/// When a promise is broken.
pub(super) fn after_recovery(world: &mut World, node: usize) -> Result<(), Broken> {
    let found = copies(world)?;
    world.oracle.change(|oracle| oracle.recover(&found))?;
    match world.nodes[node].side.active() {
        Some(active) if !active.clone().has_sound_slots() => {
            Err(format!("the recovery has leaked slots, or freed one in use (node {node})"))
        }
        _ => Ok(()),
    }
}

/// Reads all copies there are, and returns their times and numbers, and whether they are finished.
fn copies(world: &mut World) -> Result<Vec<Found>, Broken> {
    let (origin, diff) = (&world.origin, &world.diff);
    let passive = open(diff).map_err(|error| format!("the diff area is unreadable: {error}"))?;
    let copies = passive.view().copies();
    let found: Vec<Found> =
        copies.map(|info| (info.about.time, info.id, !info.about.is_unfinished())).collect();
    let length = world.scenario.units * UNIT;
    let mut oracle = world.oracle.clone();
    for &(time, id, finished) in found.iter().filter(|_| world.scenario.reservation) {
        let mut user = alloc::vec![0; length];
        let mut read = Task::Read(Box::new(Read::new(id, time, 0, length as u64)));
        let mut side = Side::Passive(Box::new(passive.clone()));
        run(&mut read, &mut side, (origin, diff), &mut user)
            .map_err(|error| format!("copy {id} cannot be read: {error}"))?;
        let units: Vec<_> = user
            .chunks(UNIT)
            .enumerate()
            .map(|(unit, bytes)| content::parse(unit, bytes))
            .collect();
        oracle.change(|oracle| oracle.read((time, finished), 0, &units))?;
    }
    Ok(found)
}

/// Puts what is unsettled over the bytes of the origin, and rubbish for what is lost.
pub(super) fn overlay(diff: &Disk, volume: &mut [u8]) {
    let Ok(passive) = open(diff) else { return };
    let (view, geometry) = (passive.view(), passive.geometry());
    let Some(copy) = view.reverting() else { return };
    for run in view.all_unsettled() {
        for chunk in run.first.0..run.end() {
            let chunk = Extent::new(chunk, 1);
            let start = geometry.offset_of(chunk.first) as usize;
            let bytes = &mut volume[start..start + geometry.length_of(chunk) as usize];
            let Some(found) = view.lookup(copy, chunk.first) else { continue };
            match found.content {
                Content::Zeros => bytes.fill(0),
                Content::Slot(slot) => {
                    diff.visible().read(geometry.slot_offset(slot) as usize, bytes);
                    if Checksum::PORTABLE.of(bytes) != found.sum {
                        bytes[0] ^= 1;
                    }
                }
            }
        }
    }
}

/// A passive node, opened while nothing else moves.
///
/// # Errors
///
/// When the journal cannot be read.
pub(super) fn open(diff: &Disk) -> Result<Passive, Error> {
    let mut load = Load::new(TRUST);
    let mut scratch = Scratch::new();
    let mut fed = Fed::Again;
    loop {
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        if let Step::Done(loaded) = load.step(&mut (), &mut buffers, fed) {
            return loaded.map(Passive::new);
        }
        loop {
            for read in load.ops() {
                let bytes = &mut buffers.scratch[read.into.range()];
                fill(diff, read, bytes)?;
            }
            if load.absorb(&mut buffers) == Next::Step {
                break;
            }
        }
        fed = Fed::Done;
    }
}

/// Drives a passive's machine to its end while nothing else moves.
fn run(
    task: &mut Task,
    side: &mut Side,
    (origin, diff): (&Disk, &Disk),
    user: &mut [u8],
) -> Result<(), Error> {
    let mut scratch = Scratch::new();
    let mut fed = Fed::Again;
    loop {
        match task.step(side, user, &mut scratch, fed) {
            Step::Done(done) => return done.map(|_| ()),
            Step::Wait(_) => return Err(Error::RoleEnded),
            Step::Io => {}
        }
        loop {
            for op in task.ops() {
                let Op::Read(read) = op else { continue };
                let disk = if read.medium == Medium::Origin { origin } else { diff };
                let bytes = match read.into.buffer {
                    Buffer::User => &mut user[read.into.range()],
                    Buffer::Scratch => &mut scratch[read.into.range()],
                };
                fill(disk, &read, bytes)?;
            }
            if task.absorb(user, &mut scratch) == Next::Step {
                break;
            }
        }
        fed = Fed::Done;
    }
}

fn fill(disk: &Disk, read: &ReadOp, bytes: &mut [u8]) -> Result<(), Error> {
    if read.at as usize + bytes.len() > disk.visible().size() {
        return Err(read.failure());
    }
    disk.visible().read(read.at as usize, bytes);
    Ok(())
}
