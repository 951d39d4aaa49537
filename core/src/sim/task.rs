//! The machines of the protocol, as they ship, behind one face for the simulator.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::content::UNIT;
use crate::active::{
    self, Active, Amend, Commit, Compact, Create, Delete, Describe, Flush, MakeRoom, Revert, Seal,
    Settle, TakeRole, Write,
};
use crate::error::Error;
use crate::format::checksum::{Checksum, is_zeros};
use crate::machine::{
    Buffers, Fed, LookOp, Machine, Medium, Next, Op, ReadOp, Scratch, Span, Step,
};
use crate::passive::{CatchUp, Passive, Read, Zeros};
use crate::units::CopyId;

/// A machine under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Task {
    /// W1 to W4.
    Write(Write),
    /// A creation.
    Create(Create),
    /// A change of an unfinished copy.
    Amend(Amend),
    /// What makes a copy finished.
    Describe(Describe),
    /// A deletion.
    Delete(Delete),
    /// The beginning of a revert.
    Revert(Revert),
    /// The rest of a revert.
    Settle(Box<Settle>),
    /// The active's read.
    Look(Box<active::Read>),
    /// A compaction.
    Compact(Compact),
    /// W3 for whoever waits.
    Commit(Commit),
    /// Room for whoever waits.
    MakeRoom(MakeRoom),
    /// Recovery.
    TakeRole(Box<TakeRole>),
    /// The end of a role.
    Seal(Seal),
    /// A flush of the volume.
    Flush(Flush),
    /// R1 to R4.
    Read(Box<Read>),
    /// The same for holes: R2 and R3.
    Zeros(Box<Zeros>),
    /// R3 alone.
    CatchUp(Box<CatchUp>),
}

/// What the machines of a node share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// An active node, or one that is none yet.
    Active(Option<Box<Active>>),
    /// A passive node.
    Passive(Box<Passive>),
}

/// What a machine came to.
#[derive(Clone, Debug)]
pub(super) enum Output {
    /// Nothing but that it is done.
    Done,
    /// A copy.
    Copy(CopyId),
    /// The role.
    Role(Box<Active>),
    /// How many bytes are zeros.
    Zeros(u64),
}

impl Task {
    /// The operations that it wants.
    pub(super) fn ops(&self) -> Vec<Op> {
        let reads = |ops: &[ReadOp]| ops.iter().copied().map(Op::Read).collect();
        match self {
            Self::Write(machine) => machine.ops().to_vec(),
            Self::Create(machine) => machine.ops().to_vec(),
            Self::Amend(machine) => machine.ops().to_vec(),
            Self::Describe(machine) => machine.ops().to_vec(),
            Self::Delete(machine) => machine.ops().to_vec(),
            Self::Revert(machine) => machine.ops().to_vec(),
            Self::Settle(machine) => machine.ops().to_vec(),
            Self::Look(machine) => machine.ops().to_vec(),
            Self::Compact(machine) => machine.ops().to_vec(),
            Self::Commit(machine) => machine.ops().to_vec(),
            Self::MakeRoom(machine) => machine.ops().to_vec(),
            Self::TakeRole(machine) => machine.ops().to_vec(),
            Self::Seal(machine) => machine.ops().to_vec(),
            Self::Flush(machine) => machine.ops().to_vec(),
            Self::Read(machine) => reads(machine.ops()),
            Self::Zeros(machine) => machine.ops().iter().copied().map(look).collect(),
            Self::CatchUp(machine) => reads(machine.ops()),
        }
    }

    /// Looks at what the operations brought.
    pub(super) fn absorb(&mut self, user: &mut [u8], scratch: &mut Scratch) -> Next {
        let buffers = &mut Buffers { user, scratch, checksum: Checksum::PORTABLE };
        match self {
            Self::Write(machine) => machine.absorb(buffers),
            Self::Create(machine) => machine.absorb(buffers),
            Self::Amend(machine) => machine.absorb(buffers),
            Self::Describe(machine) => machine.absorb(buffers),
            Self::Delete(machine) => machine.absorb(buffers),
            Self::Revert(machine) => machine.absorb(buffers),
            Self::Settle(machine) => machine.absorb(buffers),
            Self::Look(machine) => machine.absorb(buffers),
            Self::Compact(machine) => machine.absorb(buffers),
            Self::Commit(machine) => machine.absorb(buffers),
            Self::MakeRoom(machine) => machine.absorb(buffers),
            Self::TakeRole(machine) => machine.absorb(buffers),
            Self::Seal(machine) => machine.absorb(buffers),
            Self::Flush(machine) => machine.absorb(buffers),
            Self::Read(machine) => machine.absorb(buffers),
            Self::Zeros(machine) => machine.absorb(buffers),
            Self::CatchUp(machine) => machine.absorb(buffers),
        }
    }

