//! The way back: whoever was told anything is let go, and what was made is deleted.

use super::SetCreation;
use super::call::Ask;
use super::outcome::{Author, Failure, Phase, Reason};
use super::rules::SetRule;

impl SetCreation {
    /// The requester wants no more of it. Once it has completed, or failed, that changes nothing.
    pub(super) fn abort(&mut self) {
        let done = matches!(
            self.phase,
            Phase::Completing | Phase::Undoing | Phase::ShuttingDown | Phase::Over
        );
        if !done {
            self.fail(Author::Requester, Reason::Aborted);
        }
    }

    /// The set fails. The first failure is the one that is told.
    pub(super) fn fail(&mut self, author: Author, reason: Reason) {
        if self.failure.is_some() {
            return;
        }
        let retryable = reason.is_retryable();
        self.failure = Some(Failure { phase: self.phase, author, reason, retryable });
        self.phase = Phase::Undoing;
        self.frozen_since = None;
        self.release_all();
        for volume in 0..self.places.len() {
            self.undo(volume);
        }
        for participant in 0..self.seats.len() {
            let seat = &mut self.seats[participant];
            if seat.saw_prepare && !seat.saw_abort && self.rules.keeps(SetRule::AbortAll) {
                seat.abort_next = true;
            }
            self.abort_if_idle(participant);
        }
    }

    /// A volume that is about to commit is waited for, so that the set's end tells the truth.
    fn undo(&mut self, volume: usize) {
        let place = &mut self.places[volume];
        if place.awaits(Ask::Commit) {
            place.pending = Some((Ask::Commit, Some(self.now + self.windows.undo)));
        } else {
            place.give_up();
            if place.has_copy {
                self.delete(volume);
            }
        }
    }
}
