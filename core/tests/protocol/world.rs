//! Media, nodes and machines, advanced one half of an operation at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use shadowvol::active::{Active, Commit, Compact, Create, Delete, Event, Format, MakeRoom};
use shadowvol::active::{Options, Role, TakeRole, Write};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{BYTES, OnFull, PAIR_OFFSET, Superblock};
use shadowvol::journal::Load;
use shadowvol::machine::{
    Buffer, Buffers, Fed, Machine, Medium, Next, Op, Scratch, Span, Step, Wait,
};
use shadowvol::passive::{CatchUp, Passive, Read, TRUST};
use shadowvol::{ChunkSize, CopyId, Description, Error, VolumeId};

use crate::disk::Disk;
use crate::job::{Job, Kind, Output, State, Task};
use crate::random::Random;

/// What a world is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) size: usize,
    /// Stands for the volume's identity.
    pub(crate) volume: u8,
    pub(crate) chunk: u64,
    /// Slots of a journal segment; one makes journals link all the time.
    pub(crate) segment: u32,
    /// Slots of the diff area at most.
    pub(crate) slots: usize,
    pub(crate) on_full: OnFull,
    pub(crate) nodes: usize,
    /// How much slower passive nodes are than the active one.
    pub(crate) drowsy: usize,
}

impl Shape {
    pub(crate) const SMALL: Self = Self {
        size: 14_001,
        volume: 7,
        chunk: 4096,
        segment: 1,
        slots: 40,
        on_full: OnFull::FailWrite,
        nodes: 2,
        drowsy: 1,
    };
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) shape: Shape,
    pub(crate) origin: Disk,
    pub(crate) diff: Disk,
    pub(crate) active: Option<Box<Active>>,
    pub(crate) nodes: Vec<Passive>,
    pub(crate) jobs: Vec<Job>,
    /// The bytes of every acknowledged copy that nobody began to delete.
    pub(crate) truths: BTreeMap<CopyId, Rc<Vec<u8>>>,
    /// When each copy was taken; a number can be that of another copy after a power cut.
    taken: BTreeMap<CopyId, i64>,
    /// Copies whose deletion was begun, with their bytes: they may be there or gone.
    pub(crate) doomed: BTreeMap<CopyId, Rc<Vec<u8>>>,
    /// What was acknowledged, for the volume itself.
    flushed: Vec<u8>,
    /// Writes since the last flush.
    since: Vec<(usize, Vec<u8>)>,
    next: u64,
    /// What the active node has reported.
    pub(crate) events: Vec<Event>,
    pub(crate) random: Random,
    pub(crate) reads: u64,
    pub(crate) refused: u64,
}

impl World {
    pub(crate) fn new(shape: Shape, seed: u64) -> Self {
        let limit = shape.slots * shape.chunk as usize;
        let mut world = Self {
            shape,
            origin: Disk::new(shape.size, shape.size),
            diff: Disk::new(0, usize::MAX),
            active: None,
            nodes: Vec::new(),
            jobs: Vec::new(),
            truths: BTreeMap::new(),
            taken: BTreeMap::new(),
            doomed: BTreeMap::new(),
            flushed: Vec::new(),
            since: Vec::new(),
            next: 0,
            events: Vec::new(),
            random: Random(seed),
            reads: 0,
            refused: 0,
        };
        let mut content = vec![0; shape.size];
        content.iter_mut().for_each(|byte| *byte = world.random.next() as u8);
        world.origin.begin_write(0, 0, content.clone(), 0);
        world.origin.end_write(0);
        world.origin.barrier();
        world.flushed = content;
        world.format(limit);
        world.diff = {
            let mut small = Disk::new(0, limit);
            small.grow(limit.min(world.diff.visible.len())).expect("a limit above the least");
            let bytes = world.diff.visible[..small.visible.len()].to_vec();
            small.begin_write(0, 0, bytes, 0);
            small.end_write(0);
            small.barrier();
            small
        };
        world.take_role();
        world.finish();
        for _ in 0..shape.nodes {
            let node = world.open_node();
            world.nodes.push(node);
        }
        world
    }

