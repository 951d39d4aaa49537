//! A machine under way: what it waits for, and its buffers.

use shadowvol::active::{Active, Commit, Compact, Create, Delete, MakeRoom, TakeRole, Write};
use shadowvol::format::checksum::Checksum;
use shadowvol::journal::{Load, Loaded};
use shadowvol::machine::{Buffers, Fed, Machine, Medium, Next, Op, ReadOp, Scratch, Step};
use shadowvol::passive::{CatchUp, Passive, Read};
use shadowvol::{CopyId, Error};

/// Which machine.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Write(Write),
    Create(Create),
    Delete(Delete),
    Compact(Compact),
    Commit(Commit),
    MakeRoom { machine: MakeRoom, parent: u64 },
    TakeRole(Box<TakeRole>),
    Read { machine: Box<Read>, node: usize, copy: CopyId, time: i64, at: usize },
    CatchUp { machine: Box<CatchUp>, node: usize },
    Load(Box<Load>),
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Step(Fed),
    Ops(Vec<Task>),
    /// Until the `MakeRoom` that it asked for has ended.
    Child,
}

/// An operation, the first half of which may be done.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) op: Op,
    pub(crate) key: u64,
    /// Where the first half ends, once it is done.
    pub(crate) cut: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    pub(crate) user: Vec<u8>,
    pub(crate) scratch: Scratch,
    pub(crate) state: State,
}

/// What a machine came to.
#[derive(Debug)]
pub(crate) enum Output {
    Nothing,
    Copy(CopyId),
    Active(Box<Active>),
    Loaded(Box<Loaded>),
}

impl Job {
    pub(crate) fn new(id: u64, kind: Kind, user: Vec<u8>) -> Self {
        Self { id, kind, user, scratch: Scratch::new(), state: State::Step(Fed::Again) }
    }

    /// Whether it dies with the active node.
    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.kind, Kind::Read { .. } | Kind::CatchUp { .. })
    }

    /// Whether it is writing to the origin at this moment.
    pub(crate) fn is_overwriting(&self) -> bool {
        let State::Ops(tasks) = &self.state else { return false };
        let overwrites = |task: &Task| match task.op {
            Op::Write { medium, .. } => medium == Medium::Origin,
            Op::Punch { .. } => true,
            _ => false,
        };
        tasks.iter().any(overwrites)
    }

    pub(crate) fn step(
        &mut self,
        fed: Fed,
        active: Option<&mut Active>,
        nodes: &mut [Passive],
    ) -> Step<Output> {
        let Self { kind, user, scratch, .. } = self;
        let is_write = matches!(kind, Kind::Write(_));
        let user = if is_write { &mut [][..] } else { &mut user[..] };
        let mut buffers = Buffers { user, scratch, checksum: Checksum::PORTABLE };
        let buffers = &mut buffers;
        match (kind, active) {
            (Kind::Write(machine), Some(active)) => plain(machine.step(active, buffers, fed)),
            (Kind::Create(machine), Some(active)) => {
                map(machine.step(active, buffers, fed), Output::Copy)
            }
            (Kind::Delete(machine), Some(active)) => plain(machine.step(active, buffers, fed)),
            (Kind::Compact(machine), Some(active)) => plain(machine.step(active, buffers, fed)),
            (Kind::Commit(machine), Some(active)) => plain(machine.step(active, buffers, fed)),
            (Kind::MakeRoom { machine, .. }, Some(active)) => {
                plain(machine.step(active, buffers, fed))
            }
            (Kind::TakeRole(machine), _) => {
                map(machine.step(&mut (), buffers, fed), |active| Output::Active(Box::new(active)))
            }
            (Kind::Load(machine), _) => {
                map(machine.step(&mut (), buffers, fed), |loaded| Output::Loaded(Box::new(loaded)))
            }
            (Kind::Read { machine, node, .. }, _) => {
                plain(machine.step(&mut nodes[*node], buffers, fed))
            }
            (Kind::CatchUp { machine, node }, _) => {
                map(machine.step(&mut nodes[*node], buffers, fed), |_| Output::Nothing)
            }
            (_, None) => Step::Done(Err(Error::RoleEnded)),
        }
    }

    pub(crate) fn absorb(&mut self) -> Next {
        let Self { kind, user, scratch, .. } = self;
        let is_write = matches!(kind, Kind::Write(_));
        let user = if is_write { &mut [][..] } else { &mut user[..] };
        let mut buffers = Buffers { user, scratch, checksum: Checksum::PORTABLE };
        match kind {
            Kind::Write(machine) => machine.absorb(&mut buffers),
            Kind::Create(machine) => machine.absorb(&mut buffers),
            Kind::Delete(machine) => machine.absorb(&mut buffers),
            Kind::Compact(machine) => machine.absorb(&mut buffers),
            Kind::Commit(machine) => machine.absorb(&mut buffers),
            Kind::MakeRoom { machine, .. } => machine.absorb(&mut buffers),
            Kind::TakeRole(machine) => machine.absorb(&mut buffers),
            Kind::Read { machine, .. } => machine.absorb(&mut buffers),
            Kind::CatchUp { machine, .. } => machine.absorb(&mut buffers),
            Kind::Load(machine) => machine.absorb(&mut buffers),
        }
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        let reads = |ops: &[ReadOp]| ops.iter().copied().map(Op::Read).collect();
        match &self.kind {
            Kind::Write(machine) => machine.ops().to_vec(),
            Kind::Create(machine) => machine.ops().to_vec(),
            Kind::Delete(machine) => machine.ops().to_vec(),
            Kind::Compact(machine) => machine.ops().to_vec(),
            Kind::Commit(machine) => machine.ops().to_vec(),
            Kind::MakeRoom { machine, .. } => machine.ops().to_vec(),
            Kind::TakeRole(machine) => machine.ops().to_vec(),
            Kind::Read { machine, .. } => reads(machine.ops()),
            Kind::CatchUp { machine, .. } => reads(machine.ops()),
            Kind::Load(machine) => reads(machine.ops()),
        }
    }
}

fn plain(step: Step<()>) -> Step<Output> {
    map(step, |()| Output::Nothing)
}

fn map<T>(step: Step<T>, output: impl FnOnce(T) -> Output) -> Step<Output> {
    match step {
        Step::Io => Step::Io,
        Step::Wait(wait) => Step::Wait(wait),
        Step::Done(done) => Step::Done(done.map(output)),
    }
}
