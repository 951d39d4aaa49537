//! The media, the nodes, the machines that are under way, and the model beside them.

use std::collections::{BTreeMap, VecDeque};

use shadowvol::active::{
    Active, Amend, Commit, Compact, Create, Delete, Describe, Event, Format, Grow, MakeRoom,
    Options, Role, Seal, Settle, TakeRole, Write,
};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{BYTES, OnFull, PAIR_OFFSET, Superblock};
use shadowvol::journal::Load;
use shadowvol::machine::{Machine, Op, ReadOp, Wait};
use shadowvol::passive::{CatchUp, Passive, Read, TRUST};
use shadowvol::{Attributes, ChunkSize, CopyId, Description, Error, Extent, VolumeId};

use super::act::{Look, Shape};
use super::disk::Disk;
use super::model::{Model, Time};
use super::task::{Media, Task, Turn};
use crate::Random;

/// A read under way: on which node, of which copy, where.
type Reading = (usize, (CopyId, Time), usize, Task<Read>);

pub(super) struct World {
    pub(super) media: Media,
    pub(super) model: Model,
    active: Option<Active>,
    nodes: Vec<Passive>,
    compaction: Option<Task<Compact>>,
    reading: Option<Reading>,
    /// Looks in the middle of what the active does next: when so many operations are begun.
    looks: VecDeque<(u64, Look)>,
    coherent: bool,
    clock: Time,
}

const CHUNK: u32 = 4096;
/// More waits than this are a wait for ever.
const PATIENCE: u32 = 10_000;

impl World {
    pub(super) fn new(shape: Shape) -> Self {
        let size = usize::from(shape.size % 24_000) + 1;
        let segment = u32::from(shape.segment % 3) + 1;
        let least = 2 + 4 * segment;
        let limit = (least + 3 + u32::from(shape.room) % 64) * CHUNK;
        let mut origin = Disk::new(size, size);
        let now = Random(size as u64).bytes(size);
        origin.write(0, &now).expect("within");
        origin.barrier();
        let on_full = if shape.drops_oldest { OnFull::DropOldest } else { OnFull::FailWrite };
        let diff = format(size, segment, least * CHUNK, limit, on_full);
        let mut world = Self {
            media: Media::new(origin, diff),
            model: Model::new(now),
            active: None,
            nodes: Vec::new(),
            compaction: None,
            reading: None,
            looks: VecDeque::new(),
            coherent: shape.coherent,
            clock: 0,
        };
        world.take_role();
        world.nodes = vec![world.load(), world.load()];
        world
    }

    pub(super) fn write(&mut self, at: usize, data: Vec<u8>) {
        let machine = Write::new(at as u64, data.len() as u64);
        let result = self.run(Task::with(machine, data.clone(), Vec::new()));
        self.judge_write(at, &data, result);
    }

    pub(super) fn discard(&mut self, at: usize, length: usize) {
        let result = self.run(Task::new(Write::discard(at as u64, length as u64)));
        self.judge_write(at, &vec![0; length], result);
    }

    fn judge_write(&mut self, at: usize, data: &[u8], result: Result<(), Error>) {
        if self.expected(result).is_some() {
            self.model.now[at..at + data.len()].copy_from_slice(data);
        } else {
            self.model.judge_failed_write(at, data, self.media.origin.visible());
        }
    }

    pub(super) fn write_beyond(&mut self, by: u8) {
        let size = self.model.now.len() as u64;
        let (at, length) = (size - u64::from(by).min(size), u64::from(by) + 1);
        let data = vec![1; length as usize];
        let result = self.run(Task::with(Write::new(at, length), data, Vec::new()));
        assert!(matches!(result, Err(Error::OutOfRange { .. })), "{result:?}");
    }

    pub(super) fn create(&mut self, label: String) {
        self.clock += 1;
        let time = self.clock;
        let next = CopyId::new(self.active().view().next_copy());
        self.model.begin_copy(next, time, true);
        let result = self.run(Task::new(Create::new(Description::new(label, time))));
        if let Some(copy) = self.expected(result) {
            self.model.end_copy(copy, time);
        }
    }