    fn format(&mut self, limit: usize) {
        let mut machine = Format::new(Options {
            size: self.shape.size as u64,
            volume: VolumeId([self.shape.volume; 16]),
            chunk: ChunkSize::from_bytes(self.shape.chunk).expect("a power of two"),
            limit: u64::MAX,
            on_full: self.shape.on_full,
        });
        let mut scratch = Scratch::new();
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        let mut fed = Fed::Again;
        loop {
            match machine.step(&mut (), &mut buffers, fed) {
                Step::Io => {}
                Step::Wait(_) => unreachable!("nobody else is there"),
                Step::Done(done) => break done.expect("a diff area"),
            }
            fed = Fed::Done;
            for op in machine.ops() {
                match *op {
                    Op::Grow { size } => {
                        fed = Fed::Size(self.diff.grow(size as usize).expect("room"));
                    }
                    Op::Write { at, from, .. } => {
                        let data = buffers.scratch[from.range()].to_vec();
                        self.diff.begin_write(0, at as usize, data, 0);
                        self.diff.end_write(0);
                    }
                    _ => self.diff.barrier(),
                }
            }
            assert_eq!(machine.absorb(&mut buffers), Next::Step);
        }
        // Segments of the wanted length, as a diff area of another version could have them.
        let at = PAIR_OFFSET as usize;
        let bytes = &self.diff.visible[at..at + BYTES];
        let parsed = Superblock::parse(bytes, Checksum::PORTABLE).expect("sound");
        let mut superblock = parsed.expect("whole");
        superblock.geometry.segment = self.shape.segment;
        superblock.journal.slots = self.shape.segment;
        superblock.limit = limit as u64;
        let bytes = superblock.emit(Checksum::PORTABLE).to_vec();
        self.diff.begin_write(0, at, bytes, 0);
        self.diff.end_write(0);
        self.diff.barrier();
    }

    pub(crate) fn spawn(&mut self, kind: Kind, user: Vec<u8>) -> u64 {
        self.next += 1;
        self.jobs.push(Job::new(self.next, kind, user));
        self.next
    }

    pub(crate) fn write(&mut self, at: usize, data: Vec<u8>) {
        self.since.push((at, data.clone()));
        let machine = Write::new(at as u64, data.len() as u64);
        self.spawn(Kind::Write(machine), data);
    }

    pub(crate) fn discard(&mut self, at: usize, length: usize) {
        self.since.push((at, vec![0; length]));
        // What it has to preserve may be preserved ahead of it, or by it meanwhile.
        let machine = Write::ahead(at as u64, length as u64);
        self.spawn(Kind::Write(machine), Vec::new());
        let machine = Write::discard(at as u64, length as u64);
        self.spawn(Kind::Write(machine), vec![0; length]);
    }

    pub(crate) fn create(&mut self) {
        let time = self.next as i64;
        self.spawn(Kind::Create(Create::new(Description::new("copy", time))), Vec::new());
    }

    pub(crate) fn delete(&mut self, copy: CopyId) {
        if let Some(truth) = self.truths.remove(&copy) {
            self.doomed.insert(copy, truth);
            self.spawn(Kind::Delete(Delete::new(vec![copy], 0)), Vec::new());
        }
    }

    pub(crate) fn compact(&mut self) {
        self.spawn(Kind::Compact(Compact::new()), Vec::new());
    }

    pub(crate) fn read(&mut self, node: usize, copy: CopyId, at: usize, length: usize) {
        let Ok(info) = self.nodes[node].view().copy(copy) else {
            // It has not heard of the copy yet. A node that has, stays as far behind as it is.
            let machine = Box::new(CatchUp::new());
            self.spawn(Kind::CatchUp { machine, node }, Vec::new());
            return;
        };
        let time = info.about.time;
        let machine = Box::new(Read::new(copy, time, at as u64, length as u64));
        self.spawn(Kind::Read { machine, node, copy, time, at }, vec![0xaa; length]);
    }

    pub(crate) fn take_role(&mut self) {
        let role = self.role();
        self.spawn(Kind::TakeRole(Box::new(TakeRole::new(role))), Vec::new());
    }

    /// How a node takes the role that changes nothing.
    pub(crate) fn role(&self) -> Role {
        Role {
            origin_size: self.shape.size as u64,
            diff_size: self.diff.visible.len() as u64,
            stamp: [0; 32],
            boot: [0; 16],
            coherent: false,
            limit: None,
            on_full: None,
            drop_copies: false,
        }
    }

