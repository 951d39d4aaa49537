//! A schedule: who did what, and which promise that breaks.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use super::beginning;
use super::landing::Landing;
use super::scenario::Scenario;
use super::world::{Action, World};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What was done, for a driver that plays it again; nothing for what follows from the event
    /// before it at once.
    pub action: Option<Action>,
    /// The node, as `active 0` or `passive 1`; nothing for a power cut.
    pub node: String,
    /// The step of the protocol: `W1` to `W4` or `R1` to `R4`; else what it is a part of, as
    /// `create` or `compact`, or the mishap, as `power`.
    pub step: &'static str,
    /// What happened, in words.
    pub text: String,
    /// Where it landed and what it brought, if bytes were read or written.
    pub landing: Option<Landing>,
}

/// A schedule, and the promise that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What is wrong at the end.
    pub damage: String,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Event { node, step, text, .. }) in self.events.iter().enumerate() {
            writeln!(f, "{:>3}  {node:<10} {step:<9} {text}", nth + 1)?;
        }
        writeln!(f, "     => {}", self.damage)
    }
}

/// The events of these actions, played from the scenario's beginning on, and the promise that they
/// break.
pub(super) fn story(scenario: &Arc<Scenario>, actions: &[Action]) -> Story {
    let mut world = beginning::still(scenario);
    let mut events = Vec::new();
    world.start(&mut |world, action| follow(&mut events, world, action));
    for &action in actions {
        events.push(world.tell(action));
        world.act_watched(action, &mut |world, action| follow(&mut events, world, action));
    }
    let damage = world.broken().unwrap_or("nobody can go on, and not all is done").to_string();
    Story { events, damage }
}

/// What follows at once is told where a request begins or an operation is done; that a machine goes
/// on is not.
fn follow(events: &mut Vec<Event>, world: &World, action: Action) {
    if matches!(action, Action::Land { .. }) || world.begins(action) {
        events.push(Event { action: None, ..world.tell(action) });
    }
}
