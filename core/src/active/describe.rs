//! Saying anew what is known of a shadow copy: one record, all or nothing.
//!
//! To say of an unfinished copy that it is finished makes it what it is for ever. So that waits for
//! whoever amends it, and is never taken back.

use super::{Active, Ticket};
use crate::description::Description;
use crate::error::Error;
use crate::format::record::Emitter;
use crate::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
use crate::units::CopyId;

/// The machine that describes a shadow copy anew.
///
/// When it was taken stays as it was, whatever the description says, and its retention can only
/// be made longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Describe {
    copy: CopyId,
    about: Description,
    /// Room for the record was asked for.
    asked: bool,
    ticket: Option<Ticket>,
    /// It keeps others from amending the copy.
    edits: bool,
}

impl Describe {
    /// Says this of the copy from now on.
    #[must_use]
    pub fn new(copy: CopyId, about: Description) -> Self {
        Self { copy, about, asked: false, ticket: None, edits: false }
    }

    fn begin(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<Step<()>, Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        let copy = self.copy;
        let before = &active.view.copy(copy)?.about;
        if self.about.retained_until < before.retained_until {
            return Err(Error::RetentionShortened { copy });
        }
        let edits = before.is_unfinished();
        if !edits && self.about.is_unfinished() {
            return Err(Error::Finished { copy });
        }
        self.about.time = before.time;
        self.about.check()?;
        if edits && active.editing {
            return Ok(Step::Wait(Wait::Turn));
        }
        active.journal.set_aside(&mut active.slots);
        if active.journal.spare().is_none() && !self.asked {
            self.asked = true;
            return Ok(Step::Wait(Wait::Room(1)));
        }
        let about = self.about.borrow();
        let ticket =
            active.append(buffers.checksum, |out| Emitter::described(out, copy, about).end())?;
        self.ticket = Some(ticket);
        self.edits = edits;
        active.editing |= edits;
        Ok(Step::Wait(Wait::Commit))
    }

    fn end(&self, active: &mut Active, result: Result<(), Error>) -> Step<()> {
        active.editing &= !self.edits;
        Step::Done(result)
    }
}

impl Machine for Describe {
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
        match (self.ticket, fed) {
            (None, Fed::Failed(error)) => Step::Done(Err(error)),
            (None, _) => self.begin(active, buffers).unwrap_or_else(|error| Step::Done(Err(error))),
            (Some(ticket), _) if active.committed(ticket).is_none() => match active.refusal() {
                Some(ended) => self.end(active, Err(ended)),
                None => Step::Wait(Wait::Commit),
            },
            (Some(_), _) => self.end(active, Ok(())),
        }
    }
}
