//! Taking a shadow copy.
//!
//! 1. Put a barrier on the origin while writes go on, so that little is left to do in the hold.
//! 2. Hold: new writes wait; wait for those under way (invariant 5).
//! 3. Put a barrier on the origin: in durable mode, writes from before the instant could otherwise
//!    still be lost by a power cut, which would change the copy.
//! 4. Append the `created` record, wait for its barrier, release the writes.
//!
//! A gated creation waits before 2, and before 4; see [`Gate`].

use super::{Active, Gate, Ticket};
use crate::description::Description;
use crate::error::Error;
use crate::format::record::Emitter;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Step, Wait};
use crate::rules::Rule;
use crate::units::CopyId;

/// The machine that takes a shadow copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Create {
    about: Description,
    phase: Phase,
    /// It has asked for room for its record.
    asked: bool,
    flush: bool,
    gate: Option<Gate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    FlushAhead,
    /// Before the hold.
    FirstGate,
    Hold,
    Drain,
    Flush,
    /// In the hold.
    SecondGate,
    Commit(CopyId, Ticket),
}

const FLUSH: [Op; 1] = [Op::Barrier { medium: Medium::Origin }];

impl Create {
    /// A copy of which this is known.
    #[must_use]
    pub fn new(about: Description) -> Self {
        Self { about, phase: Phase::Begin, asked: false, flush: true, gate: None }
    }

    /// A copy that stops on the way, as often as the gate says.
    #[must_use]
    pub fn gated(about: Description, gate: Gate) -> Self {
        Self { gate: Some(gate), ..Self::new(about) }
    }

    fn begin(&mut self, active: &mut Active, refused: Option<Error>) -> Step<CopyId> {
        if let Some(ended) = active.refusal() {
            return self.end_free(active, ended);
        }
        if let Err(error) = self.about.check().and_then(|()| active.check_not_reverting()) {
            return self.end_free(active, error);
        }
        active.journal.set_aside(&mut active.slots);
        if !active.has_room_for_copy() {
            // Without copies nothing more can be asked of anybody.
            if let Some(refused) = refused.or_else(|| self.is_hopeless(active)) {
                return self.end_free(active, refused);
            }
            self.asked = true;
            return Step::Wait(Wait::Room(1));
        }
        self.phase = Phase::FlushAhead;
        self.flush = active.rules.keeps(Rule::FlushBeforeCreate);
        Step::Io
    }

    fn is_hopeless(&self, active: &Active) -> Option<Error> {
        let hopeless = self.asked && active.view.newest().is_none();
        hopeless.then(|| active.full(active.geometry().segment_bytes()))
    }

    fn append(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        let copy = CopyId::new(active.view.next_copy()).ok_or(Error::CopiesExhausted)?;
        let about = self.about.borrow();
        let ticket =
            active.append(buffers.checksum, |out| Emitter::created(out, copy, about).end())?;
        self.phase = Phase::Commit(copy, ticket);
        Ok(())
    }

    /// Waits at a gate, or goes straight on without one.
    fn pause(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
        phase: Phase,
    ) -> Step<CopyId> {
        self.phase = phase;
        match self.gate {
            Some(_) => Step::Wait(Wait::Gate),
            None => self.step(active, buffers, Fed::Again),
        }
    }

    /// The end of a creation that holds no writes, not any more or not yet.
    fn end_free(&self, active: &mut Active, error: Error) -> Step<CopyId> {
        active.leave(self.gate);
        Step::Done(Err(error))
    }

    fn end(&self, active: &mut Active, result: Result<CopyId, Error>) -> Step<CopyId> {
        active.leave(self.gate);
        if active.rules.keeps(Rule::ReleaseAlways) {
            active.flights.release();
        }
        Step::Done(result)
    }
}

impl Active {
    /// A record that stays takes none of the room that the journal's next generation needs: the
    /// volume must open again however full the diff area is.
    fn has_room_for_copy(&self) -> bool {
        let next = self.journal.slots() + 8;
        let is_free = self.slots.free() > next.min(self.kept_slots());
        self.journal.spare().is_some() && (is_free || self.view.newest().is_none())
    }
}

impl Machine for Create {
    type Shared = Active;
    type Output = CopyId;
    type Op = Op;

    fn ops(&self) -> &[Op] {
        if self.flush { &FLUSH } else { &[] }
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<CopyId> {
        if !active.may_pass(self.gate) {
            if let (Phase::FlushAhead | Phase::Flush, Fed::Failed(error)) = (self.phase, fed) {
                active.end(error);
            }
            return Step::Done(Err(Error::CreationCancelled));
        }
        match (self.phase, fed) {
            // What there is may be enough all the same.
            (Phase::Begin, Fed::Failed(error)) => self.begin(active, Some(error)),
            (Phase::Begin, _) => self.begin(active, None),
            (Phase::FlushAhead, Fed::Failed(error)) => {
                active.end(error);
                self.end_free(active, error)
            }
            (Phase::FlushAhead, _) => self.pause(active, buffers, Phase::FirstGate),
            (Phase::FirstGate, Fed::Failed(error)) => self.end_free(active, error),
            (Phase::FirstGate | Phase::Hold, _) => {
                if let Some(ended) = active.refusal() {
                    return self.end_free(active, ended);
                }
                self.phase = Phase::Hold;
                // One hold at a time: the copy after this one has an instant of its own.
                if active.flights.is_held() {
                    return Step::Wait(Wait::Turn);
                }
                if let Err(error) = active.check_not_reverting() {
                    return self.end_free(active, error);
                }
                active.hold_for(self.gate);
                self.phase = Phase::Drain;
                self.step(active, buffers, Fed::Again)
            }
            (Phase::Drain, _)
                if !active.flights.is_drained() && active.rules.keeps(Rule::DrainBeforeCreate) =>
            {
                Step::Wait(Wait::Turn)
            }
            (Phase::Drain, _) => {
                self.phase = Phase::Flush;
                Step::Io
            }
            // Nothing is known about writes that were acknowledged, and a second barrier would
            // prove nothing about them.
            (Phase::Flush, Fed::Failed(error)) => {
                active.end(error);
                self.end(active, Err(error))
            }
            (Phase::Flush, _) => self.pause(active, buffers, Phase::SecondGate),
            (Phase::SecondGate, Fed::Failed(error)) => self.end(active, Err(error)),
            (Phase::SecondGate, _) => {
                active.commit_for(self.gate);
                match self.append(active, buffers) {
                    Ok(()) => self.step(active, buffers, Fed::Again),
                    Err(error) => self.end(active, Err(error)),
                }
            }
            (Phase::Commit(copy, ticket), _) => {
                if active.committed(ticket).is_some() {
                    self.end(active, Ok(copy))
                } else if let Some(ended) = active.refusal() {
                    self.end(active, Err(ended))
                } else {
                    Step::Wait(Wait::Commit)
                }
            }
        }
    }
}
