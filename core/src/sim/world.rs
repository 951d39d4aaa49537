//! A world: two media, the nodes that share them, and what was promised.
//!
//! Worlds are values. [`World::actions`] says what can happen next, [`World::act`] makes it happen.
//! What a thread does without touching a medium, while it is the only one of its node that is not
//! at its end, happens at once: nobody else could tell when.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::oracle::{Broken, Oracle};
use super::order::Answer;
use super::scenario::{Nonsense, Order, Scenario};
use super::shared::{Digest, Shared};
use super::task::Side;
use super::thread::{State, Thread};
use crate::active::Active;

/// Two media, the nodes that share them, and what was promised.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) scenario: Arc<Scenario>,
    pub(super) origin: Shared<Disk>,
    pub(super) diff: Shared<Disk>,
    pub(super) nodes: Vec<Node>,
    pub(super) oracle: Shared<Oracle>,
    pub(super) left: Left,
    broken: Option<Broken>,
    /// What the last request that read has found.
    pub(super) answer: Option<Answer>,
}

/// A node and its threads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) side: Shared<Side>,
    pub(super) threads: Vec<Shared<Thread>>,
    /// The storage refuses what it writes.
    pub(super) refused: bool,
    /// It has died at least once, and does what the scenario says for that case.
    pub(super) recovers: bool,
}

/// What may still go wrong, and what has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) cuts: u8,
    pub(super) kills: u8,
    pub(super) failures: u8,
    /// Something has happened that may end a role or fail a request.
    pub(super) excuse: bool,
    /// The time of the next creation.
    pub(super) time: i64,
}

/// Something that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// A thread's machine is stepped.
    Step {
        /// The node.
        node: u8,
        /// The thread.
        thread: u8,
    },
    /// A piece of a thread's operations is done.
    Land {
        /// The node.
        node: u8,
        /// The thread.
        thread: u8,
        /// The piece.
        piece: u8,
    },
    /// A thread's operations fail.
    Fail {
        /// The node.
        node: u8,
        /// The thread.
        thread: u8,
    },
    /// An active node dies.
    Kill {
        /// The node.
        node: u8,
    },
    /// The power fails for the media and all active nodes; of what is loose these pieces stay.
    Cut {
        /// A bit for each loose piece of the origin, then of the diff area.
        keep: u32,
    },
}

impl World {
    /// The world of a scenario at its beginning: what comes before has been done.
    ///
    /// # Panics
    ///
    /// When the scenario makes no sense: what comes before does not succeed.
    #[must_use]
    pub fn new(scenario: &Arc<Scenario>) -> Self {
        super::beginning::world(scenario).unwrap_or_else(|broken| panic!("{broken}"))
    }

    /// The world of a scenario that nobody has tried yet, at its beginning.
    ///
    /// # Errors
    ///
    /// When the scenario makes no sense.
    pub fn sensible(scenario: &Arc<Scenario>) -> Result<Self, Nonsense> {
        scenario.check()?;
        super::beginning::world(scenario).map_err(Nonsense)
    }

    pub(super) fn bare(scenario: &Arc<Scenario>, origin: Disk, diff: Disk) -> Self {
        let mishaps = scenario.mishaps;
        Self {
            scenario: Arc::clone(scenario),
            origin: Shared::new(origin),
            diff: Shared::new(diff),
            nodes: Vec::new(),
            oracle: Shared::new(Oracle::new(scenario.units, super::beginning::VALUE)),
            left: Left {
                cuts: mishaps.cuts,
                kills: mishaps.kills,
                failures: mishaps.failures,
                excuse: false,
                time: 1,
            },
            broken: None,
            answer: None,
        }
    }

    /// Time goes on where it is in another world.
    pub(super) fn go_on_from(&mut self, other: &Self) {
        self.left.time = other.left.time;
    }

