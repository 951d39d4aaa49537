//! The driver: it steps machines, does their operations piece by piece, and serves what they wait
//! for, as the drivers for threads and promises do.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::content::{self, UNIT, Value};
use super::disk::{Disk, Owner};
use super::oracle::{self, Broken, Oracle};
use super::scenario::Order;
use super::shared::Shared;
use super::task::{Side, Task};
use super::thread::{Piece, State, Thread};
use super::world::{Action, Node, World};
use crate::active::{Active, Commit, Event, MakeRoom, Settle};
use crate::machine::{Buffer, Fed, Medium, Next, Op, Shared as _, Span, Step, Wait};
use crate::rules::Rule;

impl World {
    /// Steps a thread's machine, or begins its next order.
    pub(super) fn step(&mut self, node: usize, thread: usize) -> Result<(), Broken> {
        if self.nodes[node].threads[thread].frames.is_empty() {
            return self.begin(node, thread);
        }
        let Node { side, threads, .. } = &mut self.nodes[node];
        let before = side.active().and_then(Active::reverting);
        let step = threads[thread].change(|thread| side.change(|side| step(thread, side)));
        let Some(step) = step else { return Ok(()) };
        if before.is_none() && side.active().is_some_and(|active| active.reverting().is_some()) {
            self.oracle.change(Oracle::revert);
        }
        if !matches!(step, Step::Wait(Wait::Turn | Wait::Barrier)) {
            self.nodes[node].wake_others(thread);
        }
        self.hear_events(node)?;
        match step {
            Step::Io => self.ask(node, thread),
            Step::Wait(Wait::Turn | Wait::Barrier | Wait::Yield) => {}
            Step::Wait(wait) => self.serve(node, thread, wait),
            Step::Done(done) => return self.end(node, thread, done),
        }
        Ok(())
    }

    /// Copies that were let go because the diff area was full.
    fn hear_events(&mut self, node: usize) -> Result<(), Broken> {
        if !self.nodes[node].side.active().is_some_and(|active| active.has_events()) {
            return Ok(());
        }
        let events = self.nodes[node].side.change(|side| match side {
            Side::Active(Some(active)) => active.take_events(),
            _ => Vec::new(),
        });
        for event in events {
            if let Event::Dropped { copies } = event {
                if self.scenario.ample {
                    return Err("a copy went for want of room, and there was room".into());
                }
                self.oracle.change(|oracle| oracle.mark(&copies, oracle::State::Doomed));
            }
        }
        Ok(())
    }

    /// Begins what a machine waits for.
    fn serve(&mut self, node: usize, thread: usize, wait: Wait) {
        self.nodes[node].threads[thread].change(|thread| {
            if let Some(frame) = thread.frames.last_mut() {
                frame.state = State::Served(wait);
                frame.scratch.clear();
            }
            thread.push(match wait {
                Wait::Room(slots) => Task::MakeRoom(MakeRoom::new(slots, 0)),
                Wait::Settle(extent) => Task::Settle(Box::new(Settle::within(extent))),
                Wait::Commit | Wait::Turn | Wait::Barrier | Wait::Yield | Wait::Gate => {
                    Task::Commit(Commit::new())
                }
            });
        });
    }

    /// Prepares the operations of a machine that wants some, or tells it that none is to be done.
    fn ask(&mut self, node: usize, thread: usize) {
        let Self { origin, diff, nodes, scenario, .. } = self;
        let Node { side, threads, .. } = &mut nodes[node];
        let prefetches =
            matches!(**side, Side::Passive(_)) && !scenario.rules.keeps(Rule::PassivesNeverWrite);
        threads[thread].change(|Thread { frames, user, .. }| {
            let Some(frame) = frames.last_mut() else { return };
            let mut ops = frame.task.ops();
            while ops.is_empty() {
                if frame.task.absorb(user, &mut frame.scratch) == Next::Step {
                    frame.state = State::Step(Fed::Done);
                    return;
                }
                ops = frame.task.ops();
            }
            for op in &ops {
                if let Op::Read(read) = op {
                    let buffer = buffer(user, &mut frame.scratch, read.into);
                    buffer.fill(0);
                    if prefetches {
                        let disk = if read.medium == Medium::Origin { &origin } else { &diff };
                        disk.visible().read(read.at as usize, buffer);
                    }
                }
            }
            let pieces = Piece::all(&ops, diff.visible());
            frame.state = State::Ops { pieces, landed: 0, fed: Fed::Done };
        });
    }

