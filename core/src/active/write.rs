//! Writing and discarding: W1 to W4.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Active, Committed, Ticket};
use crate::error::Error;
use crate::format::checksum::is_zeros;
use crate::format::record::{Emitter, MAX_SETTLED, RunKind};
use crate::geometry::Geometry;
use crate::journal::RunList;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Span, Step, Wait};
use crate::rules::Rule;
use crate::table::Run;
use crate::units::{Content, CopyId, Extent, SlotIndex};

/// The machine that overwrites or discards a range of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    offset: u64,
    length: u64,
    change: Change,
    phase: Phase,
    ops: Vec<Op>,
    /// The volume's, once the machine has begun.
    geometry: Option<Geometry>,
    /// The chunks to preserve, which no other write may touch meanwhile.
    claim: Extent,
    lacking: Vec<Extent>,
    /// What is preserved, and where it goes; each piece fits a window.
    pieces: Vec<Piece>,
    /// The pieces of the present window.
    window: Range<usize>,
    preserved: Preserved,
    /// Why only some of the records were appended: nothing is overwritten.
    failure: Option<Error>,
    /// [`Rule::CommitBeforeOverwrite`] is broken: the commit comes behind the overwrite.
    ahead_of: Option<Ticket>,
}

/// What happens to the bytes of the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Change {
    Overwrite,
    Discard,
    /// None yet: it is preserved ahead of a large discard.
    Ahead,
    /// None: only what is unsettled is preserved, for [`Settle`](super::Settle) to overwrite.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// W1.
    LookUp,
    /// W2: the window's old bytes are being read.
    ReadOld,
    /// W2: and written to their slots.
    WriteSlots,
    /// W3.
    Commit(Ticket),
    /// W4. Invariant 1: it takes proof of the commit.
    Overwrite(Committed),
}

/// Neighbouring chunks that go to neighbouring slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Piece {
    chunks: Extent,
    slot: SlotIndex,
}

/// What the old bytes were found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Preserved {
    copy: Option<CopyId>,
    runs: RunList,
    sums: Vec<u32>,
    /// Slots that were taken for chunks of zeros.
    spared: Vec<(SlotIndex, u32)>,
    chunks: u64,
    zeros: u64,
}

impl Write {
    /// Overwrites `length` bytes at `offset` with the caller's bytes.
    #[must_use]
    pub fn new(offset: u64, length: u64) -> Self {
        Self::of(offset, length, Change::Overwrite)
    }

    /// Turns `length` bytes at `offset` into zeros and gives back their space.
    #[must_use]
    pub fn discard(offset: u64, length: u64) -> Self {
        Self::of(offset, length, Change::Discard)
    }

    /// W1 to W3 alone, for a large discard that comes behind. It would ask at once for room for all
    /// that it may have to preserve; in pieces, zeros give theirs back for the next one.
    #[must_use]
    pub fn ahead(offset: u64, length: u64) -> Self {
        Self::of(offset, length, Change::Ahead)
    }

    /// W1 to W3 alone, for the unsettled chunks of the range.
    pub(super) fn preserve(offset: u64, length: u64) -> Self {
        Self::of(offset, length, Change::None)
    }

    fn of(offset: u64, length: u64, change: Change) -> Self {
        Self {
            offset,
            length,
            change,
            phase: Phase::LookUp,
            ops: Vec::new(),
            geometry: None,
            claim: Extent::new(0, 0),
            lacking: Vec::new(),
            pieces: Vec::new(),
            window: 0..0,
            preserved: Preserved::default(),
            failure: None,
            ahead_of: None,
        }
    }

    /// Begins an overwrite of another range with the memory that the machine has; it must be done.
    pub fn begin(&mut self, offset: u64, length: u64) {
        self.offset = offset;
        self.length = length;
        self.change = Change::Overwrite;
        self.phase = Phase::LookUp;
        self.window = 0..0;
        self.pieces.clear();
        self.preserved.clear();
        self.failure = None;
        self.ahead_of = None;
    }

