//! Machines whose kind is forgotten, so that all are driven by the same code.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::RefCell;

use shadowvol::CopyId;
use shadowvol::active::{Active, Settled};
use shadowvol::journal::Loaded;
use shadowvol::machine::{Buffers, Fed, Machine, Next, Op, ReadOp, Step};
use shadowvol::passive::Outcome;
use wasm_bindgen::JsValue;

/// A machine of any kind, with what it shares.
pub(crate) trait Work {
    fn op(&self, nth: usize) -> Option<Op>;
    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next;
    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<Output>;
}

/// What a request comes to.
pub(crate) enum Output {
    Nothing,
    Copy(CopyId),
    Flag(bool),
    Active(Box<Active>),
    Loaded(Box<Loaded>),
    Value(JsValue),
}

/// A machine with what it shares.
pub(crate) struct Job<M: Machine> {
    machine: M,
    shared: Rc<RefCell<M::Shared>>,
}

/// An operation of either role.
pub(crate) trait Operation: Copy {
    fn op(self) -> Op;
}

impl<M: Machine> Job<M> {
    pub(crate) fn new(machine: M, shared: &Rc<RefCell<M::Shared>>) -> Self {
        Self { machine, shared: Rc::clone(shared) }
    }

    /// The machine, which is done, to begin once more with the memory that it has.
    pub(crate) fn again(&mut self) -> &mut M {
        &mut self.machine
    }
}

impl<M: Machine<Op: Operation, Output: Into<Output>>> Work for Job<M> {
    fn op(&self, nth: usize) -> Option<Op> {
        self.machine.ops().get(nth).map(|op| op.op())
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        self.machine.absorb(buffers)
    }

    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<Output> {
        match self.machine.step(&mut self.shared.borrow_mut(), buffers, fed) {
            Step::Io => Step::Io,
            Step::Wait(wait) => Step::Wait(wait),
            Step::Done(done) => Step::Done(done.map(Into::into)),
        }
    }
}

impl Operation for Op {
    fn op(self) -> Op {
        self
    }
}

impl Operation for ReadOp {
    fn op(self) -> Op {
        Op::Read(self)
    }
}

impl From<()> for Output {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<CopyId> for Output {
    fn from(copy: CopyId) -> Self {
        Self::Copy(copy)
    }
}

/// Whether there is more to settle.
impl From<Settled> for Output {
    fn from(settled: Settled) -> Self {
        Self::Flag(settled.more)
    }
}

impl From<Outcome> for Output {
    fn from(_: Outcome) -> Self {
        Self::Nothing
    }
}

impl From<Active> for Output {
    fn from(active: Active) -> Self {
        Self::Active(Box::new(active))
    }
}

impl From<Loaded> for Output {
    fn from(loaded: Loaded) -> Self {
        Self::Loaded(Box::new(loaded))
    }
}