    /// Does a piece of a thread's operations.
    pub(super) fn land(&mut self, node: usize, thread: usize, nth: usize) -> Result<(), Broken> {
        let Some(State::Ops { pieces, landed, fed }) = self.nodes[node].threads[thread].state()
        else {
            return Ok(());
        };
        let (pieces, landed, fed) = (pieces.clone(), landed | 1 << nth, fed.clone());
        let Some(fed) = self.perform(node, thread, &pieces[nth], fed) else {
            self.fail(node, thread);
            return Ok(());
        };
        if landed.count_ones() as usize != pieces.len() {
            self.nodes[node].threads[thread].change(|thread| {
                if let Some(frame) = thread.frames.last_mut() {
                    frame.state = State::Ops { pieces, landed, fed };
                }
            });
            return Ok(());
        }
        self.end_writes((node as u8, thread as u8), &pieces);
        let next = self.nodes[node].threads[thread].change(|Thread { frames, user, .. }| {
            let frame = frames.last_mut()?;
            frame.state = State::Step(frame.task.fed(user, fed));
            Some(frame.task.absorb(user, &mut frame.scratch))
        });
        if next == Some(Next::Io) {
            self.ask(node, thread);
        }
        Ok(())
    }

    /// Does a piece; nothing when the medium refuses it, else what is fed when it was the last one.
    fn perform(&mut self, node: usize, thread: usize, piece: &Piece, fed: Fed) -> Option<Fed> {
        let Piece { op, range, .. } = piece;
        if self.nodes[node].refused && !matches!(op, Op::Read(_)) {
            return None;
        }
        let owner = (node as u8, thread as u8);
        let written = self.written(node, thread, piece);
        let Self { origin, diff, nodes, scenario, .. } = self;
        let Node { side, threads, .. } = &mut nodes[node];
        let disk = match op.medium() {
            Medium::Origin => origin,
            Medium::DiffArea => diff,
        };
        match *op {
            Op::Read(read) => {
                let at = read.at as usize + range.start;
                if read.at as usize + read.into.len > disk.visible().size() {
                    return None;
                }
                let writes_back = matches!(**side, Side::Passive(_))
                    && !scenario.rules.keeps(Rule::PassivesNeverWrite);
                threads[thread].change(|Thread { frames, user, .. }| {
                    let frame = frames.last_mut()?;
                    let into = &mut buffer(user, &mut frame.scratch, read.into)[range.clone()];
                    if writes_back {
                        disk.change(|disk| disk.land(owner, at, into.to_vec()));
                        disk.change(|disk| disk.end(owner));
                    }
                    disk.visible().read(at, into);
                    Some(fed)
                })
            }
            Op::Write { at, .. } | Op::Punch { at, .. } => {
                let bytes = written?;
                disk.change(|disk| disk.land(owner, at as usize + range.start, bytes));
                Some(fed)
            }
            Op::Barrier { .. } => {
                disk.change(Disk::barrier);
                Some(fed)
            }
            Op::Grow { size } => disk.change(|disk| disk.grow(size as usize)).map(Fed::Size),
        }
    }

    /// The bytes that a piece of a write brings.
    pub(super) fn written(&self, node: usize, thread: usize, piece: &Piece) -> Option<Vec<u8>> {
        let Piece { op, range } = piece;
        match *op {
            Op::Write { from, .. } => Some(match from.buffer {
                Buffer::Scratch => {
                    let frame = self.nodes[node].threads[thread].frames.last()?;
                    frame.scratch[from.range()][range.clone()].to_vec()
                }
                Buffer::User => {
                    let (first, value) = self.ordered(node, thread);
                    units(first + (from.start + range.start) / UNIT, range.len() / UNIT, value)
                }
            }),
            Op::Punch { .. } => Some(alloc::vec![0; range.len()]),
            _ => None,
        }
    }

    /// From which unit on the order under way writes, and what.
    fn ordered(&self, node: usize, thread: usize) -> (usize, Value) {
        match self.order(node, thread) {
            Some(Order::Write { units, value } | Order::Amend { units, value, .. }) => {
                (units.start, *value)
            }
            _ => (0, 0),
        }
    }

