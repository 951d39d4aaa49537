//! Playing a world by hand: choosing what happens next, giving orders, and going back.
//!
//! A player keeps its moves, and a world for every few of them, so going anywhere in what has
//! happened costs a few moves. Whoever makes another move in the past begins a new future.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::order::Answer;
use super::painter::Painter;
use super::picture::Picture;
use super::scenario::{Nonsense, Order, Scenario};
use super::story::Event;
use super::world::{Action, World};

/// Moves between two worlds that are kept.
const STRIDE: usize = 64;

/// Something that is done to a world from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// Something that can happen, happens.
    Act(Action),
    /// A thread is given one more order.
    Give {
        /// The node.
        node: usize,
        /// The thread.
        thread: usize,
        /// What it is asked to do.
        order: Order,
    },
    /// A passive node with so many threads opens the volume.
    Join {
        /// How many.
        threads: usize,
    },
}

/// A world that is played.
///
/// ```
/// use shadowvol::sim::{Move, Order, Player, Scenario};
///
/// let scenario = Scenario::new("mine", "played by hand").active(&[&[]]).passive(&[&[]]);
/// let mut player = Player::new(&scenario)?;
/// player.make(Move::Give { node: 0, thread: 0, order: Order::Create })?;
/// while let Some(action) = player.draw(7) {
///     player.make(Move::Act(action))?;
/// }
/// assert_eq!(player.picture().copies.len(), 1);
///
/// player.seek(0);
/// assert_eq!(player.picture().copies.len(), 0);
/// # Ok::<(), shadowvol::sim::Nonsense>(())
/// ```
pub struct Player {
    world: World,
    moves: Vec<Move>,
    at: usize,
    /// The worlds before the moves 0, [`STRIDE`], twice that ...
    kept: Vec<World>,
    /// With the moves that they belong to; those before the first move belong to none.
    events: Vec<(usize, Event)>,
    answers: Vec<(usize, Answer)>,
    painter: Painter,
}

impl Player {
    /// The world of a scenario, at its beginning.
    ///
    /// # Errors
    ///
    /// When the scenario makes no sense.
    pub fn new(scenario: &Scenario) -> Result<Self, Nonsense> {
        scenario.check()?;
        let (world, events) = World::told(&Arc::new(scenario.clone())).map_err(Nonsense)?;
        Ok(Self {
            kept: alloc::vec![world.clone()],
            world,
            moves: Vec::new(),
            at: 0,
            events: events.into_iter().map(|event| (0, event)).collect(),
            answers: Vec::new(),
            painter: Painter::default(),
        })
    }

    /// The world as it is now.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The moves that were made, and those that were taken back and can be made again.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// How many moves have been made.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Makes a move. Moves that were taken back are forgotten.
    ///
    /// # Errors
    ///
    /// When it cannot be made; nothing has changed then.
    pub fn make(&mut self, next: Move) -> Result<(), Nonsense> {
        let events = self.world.make(&next)?;
        self.moves.truncate(self.at);
        self.kept.truncate(self.at / STRIDE + 1);
        self.events.truncate(self.events.partition_point(|(of, _)| *of <= self.at));
        self.answers.truncate(self.answers.partition_point(|(of, _)| *of <= self.at));
        self.moves.push(next);
        self.at += 1;
        self.events.extend(events.into_iter().map(|event| (self.at, event)));
        self.answers.extend(self.world.answer.clone().map(|answer| (self.at, answer)));
        if self.at.is_multiple_of(STRIDE) {
            self.kept.push(self.world.clone());
        }
        Ok(())
    }

    /// Goes to where so many moves have been made, of those that there are.
    pub fn seek(&mut self, at: usize) {
        let at = at.min(self.moves.len());
        let near = if at >= self.at && at / STRIDE == self.at / STRIDE {
            self.at
        } else {
            self.world = self.kept[at / STRIDE].clone();
            at / STRIDE * STRIDE
        };
        for again in &self.moves[near..at] {
            // It could be made before, in the same world.
            let _ = self.world.make(again);
        }
        self.at = at;
    }

