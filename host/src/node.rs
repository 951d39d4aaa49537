//! Driving step machines with threads: the state behind a lock that is never held over I/O, and
//! a turn to wait for. Who waits for the end of a commit does so apart from the others: there are many
//! of them where many threads write, and no other step is of use to them.

use core::hint;

use shadowvol::machine::{Buffers, Fed, Machine, Scratch, Shared, Step, Wait};

use crate::checksum::CRC32C;
use crate::error::Error;
use crate::media::{Perform, perform_all};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// A thread that waits for a commit looks up to so many times whether it has ended, after so many pauses
/// each: some microseconds.
const MOST_PATIENCE: u32 = 40;
const PAUSES: u32 = 4;

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
    /// How often a thread looks whether the commit has ended before it sleeps.
    patience: u32,
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
        let state = Mutex::new(State { shared, waiting: 0, behind: 0, patience: MOST_PATIENCE });
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
    /// its turn. `after` looks at the state when the machine is done.
    pub(crate) fn run<M: Machine<Shared = S>>(
        &self,
        machine: &mut M,
        media: &impl Perform<M::Op>,
        request: Request<'_>,
        serve: impl FnMut(Held<'_, '_, S>, Wait) -> Result<(), Error>,
        mut after: impl FnMut(&S),
    ) -> Result<M::Output, Error> {
        let mut state = self.state.lock();
        let done = self.drive(&mut state, machine, media, request, serve);
        after(&state.shared);
        done
    }

    fn drive<'n, M: Machine<Shared = S>>(
        &'n self,
        state: &mut MutexGuard<'n, State<S>>,
        machine: &mut M,
        media: &impl Perform<M::Op>,
        request: Request<'_>,
        mut serve: impl FnMut(Held<'_, 'n, S>, Wait) -> Result<(), Error>,
    ) -> Result<M::Output, Error> {
        let Request { data, user, scratch } = request;
        let mut buffers = Buffers { user, scratch, checksum: CRC32C };
        let mut fed = Fed::Again;
        let mut source = None;
        let mut served = None;
        loop {
            let step = machine.step(&mut state.shared, &mut buffers, fed);
            // Who waits for a turn has changed nothing that others wait for. If it woke them all the
            // same, two would wake each other for as long as a third does I/O.
            if !matches!(step, Step::Wait(Wait::Turn | Wait::Barrier)) {
                self.announce(state);
            }
            fed = Fed::Again;
            match step {
                Step::Io => {
                    let perform = || perform_all(machine, media, &mut buffers, data);
                    fed = MutexGuard::unlocked(state, perform).unwrap_or_else(|failure| {
                        source = Some(failure.source);
                        Fed::Failed(failure.error)
                    });
                }
                Step::Done(result) => {
                    let error = |error| served.unwrap_or_else(|| Error::of(error, source));
                    return result.map_err(error);
                }
                Step::Wait(Wait::Turn) => self.wait(state),
                Step::Wait(Wait::Barrier) => self.wait_behind(state),
                Step::Wait(Wait::Yield) => MutexGuard::bump(state),
                Step::Wait(wait) => {
                    if let Err(error) = serve(Held { node: self, state }, wait) {
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

    /// Waits for the end of a commit: awake at first, because in memory it takes less time than to fall
    /// asleep, and the less so the more often that was in vain.
    fn wait_behind(&self, state: &mut MutexGuard<'_, State<S>>) {
        for _ in 0..state.patience {
            MutexGuard::unlocked(state, || (0..PAUSES).for_each(|_| hint::spin_loop()));
            if !state.shared.is_committing() {
                state.patience = MOST_PATIENCE;
                return;
            }
        }
        state.patience = (state.patience - 1).max(1);
        state.behind += 1;
        self.barrier.wait(state);
        state.behind -= 1;
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

/// The state's lock, in the hands of who serves a machine that waits.
pub(crate) struct Held<'a, 'n, S> {
    node: &'n Node<S>,
    state: &'a mut MutexGuard<'n, State<S>>,
}

impl<S: Shared> Held<'_, '_, S> {
    /// Does something without the lock.
    pub(crate) fn let_go<T>(self, work: impl FnOnce() -> T) -> T {
        MutexGuard::unlocked(self.state, work)
    }

    /// Drives a machine that waits for nobody but the others, and keeps the lock between it and who
    /// waits for it.
    pub(crate) fn run<M: Machine<Shared = S>>(
        self,
        machine: &mut M,
        media: &impl Perform<M::Op>,
        request: Request<'_>,
    ) -> Result<M::Output, Error> {
        self.node.drive(self.state, machine, media, request, |_, _| Ok(()))
    }
}

/// Drives a machine that shares nothing to its end.
pub(crate) fn run_alone<M: Machine<Shared = ()>>(
    machine: &mut M,
    media: &impl Perform<M::Op>,
) -> Result<M::Output, Error> {
    let mut scratch = Scratch::new();
    let node = Node::new(());
    node.run(machine, media, Request::bare(&mut scratch), |_, _| Ok(()), |()| ())
}

fn refusal(error: &Error) -> Fed {
    Fed::Failed(error.engine().cloned().unwrap_or(shadowvol::Error::RoleEnded))
}
