//! The inside of the driver, for the tests that explore every schedule of it.

use shadowvol::machine::{Machine, Op, Scratch, Shared};

use crate::error::Error;
use crate::media::Media;
use crate::node::{self, Request};

/// What the machines of one node share, and the threads that wait for one another.
#[derive(Debug)]
pub struct Node<S>(node::Node<S>);

impl<S: Shared> Node<S> {
    /// A node with this shared state.
    pub fn new(shared: S) -> Self {
        Self(node::Node::new(shared))
    }

    /// Looks at, or changes, the shared state.
    pub fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        self.0.with(look)
    }

    /// Waits until the condition holds.
    pub fn wait_until(&self, condition: impl FnMut(&mut S) -> bool) {
        self.0.wait_until(condition);
    }

    /// Drives a machine to its end.
    ///
    /// # Errors
    ///
    /// The machine's.
    pub fn run<M: Machine<Shared = S, Op = Op>>(
        &self,
        machine: &mut M,
        media: &Media,
    ) -> Result<M::Output, Error> {
        let mut scratch = Scratch::new();
        self.0.run(machine, media, Request::bare(&mut scratch), |_, _| Ok(()), |_| ())
    }
}
