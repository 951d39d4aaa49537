//! What a set is to be: its volumes, its participants, what is wanted, and how long all may take.

use alloc::string::String;
use alloc::vec::Vec;

use super::call::Call;
use super::time::Span;

/// The volumes that a set may have.
pub const MAX_VOLUMES: usize = 64;

/// A set has more volumes than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("a set of {found} volumes; {MAX_VOLUMES} at most can be held at one instant")]
pub struct TooManyVolumes {
    /// How many were asked for.
    pub found: usize,
}

/// What a set is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The names of the volumes, which failures are told with.
    pub volumes: Vec<String>,
    /// Who takes part.
    pub participants: Vec<Invitation>,
    /// What the requester wants.
    pub wanted: Wanted,
    /// How long the set's own steps may take.
    pub windows: Windows,
}

/// What the requester wants of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A common instant. Who of the participants took part is told, and those that are required
    /// must.
    #[default]
    CommonInstant,
    /// All participants, and at least one: a set that is merely crash-consistent has failed.
    ApplicationConsistency,
}

/// How the requester invites a participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Invitation {
    /// Its name, which its vetoes are told with.
    pub name: String,
    /// Whether the set fails when it fails.
    pub required: bool,
    /// When it is frozen.
    pub level: Level,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Invitation {
    /// A participant that must take part, with the usual deadlines.
    #[must_use]
    pub fn required(name: impl Into<String>) -> Self {
        let (level, deadlines) = (Level::default(), Deadlines::default());
        Self { name: name.into(), required: true, level, deadlines }
    }

    /// A participant that is left out when it fails.
    #[must_use]
    pub fn optional(name: impl Into<String>) -> Self {
        Self { required: false, ..Self::required(name) }
    }
}

/// When a participant is frozen. Those of one level are frozen at the same time, and the next level
/// when all of them are: what feeds others is quiet before those are told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Applications that use others: frozen first.
    #[default]
    FrontEnd,
    /// What these use: databases.
    BackEnd,
    /// What all use: file systems.
    System,
}

impl Level {
    /// The level that is frozen next.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::FrontEnd => Some(Self::BackEnd),
            Self::BackEnd => Some(Self::System),
            Self::System => None,
        }
    }
}

/// How long a participant may take over each call, and how long it can stay frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadlines {
    /// Over `prepare`, where slow work belongs.
    pub prepare: Span,
    /// Over `freeze`.
    pub freeze: Span,
    /// From being told to freeze to being told to thaw. The set's own window ends earlier if it began
    /// earlier.
    pub frozen: Span,
    /// Over `thaw`.
    pub thaw: Span,
    /// Over `post_snapshot`.
    pub post_snapshot: Span,
    /// Over `abort`.
    pub abort: Span,
    /// Over `backup_complete`.
    pub backup_complete: Span,
    /// Over `shutdown`.
    pub shutdown: Span,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            prepare: Span::seconds(60),
            freeze: Span::seconds(20),
            frozen: Span::seconds(60),
            thaw: Span::seconds(20),
            post_snapshot: Span::seconds(60),
            abort: Span::seconds(20),
            backup_complete: Span::seconds(60),
            shutdown: Span::seconds(20),
        }
    }
}

impl Deadlines {
    /// How long the call may take.
    #[must_use]
    pub const fn of(&self, call: Call) -> Span {
        match call {
            Call::Prepare => self.prepare,
            Call::Freeze => self.freeze,
            Call::Thaw => self.thaw,
            Call::PostSnapshot => self.post_snapshot,
            Call::Abort => self.abort,
            Call::BackupComplete { .. } => self.backup_complete,
            Call::Shutdown => self.shutdown,
        }
    }
}

/// How long the set's own steps may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    /// From the first freeze to the thaw.
    pub freeze: Span,
    /// From the first hold to the release.
    pub hold: Span,
    /// For volumes to flush while writes go on.
    pub flush: Span,
    /// For volumes to describe their copies as finished.
    pub finish: Span,
    /// For volumes to answer and to delete their copies once the set has failed.
    pub undo: Span,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            freeze: Span::seconds(60),
            hold: Span::seconds(10),
            flush: Span::seconds(60),
            finish: Span::seconds(60),
            undo: Span::seconds(30),
        }
    }
}
