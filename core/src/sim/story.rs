//! A schedule in words: who did what, as the steps W1 to W4 and R1 to R4 that the design names.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::fmt;

use serde::Serialize;

use super::task::{Side, Task};
use super::thread::{Piece, State};
use super::world::{Action, World};
use crate::format::superblock::{PAIR_BYTES, PAIR_OFFSET};
use crate::machine::{Medium, Op};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What happened, for a driver that plays it again.
    pub action: Action,
    /// The node, as `active 0` or `passive 1`; nothing for a power cut.
    pub node: String,
    /// The step of the protocol: `W1` to `W4`, `R1` to `R4`, or nothing.
    pub step: &'static str,
    /// What happened, in words.
    pub text: String,
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
            writeln!(f, "{:>3}  {node:<10} {step:<3} {text}", nth + 1)?;
        }
        writeln!(f, "     => {}", self.damage)
    }
}

impl World {
    /// What an action is, in words, before it happens.
    #[must_use]
    pub fn tell(&self, action: Action) -> Event {
        let (node, step, text) = match action {
            Action::Step { node, thread } => {
                let (step, text) = self.tell_step(node.into(), thread.into());
                (self.name(node.into(), thread.into()), step, text)
            }
            Action::Land { node, thread, piece } => {
                let (step, text) = self.tell_piece(node.into(), thread.into(), piece.into());
                (self.name(node.into(), thread.into()), step, text)
            }
            Action::Fail { node, thread } => {
                (self.name(node.into(), thread.into()), "", "the medium reports an error".into())
            }
            Action::Kill { node } => (self.name(node.into(), 0), "", "dies".to_string()),
            Action::Cut { keep } => (String::new(), "", self.tell_cut(keep)),
        };
        Event { action, node, step, text }
    }

    fn name(&self, node: usize, thread: usize) -> String {
        let actives = self.scenario.actives.len();
        let threads = self.nodes[node].threads.len();
        let suffix = |thread: usize| if threads > 1 { format!(".{thread}") } else { String::new() };
        match node.checked_sub(actives) {
            None => format!("active {node}{}", suffix(thread)),
            Some(passive) => format!("passive {passive}{}", suffix(thread)),
        }
    }

    fn tell_step(&self, node: usize, thread: usize) -> (&'static str, String) {
        let Some(frame) = self.nodes[node].threads[thread].frames.last() else {
            return ("", "begins its next request".into());
        };
        let state = match frame.state {
            State::Wait { .. } => "looks again whether it is its turn",
            _ => "goes on",
        };
        ("", format!("{}: {state}", kind(&frame.task)))
    }

    fn tell_piece(&self, node: usize, thread: usize, nth: usize) -> (&'static str, String) {
        let Some(frame) = self.nodes[node].threads[thread].frames.last() else {
            return ("", String::new());
        };
        let State::Ops { pieces, .. } = &frame.state else { return ("", String::new()) };
        let Piece { op, range } = &pieces[nth];
        let first = pieces.iter().position(|piece| piece.op == *op).unwrap_or(nth);
        let count = pieces.iter().filter(|piece| piece.op == *op).count();
        let nth = nth - first;
        let part = if count > 1 { format!(", part {} of {count}", nth + 1) } else { String::new() };
        let (step, what) = self.label(node, &frame.task, op);
        let at = match op {
            Op::Read(read) => read.at as usize + range.start,
            Op::Write { at, .. } | Op::Punch { at, .. } => *at as usize + range.start,
            Op::Barrier { .. } | Op::Grow { .. } => return (step, what.into()),
        };
        (step, format!("{what}{part} (byte {at} of the {})", op.medium()))
    }

    fn label(&self, node: usize, task: &Task, op: &Op) -> (&'static str, &'static str) {
        let superblocks = |at: u64| (PAIR_OFFSET..PAIR_OFFSET + PAIR_BYTES as u64).contains(&at);
        match (task, op) {
            (Task::Write(_), Op::Read(_)) => ("W2", "reads the old bytes"),
            (Task::Write(_), Op::Write { medium: Medium::DiffArea, .. }) => {
                ("W2", "writes the old bytes to a slot")
            }
            (Task::Write(_), Op::Write { .. }) => ("W4", "overwrites"),
            (Task::Write(_), Op::Punch { .. }) => ("W4", "discards"),
            (Task::Commit(_), Op::Write { .. }) => ("W3", "appends records"),
            (Task::Commit(_), Op::Barrier { .. }) => ("W3", "puts a barrier behind the records"),
            (Task::Commit(_), _) => ("W3", "looks whether another node has the role"),
            (Task::Read(_), Op::Read(read)) if read.medium == Medium::Origin => {
                ("R2", "reads the origin")
            }
            (Task::Read(_) | Task::CatchUp(_), Op::Read(read)) if superblocks(read.at) => {
                ("R3", "reads the superblocks")
            }
            (Task::Read(_), Op::Read(read)) if !self.is_journal(node, read.at) => {
                ("R4", "reads a slot")
            }
            (Task::Read(_) | Task::CatchUp(_), _) => ("R3", "reads the journal"),
            (_, Op::Read(_)) => ("", "reads"),
            (_, Op::Write { at, .. }) if superblocks(*at) => ("", "writes a superblock"),
            (_, Op::Write { .. }) => ("", "writes a journal"),
            (_, Op::Barrier { .. }) => ("", "puts a barrier"),
            (_, Op::Punch { .. }) => ("", "discards"),
            (_, Op::Grow { .. }) => ("", "grows the diff area"),
        }
    }

    /// Whether a byte of the diff area is in the segment that the passive follows.
    fn is_journal(&self, node: usize, at: u64) -> bool {
        match &*self.nodes[node].side {
            Side::Passive(passive) => passive.is_in_tail(at),
            Side::Active(_) => false,
        }
    }

    fn tell_cut(&self, keep: u32) -> String {
        let all = self.origin.loose() + self.diff.loose();
        let lost: Vec<_> =
            (0..all).filter(|nth| keep >> nth & 1 == 0).map(|nth| (nth + 1).to_string()).collect();
        match (all, lost.len()) {
            (0, _) => "the power fails; nothing was loose".into(),
            (_, 0) => format!("the power fails; all {all} loose pieces stay"),
            _ => format!(
                "the power fails; of {all} loose pieces these are lost: {}",
                lost.join(", ")
            ),
        }
    }
}

fn kind(task: &Task) -> &'static str {
    match task {
        Task::Write(_) => "write",
        Task::Create(_) => "create",
        Task::Delete(_) => "delete",
        Task::Compact(_) => "compact",
        Task::Commit(_) => "commit",
        Task::MakeRoom(_) => "make room",
        Task::TakeRole(_) => "take the role",
        Task::Seal(_) => "close",
        Task::Flush(_) => "flush",
        Task::Read(_) => "read",
        Task::CatchUp(_) => "catch up",
    }
}

/// The events of these actions, played from the world on, and the promise that they break.
pub(super) fn story(mut world: World, actions: &[Action]) -> Story {
    let mut events = vec![];
    for &action in actions {
        events.push(world.tell(action));
        world.act(action);
    }
    let damage = world.broken().unwrap_or("nobody can go on, and not all is done").to_string();
    Story { events, damage }
}
