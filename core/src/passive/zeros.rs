//! Where a shadow copy is zeros, without reading them: for whoever copies all of it.
//!
//! A hole of the origin is bytes like any others. First it is looked at, then the journal is caught
//! up with, and what that does not contradict is true: chunks that no record answers for are still
//! the origin's. Of what is in slots nothing is said.

use super::{CatchUp, Passive};
use crate::error::Error;
use crate::machine::{Buffers, Fed, LookOp, Machine, Next, Step};
use crate::rules::Rule;
use crate::units::{ChunkIndex, CopyId};

/// The machine that finds out how many bytes of a shadow copy are zeros, as far as the origin's
/// medium can tell that without reading them. It may say fewer than there are, and none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zeros {
    copy: CopyId,
    time: i64,
    offset: u64,
    phase: Phase,
    ops: [LookOp; 1],
    catch_up: CatchUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    /// The origin is asked for a hole.
    Look,
    /// There was one of so many bytes, and the journal is caught up with.
    Confirm(u64),
}

impl Zeros {
    /// Asks for zeros from byte `offset` on, `most` of them at most, of the copy that was taken at
    /// `time`; see [`Read::new`](super::Read::new).
    #[must_use]
    pub fn new(copy: CopyId, time: i64, offset: u64, most: u64) -> Self {
        Self {
            copy,
            time,
            offset,
            phase: Phase::Begin,
            ops: [LookOp::Zeros { at: offset, most }],
            catch_up: CatchUp::new(),
        }
    }

    fn go_on(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Result<Step<u64>, Error> {
        let (hole, fed) = match (self.phase, fed) {
            (Phase::Begin, _) => {
                self.phase = Phase::Look;
                return Ok(Step::Io);
            }
            (Phase::Confirm(hole), fed) => (hole, fed),
            (Phase::Look, Fed::Failed(error)) => return Err(error),
            (Phase::Look, Fed::Zeros(hole)) if hole > 0 => {
                if !passive.rules.keeps(Rule::ConfirmHoles) {
                    return Ok(Step::Done(Ok(hole)));
                }
                self.phase = Phase::Confirm(hole);
                (hole, Fed::Again)
            }
            (Phase::Look, _) => return Ok(Step::Done(Ok(0))),
        };
        match self.catch_up.step(passive, buffers, fed) {
            Step::Io => {
                self.ops = [LookOp::Read(self.catch_up.only_op())];
                Ok(Step::Io)
            }
            Step::Wait(wait) => Ok(Step::Wait(wait)),
            Step::Done(caught_up) => {
                caught_up?;
                self.confirmed(passive, hole).map(|zeros| Step::Done(Ok(zeros)))
            }
        }
    }

    /// How much of the hole is the copy's, now that the journal was caught up with. A journal that
    /// moved meanwhile says as much: it was read after the origin was.
    fn confirmed(&self, passive: &Passive, hole: u64) -> Result<u64, Error> {
        passive.check_alive(self.copy, self.time)?;
        let geometry = passive.geometry();
        geometry.check(self.offset, hole)?;
        let cover = geometry.cover(self.offset, hole);
        let chunks = passive.view.still_in_origin(self.copy, cover);
        let end = geometry.offset_of(ChunkIndex(chunks.end()));
        Ok(end.saturating_sub(self.offset).min(hole))
    }
}

impl Machine for Zeros {
    type Shared = Passive;
    type Output = u64;
    type Op = LookOp;

    fn ops(&self) -> &[LookOp] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        if !matches!(self.phase, Phase::Confirm(_)) {
            return Next::Step;
        }
        let next = self.catch_up.absorb(buffers);
        self.ops = [LookOp::Read(self.catch_up.only_op())];
        next
    }

    fn step(&mut self, passive: &mut Passive, buffers: &mut Buffers<'_>, fed: Fed) -> Step<u64> {
        self.go_on(passive, buffers, fed).unwrap_or_else(|error| Step::Done(Err(error)))
    }
}
