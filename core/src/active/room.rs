//! Room for old bytes: first slots that no copy needs, then growth, then what the policy says.

use super::{Active, Event, Space, Ticket};
use crate::error::Error;
use crate::format::record::Reason;
use crate::journal::CopyInfo;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Step, Wait};
use crate::units::CopyId;

/// Entries of the table that are looked at between two looks at the free slots.
const SLICE_ENTRIES: usize = 16 << 10;
const LEAST_STEP: u64 = 4 << 20;
const GREATEST_STEP: u64 = 256 << 20;

/// The machine that finds room for slots, or ends in [`Error::DiffAreaFull`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MakeRoom {
    needed: u32,
    /// Nanoseconds since 1970 (UTC): who is retained then stays.
    now: i64,
    /// The medium has no room for a whole step: ask for no more than is needed.
    modest: bool,
    phase: Phase,
    ops: [Op; 1],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Look,
    Grow,
    /// The medium has this many bytes now. A barrier comes behind the growth before anything relies
    /// on it: a power cut could take it back, and leave a record of what lay there.
    Settle(u64),
    Drop(Ticket),
}

/// How much larger the diff area gets at once.
pub(super) fn growth_step(space: &Space) -> u64 {
    (space.capacity / 4).clamp(LEAST_STEP, GREATEST_STEP)
}

/// The size it grows to next, if its limit allows any growth.
pub(super) fn growth_target(space: &Space) -> Option<u64> {
    target(space, growth_step(space))
}

/// The size it grows to when a write waits for it: larger steps are for who grows in good time.
pub(super) fn small_target(space: &Space) -> Option<u64> {
    target(space, LEAST_STEP)
}

fn target(space: &Space, step: u64) -> Option<u64> {
    let target = space.capacity.saturating_add(step).min(space.limit);
    (target > space.capacity).then_some(target)
}

impl MakeRoom {
    /// Finds room for this many slots. A copy that is retained at `now`, in nanoseconds since 1970
    /// (UTC), is never dropped for it.
    #[must_use]
    pub fn new(needed: u32, now: i64) -> Self {
        Self { needed, now, modest: false, phase: Phase::Begin, ops: [Op::Grow { size: 0 }] }
    }

    fn look(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Step<()> {
        if let Some(ended) = active.refusal() {
            return self.end(active, Err(ended));
        }
        if self.is_found(active) {
            return self.end(active, Ok(()));
        }
        while active.sweep.is_some() {
            active.sweep(SLICE_ENTRIES);
            if self.is_found(active) {
                return self.end(active, Ok(()));
            }
        }
        if let Some(size) = self.growth(active) {
            self.phase = Phase::Grow;
            self.ops = [Op::Grow { size }];
            return Step::Io;
        }
        // No copy is left to preserve anything for: a write needs no room any more.
        if active.view.newest().is_none() {
            return self.end(active, Ok(()));
        }
        if active.drops_oldest()
            && let Some(copy) = self.oldest(active)
        {
            return self.drop_copy(copy, active, buffers);
        }
        // A request that is larger than what is left fails before little is left.
        active.warn_of_low_space();
        let error = active.full(active.geometry().slot_bytes(self.needed));
        self.end(active, Err(error))
    }

    /// The slots are there.
    fn is_found(&self, active: &Active) -> bool {
        let free = active.slots.free().saturating_sub(active.kept_slots());
        free >= self.needed
    }

    fn growth(&self, active: &Active) -> Option<u64> {
        if active.cannot_grow {
            return None;
        }
        let space = active.space();
        let kept = active.geometry().slot_bytes(active.kept_slots());
        let lacking = active.geometry().slot_bytes(self.needed).saturating_add(kept);
        let free = active.geometry().slot_bytes(active.slots.free());
        let least = space.capacity.saturating_add(lacking.saturating_sub(free));
        if least > space.limit {
            return None;
        }
        let target = small_target(&space)?;
        Some(if self.modest { least } else { target.max(least) })
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
                self.phase = Phase::Drop(ticket);
                Step::Wait(Wait::Commit)
            }
            Ok(None) => self.end(active, Ok(())),
            Err(error) => self.end(active, Err(error)),
        }
    }

    fn end(&self, active: &mut Active, result: Result<(), Error>) -> Step<()> {
        active.making_room = false;
        Step::Done(result)
    }
}

impl Machine for MakeRoom {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match (self.phase, fed) {
            (Phase::Begin, _) if active.making_room => Step::Wait(Wait::Turn),
            (Phase::Begin, _) => {
                active.making_room = true;
                active.cannot_grow = false;
                self.phase = Phase::Look;
                self.look(active, buffers)
            }
            (Phase::Grow, Fed::Size(bytes)) => {
                self.phase = Phase::Settle(bytes);
                self.ops = [Op::Barrier { medium: Medium::DiffArea }];
                Step::Io
            }
            (Phase::Settle(_), Fed::Failed(error)) => {
                active.end(error);
                self.end(active, Err(error))
            }
            (Phase::Grow | Phase::Settle(_), _) => {
                let bytes = if let Phase::Settle(bytes) = self.phase { bytes } else { 0 };
                active.grown_to(bytes);
                if active.cannot_grow && !self.modest {
                    self.modest = true;
                    active.cannot_grow = false;
                }
                self.phase = Phase::Look;
                self.look(active, buffers)
            }
            (Phase::Look, _) => self.look(active, buffers),
            (Phase::Drop(ticket), _) if active.committed(ticket).is_none() => {
                if let Some(ended) = active.refusal() {
                    return self.end(active, Err(ended));
                }
                Step::Wait(Wait::Commit)
            }
            (Phase::Drop(_), _) => {
                self.phase = Phase::Look;
                self.look(active, buffers)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_step_is_a_quarter_within_bounds_and_the_limit() {
        let limit = 4096 * MIB;
        for (capacity, target) in [
            (8 * MIB, Some(12 * MIB)),
            (40 * MIB, Some(50 * MIB)),
            (2048 * MIB, Some(2304 * MIB)),
            (limit - 1, Some(limit)),
            (limit, None),
        ] {
            let space = Space { used: 0, free: 0, limit, capacity, journal: 0 };
            assert_eq!(growth_target(&space), target, "{capacity} bytes");
        }
    }
}
