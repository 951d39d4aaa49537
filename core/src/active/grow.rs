//! Growth of the diff area's medium. A barrier comes behind it before anything relies on it: a power
//! cut could take it back, and leave a record of what lay there.

use super::{Active, Space};
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Step};
use crate::rules::Rule;

const LEAST_STEP: u64 = 4 << 20;
const GREATEST_STEP: u64 = 256 << 20;

/// The machine that makes the diff area larger. That its medium refuses is no error of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grow {
    /// The size to ask for, if it was not said to be what is wanted in good time.
    size: Option<u64>,
    phase: Phase,
    ops: [Op; 1],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Ask,
    /// The medium has this many bytes.
    Settle(u64),
}

/// How much larger the diff area gets at once, in good time.
fn step(space: &Space) -> u64 {
    (space.capacity / 4).clamp(LEAST_STEP, GREATEST_STEP)
}

/// The size it grows to in good time, if its limit allows any growth.
fn target(space: &Space) -> Option<u64> {
    let target = space.capacity.saturating_add(step(space)).min(space.limit);
    (target > space.capacity).then_some(target)
}

/// The size to which a diff area of `capacity` bytes grows when a write waits for it: larger steps
/// are for who grows in good time.
pub(super) fn small_target(capacity: u64, limit: u64) -> u64 {
    capacity.saturating_add(LEAST_STEP).min(limit)
}

impl Grow {
    /// Grows in good time, before a write has to wait for it, if that is wanted.
    #[must_use]
    pub fn ahead() -> Self {
        Self { size: None, phase: Phase::Begin, ops: [Op::Grow { size: 0 }] }
    }

    pub(super) fn to(size: u64) -> Self {
        Self { size: Some(size), ..Self::ahead() }
    }

    fn begin(&mut self, active: &Active) -> Step<()> {
        let Some(size) = self.size.or_else(|| active.growth_ahead()) else {
            return Step::Done(Ok(()));
        };
        self.size = Some(size);
        self.phase = Phase::Ask;
        self.ops = [Op::Grow { size }];
        Step::Io
    }

    fn end(&self, active: &mut Active, bytes: u64) -> Step<()> {
        active.grown_to(bytes, self.size.unwrap_or(0));
        Step::Done(Ok(()))
    }
}

impl Active {
    /// Whether the diff area should grow in good time, before a write has to wait for it.
    #[must_use]
    pub fn wants_growth(&self) -> bool {
        self.growth_ahead().is_some()
    }

    /// The size to which it should.
    fn growth_ahead(&self) -> Option<u64> {
        let space = self.space();
        let free = self.geometry().slot_bytes(self.slots.free().saturating_sub(self.kept_slots()));
        let is_low = free < step(&space) / 2;
        let may = !self.cannot_grow && self.ended.is_none() && self.view.newest().is_some();
        (is_low && may).then(|| target(&space)).flatten()
    }

    /// Notes how large the medium is after it was asked for so much, with a barrier behind that.
    fn grown_to(&mut self, bytes: u64, asked: u64) {
        let before = self.slots.capacity();
        let slots = self.geometry().slots_in(bytes.min(self.superblock.limit));
        self.slots.grow(slots.max(before));
        // Somebody else may have noted the same growth.
        self.cannot_grow = self.slots.capacity() == before && bytes < asked;
    }
}

impl Machine for Grow {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, _: &mut Buffers<'_>) -> Next {
        Next::Step
    }

    fn step(&mut self, active: &mut Active, _: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match (self.phase, fed) {
            (Phase::Begin, _) => self.begin(active),
            (Phase::Ask, Fed::Size(bytes)) if active.rules.keeps(Rule::BarrierBehindGrowth) => {
                self.phase = Phase::Settle(bytes);
                self.ops = [Op::Barrier { medium: Medium::DiffArea }];
                Step::Io
            }
            (Phase::Ask, Fed::Size(bytes)) => self.end(active, bytes),
            (Phase::Ask, _) => self.end(active, 0),
            (Phase::Settle(_), Fed::Failed(error)) => {
                active.end(error);
                Step::Done(Err(error))
            }
            (Phase::Settle(bytes), _) => self.end(active, bytes),
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
        for (capacity, size) in [
            (8 * MIB, Some(12 * MIB)),
            (40 * MIB, Some(50 * MIB)),
            (2048 * MIB, Some(2304 * MIB)),
            (limit - 1, Some(limit)),
            (limit, None),
        ] {
            let space = Space { used: 0, free: 0, limit, capacity, journal: 0 };
            assert_eq!(target(&space), size, "{capacity} bytes");
        }
    }
}
