//! All that can ever happen to a set.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashSet;
use serde::Serialize;

use super::SetWorld;
use super::world::{Happening, World};
use crate::sim::shared::Digest;

/// What an exploration has found.
#[derive(Clone, Debug, Serialize)]
pub struct SetReport {
    /// Different states that were visited.
    pub states: usize,
    /// Things that happened, each once in each state.
    pub steps: u64,
    /// States in which nothing more can happen.
    pub ends: u64,
    /// Whether all states were visited.
    pub complete: bool,
    /// A shortest story that breaks a promise, if there is one.
    pub damage: Option<SetStory>,
}

impl SetReport {
    /// Whether every state was visited and no promise is ever broken.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.complete && self.damage.is_none()
    }
}

/// What happened, and the promise that it broke.
#[derive(Clone, Debug, Serialize)]
pub struct SetStory {
    /// In order.
    pub events: Vec<String>,
    /// The promise.
    pub damage: String,
}

impl fmt::Display for SetStory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, event) in self.events.iter().enumerate() {
            writeln!(f, "{:>3}  {event}", nth + 1)?;
        }
        write!(f, "     {}", self.damage)
    }
}

/// How a state was reached first.
struct Way {
    before: Option<usize>,
    happening: Happening,
}

/// Explores all that can happen to a set, the nearest states first, up to the first damage or so many
/// states.
#[must_use]
pub fn explore(of: &SetWorld, states: usize) -> SetReport {
    let mut report = SetReport { states: 0, steps: 0, ends: 0, complete: false, damage: None };
    let Some(beginning) = World::new(of) else { return report };
    let mut seen = HashSet::new();
    seen.insert(Digest::of(&beginning));
    let mut ways: Vec<Way> = Vec::new();
    let mut queue = VecDeque::from([(beginning, None)]);
    while let Some((world, way)) = queue.pop_front() {
        if let Some(damage) = world.broken.or_else(|| world.ends_alone()) {
            report.damage = Some(SetStory { events: tell(&ways, way), damage: damage.into() });
            report.states = seen.len();
            return report;
        }
        let happenings = world.happenings();
        report.ends += u64::from(happenings.is_empty());
        for happening in happenings {
            let mut next = world.clone();
            next.happen(happening);
            report.steps += 1;
            if !seen.insert(Digest::of(&next)) {
                continue;
            }
            if seen.len() > states {
                report.states = seen.len();
                return report;
            }
            ways.push(Way { before: way, happening });
            queue.push_back((next, Some(ways.len() - 1)));
        }
    }
    report.states = seen.len();
    report.complete = true;
    report
}

fn tell(ways: &[Way], mut way: Option<usize>) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(at) = way {
        events.push(ways[at].happening.to_string());
        way = ways[at].before;
    }
    events.reverse();
    events
}
