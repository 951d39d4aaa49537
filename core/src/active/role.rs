//! Taking the active role: the only way to become an [`Active`], after a crash as after a close.
//!
//! 1. Fence: a superblock with a higher epoch, which ends the old holder at its next barrier. It
//!    still names the old journal.
//! 2. Load that journal, now that nobody appends to it (invariant 8).
//! 3. Look at the slots of records that may not have been behind a barrier. A record whose slots
//!    do not have their checksums counts as absent: its origin chunk was not overwritten. What was
//!    amended in copies that were never finished counts as absent, too.
//! 4. Write a journal of a new generation, so that a passive that saw records which are lost now
//!    starts over; then the superblock that names it, with a barrier before and behind.
//!
//! A crash in any step leaves the old journal in force, and the next holder begins at 1.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::compact::write_superblock;
use super::flights::Flights;
use super::gate::Gates;
use super::{Active, Counters, Ticket};
use crate::aside::Aside;
use crate::error::{Damage, Error};
use crate::format::record::Context;
use crate::format::superblock::{OnFull, PAIR_BYTES, Place, Superblock};
use crate::geometry::Geometry;
use crate::journal::{
    Batch, Load, Loaded, Progress, Recent, Rewriter, Sweep, Trust, read_pair, take_segment,
};
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Span, Step};
use crate::rules::{Rule, Rules};
use crate::slots::Slots;
use crate::table::Run;
use crate::units::{ChunkIndex, Content, Epoch, Extent, Generation, SlotIndex};

/// How a node takes the role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    /// Bytes of the origin now.
    pub origin_size: u64,
    /// Bytes of the diff area's medium now.
    pub diff_size: u64,
    /// The origin's fingerprint now.
    pub stamp: [u8; 32],
    /// The machine's boot.
    pub boot: [u8; 16],
    /// Whether the backends promise to survive no more than the death of the process.
    pub coherent: bool,
    /// A new limit in bytes; `None` leaves it.
    pub limit: Option<u64>,
    /// A new policy for a full diff area; `None` leaves it.
    pub on_full: Option<OnFull>,
    /// Begin without the shadow copies there are: the origin was changed behind their back.
    pub drop_copies: bool,
}

/// The machine that takes the role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TakeRole {
    role: Role,
    phase: Phase,
    ops: Vec<Op>,
    load: Load,
    superblock: Option<(Superblock, Place)>,
    loaded: Option<Loaded>,
    recent: VecDeque<Recent>,
    batch: Batch,
    building: Option<(Slots, Rewriter)>,
    /// The diff area was asked to grow once.
    grown: bool,
    rules: Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Read,
    Fence,
    FenceBarrier,
    Load,
    Verify,
    Grow,
    Rewrite,
    RewriteLast,
    Barrier,
    Superblock,
    SuperblockBarrier,
}

/// Entries of the table that are swept at once.
const SLICE_ENTRIES: usize = 1 << 20;
/// Bytes of slots that are verified at once, unless a chunk is larger.
const WINDOW_BYTES: u64 = 1 << 20;
const BARRIER: Op = Op::Barrier { medium: Medium::DiffArea };

