//! A set in the requester's hands, from state to state.

use core::time::Duration;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use shadowvol::set::{Event, Invitation, Phase, Plan, Report, SetCreation, Wanted, Windows};
use shadowvol::{CopyId, Description, Id};

use super::conductor::Conductor;
use super::error::SetError;
use super::participant::Participant;
use super::side::Side;
use crate::identity::random_id;
use crate::volume::{Member, Turn, Volume};

/// What a requester wants of a set.
#[derive(Clone, Debug, Default)]
pub struct SetOptions {
    /// What is said of every copy when it is finished: label, owner, expiry, retention. The set's
    /// identity, the number of its copies, its time and how consistent it is are said by the set. Before
    /// that a copy is unfinished and belongs to this process, so it is collected if that dies.
    pub about: Description,
    /// Whether the set may be merely crash-consistent.
    pub wanted: Wanted,
    /// How long the set's steps may take.
    pub windows: Windows,
    /// What happens when another set is taking a copy of one of the volumes.
    pub busy: Busy,
}

/// What happens when another set is taking a copy of the same volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Busy {
    /// [`SetError::CreationInProgress`].
    #[default]
    Fail,
    /// Wait for so long in all, and fail then.
    Wait(Duration),
}

/// A shadow copy of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCopy {
    /// The name that the set has for the volume.
    pub volume: String,
    /// The copy's number.
    pub id: CopyId,
}

/// A shadow copy set; see the [module](super) for its states.
#[derive(Debug)]
pub struct BackupSet<S> {
    state: S,
}

/// Volumes and participants join.
#[derive(Default)]
pub struct Gathering {
    options: SetOptions,
    volumes: Vec<(String, Member)>,
    participants: Vec<(Arc<dyn Participant>, bool)>,
    stopper: Stopper,
}

/// The participants have prepared, and no other set takes copies of these volumes.
pub struct Prepared {
    running: Running,
    /// Given back when the set is created, or has failed.
    turns: Vec<Turn>,
    stopper: Stopper,
}

/// The copies are there.
pub struct Created {
    running: Running,
}

/// Aborts a set from anywhere, while another thread waits for it.
#[derive(Clone, Default)]
pub struct Stopper(Arc<Mutex<Stop>>);

#[derive(Default)]
struct Stop {
    /// There is none as long as nobody was told of the set.
    set: Weak<Conductor>,
    was_asked: bool,
}

/// A set that somebody was told of. Unless it is over when it goes out of sight, it is aborted.
struct Running(Arc<Conductor>);

impl Drop for Running {
    fn drop(&mut self) {
        // Aborting is always in order.
        let _ = self.0.ask(Event::Abort);
    }
}

impl BackupSet<Gathering> {
    /// A set of nothing yet.
    #[must_use]
    pub fn new(options: SetOptions) -> Self {
        Self { state: Gathering { options, ..Gathering::default() } }
    }

    /// One more volume. The set does not keep it open.
    ///
    /// # Errors
    ///
    /// When it is in the set already, another one has the name, or it is closed.
    pub fn volume(&mut self, name: &str, volume: &Volume) -> Result<&mut Self, SetError> {
        let member = volume
            .member()
            .map_err(|source| SetError::Volume { volume: name.to_owned(), source })?;
        let same = |(other, known): &(String, Member)| {
            other == name || known.address() == member.address()
        };
        if self.state.volumes.iter().any(same) {
            return Err(SetError::DuplicateVolume { volume: name.to_owned() });
        }
        self.state.volumes.push((name.to_owned(), member));
        Ok(self)
    }

    /// One more participant; the set fails when it fails.
    pub fn require(&mut self, participant: Arc<dyn Participant>) -> &mut Self {
        self.state.participants.push((participant, true));
        self
    }

    /// One more participant, which is left out when it fails; the report says so.
    pub fn invite(&mut self, participant: Arc<dyn Participant>) -> &mut Self {
        self.state.participants.push((participant, false));
        self
    }

    /// Takes the volumes' turns, and lets all participants prepare.
    ///
    /// # Errors
    ///
    /// When another set is taking a copy of one of the volumes, there are too many, or a participant
    /// fails that may not.
    pub fn prepare(self) -> Result<BackupSet<Prepared>, SetError> {
        let Gathering { options, volumes, participants, stopper } = self.state;
        let invitation = |(participant, required): &(Arc<dyn Participant>, bool)| Invitation {
            name: participant.name(),
            required: *required,
            level: participant.level(),
            deadlines: participant.deadlines(),
        };
        let plan = Plan {
            volumes: volumes.iter().map(|(name, _)| name.clone()).collect(),
            participants: participants.iter().map(invitation).collect(),
            wanted: options.wanted,
            windows: options.windows,
        };
        let set = SetCreation::new(plan)?;
        let about = Description {
            time: 0,
            set: random_id().map_err(SetError::Identity)?,
            set_copies: u16::try_from(volumes.len()).unwrap_or(u16::MAX),
            ..options.about
        };
        let people = participants.into_iter().map(|(participant, _)| participant).collect();
        let side = |(name, member): &(String, Member)| Side::new(name.clone(), member.clone());
        let sides = volumes.iter().map(side).collect();
        let hold = options.windows.hold;
        let running = Running(Conductor::new(set, people, sides, about, hold));
        stopper.watch(&running.0);
        let is_wanted = || running.0.phase() == Phase::Planned;
        let turns = turns(&volumes, options.busy, is_wanted);
        if is_wanted() {
            let turns = turns?;
            running.to(Event::Prepare, Phase::Prepared)?;
            return Ok(BackupSet { state: Prepared { running, turns, stopper } });
        }
        Err(SetError::Failed(Box::new(running.abort())))
    }

