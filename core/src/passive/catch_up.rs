//! Catching up with the journal: the confirmation of every read.
//!
//! 1. Read the tail until it brings nothing new.
//! 2. Then read the superblocks: if the generation is still the one whose tail that was, the tail
//!    was the truth. If the journal moved, its old place may hold anything by now, so load the
//!    new one.
//!
//! Two small reads when there is no news, whatever the size of anything; nearly always nothing was ever
//! written behind the journal's end, and then the second one follows without a look at the node.
//!
//! The first read is long enough for any record, and so sees, too, when a later one is there and the next
//! one is not: the medium is stale. Where it never is, the few bytes that every record begins with will do.

use alloc::boxed::Box;
use core::mem;

use super::{Passive, TRUST};
use crate::aside::Aside;
use crate::error::{Damage, Error};
use crate::format::checksum::is_zeros;
use crate::format::record::{GLANCE_BYTES, MAX_BYTES};
use crate::format::superblock::PAIR_BYTES;
use crate::journal::{Found, Load, News, Seen, Tail, read_pair, unless_torn};
use crate::machine::{Buffers, Fed, Machine, Next, ReadOp, Step, Wait};
use crate::rules::{Rule, Rules};
use crate::units::Sequence;

/// Bytes of the tail that are read at once when there is more than one small read shows.
const MORE_BYTES: usize = 64 << 10;

/// What catching up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The journal that the node knew is in force, and the node knows all of it.
    Confirmed,
    /// The journal had moved; the node knows the new one. What was read before must be read again.
    Reloaded,
}

/// The machine that catches up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CatchUp {
    phase: Phase,
    ops: [ReadOp; 1],
    /// Where the node had read to when the tail was read.
    from: Option<Tail>,
    /// Reads of the tail that the node has not counted yet.
    looks: u64,
    found: Option<Result<Found, Error>>,
    seen: Aside<Seen>,
    /// What was torn when the superblocks were read last.
    torn: Option<u32>,
    /// The first record that is not behind a barrier, as far as what was read of the tail tells.
    stable: Option<Sequence>,
    /// The record that was found missing when that was proven first.
    missing: Option<Sequence>,
    /// Rare, and much larger than all the rest.
    load: Option<Box<Load>>,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Glance,
    Tail,
    Superblocks,
    Load,
}