impl TakeRole {
    /// Takes the role like this. The caller has made sure that no other process of this host has
    /// it, and has judged the origin's stamp.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            role,
            phase: Phase::Begin,
            ops: Vec::new(),
            load: Load::new(Trust::Apart),
            superblock: None,
            loaded: None,
            recent: VecDeque::new(),
            batch: Batch::default(),
            building: None,
            grown: false,
            rules: Rules::default(),
        }
    }

    /// Takes the role, and holds it, with these rules.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    fn ask(&mut self, phase: Phase, op: Op) {
        self.phase = phase;
        self.ops.clear();
        self.ops.push(op);
    }

    fn fence(&mut self, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let pair = &buffers.scratch[..PAIR_BYTES];
        let (newest, place) = Superblock::newest(pair, buffers.checksum)?;
        let (recorded, found) = (newest.geometry.size, self.role.origin_size);
        if recorded != found {
            return Err(Error::OriginSize { recorded, found });
        }
        let needed = newest.geometry.least_bytes();
        if let Some(found) = self.role.limit
            && found < needed
        {
            return Err(Error::DiffAreaTooSmall { needed, found });
        }
        let fence = Superblock {
            epoch: Epoch(newest.epoch.0 + 1),
            serial: newest.serial + 1,
            clean: false,
            ..newest
        };
        let place = place.other();
        let op = write_superblock(&fence, place, buffers);
        self.ask(Phase::Fence, op);
        self.superblock = Some((fence, place));
        if !self.rules.keeps(Rule::FenceBeforeLoad) {
            return self.load(buffers, Fed::Again);
        }
        Ok(())
    }

    fn load(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Result<(), Error> {
        match self.load.step(&mut (), buffers, fed) {
            Step::Done(loaded) => self.take_loaded(loaded?, buffers),
            _ => {
                self.ask(Phase::Load, Op::Read(self.load.only_op()[0]));
                Ok(())
            }
        }
    }

    fn take_loaded(&mut self, mut loaded: Loaded, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        self.recent = loaded.view.take_recent();
        if self.role.drop_copies {
            // Bytes of the volume are in that copy, and nowhere else.
            if let Some(copy) = loaded.view.reverting() {
                return Err(Error::Reverting { copy });
            }
            self.recent.clear();
            loaded.view.drop_copies();
        }
        self.loaded = Some(loaded);
        self.verify(buffers)
    }

    /// Asks for the slots of the next recent record that has any, or goes on when there is none.
    fn verify(&mut self, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        while let Some(recent) = self.recent.front() {
            let Some(loaded) = &mut self.loaded else { break };
            let geometry = loaded.superblock.geometry;
            match recent.run.content {
                Content::Zeros => {
                    loaded.view.insert(recent.kind, recent.run, &[]);
                    self.recent.pop_front();
                }
                Content::Slot(slot) => {
                    let there = slots_there(geometry, recent, slot, self.role.diff_size);
                    if there == 0 {
                        self.recent.pop_front();
                        continue;
                    }
                    let len = geometry.slot_bytes(there) as usize;
                    buffers.scratch.reach(len);
                    let at = geometry.slot_offset(slot);
                    let into = Span::scratch(0, len);
                    self.ask(
                        Phase::Verify,
                        Op::Read(ReadOp { medium: Medium::DiffArea, at, into }),
                    );
                    return Ok(());
                }
            }
        }
        self.build(buffers)
    }

    /// Believes the chunks of the first recent record whose slots have their checksums, as far as
    /// they were read.
    fn judge(&mut self, buffers: &Buffers<'_>) {
        let (Some(mut recent), Some(loaded)) = (self.recent.pop_front(), &mut self.loaded) else {
            return;
        };
        let geometry = loaded.superblock.geometry;
        let Content::Slot(slot) = recent.run.content else { return };
        let there = slots_there(geometry, &recent, slot, self.role.diff_size);
        for (nth, &sum) in (0..there).zip(&recent.sums) {
            let chunk = ChunkIndex(recent.run.chunks.first.0 + u64::from(nth));
            let chunks = Extent { first: chunk, count: 1 };
            let start = geometry.slot_bytes(nth) as usize;
            let bytes = &buffers.scratch[start..start + geometry.length_of(chunks) as usize];
            if buffers.checksum.of(bytes) == sum {
                let content = Content::Slot(SlotIndex(slot.0 + nth));
                loaded.view.insert(recent.kind, Run { chunks, content, ..recent.run }, &[sum]);
            }
        }
        // What is left of it comes next, if anything is.
        let Extent { first, count } = recent.run.chunks;
        recent.run.chunks = Extent::new(first.0 + u64::from(there), count - u64::from(there));
        recent.run.content = Content::Slot(SlotIndex(slot.0 + there));
        recent.sums.drain(..there as usize);
        self.recent.push_front(recent);
    }

    /// Finds out which slots are in use, and begins the new journal in free ones.
    fn build(&mut self, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let epoch = self.epoch();
        let Some(Loaded { superblock, view, segments, .. }) = &mut self.loaded else {
            return Err(Error::RoleEnded);
        };
        let geometry = superblock.geometry;
        if self.rules.keeps(Rule::ForgetUnfinished) {
            view.forget_amended();
        }
        let mut sweep = Sweep::all();
        while self.rules.keeps(Rule::SweepAtRecovery)
            && !view.sweep(&mut sweep, SLICE_ENTRIES, &mut |_, _| ())
        {}

        let mut slots = Slots::new(geometry.header_slots(), geometry.slots_in(self.role.diff_size));
        let mut sound = true;
        for &segment in segments.iter() {
            sound &= slots.mark(segment.first, segment.slots);
        }
        view.for_each_slot(|first, count| sound &= slots.mark(first, count));
        if !sound {
            return Err(Error::Corrupt { what: Damage::Truncated, at: self.role.diff_size });
        }
        let old = segments.iter().map(|segment| segment.slots).sum();
        let wanted = geometry.slots_for_next_journal(old);
        if slots.free() < wanted && !self.grown {
            self.grown = true;
            let limit = self.role.limit.unwrap_or(superblock.limit);
            let size = (self.role.diff_size + geometry.slot_bytes(wanted)).min(limit);
            if size > self.role.diff_size {
                self.ask(Phase::Grow, Op::Grow { size });
                return Ok(());
            }
        }
        let Some(segment) = take_segment(&mut slots, geometry.segment) else {
            let free = geometry.slot_bytes(slots.free());
            let needed = geometry.slot_bytes(wanted);
            return Err(Error::DiffAreaFull { needed, free, limit: self.role.diff_size });
        };
        let seed = superblock.seed(buffers.checksum);
        let generation = if self.rules.keeps(Rule::NewGenerationWithRole) {
            Generation { epoch, number: 0 }
        } else {
            superblock.generation
        };
        let mut rewriter = Rewriter::new(geometry, Context { seed, generation }, segment);
        rewriter.begin(view, &mut slots, buffers.checksum)?;
        self.building = Some((slots, rewriter));
        self.rewrite(buffers)
    }

    fn epoch(&self) -> Epoch {
        self.superblock.as_ref().map_or(Epoch(0), |(superblock, _)| superblock.epoch)
    }

    fn rewrite(&mut self, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let (Some(loaded), Some((slots, rewriter))) = (&self.loaded, &mut self.building) else {
            return Err(Error::RoleEnded);
        };
        let progress = rewriter.fill(&loaded.view, slots, buffers.checksum)?;
        if progress == Progress::Complete {
            rewriter.appender_mut().name();
        }
        self.batch.take(rewriter.appender_mut(), buffers.scratch);
        self.batch.writes(0, &mut self.ops);
        self.phase = match progress {
            Progress::More => Phase::Rewrite,
            Progress::Complete => Phase::RewriteLast,
        };
        Ok(())
    }

    /// Asks for the superblock that names the new journal.
    fn name(&mut self, buffers: &mut Buffers<'_>) -> Result<(), Error> {
        let (Some((fence, place)), Some(loaded), Some((_, rewriter))) =
            (self.superblock.take(), &self.loaded, &self.building)
        else {
            return Err(Error::RoleEnded);
        };
        let role = &self.role;
        let superblock = Superblock {
            serial: fence.serial + 1,
            generation: rewriter.appender().context().generation,
            journal: rewriter.appender().segments()[0],
            records: rewriter.appender().stable(),
            coherent: role.coherent,
            limit: role.limit.unwrap_or(fence.limit),
            on_full: role.on_full.unwrap_or(fence.on_full),
            next_copy: loaded.view.next_copy(),
            stamp: role.stamp,
            boot: role.boot,
            ..fence
        };
        let place = place.other();
        let op = write_superblock(&superblock, place, buffers);
        self.ask(Phase::Superblock, op);
        self.superblock = Some((superblock, place));
        Ok(())
    }

    fn finish(&mut self) -> Result<Active, Error> {
        let (Some((superblock, place)), Some(loaded), Some((mut slots, rewriter))) =
            (self.superblock.take(), self.loaded.take(), self.building.take())
        else {
            return Err(Error::RoleEnded);
        };
        if self.rules.keeps(Rule::FreeOldJournal) {
            for &segment in &loaded.segments {
                slots.release(segment.first, segment.slots);
            }
        }
        let mut view = loaded.view;
        view.trust_fully();
        let reverting_to = view.reverting();
        let mut journal = rewriter.finish();
        journal.set_aside(&mut slots);
        Ok(Active {
            superblock,
            place,
            view,
            known: Aside::default(),
            seen: Aside::default(),
            reverting_to,
            slots,
            journal,
            rewriter: None,
            rewriter_failed: false,
            begun: 0,
            flights: Flights::default(),
            gates: Gates::default(),
            editing: false,
            appended: Ticket(0),
            committed: Ticket(0),
            committing: false,
            gate: false,
            making_room: false,
            closing: false,
            sealing: false,
            cannot_grow: false,
            sweep: None,
            low: false,
            ended: None,
            events: Vec::new(),
            counters: Counters::default(),
            rules: self.rules,
        })
    }

    fn go_on(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Result<Option<Active>, Error> {
        match (self.phase, fed) {
            // What is free may be enough all the same.
            (Phase::Grow, Fed::Failed(_)) => self.build(buffers)?,
            (_, Fed::Failed(error)) => return Err(error),
            (Phase::Begin, _) => {
                buffers.scratch.reach(PAIR_BYTES);
                self.ask(Phase::Read, Op::Read(read_pair(0)));
            }
            (Phase::Read, _) => self.fence(buffers)?,
            (Phase::Fence | Phase::FenceBarrier | Phase::Load, fed) => {
                self.load(buffers, fed)?;
            }
            (Phase::Verify, _) => {
                self.judge(buffers);
                self.verify(buffers)?;
            }
            (Phase::Grow, fed) => {
                if let Fed::Size(size) = fed {
                    self.role.diff_size = size;
                }
                self.build(buffers)?;
            }
            (Phase::Rewrite, _) => self.rewrite(buffers)?,
            (Phase::RewriteLast | Phase::Barrier, _) => self.name(buffers)?,
            (Phase::Superblock | Phase::SuperblockBarrier, _) => return self.finish().map(Some),
        }
        Ok(None)
    }
}

/// How many of a record's slots to look at: those that lie within the diff area, and no more than
/// fit the working space. None is beyond the area as long as growth is behind a barrier before it is
/// used; but a medium that lied about that must not keep the volume from being opened.
fn slots_there(geometry: Geometry, recent: &Recent, slot: SlotIndex, size: u64) -> u32 {
    let behind = geometry.slots_in(size).saturating_sub(slot.0);
    let most = (WINDOW_BYTES >> geometry.chunk.shift()).max(1);
    behind.min(recent.run.chunks.count.min(most) as u32)
}

impl Machine for TakeRole {
    type Shared = ();
    type Output = Active;
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let phase = match self.phase {
            Phase::Load => {
                let next = self.load.absorb(buffers);
                self.ask(Phase::Load, Op::Read(self.load.only_op()[0]));
                return next;
            }
            Phase::Fence => Phase::FenceBarrier,
            Phase::RewriteLast => Phase::Barrier,
            Phase::Superblock => Phase::SuperblockBarrier,
            _ => return Next::Step,
        };
        self.ask(phase, BARRIER);
        Next::Io
    }

    fn step(&mut self, (): &mut (), buffers: &mut Buffers<'_>, fed: Fed) -> Step<Active> {
        match self.go_on(buffers, fed) {
            Ok(None) => Step::Io,
            Ok(Some(active)) => Step::Done(Ok(active)),
            Err(error) => Step::Done(Err(error)),
        }
    }
}
