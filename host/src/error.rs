//! Errors of the host's faces: what the engine says, with what the operating system said.

use std::io;
use std::path::PathBuf;

use shadowvol::machine::Medium;
use shadowvol::{Error as EngineError, IoKind};
use shadowvol_files::Problem;

use crate::backup::RepositoryError;
use crate::file::FileError;
use crate::lock::LockError;
use crate::media::{BoxError, Failure};
#[cfg(target_os = "linux")]
use crate::mount::MountError;
use crate::trace::TraceError;

/// An error of a volume or a passive node on this host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine refused, or found that something is not as it should be.
    #[error(transparent)]
    Engine(EngineError),
    /// An operation on a medium failed; the backend's reason is the source.
    #[error("{error}: {source}")]
    Medium {
        /// What the failure is to the engine.
        error: EngineError,
        /// What the backend said.
        source: BoxError,
    },
    /// A file or device could not be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// The active role could not be taken on this host.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is something already where the diff area should be made.
    #[error(
        "{} exists already: open the volume if it is its diff area, else name another one or \
         remove it", path.display()
    )]
    DiffAreaExists {
        /// The diff area.
        path: PathBuf,
    },
    /// A passive node on this host cannot see what a coherent active on another one writes.
    #[error(
        "{} is shared between hosts, and its active node runs in coherent mode, which orders \
         writes for its own host only; run the active in durable mode", path.display()
    )]
    CoherentElsewhere {
        /// The file in question.
        path: PathBuf,
    },
    /// What lies beside a device is no place for old bytes: it is lost at the next boot.
    #[error(
        "{} is a block device: say where its diff area shall be, on a disk or another device",
        path.display()
    )]
    NoPlaceBeside {
        /// The device.
        path: PathBuf,
    },
    /// Old bytes would be written over the volume itself.
    #[error("{} is the image itself; its diff area must be another file or device", path.display())]
    SameMedium {
        /// The image, by the name of the diff area.
        path: PathBuf,
    },
    /// A copy would replace the volume's own image or diff area.
    #[error("{} is the volume's own image or diff area; copy to another path", path.display())]
    OwnMedium {
        /// Where the copy should have gone.
        path: PathBuf,
    },
    /// A backup repository is not as it should be, or not there.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A folder could not be mounted or unmounted.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A file inside a shadow copy cannot be had, or none can.
    #[error("{}{problem}", path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default())]
    Files {
        /// The file, if it was asked for by its name.
        path: Option<String>,
        /// What is in the way.
        problem: Problem,
    },
    /// The volume was closed.
    #[error("the volume is closed; open it again")]
    Closed,
    /// A file that is neither origin nor diff area could not be used, or the system refused.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A trace is of no use.
    #[error("{}: {error}", path.display())]
    Trace {
        /// The trace.
        path: PathBuf,
        /// What is wrong with it.
        error: TraceError,
    },
    /// The volume is being recorded already.
    #[error("the volume is being recorded to {}; stop that first", path.display())]
    BeingRecorded {
        /// The trace.
        path: PathBuf,
    },
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// The engine's error, where there is one, to match on.
    #[must_use]
    pub fn engine(&self) -> Option<&EngineError> {
        match self {
            Self::Engine(error) | Self::Medium { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The error of a read that no machine has asked for.
    pub(crate) fn reading(medium: Medium) -> impl FnOnce(BoxError) -> Self {
        move |source| Self::Medium { error: EngineError::Io { what: IoKind::Read, medium }, source }
    }

    /// The error of a machine that ended after an operation had failed, or without that.
    pub(crate) fn of(error: EngineError, source: Option<BoxError>) -> Self {
        match source {
            Some(source) => Self::Medium { error, source },
            None => Self::Engine(error),
        }
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<Failure> for Error {
    fn from(Failure { error, source }: Failure) -> Self {
        Self::Medium { error, source }
    }
}
