//! What a trace tells of.

use super::error::TraceError;

/// Something that was done to a volume, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Nanoseconds since the trace's begin, which is its first event or the begin of its recording;
    /// never less than at the event before.
    pub at: u64,
    /// What was done.
    pub change: Change,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Bytes were overwritten.
    Write {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Bytes became zeros, and their space was given back.
    Discard {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// What was written before was made durable.
    Flush,
    /// A shadow copy was taken.
    Created {
        /// Its number.
        copy: u32,
    },
    /// A shadow copy was deleted.
    Deleted {
        /// Its number.
        copy: u32,
    },
    /// A revert of the volume to a shadow copy has begun.
    Reverted {
        /// The copy's number.
        copy: u32,
    },
}

impl Change {
    /// The byte behind the last one that it changes.
    pub(super) fn end(self) -> Option<u64> {
        match self {
            Self::Write { offset, length } | Self::Discard { offset, length } => {
                Some(offset.saturating_add(length))
            }
            _ => None,
        }
    }
}

/// An event as its format tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    /// Nanoseconds since some moment that is the same for the whole trace.
    pub(super) time: u64,
    pub(super) change: Change,
}

/// A format's parser: the events of a trace until its end, or until something is wrong with it.
pub(super) trait Parse: Send {
    /// The next event.
    fn next(&mut self) -> Result<Option<Raw>, TraceError>;

    /// Where the last event was, to tell when it cannot be.
    fn place(&self) -> String;

    /// Why there may be no events although the file is not empty.
    fn absence(&self) -> String {
        "it tells of no write and no discard".into()
    }

    /// Whether the trace breaks off without its end mark.
    fn is_cut_off(&self) -> bool {
        false
    }
}
