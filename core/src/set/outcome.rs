//! What a set came to, and who took part.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::call::{Ask, Call, Veto};
use super::time::Span;

/// Where a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nobody was told anything yet.
    Planned,
    /// The participants prepare.
    Preparing,
    /// They have; the requester may create.
    Prepared,
    /// The participants become quiet, one level after the other.
    Freezing,
    /// The volumes flush while writes go on.
    Flushing,
    /// The volumes hold their writes: once all do, that is the common instant.
    Holding,
    /// The volumes take their copies.
    Committing,
    /// The participants go on.
    Thawing,
    /// The participants look after the copies.
    PostSnapshot,
    /// The copies are described as finished.
    Finishing,
    /// The copies are the requester's.
    Created,
    /// The participants hear that the backup is done.
    Completing,
    /// It comes to nothing: all are let go, the copies are deleted.
    Undoing,
    /// The participants hear that nothing more will come.
    ShuttingDown,
    /// All is done.
    Over,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Planned => "planned",
            Self::Preparing => "preparing",
            Self::Prepared => "prepared",
            Self::Freezing => "freezing",
            Self::Flushing => "flushing",
            Self::Holding => "holding",
            Self::Committing => "committing",
            Self::Thawing => "thawing",
            Self::PostSnapshot => "post-snapshot",
            Self::Finishing => "finishing",
            Self::Created => "created",
            Self::Completing => "completing",
            Self::Undoing => "undoing",
            Self::ShuttingDown => "shutting down",
            Self::Over => "over",
        })
    }
}

/// What a set came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// One instant, at which every participant was quiet.
    ApplicationConsistent,
    /// One instant; there is no participant, or one of them was left out.
    CrashConsistent,
    /// There is no set.
    Failed(Failure),
}

/// Why there is no set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Where it was.
    pub phase: Phase,
    /// On whose account.
    pub author: Author,
    /// Why.
    pub reason: Reason,
    /// Whether another try may succeed.
    pub retryable: bool,
}

/// On whose account a set failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The participant of this name.
    Participant(String),
    /// The volume of this name.
    Volume(String),
    /// The requester.
    Requester,
    /// Nobody's but the set's: it took too long as a whole, or has no participant.
    Set,
}

/// Why somebody was left out, or a set failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A participant refused, and this is what it said.
    Vetoed(Call, Veto),
    /// A participant did not answer in time.
    Late(Call, Span),
    /// A participant would have been frozen for too long.
    FrozenTooLong(Span),
    /// A volume refused, and this is what it said.
    Refused(Ask, Veto),
    /// A volume did not answer in time.
    Slow(Ask, Span),
    /// The window for freezing was over before the copies were taken.
    FreezeWindow(Span),
    /// The window for holding writes was over before the copies were taken; they were released.
    HoldWindow(Span),
    /// The requester wanted application consistency, and there is no participant.
    NoParticipant,
    /// The requester aborted, or is gone.
    Aborted,
}

impl Reason {
    /// Whether another try may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Vetoed(_, veto) | Self::Refused(_, veto) => veto.retryable,
            Self::NoParticipant => false,
            _ => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vetoed(call, veto) => write!(f, "{call}: {veto}"),
            Self::Late(call, span) => write!(f, "{call}: no answer in {span}"),
            Self::FrozenTooLong(span) => write!(f, "it may not be frozen for more than {span}"),
            Self::Refused(ask, veto) => write!(f, "{ask}: {veto}"),
            Self::Slow(ask, span) => write!(f, "{ask}: no answer in {span}"),
            Self::FreezeWindow(span) => {
                write!(f, "the copies were not taken within {span} of the first freeze")
            }
            Self::HoldWindow(span) => {
                write!(f, "writes were released after {span}, before all copies were taken")
            }
            Self::NoParticipant => {
                f.write_str("application consistency was asked for, and there is no participant")
            }
            Self::Aborted => f.write_str("aborted"),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Participant(name) => write!(f, "participant `{name}`"),
            Self::Volume(name) => write!(f, "volume `{name}`"),
            Self::Requester => f.write_str("the requester"),
            Self::Set => f.write_str("the set"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, author, reason, retryable } = self;
        let advice = if *retryable { "try again" } else { "another try would fail, too" };
        write!(f, "{author}, {phase}: {reason}; {advice}")
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApplicationConsistent => f.write_str("application-consistent"),
            Self::CrashConsistent => f.write_str("crash-consistent"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
        }
    }
}

/// What is known of a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// What it came to; nothing as long as it has not come to anything.
    pub outcome: Option<Outcome>,
    /// Every participant, in the plan's order.
    pub participants: Vec<Part>,
    /// The volumes whose copies participants have changed since the instant.
    pub recovered: Vec<String>,
    /// The volumes that may still have a copy of a failed set: they did not answer, or could not
    /// delete it. It is unfinished, so nobody sees it, and it is deleted when the volume answers.
    pub left_behind: Vec<String>,
}

/// What is known of a participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether the requester required it.
    pub required: bool,
    /// Why it was left out; nothing if it takes part.
    pub left_out: Option<Reason>,
    /// Whether it may still be frozen: it was told to thaw or abort, and has not answered.
    pub maybe_frozen: bool,
    /// What it said against `backup_complete` or `shutdown`, or that it said nothing.
    pub complaint: Option<Reason>,
}

impl Report {
    /// The names of those who took part.
    pub fn took_part(&self) -> impl Iterator<Item = &str> {
        self.participants.iter().filter(|part| part.left_out.is_none()).map(|part| &*part.name)
    }
}