    /// All that can happen next, in words. A power cut comes in many ways, and is not told: who wants
    /// one makes it.
    #[must_use]
    pub fn choices(&self) -> Vec<Event> {
        let mut actions = Vec::new();
        self.world.choices(&mut actions);
        actions.into_iter().map(|action| self.world.tell(action)).collect()
    }

    /// One of the things that can happen next and are no mishap, drawn from a seed and the number of
    /// moves that were made; none if nobody can go on.
    #[must_use]
    pub fn draw(&self, seed: u64) -> Option<Action> {
        let mut actions = Vec::new();
        self.world.choices(&mut actions);
        actions.retain(|action| !action.is_mishap());
        let number = mix(seed ^ mix(self.at as u64));
        (!actions.is_empty()).then(|| actions[(number % actions.len() as u64) as usize])
    }

    /// What has happened, with the number of the move that it belongs to: 0 for what came before the
    /// first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &(usize, Event)> {
        self.events[..self.events.partition_point(|(of, _)| *of <= self.at)].iter()
    }

    /// What requests that read have found, with the number of the move that brought it.
    pub fn answers(&self) -> impl DoubleEndedIterator<Item = &(usize, Answer)> {
        self.answers[..self.answers.partition_point(|(of, _)| *of <= self.at)].iter()
    }

    /// The world as something to draw.
    pub fn picture(&mut self) -> Picture {
        self.painter.paint(&self.world)
    }
}

impl World {
    /// Gives a thread one more order, and tells what follows from it at once.
    ///
    /// # Errors
    ///
    /// When the thread is not there, or could not do that.
    pub fn give(
        &mut self,
        node: usize,
        thread: usize,
        order: &Order,
    ) -> Result<Vec<Event>, Nonsense> {
        let Some(of) = self.nodes.get(node).and_then(|of| of.threads.get(thread)) else {
            return Err(Nonsense(format!("there is no thread {thread} of a node {node}")));
        };
        if self.is_active(node) == order.is_for_passives() {
            let name = self.name(node, thread);
            return Err(Nonsense(format!("{name} cannot be asked to {order}")));
        }
        if matches!(order, Order::Revert(_)) {
            return Err(Nonsense(
                "a revert is a part of a scenario, or of what comes before".into(),
            ));
        }
        self.scenario.check_units(order)?;
        let ahead = self.program(node, thread).iter().skip(of.next).chain(&of.asked);
        let has_role = self.nodes[node].side.active().is_some()
            || ahead.chain([order]).any(|order| *order == Order::TakeRole);
        if self.is_active(node) && !has_role {
            let name = self.name(node, thread);
            return Err(Nonsense(format!("{name} has not taken the role: ask it for that first")));
        }
        self.answer = None;
        self.nodes[node].threads[thread].change(|thread| thread.asked.push_back(order.clone()));
        Ok(self.start_told())
    }

    /// Adds a passive node, which opens the volume as it is now.
    ///
    /// # Errors
    ///
    /// When there are too many nodes, or the diff area cannot be read.
    pub fn join(&mut self, threads: usize) -> Result<(), Nonsense> {
        self.scenario.check_nodes(self.nodes.len() + 1, threads)?;
        self.answer = None;
        self.add_passive(threads).map_err(Nonsense)
    }

    fn make(&mut self, next: &Move) -> Result<Vec<Event>, Nonsense> {
        if self.broken().is_some() {
            return Err(Nonsense("a promise is broken: nothing more happens".into()));
        }
        match next {
            Move::Act(action) if self.allows(*action) => Ok(self.act_told(*action)),
            Move::Act(_) => Err(Nonsense("that cannot happen now".into())),
            Move::Give { node, thread, order } => self.give(*node, *thread, order),
            Move::Join { threads } => self.join(*threads).map(|()| Vec::new()),
        }
    }
}

/// A number that has nothing to do with this one that anybody could see (splitmix64).
const fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
