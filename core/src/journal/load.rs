//! Reads the journal in force from its start.
//!
//! 1. Read both superblocks; the newest names the journal.
//! 2. Follow the journal to its end. If a record further on proves that the end is none, follow it
//!    once more.
//! 3. Read both superblocks again. If the generation is the same, that end was the truth, or, if a
//!    record further on still proves otherwise, a record was damaged. If not, the journal moved
//!    away meanwhile: begin again.

use alloc::vec::Vec;

use crate::error::{Damage, Error};
use crate::format::checksum::Checksum;
use crate::format::record::{Context, MAX_BYTES};
use crate::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Place, Superblock};
use crate::journal::{News, Tail, Trust, View};
use crate::machine::{Buffers, Fed, Machine, Medium, Next, ReadOp, Span, Step};
use crate::units::{Segment, Sequence};

/// Bytes that are read at once.
const READ_BYTES: usize = 256 << 10;

/// The machine that reads a journal from its start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Load {
    trust: Trust,
    phase: Phase,
    ops: [ReadOp; 1],
    loaded: Option<Loaded>,
    /// Where the journal seemed to end when a record further on proved otherwise.
    ended_at: Option<Sequence>,
    /// It ended there twice: if the journal has not moved away, a record was damaged.
    damage: Option<Error>,
    /// What was torn when the superblocks were read last.
    torn: Option<u32>,
    failed: Option<Error>,
}

/// A journal that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Loaded {
    /// The superblock in force.
    pub superblock: Superblock,
    /// Where it is.
    pub place: Place,
    /// Where the journal ended.
    pub tail: Tail,
    /// What it says.
    pub view: View,
    /// The segments it lies in.
    pub segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Superblocks,
    Journal,
    Ahead,
    Confirm,
    Ended,
}

/// The read that brings both superblocks, into the working space at `start`.
#[must_use]
pub(crate) const fn read_pair(start: usize) -> ReadOp {
    ReadOp { medium: Medium::DiffArea, at: PAIR_OFFSET, into: Span::scratch(start, PAIR_BYTES) }
}

/// What a read of both superblocks brought; `None` asks for it once more.
///
/// The two places were read one after the other, so if one of them was being rewritten just then,
/// the other one may have been left long before, or be in rewriting itself. What two reads in a row
/// have brought is the truth. `torn` keeps the checksum of a read in which a place did not verify;
/// each of them but the last has seen the active write, so nobody reads for ever alone.
pub(crate) fn unless_torn<T>(
    (found, is_torn): (T, bool),
    pair: &[u8],
    checksum: Checksum,
    torn: &mut Option<u32>,
) -> Option<T> {
    let sum = is_torn.then(|| checksum.of(pair));
    let before = core::mem::replace(torn, sum);
    (sum.is_none() || sum == before).then_some(found)
}

fn survey(
    pair: &[u8],
    checksum: Checksum,
    torn: &mut Option<u32>,
) -> Option<Result<(Superblock, Place), Error>> {
    unless_torn(Superblock::survey(pair, checksum), pair, checksum, torn)
}

impl Load {
    /// A reader with this trust in records that may not be behind a barrier yet.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self {
            trust,
            phase: Phase::Superblocks,
            ops: [read_pair(0)],
            loaded: None,
            ended_at: None,
            damage: None,
            torn: None,
            failed: None,
        }
    }

    /// The one operation that it asks for at a time.
    pub(crate) const fn only_op(&self) -> [ReadOp; 1] {
        self.ops
    }

    fn look(&mut self, buffers: &mut Buffers<'_>) -> Result<Next, Error> {
        let bytes = &buffers.scratch[self.ops[0].into.range()];
        match self.phase {
            Phase::Superblocks => {
                let Some(found) = survey(bytes, buffers.checksum, &mut self.torn) else {
                    return Ok(Next::Io);
                };
                let (superblock, place) = found?;
                self.begin(superblock, place, buffers);
            }
            Phase::Journal => {
                let Some(Loaded { tail, view, segments, .. }) = &mut self.loaded else {
                    return Ok(Next::Step);
                };
                let segment = tail.segment();
                let news =
                    tail.follow(bytes, MAX_BYTES, buffers.checksum, |sequence, record| {
                        view.apply(sequence, record)
                    })?;
                if tail.segment() != segment {
                    segments.push(tail.segment());
                }
                let op = tail.read(0, READ_BYTES);
                buffers.scratch.reach(op.into.len);
                self.ops = [op];
                if news == News::End {
                    self.phase = Phase::Ahead;
                }
            }
            Phase::Ahead => {
                let Some(Loaded { superblock, tail, .. }) = &self.loaded else {
                    return Ok(Next::Step);
                };
                let proven = tail.stable_ahead(bytes, buffers.checksum).is_some()
                    || tail.next() < superblock.stable();
                if proven && self.ended_at != Some(tail.next()) {
                    self.ended_at = Some(tail.next());
                    self.phase = Phase::Journal;
                } else {
                    let damage = Error::Corrupt { what: Damage::Record, at: self.ops[0].at };
                    self.damage = proven.then_some(damage);
                    self.phase = Phase::Confirm;
                    self.ops = [read_pair(0)];
                }
            }
            Phase::Confirm => {
                let Some(found) = survey(bytes, buffers.checksum, &mut self.torn) else {
                    return Ok(Next::Io);
                };
                let (newest, place) = found?;
                match &mut self.loaded {
                    Some(loaded) if loaded.superblock.journal_id() == newest.journal_id() => {
                        if let Some(damage) = self.damage.take() {
                            return Err(damage);
                        }
                        loaded.view.settle(newest.stable());
                        loaded.view.end_load();
                        loaded.superblock = newest;
                        loaded.place = place;
                        self.phase = Phase::Ended;
                        return Ok(Next::Step);
                    }
                    _ => self.begin(newest, place, buffers),
                }
            }
            Phase::Ended => return Ok(Next::Step),
        }
        Ok(Next::Io)
    }

    fn begin(&mut self, superblock: Superblock, place: Place, buffers: &mut Buffers<'_>) {
        let context =
            Context { seed: superblock.seed(buffers.checksum), generation: superblock.generation };
        let tail = Tail::new(superblock.geometry, context, superblock.journal);
        let mut view = View::new(superblock.geometry, self.trust, superblock.next_copy);
        view.begin_load(superblock.stable());
        self.phase = Phase::Journal;
        self.ended_at = None;
        self.damage = None;
        self.ops = [tail.read(0, READ_BYTES)];
        buffers.scratch.reach(self.ops[0].into.len);
        let segments = alloc::vec![superblock.journal];
        self.loaded = Some(Loaded { superblock, place, tail, view, segments });
    }
}

impl Machine for Load {
    type Shared = ();
    type Output = Loaded;
    type Op = ReadOp;

    fn ops(&self) -> &[ReadOp] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        self.look(buffers).unwrap_or_else(|error| {
            self.failed = Some(error);
            Next::Step
        })
    }

    fn step(&mut self, (): &mut (), buffers: &mut Buffers<'_>, fed: Fed) -> Step<Loaded> {
        if let Fed::Failed(error) = fed {
            return Step::Done(Err(error));
        }
        if let Some(error) = self.failed.take() {
            return Step::Done(Err(error));
        }
        if let Some(loaded) = self.loaded.take() {
            return Step::Done(Ok(loaded));
        }
        buffers.scratch.reach(PAIR_BYTES);
        Step::Io
    }
}
