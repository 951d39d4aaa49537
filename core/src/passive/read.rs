//! Reading a shadow copy: R1 to R4.

use alloc::vec::Vec;

use super::{CatchUp, Outcome, Passive};
use crate::error::{Damage, Error};
use crate::format::superblock::JournalId;
use crate::geometry::Geometry;
use crate::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, ReadOp, Span, Step};
use crate::rules::{Rule, Rules};
use crate::table::{Piece, Plan, Source};
use crate::units::{ChunkIndex, CopyId, Extent, SlotIndex};

/// The machine that reads a range of a shadow copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    copy: CopyId,
    time: i64,
    offset: u64,
    length: u64,
    phase: Phase,
    ops: Vec<ReadOp>,
    catch_up: CatchUp,
    geometry: Option<Geometry>,
    /// The journal that the chunks were looked up in. Another read of the node may load the next
    /// one meanwhile; what this one knows of slots is of no use then.
    journal: Option<JournalId>,
    /// The node's version when the chunks were looked up last.
    version: u64,
    /// Whether the copy was in the making then: what was amended in it did not count.
    unfinished: bool,
    plan: Plan,
    /// Chunks whose bytes are from the origin. Invariant 6: their absence from the journal is only
    /// a hint until it is confirmed after the read.
    origin: Vec<Extent>,
    slots: Vec<FromSlots>,
    zeros: Vec<Extent>,
    doubts: Vec<Doubt>,
    redirected: bool,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// R1.
    LookUp,
    /// R2, and R4 for the slots that are known.
    Read,
    /// R3.
    Confirm,
    /// The origin's bytes of a chunk whose slot may not be there yet.
    DoubtOrigin,
    /// Then that slot once more.
    DoubtSlot,
}

/// Neighbouring chunks that come from neighbouring slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FromSlots {
    chunks: Extent,
    first: SlotIndex,
    /// Index of the first one's checksum in the plan.
    sums: usize,
    /// Whole chunks go to the caller's buffer, one of which only a part is wanted to the working
    /// space.
    span: Span,
}

/// A chunk whose slot did not have its record's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Doubt {
    chunk: ChunkIndex,
    slot: SlotIndex,
    sum: u32,
    /// The record was known to be behind a barrier when the slot was read again.
    certain: bool,
}

impl Read {
    /// Reads `length` bytes at `offset` of the copy that was taken at `time`.
    ///
    /// The time tells two copies of one number apart: a passive can see a copy whose record a power
    /// cut then takes back, and whose number goes to another copy.
    #[must_use]
    pub fn new(copy: CopyId, time: i64, offset: u64, length: u64) -> Self {
        Self {
            copy,
            time,
            offset,
            length,
            phase: Phase::LookUp,
            ops: Vec::new(),
            catch_up: CatchUp::new(),
            geometry: None,
            journal: None,
            version: 0,
            unfinished: false,
            plan: Plan::default(),
            origin: Vec::new(),
            slots: Vec::new(),
            zeros: Vec::new(),
            doubts: Vec::new(),
            redirected: false,
            rules: Rules::default(),
        }
    }

    /// Begins to read another range with the memory that the machine has; it must be done.
    pub fn begin(&mut self, copy: CopyId, time: i64, offset: u64, length: u64) {
        self.copy = copy;
        self.time = time;
        self.offset = offset;
        self.length = length;
        self.phase = Phase::LookUp;
        self.redirected = false;
    }

