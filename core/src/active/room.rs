//! Room for old bytes, in this order:
//!
//! 1. Sweep: slots that no copy needs any more.
//! 2. Grow by a small step, which is quickly done.
//! 3. Write the journal anew, which takes milliseconds, if much of it is needless. If that is under way
//!    already, wait for it.
//! 4. Grow by no more than is needed: the medium has refused a step, and may have that.
//! 5. Do what the policy says: let the oldest copy go, and begin again; or fail.
//!
//! What comes first costs writers the least, and a copy goes only when nothing else gives room. One
//! machine does this at a time: the others wait for it, and look first whether what it has found is
//! enough for them, too.

use alloc::boxed::Box;

use super::{Active, Compact, Event, Grow, Ticket, grow};
use crate::error::Error;
use crate::format::record::Reason;
use crate::journal::CopyInfo;
use crate::machine::{Buffers, Fed, Machine, Next, Op, Step, Wait};
use crate::rules::Rule;
use crate::units::CopyId;

/// Entries of the table that are swept before others have their turn.
const SLICE_ENTRIES: usize = 1024;

/// The machine that finds room for slots, or ends in [`Error::DiffAreaFull`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MakeRoom {
    needed: u32,
    /// Nanoseconds since 1970 (UTC): who is retained then stays.
    now: i64,
    ask: Ask,
    /// The journal was written anew since the last copy went, or could not be.
    has_compacted: bool,
    phase: Phase,
}

/// What the medium is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Step,
    /// It has refused a step: what is needed.
    Least,
    /// It has refused that, too.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Look,
    Grow(Grow),
    Compact(Box<Compact>),
    Drop(Ticket),
}

impl MakeRoom {
    /// Finds room for this many slots. A copy that is retained at `now`, in nanoseconds since 1970
    /// (UTC), is never dropped for it.
    #[must_use]
    pub fn new(needed: u32, now: i64) -> Self {
        Self { needed, now, ask: Ask::Step, has_compacted: false, phase: Phase::Begin }
    }

    fn look(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        self.phase = Phase::Look;
        if let Some(ended) = active.refusal() {
            return Self::end(active, Err(ended));
        }
        if active.sweep.is_some() && !self.is_found(active) {
            active.sweep(SLICE_ENTRIES);
        }
        if self.is_found(active) {
            return Self::end(active, Ok(()));
        }
        if active.sweep.is_some() {
            return Step::Wait(Wait::Yield);
        }
        if active.rules.keeps(Rule::DropLast)
            && let Some(step) = self.give_without_loss(active, buffers)
        {
            return step;
        }
        // No copy is left to preserve anything for: a write needs no room any more.
        if active.view.newest().is_none() {
            return Self::end(active, Ok(()));
        }
        if active.drops_oldest()
            && let Some(copy) = self.oldest(active)
        {
            return self.drop_copy(copy, active, buffers);
        }
        // A request that is larger than what is left fails before little is left.
        active.warn_of_low_space();
        let error = active.full(active.geometry().slot_bytes(self.needed));
        Self::end(active, Err(error))
    }

    /// The slots are there.
    fn is_found(&self, active: &Active) -> bool {
        let free = active.slots.free().saturating_sub(active.kept_slots());
        free >= self.needed
    }

    /// Begins the next of what may give room and costs no copy.
    fn give_without_loss(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
    ) -> Option<Step<()>> {
        let growth = self.growth(active);
        if self.ask != Ask::Step || growth.is_none() {
            if active.is_compacting() {
                return Some(Step::Wait(Wait::Turn));
            }
            if active.could_shrink() && !self.has_compacted {
                self.has_compacted = true;
                self.phase = Phase::Compact(Box::new(Compact::within_room()));
                return Some(self.step(active, buffers, Fed::Again));
            }
        }
        self.phase = Phase::Grow(Grow::to(growth?));
        Some(self.step(active, buffers, Fed::Again))
    }

    /// The size to which the medium has to grow, if that is allowed and enough.
    fn growth(&self, active: &Active) -> Option<u64> {
        let bytes = |slots| active.geometry().slot_bytes(slots);
        let (capacity, limit) = (bytes(active.slots.capacity()), active.superblock.limit);
        let lacking = bytes(self.needed).saturating_add(bytes(active.kept_slots()));
        let least = capacity.saturating_add(lacking.saturating_sub(bytes(active.slots.free())));
        if least > limit {
            return None;
        }
        match self.ask {
            Ask::Step => Some(least.max(grow::small_target(capacity, limit))),
            Ask::Least => Some(least),
            Ask::Nothing => None,
        }
    }

    /// The oldest copy that may go.
    fn oldest(&self, active: &Active) -> Option<CopyId> {
        let mut copies = active.view.copies();
        let stays =
            |info: &CopyInfo| info.about.is_retained(self.now) || active.is_reverting_to(info.id);
        copies.find(|info| !stays(info)).map(|info| info.id)
    }

    fn drop_copy(&mut self, copy: CopyId, active: &mut Active, buffers: &Buffers<'_>) -> Step<()> {
        let copies = alloc::vec![copy];
        match active.delete(&copies, Reason::Space, buffers) {
            Ok(Some(ticket)) => {
                active.events.push(Event::Dropped { copies });
                self.has_compacted = false;
                self.phase = Phase::Drop(ticket);
                Step::Wait(Wait::Commit)
            }
            Ok(None) => Self::end(active, Ok(())),
            Err(error) => Self::end(active, Err(error)),
        }
    }

    /// Notes whether the medium was larger before it was asked to grow.
    fn note_growth(&mut self, active: &mut Active, before: u32) {
        if active.slots.capacity() > before {
            return;
        }
        self.ask = match self.ask {
            Ask::Step => {
                active.cannot_grow = false;
                Ask::Least
            }
            Ask::Least | Ask::Nothing => Ask::Nothing,
        };
    }

    fn end(active: &mut Active, result: Result<(), Error>) -> Step<()> {
        active.making_room = false;
        Step::Done(result)
    }
}

impl Machine for MakeRoom {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        match &self.phase {
            Phase::Grow(grow) => grow.ops(),
            Phase::Compact(compact) => compact.ops(),
            Phase::Begin | Phase::Look | Phase::Drop(_) => &[],
        }
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        match &mut self.phase {
            Phase::Grow(grow) => grow.absorb(buffers),
            Phase::Compact(compact) => compact.absorb(buffers),
            Phase::Begin | Phase::Look | Phase::Drop(_) => Next::Step,
        }
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        let step = match &mut self.phase {
            Phase::Begin if active.making_room => Step::Wait(Wait::Turn),
            Phase::Begin => {
                active.making_room = true;
                active.cannot_grow = false;
                Step::Done(Ok(()))
            }
            Phase::Look => Step::Done(Ok(())),
            Phase::Grow(grow) => {
                let before = active.slots.capacity();
                let step = grow.step(active, buffers, fed);
                if let Step::Done(_) = step {
                    self.note_growth(active, before);
                }
                step
            }
            Phase::Compact(compact) => compact.step(active, buffers, fed),
            Phase::Drop(ticket) if active.committed(*ticket).is_some() => Step::Done(Ok(())),
            Phase::Drop(_) => {
                active.refusal().map_or(Step::Wait(Wait::Commit), |ended| Step::Done(Err(ended)))
            }
        };
        match step {
            Step::Done(Err(error)) if active.ended.is_some() => Self::end(active, Err(error)),
            // A compaction that found too little room for itself has given none.
            Step::Done(_) => self.look(active, buffers),
            step => step,
        }
    }
}
