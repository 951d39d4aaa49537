//! Driving step machines with threads: the state behind a lock that is never held over I/O, and
//! a turn to wait for. Who waits for the end of a commit does so apart from the others: there are many
//! of them where many threads write, and no other step is of use to them.

use shadowvol::machine::{Buffers, Fed, Machine, Scratch, Shared, Step, Wait};

use crate::checksum::CRC32C;
use crate::error::Error;
use crate::media::{Perform, perform_all};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// What the machines of one node share, and the threads that wait for one another.
#[derive(Debug)]
pub(crate) struct Node<S> {
    state: Mutex<State<S>>,
    turn: Condvar,
    barrier: Condvar,
}

#[derive(Debug)]
struct State<S> {
    shared: S,
    /// Threads that wait for a turn.
    waiting: usize,
    /// Threads that wait for the end of a commit.
    behind: usize,
}

/// The bytes of a request.
pub(crate) struct Request<'a> {
    /// What is written.
    pub(crate) data: &'a [u8],
    /// What is read into.
    pub(crate) user: &'a mut [u8],
    pub(crate) scratch: &'a mut Scratch,
}

impl<'a> Request<'a> {
    pub(crate) fn bare(scratch: &'a mut Scratch) -> Self {
        Self { data: &[], user: &mut [], scratch }
    }
}

impl<S: Shared> Node<S> {
    pub(crate) fn new(shared: S) -> Self {
        let state = Mutex::new(State { shared, waiting: 0, behind: 0 });
        Self { state, turn: Condvar::new(), barrier: Condvar::new() }
    }

    /// Looks at, or changes, the shared state.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        let mut state = self.state.lock();
        let seen = look(&mut state.shared);
        self.announce(&state);
        seen
    }

    /// As [`Node::with`], for one who does so again and again: whoever waits for the state has it
    /// next.
    pub(crate) fn with_in_turn<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        let mut state = self.state.lock();
        let seen = look(&mut state.shared);
        self.announce(&state);
        MutexGuard::unlock_fair(state);
        seen
    }

    /// Waits until the condition holds.
    pub(crate) fn wait_until(&self, mut condition: impl FnMut(&mut S) -> bool) {
        let mut state = self.state.lock();
        while !condition(&mut state.shared) {
            self.wait(&mut state);
        }
        self.announce(&state);
    }

    /// Drives a machine to its end. `serve` does what a machine waits for, if that is more than
    /// its turn; it is called without the lock. `after` looks at the state when the machine is done.
    pub(crate) fn run<M: Machine<Shared = S>>(
        &self,
        machine: &mut M,
        media: &impl Perform<M::Op>,
        request: Request<'_>,
        mut serve: impl FnMut(Wait) -> Result<(), Error>,
        mut after: impl FnMut(&S),
    ) -> Result<M::Output, Error> {
        let Request { data, user, scratch } = request;
        let mut buffers = Buffers { user, scratch, checksum: CRC32C };
        let mut fed = Fed::Again;
        let mut source = None;
        let mut served = None;
        let mut state = self.state.lock();
        loop {
            let step = machine.step(&mut state.shared, &mut buffers, fed);
            // Who waits for a turn has changed nothing that others wait for. If it woke them all the
            // same, two would wake each other for as long as a third does I/O.
            if !matches!(step, Step::Wait(Wait::Turn | Wait::Barrier)) {
                self.announce(&state);
            }
            fed = Fed::Again;
            match step {
                Step::Io => {
                    drop(state);
                    fed =
                        perform_all(machine, media, &mut buffers, data).unwrap_or_else(|failure| {
                            source = Some(failure.source);
                            Fed::Failed(failure.error)
                        });
                    state = self.state.lock();
                }
                Step::Done(result) => {
                    after(&state.shared);
                    drop(state);
                    let error = |error| served.unwrap_or_else(|| Error::of(error, source));
                    return result.map_err(error);
                }
                Step::Wait(Wait::Turn) => self.wait(&mut state),
                Step::Wait(Wait::Barrier) => {
                    state.behind += 1;
                    self.barrier.wait(&mut state);
                    state.behind -= 1;
                }
                Step::Wait(Wait::Yield) => MutexGuard::bump(&mut state),
                Step::Wait(wait) => {
                    if let Err(error) = MutexGuard::unlocked(&mut state, || serve(wait)) {
                        fed = refusal(&error);
                        served = Some(error);
                    }
                }
            }
        }
    }

    fn wait(&self, state: &mut MutexGuard<'_, State<S>>) {
        state.waiting += 1;
        self.turn.wait(state);
        state.waiting -= 1;
    }

    fn announce(&self, state: &State<S>) {
        if state.waiting > 0 {
            self.turn.notify_all();
        }
        if state.behind > 0 && !state.shared.is_committing() {
            self.barrier.notify_all();
        }
    }
}

/// Drives a machine that shares nothing to its end.
pub(crate) fn run_alone<M: Machine<Shared = ()>>(
    machine: &mut M,
    media: &impl Perform<M::Op>,
) -> Result<M::Output, Error> {
    let mut scratch = Scratch::new();
    let node = Node::new(());
    node.run(machine, media, Request::bare(&mut scratch), |_| Ok(()), |()| ())
}

fn refusal(error: &Error) -> Fed {
    Fed::Failed(error.engine().cloned().unwrap_or(shadowvol::Error::RoleEnded))
}