    /// The step that comes when the machine is stepped.
    #[cfg(feature = "sim")]
    pub(crate) fn step_name(&self) -> &'static str {
        match self.phase {
            Phase::LookUp => "W1",
            Phase::ReadOld => "W2",
            Phase::WriteSlots | Phase::Commit(_) => "W3",
            Phase::Overwrite(_) => "W4",
        }
    }

    fn look_up(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        if let Some(ended) = active.refusal() {
            return Step::Done(Err(ended));
        }
        if let Err(error) = active.geometry().check(self.offset, self.length) {
            return Step::Done(Err(error));
        }
        if self.length == 0 {
            return Step::Done(Ok(()));
        }
        if active.flights.is_held() {
            return Step::Wait(Wait::Turn);
        }
        let cover = active.geometry().cover(self.offset, self.length);
        self.lacking.clear();
        self.preserved.copy = active.view.newest();
        let reverting = active.view.reverting().is_some();
        if reverting && let Some(unsettled) = self.look_up_unsettled(active, cover) {
            return Step::Wait(Wait::Settle(unsettled));
        }
        if let Some(newest) = self.preserved.copy
            && self.change != Change::None
        {
            if cover.count > 1 {
                active.view.table().lacking(newest, cover, &mut self.lacking);
            } else if !active.is_preserved(newest, cover.first) {
                self.lacking.push(cover);
            }
        }
        let (Some(first), Some(last)) = (self.lacking.first(), self.lacking.last()) else {
            active.flights.enter();
            return self.overwrite(active, Committed::before());
        };
        let claim = Extent { first: first.first, count: last.end() - first.first.0 };
        if active.flights.is_claimed(claim) {
            return Step::Wait(Wait::Turn);
        }
        let needed = u32::try_from(self.lacking.iter().map(|run| run.count).sum::<u64>());
        let needed = needed.unwrap_or(u32::MAX);
        // The records need room too.
        let kinds = 1 + u32::from(reverting);
        let records = kinds * active.geometry().slots_for_records(needed);
        let kept = active.kept_slots().saturating_add(records);
        if !active.slots.reserve(needed, kept) {
            return Step::Wait(Wait::Room(needed.saturating_add(records)));
        }
        active.flights.enter();
        active.flights.claim(claim);
        self.claim = claim;
        self.take_slots(active);
        active.watch_space();
        let geometry = *active.geometry();
        self.geometry = Some(geometry);
        self.read_window(geometry, buffers);
        Step::Io
    }

    /// While a revert is under way: the chunks that have to be settled first, from the first to the
    /// last. If nothing comes of it but preserving, what they lack is looked up instead.
    fn look_up_unsettled(&mut self, active: &Active, cover: Extent) -> Option<Extent> {
        let mut unsettled = Vec::new();
        active.view.unsettled(cover, u64::MAX, &mut unsettled);
        if self.change == Change::None {
            if let Some(newest) = self.preserved.copy
                && active.rules.keeps(Rule::PreserveBeforeSettle)
            {
                for &run in &unsettled {
                    active.view.table().lacking(newest, run, &mut self.lacking);
                }
            }
            return None;
        }
        let (first, last) = (unsettled.first()?.first, unsettled.last()?.end());
        let settles = active.rules.keeps(Rule::SettleBeforeOverwrite);
        settles.then(|| Extent { first, count: last - first.0 })
    }

    fn take_slots(&mut self, active: &mut Active) {
        let most = active.geometry().chunks_at_once();
        for run in &self.lacking {
            let mut first = run.first.0;
            while first < run.end() {
                let want = (run.end() - first).min(most) as u32;
                let Some((slot, count)) = active.slots.take(want) else { return };
                self.pieces.push(Piece { chunks: Extent::new(first, u64::from(count)), slot });
                first += u64::from(count);
            }
        }
    }

    /// W2: asks for the old bytes of the pieces that fit the next window.
    fn read_window(&mut self, geometry: Geometry, buffers: &mut Buffers<'_>) {
        let start = self.window.end;
        let most = geometry.chunks_at_once() * geometry.chunk.bytes();
        let mut bytes = 0;
        let mut end = start;
        self.ops.clear();
        for piece in &self.pieces[start..] {
            let len = geometry.length_of(piece.chunks);
            if bytes + len > most {
                break;
            }
            let at = geometry.offset_of(piece.chunks.first);
            match self.ops.last_mut() {
                Some(Op::Read(ReadOp { at: before, into, .. }))
                    if *before + into.len as u64 == at =>
                {
                    into.len += len as usize;
                }
                _ => self.ops.push(Op::Read(ReadOp {
                    medium: Medium::Origin,
                    at,
                    into: Span::scratch(bytes as usize, len as usize),
                })),
            }
            bytes += len;
            end += 1;
        }
        self.window = start..end;
        self.phase = Phase::ReadOld;
        buffers.scratch.reach(bytes as usize);
    }

    /// W2: finds out what the window's old bytes are, and asks for those that are not zeros to be
    /// written to their slots.
    fn digest_window(&mut self, geometry: Geometry, buffers: &Buffers<'_>) {
        let chunk = geometry.chunk.bytes();
        self.ops.clear();
        let mut start = 0;
        for piece in &self.pieces[self.window.clone()] {
            let len = geometry.length_of(piece.chunks) as usize;
            let old = &buffers.scratch[start..start + len];
            let mut first = 0;
            for (zeros, count) in stretches(old, chunk as usize) {
                let from = first * chunk as usize;
                let bytes = &old[from..len.min(from + count * chunk as usize)];
                let chunks = Extent::new(piece.chunks.first.0 + first as u64, count as u64);
                let slot = SlotIndex(piece.slot.0 + first as u32);
                if zeros {
                    self.preserved.spare(chunks, slot);
                } else {
                    self.preserved.keep(chunks, slot, bytes.chunks(chunk as usize), buffers);
                    push_write(
                        &mut self.ops,
                        geometry.slot_offset(slot),
                        start + from,
                        bytes.len(),
                    );
                }
                first += count;
            }
            start += len;
        }
        self.phase = Phase::WriteSlots;
    }

    /// W3: appends the records, and waits until they are behind a barrier.
    ///
    /// If the journal runs out of room between two records, the first ones stay: they are true, and
    /// their slots are in use.
    fn append(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        self.mark(active, buffers)?;
        let (done, appended) =
            active.append_runs(buffers.checksum, RunKind::Preserved, &self.preserved.runs);
        let ticket = match appended {
            Err(error) if done == 0 => return Err(error),
            Err(error) => {
                self.failure = Some(error);
                active.issue()
            }
            Ok(ticket) => ticket,
        };
        for (run, _) in self.preserved.runs.iter().skip(done) {
            if let Content::Slot(slot) = run.content {
                active.give_back(slot, run.chunks.count as u32);
            }
        }
        for &(slot, count) in &self.preserved.spared {
            active.give_back(slot, count);
        }
        active.counters.preserved_chunks += self.preserved.chunks;
        active.counters.zero_chunks += self.preserved.zeros;
        self.phase = Phase::Commit(ticket);
        Ok(())
    }

    /// While a revert is under way, what no record answered for until now is in the origin; with
    /// the record that is appended next it would look unsettled, and the revert undo the write.
    fn mark(&self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        if self.change == Change::None || !active.rules.keeps(Rule::MarkBeforePreserve) {
            return Ok(());
        }
        let mut unmarked = Vec::new();
        self.lacking.iter().for_each(|&run| active.view.unmarked(run, &mut unmarked));
        for extents in unmarked.chunks(MAX_SETTLED) {
            active.append(buffers.checksum, |out| Emitter::settled(out, extents).end())?;
        }
        Ok(())
    }

    fn await_commit(&mut self, active: &mut Active, ticket: Ticket) -> Step<()> {
        if let Some(committed) = active.committed(ticket) {
            active.flights.unclaim(self.claim);
            if let Some(failure) = self.failure.take() {
                active.flights.leave();
                return Step::Done(Err(failure));
            }
            // The next write to it need not look it up.
            if let Some(copy) = self.preserved.copy
                && self.claim.count == 1
            {
                active.known.0.note(copy, self.claim.first);
            }
            return self.overwrite(active, committed);
        }
        if let Some(ended) = active.refusal() {
            active.flights.unclaim(self.claim);
            active.flights.leave();
            return Step::Done(Err(ended));
        }
        Step::Wait(Wait::Commit)
    }

    /// W4.
    fn overwrite(&mut self, active: &mut Active, committed: Committed) -> Step<()> {
        self.phase = Phase::Overwrite(committed);
        self.ops.clear();
        self.ops.push(match self.change {
            Change::Ahead | Change::None => {
                active.flights.leave();
                return Step::Done(Ok(()));
            }
            Change::Overwrite => {
                active.counters.written_bytes += self.length;
                let from = Span::user(0, self.length as usize);
                Op::Write { medium: Medium::Origin, at: self.offset, from }
            }
            Change::Discard => Op::Punch { at: self.offset, len: self.length },
        });
        active.counters.writes += 1;
        Step::Io
    }

    /// Undoes what was begun before the records were appended: nothing on media names the slots.
    fn give_up(&mut self, active: &mut Active, error: Error) -> Step<()> {
        for piece in &self.pieces {
            active.give_back(piece.slot, piece.chunks.count as u32);
        }
        active.flights.unclaim(self.claim);
        active.flights.leave();
        Step::Done(Err(error))
    }
}

