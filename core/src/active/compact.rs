//! Compaction: the journal is written anew while writes and passives go on.
//!
//! 1. Between two commits, begin a journal of the next generation in a free segment.
//! 2. Write it in slices; what is appended to the old journal meanwhile is repeated in it.
//! 3. Let no commit begin; write the rest; put a barrier behind it.
//! 4. Unless a newer epoch is found, write the superblock that names it, with a barrier behind.
//! 5. Only then are the old journal's segments free (invariant 4).

use alloc::vec::Vec;

use super::{Active, Ticket};
use crate::error::Error;
use crate::format::record::Context;
use crate::format::superblock::{BYTES, PAIR_BYTES, Place, Superblock};
use crate::journal::{Batch, Progress, Rewriter, read_pair, take_segment};
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Scratch, Span, Step, Wait};
use crate::rules::{Rule, Rules};
use crate::units::{Generation, Sequence};

/// The machine that writes the journal anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Compact {
    phase: Phase,
    /// It has asked for room, and takes what there is.
    asked: bool,
    ops: Vec<Op>,
    batch: Batch,
    /// The old journal's records that no commit has taken; the new superblock commits them.
    pending: Scratch,
    first: Sequence,
    ticket: Ticket,
    next: Option<(Superblock, Place)>,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Fill,
    Close,
    Rest,
    Barrier,
    Watch,
    Superblock,
    SuperblockBarrier,
}

impl Compact {
    /// A compaction; it does nothing if another one is under way.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Phase::Begin,
            asked: false,
            ops: Vec::new(),
            batch: Batch::default(),
            pending: Scratch::new(),
            first: Sequence(0),
            ticket: Ticket(0),
            next: None,
            rules: Rules::default(),
        }
    }

    /// A compaction that asks for no room, and ends with an error when there is too little.
    pub(super) fn within_room() -> Self {
        Self { asked: true, ..Self::new() }
    }

    fn begin(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        if active.rewriter.is_some() {
            return Step::Done(Ok(()));
        }
        // Closed, if at all, by a machine that waits in this place, like this one perhaps.
        active.gate = false;
        if let Some(ended) = active.refusal() {
            return Step::Done(Err(ended));
        }
        if active.closing {
            return Step::Done(Err(Error::RoleEnded));
        }
        if active.slots.free() < active.slots_for_rewrite() && !self.asked {
            self.asked = true;
            return Step::Wait(Wait::Room(1));
        }
        // Between two commits the view says all that the journal says, but for what is pending.
        if active.committing {
            active.gate = true;
            return Step::Wait(Wait::Turn);
        }
        let geometry = *active.geometry();
        // The segment behind this one needs room too.
        let most = geometry.segment.min((active.slots.free() / 2).max(1));
        let Some(segment) = take_segment(&mut active.slots, most) else {
            return Step::Done(Err(active.full(geometry.segment_bytes())));
        };
        self.rules = active.rules;
        active.begun += 1;
        let Context { seed, generation: Generation { epoch, .. } } = active.journal.context();
        let context = Context { seed, generation: Generation { epoch, number: active.begun } };
        let mut rewriter = Rewriter::new(geometry, context, segment);
        let Active { view, slots, journal, .. } = active;
        let begun = rewriter
            .begin(view, slots, buffers.checksum)
            .and_then(|()| rewriter.repeat(journal.pending_from(0), slots, buffers.checksum));
        active.rewriter = Some(rewriter);
        if let Err(error) = begun {
            active.abandon_rewriter();
            return Step::Done(Err(error));
        }
        self.phase = Phase::Fill;
        self.fill(active, buffers)
    }

    fn fill(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        if let Some(error) = active.hinders_rewriting() {
            active.abandon_rewriter();
            return Step::Done(Err(error));
        }
        let Active { rewriter: Some(rewriter), view, slots, .. } = active else {
            return Step::Done(Err(active.full(active.geometry().segment_bytes())));
        };
        match rewriter.fill(view, slots, buffers.checksum) {
            Ok(progress) => {
                if progress == Progress::Complete {
                    self.phase = Phase::Close;
                }
                self.batch.take(rewriter.appender_mut(), buffers.scratch);
                self.batch.writes(0, &mut self.ops);
                Step::Io
            }
            Err(error) => {
                active.abandon_rewriter();
                Step::Done(Err(error))
            }
        }
    }

    fn close(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        if let Some(error) = active.hinders_rewriting() {
            active.gate = false;
            active.abandon_rewriter();
            return Step::Done(Err(error));
        }
        active.gate = true;
        if active.committing {
            return Step::Wait(Wait::Turn);
        }
        let Active { rewriter: Some(rewriter), slots, journal, .. } = active else {
            active.gate = false;
            return Step::Done(Err(active.full(active.geometry().segment_bytes())));
        };
        // From here on the new journal must not lack room for what is repeated in it.
        rewriter.appender_mut().set_aside(slots);
        if rewriter.appender().spare().is_none() {
            active.gate = false;
            active.abandon_rewriter();
            return Step::Done(Err(active.full(active.geometry().segment_bytes())));
        }
        self.first = Batch::default().take(journal, &mut self.pending);
        rewriter.appender_mut().name();
        self.batch.take(rewriter.appender_mut(), buffers.scratch);
        self.batch.writes(0, &mut self.ops);
        self.ticket = active.appended;
        self.phase = Phase::Rest;
        if !self.rules.keeps(Rule::LeaveBeforeReuse) {
            let old = active.journal.clone();
            active.release_journal(&old);
        }
        Step::Io
    }

    fn write_superblock(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Error> {
        active.watch(buffers, 0)?;
        if let Some(error) = active.hinders_rewriting() {
            return Err(error);
        }
        let (mut superblock, place) = active.next_superblock();
        if let Some(rewriter) = &active.rewriter {
            superblock.generation = rewriter.appender().context().generation;
            superblock.journal = rewriter.appender().segments()[0];
            superblock.records = rewriter.appender().stable();
        }
        superblock.next_copy = active.view.next_copy();
        self.phase = Phase::Superblock;
        self.ops.clear();
        self.ops.push(write_superblock(&superblock, place, buffers));
        self.next = Some((superblock, place));
        Ok(())
    }

    fn change_over(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        let (Some(rewriter), Some((superblock, place))) =
            (active.rewriter.take(), self.next.take())
        else {
            return Err(Error::RoleEnded);
        };
        let old = core::mem::replace(&mut active.journal, rewriter.finish());
        let (context, first) = (old.context(), self.first);
        active.commit(&self.pending, context, first, self.ticket, buffers.checksum)?;
        if self.rules.keeps(Rule::LeaveBeforeReuse) {
            active.release_journal(&old);
        }
        active.superblock = superblock;
        active.place = place;
        active.gate = false;
        active.counters.compactions += 1;
        Ok(())
    }

    /// Ends with an error: the old journal stays the truth, but once its pending records were
    /// taken nothing more may be promised.
    fn fail(&self, active: &mut Active, error: Error) -> Step<()> {
        match self.phase {
            Phase::Begin => {}
            Phase::Fill | Phase::Close => active.abandon_rewriter(),
            _ => active.end(error),
        }
        Step::Done(Err(error))
    }
}

