//! Where a file lies, and so whose caches may hold it.
//!
//! What this cannot see: what is below a stacked file system (overlayfs, eCryptfs) or a loop
//! device, and whether a block device is attached to other hosts; so block devices are all taken
//! as shared. Only Linux and macOS name their file systems and only Linux has block devices here;
//! Windows tells remote files by their path; on others every file is taken as local.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::sys;

/// What sort of medium a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediumKind {
    /// A regular file that only this host writes to: all its readers share one page cache.
    LocalFile,
    /// A regular file on a network, cluster or user-space file system: another host may write to
    /// it, and this host's caches hear of it late or never.
    RemoteFile {
        /// The file system's name.
        file_system: &'static str,
    },
    /// A block device, perhaps attached to other hosts too.
    BlockDevice,
}

impl MediumKind {
    /// The kind of an open regular file or block device.
    pub(super) fn of(path: &Path, file: &fs::File) -> io::Result<Self> {
        if sys::is_block_device(file.metadata()?.file_type()) {
            return Ok(Self::BlockDevice);
        }
        Ok(match sys::remote_file_system(path, file)? {
            Some(file_system) => Self::RemoteFile { file_system },
            None => Self::LocalFile,
        })
    }

    /// Whether other hosts may change it behind this host's caches.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::LocalFile)
    }
}

impl fmt::Display for MediumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalFile => write!(f, "a local file"),
            Self::RemoteFile { file_system } => write!(f, "a file on {file_system}"),
            Self::BlockDevice => write!(f, "a block device"),
        }
    }
}
