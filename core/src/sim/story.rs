//! A schedule: who did what, and which promise that breaks.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use super::beginning;
use super::oracle::Broken;
use super::scenario::Scenario;
use super::world::{Action, World};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What was done, for a driver that plays it again; nothing for what follows from the event
    /// before it at once.
    pub action: Option<Action>,
    /// The numbers of the node and its thread; nothing for a power cut.
    pub lane: Option<(u8, u8)>,
    /// The node, as `active 0` or `passive 1`; nothing for a power cut.
    pub node: String,
    /// The step of the protocol: `W1` to `W4` or `R1` to `R4`; else what it is a part of, as
    /// `create` or `compact`, or the mishap, as `power`.
    pub step: &'static str,
    /// What happened, in words.
    pub text: String,
    /// Where bytes were read or written.
    pub place: Option<Place>,
}

/// Where bytes are read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Of the origin; else of the diff area.
    pub origin: bool,
    /// Whether they are written.
    pub writes: bool,
    /// The first byte.
    pub at: u64,
    /// How many.
    pub bytes: u64,
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
    let (mut world, mut events) = World::told(scenario).unwrap_or_else(|broken| panic!("{broken}"));
    for &action in actions {
        events.extend(world.act_told(action));
    }
    let damage = world.broken().unwrap_or("nobody can go on, and not all is done").to_string();
    Story { events, damage }
}

impl World {
    /// The world of a scenario at its beginning, with what happens in it at once.
    ///
    /// # Errors
    ///
    /// When what comes before does not succeed.
    pub(super) fn told(scenario: &Arc<Scenario>) -> Result<(Self, Vec<Event>), Broken> {
        let mut world = beginning::still(scenario)?;
        let mut events = Vec::new();
        world.start(&mut |world, action| follow(&mut events, world, action));
        Ok((world, events))
    }

    /// Makes something happen, and tells it with what follows from it at once.
    pub fn act_told(&mut self, action: Action) -> Vec<Event> {
        let mut events = alloc::vec![self.tell(action)];
        self.act_watched(action, &mut |world, action| follow(&mut events, world, action));
        events
    }

    /// Goes on after an order was given, and tells what follows from it at once.
    pub(super) fn start_told(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.start(&mut |world, action| follow(&mut events, world, action));
        events
    }
}

/// What follows at once is told where a request begins or an operation is done; that a machine goes
/// on is not.
fn follow(events: &mut Vec<Event>, world: &World, action: Action) {
    if matches!(action, Action::Land { .. }) || world.begins(action) {
        events.push(Event { action: None, ..world.tell(action) });
    }
}
