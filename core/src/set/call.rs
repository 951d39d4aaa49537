//! What the machine is told, and what it wants done.

use alloc::string::String;
use core::fmt;

/// A call to a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Get ready: a backup is near. Slow work belongs here.
    Prepare,
    /// Be quiet: bring the data into a state to start from, and change nothing.
    Freeze,
    /// Go on.
    Thaw,
    /// The copies are there, and nobody has seen them yet.
    PostSnapshot,
    /// It comes to nothing: go on, if frozen, and forget. May come more than once.
    Abort,
    /// The requester has read what it wanted.
    BackupComplete {
        /// Whether the backup is good.
        succeeded: bool,
    },
    /// Nothing more will come.
    Shutdown,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::PostSnapshot => "post_snapshot",
            Self::Abort => "abort",
            Self::BackupComplete { .. } => "backup_complete",
            Self::Shutdown => "shutdown",
        })
    }
}

/// What a volume is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Flush while writes go on, so that little is left to do in the hold.
    Flush,
    /// Keep new writes waiting, wait for those under way, and flush.
    Hold,
    /// Take the copy, which is unfinished.
    Commit,
    /// Let the writes go on; end whatever leads to a copy if that is still possible. It has no answer,
    /// and may come more than once.
    Release,
    /// Put into the copy what participants have changed in it, and describe it as finished, and how
    /// consistent it is.
    Finish,
    /// Delete the copy.
    Delete,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flush => "flush",
            Self::Hold => "hold",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Finish => "finish",
            Self::Delete => "delete",
        })
    }
}

/// Which of the calls to a participant: the first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNumber(pub u32);

/// What the machine wants done. No action waits for another one's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Call a participant, and bring its answer with [`Event::Called`].
    ///
    /// An earlier call may not have come back: that one hangs, so this one is made beside it.
    Call {
        /// Its place in the plan.
        participant: usize,
        /// The call's number, to answer with.
        number: CallNumber,
        /// The call.
        call: Call,
    },
    /// Ask a volume, and bring its answer with [`Event::Asked`], but for [`Ask::Release`].
    Ask {
        /// Its place in the plan.
        volume: usize,
        /// What it is asked for.
        ask: Ask,
    },
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The requester wants the participants to prepare.
    Prepare,
    /// The requester wants the copies.
    Create,
    /// The requester has read what it wanted.
    Complete {
        /// Whether the backup is good.
        succeeded: bool,
    },
    /// The requester wants no more of it, or is gone. May come at any time, and more than once.
    Abort,
    /// A participant has answered.
    Called {
        /// Its place in the plan.
        participant: usize,
        /// The number of the call.
        number: CallNumber,
        /// What it said.
        answer: Result<(), Veto>,
    },
    /// A volume has answered.
    Asked {
        /// Its place in the plan.
        volume: usize,
        /// What it was asked for.
        ask: Ask,
        /// What it said.
        answer: Result<(), Veto>,
    },
    /// Participants have changed the copy of a volume, which comes before its answer to
    /// [`Ask::Finish`].
    Recovered {
        /// Its place in the plan.
        volume: usize,
    },
    /// Time has passed.
    Tick,
}

/// Why somebody refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Veto {
    /// In its own words.
    pub text: String,
    /// Whether another try may succeed.
    pub retryable: bool,
}

impl Veto {
    /// Another try may succeed.
    #[must_use]
    pub fn retryable(text: impl Into<String>) -> Self {
        Self { text: text.into(), retryable: true }
    }

    /// Another try is in vain.
    #[must_use]
    pub fn for_good(text: impl Into<String>) -> Self {
        Self { text: text.into(), retryable: false }
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The requester asked for something that does not come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("that does not come next in a set that is in the phase `{phase}`; begin a new set")]
pub struct WrongOrder {
    /// Where the set is.
    pub phase: super::Phase,
}