    /// A copy that is not finished.
    pub(super) fn make(&mut self) {
        self.clock += 1;
        let about =
            Description { attributes: Attributes::UNFINISHED, ..Description::new("", self.clock) };
        let time = self.clock;
        let next = CopyId::new(self.active().view().next_copy());
        self.model.begin_copy(next, time, false);
        let result = self.run(Task::new(Create::new(about)));
        if let Some(copy) = self.expected(result) {
            self.model.end_copy(copy, time);
        }
    }

    /// Some chunks of a copy, if they may be amended.
    pub(super) fn amend(&mut self, copy: CopyId, at: u16, chunks: u8, byte: u8) {
        let (size, chunk) = (self.model.now.len(), CHUNK as usize);
        let at = usize::from(at) % size / chunk * chunk;
        let length = (usize::from(chunks % 4) * chunk).min(size - at);
        let data = vec![byte; length];
        let machine = Amend::new(copy, at as u64, &data, ChunkSize::MIN, Checksum::PORTABLE);
        let refuses = match self.active().view().copy(copy) {
            Ok(info) if !info.about.is_unfinished() => true,
            _ => {
                let cover = Extent::new((at / chunk) as u64, length.div_ceil(chunk) as u64);
                self.active().view().amended().first_of(copy, cover).is_some()
            }
        };
        let result = self.run(Task::with(machine, data.clone(), Vec::new()));
        match result {
            Err(Error::Finished { .. } | Error::Amended { .. }) => assert!(refuses),
            // It went for want of room, perhaps for this.
            Err(Error::Gone { .. }) => {}
            result => {
                assert!(!refuses || result.is_err(), "copy {copy} was amended once more");
                if self.expected(result).is_some() {
                    self.model.amend(copy, at, &data);
                }
            }
        }
    }

    pub(super) fn call_finished(&mut self, copy: CopyId) {
        self.model.begin_finish(copy);
        let result = self.run(Task::new(Describe::new(copy, Description::new("", 0))));
        if !matches!(result, Err(Error::Gone { .. })) && self.expected(result).is_some() {
            self.model.end_finish(copy);
        }
    }

    pub(super) fn delete(&mut self, copy: CopyId) {
        self.model.begin_deletion(copy);
        let result = self.run(Task::new(Delete::new(vec![copy], 0)));
        if self.expected(result).is_some() {
            self.model.end_deletion(copy);
        }
    }

    pub(super) fn delete_missing(&mut self, number: u8) {
        let Some(copy) = CopyId::new(number.into()) else { return };
        if self.model.copies().all(|(alive, _)| alive != copy) {
            let result = self.run(Task::new(Delete::new(vec![copy], 0)));
            let refused = matches!(result, Err(Error::Gone { .. } | Error::NoSuchCopy { .. }));
            assert!(refused, "{result:?}");
        }
    }

    pub(super) fn compact(&mut self) {
        let result = self.run(Task::new(Compact::new()));
        self.expected(result);
    }

    pub(super) fn begin_compaction(&mut self) {
        if self.compaction.is_none() {
            self.compaction = Some(Task::new(Compact::new()));
        }
    }

    /// Lets the compaction that is under way do so many operations.
    pub(super) fn go_on_compacting(&mut self, budget: u32) {
        let Some(mut task) = self.compaction.take() else { return };
        match self.turn(&mut task, budget) {
            None => self.compaction = Some(task),
            Some(result) => {
                self.expected(result);
            }
        }
    }

    pub(super) fn sweep(&mut self, entries: usize) {
        self.active().sweep(entries);
    }

    pub(super) fn grow(&mut self) {
        let result = self.run(Task::new(Grow::ahead()));
        self.expected(result);
    }

    pub(super) fn flush(&mut self) {
        self.media.origin.barrier();
    }

