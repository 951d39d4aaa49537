//! The folder that is mounted on, as the kernel sees it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::geteuid;

use super::error::MountError;

const DEVICE: &str = "/dev/fuse";
/// Mounts and unmounts for users other than root.
const HELPER: &str = "fusermount3";

/// Sees that it can be mounted on; returns its whole path.
pub(super) fn check(dir: &Path) -> Result<PathBuf, MountError> {
    let whole = dir.canonicalize().map_err(|source| refusal(dir, source))?;
    let mut entries = fs::read_dir(&whole).map_err(|source| refusal(dir, source))?;
    if entries.next().is_some() {
        return Err(MountError::NotEmpty { dir: dir.into() });
    }
    if !Path::new(DEVICE).exists() {
        return Err(MountError::NoFuse);
    }
    if access(DEVICE, Access::READ_OK | Access::WRITE_OK).is_err() {
        return Err(MountError::NoAccess);
    }
    if !geteuid().is_root() && Command::new(HELPER).arg("-V").output().is_err() {
        return Err(MountError::NoHelper);
    }
    Ok(whole)
}

fn refusal(dir: &Path, source: io::Error) -> MountError {
    let dir = dir.to_owned();
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => MountError::NoFolder { dir },
        ErrorKind::NotConnected => MountError::Stale { dir },
        _ => MountError::Refused { dir, source },
    }
}

/// A folder with what is mounted on it.
pub(super) struct Place {
    dir: PathBuf,
    device: u64,
}

impl Place {
    pub(super) fn of_mounted(dir: PathBuf) -> Result<Self, MountError> {
        match fs::metadata(&dir) {
            Ok(found) => Ok(Self { dir, device: found.dev() }),
            Err(source) => {
                // It is of no use to anybody.
                let _ = unmount(&dir, UnmountFlags::DETACH);
                Err(MountError::Refused { dir, source })
            }
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Unmounts it, if nobody uses it.
    pub(super) fn unmount(&self) -> Result<(), MountError> {
        self.try_unmount(UnmountFlags::empty(), &["-u"])
    }

    /// Unmounts it, whoever uses it: they keep what they have.
    pub(super) fn detach(&self) -> Result<(), MountError> {
        self.try_unmount(UnmountFlags::DETACH, &["-u", "-z"])
    }

    fn try_unmount(&self, flags: UnmountFlags, of_helper: &[&str]) -> Result<(), MountError> {
        let dir = || self.dir.clone();
        // What others have mounted there, above it or after it, is theirs.
        match fs::metadata(&self.dir) {
            Ok(found) if found.dev() != self.device => return Err(MountError::Busy { dir: dir() }),
            _ => {}
        }
        match unmount(&self.dir, flags | UnmountFlags::NOFOLLOW) {
            // Somebody else was quicker.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(Errno::BUSY) => Err(MountError::Busy { dir: dir() }),
            Err(Errno::PERM) => self.ask_helper(of_helper),
            Err(error) => Err(MountError::Kept { dir: dir(), source: error.into() }),
        }
    }

    fn ask_helper(&self, options: &[&str]) -> Result<(), MountError> {
        let dir = self.dir.clone();
        match Command::new(HELPER).args(options).arg("--").arg(&dir).output() {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                if said.contains("busy") {
                    return Err(MountError::Busy { dir });
                }
                Err(MountError::Kept { dir, source: io::Error::other(said) })
            }
            Err(source) => Err(MountError::Kept { dir, source }),
        }
    }
}
