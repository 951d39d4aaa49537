//! A machine under way on the media, some operations at a time.

use shadowvol::Error;
use shadowvol::format::checksum::Checksum;
use shadowvol::machine::{
    Buffer, Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Scratch, Step, Wait,
};

use super::disk::{Disk, Fault};

/// Both media, and the operation that is going to fail.
pub(super) struct Media {
    pub(super) origin: Disk,
    pub(super) diff: Disk,
    pub(super) fault: Option<Fault>,
    /// A fault has befallen an operation since the role was taken.
    pub(super) failed: bool,
    /// The power has failed: nothing more is done for the active node.
    pub(super) dark: Option<u64>,
    /// How many operations of active nodes were begun.
    pub(super) begun: u64,
}

/// A machine, its buffers, and where it stands.
pub(super) struct Task<M> {
    pub(super) machine: M,
    /// What is read.
    pub(super) user: Vec<u8>,
    /// What is written.
    data: Vec<u8>,
    scratch: Scratch,
    state: State,
}

enum State {
    Step(Fed),
    /// So many operations are done, and this is what the last one brought.
    Ops(usize, Fed),
}

/// What a task came to.
pub(super) enum Turn<T> {
    Done(Result<T, Error>),
    Wait(Wait),
    /// It has done as many operations as it may.
    Paused,
}

/// Does the operations of one kind of node.
pub(super) trait Perform<O> {
    fn perform(&mut self, op: &O, buffers: &mut Buffers<'_>, data: &[u8]) -> Result<Fed, Error>;
}

impl<M: Machine> Task<M> {
    pub(super) fn new(machine: M) -> Self {
        Self::with(machine, Vec::new(), Vec::new())
    }

    /// A machine that writes `data`, or reads into `user`.
    pub(super) fn with(machine: M, data: Vec<u8>, user: Vec<u8>) -> Self {
        Self { machine, user, data, scratch: Scratch::new(), state: State::Step(Fed::Again) }
    }

    /// What it waited for cannot be had.
    pub(super) fn refuse(&mut self, error: Error) {
        self.state = State::Step(Fed::Failed(error));
    }

    /// Goes on until the machine is done, or waits, or has done `budget` operations.
    pub(super) fn turn(
        &mut self,
        shared: &mut M::Shared,
        media: &mut impl Perform<M::Op>,
        mut budget: u32,
    ) -> Turn<M::Output> {
        let Self { machine, user, data, scratch, state } = self;
        let mut buffers = Buffers { user, scratch, checksum: Checksum::PORTABLE };
        loop {
            match state {
                State::Step(fed) => {
                    let fed = core::mem::replace(fed, Fed::Again);
                    match machine.step(shared, &mut buffers, fed) {
                        Step::Io => *state = State::Ops(0, Fed::Done),
                        Step::Wait(wait) => return Turn::Wait(wait),
                        Step::Done(result) => return Turn::Done(result),
                    }
                }
                State::Ops(done, last) => {
                    if let Some(&op) = machine.ops().get(*done) {
                        if budget == 0 {
                            return Turn::Paused;
                        }
                        budget -= 1;
                        *done += 1;
                        match media.perform(&op, &mut buffers, data) {
                            Ok(fed) => *last = fed,
                            Err(error) => *state = State::Step(Fed::Failed(error)),
                        }
                    } else if machine.absorb(&mut buffers) == Next::Io {
                        *state = State::Ops(0, Fed::Done);
                    } else {
                        *state = State::Step(last.clone());
                    }
                }
            }
        }
    }
}

impl Media {
    pub(super) fn new(origin: Disk, diff: Disk) -> Self {
        Self { origin, diff, fault: None, failed: false, dark: None, begun: 0 }
    }

    fn disk(&mut self, medium: Medium) -> &mut Disk {
        match medium {
            Medium::Origin => &mut self.origin,
            Medium::DiffArea => &mut self.diff,
        }
    }

    /// The part of the operation that is done before it fails, if it is the one that fails.
    fn strikes(&mut self, medium: Medium) -> Option<u8> {
        if self.dark.is_some() {
            return Some(0);
        }
        let fault = self.fault.as_mut().filter(|fault| fault.medium == medium)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        self.failed = true;
        let fault = self.fault.take()?;
        self.dark = fault.power;
        Some(fault.part)
    }
}

impl Perform<ReadOp> for Media {
    fn perform(&mut self, op: &ReadOp, buffers: &mut Buffers<'_>, _: &[u8]) -> Result<Fed, Error> {
        let into = match op.into.buffer {
            Buffer::User => &mut buffers.user[op.into.range()],
            Buffer::Scratch => &mut buffers.scratch[op.into.range()],
        };
        self.disk(op.medium).read(op.at, into).map(|()| Fed::Done).ok_or(op.failure())
    }
}

impl Perform<Op> for Media {
    fn perform(&mut self, op: &Op, buffers: &mut Buffers<'_>, data: &[u8]) -> Result<Fed, Error> {
        self.begun += 1;
        let part = self.strikes(op.medium());
        let disk = self.disk(op.medium());
        let failing = part.is_some();
        let done = |len: usize| part.map_or(len, |part| len * usize::from(part) / 256);
        let result = match *op {
            Op::Read(_) if failing => None,
            Op::Read(read) => return self.perform(&read, buffers, data),
            Op::Write { at, from, .. } => {
                let bytes = match from.buffer {
                    Buffer::User => &data[from.range()],
                    Buffer::Scratch => &buffers.scratch[from.range()],
                };
                disk.write(at, &bytes[..done(bytes.len())])
            }
            Op::Punch { at, len } => disk.write(at, &vec![0; done(len as usize)]),
            Op::Barrier { .. } if failing => None,
            Op::Barrier { .. } => {
                disk.barrier();
                Some(())
            }
            Op::Grow { .. } if failing => None,
            Op::Grow { size } => {
                return disk.grow(size).map(Fed::Size).ok_or(op.failure());
            }
        };
        result.filter(|()| !failing).map(|()| Fed::Done).ok_or(op.failure())
    }
}
