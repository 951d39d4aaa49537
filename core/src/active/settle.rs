//! Settling: the origin gets the bytes of the copy that the volume is being reverted to.
//!
//! 1. What the newest copy lacks of the chunks is preserved, as before any overwrite (W1 to W3).
//! 2. Read the copy's bytes from their slots, and write them to the origin.
//! 3. Put a barrier on the origin. Until then the slots are the only place where they are safe.
//! 4. Append a `settled` record, and wait for its barrier.
//!
//! A crash in any step leaves the chunks unsettled, and the next attempt does the same again: nobody
//! but a [`Settle`] writes to an unsettled chunk, and whoever wants to write to one waits for it
//! first. Once nothing is unsettled the `reverted` record ends the revert.

use alloc::vec::Vec;

use super::{Active, Ticket, Write};
use crate::error::{Damage, Error};
use crate::format::record::Emitter;
use crate::geometry::Geometry;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Span, Step, Wait};
use crate::rules::{Rule, Rules};
use crate::table::{Piece, Plan, Source};
use crate::units::{CopyId, Extent};

/// Bytes that are settled at once; they need one barrier of the origin and two of the journal.
const WINDOW_BYTES: u64 = 4 << 20;
/// Windows of the volume over which they may be spread.
const SPREAD: u64 = 64;

/// What a [`Settle`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settled {
    /// Chunks whose bytes were brought to the origin.
    pub chunks: u64,
    /// There may be more; if not, the revert is over.
    pub more: bool,
}

/// The machine that settles some chunks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settle {
    /// Where to look for unsettled chunks; anywhere if not given.
    within: Option<Extent>,
    phase: Phase,
    /// Room for the journal was asked for.
    asked: bool,
    preserve: Write,
    /// From the first chunk to the last: no write may preserve any of them meanwhile.
    claim: Extent,
    parts: Vec<Extent>,
    plan: Plan,
    ops: Vec<Op>,
    geometry: Option<Geometry>,
    damage: Option<Error>,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Preserve,
    Claim,
    Read,
    Write,
    Barrier,
    Commit(Ticket),
    /// The record of the revert's end was appended.
    End(Ticket),
}

impl Settle {
    /// The next chunks, wherever they are; if there are none, the revert's end.
    #[must_use]
    pub fn new() -> Self {
        Self::of(None)
    }

    /// Some of these chunks.
    #[must_use]
    pub fn within(extent: Extent) -> Self {
        Self::of(Some(extent))
    }

    fn of(within: Option<Extent>) -> Self {
        Self {
            within,
            phase: Phase::Begin,
            asked: false,
            preserve: Write::preserve(0, 0),
            claim: Extent::new(0, 0),
            parts: Vec::new(),
            plan: Plan::default(),
            ops: Vec::new(),
            geometry: None,
            damage: None,
            rules: Rules::default(),
        }
    }

