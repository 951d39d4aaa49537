//! What happens in a world, in words: the steps W1 to W4 and R1 to R4 that the design names.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::scenario::Order;
use super::story::Event;
use super::task::{Side, Task};
use super::thread::{Piece, State};
use super::world::{Action, World};
use crate::format::superblock::{PAIR_BYTES, PAIR_OFFSET};
use crate::machine::{Medium, Op};
use crate::units::CopyId;

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
                let text = "the medium reports an error".into();
                (self.name(node.into(), thread.into()), "failure", text)
            }
            Action::Kill { node } => (self.name(node.into(), 0), "death", "dies".to_string()),
            Action::Cut { keep } => (String::new(), "power", self.tell_cut(keep)),
        };
        let lane = match action {
            Action::Step { node, thread }
            | Action::Land { node, thread, .. }
            | Action::Fail { node, thread } => Some((node, thread)),
            Action::Kill { node } => Some((node, 0)),
            Action::Cut { .. } => None,
        };
        Event { action: Some(action), lane, node, step, text, place: self.place(action) }
    }

    /// Whether an action begins a request, or looks up again.
    pub(super) fn begins(&self, action: Action) -> bool {
        let Action::Step { node, thread } = action else { return false };
        let (node, thread) = (usize::from(node), usize::from(thread));
        self.nodes[node].threads[thread].frames.is_empty() || self.tell_step(node, thread).0 == "W1"
    }

    pub(super) fn name(&self, node: usize, thread: usize) -> String {
        let name = self.node_name(node);
        if self.nodes[node].threads.len() > 1 { format!("{name}.{thread}") } else { name }
    }

    pub(super) fn node_name(&self, node: usize) -> String {
        match node.checked_sub(self.scenario.actives.len()) {
            None => format!("active {node}"),
            Some(passive) => format!("passive {passive}"),
        }
    }

    /// The step that a thread is in.
    pub(super) fn step_of(&self, node: usize, thread: usize) -> &'static str {
        let Some(frame) = self.nodes[node].threads[thread].frames.last() else {
            return self.tell_beginning(node, thread).0;
        };
        match &frame.state {
            State::Ops { pieces, landed, .. } => {
                let next = (0..pieces.len()).find(|nth| landed >> nth & 1 == 0).unwrap_or(0);
                Self::label(&frame.task, &pieces[next].op).0
            }
            _ => name(&frame.task),
        }
    }

    fn tell_step(&self, node: usize, thread: usize) -> (&'static str, String) {
        let Some(frame) = self.nodes[node].threads[thread].frames.last() else {
            return self.tell_beginning(node, thread);
        };
        let step = name(&frame.task);
        let text = match frame.state {
            _ if step == "W1" => "looks up again which chunks have no record",
            State::Wait { .. } => "looks again whether it is its turn",
            _ => "goes on",
        };
        (step, text.into())
    }

    /// The next order begins.
    fn tell_beginning(&self, node: usize, thread: usize) -> (&'static str, String) {
        let writes =
            |units| ("W1", format!("looks up which chunks of units {units:?} have no record"));
        match self.order(node, thread) {
            Some(Order::Write { units, .. } | Order::Discard { units }) => writes(units),
            Some(Order::Read { copy, units }) if self.knows(node, *copy) => {
                ("R1", format!("looks up units {units:?} of copy {copy}"))
            }
            Some(Order::Read { copy, .. }) => ("R3", format!("has not heard of copy {copy}")),
            Some(Order::CatchUp) => ("R3", "begins to catch up".into()),
            Some(Order::Create) => ("create", "begins".into()),
            Some(Order::Make) => ("create", "begins, with one to be finished later".into()),
            Some(Order::Amend { copy, units, .. }) => {
                ("amend", format!("begins, with units {units:?} of copy {copy}"))
            }
            Some(Order::Finish(copy)) => ("finish", format!("begins, with copy {copy}")),
            Some(Order::Delete(copy)) => ("delete", format!("begins, with copy {copy}")),
            Some(Order::Revert(copy)) => ("revert", format!("begins, with copy {copy}")),
            Some(Order::Settle) => ("settle", "begins".into()),
            Some(Order::Look { units }) => ("look", format!("begins, with units {units:?}")),
            Some(Order::Compact) => ("compact", "begins".into()),
            Some(Order::Flush) => ("flush", "begins".into()),
            Some(Order::TakeRole) => ("role", "begins".into()),
            Some(Order::Close) => ("close", "begins".into()),
            None => ("end", "has nothing more to do".into()),
        }
    }

    /// Whether a passive knows of a copy.
    fn knows(&self, node: usize, copy: u32) -> bool {
        match &*self.nodes[node].side {
            Side::Passive(passive) => {
                CopyId::new(copy).is_some_and(|copy| passive.view().copy(copy).is_ok())
            }
            Side::Active(_) => false,
        }
    }

    fn tell_piece(&self, node: usize, thread: usize, nth: usize) -> (&'static str, String) {
        let Some(frame) = self.nodes[node].threads[thread].frames.last() else {
            return ("end", String::new());
        };
        let State::Ops { pieces, .. } = &frame.state else {
            return (name(&frame.task), String::new());
        };
        let Piece { op, range } = &pieces[nth];
        let first = pieces.iter().position(|piece| piece.op == *op).unwrap_or(nth);
        let count = pieces.iter().filter(|piece| piece.op == *op).count();
        let nth = nth - first;
        let part = if count > 1 { format!(", part {} of {count}", nth + 1) } else { String::new() };
        let (step, what) = Self::label(&frame.task, op);
        let at = match op {
            Op::Read(read) => read.at as usize + range.start,
            Op::Write { at, .. } | Op::Punch { at, .. } => *at as usize + range.start,
            Op::Barrier { .. } | Op::Grow { .. } => return (step, what.into()),
        };
        (step, format!("{what}{part} (byte {at} of the {})", op.medium()))
    }

    fn label(task: &Task, op: &Op) -> (&'static str, &'static str) {
        let superblocks = |at: u64| (PAIR_OFFSET..PAIR_OFFSET + PAIR_BYTES as u64).contains(&at);
        match (task, op) {
            (Task::Write(_), Op::Read(_)) => ("W2", "reads the old bytes"),
            (Task::Write(_), Op::Write { medium: Medium::DiffArea, .. }) => {
                ("W2", "writes the old bytes to a slot")
            }
            (Task::Write(_), Op::Write { .. }) => ("W4", "overwrites"),
            (Task::Write(_), Op::Punch { .. }) => ("W4", "discards"),
            (Task::Settle(_), Op::Write { medium: Medium::DiffArea, .. }) => {
                ("settle", "writes the old bytes to a slot")
            }
            (Task::Settle(_), Op::Write { .. } | Op::Punch { .. }) => {
                ("settle", "writes the copy's bytes")
            }
            (Task::Amend(_), Op::Write { .. }) => ("amend", "writes the new bytes to a slot"),
            (Task::Commit(_), Op::Write { .. }) => ("W3", "appends records"),
            (Task::Commit(_), Op::Barrier { .. }) => ("W3", "puts a barrier behind the records"),
            (Task::Commit(_), _) => ("W3", "looks whether another node has the role"),
            (Task::Read(_), Op::Read(read)) if read.medium == Medium::Origin => {
                ("R2", "reads the origin")
            }
            (Task::Read(_) | Task::CatchUp(_), Op::Read(read)) if superblocks(read.at) => {
                ("R3", "reads the superblocks")
            }
            (Task::Read(read), Op::Read(_)) if !read.is_confirming() => ("R4", "reads a slot"),
            (Task::Read(_) | Task::CatchUp(_), _) => ("R3", "reads the journal"),
            (_, Op::Read(_)) => (name(task), "reads"),
            (_, Op::Write { at, .. }) if superblocks(*at) => (name(task), "writes a superblock"),
            (_, Op::Write { .. }) => (name(task), "writes a journal"),
            (_, Op::Barrier { .. }) => (name(task), "puts a barrier"),
            (_, Op::Punch { .. }) => (name(task), "discards"),
            (_, Op::Grow { .. }) => (name(task), "grows the diff area"),
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

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { units, value } => write!(f, "write {value} to units {units:?}"),
            Self::Discard { units } => write!(f, "discard units {units:?}"),
            Self::Create => f.write_str("create a copy"),
            Self::Make => f.write_str("make an unfinished copy"),
            Self::Amend { copy, units, value } => {
                write!(f, "amend units {units:?} of copy {copy} to {value}")
            }
            Self::Finish(copy) => write!(f, "finish copy {copy}"),
            Self::Delete(copy) => write!(f, "delete copy {copy}"),
            Self::Revert(copy) => write!(f, "revert to copy {copy}"),
            Self::Settle => f.write_str("settle"),
            Self::Look { units } => write!(f, "read units {units:?}"),
            Self::Compact => f.write_str("compact"),
            Self::Flush => f.write_str("flush"),
            Self::TakeRole => f.write_str("take the role"),
            Self::Close => f.write_str("close"),
            Self::CatchUp => f.write_str("catch up"),
            Self::Read { copy, units } => write!(f, "read units {units:?} of copy {copy}"),
        }
    }
}

/// The step, or the request.
fn name(task: &Task) -> &'static str {
    match task {
        Task::Write(write) => write.step_name(),
        Task::Commit(_) => "W3",
        Task::Read(read) => read.step_name(),
        Task::CatchUp(_) => "R3",
        Task::Create(_) => "create",
        Task::Amend(_) => "amend",
        Task::Describe(_) => "finish",
        Task::Delete(_) => "delete",
        Task::Revert(_) => "revert",
        Task::Settle(_) => "settle",
        Task::Look(_) => "look",
        Task::Compact(_) => "compact",
        Task::MakeRoom(_) => "room",
        Task::TakeRole(_) => "role",
        Task::Seal(_) => "close",
        Task::Flush(_) => "flush",
    }
}