    /// A new passive node, opened while nothing else moves.
    pub(crate) fn open_node(&mut self) -> Passive {
        self.try_open_node().expect("a journal")
    }

    pub(crate) fn try_open_node(&mut self) -> Result<Passive, Error> {
        let mut job = Job::new(u64::MAX, Kind::Load(Box::new(Load::new(TRUST))), Vec::new());
        loop {
            if let Some(done) = self.advance(&mut job) {
                return match done? {
                    Output::Loaded(loaded) => Ok(Passive::new(*loaded)),
                    _ => unreachable!("a load loads"),
                };
            }
        }
    }

    /// Flushes the volume, with nothing else under way.
    pub(crate) fn flush(&mut self) {
        assert!(self.jobs.iter().all(|job| !job.is_overwriting()));
        self.origin.barrier();
        self.flushed.clone_from(&self.origin.visible);
        self.since.clear();
    }

    /// Advances some machine by half an operation; false when none is under way.
    pub(crate) fn tick(&mut self) -> bool {
        if self.jobs.is_empty() {
            return false;
        }
        let mut nth = self.random.below(self.jobs.len());
        if !self.jobs[nth].is_active() && !self.random.one_in(self.shape.drowsy) {
            nth = self.random.below(self.jobs.len());
        }
        let mut job = self.jobs.swap_remove(nth);
        match self.advance(&mut job) {
            None => self.jobs.push(job),
            Some(done) => self.end(job, done),
        }
        if let Some(active) = &mut self.active {
            if active.wants_sweep() && self.random.one_in(4) {
                active.sweep(1 + self.random.below(8));
            }
            for event in active.take_events() {
                if let Event::Dropped { copies } = &event {
                    for copy in copies {
                        if let Some(truth) = self.truths.remove(copy) {
                            self.doomed.insert(*copy, truth);
                        }
                    }
                }
                self.events.push(event);
            }
        }
        true
    }

    pub(crate) fn finish(&mut self) {
        let mut ticks = 0;
        while self.tick() {
            ticks += 1;
            assert!(ticks < 200_000, "nothing moves any more: {:?}", self.kinds());
        }
    }

    /// Steps a machine of the active node outside the schedule.
    pub(crate) fn step<M: Machine<Shared = Active>>(
        &mut self,
        machine: &mut M,
        fed: Fed,
    ) -> Step<M::Output> {
        let mut scratch = Scratch::new();
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        machine.step(self.active.as_mut().expect("an active"), &mut buffers, fed)
    }

    fn kinds(&self) -> Vec<&Kind> {
        self.jobs.iter().map(|job| &job.kind).collect()
    }

    fn advance(&mut self, job: &mut Job) -> Option<Result<Output, Error>> {
        match &mut job.state {
            State::Child => None,
            State::Step(fed) => {
                let fed = core::mem::replace(fed, Fed::Again);
                let step = job.step(fed, self.active.as_deref_mut(), &mut self.nodes);
                match step {
                    Step::Io => self.ask(job),
                    Step::Wait(Wait::Turn | Wait::Barrier | Wait::Yield | Wait::Gate) => {
                        job.state = State::Step(Fed::Again)
                    }
                    Step::Wait(Wait::Commit) => {
                        let commits = |job: &Job| matches!(job.kind, Kind::Commit(_));
                        if !self.jobs.iter().any(commits) {
                            self.spawn(Kind::Commit(Commit::new()), Vec::new());
                        }
                        job.state = State::Step(Fed::Again);
                    }
                    Step::Wait(Wait::Room(slots)) => {
                        let machine = MakeRoom::new(slots, 0);
                        self.spawn(Kind::MakeRoom { machine, parent: job.id }, Vec::new());
                        job.state = State::Child;
                    }
                    Step::Wait(Wait::Settle(_)) => unreachable!("nobody reverts the volume"),
                    Step::Done(done) => return Some(done),
                }
                None
            }
            State::Ops(tasks) => {
                let nth = self.random.below(tasks.len());
                let mut task = tasks.swap_remove(nth);
                let fed = self.perform(job, &mut task);
                let State::Ops(tasks) = &mut job.state else { return None };
                match fed {
                    None => tasks.push(task),
                    Some(fed) if tasks.is_empty() => {
                        if job.absorb() == Next::Io {
                            self.ask(job);
                        } else {
                            job.state = State::Step(fed);
                        }
                    }
                    Some(Fed::Failed(error)) => job.state = State::Step(Fed::Failed(error)),
                    Some(_) => {}
                }
                None
            }
        }
    }