    /// The step that comes when the machine is stepped.
    #[cfg(feature = "sim")]
    pub(crate) fn step_name(&self) -> &'static str {
        match self.phase {
            Phase::LookUp => "R1",
            Phase::Read | Phase::DoubtOrigin | Phase::DoubtSlot | Phase::Confirm => "R3",
        }
    }

    /// Whether it looks into the journal, and not for what it was asked for.
    #[cfg(feature = "sim")]
    pub(crate) fn is_confirming(&self) -> bool {
        self.phase == Phase::Confirm
    }

    /// R1.
    fn look_up(&mut self, passive: &mut Passive, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let geometry = *passive.geometry();
        geometry.check(self.offset, self.length)?;
        passive.check_alive(self.copy, self.time)?;
        self.geometry = Some(geometry);
        self.journal = Some(passive.superblock.journal_id());
        self.version = passive.version;
        self.unfinished = passive.view.is_unfinished(self.copy);
        self.rules = passive.rules;
        self.doubts.clear();
        self.origin.clear();
        self.plan.clear();
        let cover = geometry.cover(self.offset, self.length);
        if !cover.is_empty() {
            passive.view.resolve(self.copy, cover, &mut self.plan);
        }
        self.ask(passive, geometry, buffers);
        Ok(())
    }

    /// Asks for the bytes of the plan's pieces. What is looked at to confirm them is known, too, now.
    fn ask(&mut self, passive: &Passive, geometry: Geometry, buffers: &mut Buffers<'_>) {
        self.phase = Phase::Read;
        self.catch_up.prepare(passive, buffers);
        self.ops.clear();
        self.slots.clear();
        self.zeros.clear();
        let plan = core::mem::take(&mut self.plan);
        let mut scratch = 0;
        for &Piece { chunks, from } in &plan.pieces {
            match from {
                Source::Zeros => self.zeros.push(chunks),
                Source::Origin => {
                    self.origin.push(chunks);
                    let op = self.read_origin(geometry, chunks);
                    self.ops.push(op);
                }
                Source::Slots { first, sums } => {
                    self.ask_slots(
                        geometry,
                        FromSlots { chunks, first, sums, span: Span::user(0, 0) },
                        &mut scratch,
                    );
                }
            }
        }
        self.plan = plan;
        buffers.scratch.reach(scratch);
    }

    fn read_origin(&self, geometry: Geometry, chunks: Extent) -> ReadOp {
        let (start, end) = self.wanted(geometry, chunks);
        let into = Span::user((start - self.offset) as usize, (end - start) as usize);
        ReadOp { medium: Medium::Origin, at: start, into }
    }

    /// Splits off the first and the last chunk if only a part of them is wanted: to check the
    /// checksum takes the whole chunk.
    fn ask_slots(&mut self, geometry: Geometry, mut run: FromSlots, scratch: &mut usize) {
        let whole = |chunk| {
            let extent = Extent { first: ChunkIndex(chunk), count: 1 };
            let (start, end) = self.wanted(geometry, extent);
            end - start == geometry.length_of(extent)
        };
        let head = u64::from(!whole(run.chunks.first.0));
        let tail = u64::from(run.chunks.count > head && !whole(run.chunks.end() - 1));
        let middle = run.chunks.count - head - tail;
        for (count, partial) in [(head, true), (middle, false), (tail, true)] {
            if count == 0 {
                continue;
            }
            let chunks = Extent { first: run.chunks.first, count };
            let len = geometry.length_of(chunks) as usize;
            let span = if partial {
                *scratch += len;
                Span::scratch(*scratch - len, len)
            } else {
                Span::user((geometry.offset_of(chunks.first) - self.offset) as usize, len)
            };
            let at = geometry.slot_offset(run.first);
            self.ops.push(ReadOp { medium: Medium::DiffArea, at, into: span });
            self.slots.push(FromSlots { chunks, span, ..run });
            run.chunks.first = ChunkIndex(chunks.end());
            run.first.0 += count as u32;
            run.sums += count as usize;
        }
    }

    /// The bytes of the volume that are wanted of these chunks, as start and end.
    fn wanted(&self, geometry: Geometry, chunks: Extent) -> (u64, u64) {
        let start = geometry.offset_of(chunks.first);
        let end = start + geometry.length_of(chunks);
        (start.max(self.offset), end.min(self.offset + self.length))
    }

    /// The part of the caller's buffer that is wanted of these chunks.
    fn target(&self, geometry: Geometry, chunks: Extent) -> core::ops::Range<usize> {
        let (start, end) = self.wanted(geometry, chunks);
        (start - self.offset) as usize..(end - self.offset) as usize
    }

    /// Checks what came from slots, chunk by chunk, and puts it in its place.
    fn check_slots(&mut self, geometry: Geometry, buffers: &mut Buffers<'_>) {
        for &chunks in &self.zeros {
            buffers.user[self.target(geometry, chunks)].fill(0);
        }
        for run in &self.slots {
            let mut start = run.span.start;
            for nth in 0..run.chunks.count {
                let chunk = ChunkIndex(run.chunks.first.0 + nth);
                let len = geometry.length_of(Extent { first: chunk, count: 1 }) as usize;
                let bytes = match run.span.buffer {
                    Buffer::User => &buffers.user[start..start + len],
                    Buffer::Scratch => &buffers.scratch[start..start + len],
                };
                let sum = self.plan.sums[run.sums + nth as usize];
                let trusted = !self.rules.keeps(Rule::SlotChecksums);
                if !trusted && buffers.checksum.of(bytes) != sum {
                    let slot = SlotIndex(run.first.0 + nth as u32);
                    self.doubts.push(Doubt { chunk, slot, sum, certain: false });
                }
                start += len;
            }
            if run.span.buffer == Buffer::Scratch {
                self.copy_part(geometry, run.chunks, run.span.start, buffers);
            }
        }
        self.zeros.clear();
        self.slots.clear();
    }

    /// Copies what is wanted of a chunk from the working space.
    fn copy_part(&self, geometry: Geometry, chunk: Extent, from: usize, buffers: &mut Buffers<'_>) {
        let target = self.target(geometry, chunk);
        let (start, _) = self.wanted(geometry, chunk);
        let from = from + (start - geometry.offset_of(chunk.first)) as usize;
        buffers.user[target.clone()].copy_from_slice(&buffers.scratch[from..from + target.len()]);
    }

    /// R3 has confirmed what was read, or brought news.
    fn confirmed(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
    ) -> Result<Step<()>, Error> {
        if self.rules.keeps(Rule::CheckAlive) {
            passive.check_alive(self.copy, self.time)?;
        }
        // It was finished meanwhile: what was amended in it counts from now on.
        let finished = self.unfinished && !passive.view.is_unfinished(self.copy);
        if finished && self.rules.keeps(Rule::AmendedAtOnce) {
            passive.counters.restarts += 1;
            self.look_up(passive, buffers)?;
            return Ok(Step::Io);
        }
        let geometry = *passive.geometry();
        if let Some(doubt) = self.doubts.last().copied() {
            return self.resolve_doubt(passive, geometry, doubt, buffers).map(|()| Step::Io);
        }
        if passive.version != self.version && self.redirect(passive, geometry, buffers) {
            return Ok(Step::Io);
        }
        passive.counters.reads += 1;
        passive.counters.redirected_reads += u64::from(self.redirected);
        Ok(Step::Done(Ok(())))
    }

    /// R4: chunks that were preserved since they were looked up are taken from their slots.
    fn redirect(
        &mut self,
        passive: &mut Passive,
        geometry: Geometry,
        buffers: &mut Buffers<'_>,
    ) -> bool {
        self.plan.clear();
        for &chunks in &self.origin {
            passive.view.resolve(self.copy, chunks, &mut self.plan);
        }
        if self.rules.keeps(Rule::NoteNews) {
            self.version = passive.version;
            // What has no record now was right when it was read.
            self.origin.clear();
        }
        self.plan.pieces.retain(|piece| piece.from != Source::Origin);
        let chunks: u64 = self.plan.pieces.iter().map(|piece| piece.chunks.count).sum();
        passive.counters.redirected_chunks += chunks;
        self.redirected |= chunks > 0;
        self.ask(passive, geometry, buffers);
        chunks > 0
    }

    /// A slot without its record's checksum: if the record may not be behind a barrier yet, read
    /// the origin and then the slot again. If that still fails, the overwrite had not begun, so the
    /// origin's bytes are right. If the record is behind a barrier, the slot must be right now.
    fn resolve_doubt(
        &mut self,
        passive: &Passive,
        geometry: Geometry,
        doubt: Doubt,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Error> {
        let at = geometry.slot_offset(doubt.slot);
        if doubt.certain {
            return Err(Error::Corrupt { what: Damage::Slot, at });
        }
        let chunk = Extent { first: doubt.chunk, count: 1 };
        let len = geometry.length_of(chunk) as usize;
        buffers.scratch.reach(len);
        self.ops.clear();
        if passive.view.is_recent(doubt.chunk, doubt.slot) {
            self.phase = Phase::DoubtOrigin;
            self.ops.push(self.read_origin(geometry, chunk));
        } else {
            if let Some(doubt) = self.doubts.last_mut() {
                doubt.certain = true;
            }
            self.phase = Phase::DoubtSlot;
            self.ops.push(read_slot(geometry, doubt));
        }
        Ok(())
    }

    /// The slot was read again.
    fn judge_doubt(&mut self, geometry: Geometry, buffers: &mut Buffers<'_>) {
        let Some(doubt) = self.doubts.last().copied() else { return };
        let chunk = Extent { first: doubt.chunk, count: 1 };
        let bytes = &buffers.scratch[..geometry.length_of(chunk) as usize];
        let right = buffers.checksum.of(bytes) == doubt.sum;
        if right {
            self.copy_part(geometry, chunk, 0, buffers);
        }
        let decided = !doubt.certain && self.rules.keeps(Rule::DecideDoubts);
        if right || decided {
            self.doubts.pop();
        }
    }

    /// Whether R3 comes behind what was read.
    fn confirms_next(&self) -> bool {
        self.rules.keeps(Rule::ConfirmAbsence) && self.rules.keeps(Rule::ReadBeforeConfirm)
    }

    /// R3 begins.
    fn begin_to_confirm(&mut self) -> Fed {
        self.phase = Phase::Confirm;
        self.catch_up.begin();
        Fed::Again
    }

    fn go_on(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Result<Step<()>, Error> {
        let fed = match (self.phase, fed) {
            (Phase::LookUp, _) => {
                self.look_up(passive, buffers)?;
                if self.rules.keeps(Rule::ReadBeforeConfirm) {
                    return Ok(Step::Io);
                }
                self.begin_to_confirm()
            }
            (Phase::Confirm, fed) => fed,
            (_, Fed::Failed(error)) => return Err(error),
            _ if !self.confirms_next() => return self.confirmed(passive, buffers),
            _ => self.begin_to_confirm(),
        };
        match self.catch_up.step(passive, buffers, fed) {
            Step::Io => Ok(Step::Io),
            Step::Wait(wait) => Ok(Step::Wait(wait)),
            Step::Done(Err(error)) => Err(error),
            Step::Done(Ok(_)) if !self.rules.keeps(Rule::ReadBeforeConfirm) => {
                self.phase = Phase::Read;
                Ok(Step::Io)
            }
            Step::Done(Ok(Outcome::Confirmed))
                if Some(passive.superblock.journal_id()) == self.journal =>
            {
                self.confirmed(passive, buffers)
            }
            Step::Done(Ok(_)) => {
                passive.counters.restarts += 1;
                self.look_up(passive, buffers)?;
                Ok(Step::Io)
            }
        }
    }
}

fn read_slot(geometry: Geometry, doubt: Doubt) -> ReadOp {
    let len = geometry.length_of(Extent { first: doubt.chunk, count: 1 }) as usize;
    let at = geometry.slot_offset(doubt.slot);
    ReadOp { medium: Medium::DiffArea, at, into: Span::scratch(0, len) }
}

impl Machine for Read {
    type Shared = Passive;
    type Output = ();
    type Op = ReadOp;

    fn ops(&self) -> &[ReadOp] {
        if self.phase == Phase::Confirm { self.catch_up.ops() } else { &self.ops }
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let Some(geometry) = self.geometry else { return Next::Step };
        match self.phase {
            Phase::Confirm => return self.catch_up.absorb(buffers),
            Phase::Read => {
                self.check_slots(geometry, buffers);
                if self.confirms_next() && self.catch_up.is_prepared() {
                    self.phase = Phase::Confirm;
                    return Next::Io;
                }
            }
            Phase::DoubtOrigin => {
                let Some(&doubt) = self.doubts.last() else { return Next::Step };
                self.phase = Phase::DoubtSlot;
                self.ops.clear();
                self.ops.push(read_slot(geometry, doubt));
                return Next::Io;
            }
            Phase::DoubtSlot => self.judge_doubt(geometry, buffers),
            Phase::LookUp => {}
        }
        Next::Step
    }

    fn step(&mut self, passive: &mut Passive, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        self.go_on(passive, buffers, fed).unwrap_or_else(|error| Step::Done(Err(error)))
    }
}
