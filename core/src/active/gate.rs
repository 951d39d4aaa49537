//! Creations that stop on the way, so that several volumes can take their copies at one instant.
//!
//! A gated [`Create`](super::Create) waits twice, in [`Wait::Gate`](crate::machine::Wait::Gate):
//! before it holds the writes, and when they are held, drained and flushed. Its driver steps it on, or
//! tells it that it failed. But a driver may be in the middle of a barrier that does not come back.
//! So anyone can take the creation's gate away: the writers go on at once, and the creation ends as
//! soon as it is stepped again. Once it has begun to commit it is too late for that: its record may be
//! read by others, so a write that went on now could be in the copy or not.

use alloc::vec::Vec;

use super::Active;

/// The right of one gated creation to go on, among those of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate(u32);

/// How far a gated creation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Ahead,
    Holding,
    Committing,
}

/// The creations that have their right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Gates {
    last: u32,
    stages: Vec<(Gate, Stage)>,
}

impl Active {
    /// A gate for one creation.
    pub fn gate(&mut self) -> Gate {
        let gates = &mut self.gates;
        gates.last = gates.last.wrapping_add(1);
        let gate = Gate(gates.last);
        gates.stages.push((gate, Stage::Ahead));
        gate
    }

    /// Takes a creation's gate away and lets its writers go on. False if it has begun to commit, or has
    /// ended, or has none any more: then nothing has changed.
    pub fn cancel(&mut self, gate: Gate) -> bool {
        let stages = &mut self.gates.stages;
        let found = stages.iter().position(|&(of, stage)| of == gate && stage != Stage::Committing);
        let Some(at) = found else { return false };
        if stages.swap_remove(at).1 == Stage::Holding {
            self.flights.release();
        }
        true
    }

    /// Whether the creation may go on.
    pub(super) fn may_pass(&self, gate: Option<Gate>) -> bool {
        gate.is_none_or(|gate| self.gates.stages.iter().any(|&(of, _)| of == gate))
    }

    /// Holds the writes for a creation.
    pub(super) fn hold_for(&mut self, gate: Option<Gate>) {
        self.flights.hold();
        self.enter(gate, Stage::Holding);
    }

    /// The creation's record is about to be appended.
    pub(super) fn commit_for(&mut self, gate: Option<Gate>) {
        self.enter(gate, Stage::Committing);
    }

    /// The creation has ended.
    pub(super) fn leave(&mut self, gate: Option<Gate>) {
        self.gates.stages.retain(|&(of, _)| Some(of) != gate);
    }

    fn enter(&mut self, gate: Option<Gate>, stage: Stage) {
        for (of, now) in &mut self.gates.stages {
            if Some(*of) == gate {
                *now = stage;
            }
        }
    }
}