    fn ask(&mut self, job: &mut Job) {
        loop {
            let ops = job.ops();
            if !ops.is_empty() {
                let task = |op| {
                    self.next += 1;
                    Task { op, key: self.next, cut: None }
                };
                job.state = State::Ops(ops.into_iter().map(task).collect());
                return;
            }
            // No operation is wanted, which is done at once.
            if job.absorb() == Next::Step {
                job.state = State::Step(Fed::Done);
                return;
            }
        }
    }

    /// Does the first or the second half of an operation.
    fn perform(&mut self, job: &mut Job, task: &mut Task) -> Option<Fed> {
        let Self { origin, diff, random, .. } = self;
        let disk = match task.op.medium() {
            Medium::Origin => origin,
            Medium::DiffArea => diff,
        };
        match task.op {
            Op::Read(read) => {
                let at = read.at as usize;
                if at + read.into.len > disk.visible.len() {
                    return Some(Fed::Failed(read.failure()));
                }
                let cut = random.below(read.into.len + 1);
                let range = task.cut.map_or(0..cut, |cut| cut..read.into.len);
                let into = match read.into.buffer {
                    Buffer::User => &mut job.user[read.into.range()],
                    Buffer::Scratch => &mut job.scratch[read.into.range()],
                };
                into[range.clone()].copy_from_slice(&disk.visible[at..][range]);
                if task.cut.is_none() {
                    task.cut = Some(cut);
                    return None;
                }
                Some(Fed::Done)
            }
            Op::Write { at, from, .. } => write(disk, random, task, at, bytes(job, from)),
            Op::Punch { at, len } => write(disk, random, task, at, vec![0; len as usize]),
            Op::Barrier { .. } => {
                disk.barrier();
                Some(Fed::Done)
            }
            Op::Grow { size } => {
                let failed = Fed::Failed(task.op.failure());
                Some(disk.grow(size as usize).map_or(failed, Fed::Size))
            }
        }
    }

    fn end(&mut self, job: Job, done: Result<Output, Error>) {
        match (job.kind, done) {
            (Kind::MakeRoom { parent, .. }, done) => {
                let waits = self.jobs.iter_mut().find(|job| job.id == parent);
                let fed = done.map_or_else(Fed::Failed, |_| Fed::Again);
                waits.expect("it waits").state = State::Step(fed);
            }
            (Kind::Create(_), Ok(Output::Copy(copy))) => {
                // Writes are held until this very step, so the origin is as at the instant.
                assert!(self.jobs.iter().all(|job| !job.is_overwriting()), "a write in the hold");
                let taken = self.active.as_ref().and_then(|active| active.view().copy(copy).ok());
                let time = taken.expect("it was taken").about.time;
                self.taken.insert(copy, time);
                self.truths.insert(copy, Rc::new(self.origin.visible.clone()));
            }
            (Kind::TakeRole(_), done) => match done.expect("the role") {
                Output::Active(active) => self.active = Some(active),
                other => unreachable!("{other:?}"),
            },
            (Kind::Read { copy, at, .. }, Ok(_)) => {
                let truth = self.truths.get(&copy).or_else(|| self.doomed.get(&copy));
                if let Some(truth) = truth {
                    let truth = &truth[at..at + job.user.len()];
                    assert!(job.user == truth, "a passive read wrong bytes of copy {copy}");
                }
                self.reads += 1;
            }
            (Kind::Read { copy, time, .. }, Err(Error::Gone { .. } | Error::NoSuchCopy { .. })) => {
                // A power cut can take back a copy that a node knows, and its number goes to another.
                let is_gone =
                    !self.truths.contains_key(&copy) || self.taken.get(&copy) != Some(&time);
                assert!(is_gone, "copy {copy} is not gone");
            }
            (Kind::Write(_) | Kind::Create(_) | Kind::Compact(_), Err(error)) => {
                let ended = self.active.as_ref().and_then(|active| active.ended());
                assert!(matches!(error, Error::DiffAreaFull { .. }), "{error}: {ended:?}");
                assert_eq!(ended, None);
                self.refused += 1;
            }
            (kind, Err(error)) => panic!("{kind:?}: {error}"),
            (_, Ok(_)) => {}
        }
    }

