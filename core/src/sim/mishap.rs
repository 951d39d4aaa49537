//! What goes wrong: a node dies, the power fails.

use alloc::vec::Vec;

use super::audit;
use super::content::{self, UNIT, Value};
use super::oracle::Broken;
use super::shared::Shared;
use super::task::Side;
use super::thread::Thread;
use super::world::World;

impl World {
    /// An active node dies.
    pub(super) fn kill(&mut self, node: usize) -> Result<(), Broken> {
        self.left.excuse = true;
        for thread in 0..self.nodes[node].threads.len() {
            let owner = (node as u8, thread as u8);
            self.origin.change(|disk| disk.end(owner));
            self.diff.change(|disk| disk.end(owner));
        }
        self.bury(node);
        let found = self.volume();
        self.oracle.change(|oracle| {
            oracle.crash();
            oracle.survive(&found, false)
        })
    }

    /// What an active node was doing is over; it comes back to recover.
    fn bury(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.side = Shared::new(Side::Active(None));
        node.threads = alloc::vec![Shared::new(Thread::new(0))];
        node.recovers = true;
        node.refused = false;
    }

    /// The power fails; of what is loose these pieces stay.
    pub(super) fn cut(&mut self, keep: u32) -> Result<(), Broken> {
        self.left.excuse = true;
        let first = self.origin.loose();
        self.origin.change(|disk| disk.cut(keep));
        self.diff.change(|disk| disk.cut(keep >> first));
        for node in 0..self.scenario.actives.len() {
            self.bury(node);
            if node > 0 {
                self.nodes[node].threads.clear();
            }
        }
        let found = self.volume();
        self.oracle.change(|oracle| {
            oracle.crash();
            oracle.survive(&found, true)
        })
    }

    /// The values of the volume's units. While it is being reverted some are in slots.
    pub(super) fn volume(&self) -> Vec<Option<Value>> {
        let mut bytes = alloc::vec![0; self.scenario.units * UNIT];
        self.origin.visible().read(0, &mut bytes);
        if self.scenario.reverts() {
            audit::overlay(&self.diff, &mut bytes);
        }
        bytes.chunks(UNIT).enumerate().map(|(unit, bytes)| content::parse(unit, bytes)).collect()
    }
}
