//! What a node in its kernel is told while it works: lines, by way of a pipe with its name.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Lines};

/// The orders for one node.
pub(crate) struct Orders(Lines<BufReader<File>>);

impl Orders {
    /// The orders that are written to `/tmp/NAME`, a pipe that exists.
    pub(crate) fn take(name: &str) -> Self {
        // Open for writing too, so that the pipe does not end with the first who writes to it.
        let pipe = OpenOptions::new().read(true).write(true).open(format!("/tmp/{name}"));
        Self(BufReader::new(pipe.expect("a pipe with the node's name")).lines())
    }

    /// Waits for the next one.
    pub(crate) fn next(&mut self) -> String {
        self.0.next().expect("a pipe without end").expect("an order")
    }

    /// Waits for this one; no other is expected.
    pub(crate) fn wait_for(&mut self, order: &str) {
        assert_eq!(self.next(), order);
    }
}