    /// A power cut: what was not behind a barrier is there in part, passives live on.
    pub(crate) fn crash(&mut self, keep: Option<u64>) {
        let origin_loose = self.origin.loose();
        let mut random = self.random.clone();
        let _ = self.random.next();
        let mut dice = keep.is_none().then_some(&mut random);
        self.origin = self.origin.crash(keep.unwrap_or(0), dice.as_deref_mut());
        self.diff = self.diff.crash(keep.unwrap_or(0) >> origin_loose.min(63), dice);
        self.jobs.retain(|job| !job.is_active());
        self.active = None;
    }

    pub(crate) fn loose(&self) -> usize {
        self.origin.loose() + self.diff.loose()
    }

    /// Everything that was promised, with nothing under way.
    pub(crate) fn verify(&mut self, what: &str) {
        let fresh = self.open_node();
        if let Some(active) = &self.active {
            let journal = u64::from(fresh.journal_slots()) * self.shape.chunk;
            assert_eq!((fresh.records(), journal), (active.records(), active.space().journal));
        }
        self.nodes.push(fresh);
        let all = self.shape.size;
        for node in 0..self.nodes.len() {
            let known: BTreeSet<_> = self.truths.keys().copied().collect();
            for &copy in &known {
                // A node that has not caught up does not know the copy yet.
                if self.nodes[node].view().copy(copy).is_ok() {
                    self.read(node, copy, 0, all);
                }
            }
        }
        let last = self.nodes.len() - 1;
        for &copy in self.truths.keys() {
            assert!(self.nodes[last].view().copy(copy).is_ok(), "{what}: copy {copy} is lost");
        }
        // Copies that were never acknowledged may be there; then they can be read.
        let there: Vec<_> = self.nodes[last].view().copies().map(|info| info.id).collect();
        for copy in there {
            self.read(last, copy, 0, all);
        }
        self.finish();
        self.nodes.pop();
        self.verify_volume(what);
        self.verify_slots(what);
    }

    /// Each byte is the flushed one or one that was written since.
    fn verify_volume(&self, what: &str) {
        for (at, &byte) in self.origin.visible.iter().enumerate() {
            let later = |(start, data): &(usize, Vec<u8>)| {
                at.checked_sub(*start).and_then(|nth| data.get(nth)) == Some(&byte)
            };
            let right = byte == self.flushed[at] || self.since.iter().any(later);
            assert!(right, "{what}: byte {at} of the volume was never written");
        }
    }

    /// Slots in use are the table's, the journal's and its spare segment's.
    fn verify_slots(&mut self, what: &str) {
        let Some(active) = &mut self.active else { return };
        while active.wants_sweep() {
            active.sweep(1000);
        }
        let mut slots = 0;
        active.view().for_each_slot(|_, count| slots += u64::from(count));
        let space = active.space();
        let known = slots * self.shape.chunk + space.journal;
        let spare = u64::from(self.shape.segment) * self.shape.chunk;
        assert!(
            space.used == known || space.used == known + spare,
            "{what}: {} bytes in use, {known} known",
            space.used
        );
    }
}

fn bytes(job: &Job, from: Span) -> Vec<u8> {
    match from.buffer {
        Buffer::User => job.user[from.range()].to_vec(),
        Buffer::Scratch => job.scratch[from.range()].to_vec(),
    }
}

fn write(
    disk: &mut Disk,
    random: &mut Random,
    task: &mut Task,
    at: u64,
    data: Vec<u8>,
) -> Option<Fed> {
    if task.cut.is_none() {
        let cut = random.below(data.len() + 1);
        disk.begin_write(task.key, at as usize, data, cut);
        task.cut = Some(cut);
        return None;
    }
    disk.end_write(task.key);
    Some(Fed::Done)
}