    pub(super) fn close(&mut self) {
        self.flush();
        let result = self.run(Task::new(Seal::new([0; 32])));
        if self.expected(result).is_some() {
            self.vanish();
        }
    }

    /// The active node's process ends.
    pub(super) fn vanish(&mut self) {
        self.compaction = None;
        self.active = None;
        self.take_role();
    }

    /// The power fails, and all that holds the role with it.
    pub(super) fn lose_power(&mut self, seed: u64) {
        self.forget_loose_writes(seed);
        self.vanish();
    }

    /// In coherent mode, which promises nothing for that, only the process ends.
    fn forget_loose_writes(&mut self, seed: u64) {
        self.media.dark = None;
        if !self.coherent {
            let mut random = Random(seed);
            self.media.origin.lose_power(&mut random);
            self.media.diff.lose_power(&mut random);
            self.model.now.copy_from_slice(self.media.origin.visible());
        }
    }

    pub(super) fn catch_up(&mut self, node: usize) {
        let result = self.run_passive(node, Task::new(CatchUp::new())).1;
        result.expect("a journal that can be followed");
    }

    pub(super) fn reopen(&mut self, node: usize) {
        if self.reading.as_ref().is_some_and(|&(reader, ..)| reader == node) {
            self.go_on_reading(u32::MAX);
        }
        self.nodes[node] = self.load();
    }

    /// Reads the nth copy that the node knows of.
    pub(super) fn read(&mut self, node: usize, nth: u8, at: usize, length: usize) {
        if let Some((copy, task)) = self.read_task(node, nth, at, length) {
            let (task, result) = self.run_passive(node, task);
            let unfinished = self.nodes[node].view().is_unfinished(copy.0);
            self.model.judge_read(copy, unfinished, at, result.as_ref().map(|()| &task.user[..]));
        }
    }

    pub(super) fn begin_reading(&mut self, node: usize, nth: u8, at: usize, length: usize) {
        if self.reading.is_none()
            && let Some((copy, task)) = self.read_task(node, nth, at, length)
        {
            self.reading = Some((node, copy, at, task));
        }
    }

    /// Lets the read that is under way do so many operations.
    pub(super) fn go_on_reading(&mut self, budget: u32) {
        let Some((node, copy, at, mut task)) = self.reading.take() else { return };
        match task.turn(&mut self.nodes[node], &mut self.media, budget) {
            Turn::Done(result) => {
                let unfinished = self.nodes[node].view().is_unfinished(copy.0);
                let read = result.as_ref().map(|()| &task.user[..]);
                self.model.judge_read(copy, unfinished, at, read);
            }
            Turn::Wait(wait) => panic!("a read waits for nobody: {wait:?}"),
            Turn::Paused => self.reading = Some((node, copy, at, task)),
        }
    }

    fn read_task(
        &self,
        node: usize,
        nth: u8,
        at: usize,
        length: usize,
    ) -> Option<((CopyId, Time), Task<Read>)> {
        let known = self.nodes[node].view().copies();
        let nth = usize::from(nth) % known.len().max(1);
        let info = self.nodes[node].view().copies().nth(nth)?;
        let machine = Read::new(info.id, info.about.time, at as u64, length as u64);
        Some(((info.id, info.about.time), Task::with(machine, Vec::new(), vec![0xaa; length])))
    }

    /// A look when the active has done so many operations, counted from the last such look.
    pub(super) fn look_later(&mut self, operations: u64, look: Look) {
        let from = self.looks.back().map_or(self.media.begun, |&(at, _)| at);
        self.looks.push_back((from + operations, look));
    }

    /// How many operations the active may do before the next look.
    fn until_look(&self) -> u32 {
        let left = self.looks.front().map(|(at, _)| at.saturating_sub(self.media.begun));
        left.and_then(|left| left.try_into().ok()).unwrap_or(u32::MAX)
    }

    /// Does the next look if it is due.
    fn look_if_due(&mut self) -> bool {
        let Some((_, look)) = self.looks.pop_front_if(|(at, _)| *at <= self.media.begun) else {
            return false;
        };
        self.hear();
        self.look(look);
        true
    }

