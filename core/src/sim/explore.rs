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
use super::scenario::{Nonsense, Scenario};
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
///
/// # Panics
///
/// As [`World::new`].
#[must_use]
pub fn explore(scenario: &Scenario, limits: Limits) -> Report {
    let mut explorer = Explorer::of(World::new(&Arc::new(scenario.clone())), limits);
    while !explorer.visit(usize::MAX) {}
    explorer.report()
}

/// An exploration under way, for a caller that has other things to do, too.
///
/// ```
/// use shadowvol::Rule;
/// use shadowvol::sim::{Explorer, Limits, scenarios};
///
/// let mut explorer = Explorer::new(&scenarios::without(Rule::ConfirmAbsence), Limits::default())?;
/// while !explorer.visit(1000) {
///     println!("{} states so far", explorer.states());
/// }
/// assert!(explorer.report().damage.is_some());
/// # Ok::<(), shadowvol::sim::Nonsense>(())
/// ```
pub struct Explorer {
    scenario: Arc<Scenario>,
    limits: Limits,
    seen: HashSet<Digest>,
    origins: Vec<Origin>,
    queue: VecDeque<(World, Option<u32>, usize)>,
    alone: Alone,
    report: Report,
    /// Why it has ended, if it has.
    end: Option<End>,
}

/// Why an exploration has ended.
enum End {
    AllVisited,
    LimitReached,
    /// A damaged state, as how it was reached, and words for what the world itself does not see.
    Damage {
        way: Option<u32>,
        words: Option<&'static str>,
    },
}

impl Explorer {
    /// An exploration of all that can happen in a scenario, up to the first damage.
    ///
    /// # Errors
    ///
    /// When the scenario makes no sense.
    pub fn new(scenario: &Scenario, limits: Limits) -> Result<Self, Nonsense> {
        let world = World::sensible(&Arc::new(scenario.clone()))?;
        Ok(Self::of(world, limits))
    }

    fn of(beginning: World, limits: Limits) -> Self {
        let mut explorer = Self {
            scenario: Arc::clone(&beginning.scenario),
            limits,
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
                complete: false,
                damage: None,
            },
            end: None,
        };
        explorer.seen.insert(beginning.digest());
        explorer.queue.push_back((beginning, None, 0));
        explorer
    }

    /// Goes on from so many states at most; true when there is nothing more to do.
    pub fn visit(&mut self, states: usize) -> bool {
        for _ in 0..states {
            if self.end.is_some() {
                break;
            }
            self.end = match self.next() {
                Some((world, way, depth)) => self.go_on_from(&world, way, depth),
                None => Some(End::AllVisited),
            };
        }
        self.end.is_some()
    }

    /// Different states that were met so far.
    #[must_use]
    pub fn states(&self) -> usize {
        self.seen.len()
    }

    /// What was found so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let damage = match self.end {
            Some(End::Damage { way, words }) => {
                let mut story = story(&self.scenario, &actions(&self.origins, way));
                story.damage = words.map_or(story.damage, ToString::to_string);
                Some(story)
            }
            _ => None,
        };
        let complete = !matches!(self.end, None | Some(End::LimitReached));
        Report { states: self.seen.len(), complete, damage, ..self.report.clone() }
    }

    fn next(&mut self) -> Option<(World, Option<u32>, usize)> {
        match self.limits.first {
            First::Nearest => self.queue.pop_front(),
            First::Deepest => self.queue.pop_back(),
        }
    }

    fn go_on_from(&mut self, world: &World, way: Option<u32>, depth: usize) -> Option<End> {
        self.report.depth = self.report.depth.max(depth);
        if world.broken().is_some() {
            return Some(End::Damage { way, words: None });
        }
        let mut actions = Vec::new();
        world.actions(&mut actions);
        let stuck = !actions.iter().any(|action| !action.is_mishap());
        if stuck && !world.is_over() {
            return Some(End::Damage { way, words: Some("nobody can go on, and not all is done") });
        }
        self.report.ends += u64::from(stuck);
        if let Some(words) = self.alone.damage(world) {
            return Some(End::Damage { way, words: Some(words) });
        }
        for &action in &actions {
            let mut next = world.clone();
            next.act(action);
            self.report.steps += 1;
            self.report.crashes += u64::from(action.is_mishap());
            if !self.seen.insert(next.digest()) && next.broken().is_none() {
                continue;
            }
            if self.seen.len() > self.limits.states {
                return Some(End::LimitReached);
            }
            let origin = Origin { before: way.unwrap_or(u32::MAX), action };
            self.origins.push(origin);
            let here = (self.origins.len() - 1) as u32;
            self.queue.push_back((next, Some(here), depth + 1));
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
