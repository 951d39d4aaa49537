//! How a world begins: a fresh diff area, the role taken, and the scenario's `before` done, with
//! nothing else moving and nothing left that a power cut could take.

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::audit;
use super::content::{self, UNIT, Value};
use super::disk::Disk;
use super::oracle::{Broken, Oracle};
use super::scenario::{Mishaps, Order, Scenario};
use super::shared::Shared;
use super::task::Side;
use super::world::World;
use crate::format::checksum::Checksum;
use crate::format::superblock::{Place, Superblock};
use crate::geometry::Geometry;
use crate::rules::Rules;
use crate::units::{ChunkSize, Epoch, Generation, Segment, SlotIndex, VolumeId};

/// What every unit holds at first.
pub(super) const VALUE: Value = 1;

/// The world of a scenario at its beginning.
///
/// # Errors
///
/// When what comes before does not succeed.
pub(super) fn world(scenario: &Arc<Scenario>) -> Result<World, Broken> {
    let mut world = still(scenario)?;
    world.start(&mut |_, _| ());
    Ok(world)
}

/// The same before anything has moved.
///
/// # Errors
///
/// When what comes before does not succeed.
pub(super) fn still(scenario: &Arc<Scenario>) -> Result<World, Broken> {
    let mut before = alloc::vec![Order::TakeRole];
    before.extend_from_slice(&scenario.before);
    let alone = Arc::new(Scenario {
        actives: alloc::vec![alloc::vec![before]],
        passives: Vec::new(),
        mishaps: Mishaps::default(),
        rules: Rules::default(),
        ..Scenario::clone(scenario)
    });
    let mut first = World::bare(&alone, origin(scenario.units), diff_area(scenario));
    first.add_node(Side::Active(None), 1);
    run(&mut first);
    if let Some(broken) = first.broken() {
        return Err(format!("what comes before does not succeed: {broken}"));
    }

    let mut world = World::bare(scenario, Disk::clone(&first.origin), Disk::clone(&first.diff));
    world.origin.change(Disk::rest);
    world.diff.change(Disk::rest);
    world.take_promises(&first);
    for (nth, threads) in scenario.actives.iter().enumerate() {
        let role = first.nodes[0].side.active().filter(|_| nth == 0);
        let role = role.map(|active| Box::new(active.clone().with_rules(scenario.rules)));
        world.add_node(Side::Active(role), threads.len());
    }
    for threads in &scenario.passives {
        world.add_passive(threads.len())?;
    }
    Ok(world)
}

/// Lets the first thing happen, again and again.
fn run(world: &mut World) {
    let mut actions = Vec::new();
    world.start(&mut |_, _| ());
    loop {
        world.actions(&mut actions);
        match actions.first() {
            Some(&action) => world.act(action),
            None => return,
        }
    }
}

fn origin(units: usize) -> Disk {
    let mut bytes = alloc::vec![0; units * UNIT];
    for (unit, bytes) in bytes.chunks_mut(UNIT).enumerate() {
        content::emit(unit, VALUE, bytes);
    }
    filled(bytes.len(), bytes.len(), 0, bytes)
}

/// As [`Format`](crate::active::Format) leaves it, but with segments of the wanted length.
fn diff_area(scenario: &Scenario) -> Disk {
    let geometry = Geometry {
        size: (scenario.units * UNIT) as u64,
        chunk: ChunkSize::MIN,
        segment: scenario.segment,
    };
    let bytes = |slots| geometry.slot_bytes(slots as u32) as usize;
    let size = bytes(scenario.slots);
    let superblock = Superblock {
        volume: VolumeId([7; 16]),
        geometry,
        epoch: Epoch(0),
        serial: 0,
        generation: Generation::default(),
        journal: Segment { first: SlotIndex(geometry.header_slots()), slots: geometry.segment },
        clean: false,
        coherent: scenario.coherent,
        on_full: scenario.on_full,
        next_copy: 1,
        limit: (size + bytes(scenario.may_grow)) as u64,
        stamp: [0; 32],
        boot: [0; 16],
        records: 0,
    };
    let content = superblock.emit(Checksum::PORTABLE).to_vec();
    filled(size, size + bytes(scenario.can_grow), Place::First.offset() as usize, content)
}

fn filled(size: usize, limit: usize, at: usize, bytes: Vec<u8>) -> Disk {
    let mut disk = Disk::new(size, limit);
    disk.land((0, 0), at, bytes);
    disk.rest();
    disk
}

impl World {
    /// Adds a passive node that has loaded the journal.
    ///
    /// # Errors
    ///
    /// When the diff area cannot be read as it is now.
    pub(super) fn add_passive(&mut self, threads: usize) -> Result<(), Broken> {
        let passive = audit::open(&self.diff)
            .map_err(|error| format!("a passive cannot open the diff area: {error}"))?;
        let passive =
            passive.with_rules(self.scenario.rules).with_never_stale(self.scenario.never_stale);
        self.add_node(Side::Passive(Box::new(passive)), threads);
        Ok(())
    }

    /// What was promised in another world is promised in this one.
    fn take_promises(&mut self, other: &Self) {
        self.oracle = Shared::clone(&other.oracle);
        self.oracle.change(Oracle::flush);
        self.go_on_from(other);
    }
}