    /// Copies that are let go are gone for passives before the request ends that needed room.
    fn hear(&mut self) {
        for event in self.active.as_mut().map(Active::take_events).unwrap_or_default() {
            if let Event::Dropped { copies } = event {
                copies.into_iter().for_each(|copy| self.model.begin_deletion(copy));
            }
        }
    }

    /// What must hold after whatever was done. A role that has ended is taken again.
    pub(super) fn settle(&mut self) {
        self.hear();
        if let Some(seed) = self.media.dark {
            self.lose_power(seed);
        } else if self.active().ended().is_some() {
            assert!(self.media.failed, "the role ended without a failure");
            self.vanish();
        }
        let found = copies(self.active());
        self.model.settle(&found);
        assert!(self.media.origin.visible() == self.model.now, "wrong bytes of the volume");
    }

    /// Every copy is what it was, for old nodes and new ones; and when all are deleted, no slot is
    /// in use but the journal's.
    pub(super) fn finish(&mut self) {
        self.media.fault = None;
        self.settle();
        self.go_on_compacting(u32::MAX);
        self.go_on_reading(u32::MAX);
        self.settle();
        let fresh = self.load();
        self.nodes.push(fresh);
        let size = self.model.now.len();
        for node in 0..self.nodes.len() {
            self.catch_up(node);
            let known = self.nodes[node].view().copies().map(|info| (info.id, info.about.time));
            assert!(known.eq(self.model.copies()), "node {node} knows other copies");
            for nth in 0..self.model.copies().count() {
                self.read(node, nth as u8, 0, size);
            }
        }
        while let Some(copy) = self.model.nth(0) {
            self.delete(copy);
            assert!(self.model.nth(0) != Some(copy), "copy {copy} cannot be deleted");
        }
        while self.active().wants_sweep() {
            self.sweep(100);
        }
        let active = self.active();
        let (space, segment) = (active.space(), active.geometry().segment_bytes());
        assert!(space.used <= space.journal + segment, "slots are lost: {space:?}");
        self.close();
    }

    fn active(&mut self) -> &mut Active {
        self.active.as_mut().expect("there is a holder of the role")
    }

    fn take_role(&mut self) {
        self.media.failed = false;
        loop {
            let role = Role {
                origin_size: self.model.now.len() as u64,
                diff_size: self.media.diff.visible().len() as u64,
                stamp: [0; 32],
                boot: [0; 16],
                coherent: self.coherent,
                limit: None,
                on_full: None,
                drop_copies: false,
            };
            let mut task = Task::new(TakeRole::new(role));
            let taken = loop {
                let most = self.until_look();
                match task.turn(&mut (), &mut self.media, most) {
                    Turn::Done(taken) => break taken,
                    turn => assert!(matches!(turn, Turn::Paused) && self.look_if_due()),
                }
            };
            match taken {
                Ok(active) => {
                    self.media.failed = false;
                    self.model.settle(&copies(&active));
                    for info in active.view().copies().filter(|info| info.about.is_unfinished()) {
                        self.model.forget_amended(info.id, info.about.time);
                    }
                    self.active = Some(active);
                    return;
                }
                Err(error) => {
                    assert!(core::mem::take(&mut self.media.failed), "{error}");
                    if let Some(seed) = self.media.dark {
                        self.forget_loose_writes(seed);
                    }
                }
            }
        }
    }

    fn load(&mut self) -> Passive {
        let task = Task::new(Load::new(TRUST));
        Passive::new(alone(&mut self.media, task).expect("a journal that can be read"))
    }

