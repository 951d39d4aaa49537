//! The explorer: all that can happen in a world.
//!
//! It visits states, not schedules. A state is known by a digest of 128 bits. Depth first keeps few
//! worlds at a time, and is for proofs; breadth first keeps many, and finds a shortest story.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hashbrown::HashSet;
use serde::Serialize;

use super::alone::Alone;
use super::scenario::Scenario;
use super::shared::Digest;
use super::story::{Story, story};
use super::world::{Action, World};

/// How far an exploration goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// States to visit at most.
    pub states: usize,
    /// Which states come first.
    pub first: First,
}

/// Which states an exploration visits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Those that were found last, which takes the least memory.
    Deepest,
    /// Those with the shortest story.
    Nearest,
}

impl Default for Limits {
    fn default() -> Self {
        Self { states: 20_000_000, first: First::Nearest }
    }
}

/// What an exploration has found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Different states that were visited.
    pub states: usize,
    /// Things that happened, each once in each state.
    pub steps: u64,
    /// How many things happen at most before a state that is new.
    pub depth: usize,
    /// States in which everybody is at the end.
    pub ends: u64,
    /// Power cuts and deaths that were tried.
    pub crashes: u64,
    /// Whether all states were visited.
    pub complete: bool,
    /// The shortest story that breaks a promise, if there is one.
    pub damage: Option<Story>,
}

impl Report {
    /// Whether every state was visited and no promise is ever broken.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.complete && self.damage.is_none()
    }
}

/// How a state was reached first.
#[derive(Clone, Copy)]
struct Origin {
    before: u32,
    action: Action,
}

/// Explores all that can happen in a scenario, up to the first damage.
#[must_use]
pub fn explore(scenario: &Scenario, limits: Limits) -> Report {
    let scenario = Arc::new(scenario.clone());
    let beginning = World::new(&scenario);
    let mut explorer = Explorer {
        seen: HashSet::new(),
        origins: Vec::new(),
        queue: VecDeque::new(),
        alone: Alone::default(),
        report: Report {
            states: 0,
            steps: 0,
            depth: 0,
            ends: 0,
            crashes: 0,
            complete: true,
            damage: None,
        },
    };
    explorer.seen.insert(beginning.digest());
    explorer.queue.push_back((beginning, None, 0));
    let damage = explorer.run(limits);
    let Explorer { mut report, origins, seen, .. } = explorer;
    report.states = seen.len();
    report.damage = damage.map(|Damage { way, words }| {
        let mut story = story(&scenario, &actions(&origins, way));
        if let Some(words) = words {
            story.damage = words.to_string();
        }
        story
    });
    report
}

struct Explorer {
    seen: HashSet<Digest>,
    origins: Vec<Origin>,
    queue: VecDeque<(World, Option<u32>, usize)>,
    alone: Alone,
    report: Report,
}

/// A damaged state, as how it was reached, and words for what the world itself does not see.
struct Damage {
    way: Option<u32>,
    words: Option<&'static str>,
}

impl Explorer {
    fn next(&mut self, first: First) -> Option<(World, Option<u32>, usize)> {
        match first {
            First::Nearest => self.queue.pop_front(),
            First::Deepest => self.queue.pop_back(),
        }
    }

    fn run(&mut self, limits: Limits) -> Option<Damage> {
        let mut actions = Vec::new();
        while let Some((world, way, depth)) = self.next(limits.first) {
            self.report.depth = self.report.depth.max(depth);
            if world.broken().is_some() {
                return Some(Damage { way, words: None });
            }
            world.actions(&mut actions);
            let stuck = !actions.iter().any(|action| !action.is_mishap());
            if stuck && !world.is_over() {
                return Some(Damage { way, words: Some("nobody can go on, and not all is done") });
            }
            self.report.ends += u64::from(stuck);
            if !self.alone.ends(&world) {
                return Some(Damage { way, words: Some("a reader retries for ever, alone") });
            }
            for &action in &actions {
                let mut next = world.clone();
                next.act(action);
                self.report.steps += 1;
                self.report.crashes += u64::from(action.is_mishap());
                if !self.seen.insert(next.digest()) && next.broken().is_none() {
                    continue;
                }
                if self.seen.len() > limits.states {
                    self.report.complete = false;
                    return None;
                }
                let origin = Origin { before: way.unwrap_or(u32::MAX), action };
                self.origins.push(origin);
                let here = (self.origins.len() - 1) as u32;
                self.queue.push_back((next, Some(here), depth + 1));
            }
        }
        None
    }
}

/// The actions that lead to a state.
fn actions(origins: &[Origin], way: Option<u32>) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut at = way.unwrap_or(u32::MAX);
    while let Some(origin) = origins.get(at as usize) {
        actions.push(origin.action);
        at = origin.before;
    }
    actions.reverse();
    actions
}
