//! W3, the barrier: one for all records that wait for it.

use alloc::vec::Vec;

use super::{Active, Ticket};
use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::record::{self, Context};
use crate::journal::{Batch, Sweep, read_pair};
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Span, Step, Wait};
use crate::rules::{Rule, Rules};
use crate::units::Sequence;

/// Proof that a write's records are behind a barrier.
///
/// Invariant 1: an origin chunk is overwritten only after that, so only this module makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Committed(());

impl Committed {
    /// The view says that the chunks were preserved before, and it holds committed records only.
    pub(super) const fn before() -> Self {
        Self(())
    }
}

impl Active {
    /// The proof that what was appended under this ticket is behind a barrier, once it is.
    pub(super) fn committed(&self, ticket: Ticket) -> Option<Committed> {
        (ticket <= self.committed).then_some(Committed(()))
    }

    /// Begins a sweep if a record may have left slots that no copy needs: a deletion, or bytes for a
    /// copy that was deleted while they were being preserved or amended.
    fn sweep_after(&mut self, body: &record::Body<'_>) {
        let view = &self.view;
        let sweep = match body {
            record::Body::Deleted { copies, .. } if self.rules.keeps(Rule::SweepDeleted) => {
                let ends = copies.flatten().min().zip(copies.flatten().max());
                ends.map(|(oldest, newest)| view.sweep_between(oldest, newest))
            }
            record::Body::Preserved(runs) => {
                let newest = view.newest();
                let copies = runs.flatten().map(|(run, _)| run.copy);
                copies.filter(|copy| Some(*copy) != newest).min().map(Sweep::from)
            }
            record::Body::Amended(runs) => {
                let copies = runs.flatten().map(|(run, _)| run.copy);
                copies.filter(|copy| view.copy(*copy).is_err()).min().map(Sweep::from)
            }
            _ => None,
        };
        if let Some(sweep) = sweep {
            self.sweep = Some(self.sweep.map_or(sweep, |before| before.and(sweep)));
        }
    }

    /// Applies records of the journal as every reader does, and lets those who wait go on.
    pub(super) fn commit(
        &mut self,
        records: &[u8],
        context: Context,
        first: Sequence,
        ticket: Ticket,
        checksum: Checksum,
    ) -> Result<(), Error> {
        let mut rest = records;
        let mut sequence = first;
        while let Some(parsed) = record::parse(rest, context, sequence, checksum)? {
            self.view.apply(sequence, &parsed)?;
            self.sweep_after(&parsed.body);
            if matches!(parsed.body, record::Body::Reverted) {
                self.reverting_to = None;
            }
            sequence = sequence.next();
            rest = &rest[parsed.length..];
        }
        debug_assert!(rest.is_empty(), "the node believes its own records");
        self.committed = ticket;
        self.counters.journal_bytes += records.len() as u64;
        Ok(())
    }
}

/// The machine that writes the appended records and puts a barrier behind them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    phase: Phase,
    ops: Vec<Op>,
    batch: Batch,
    first: Sequence,
    ticket: Ticket,
    /// Whether the superblock is looked at behind the barrier.
    watch: bool,
    /// How much was behind a barrier when it began to wait for another commit's.
    waited: Option<Ticket>,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Take,
    Append,
    Barrier,
    Watch,
}

impl Commit {
    /// A commit of whatever is appended when it begins. If another one is under way, it waits for
    /// that one's end and does nothing: ask again.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Phase::Take,
            ops: Vec::new(),
            batch: Batch::default(),
            first: Sequence(0),
            ticket: Ticket(0),
            watch: false,
            waited: None,
            rules: Rules::default(),
        }
    }

    /// Begins the next commit with the memory that the machine has; it must be done.
    pub fn begin(&mut self) {
        self.phase = Phase::Take;
        self.waited = None;
    }

    fn take(&mut self, active: &mut Active, buffers: &mut Buffers<'_>) -> Step<()> {
        // After a barrier the records of whoever asked may be behind it. If all who waited went on
        // to commit what others have appended since, each barrier would serve one write.
        let is_over = |before| before != active.committed;
        if active.ended.is_some() || self.waited.is_some_and(is_over) {
            return Step::Done(Ok(()));
        }
        let committing = active.committing && active.rules.keeps(Rule::OneCommitAtATime);
        if committing || active.gate || active.sealing {
            self.waited.get_or_insert(active.committed);
            return Step::Wait(if committing { Wait::Barrier } else { Wait::Turn });
        }
        if self.waited.is_some() || !active.journal.has_news() {
            return Step::Done(Ok(()));
        }
        active.committing = true;
        self.rules = active.rules;
        self.watch = !active.superblock.coherent;
        self.ticket = active.appended;
        self.first = self.batch.take(&mut active.journal, buffers.scratch);
        self.phase = Phase::Append;
        self.batch.writes(0, &mut self.ops);
        Step::Io
    }

    fn finish(&mut self, active: &mut Active, buffers: &Buffers<'_>) -> Result<(), Error> {
        if self.phase == Phase::Watch {
            active.watch(buffers, self.batch.len())?;
        }
        let context = active.journal.context();
        let records = &buffers.scratch[..self.batch.len()];
        debug_assert!(
            self.first.0 == active.journal.stable() || !self.rules.keeps(Rule::OneCommitAtATime),
            "invariant 3: all records before these are behind a barrier",
        );
        active.commit(records, context, self.first, self.ticket, buffers.checksum)?;
        active.journal.confirm(self.batch.end);
        active.counters.commits += 1;
        Ok(())
    }
}

impl Default for Commit {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Commit {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let start = self.batch.len();
        match self.phase {
            Phase::Append if self.rules.keeps(Rule::BarrierBehindRecords) => {
                self.phase = Phase::Barrier;
                self.ops.clear();
                self.ops.push(Op::Barrier { medium: Medium::DiffArea });
                Next::Io
            }
            Phase::Append | Phase::Barrier if self.watch => {
                self.phase = Phase::Watch;
                let pair = read_pair(start);
                self.ops.clear();
                self.ops.push(Op::Read(pair));
                buffers.scratch.reach(start + pair.into.len);
                Next::Io
            }
            Phase::Take | Phase::Append | Phase::Barrier | Phase::Watch => Next::Step,
        }
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        if self.phase == Phase::Take {
            return self.take(active, buffers);
        }
        active.committing = false;
        let done = match fed {
            Fed::Failed(error) => Err(error),
            _ => self.finish(active, buffers),
        };
        if let Err(error) = &done {
            active.end(*error);
        }
        Step::Done(done)
    }
}

impl Batch {
    /// The operations that write the batch, whose bytes are in the working space at `start`.
    pub(super) fn writes(&self, start: usize, ops: &mut Vec<Op>) {
        ops.clear();
        ops.extend(self.pieces.iter().map(|piece| Op::Write {
            medium: Medium::DiffArea,
            at: piece.at,
            from: Span::scratch(start + piece.start, piece.len),
        }));
    }
}
