//! Amending a shadow copy in the making: its maker puts other bytes in the place of those it was
//! taken with.
//!
//! 1. Look up whether the copy is unfinished, and the chunks were never amended. Each can be once: a
//!    journal may be written anew at any time, so that no record is the last one that speaks of it.
//! 2. Write the bytes to slots. Chunks of zeros take none.
//! 3. Append `amended` records, and wait for their barrier.
//!
//! The origin is not touched. Nobody sees anything of it before [`Describe`](super::Describe) calls
//! the copy finished; a crash before that leaves the copy as it was taken.

use alloc::vec::Vec;

use super::{Active, Ticket};
use crate::error::Error;
use crate::format::checksum::{Checksum, is_zeros};
use crate::format::record::RunKind;
use crate::geometry::Geometry;
use crate::journal::RunList;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Span, Step, Wait};
use crate::rules::Rule;
use crate::table::Run;
use crate::units::{ChunkSize, Content, CopyId, Extent, SlotIndex};

/// The machine that amends neighbouring chunks of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Amend {
    copy: CopyId,
    offset: u64,
    length: u64,
    /// A checksum for each chunk; none for one of zeros.
    sums: Vec<Option<u32>>,
    phase: Phase,
    ops: Vec<Op>,
    runs: RunList,
    /// Why only some of the records were appended.
    failure: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    LookUp,
    WriteSlots,
    Commit(Ticket),
}

impl Amend {
    /// From byte `offset` on the copy holds `bytes`, which the driver keeps as the caller's. They are
    /// whole chunks of this size, but for the volume's last one, which is as short as that is.
    #[must_use]
    pub fn new(
        copy: CopyId,
        offset: u64,
        bytes: &[u8],
        chunk: ChunkSize,
        checksum: Checksum,
    ) -> Self {
        let sum = |chunk: &[u8]| (!is_zeros(chunk)).then(|| checksum.of(chunk));
        Self {
            copy,
            offset,
            length: bytes.len() as u64,
            sums: bytes.chunks(chunk.bytes() as usize).map(sum).collect(),
            phase: Phase::LookUp,
            ops: Vec::new(),
            runs: RunList::default(),
            failure: None,
        }
    }

    /// From byte `offset` on the copy holds so many zeros, whole chunks likewise.
    #[must_use]
    pub fn zeros(copy: CopyId, offset: u64, length: u64, chunk: ChunkSize) -> Self {
        let chunks = length.div_ceil(chunk.bytes()) as usize;
        let nothing = Self::new(copy, offset, &[], chunk, Checksum::PORTABLE);
        Self { length, sums: alloc::vec![None; chunks], ..nothing }
    }

