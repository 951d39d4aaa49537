//! What can go wrong with a file or device.

use std::fmt;
use std::io;
use std::path::PathBuf;

use shadowvol::backend::PastEnd;

use super::MediumKind;

/// Why a file or device could not be opened or used. The operating system's reason is the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("{action} {} failed", path.display())]
    Io {
        /// What was being done.
        action: Action,
        /// To which file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The request reaches past the end.
    #[error("{}: {range}", path.display())]
    PastEnd {
        /// Of which file.
        path: PathBuf,
        /// The request.
        range: PastEnd,
    },
    /// The path names a directory, a pipe or the like.
    #[error(
        "{} is neither a regular file nor a block device; give the path of one", path.display()
    )]
    NotAMedium {
        /// The path.
        path: PathBuf,
    },
    /// Caches cannot be bypassed.
    #[error("{} is {medium} and offers no direct I/O here; {}", path.display(), way_out(*medium))]
    NoDirect {
        /// Of which file.
        path: PathBuf,
        /// Where it lies.
        medium: MediumKind,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Coherent mode cannot keep its promise to readers on other hosts.
    #[error(
        "{} is {medium}: coherent mode orders writes by the page cache of one host, which others \
         do not share; use durable mode", path.display()
    )]
    NotCoherent {
        /// Of which file.
        path: PathBuf,
        /// Where it lies.
        medium: MediumKind,
    },
    /// A barrier failed before this one.
    #[error(
        "an earlier barrier on {} failed, and a second try would prove nothing; \
         open it again and recover", path.display()
    )]
    BarrierLost {
        /// On which file.
        path: PathBuf,
    },
}

impl FileError {
    /// Whether it is for want of space: no space, quota, or largest size of a file.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self.io_kind(), Some(StorageFull | QuotaExceeded | FileTooLarge))
    }

    /// The kind of the operating system's reason, when it gave one.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } | Self::NoDirect { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// What was being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Opening it.
    Open,
    /// Making it.
    Create,
    /// Asking for its size and the like.
    Inspect,
    /// Reading bytes.
    Read {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Writing bytes.
    Write {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Turning bytes into zeros.
    Punch {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Making it larger.
    Grow {
        /// Bytes wanted.
        size: u64,
    },
    /// Ordering writes.
    Barrier,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => write!(f, "opening"),
            Self::Create => write!(f, "creating"),
            Self::Inspect => write!(f, "inspecting"),
            Self::Read { offset, length } => write!(f, "reading {length} bytes at {offset} of"),
            Self::Write { offset, length } => write!(f, "writing {length} bytes at {offset} of"),
            Self::Punch { offset, length } => {
                write!(f, "discarding {length} bytes at {offset} of")
            }
            Self::Grow { size } => write!(f, "making room for {size} bytes in"),
            Self::Barrier => write!(f, "a barrier on"),
        }
    }
}

const fn way_out(medium: MediumKind) -> &'static str {
    if medium.is_shared() {
        "its bytes may be changed by another host and read old from this host's cache. Run this \
         node on the active's host with buffered caching, or mount without a client cache (NFS: \
         noac) and ask for buffered caching, or work on a copy"
    } else {
        "ask for automatic or buffered caching"
    }
}
