//! Deadlines: which comes next, and what happens when one has passed.

use super::SetCreation;
use super::call::Ask;
use super::outcome::{Author, Phase, Reason};
use super::rules::SetRule;
use super::seat::Seat;
use super::time::Time;

/// A deadline. When two are due at once, the earlier in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    HoldWindow,
    FreezeWindow,
    Volume(usize),
    Frozen(usize),
    Call(usize),
}

impl SetCreation {
    /// When the machine must be told at the latest that time has passed.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.next_due().map(|(time, _)| time)
    }

    /// Gives up, in the order of time, what was due by now.
    pub(super) fn expire(&mut self) {
        while let Some((_, due)) = self.next_due().filter(|&(time, _)| time <= self.now) {
            match due {
                Due::HoldWindow => self.end_hold(),
                Due::FreezeWindow => {
                    self.fail(Author::Set, Reason::FreezeWindow(self.windows.freeze));
                }
                Due::Volume(volume) => self.expire_volume(volume),
                Due::Frozen(participant) => self.end_frozen(participant),
                Due::Call(participant) => self.expire_call(participant),
            }
            self.go_on();
        }
    }

    fn next_due(&self) -> Option<(Time, Due)> {
        let keeps = |rule| self.rules.keeps(rule);
        let hold = self.held_since.filter(|_| keeps(SetRule::ReleaseByItself));
        let hold = hold.map(|since| (since + self.windows.hold, Due::HoldWindow));
        let freeze = self
            .frozen_since
            .filter(|_| self.seats.iter().any(|seat| seat.frozen_since.is_some()))
            .map(|since| (since + self.windows.freeze, Due::FreezeWindow));
        let volumes =
            self.places.iter().enumerate().filter_map(|(volume, place)| {
                place.until().map(|until| (until, Due::Volume(volume)))
            });
        let seats = self.seats.iter().enumerate();
        let frozen = seats.clone().filter_map(|(participant, seat)| {
            seat.frozen_until().map(|until| (until, Due::Frozen(participant)))
        });
        let calls = seats.filter_map(|(participant, seat)| {
            seat.until().map(|until| (until, Due::Call(participant)))
        });
        let frozen = frozen.filter(|_| keeps(SetRule::FrozenNotForever));
        let calls = calls.filter(|_| keeps(SetRule::DeadlinePerCall));
        hold.into_iter().chain(freeze).chain(volumes).chain(frozen).chain(calls).min()
    }

    /// Writers are let go whatever the set is about, and it fails: it may not have one instant.
    fn end_hold(&mut self) {
        let waits = |ask| self.places.iter().find(move |place| place.awaits(ask));
        let slow = waits(Ask::Hold).or_else(|| waits(Ask::Commit));
        let author = slow.map_or(Author::Set, |place| Author::Volume(place.name.clone()));
        self.held_since = None;
        self.fail(author, Reason::HoldWindow(self.windows.hold));
    }

    fn expire_volume(&mut self, volume: usize) {
        let span = match self.phase {
            Phase::Flushing => self.windows.flush,
            Phase::Finishing => self.windows.finish,
            _ => self.windows.undo,
        };
        let place = &mut self.places[volume];
        let author = Author::Volume(place.name.clone());
        if let Some(ask @ (Ask::Flush | Ask::Finish)) = place.give_up() {
            self.fail(author, Reason::Slow(ask, span));
        }
    }

    fn end_frozen(&mut self, participant: usize) {
        let seat = &mut self.seats[participant];
        seat.frozen_since = None;
        let span = seat.invitation.deadlines.frozen;
        self.leave_out(participant, Reason::FrozenTooLong(span));
        self.abort_if_idle(participant);
    }

    fn expire_call(&mut self, participant: usize) {
        let seat = &mut self.seats[participant];
        let late = |seat: &Seat, call| Reason::Late(call, seat.invitation.deadlines.of(call));
        if let Some(call) = seat.give_up() {
            let reason = late(seat, call);
            self.end_call(participant, call, Err(reason));
        }
    }
}