impl Machine for Write {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let Some(geometry) = self.geometry else { return Next::Step };
        if self.phase == Phase::ReadOld {
            self.digest_window(geometry, buffers);
            if !self.ops.is_empty() {
                return Next::Io;
            }
        }
        if self.phase == Phase::WriteSlots && self.window.end < self.pieces.len() {
            self.read_window(geometry, buffers);
            return Next::Io;
        }
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match (self.phase, fed) {
            (Phase::LookUp, Fed::Failed(_)) if !active.rules.keeps(Rule::FullFails) => {
                active.flights.enter();
                self.overwrite(active, Committed::before())
            }
            (Phase::LookUp, Fed::Failed(error)) => Step::Done(Err(error)),
            (Phase::LookUp, _) => self.look_up(active, buffers),
            (Phase::ReadOld | Phase::WriteSlots, Fed::Failed(error)) => self.give_up(active, error),
            (Phase::ReadOld | Phase::WriteSlots, _) => match self.append(active, buffers) {
                Ok(()) => self.step(active, buffers, Fed::Again),
                Err(error) => self.give_up(active, error),
            },
            (Phase::Commit(ticket), _)
                if !active.rules.keeps(Rule::CommitBeforeOverwrite)
                    && self.ahead_of.is_none()
                    && matches!(self.change, Change::Overwrite | Change::Discard) =>
            {
                self.ahead_of = Some(ticket);
                self.overwrite(active, Committed::before())
            }
            (Phase::Commit(ticket), _) => self.await_commit(active, ticket),
            (Phase::Overwrite(_), Fed::Done | Fed::Again)
                if let Some(ticket) = self.ahead_of
                    && active.ended.is_none() =>
            {
                if active.committed(ticket).is_none() {
                    return Step::Wait(Wait::Commit);
                }
                active.flights.unclaim(self.claim);
                active.flights.leave();
                Step::Done(Ok(()))
            }
            (Phase::Overwrite(_), fed) => {
                active.flights.leave();
                Step::Done(match fed {
                    Fed::Failed(error) => Err(error),
                    _ => Ok(()),
                })
            }
        }
    }
}

