//! Whether a reader comes to an end when nobody else does anything.
//!
//! A passive has no lock to wait for, but it starts over when the journal has moved, and reads again
//! what may have been torn. Both must end without the help of the active. From each state the
//! passive is driven alone, its pieces in order; a state that comes again is a retry for ever.

use alloc::vec::Vec;

use hashbrown::HashSet;

use super::shared::Digest;
use super::world::World;

/// States of a passive, with the media it sees, from which it ends.
#[derive(Default)]
pub(super) struct Alone {
    ends: HashSet<Digest>,
}

impl Alone {
    /// Whether every passive ends alone.
    pub(super) fn ends(&mut self, world: &World) -> bool {
        (world.scenario.actives.len()..world.nodes.len()).all(|node| self.node_ends(world, node))
    }

    fn node_ends(&mut self, world: &World, node: usize) -> bool {
        let mut world = world.clone();
        let mut way = Vec::new();
        let mut actions = Vec::new();
        loop {
            let here =
                Digest::of(&(&world.nodes[node], world.origin.visible(), world.diff.visible()));
            if self.ends.contains(&here) {
                break;
            }
            if way.contains(&here) {
                return false;
            }
            way.push(here);
            actions.clear();
            for thread in 0..world.nodes[node].threads.len() {
                world.thread_actions(node, thread, &mut actions);
            }
            match actions.first() {
                Some(&action) if world.broken().is_none() => world.act(action),
                _ => break,
            }
        }
        self.ends.extend(way);
        true
    }
}
