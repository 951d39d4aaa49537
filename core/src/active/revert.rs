//! Beginning a revert: the volume becomes a shadow copy, at once and wherever its bytes are.
//!
//! 1. Hold: new writes wait; wait for those under way. One of them could otherwise overwrite a chunk
//!    of the origin that is unsettled from then on: it would be acknowledged, and not be seen.
//! 2. Wait until nothing appended is without its barrier: a deletion of the copy may be among that.
//! 3. Append the `reverting` record, wait for its barrier, release the writes.
//!
//! No barrier on the origin is needed, unlike for a creation. Chunks without a record for the copy
//! were not written since it was taken, and its creation has put a barrier behind them. All others
//! are in slots, and what the origin holds of them is the volume's no more.
//!
//! [`Settle`](super::Settle) does the rest.

use super::{Active, Ticket};
use crate::error::Error;
use crate::format::record::Emitter;
use crate::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
use crate::rules::Rule;
use crate::units::CopyId;

/// The machine that begins a revert; if that one is under way already, it does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revert {
    copy: CopyId,
    phase: Phase,
    /// It has asked for room for its record.
    asked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Drain,
    Commit(Ticket),
}

impl Revert {
    /// The volume is this copy from now on.
    #[must_use]
    pub fn new(copy: CopyId) -> Self {
        Self { copy, phase: Phase::Begin, asked: false }
    }

    fn begin(
        &mut self,
        active: &mut Active,
        buffers: &Buffers<'_>,
        refused: Option<Error>,
    ) -> Result<Step<()>, Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        if active.view.copy(self.copy)?.about.is_unfinished() {
            return Err(Error::Unfinished { copy: self.copy });
        }
        if active.reverting() == Some(self.copy) {
            return Ok(Step::Done(Ok(())));
        }
        active.check_not_reverting()?;
        active.journal.set_aside(&mut active.slots);
        if active.journal.spare().is_none() {
            if let Some(refused) = refused {
                return Err(refused);
            }
            if self.asked {
                return Err(active.full(active.geometry().segment_bytes()));
            }
            self.asked = true;
            return Ok(Step::Wait(Wait::Room(1)));
        }
        // One hold at a time: each instant is its own.
        if active.flights.is_held() {
            return Ok(Step::Wait(Wait::Turn));
        }
        active.flights.hold();
        self.phase = Phase::Drain;
        Ok(self.append(active, buffers))
    }

    fn append(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Step<()> {
        if let Some(ended) = active.refusal() {
            return end(active, Err(ended));
        }
        if !active.flights.is_drained() && active.rules.keeps(Rule::DrainBeforeRevert) {
            return Step::Wait(Wait::Turn);
        }
        if active.committed < active.appended && active.rules.keeps(Rule::DrainBeforeRevert) {
            return Step::Wait(Wait::Commit);
        }
        if let Err(error) = active.view.copy(self.copy) {
            return end(active, Err(error));
        }
        let copy = self.copy;
        match active.append(buffers.checksum, |out| Emitter::reverting(out, copy).end()) {
            Ok(ticket) => {
                active.reverting_to = Some(copy);
                self.phase = Phase::Commit(ticket);
                Step::Wait(Wait::Commit)
            }
            Err(error) => end(active, Err(error)),
        }
    }
}

fn end(active: &mut Active, result: Result<(), Error>) -> Step<()> {
    active.flights.release();
    Step::Done(result)
}

impl Machine for Revert {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &[]
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match (self.phase, fed) {
            // What there is may be enough all the same.
            (Phase::Begin, Fed::Failed(error)) => self.begin(active, buffers, Some(error)),
            (Phase::Begin, _) => self.begin(active, buffers, None),
            (Phase::Drain, _) => Ok(self.append(active, buffers)),
            (Phase::Commit(ticket), _) => Ok(if active.committed(ticket).is_some() {
                end(active, Ok(()))
            } else if let Some(ended) = active.refusal() {
                end(active, Err(ended))
            } else {
                Step::Wait(Wait::Commit)
            }),
        }
        .unwrap_or_else(|error| Step::Done(Err(error)))
    }
}