    /// The promise that was broken, if one was.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Does what comes before the first choice.
    pub(super) fn start(&mut self, watch: &mut impl FnMut(&Self, Action)) {
        if let Err(broken) = self.settle(watch) {
            self.broken = Some(broken);
        }
    }

    /// What tells this world from others.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&(&self.origin, &self.diff, &self.nodes, &self.oracle, self.left))
    }

    /// Adds a node with these programs.
    pub(super) fn add_node(&mut self, side: Side, programs: usize) {
        let threads = (0..programs).map(|program| Shared::new(Thread::new(program))).collect();
        self.nodes.push(Node { side: Shared::new(side), threads, refused: false, recovers: false });
    }

    /// Whether every thread is at its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        (0..self.nodes.len()).all(|node| self.is_idle(node))
    }

    pub(super) fn is_idle(&self, node: usize) -> bool {
        (0..self.nodes[node].threads.len()).all(|thread| self.is_at_end(node, thread))
    }

    pub(super) fn is_at_end(&self, node: usize, thread: usize) -> bool {
        self.nodes[node].threads[thread].frames.is_empty() && self.order(node, thread).is_none()
    }

    /// What a thread does, or does next.
    pub(super) fn order(&self, node: usize, thread: usize) -> Option<&Order> {
        let Thread { next, ref asked, .. } = *self.nodes[node].threads[thread];
        self.program(node, thread).get(next).or_else(|| asked.front())
    }

    /// What the scenario asks of a thread.
    pub(super) fn program(&self, node: usize, thread: usize) -> &[Order] {
        let scenario = &self.scenario;
        let nodes = match node.checked_sub(scenario.actives.len()) {
            Some(passive) => scenario.passives.get(passive),
            None if self.nodes[node].recovers => return &scenario.recovery,
            None => scenario.actives.get(node),
        };
        let program = self.nodes[node].threads[thread].program;
        nodes.and_then(|threads| threads.get(program)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_active(&self, node: usize) -> bool {
        matches!(*self.nodes[node].side, Side::Active(_))
    }

    /// Whether operations may fail at any moment.
    pub(super) fn fails_on_demand(&self) -> bool {
        self.left.failures > 0
    }

    /// All that can happen next.
    pub fn actions(&self, into: &mut Vec<Action>) {
        into.clear();
        if self.broken.is_some() {
            return;
        }
        self.of_threads(into);
        self.mishaps(into);
    }

    fn of_threads(&self, into: &mut Vec<Action>) {
        for node in 0..self.nodes.len() {
            for thread in 0..self.nodes[node].threads.len() {
                self.thread_actions(node, thread, into);
            }
        }
    }

    /// What a thread can do next.
    pub(super) fn thread_actions(&self, node: usize, thread: usize, into: &mut Vec<Action>) {
        if self.is_at_end(node, thread) {
            return;
        }
        let (at, of) = (node as u8, thread as u8);
        let step = Action::Step { node: at, thread: of };
        match self.nodes[node].threads[thread].state() {
            None | Some(State::Step(_) | State::Wait { woken: true, .. }) => into.push(step),
            Some(State::Wait { woken: false, .. } | State::Served(_)) => {}
            Some(State::Ops { pieces, landed, .. }) => {
                let waits = |piece: &u8| landed >> piece & 1 == 0;
                into.extend((0..pieces.len() as u8).filter(waits).map(|piece| Action::Land {
                    node: at,
                    thread: of,
                    piece,
                }));
                if self.fails_on_demand() && self.is_active(node) {
                    into.push(Action::Fail { node: at, thread: of });
                }
            }
        }
    }

    fn mishaps(&self, into: &mut Vec<Action>) {
        if self.can_cut() {
            let loose = self.origin.loose() + self.diff.loose();
            into.extend((0..1 << loose.min(16)).map(|keep| Action::Cut { keep }));
        }
        self.kills(into);
    }

    fn kills(&self, into: &mut Vec<Action>) {
        if self.left.kills > 0 {
            into.extend(self.alive().map(|node| Action::Kill { node: node as u8 }));
        }
    }

    fn can_cut(&self) -> bool {
        self.left.cuts > 0 && self.alive().next().is_some()
    }

    /// The active nodes that can die.
    fn alive(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|&node| match &*self.nodes[node].side {
            Side::Active(active) => active.is_some() || !self.is_idle(node),
            Side::Passive(_) => false,
        })
    }

    /// What can happen next, but for the many ways of a power cut.
    pub(super) fn choices(&self, into: &mut Vec<Action>) {
        into.clear();
        if self.broken.is_some() {
            return;
        }
        self.of_threads(into);
        self.kills(into);
    }

    /// Whether this can happen next.
    #[must_use]
    pub fn allows(&self, action: Action) -> bool {
        match action {
            Action::Cut { keep } => {
                let loose = self.origin.loose() + self.diff.loose();
                self.broken.is_none()
                    && self.can_cut()
                    && keep.checked_shr(loose as u32).unwrap_or(0) == 0
            }
            _ => {
                let mut choices = Vec::new();
                self.choices(&mut choices);
                choices.contains(&action)
            }
        }
    }

    /// Makes something happen.
    pub fn act(&mut self, action: Action) {
        self.act_watched(action, &mut |_, _| ());
    }

    /// Makes something happen, and shows what follows at once before it does.
    pub(super) fn act_watched(&mut self, action: Action, watch: &mut impl FnMut(&Self, Action)) {
        self.answer = None;
        let done = match action {
            Action::Step { node, thread } => self.step(node as usize, thread as usize),
            Action::Land { node, thread, piece } => {
                self.land(node as usize, thread as usize, piece as usize)
            }
            Action::Fail { node, thread } => {
                self.left.failures -= 1;
                self.left.excuse = true;
                self.fail(node as usize, thread as usize);
                Ok(())
            }
            Action::Kill { node } => {
                self.left.kills -= 1;
                self.kill(node as usize)
            }
            Action::Cut { keep } => {
                self.left.cuts -= 1;
                self.cut(keep)
            }
        };
        if let Err(broken) = done.and_then(|()| self.settle(watch)) {
            self.broken = Some(broken);
        }
    }

    /// Does what nobody can tell the time of.
    fn settle(&mut self, watch: &mut impl FnMut(&Self, Action)) -> Result<(), Broken> {
        loop {
            let mut moved = false;
            for node in 0..self.nodes.len() {
                let at_work = |&thread: &usize| !self.is_at_end(node, thread);
                let mut threads = (0..self.nodes[node].threads.len()).filter(at_work);
                let (Some(thread), None) = (threads.next(), threads.next()) else { continue };
                let (at, of) = (node as u8, thread as u8);
                match self.nodes[node].threads[thread].state() {
                    None | Some(State::Step(_) | State::Wait { woken: true, .. }) => {
                        watch(self, Action::Step { node: at, thread: of });
                        self.step(node, thread)?;
                    }
                    Some(State::Ops { pieces, .. }) if self.reads_alone(node, thread) => {
                        for piece in 0..pieces.len() as u8 {
                            watch(self, Action::Land { node: at, thread: of, piece });
                            self.land(node, thread, piece.into())?;
                        }
                    }
                    _ => continue,
                }
                moved = true;
            }
            if !moved {
                return Ok(());
            }
        }
    }
}

impl Side {
    /// Does the chores that a driver does as soon as it can, and forgets what makes no difference.
    pub(super) fn tidy(&mut self) {
        match self {
            Self::Active(Some(active)) => {
                while active.wants_sweep() {
                    active.sweep(usize::MAX);
                }
                active.forget_the_past();
            }
            Self::Active(None) => {}
            Self::Passive(passive) => passive.forget_the_past(),
        }
    }

    /// The active's state, if it has the role.
    pub(super) fn active(&self) -> Option<&Active> {
        match self {
            Self::Active(active) => active.as_deref(),
            Self::Passive(_) => None,
        }
    }
}
