//! What participants and volumes answer.

use core::mem::take;

use super::SetCreation;
use super::call::{Ask, Call, CallNumber, Veto};
use super::outcome::{Author, Phase, Reason};
use super::plan::Wanted;
use super::rules::SetRule;

impl SetCreation {
    pub(super) fn called(
        &mut self,
        participant: usize,
        number: CallNumber,
        answer: Result<(), Veto>,
    ) {
        let once = self.rules.keeps(SetRule::AnswersOnce);
        let Some(seat) = self.seats.get_mut(participant) else { return };
        if let Some(call) = seat.end(number, once) {
            self.end_call(participant, call, answer.map_err(|veto| Reason::Vetoed(call, veto)));
        } else if seat.was_overdue(number) && self.rules.keeps(SetRule::UndoLateFreeze) {
            seat.abort_next = true;
            self.abort_if_idle(participant);
        }
    }

    /// A call has come to an end, or was given up.
    pub(super) fn end_call(&mut self, participant: usize, call: Call, result: Result<(), Reason>) {
        let seat = &mut self.seats[participant];
        match (call, result) {
            (Call::Thaw | Call::Abort, Ok(())) => seat.maybe_frozen &= seat.is_overdue(),
            (_, Ok(())) => {}
            (Call::Abort | Call::BackupComplete { .. } | Call::Shutdown, Err(reason)) => {
                seat.complaint = Some(reason);
            }
            (_, Err(reason)) => self.leave_out(participant, reason),
        }
        self.abort_if_idle(participant);
    }

    /// The participant takes part no more, and is let go.
    pub(super) fn leave_out(&mut self, participant: usize, reason: Reason) {
        let seat = &mut self.seats[participant];
        if !seat.is_in() {
            return;
        }
        seat.left_out = Some(reason.clone());
        if self.rules.keeps(SetRule::AbortWhoIsLeftOut) {
            seat.abort_next = true;
        }
        if seat.invitation.required || self.wanted == Wanted::ApplicationConsistency {
            let author = Author::Participant(seat.invitation.name.clone());
            self.fail(author, reason);
        }
    }

    pub(super) fn abort_if_idle(&mut self, participant: usize) {
        let seat = &self.seats[participant];
        if seat.abort_next && seat.pending().is_none() {
            self.call(participant, Call::Abort);
        }
    }

    pub(super) fn asked(&mut self, volume: usize, ask: Ask, answer: Result<(), Veto>) {
        let Some(place) = self.places.get_mut(volume) else { return };
        if !place.awaits(ask) {
            self.asked_late(volume, ask, answer.is_ok());
            return;
        }
        place.pending = None;
        match (ask, answer) {
            (Ask::Commit, Ok(())) if self.failure.is_some() => self.delete(volume),
            (Ask::Commit, Ok(())) => place.has_copy = true,
            (Ask::Delete, Ok(())) => place.has_copy = false,
            (Ask::Flush | Ask::Hold | Ask::Commit | Ask::Finish, Err(veto)) => {
                let author = Author::Volume(place.name.clone());
                self.fail(author, Reason::Refused(ask, veto));
            }
            _ => {}
        }
    }

    /// An answer that nobody waits for any more: what it did is undone.
    fn asked_late(&mut self, volume: usize, ask: Ask, done: bool) {
        let place = &mut self.places[volume];
        let was_given_up = match ask {
            Ask::Hold => take(&mut place.late_hold),
            Ask::Commit => take(&mut place.late_commit),
            Ask::Delete => take(&mut place.late_delete),
            Ask::Flush | Ask::Release | Ask::Finish => false,
        };
        if !was_given_up || !done {
            return;
        }
        match ask {
            Ask::Hold if self.rules.keeps(SetRule::UndoLateHold) => self.release(volume),
            Ask::Commit if self.rules.keeps(SetRule::UndoLateCommit) => self.delete(volume),
            Ask::Delete => place.has_copy = false,
            _ => {}
        }
    }

    /// Deletes a copy of a set that has failed; the set's end waits for it, unless that has come.
    pub(super) fn delete(&mut self, volume: usize) {
        self.places[volume].has_copy = true;
        if self.rules.keeps(SetRule::DeleteOnFailure) {
            let undoing = self.phase == Phase::Undoing;
            self.ask(volume, Ask::Delete, undoing.then_some(self.windows.undo));
        }
    }
}
