//! A volume's side of a set: its thread takes the copy in three stretches, and waits at the gates
//! between them.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;
use shadowvol::active::Gate;
use shadowvol::set::{Ask, Event, Veto};
use shadowvol::{Attributes, CopyId, Description, Error as EngineError};

use super::SetCopy;
use super::conductor::Conductor;
use super::draft::{Desk, Draft};
use super::worker::Worker;
use crate::error::Error;
use crate::volume::Member;

/// A volume's side of a set.
pub(super) struct Side {
    pub(super) name: String,
    member: Member,
    worker: Worker,
    creation: Option<Creation>,
    /// Shared with the thread that takes the copy, which may do so after all have gone.
    copy: Arc<Mutex<Option<CopyId>>>,
    /// What participants have written to the copy.
    desk: Arc<Desk>,
}

/// The copy in the making.
struct Creation {
    gate: Gate,
    go: Sender<()>,
}

/// The thread's end of it.
struct Stretches {
    volume: usize,
    conductor: Arc<Conductor>,
    go: Receiver<()>,
    hold: Duration,
    member: Member,
    gate: Gate,
    /// What it has been asked for, and has not answered.
    ask: Ask,
}

impl Side {
    pub(super) fn new(name: String, member: Member) -> Self {
        Self {
            name,
            member,
            worker: Worker::default(),
            creation: None,
            copy: Arc::default(),
            desk: Arc::default(),
        }
    }

    pub(super) fn copy(&self) -> Option<SetCopy> {
        let id = (*self.copy.lock())?;
        Some(SetCopy { volume: self.name.clone(), id })
    }

    /// The copy, for a participant to write to.
    pub(super) fn draft(&self, participant: &str) -> Option<Draft> {
        Some(Draft::new(self.copy()?, participant.to_owned(), &self.desk, &self.member))
    }

    /// A participant was left out. If it could write to the copy, that is of no use.
    pub(super) fn leave_out(&self, participant: &str) {
        self.desk.leave_out(participant);
    }

    /// Does what the set asks for, or begins to.
    pub(super) fn ask(
        &mut self,
        conductor: &Arc<Conductor>,
        volume: usize,
        ask: Ask,
        about: Description,
    ) -> io::Result<()> {
        match ask {
            Ask::Flush => self.begin(conductor, volume, about),
            Ask::Hold | Ask::Commit => {
                // If its thread has gone, that one has said why.
                if let Some(creation) = &self.creation {
                    let _ = creation.go.send(());
                }
                Ok(())
            }
            Ask::Release => {
                if let Some(Creation { gate, .. }) = self.creation.take() {
                    self.member.cancel(gate);
                }
                Ok(())
            }
            Ask::Finish => {
                let (desk, told) = (Arc::clone(&self.desk), Arc::clone(conductor));
                self.on_copy(conductor, volume, ask, move |member, copy| {
                    let mut about = about;
                    let written = desk.close()?;
                    if let Some(fork) = written
                        && member.absorb(copy, &fork).map_err(|error| veto(&error))?
                    {
                        about.attributes |= Attributes::RECOVERED;
                        told.hear(Event::Recovered { volume });
                    }
                    member.describe(copy, about).map_err(|error| veto(&error))
                })
            }
            Ask::Delete => self.on_copy(conductor, volume, ask, |member, copy| {
                member.delete(copy).map_err(|error| veto(&error))
            }),
        }
    }

    fn begin(
        &mut self,
        conductor: &Arc<Conductor>,
        volume: usize,
        about: Description,
    ) -> io::Result<()> {
        let (member, gate) = (self.member.clone(), self.member.gate());
        let (go, inbox) = channel();
        self.creation = Some(Creation { gate, go });
        let copy = Arc::clone(&self.copy);
        let conductor = Arc::clone(conductor);
        let hold = conductor.hold();
        // The last answer is given by the thread itself, since it depends on how far it came.
        let last = Arc::new(Mutex::new(Ask::Flush));
        let asked = Arc::clone(&last);
        let to = Arc::clone(&conductor);
        let work = move || {
            let mut stretches =
                Stretches { volume, conductor, go: inbox, hold, member, gate, ask: Ask::Flush };
            let member = stretches.member.clone();
            let done = member.create(about, gate, || stretches.pass());
            *last.lock() = stretches.ask;
            *copy.lock() = Some(done.map_err(|error| veto(&error))?);
            Ok(())
        };
        let answer = move |answer| {
            let ask = *asked.lock();
            to.hear(Event::Asked { volume, ask, answer });
        };
        self.worker.run(Box::new(work), Box::new(answer))
    }

    fn on_copy(
        &mut self,
        conductor: &Arc<Conductor>,
        volume: usize,
        ask: Ask,
        work: impl FnOnce(Member, CopyId) -> Result<(), Veto> + Send + 'static,
    ) -> io::Result<()> {
        let (member, copy) = (self.member.clone(), Arc::clone(&self.copy));
        let conductor = Arc::clone(conductor);
        let work = move || {
            let Some(id) = *copy.lock() else { return Ok(()) };
            work(member, id)
        };
        let answer = move |answer| conductor.hear(Event::Asked { volume, ask, answer });
        self.worker.run(Box::new(work), Box::new(answer))
    }
}

impl Stretches {
    /// Waits at a gate. A hold that lasts too long is released here, too, whatever has become of
    /// those who watch over the set.
    fn pass(&mut self) -> Result<(), Error> {
        let Self { volume, ask, .. } = *self;
        let next = if ask == Ask::Flush { Ask::Hold } else { Ask::Commit };
        self.conductor.hear(Event::Asked { volume, ask, answer: Ok(()) });
        self.ask = next;
        let told = match next {
            Ask::Commit => self.go.recv_timeout(self.hold).is_ok(),
            _ => self.go.recv().is_ok(),
        };
        if told {
            return Ok(());
        }
        self.member.cancel(self.gate);
        Err(EngineError::CreationCancelled.into())
    }
}

/// What the volume says, as the set tells it.
fn veto(error: &Error) -> Veto {
    let text = error.to_string();
    match error.engine() {
        Some(EngineError::DiffAreaFull { .. } | EngineError::CreationCancelled) => {
            Veto::retryable(text)
        }
        _ => Veto::for_good(text),
    }
}
