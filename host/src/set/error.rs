//! Why there is no set.

use std::io;

use shadowvol::set::{Report, TooManyVolumes};

use crate::error::Error;

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// It failed, and nothing is left of it but what the report says.
    #[error("{}", .0.outcome.as_ref().map_or_else(|| "no outcome".to_owned(), ToString::to_string))]
    Failed(Box<Report>),
    /// Another set is taking a copy of one of the volumes.
    #[error(
        "another set is taking a copy of volume `{volume}`; try again, or say how long to wait"
    )]
    CreationInProgress {
        /// The volume.
        volume: String,
    },
    /// A set has 64 volumes at most.
    #[error(transparent)]
    TooManyVolumes(#[from] TooManyVolumes),
    /// A volume is in the set twice, or two have one name.
    #[error("volume `{volume}` is in the set already; add each once, and name each differently")]
    DuplicateVolume {
        /// The volume.
        volume: String,
    },
    /// A volume cannot be in a set.
    #[error("volume `{volume}`: {source}")]
    Volume {
        /// The volume.
        volume: String,
        /// Why.
        source: Error,
    },
    /// The operating system has no random numbers for the set's identity.
    #[error("no identity for the set: {0}")]
    Identity(io::Error),
}

impl SetError {
    /// Who failed and why, where a set was under way.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Failed(report) => Some(report),
            _ => None,
        }
    }
}
