//! Whether a passive comes to an end when nobody else does anything.
//!
//! A passive has no lock to wait for, but it starts over when the journal has moved, and reads again
//! what may have been torn. Both must end without the help of the active. From each state the
//! passive is driven alone, its pieces in order; a state that comes again is a retry for ever, and one
//! in which it has more to do and can do nothing is a wait for nobody.

use alloc::vec::Vec;

use hashbrown::HashSet;

use super::shared::Digest;
use super::world::World;

/// More steps than any passive takes to its end. One that counts what it does for ever is never twice
/// in one state.
const MOST: usize = 10_000;

/// States of a passive, with the media it sees, from which it ends.
#[derive(Default)]
pub(super) struct Alone {
    ends: HashSet<Digest>,
}

impl Alone {
    /// What is wrong if a passive does not come to its end alone.
    pub(super) fn damage(&mut self, world: &World) -> Option<&'static str> {
        let mut passives = world.scenario.actives.len()..world.nodes.len();
        passives.find_map(|node| self.drive(world, node))
    }

    fn drive(&mut self, world: &World, node: usize) -> Option<&'static str> {
        let mut world = world.clone();
        let mut way = Vec::new();
        let mut actions = Vec::new();
        loop {
            let seen = (world.origin.visible(), world.diff.visible());
            // Two nodes in one state have different things to do next.
            let here = Digest::of(&(node, &world.nodes[node], seen));
            if self.ends.contains(&here) {
                break;
            }
            if way.contains(&here) || way.len() == MOST {
                return Some("a reader retries for ever, alone");
            }
            way.push(here);
            actions.clear();
            for thread in 0..world.nodes[node].threads.len() {
                world.thread_actions(node, thread, &mut actions);
            }
            match actions.first() {
                _ if world.broken().is_some() => break,
                Some(&action) => world.act(action),
                None if world.is_idle(node) => break,
                None => return Some("a reader waits, and nobody else of its node can go on"),
            }
        }
        self.ends.extend(way);
        None
    }
}