    /// What is fed when the operations are done: for a question after holes its answer, and nothing
    /// is left of the bytes by which it was found.
    pub(super) fn fed(&self, user: &mut [u8], fed: Fed) -> Fed {
        let Self::Zeros(machine) = self else { return fed };
        let [LookOp::Zeros { .. }] = machine.ops() else { return fed };
        let holes = user.chunks(UNIT).take_while(|unit| is_zeros(unit)).count();
        user.fill(0);
        Fed::Zeros((holes * UNIT) as u64)
    }

    /// One step.
    pub(super) fn step(
        &mut self,
        side: &mut Side,
        user: &mut [u8],
        scratch: &mut Scratch,
        fed: Fed,
    ) -> Step<Output> {
        let buffers = &mut Buffers { user, scratch, checksum: Checksum::PORTABLE };
        match (self, side) {
            (Self::TakeRole(machine), _) => {
                map(machine.step(&mut (), buffers, fed), |active| Output::Role(Box::new(active)))
            }
            (Self::Read(machine), Side::Passive(passive)) => {
                map(machine.step(passive, buffers, fed), |()| Output::Done)
            }
            (Self::Zeros(machine), Side::Passive(passive)) => {
                map(machine.step(passive, buffers, fed), Output::Zeros)
            }
            (Self::CatchUp(machine), Side::Passive(passive)) => {
                map(machine.step(passive, buffers, fed), |_| Output::Done)
            }
            (task, Side::Active(Some(active))) => task.step_active(active, buffers, fed),
            _ => Step::Done(Err(Error::RoleEnded)),
        }
    }

    fn step_active(
        &mut self,
        active: &mut Active,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Step<Output> {
        let done = |()| Output::Done;
        match self {
            Self::Write(machine) => map(machine.step(active, buffers, fed), done),
            Self::Create(machine) => map(machine.step(active, buffers, fed), Output::Copy),
            Self::Amend(machine) => map(machine.step(active, buffers, fed), done),
            Self::Describe(machine) => map(machine.step(active, buffers, fed), done),
            Self::Delete(machine) => map(machine.step(active, buffers, fed), done),
            Self::Revert(machine) => map(machine.step(active, buffers, fed), done),
            Self::Settle(machine) => map(machine.step(active, buffers, fed), |_| Output::Done),
            Self::Look(machine) => map(machine.step(active, buffers, fed), done),
            Self::Compact(machine) => map(machine.step(active, buffers, fed), done),
            Self::Commit(machine) => map(machine.step(active, buffers, fed), done),
            Self::MakeRoom(machine) => map(machine.step(active, buffers, fed), done),
            Self::Seal(machine) => map(machine.step(active, buffers, fed), done),
            Self::Flush(machine) => map(machine.step(active, buffers, fed), done),
            Self::TakeRole(_) | Self::Read(_) | Self::Zeros(_) | Self::CatchUp(_) => {
                Step::Done(Err(Error::RoleEnded))
            }
        }
    }
}

/// A medium looks for holes where it likes, one unit at a time: a unit of zeros is one.
fn look(op: LookOp) -> Op {
    Op::Read(match op {
        LookOp::Read(read) => read,
        LookOp::Zeros { at, most } => {
            ReadOp { medium: Medium::Origin, at, into: Span::user(0, most as usize) }
        }
    })
}

fn map<T>(step: Step<T>, output: impl FnOnce(T) -> Output) -> Step<Output> {
    match step {
        Step::Io => Step::Io,
        Step::Wait(wait) => Step::Wait(wait),
        Step::Done(done) => Step::Done(done.map(output)),
    }
}