impl Active {
    /// Why the journal's next generation comes to nothing, if it does.
    fn hinders_rewriting(&self) -> Option<Error> {
        let full = || self.rewriter_failed.then(|| self.full(self.geometry().segment_bytes()));
        self.refusal().or_else(full)
    }

    /// Whether a compaction is under way.
    pub(super) fn is_compacting(&self) -> bool {
        self.rewriter.is_some()
    }

    /// Whether a compaction would set room free, so that one pays before copies do.
    pub(super) fn could_shrink(&self) -> bool {
        let kept = 2 * self.slots_for_rewrite() + self.geometry().segment;
        self.journal.slots() > kept
    }

    /// Slots that the journal's next generation needs at most: no more than are kept for it, and
    /// far fewer when most of what the journal says is over.
    fn slots_for_rewrite(&self) -> u32 {
        let copies =
            self.view.copies().map(|info| 128 + info.about.label.len() as u64).sum::<u64>();
        let settled = self.view.settled_runs() as u64 * 20;
        let chunks = self.view.chunks();
        self.geometry().slots_for_rewrite(chunks, copies + settled).min(self.kept_slots())
    }
}

/// Asks for a superblock to be written; its bytes go to the start of the working space.
pub(super) fn write_superblock(
    superblock: &Superblock,
    place: Place,
    buffers: &mut Buffers<'_>,
) -> Op {
    buffers.scratch.reach(BYTES);
    buffers.scratch[..BYTES].copy_from_slice(&superblock.emit(buffers.checksum));
    Op::Write { medium: Medium::DiffArea, at: place.offset(), from: Span::scratch(0, BYTES) }
}

impl Default for Compact {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Compact {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let (phase, op) = match self.phase {
            Phase::Rest if self.rules.keeps(Rule::JournalBeforeSuperblock) => {
                (Phase::Barrier, Op::Barrier { medium: Medium::DiffArea })
            }
            Phase::Rest | Phase::Barrier => (Phase::Watch, Op::Read(read_pair(0))),
            Phase::Superblock => {
                (Phase::SuperblockBarrier, Op::Barrier { medium: Medium::DiffArea })
            }
            _ => return Next::Step,
        };
        buffers.scratch.reach(PAIR_BYTES);
        self.phase = phase;
        self.ops.clear();
        self.ops.push(op);
        Next::Io
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match fed {
            // What there is may be enough all the same.
            Fed::Failed(Error::DiffAreaFull { .. }) if self.phase == Phase::Begin && self.asked => {
            }
            Fed::Failed(error) => return self.fail(active, error),
            _ => {}
        }
        match self.phase {
            Phase::Begin => self.begin(active, buffers),
            Phase::Fill => self.fill(active, buffers),
            Phase::Close => self.close(active, buffers),
            Phase::Watch => match self.write_superblock(active, buffers) {
                Ok(()) => Step::Io,
                Err(error) => self.fail(active, error),
            },
            Phase::Rest | Phase::Barrier | Phase::Superblock | Phase::SuperblockBarrier => {
                match self.change_over(active, buffers) {
                    Ok(()) => Step::Done(Ok(())),
                    Err(error) => self.fail(active, error),
                }
            }
        }
    }
}