    fn look_up(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<Step<()>, Error> {
        if let Some(ended) = active.refusal() {
            return Err(ended);
        }
        let copy = self.copy;
        let chunks = self.check(active)?;
        if self.length == 0 {
            return Ok(Step::Done(Ok(())));
        }
        if active.flights.is_held() || active.editing {
            return Ok(Step::Wait(Wait::Turn));
        }
        if active.view.amended().first_of(copy, chunks).is_some() {
            return Err(Error::Amended { copy });
        }
        let needed = self.sums.iter().flatten().count() as u32;
        // The records need room too.
        let records = active.geometry().slots_for_records(needed);
        let kept = active.kept_slots().saturating_add(records);
        if !active.slots.reserve(needed, kept) {
            return Ok(Step::Wait(Wait::Room(needed.saturating_add(records))));
        }
        // Whoever takes the role from here must know that slots are being written.
        active.flights.enter();
        active.editing = true;
        self.take_slots(active, chunks);
        active.watch_space();
        self.phase = Phase::WriteSlots;
        Ok(if self.ops.is_empty() { self.append(active, buffers) } else { Step::Io })
    }

    /// The chunks, if the copy may be amended there.
    fn check(&self, active: &Active) -> Result<Extent, Error> {
        let &Self { copy, offset, length, .. } = self;
        let geometry = active.geometry();
        geometry.check(offset, length)?;
        let chunk = geometry.chunk.bytes();
        let is_edge = |byte: u64| byte.is_multiple_of(chunk) || byte == geometry.size;
        if !is_edge(offset) || !is_edge(offset + length) {
            return Err(Error::PartialChunk { offset, length });
        }
        let is_finished = !active.view.copy(copy)?.about.is_unfinished();
        if is_finished && active.rules.keeps(Rule::FinishedForEver) {
            return Err(Error::Finished { copy });
        }
        Ok(geometry.cover(offset, length))
    }

    /// Gives each chunk that is not zeros a slot, and asks for it to be written there.
    fn take_slots(&mut self, active: &mut Active, chunks: Extent) {
        let (geometry, copy) = (*active.geometry(), self.copy);
        let sums = core::mem::take(&mut self.sums);
        let mut first = chunks.first.0;
        for same in sums.chunk_by(|left, right| left.is_some() == right.is_some()) {
            let chunks = Extent::new(first, same.len() as u64);
            first = chunks.end();
            let sums: Vec<u32> = same.iter().copied().flatten().collect();
            if sums.is_empty() {
                self.runs.push(Run { chunks, copy, content: Content::Zeros }, &[]);
            }
            let (mut first, mut rest) = (chunks.first.0, &sums[..]);
            while let Some((slot, count)) = active.slots.take(rest.len() as u32) {
                let chunks = Extent::new(first, count.into());
                let (sums, others) = rest.split_at(count as usize);
                self.runs.push(Run { chunks, copy, content: Content::Slot(slot) }, sums);
                self.ops.push(self.write(geometry, chunks, slot));
                (first, rest) = (chunks.end(), others);
            }
        }
    }

    fn write(&self, geometry: Geometry, chunks: Extent, slot: SlotIndex) -> Op {
        let start = (geometry.offset_of(chunks.first) - self.offset) as usize;
        let from = Span::user(start, geometry.length_of(chunks) as usize);
        Op::Write { medium: Medium::DiffArea, at: geometry.slot_offset(slot), from }
    }

    fn append(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Step<()> {
        // Nothing is said of a copy that was deleted meanwhile.
        if let Err(error) = active.view.copy(self.copy) {
            return self.give_up(active, error);
        }
        let (done, appended) = active.append_runs(buffers.checksum, RunKind::Amended, &self.runs);
        let ticket = match appended {
            Err(error) if done == 0 => return self.give_up(active, error),
            Err(error) => {
                self.failure = Some(error);
                active.issue()
            }
            Ok(ticket) => ticket,
        };
        self.release_from(done, active);
        self.phase = Phase::Commit(ticket);
        if !active.rules.keeps(Rule::AmendBeforeFinish) {
            return self.end(active, Ok(()));
        }
        self.await_commit(active, ticket)
    }

    fn await_commit(&mut self, active: &mut Active, ticket: Ticket) -> Step<()> {
        if active.committed(ticket).is_some() {
            let result = self.failure.take().map_or(Ok(()), Err);
            return self.end(active, result);
        }
        match active.refusal() {
            Some(ended) => self.end(active, Err(ended)),
            None => Step::Wait(Wait::Commit),
        }
    }

    /// Undoes what was begun before the records were appended: nothing on media names the slots.
    fn give_up(&self, active: &mut Active, error: Error) -> Step<()> {
        self.release_from(0, active);
        self.end(active, Err(error))
    }

    /// Gives back the slots of the runs from this one on.
    fn release_from(&self, nth: usize, active: &mut Active) {
        for (run, _) in self.runs.iter().skip(nth) {
            if let Content::Slot(slot) = run.content {
                active.give_back(slot, run.chunks.count as u32);
            }
        }
    }

    fn end(&self, active: &mut Active, result: Result<(), Error>) -> Step<()> {
        active.editing = false;
        active.flights.leave();
        Step::Done(result)
    }
}

impl Machine for Amend {
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
            (Phase::LookUp, Fed::Failed(error)) => Step::Done(Err(error)),
            (Phase::LookUp, _) => {
                self.look_up(active, buffers).unwrap_or_else(|error| Step::Done(Err(error)))
            }
            (Phase::WriteSlots, Fed::Failed(error)) => self.give_up(active, error),
            (Phase::WriteSlots, _) => self.append(active, buffers),
            (Phase::Commit(ticket), _) => self.await_commit(active, ticket),
        }
    }
}