impl Preserved {
    fn clear(&mut self) {
        self.copy = None;
        self.runs.clear();
        self.sums.clear();
        self.spared.clear();
        self.chunks = 0;
        self.zeros = 0;
    }

    fn keep<'a>(
        &mut self,
        chunks: Extent,
        slot: SlotIndex,
        bytes: impl Iterator<Item = &'a [u8]>,
        buffers: &Buffers<'_>,
    ) {
        self.sums.clear();
        self.sums.extend(bytes.map(|chunk| buffers.checksum.of(chunk)));
        self.push(chunks, Content::Slot(slot));
    }

    fn spare(&mut self, chunks: Extent, slot: SlotIndex) {
        self.sums.clear();
        self.spared.push((slot, chunks.count as u32));
        self.zeros += chunks.count;
        self.push(chunks, Content::Zeros);
    }

    fn push(&mut self, chunks: Extent, content: Content) {
        self.chunks += chunks.count;
        if let Some(copy) = self.copy {
            self.runs.push(Run { chunks, copy, content }, &self.sums);
        }
    }
}

/// Maximal stretches of chunks that are all zeros, or all not, with their numbers of chunks.
fn stretches(bytes: &[u8], chunk: usize) -> impl Iterator<Item = (bool, usize)> {
    let mut kinds = bytes.chunks(chunk).map(is_zeros).peekable();
    core::iter::from_fn(move || {
        let kind = kinds.next()?;
        let mut count = 1;
        while kinds.next_if_eq(&kind).is_some() {
            count += 1;
        }
        Some((kind, count))
    })
}

/// Asks for a write to the diff area, together with the one before if they are neighbours.
fn push_write(ops: &mut Vec<Op>, at: u64, start: usize, len: usize) {
    match ops.last_mut() {
        // What lies between two pieces in the working space has slots of its own.
        Some(Op::Write { at: before, from, .. }) if *before + from.len as u64 == at => {
            debug_assert_eq!(from.start + from.len, start, "neighbours on the medium");
            from.len += len;
        }
        _ => ops.push(Op::Write { medium: Medium::DiffArea, at, from: Span::scratch(start, len) }),
    }
}
