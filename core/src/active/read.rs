//! Reading the volume while it is being reverted: what is unsettled is in slots, all else in the
//! origin.
//!
//! 1. Look up which chunks are unsettled.
//! 2. Read them from the slots of the copy, and the others from the origin.
//! 3. Look whether the same revert is still under way. If so, its copy was alive all the time, and
//!    so were its slots; if not, begin again.
//!
//! What was settled stays so. Hence a chunk that was read from the origin was rightly so, and one that
//! was read from its slot was not written before the read began.

use alloc::vec::Vec;

use super::Active;
use crate::error::{Damage, Error};
use crate::geometry::Geometry;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Span, Step};
use crate::table::{Piece, Plan, Source};
use crate::units::CopyId;

/// Bytes that are read at once while a revert is under way.
const WINDOW_BYTES: u64 = 1 << 20;

/// The machine that reads a range of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    offset: u64,
    length: u64,
    /// The bytes before are in the caller's buffer.
    at: u64,
    /// Where the present window ends.
    end: u64,
    phase: Phase,
    geometry: Option<Geometry>,
    plan: Plan,
    ops: Vec<Op>,
    damage: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    LookUp,
    /// Bytes are being read, with this revert under way.
    Read(Option<CopyId>),
}

impl Read {
    /// Reads `length` bytes at `offset`.
    #[must_use]
    pub fn new(offset: u64, length: u64) -> Self {
        Self {
            offset,
            length,
            at: offset,
            end: offset,
            phase: Phase::LookUp,
            geometry: None,
            plan: Plan::default(),
            ops: Vec::new(),
            damage: None,
        }
    }

    fn look_up(&mut self, active: &Active, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let geometry = *active.geometry();
        geometry.check(self.offset, self.length)?;
        let reverting = active.view.reverting();
        self.geometry = Some(geometry);
        self.phase = Phase::Read(reverting);
        self.ops.clear();
        self.plan.clear();
        self.end = self.offset + self.length;
        if let Some(copy) = reverting {
            let window = WINDOW_BYTES.max(geometry.chunk.bytes());
            self.end = self.end.min((self.at / window + 1) * window);
            let mut unsettled = Vec::new();
            let cover = geometry.cover(self.at, self.end - self.at);
            active.view.unsettled(cover, u64::MAX, &mut unsettled);
            for part in unsettled {
                active.view.resolve(copy, part, &mut self.plan);
            }
        }
        self.ask(geometry, buffers);
        Ok(())
    }

    /// Asks for the slots of the plan, and for what is between its pieces in the origin.
    fn ask(&mut self, geometry: Geometry, buffers: &mut Buffers<'_>) {
        let (mut at, mut scratch) = (self.at, 0);
        for &Piece { chunks, from } in &self.plan.pieces {
            let start = geometry.offset_of(chunks.first);
            if at < start {
                self.ops.push(self.read_origin(at, start));
            }
            at = start + geometry.length_of(chunks);
            if let Source::Slots { first, .. } = from {
                let len = geometry.length_of(chunks) as usize;
                let (at, into) = (geometry.slot_offset(first), Span::scratch(scratch, len));
                self.ops.push(Op::Read(ReadOp { medium: Medium::DiffArea, at, into }));
                scratch += len;
            }
        }
        if at < self.end {
            self.ops.push(self.read_origin(at, self.end));
        }
        buffers.scratch.reach(scratch);
    }

    fn read_origin(&self, start: u64, end: u64) -> Op {
        let into = Span::user((start - self.offset) as usize, (end - start) as usize);
        Op::Read(ReadOp { medium: Medium::Origin, at: start, into })
    }

    /// Checks what came from slots, and puts it in its place.
    fn place(&mut self, geometry: Geometry, buffers: &mut Buffers<'_>) {
        let chunk = geometry.chunk.bytes();
        let mut scratch = 0;
        for &Piece { chunks, from } in &self.plan.pieces {
            let start = geometry.offset_of(chunks.first);
            let (from_byte, to_byte) =
                (start.max(self.at), (start + geometry.length_of(chunks)).min(self.end));
            let target = (from_byte - self.offset) as usize..(to_byte - self.offset) as usize;
            let Source::Slots { first, sums } = from else {
                buffers.user[target].fill(0);
                continue;
            };
            let len = geometry.length_of(chunks) as usize;
            let bytes = &buffers.scratch[scratch..scratch + len];
            let damaged = bytes
                .chunks(chunk as usize)
                .zip(&self.plan.sums[sums..])
                .position(|(bytes, sum)| buffers.checksum.of(bytes) != *sum);
            if let Some(nth) = damaged {
                let at = geometry.slot_offset(first) + nth as u64 * chunk;
                self.damage = Some(Error::Corrupt { what: Damage::Slot, at });
            }
            let skipped = (from_byte - start) as usize;
            buffers.user[target.clone()].copy_from_slice(&bytes[skipped..][..target.len()]);
            scratch += len;
        }
    }
}

impl Machine for Read {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        if let Some(geometry) = self.geometry {
            self.place(geometry, buffers);
        }
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        if let Fed::Failed(error) = fed {
            return Step::Done(Err(error));
        }
        if self.phase == Phase::Read(active.view.reverting()) {
            if let Some(damage) = self.damage.take() {
                return Step::Done(Err(damage));
            }
            self.at = self.end;
            if self.at == self.offset + self.length {
                return Step::Done(Ok(()));
            }
        }
        self.damage = None;
        match self.look_up(active, buffers) {
            Ok(()) => Step::Io,
            Err(error) => Step::Done(Err(error)),
        }
    }
}
