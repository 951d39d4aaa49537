//! Drives a set's machine: answers come in from many threads, and nobody waits for anybody but the
//! requester.
//!
//! There is no thread that conducts. Whoever brings an answer does what it leads to, which is never
//! more than a message to another thread or a release. So what comes after everybody has gone is
//! still undone: by the very thread that brings it. Only deadlines need somebody who waits: the
//! requester, which does so whenever the set is not at rest.
//!
//! The locks and the channels are not those of [`crate::sync`]: an explorer of schedules has no
//! clock, and the order of events is explored where it is decided, in [`shadowvol::set`].

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};
use shadowvol::set::{
    Action, Ask, Call, Event, Outcome, Phase, Report, SetCreation, Span, Time, Veto, WrongOrder,
};
use shadowvol::{Attributes, Description};

use super::SetCopy;
use super::draft::Draft;
use super::participant::Participant;
use super::side::Side;
use super::worker::Worker;
use crate::clock;
use crate::owner::this_process;

/// A set under way.
pub(super) struct Conductor {
    state: Mutex<State>,
    changed: Condvar,
    began: Instant,
    hold: Span,
}

struct State {
    set: SetCreation,
    participants: Vec<(Arc<dyn Participant>, Worker)>,
    sides: Vec<Side>,
    /// What is said of every copy. Its time is that at which the volumes began.
    about: Description,
}

impl Conductor {
    pub(super) fn new(
        set: SetCreation,
        participants: Vec<Arc<dyn Participant>>,
        sides: Vec<Side>,
        about: Description,
        hold: Span,
    ) -> Arc<Self> {
        let participants = participants.into_iter().map(|who| (who, Worker::default())).collect();
        let state = State { set, participants, sides, about };
        let (changed, began) = (Condvar::new(), Instant::now());
        Arc::new(Self { state: Mutex::new(state), changed, began, hold })
    }

    /// How long a volume may hold its writes.
    pub(super) fn hold(&self) -> Duration {
        Duration::from_millis(self.hold.0)
    }

    /// Tells the set what the requester wants, and waits until it is at rest.
    pub(super) fn ask(self: &Arc<Self>, event: Event) -> Result<(), WrongOrder> {
        let mut state = self.state.lock();
        self.handle(&mut state, event)?;
        while !state.set.is_at_rest() {
            match state.set.deadline() {
                Some(Time(at)) => {
                    let until = self.began + Duration::from_millis(at);
                    self.changed.wait_until(&mut state, until);
                }
                None => self.changed.wait(&mut state),
            }
            self.handle(&mut state, Event::Tick)?;
        }
        Ok(())
    }

    /// Tells the set what has happened, and does what that leads to.
    pub(super) fn hear(self: &Arc<Self>, event: Event) {
        // Answers and aborts come in any order.
        let _ = self.handle(&mut self.state.lock(), event);
    }

    pub(super) fn report(&self) -> Report {
        self.state.lock().set.report()
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().set.phase()
    }

    /// The copies, in the order of the volumes.
    pub(super) fn copies(&self) -> Vec<SetCopy> {
        self.state.lock().copies()
    }

    /// What was said of every copy.
    pub(super) fn about(&self) -> Description {
        self.state.lock().about.clone()
    }

    fn handle(
        self: &Arc<Self>,
        state: &mut MutexGuard<'_, State>,
        event: Event,
    ) -> Result<(), WrongOrder> {
        let done = state.set.handle(self.now(), event);
        while let Some(action) = state.set.next_action() {
            if let Err((event, error)) = state.act(self, action) {
                let answer = Err(Veto::retryable(format!("no thread: {error}")));
                // An answer is never out of order.
                let _ = state.set.handle(self.now(), event(answer));
            }
        }
        self.changed.notify_all();
        done
    }

    fn now(&self) -> Time {
        Time(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// The event of an answer.
type Reply = Box<dyn FnOnce(Result<(), Veto>) -> Event + Send>;

impl State {
    fn act(
        &mut self,
        conductor: &Arc<Conductor>,
        action: Action,
    ) -> Result<(), (Reply, io::Error)> {
        match action {
            Action::Call { participant, number, call } => {
                let reply = move |answer| Event::Called { participant, number, answer };
                self.call(conductor, participant, call, reply)
                    .map_err(|error| (Box::new(reply) as Reply, error))
            }
            Action::Ask { volume, ask } => {
                let reply = move |answer| Event::Asked { volume, ask, answer };
                self.ask(conductor, volume, ask).map_err(|error| (Box::new(reply) as Reply, error))
            }
        }
    }

    fn call(
        &mut self,
        conductor: &Arc<Conductor>,
        participant: usize,
        call: Call,
        reply: impl FnOnce(Result<(), Veto>) -> Event + Send + 'static,
    ) -> io::Result<()> {
        let drafts = if call == Call::PostSnapshot { self.drafts(participant) } else { Vec::new() };
        let (participant, worker) = &mut self.participants[participant];
        let (participant, conductor) = (Arc::clone(participant), Arc::clone(conductor));
        let work = move || match call {
            Call::Prepare => participant.prepare(),
            Call::Freeze => participant.freeze(),
            Call::Thaw => participant.thaw(),
            Call::PostSnapshot => participant.post_snapshot(&drafts),
            Call::Abort => participant.abort(),
            Call::BackupComplete { succeeded } => participant.backup_complete(succeeded),
            Call::Shutdown => participant.shutdown(),
        };
        worker.run(Box::new(work), Box::new(move |answer| conductor.hear(reply(answer))))
    }

    fn ask(&mut self, conductor: &Arc<Conductor>, volume: usize, ask: Ask) -> io::Result<()> {
        let mut about = self.about.clone();
        match ask {
            Ask::Flush => {
                if self.about.time == 0 {
                    self.about.time = clock::now();
                }
                about = Description {
                    attributes: self.about.attributes | Attributes::UNFINISHED,
                    // If this process dies before it is finished, whoever comes next collects it.
                    owner: this_process(),
                    // Until it is finished it must be possible to take it back.
                    retained_until: 0,
                    ..self.about.clone()
                };
            }
            Ask::Finish => {
                let report = self.set.report();
                if report.outcome == Some(Outcome::ApplicationConsistent) {
                    about.attributes |= Attributes::APPLICATION_CONSISTENT;
                }
                let left_out = report.participants.iter().filter(|part| part.left_out.is_some());
                left_out.for_each(|part| self.sides[volume].leave_out(&part.name));
            }
            _ => {}
        }
        self.sides[volume].ask(conductor, volume, ask, about)
    }

    /// The copies, for a participant to write to.
    fn drafts(&self, participant: usize) -> Vec<Draft> {
        let name = &self.set.report().participants[participant].name;
        self.sides.iter().filter_map(|side| side.draft(name)).collect()
    }

    fn copies(&self) -> Vec<SetCopy> {
        self.sides.iter().filter_map(Side::copy).collect()
    }
}
