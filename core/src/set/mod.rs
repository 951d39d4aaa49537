//! Shadow copy sets: several volumes, one instant, all or nothing, and applications that take part.
//!
//! [`SetCreation`] is a step machine like the others, but it asks for no I/O: it is told *events*
//! (a participant has answered, time has passed) and wants *actions* (call this participant, hold
//! that volume). Its driver has the threads and the clock, and does this:
//!
//! 1. [`SetCreation::handle`] every event, with the time. Answers may come in any order, late, twice
//!    or never.
//! 2. Do all of [`SetCreation::next_action`], without waiting for any.
//! 3. Handle [`Event::Tick`] no later than at [`SetCreation::deadline`].
//!
//! ```text
//! Prepare  -> preparing      every participant; slow work
//!             prepared       the requester may think it over
//! Create   -> freezing       front ends, then back ends, then systems; those of a level at once
//!             flushing       all volumes, while writes go on
//!             holding        all volumes: new writes wait, none is under way, all are flushed.
//!                            This is the common instant, for applications that do not take part, too
//!             committing     all volumes take an unfinished copy; then all release their writes
//!             thawing        all at once: who needs another one that is still frozen just waits
//!             post-snapshot  participants look after the copies, and may change them
//!             finishing      what they have changed is put into the copies; these are finished
//!             created        the requester reads
//! Complete -> completing, shutting down, over
//! Abort, or any failure -> undoing, shutting down, over
//! ```
//!
//! # What it promises
//!
//! If the outcome is not [`Outcome::Failed`] then every volume has a copy, all are of one instant,
//! and [`Report`] names each participant that was left out. If the set failed then no volume has a
//! copy, but for those of [`Report::left_behind`]; their copies are deleted as soon as they answer.
//! On every path, every participant that saw prepare is told to thaw or to abort, once or more; every
//! volume that was asked to hold is asked to release. Nobody who is late, answers twice or hangs for
//! ever keeps the set from its end.
//!
//! A participant that failed after its freeze was given up may become frozen afterwards. So it is
//! told to abort twice: beside the call that hangs, and again when that call comes back.
//!
//! A volume that is asked to release before it was asked to commit lets its writers go at once,
//! whatever it is doing. One that is committing cannot: a write that overtook the record could be in
//! the copy or not. Its writers wait for the journal's barrier, as those do who overwrite something
//! for the first time, and the copy is deleted when it comes.

mod answer;
mod call;
mod create;
mod expire;
mod outcome;
mod place;
mod plan;
mod rules;
mod seat;
#[cfg(feature = "sim")]
mod shift;
mod time;
mod undo;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

pub use call::{Action, Ask, Call, CallNumber, Event, Veto, WrongOrder};
pub use outcome::{Author, Failure, Outcome, Part, Phase, Reason, Report};
pub use plan::{Deadlines, Invitation, Level, MAX_VOLUMES, Plan, TooManyVolumes, Wanted, Windows};
pub use rules::{SetRule, SetRules};
pub use time::{Span, Time};

use place::Place;
use seat::Seat;

/// The machine that takes a shadow copy set; see the module's text for how to drive it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetCreation {
    phase: Phase,
    seats: Vec<Seat>,
    places: Vec<Place>,
    wanted: Wanted,
    windows: Windows,
    now: Time,
    /// The level that freezes.
    level: Level,
    /// When the first participant was told to freeze, until all are told to thaw.
    frozen_since: Option<Time>,
    /// When the volumes were asked to hold, until they are asked to release.
    held_since: Option<Time>,
    succeeded: bool,
    failure: Option<Failure>,
    actions: VecDeque<Action>,
    rules: SetRules,
}

impl SetCreation {
    /// A set that nobody was told of yet.
    ///
    /// # Errors
    ///
    /// When it has more than [`MAX_VOLUMES`].
    pub fn new(plan: Plan) -> Result<Self, TooManyVolumes> {
        let Plan { volumes, participants, wanted, windows } = plan;
        if volumes.len() > MAX_VOLUMES {
            return Err(TooManyVolumes { found: volumes.len() });
        }
        Ok(Self {
            phase: Phase::Planned,
            seats: participants.into_iter().map(Seat::new).collect(),
            places: volumes.into_iter().map(Place::new).collect(),
            wanted,
            windows,
            now: Time::default(),
            level: Level::default(),
            frozen_since: None,
            held_since: None,
            succeeded: false,
            failure: None,
            actions: VecDeque::new(),
            rules: SetRules::default(),
        })
    }

    /// The same set without one of its rules.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn with_rules(mut self, rules: SetRules) -> Self {
        self.rules = rules;
        self
    }

    /// Where the set is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether nothing goes on until the requester says so, or for good.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Planned | Phase::Prepared | Phase::Created | Phase::Over)
    }

    /// Takes notice of an event. Time that has gone back has stood still.
    ///
    /// # Errors
    ///
    /// When the requester asks for what does not come next; nothing has changed then, but that time
    /// has passed.
    pub fn handle(&mut self, now: Time, event: Event) -> Result<(), WrongOrder> {
        self.now = self.now.max(now);
        self.expire();
        match event {
            Event::Prepare if self.phase == Phase::Planned => self.prepare(),
            Event::Create if self.phase == Phase::Prepared => self.freeze(Level::default()),
            Event::Complete { succeeded } if self.phase == Phase::Created => {
                self.succeeded = succeeded;
                self.complete();
            }
            Event::Prepare | Event::Create | Event::Complete { .. } => {
                return Err(WrongOrder { phase: self.phase });
            }
            Event::Abort => self.abort(),
            Event::Called { participant, number, answer } => {
                self.called(participant, number, answer);
            }
            Event::Asked { volume, ask, answer } => self.asked(volume, ask, answer),
            Event::Recovered { volume } => {
                if let Some(place) = self.places.get_mut(volume) {
                    place.is_recovered = true;
                }
            }
            Event::Tick => {}
        }
        self.go_on();
        Ok(())
    }

    /// What is to be done next.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What is known so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let part = |seat: &Seat| Part {
            name: seat.invitation.name.clone(),
            required: seat.invitation.required,
            left_out: seat.left_out.clone(),
            maybe_frozen: seat.maybe_frozen,
            complaint: seat.complaint.clone(),
        };
        let failed = self.failure.is_some();
        let recovered = |place: &&Place| !failed && place.is_recovered;
        let left = |place: &&Place| failed && (place.has_copy || place.late_commit);
        Report {
            outcome: self.outcome(),
            participants: self.seats.iter().map(part).collect(),
            recovered: self
                .places
                .iter()
                .filter(recovered)
                .map(|place| place.name.clone())
                .collect(),
            left_behind: self.places.iter().filter(left).map(|place| place.name.clone()).collect(),
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        let all_in = !self.seats.is_empty()
            && (self.seats.iter().all(Seat::is_in) || !self.rules.keeps(SetRule::TruthfulOutcome));
        match &self.failure {
            Some(failure) => Some(Outcome::Failed(failure.clone())),
            None if self.phase < Phase::Finishing => None,
            None if all_in => Some(Outcome::ApplicationConsistent),
            None => Some(Outcome::CrashConsistent),
        }
    }
}
