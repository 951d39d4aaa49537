//! Sequences of operations against plain byte arrays, with faults and crashes anywhere.
//!
//! The very machines of the engine run one after the other over two small media, which lose what is
//! not behind a barrier when the power fails. A compaction and a read can be under way while other
//! things are done, and passive nodes look between any two operations of the active's machines.
//! Copies are constants: whatever a passive node returns is what the volume was at the instant, or, of
//! a copy that was amended in the making, what that was when it was finished; and
//! `Gone` only of a copy whose deletion has begun. What was acknowledged stays; nobody waits for
//! ever; no slot is lost.

mod act;
mod disk;
mod model;
mod task;
mod world;

use arbitrary::{Arbitrary, Unstructured};
use shadowvol::machine::Medium;

use self::act::{Act, Deed, Length, Look, Shape};
use self::disk::Fault;
use self::world::World;

/// More operations than this find nothing new.
const MOST: usize = 200;

/// Plays the operations that the input becomes.
pub fn sequence(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let Ok(shape) = Shape::arbitrary(&mut input) else { return };
    let mut world = World::new(shape);
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        let Ok(act) = Act::arbitrary(&mut input) else { break };
        world.play(act);
        world.settle();
    }
    world.finish();
}

impl World {
    fn play(&mut self, act: Act) {
        match act {
            Act::Deed(deed) => self.perform(deed),
            Act::Look { after: None, look } => self.look(look),
            Act::Look { after: Some(operations), look } => {
                self.look_later(u64::from(operations) % 8, look);
            }
        }
    }

    fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Write { at, length, byte } => {
                let (at, length) = self.range(at, length);
                self.write(at, vec![byte; length]);
            }
            Deed::Discard { at, length } => {
                let (at, length) = self.range(at, length);
                self.discard(at, length);
            }
            Deed::WriteBeyond { by } => self.write_beyond(by),
            Deed::Create { label } => self.create("l".repeat(usize::from(label) * 4)),
            Deed::Make => self.make(),
            Deed::Amend { nth, at, chunks, byte } => {
                if let Some(copy) = self.model.nth(nth) {
                    self.amend(copy, at, chunks, byte);
                }
            }
            Deed::Finish { nth } => {
                if let Some(copy) = self.model.nth(nth) {
                    self.call_finished(copy);
                }
            }
            Deed::Delete { nth } => {
                if let Some(copy) = self.model.nth(nth) {
                    self.delete(copy);
                }
            }
            Deed::DeleteMissing { number } => self.delete_missing(number),
            Deed::Compact => self.compact(),
            Deed::BeginCompact => self.begin_compaction(),
            Deed::GoOnCompacting { operations } => self.go_on_compacting(operations.into()),
            Deed::Sweep { entries } => self.sweep(entries.into()),
            Deed::Grow => self.grow(),
            Deed::Flush => self.flush(),
            Deed::Close => self.close(),
            Deed::Vanish => self.vanish(),
            Deed::LosePower { seed } => self.lose_power(seed),
            Deed::Fault { origin, after, part, power } => {
                let medium = if origin { Medium::Origin } else { Medium::DiffArea };
                self.media.fault = Some(Fault { medium, after: after % 32, part, power });
            }
        }
    }

    pub(super) fn look(&mut self, look: Look) {
        match look {
            Look::CatchUp { second } => self.catch_up(second.into()),
            Look::Reopen { second } => self.reopen(second.into()),
            Look::Read { second, nth, at, length } => {
                let (at, length) = self.range(at, length);
                self.read(second.into(), nth, at, length);
            }
            Look::Begin { second, nth, at, length } => {
                let (at, length) = self.range(at, length);
                self.begin_reading(second.into(), nth, at, length);
            }
            Look::GoOn { operations } => self.go_on_reading(operations.into()),
        }
    }

    /// A range in the volume.
    fn range(&self, at: u16, length: Length) -> (usize, usize) {
        let size = self.model.now.len();
        let at = if matches!(length, Length::Whole) { 0 } else { usize::from(at) % size };
        (at, length.bytes().min(size - at))
    }
}
