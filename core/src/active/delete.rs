//! Deleting shadow copies: one record, and no data moves.

use alloc::vec::Vec;

use super::{Active, Ticket};
use crate::error::Error;
use crate::format::record::{Emitter, MAX_DELETED, Reason};
use crate::journal::Sweep;
use crate::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
use crate::rules::Rule;
use crate::units::CopyId;

/// The machine that deletes shadow copies, all or none when they fit one record.
///
/// Passives learn of it when they next catch up: a read under way ends in [`Error::Gone`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delete {
    copies: Vec<CopyId>,
    now: i64,
    ticket: Option<Ticket>,
}

impl Delete {
    /// Deletes these copies, unless one is retained at `now`, in nanoseconds since 1970 (UTC).
    #[must_use]
    pub fn new(copies: Vec<CopyId>, now: i64) -> Self {
        Self { copies, now, ticket: None }
    }

    fn begin(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        for &copy in &self.copies {
            let about = &active.view.copy(copy)?.about;
            if active.is_reverting_to(copy) {
                return Err(Error::Reverting { copy });
            }
            if about.is_retained(self.now) {
                return Err(Error::Retained { copy, until: about.retained_until });
            }
        }
        self.ticket = active.delete(&self.copies, Reason::Request, buffers)?;
        Ok(())
    }
}

impl Active {
    /// Appends `deleted` records; no ticket when there is nothing to delete.
    pub(super) fn delete(
        &mut self,
        copies: &[CopyId],
        reason: Reason,
        buffers: &Buffers<'_>,
    ) -> Result<Option<Ticket>, Error> {
        let mut last = None;
        for copies in copies.chunks(MAX_DELETED) {
            last = Some(
                self.append(buffers.checksum, |out| Emitter::deleted(out, reason, copies).end())?,
            );
        }
        if !self.rules.keeps(Rule::FreeBeforeReuse) {
            self.view.forget(copies);
            self.sweep = Some(Sweep::all());
        }
        Ok(last)
    }
}

impl Machine for Delete {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &[]
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, _: Fed) -> Step<()> {
        if self.ticket.is_none()
            && let Err(error) = self.begin(active, buffers)
        {
            return Step::Done(Err(error));
        }
        match self.ticket {
            Some(ticket) if active.committed(ticket).is_none() => {
                active.refusal().map_or(Step::Wait(Wait::Commit), |ended| Step::Done(Err(ended)))
            }
            _ => Step::Done(Ok(())),
        }
    }
}