    /// Can abort it while it waits for its turn or its participants prepare.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.state.stopper.clone()
    }
}

/// In one order for all sets, so that no two wait for each other.
fn turns(
    volumes: &[(String, Member)],
    busy: Busy,
    is_wanted: impl Fn() -> bool,
) -> Result<Vec<Turn>, SetError> {
    let patience = match busy {
        Busy::Fail => Duration::ZERO,
        Busy::Wait(patience) => patience,
    };
    let until = Instant::now() + patience;
    let mut ordered: Vec<_> = volumes.iter().collect();
    ordered.sort_by_key(|(_, member)| member.address());
    let turn = |(name, member): &(String, Member)| {
        let refused = || SetError::CreationInProgress { volume: name.clone() };
        member.turn(until, &is_wanted).ok_or_else(refused)
    };
    ordered.into_iter().map(turn).collect()
}

impl BackupSet<Prepared> {
    /// Freezes the participants, holds all volumes, and takes the copies.
    ///
    /// # Errors
    ///
    /// When any volume fails, a participant fails that may not, or it takes too long: no copy is left
    /// then, but for those that the report names.
    pub fn create(self) -> Result<BackupSet<Created>, SetError> {
        let Prepared { running, turns, .. } = self.state;
        let done = running.to(Event::Create, Phase::Created);
        drop(turns);
        done?;
        Ok(BackupSet { state: Created { running } })
    }

    /// Who takes part, so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.state.running.0.report()
    }

    /// Can abort it while it is being created.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.state.stopper.clone()
    }

    /// Lets all participants go.
    pub fn abort(self) -> Report {
        self.state.running.abort()
    }
}

impl BackupSet<Created> {
    /// The copies, in the order in which the volumes joined.
    #[must_use]
    pub fn copies(&self) -> Vec<SetCopy> {
        self.state.running.0.copies()
    }

    /// The identity that all copies carry.
    #[must_use]
    pub fn id(&self) -> Id {
        self.state.running.0.about().set
    }

    /// What it came to, and who took part.
    #[must_use]
    pub fn report(&self) -> Report {
        self.state.running.0.report()
    }

    /// The requester has read what it wanted; `succeeded` tells the participants whether the backup is
    /// good. The copies stay.
    pub fn complete(self, succeeded: bool) -> Report {
        let conductor = &self.state.running.0;
        if conductor.ask(Event::Complete { succeeded }).is_err() {
            // A stopper came first.
            return self.state.running.abort();
        }
        conductor.report()
    }

    /// Deletes the copies, and tells the participants that it came to nothing.
    pub fn abort(self) -> Report {
        self.state.running.abort()
    }
}

impl Running {
    /// Goes on to a phase, or fails.
    fn to(&self, event: Event, phase: Phase) -> Result<(), SetError> {
        if self.0.ask(event).is_ok() && self.0.phase() == phase {
            return Ok(());
        }
        // A stopper may have come first, and the set not be at rest yet.
        let _ = self.0.ask(Event::Abort);
        Err(SetError::Failed(Box::new(self.0.report())))
    }

    fn abort(self) -> Report {
        // Aborting is always in order.
        let _ = self.0.ask(Event::Abort);
        self.0.report()
    }
}

impl Stopper {
    /// Aborts the set, if it is still there and not complete.
    pub fn stop(&self) {
        let conductor = {
            let mut stop = self.0.lock();
            stop.was_asked = true;
            stop.set.upgrade()
        };
        if let Some(conductor) = conductor {
            conductor.hear(Event::Abort);
        }
    }

    /// Aborts this one, at once if that was asked for before.
    fn watch(&self, set: &Arc<Conductor>) {
        let was_asked = {
            let mut stop = self.0.lock();
            stop.set = Arc::downgrade(set);
            stop.was_asked
        };
        if was_asked {
            set.hear(Event::Abort);
        }
    }
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(&self.running.0.report()).finish()
    }
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Created").field(&self.running.0.report()).finish()
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").finish_non_exhaustive()
    }
}