    /// The result of something that may fail for want of space, or because a medium failed.
    fn expected<T>(&self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Error::DiffAreaFull { .. }) => None,
            Err(error) => {
                assert!(self.media.failed, "without a failure: {error}");
                None
            }
        }
    }

    fn run<M>(&mut self, mut task: Task<M>) -> Result<M::Output, Error>
    where
        M: Machine<Shared = Active, Op = Op>,
    {
        self.turn(&mut task, u32::MAX).expect("nothing pauses it")
    }

    /// Goes on until the machine is done or has done so many operations, and does what it waits
    /// for.
    fn turn<M>(&mut self, task: &mut Task<M>, mut budget: u32) -> Option<Result<M::Output, Error>>
    where
        M: Machine<Shared = Active, Op = Op>,
    {
        for _ in 0..PATIENCE {
            let begun = self.media.begun;
            let most = budget.min(self.until_look());
            let active = self.active.as_mut().expect("there is a holder of the role");
            let turn = task.turn(active, &mut self.media, most);
            budget -= (self.media.begun - begun) as u32;
            let served = match turn {
                Turn::Done(result) => return Some(result),
                Turn::Paused if self.look_if_due() => continue,
                Turn::Paused => return None,
                Turn::Wait(Wait::Turn | Wait::Barrier) => {
                    assert!(self.compaction.is_some(), "it waits for nobody");
                    self.go_on_compacting(u32::MAX);
                    Ok(())
                }
                Turn::Wait(Wait::Gate) => panic!("nobody made a gate"),
                Turn::Wait(Wait::Commit) => self.run(Task::new(Commit::new())),
                Turn::Wait(Wait::Yield) => Ok(()),
                Turn::Wait(Wait::Room(slots)) => self.run(Task::new(MakeRoom::new(slots, 0))),
                Turn::Wait(Wait::Settle(extent)) => {
                    self.run(Task::new(Settle::within(extent))).map(drop)
                }
            };
            if let Err(error) = served {
                task.refuse(error);
            }
        }
        panic!("it waits for ever");
    }

    fn run_passive<M>(
        &mut self,
        node: usize,
        mut task: Task<M>,
    ) -> (Task<M>, Result<M::Output, Error>)
    where
        M: Machine<Shared = Passive, Op = ReadOp>,
    {
        loop {
            match task.turn(&mut self.nodes[node], &mut self.media, u32::MAX) {
                Turn::Done(result) => return (task, result),
                // A read that loads a new journal has the node to itself.
                Turn::Wait(Wait::Turn) if self.reading.is_some() => self.go_on_reading(u32::MAX),
                _ => panic!("it waits for nobody"),
            }
        }
    }
}

fn copies(active: &Active) -> BTreeMap<CopyId, Time> {
    active.view().copies().map(|info| (info.id, info.about.time)).collect()
}

/// Runs a machine that shares nothing.
fn alone<M>(media: &mut Media, mut task: Task<M>) -> Result<M::Output, Error>
where
    M: Machine<Shared = ()>,
    Media: super::task::Perform<M::Op>,
{
    match task.turn(&mut (), media, u32::MAX) {
        Turn::Done(result) => result,
        _ => panic!("it waits for nobody"),
    }
}

/// A diff area with segments of this length, as one of another version could have them.
fn format(size: usize, segment: u32, least: u32, limit: u32, on_full: OnFull) -> Disk {
    let mut media = Media::new(Disk::new(0, 0), Disk::new(0, usize::MAX));
    let options = Options {
        size: size as u64,
        volume: VolumeId([7; 16]),
        chunk: ChunkSize::MIN,
        limit: u64::MAX,
        on_full,
    };
    alone(&mut media, Task::new(Format::new(options))).expect("a diff area");
    let at = PAIR_OFFSET as usize;
    let made = &media.diff.visible()[at..at + BYTES];
    let parsed = Superblock::parse(made, Checksum::PORTABLE).ok().flatten();
    let mut superblock = parsed.expect("the engine reads what it writes");
    superblock.geometry.segment = segment;
    superblock.journal.slots = segment;
    superblock.limit = limit.into();
    let mut disk = Disk::new(least as usize, limit as usize);
    disk.write(PAIR_OFFSET, &superblock.emit(Checksum::PORTABLE)).expect("within");
    disk.barrier();
    disk
}
