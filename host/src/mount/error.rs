//! Why a folder cannot be mounted, or not be unmounted.

use std::io;
use std::path::PathBuf;

/// An error of mounting or unmounting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// There is no such folder.
    #[error("{} is no folder: make one to mount on", dir.display())]
    NoFolder {
        /// What was asked for.
        dir: PathBuf,
    },
    /// Mounting would hide what is in the folder.
    #[error("{} is not empty: mount on an empty folder", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// Who served the folder has died.
    #[error("{0} is mounted, and who served it has died: clear it by `umount {0}`", dir.display())]
    Stale {
        /// The folder.
        dir: PathBuf,
    },
    /// The kernel has no FUSE, or this process cannot see it.
    #[error(
        "there is no /dev/fuse: load the kernel's module (modprobe fuse), or let the container have \
         the device"
    )]
    NoFuse,
    /// This process may not use FUSE.
    #[error(
        "this process may not use /dev/fuse: run it as root, or let its user read and write that"
    )]
    NoAccess,
    /// The helper that mounts for users is not installed.
    #[error("this process may not mount: run it as root, or install fusermount3 (Debian: fuse3)")]
    NoHelper,
    /// The kernel or the helper refused.
    #[error("{} cannot be mounted", dir.display())]
    Refused {
        /// The folder.
        dir: PathBuf,
        /// Their reason.
        source: io::Error,
    },
    /// Somebody uses it.
    #[error(
        "{0} is in use: leave it first (`losetup --list` and `fuser --mount {0}` show by what)",
        dir.display()
    )]
    Busy {
        /// The folder.
        dir: PathBuf,
    },
    /// The kernel or the helper refused.
    #[error("{} cannot be unmounted", dir.display())]
    Kept {
        /// The folder.
        dir: PathBuf,
        /// Their reason.
        source: io::Error,
    },
}
