//! The way to a set, one round after the other. A round is over when all have answered, or were
//! given up; the next one begins then.

use super::SetCreation;
use super::call::{Action, Ask, Call};
use super::outcome::{Author, Phase, Reason};
use super::plan::{Level, Wanted};
use super::rules::SetRule;
use super::time::Span;

impl SetCreation {
    pub(super) fn prepare(&mut self) {
        self.phase = Phase::Preparing;
        if self.seats.is_empty() && self.wanted == Wanted::ApplicationConsistency {
            self.fail(Author::Set, Reason::NoParticipant);
        } else {
            self.call_members(Call::Prepare);
        }
    }

    /// Begins with the first level, from this one on, that has anybody in it.
    pub(super) fn freeze(&mut self, level: Level) {
        self.phase = Phase::Freezing;
        self.level = level;
        for participant in 0..self.seats.len() {
            let seat = &self.seats[participant];
            if seat.is_in() && seat.invitation.level == level {
                self.frozen_since.get_or_insert(self.now);
                self.call(participant, Call::Freeze);
            }
        }
    }

    pub(super) fn complete(&mut self) {
        self.phase = Phase::Completing;
        self.call_members(Call::BackupComplete { succeeded: self.succeeded });
    }

    /// Begins the next round as long as one is over.
    pub(super) fn go_on(&mut self) {
        while self.is_round_over() {
            match self.phase {
                Phase::Preparing => self.phase = Phase::Prepared,
                Phase::Freezing => match self.level.next() {
                    Some(level) => self.freeze(level),
                    None => self.ask_all(Phase::Flushing, Ask::Flush, Some(self.windows.flush)),
                },
                Phase::Flushing => {
                    self.held_since = Some(self.now);
                    self.ask_all(Phase::Holding, Ask::Hold, None);
                }
                Phase::Holding => self.ask_all(Phase::Committing, Ask::Commit, None),
                Phase::Committing => self.thaw(),
                Phase::Thawing => {
                    self.phase = Phase::PostSnapshot;
                    self.call_members(Call::PostSnapshot);
                }
                Phase::PostSnapshot => {
                    self.ask_all(Phase::Finishing, Ask::Finish, Some(self.windows.finish));
                }
                Phase::Finishing => self.phase = Phase::Created,
                Phase::Completing | Phase::Undoing => self.shut_down(),
                Phase::ShuttingDown => self.phase = Phase::Over,
                Phase::Planned | Phase::Prepared | Phase::Created | Phase::Over => {}
            }
        }
    }

    fn is_round_over(&self) -> bool {
        let nobody = |call: Call| self.seats.iter().all(|seat| seat.pending() != Some(call));
        let at_peace = || self.seats.iter().all(|seat| seat.pending().is_none());
        let answered = |ask: Ask| self.places.iter().all(|place| !place.awaits(ask));
        let careful = self.rules.keeps(SetRule::HoldAllBeforeCommit);
        match self.phase {
            Phase::Preparing => nobody(Call::Prepare),
            Phase::Freezing => nobody(Call::Freeze) || !self.rules.keeps(SetRule::FreezeBeforeHold),
            Phase::Flushing => answered(Ask::Flush),
            Phase::Holding => answered(Ask::Hold) || !careful,
            Phase::Committing => answered(Ask::Commit),
            // Whoever was left out on the way has been let go by then, too, or never will be.
            Phase::Thawing | Phase::PostSnapshot | Phase::Completing | Phase::ShuttingDown => {
                at_peace()
            }
            Phase::Finishing => answered(Ask::Finish),
            Phase::Undoing => at_peace() && self.places.iter().all(|place| place.pending.is_none()),
            Phase::Planned | Phase::Prepared | Phase::Created | Phase::Over => false,
        }
    }

    fn thaw(&mut self) {
        self.release_all();
        self.phase = Phase::Thawing;
        self.frozen_since = None;
        self.call_members(Call::Thaw);
    }

    /// Whoever does not answer any more is spared the wait.
    fn shut_down(&mut self) {
        self.phase = Phase::ShuttingDown;
        for participant in 0..self.seats.len() {
            let seat = &self.seats[participant];
            if seat.saw_prepare && !seat.is_silent {
                self.call(participant, Call::Shutdown);
            }
        }
    }

    fn call_members(&mut self, call: Call) {
        for participant in 0..self.seats.len() {
            if self.seats[participant].is_in() {
                self.call(participant, call);
            }
        }
    }

    pub(super) fn call(&mut self, participant: usize, call: Call) {
        let careful = self.rules.keeps(SetRule::FreezeBeforeHold);
        let seat = &mut self.seats[participant];
        debug_assert!(seat.pending().is_none() || !careful, "one call at a time");
        let action = seat.call(participant, call, self.now);
        self.actions.push_back(action);
    }

    fn ask_all(&mut self, phase: Phase, ask: Ask, span: Option<Span>) {
        self.phase = phase;
        for volume in 0..self.places.len() {
            self.ask(volume, ask, span);
        }
    }

    pub(super) fn ask(&mut self, volume: usize, ask: Ask, span: Option<Span>) {
        let place = &mut self.places[volume];
        place.pending = Some((ask, span.map(|span| self.now + span)));
        place.is_engaged |= ask == Ask::Flush;
        self.actions.push_back(Action::Ask { volume, ask });
    }

    pub(super) fn release_all(&mut self) {
        self.held_since = None;
        for volume in 0..self.places.len() {
            if core::mem::take(&mut self.places[volume].is_engaged) {
                self.release(volume);
            }
        }
    }

    pub(super) fn release(&mut self, volume: usize) {
        self.actions.push_back(Action::Ask { volume, ask: Ask::Release });
    }
}