    fn begin(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
    ) -> Result<Step<Settled>, Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        if active.view.reverting().is_none() {
            return Ok(nothing(false));
        }
        let geometry = *active.geometry();
        let extent = self.within.unwrap_or(Extent::new(0, geometry.chunks()));
        let most = (WINDOW_BYTES >> geometry.chunk.shift()).max(1);
        self.look_up(active, extent, most);
        let (Some(first), Some(last)) = (self.parts.first(), self.parts.last()) else {
            return if self.within.is_none() {
                self.finish(active, buffers)
            } else {
                Ok(nothing(true))
            };
        };
        let first = first.first.0;
        let end = last.end().min(first + most * SPREAD);
        self.claim = Extent::new(first, end - first);
        self.geometry = Some(geometry);
        self.rules = active.rules;
        let offset = geometry.offset_of(self.claim.first);
        self.preserve = Write::preserve(offset, geometry.length_of(self.claim));
        self.phase = Phase::Preserve;
        Ok(self.preserve(active, buffers, Fed::Again))
    }

    /// Finds unsettled chunks, `most` of them if there are so many.
    fn look_up(&mut self, active: &Active, extent: Extent, most: u64) {
        self.parts.clear();
        active.view.unsettled(extent, most, &mut self.parts);
        // Without the last one there were too few, so something is left of it.
        let found: u64 = self.parts.iter().map(|part| part.count).sum();
        if let Some(last) = self.parts.last_mut() {
            last.count -= found.saturating_sub(most);
        }
    }

    fn preserve(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Step<Settled> {
        match self.preserve.step(active, buffers, fed) {
            Step::Io => Step::Io,
            Step::Wait(wait) => Step::Wait(wait),
            Step::Done(Err(error)) => Step::Done(Err(error)),
            Step::Done(Ok(())) => {
                self.phase = Phase::Claim;
                self.claim(active, buffers, None).unwrap_or_else(|error| Step::Done(Err(error)))
            }
        }
    }

    fn claim(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
        refused: Option<Error>,
    ) -> Result<Step<Settled>, Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        if active.flights.is_held() || active.flights.is_claimed(self.claim) {
            return Ok(Step::Wait(Wait::Turn));
        }
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
        // Others may have settled some of them since.
        self.look_up(active, self.claim, u64::MAX);
        let Some(copy) = active.view.reverting().filter(|_| !self.parts.is_empty()) else {
            return Ok(nothing(true));
        };
        active.flights.enter();
        active.flights.claim(self.claim);
        self.read(active, copy, buffers);
        Ok(Step::Io)
    }

    /// Asks for the copy's bytes.
    fn read(&mut self, active: &Active, copy: CopyId, buffers: &mut Buffers<'_>) {
        let geometry = *active.geometry();
        self.plan.clear();
        for &part in &self.parts {
            active.view.resolve(copy, part, &mut self.plan);
        }
        self.phase = Phase::Read;
        self.ops.clear();
        let mut start = 0;
        for &Piece { chunks, from } in &self.plan.pieces {
            let len = geometry.length_of(chunks) as usize;
            if let Source::Slots { first, .. } = from {
                let at = geometry.slot_offset(first);
                let into = Span::scratch(start, len);
                self.ops.push(Op::Read(ReadOp { medium: Medium::DiffArea, at, into }));
                start += len;
            }
        }
        buffers.scratch.reach(start);
    }

    /// Checks the bytes, and asks for them to be written to the origin.
    fn write(&mut self, geometry: Geometry, buffers: &Buffers<'_>) {
        let chunk = geometry.chunk.bytes() as usize;
        self.ops.clear();
        let mut start = 0;
        for &Piece { chunks, from } in &self.plan.pieces {
            let (at, length) = (geometry.offset_of(chunks.first), geometry.length_of(chunks));
            let Source::Slots { first, sums } = from else {
                self.ops.push(Op::Punch { at, len: length });
                continue;
            };
            let span = Span::scratch(start, length as usize);
            start += span.len;
            let bytes = buffers.scratch[span.range()].chunks(chunk);
            for ((bytes, sum), nth) in bytes.zip(&self.plan.sums[sums..]).zip(0..) {
                if buffers.checksum.of(bytes) != *sum {
                    let at = geometry.slot_offset(first) + geometry.slot_bytes(nth);
                    self.damage = Some(Error::Corrupt { what: Damage::Slot, at });
                    return;
                }
            }
            match self.ops.last_mut() {
                Some(Op::Write { at: before, from, .. }) if *before + from.len as u64 == at => {
                    from.len += span.len;
                }
                _ => self.ops.push(Op::Write { medium: Medium::Origin, at, from: span }),
            }
        }
        self.phase = Phase::Write;
    }

    /// All before the end of what was settled now is settled, if nothing before it was found.
    fn settled(&self, active: &Active) -> Extent {
        let first = match (self.within, active.view.first_unmarked()) {
            (None, Some(first)) => first.min(self.claim.first.0),
            _ => self.claim.first.0,
        };
        Extent::new(first, self.claim.end() - first)
    }

    fn append(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Step<Settled> {
        let settled = [self.settled(active)];
        match active.append(buffers.checksum, |out| Emitter::settled(out, &settled).end()) {
            Ok(ticket) => {
                self.phase = Phase::Commit(ticket);
                self.await_commit(active, ticket)
            }
            Err(error) => self.end(active, Err(error)),
        }
    }

    fn await_commit(&self, active: &mut Active, ticket: Ticket) -> Step<Settled> {
        if active.committed(ticket).is_some() {
            let chunks = self.parts.iter().map(|part| part.count).sum();
            return self.end(active, Ok(Settled { chunks, more: true }));
        }
        match active.refusal() {
            Some(ended) => self.end(active, Err(ended)),
            None => Step::Wait(Wait::Commit),
        }
    }

    fn end(&self, active: &mut Active, result: Result<Settled, Error>) -> Step<Settled> {
        active.flights.unclaim(self.claim);
        active.flights.leave();
        Step::Done(result)
    }

    /// Nothing is unsettled, nor ever will be.
    fn finish(
        &mut self,
        active: &mut Active,
        buffers: &Buffers<'_>,
    ) -> Result<Step<Settled>, Error> {
        let ticket = active.append(buffers.checksum, |out| Emitter::reverted(out).end())?;
        self.phase = Phase::End(ticket);
        Ok(Step::Wait(Wait::Commit))
    }
}

fn nothing(more: bool) -> Step<Settled> {
    Step::Done(Ok(Settled { chunks: 0, more }))
}

impl Default for Settle {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Settle {
    type Shared = Active;
    type Output = Settled;
    type Op = Op;

    fn ops(&self) -> &[Op] {
        if self.phase == Phase::Preserve { self.preserve.ops() } else { &self.ops }
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let Some(geometry) = self.geometry else { return Next::Step };
        match self.phase {
            Phase::Preserve => return self.preserve.absorb(buffers),
            Phase::Read => {
                self.write(geometry, buffers);
                if self.damage.is_none() {
                    return Next::Io;
                }
            }
            Phase::Write if self.rules.keeps(Rule::BarrierBeforeSettled) => {
                self.phase = Phase::Barrier;
                self.ops.clear();
                self.ops.push(Op::Barrier { medium: Medium::Origin });
                return Next::Io;
            }
            _ => {}
        }
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<Settled> {
        match (self.phase, fed) {
            (Phase::Begin, _) => {
                self.begin(active, buffers).unwrap_or_else(|error| Step::Done(Err(error)))
            }
            (Phase::Preserve, fed) => self.preserve(active, buffers, fed),
            (Phase::Claim, fed) => {
                let refused = if let Fed::Failed(error) = fed { Some(error) } else { None };
                self.claim(active, buffers, refused).unwrap_or_else(|error| Step::Done(Err(error)))
            }
            (Phase::Read | Phase::Write, Fed::Failed(error)) => self.end(active, Err(error)),
            // Nothing is known about what was written since the last barrier.
            (Phase::Barrier, Fed::Failed(error)) => {
                active.end(error);
                self.end(active, Err(error))
            }
            (Phase::Read | Phase::Write | Phase::Barrier, _) => match self.damage.take() {
                Some(damage) => self.end(active, Err(damage)),
                None => self.append(active, buffers),
            },
            (Phase::Commit(ticket), _) => self.await_commit(active, ticket),
            (Phase::End(ticket), _) if active.committed(ticket).is_none() => {
                active.refusal().map_or(Step::Wait(Wait::Commit), |ended| Step::Done(Err(ended)))
            }
            (Phase::End(_), _) => nothing(false),
        }
    }
}
