//! Making a diff area. The origin is not touched: its bytes stay as they are.

use super::compact::write_superblock;
use crate::error::Error;
use crate::format::superblock::{BYTES, OnFull, Place, Superblock};
use crate::geometry::Geometry;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Span, Step};
use crate::units::{ChunkSize, Epoch, Generation, Segment, SlotIndex, VolumeId};

/// What a new diff area is made like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Bytes of the origin.
    pub size: u64,
    /// A number that no other volume has.
    pub volume: VolumeId,
    /// Unit of preservation.
    pub chunk: ChunkSize,
    /// Bytes that the diff area may grow to.
    pub limit: u64,
    /// What happens when it is full.
    pub on_full: OnFull,
}

/// The machine that makes a diff area on an empty medium, or on one whose content may go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    options: Options,
    phase: Phase,
    ops: [Op; 1],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Grow,
    /// A superblock of an earlier diff area would be newer than ours.
    Wipe,
    WipeBarrier,
    Superblock,
    Barrier,
}

const BARRIER: Op = Op::Barrier { medium: Medium::DiffArea };

impl Format {
    /// Makes a diff area like this.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, phase: Phase::Begin, ops: [BARRIER] }
    }

    fn geometry(&self) -> Geometry {
        Geometry::new(self.options.size, self.options.chunk)
    }

    fn superblock(&self) -> Superblock {
        let geometry = self.geometry();
        Superblock {
            volume: self.options.volume,
            geometry,
            epoch: Epoch(0),
            serial: 0,
            generation: Generation::default(),
            journal: Segment { first: SlotIndex(geometry.header_slots()), slots: geometry.segment },
            clean: false,
            coherent: false,
            on_full: self.options.on_full,
            next_copy: 1,
            limit: self.options.limit,
            stamp: [0; 32],
            boot: [0; 16],
            records: 0,
        }
    }

    fn ask(&mut self, phase: Phase, op: Op) -> Step<()> {
        self.phase = phase;
        self.ops = [op];
        Step::Io
    }
}

impl Machine for Format {
    type Shared = ();
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, (): &mut (), buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match (self.phase, fed) {
            (_, Fed::Failed(error)) => Step::Done(Err(error)),
            (Phase::Begin, _) => {
                let needed = self.geometry().least_bytes();
                if self.options.limit < needed {
                    let found = self.options.limit;
                    return Step::Done(Err(Error::DiffAreaTooSmall { needed, found }));
                }
                self.ask(Phase::Grow, Op::Grow { size: needed })
            }
            (Phase::Grow, Fed::Size(found)) => {
                let needed = self.geometry().least_bytes();
                if found < needed {
                    return Step::Done(Err(Error::DiffAreaTooSmall { needed, found }));
                }
                buffers.scratch.clear();
                buffers.scratch.reach(2 * BYTES);
                let from = Span::scratch(0, 2 * BYTES);
                let at = Place::First.offset();
                self.ask(Phase::Wipe, Op::Write { medium: Medium::DiffArea, at, from })
            }
            (Phase::Wipe, _) => self.ask(Phase::WipeBarrier, BARRIER),
            (Phase::WipeBarrier, _) => {
                let op = write_superblock(&self.superblock(), Place::First, buffers);
                self.ask(Phase::Superblock, op)
            }
            (Phase::Superblock, _) => self.ask(Phase::Barrier, BARRIER),
            (Phase::Grow | Phase::Barrier, _) => Step::Done(Ok(())),
        }
    }
}
