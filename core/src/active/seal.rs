//! Closing: the superblock says that the origin is whole, and how it looks.

use super::Active;
use super::compact::write_superblock;
use crate::error::Error;
use crate::format::superblock::{PAIR_BYTES, Place, Superblock};
use crate::journal::read_pair;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Step, Wait};

/// The machine that ends the role in good order.
///
/// A driver runs it after [`Active::close_to_writes`] and a barrier on the origin, with the stamp
/// that the origin has then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seal {
    stamp: [u8; 32],
    phase: Phase,
    ops: [Op; 1],
    next: Option<(Superblock, Place)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Watch,
    Superblock,
    Barrier,
}

impl Active {
    /// Keeps new writes waiting for good; false while some are still under way.
    pub fn close_to_writes(&mut self) -> bool {
        if !self.closing {
            self.closing = true;
            self.flights.hold();
        }
        self.flights.is_drained() && !self.committing && !self.is_compacting()
    }
}

impl Seal {
    /// Ends the role; the origin's fingerprint is `stamp`.
    #[must_use]
    pub fn new(stamp: [u8; 32]) -> Self {
        Self { stamp, phase: Phase::Begin, ops: [Op::Read(read_pair(0))], next: None }
    }

    fn write(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        active.watch(buffers, 0)?;
        let (mut superblock, place) = active.next_superblock();
        superblock.clean = true;
        superblock.stamp = self.stamp;
        // Others may have appended since, what no commit will ever write.
        superblock.records = active.journal.stable();
        self.ops = [write_superblock(&superblock, place, buffers)];
        self.next = Some((superblock, place));
        self.phase = Phase::Superblock;
        Ok(())
    }
}

impl Machine for Seal {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        match self.phase {
            Phase::Superblock => {
                self.phase = Phase::Barrier;
                self.ops = [Op::Barrier { medium: Medium::DiffArea }];
                Next::Io
            }
            Phase::Begin | Phase::Watch | Phase::Barrier => Next::Step,
        }
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        let result = match (self.phase, fed) {
            (_, Fed::Failed(error)) => Err(error),
            (Phase::Begin, _) if active.ended.is_some() => {
                Err(active.refusal().unwrap_or(Error::RoleEnded))
            }
            (Phase::Begin, _) if !active.close_to_writes() => return Step::Wait(Wait::Turn),
            (Phase::Begin, _) if active.journal.has_news() => return Step::Wait(Wait::Commit),
            (Phase::Begin, _) => {
                // From here on nothing is written to the journal: a commit that ends after the
                // role was given up could hit what its next holder has put there.
                active.sealing = true;
                buffers.scratch.reach(PAIR_BYTES);
                self.phase = Phase::Watch;
                return Step::Io;
            }
            (Phase::Watch, _) => match self.write(active, buffers) {
                Ok(()) => return Step::Io,
                Err(error) => Err(error),
            },
            (Phase::Superblock | Phase::Barrier, _) => {
                if let Some((superblock, place)) = self.next.take() {
                    active.superblock = superblock;
                    active.place = place;
                }
                Ok(())
            }
        };
        active.end(result.as_ref().err().cloned().unwrap_or(Error::RoleEnded));
        Step::Done(result)
    }
}