impl CatchUp {
    /// A catch-up from wherever the node is.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Phase::Begin,
            ops: [read_pair(0)],
            from: None,
            looks: 0,
            found: None,
            seen: Aside::default(),
            torn: None,
            stable: None,
            missing: None,
            load: None,
            rules: Rules::default(),
        }
    }

    /// Begins once more, with what it knows of superblocks; it must be done.
    pub(super) fn begin(&mut self) {
        *self = Self { seen: mem::take(&mut self.seen), ..Self::new() };
    }

    /// As [`CatchUp::begin`], and decides by what the node knows now where to look for news, so that no
    /// look at the node is needed when the time for that has come.
    pub(super) fn prepare(&mut self, passive: &Passive, buffers: &mut Buffers<'_>) {
        self.begin();
        if !passive.reloading {
            self.look(passive, buffers);
        }
    }

    /// Whether its operation can be done without a step before.
    pub(super) const fn is_prepared(&self) -> bool {
        !matches!(self.phase, Phase::Begin)
    }

    /// The one operation that it asks for at a time.
    pub(super) const fn only_op(&self) -> ReadOp {
        self.ops[0]
    }

    /// Looks for news.
    fn look(&mut self, passive: &Passive, buffers: &mut Buffers<'_>) {
        self.read_tail(passive, MAX_BYTES, buffers);
        if passive.never_stale {
            let length = &mut self.ops[0].into.len;
            *length = GLANCE_BYTES.min(*length);
            self.phase = Phase::Glance;
        }
    }

    fn read_tail(&mut self, passive: &Passive, most: usize, buffers: &mut Buffers<'_>) {
        self.rules = passive.rules;
        self.ask_tail(passive.tail.read(0, most), buffers);
        self.from = Some(passive.tail.clone());
    }

    fn ask_tail(&mut self, op: ReadOp, buffers: &mut Buffers<'_>) {
        self.ops = [op];
        buffers.scratch.reach(op.into.len);
        self.looks += 1;
        self.phase = Phase::Tail;
    }

    /// Follows the tail's records, unless another machine of the node has done so meanwhile: then
    /// what was read lies behind the node, and only a new read can tell that there is no news.
    fn follow(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
    ) -> Result<Step<Outcome>, Error> {
        if self.from.as_ref() != Some(&passive.tail) {
            self.read_tail(passive, MAX_BYTES, buffers);
            return Ok(Step::Io);
        }
        let bytes = &buffers.scratch[..self.ops[0].into.len];
        let behind = if passive.never_stale { GLANCE_BYTES } else { MAX_BYTES };
        let Passive { tail, view, version, counters, .. } = passive;
        let news = tail.follow(bytes, behind, buffers.checksum, |sequence, record| {
            *version += 1;
            counters.records += 1;
            view.apply(sequence, record)
        })?;
        // A record behind the end proves that the end is none.
        let next = passive.tail.next();
        let missing = (news == News::End && self.stable > Some(next)).then_some(next);
        if news == News::More {
            self.read_tail(passive, MORE_BYTES, buffers);
        } else if missing.is_some() && missing != self.missing {
            self.missing = missing;
            self.read_tail(passive, MAX_BYTES, buffers);
        } else if !passive.rules.keeps(Rule::SuperblockAfterTail) {
            return Ok(Step::Done(Ok(Outcome::Confirmed)));
        } else {
            self.missing = missing;
            self.read_superblocks(buffers);
        }
        Ok(Step::Io)
    }

    fn read_superblocks(&mut self, buffers: &mut Buffers<'_>) {
        buffers.scratch.reach(PAIR_BYTES);
        self.ops = [read_pair(0)];
        self.phase = Phase::Superblocks;
    }

    fn judge(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
    ) -> Result<Step<Outcome>, Error> {
        let Some(found) = self.found.take() else { return Ok(Step::Io) };
        let Found { journal, stable, .. } = found?;
        if journal == passive.superblock.journal_id() {
            // Another machine loaded a new generation since: the tail was another journal's.
            if self.from.as_ref().is_some_and(|from| !passive.tail.is_same_journal(from)) {
                return Ok(Step::Done(Ok(Outcome::Reloaded)));
            }
            if let Some(missing) = self.missing.take() {
                if missing == passive.tail.next() {
                    let at = passive.tail.read(0, MAX_BYTES).at;
                    return Err(Error::Corrupt { what: Damage::Record, at });
                }
                self.read_tail(passive, MAX_BYTES, buffers);
                return Ok(Step::Io);
            }
            passive.view.settle(stable);
            return Ok(Step::Done(Ok(Outcome::Confirmed)));
        }
        if passive.reloading {
            self.phase = Phase::Begin;
            return Ok(Step::Wait(Wait::Turn));
        }
        passive.reloading = true;
        self.load = Some(Box::new(Load::new(TRUST)));
        self.phase = Phase::Load;
        self.load(passive, buffers, Fed::Again)
    }

    fn load(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Result<Step<Outcome>, Error> {
        let Some(load) = &mut self.load else { return Ok(Step::Io) };
        match load.step(&mut (), buffers, fed) {
            Step::Done(loaded) => {
                passive.reloading = false;
                passive.install(loaded?);
                Ok(Step::Done(Ok(Outcome::Reloaded)))
            }
            _ => {
                self.ops = load.only_op();
                Ok(Step::Io)
            }
        }
    }

    fn go_on(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Result<Step<Outcome>, Error> {
        match (self.phase, fed) {
            (Phase::Load, fed) => self.load(passive, buffers, fed),
            (_, Fed::Failed(error)) => Err(error),
            // Another machine's load may have read the journal before what this one came to confirm was
            // read, and what this one followed would be forgotten when that is installed.
            (Phase::Begin | Phase::Glance | Phase::Tail, _) if passive.reloading => {
                self.phase = Phase::Begin;
                Ok(Step::Wait(Wait::Turn))
            }
            (Phase::Begin, _) => {
                self.look(passive, buffers);
                Ok(Step::Io)
            }
            (Phase::Glance | Phase::Tail, _) => self.follow(passive, buffers),
            (Phase::Superblocks, _) => self.judge(passive, buffers),
        }
    }
}

impl Default for CatchUp {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for CatchUp {
    type Shared = Passive;
    type Output = Outcome;
    type Op = ReadOp;

    fn ops(&self) -> &[ReadOp] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        match (self.phase, &mut self.load) {
            (Phase::Glance, _) => {
                let bytes = &buffers.scratch[..self.ops[0].into.len];
                let Some(from) = &self.from else { return Next::Step };
                if !from.shows_news(bytes) && self.rules.keeps(Rule::SuperblockAfterTail) {
                    self.read_superblocks(buffers);
                } else if self.rules.keeps(Rule::ReadWhatShows) {
                    let whole = from.read(0, MAX_BYTES);
                    self.ask_tail(whole, buffers);
                } else {
                    return Next::Step;
                }
                Next::Io
            }
            (Phase::Tail, _) => {
                let bytes = &buffers.scratch[..self.ops[0].into.len];
                // There is nothing to follow, then, and where it was read from the node is at least.
                if self.rules.keeps(Rule::SuperblockAfterTail) && is_zeros(bytes) {
                    self.missing = None;
                    self.read_superblocks(buffers);
                    return Next::Io;
                }
                let ahead = |from: &Tail| from.stable_ahead(bytes, buffers.checksum);
                self.stable = self.from.as_ref().and_then(ahead);
                Next::Step
            }
            (Phase::Superblocks, _) => {
                let (pair, checksum) = (&buffers.scratch[..PAIR_BYTES], buffers.checksum);
                let found = self.seen.0.survey(pair, checksum);
                let found = unless_torn(found, pair, checksum, &mut self.torn);
                let waits = self.torn.is_some() && !self.rules.keeps(Rule::TornTwiceIsTruth);
                let Some(found) = found.filter(|_| !waits) else { return Next::Io };
                self.found = Some(found);
                Next::Step
            }
            (Phase::Load, Some(load)) => {
                let next = load.absorb(buffers);
                self.ops = load.only_op();
                next
            }
            _ => Next::Step,
        }
    }

    fn step(
        &mut self,
        passive: &mut Passive,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Step<Outcome> {
        let step = self.go_on(passive, buffers, fed).unwrap_or_else(|error| {
            if self.phase == Phase::Load {
                passive.reloading = false;
            }
            Step::Done(Err(error))
        });
        if !matches!(step, Step::Io) {
            passive.counters.tail_reads += mem::take(&mut self.looks);
        }
        step
    }
}