    /// The operations have ended: barriers cover their writes from now on.
    fn end_writes(&mut self, owner: Owner, pieces: &[Piece]) {
        let writes = |medium: Medium| {
            let is_one = |op: &Op| matches!(op, Op::Write { .. } | Op::Punch { .. });
            pieces.iter().any(|piece| piece.op.medium() == medium && is_one(&piece.op))
        };
        if writes(Medium::Origin) {
            self.origin.change(|disk| disk.end(owner));
        }
        if writes(Medium::DiffArea) {
            self.diff.change(|disk| disk.end(owner));
        }
    }

    /// A thread's operations fail. What has landed of them stays, and no barrier covers it; if it
    /// was a barrier, none ever covers what this one should have.
    pub(super) fn fail(&mut self, node: usize, thread: usize) {
        let owner = (node as u8, thread as u8);
        let Some(State::Ops { pieces, .. }) = self.nodes[node].threads[thread].state() else {
            return;
        };
        let Some(Piece { op, .. }) = pieces.first().cloned() else { return };
        let failed = if matches!(op, Op::Barrier { .. }) { None } else { Some(owner) };
        match op.medium() {
            Medium::Origin => self.origin.change(|disk| disk.abandon(failed)),
            Medium::DiffArea => self.diff.change(|disk| disk.abandon(failed)),
        }
        self.nodes[node].threads[thread].change(|thread| {
            if let Some(frame) = thread.frames.last_mut() {
                frame.state = State::Step(Fed::Failed(op.failure()));
            }
        });
    }

    /// Whether a thread only reads, and nobody writes meanwhile: all its pieces land at once.
    pub(super) fn reads_alone(&self, node: usize, thread: usize) -> bool {
        let Some(State::Ops { pieces, landed: 0, .. }) = self.nodes[node].threads[thread].state()
        else {
            return false;
        };
        let others_write = || {
            (0..self.nodes.len()).any(|other| match *self.nodes[other].side {
                Side::Active(_) => other != node && !self.is_idle(other),
                Side::Passive(_) => !self.scenario.rules.keeps(Rule::PassivesNeverWrite),
            })
        };
        pieces.iter().all(|piece| matches!(piece.op, Op::Read(_)))
            && !self.fails_on_demand()
            && matches!(*self.nodes[node].side, Side::Active(_))
            && !others_write()
    }
}

/// One step of the machine at work.
fn step(thread: &mut Thread, side: &mut Side) -> Option<Step<super::task::Output>> {
    let Thread { frames, user, .. } = thread;
    let frame = frames.last_mut()?;
    let fed = match mem::replace(&mut frame.state, State::Wait { on_barrier: false, woken: false })
    {
        State::Step(fed) => fed,
        _ => Fed::Again,
    };
    let step = frame.task.step(side, user, &mut frame.scratch, fed);
    side.tidy();
    if let Step::Wait(wait) = step {
        frame.scratch.clear();
        frame.state = State::Wait { on_barrier: wait == Wait::Barrier, woken: wait == Wait::Yield };
    }
    Some(step)
}

fn buffer<'a>(user: &'a mut [u8], scratch: &'a mut [u8], span: Span) -> &'a mut [u8] {
    match span.buffer {
        Buffer::User => &mut user[span.range()],
        Buffer::Scratch => &mut scratch[span.range()],
    }
}

/// The bytes of so many units that all have one value.
pub(super) fn units(first: usize, count: usize, value: Value) -> Vec<u8> {
    let mut bytes = alloc::vec![0; count * UNIT];
    for (nth, unit) in bytes.chunks_mut(UNIT).enumerate() {
        content::emit(first + nth, value, unit);
    }
    bytes
}

impl Node {
    /// Another machine of the node may have changed what the others wait for.
    fn wake_others(&mut self, thread: usize) {
        let committing = self.side.active().is_some_and(Active::is_committing);
        for (nth, other) in self.threads.iter_mut().enumerate() {
            let Some(&State::Wait { on_barrier, woken: false }) = other.state() else { continue };
            if nth == thread || on_barrier && committing {
                continue;
            }
            other.change(|thread| {
                if let Some(frame) = thread.frames.last_mut() {
                    frame.state = State::Wait { on_barrier, woken: true };
                }
            });
        }
    }
}

impl Action {
    /// Whether it is something that goes wrong.
    #[must_use]
    pub const fn is_mishap(self) -> bool {
        matches!(self, Self::Fail { .. } | Self::Kill { .. } | Self::Cut { .. })
    }
}

impl Shared<Thread> {
    /// What the machine at work waits for.
    pub(super) fn state(&self) -> Option<&State> {
        self.frames.last().map(|frame| &frame.state)
    }
}
