//! Driving step machines: the state that they share, and a turn to wait for.
//!
//! JavaScript has one thread, so the state needs no lock; but it is never borrowed over I/O, for
//! other requests go on meanwhile.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::Pin;
use core::task::{Poll, Waker};

use shadowvol::machine::{Buffers, Fed, Machine, Next, Op, ReadOp, Scratch, Step, Wait};
use wasm_bindgen::JsValue;

use crate::buffer::Buffer;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::perform::{Media, perform_all};

/// What the machines of one node share, and the requests that wait for one another.
pub(crate) struct Node<S> {
    shared: Rc<RefCell<S>>,
    turns: Turns,
}

/// The requests that wait until another one has changed something.
#[derive(Default)]
struct Turns {
    /// How often something has changed that others may wait for.
    passed: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
    /// Working space of requests that have ended, for the next ones.
    spare: RefCell<Vec<Scratch>>,
}

/// Spare working spaces that are kept, and the most bytes of one.
const SPARES: usize = 4;
const SPARE_BYTES: usize = 4 << 20;

/// Something that is under way.
pub(crate) type Under<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>>;

/// What a machine may wait for besides its turn, and who brings that about.
pub(crate) type Serve<'a> = &'a dyn Fn(Wait) -> Under<'a, ()>;

/// The bytes of a request.
#[derive(Default)]
pub(crate) struct Request<'a> {
    /// What is written.
    pub(crate) data: Option<&'a Buffer>,
    /// What is read into.
    pub(crate) user: &'a mut [u8],
}

/// A machine whose kind is forgotten, so that all are driven by the same code.
pub(crate) trait Work {
    fn op(&self, nth: usize) -> Option<Op>;
    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next;
    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()>;
}

/// An operation of either role.
pub(crate) trait Operation: Copy {
    fn op(self) -> Op;
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

/// A machine with what it shares.
pub(crate) struct Job<M: Machine> {
    machine: M,
    shared: Rc<RefCell<M::Shared>>,
    output: Option<M::Output>,
}

impl<M: Machine> Job<M> {
    /// What it came to, once it was driven to a good end.
    pub(crate) fn output(self) -> Result<M::Output, Error> {
        self.output.ok_or_else(|| shadowvol::Error::RoleEnded.into())
    }

    /// The machine, which is done, to begin once more with the memory that it has.
    pub(crate) fn again(&mut self) -> &mut M {
        self.output = None;
        &mut self.machine
    }
}

impl<M: Machine<Op: Operation>> Work for Job<M> {
    fn op(&self, nth: usize) -> Option<Op> {
        self.machine.ops().get(nth).map(|op| op.op())
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        self.machine.absorb(buffers)
    }

    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        match self.machine.step(&mut self.shared.borrow_mut(), buffers, fed) {
            Step::Io => Step::Io,
            Step::Wait(wait) => Step::Wait(wait),
            Step::Done(Err(error)) => Step::Done(Err(error)),
            Step::Done(Ok(output)) => {
                self.output = Some(output);
                Step::Done(Ok(()))
            }
        }
    }
}

impl<S> Node<S> {
    pub(crate) fn new(shared: S) -> Self {
        Self { shared: Rc::new(RefCell::new(shared)), turns: Turns::default() }
    }

    /// Looks at, or changes, the shared state.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        let seen = look(&mut self.shared.borrow_mut());
        self.turns.announce();
        seen
    }

    /// Waits until the condition holds.
    pub(crate) async fn wait_until(&self, mut condition: impl FnMut(&mut S) -> bool) {
        while !condition(&mut self.shared.borrow_mut()) {
            self.turns.next().await;
        }
        self.turns.announce();
    }

    /// A machine that is to be driven.
    pub(crate) fn job<M: Machine<Shared = S>>(&self, machine: M) -> Job<M> {
        Job { machine, shared: Rc::clone(&self.shared), output: None }
    }

    /// Drives a machine to its end.
    pub(crate) async fn drive(
        &self,
        work: &mut dyn Work,
        media: &Media,
        request: Request<'_>,
        serve: Serve<'_>,
    ) -> Result<(), Error> {
        drive(work, &self.turns, media, request, serve).await
    }

    /// Working space of a request, so large at least; give it back with [`Self::keep`].
    pub(crate) fn space(&self, length: usize) -> Scratch {
        let mut space = self.turns.take();
        space.reach(length);
        space
    }

    /// Keeps working space for the next request.
    pub(crate) fn keep(&self, space: Scratch) {
        self.turns.keep(space);
    }
}

impl Turns {
    /// Waits until another request has changed something.
    async fn next(&self) {
        let before = self.passed.get();
        poll_fn(|context| {
            if self.passed.get() != before {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn take(&self) -> Scratch {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    fn keep(&self, space: Scratch) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARES && space.len() <= SPARE_BYTES {
            spare.push(space);
        }
    }

    fn announce(&self) {
        self.passed.set(self.passed.get().wrapping_add(1));
        if self.waiting.borrow().is_empty() {
            return;
        }
        let waiting = mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Drives a machine that shares nothing to its end.
pub(crate) async fn run_alone<M: Machine<Shared = (), Op: Operation> + 'static>(
    machine: M,
    media: &Media,
) -> Result<M::Output, Error> {
    let mut job = Box::new(Node::new(()).job(machine));
    drive_alone(&mut *job, media).await?;
    job.output()
}

/// The same for whatever is driven, so that it is in the module once.
async fn drive_alone(work: &mut dyn Work, media: &Media) -> Result<(), Error> {
    drive(work, &Turns::default(), media, Request::default(), &nothing).await
}

/// For machines that wait for nothing but their turn.
pub(crate) fn nothing<'a>(_: Wait) -> Under<'a, ()> {
    Box::pin(async { Ok(()) })
}

async fn drive(
    work: &mut dyn Work,
    turns: &Turns,
    media: &Media,
    request: Request<'_>,
    serve: Serve<'_>,
) -> Result<(), Error> {
    let Request { data, user } = request;
    let mut scratch = turns.take();
    let mut buffers = Buffers { user, scratch: &mut scratch, checksum: CRC32C };
    let mut fed = Fed::Again;
    let mut cause = JsValue::UNDEFINED;
    let mut served = None;
    let done = loop {
        let step = work.step(&mut buffers, fed);
        // Who waits for a turn has changed nothing that others wait for.
        if !matches!(step, Step::Wait(Wait::Turn | Wait::Barrier)) {
            turns.announce();
        }
        fed = match step {
            Step::Io => match perform_all(work, media, &mut buffers, data).await {
                Ok(done) => done,
                Err(failure) => {
                    cause = failure.cause;
                    Fed::Failed(failure.error)
                }
            },
            Step::Wait(Wait::Turn | Wait::Barrier) => {
                turns.next().await;
                Fed::Again
            }
            Step::Wait(wait) => match serve(wait).await {
                Ok(()) => Fed::Again,
                Err(error) => {
                    let told = match &error {
                        Error::Engine(error, _) => error.clone(),
                        _ => shadowvol::Error::RoleEnded,
                    };
                    served = Some(error);
                    Fed::Failed(told)
                }
            },
            Step::Done(Ok(())) => break Ok(()),
            Step::Done(Err(error)) => {
                break Err(served.unwrap_or(Error::Engine(error, cause)));
            }
        };
    };
    turns.keep(scratch);
    done
}
