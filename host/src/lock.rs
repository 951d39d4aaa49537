//! The active role on one host: locks on diff area and image that die with their holder.
//!
//! This keeps a second active of the same host away. Between hosts the epoch in the diff area
//! decides; on some network file systems this lock reaches further, which does no harm.

use core::time::Duration;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use parking_lot::Mutex;

/// The active role's lock. It ends when this is dropped or the process dies, `kill -9` included.
///
/// A program that the process starts does not get it. A child that is forked without starting a
/// program has a handle of it too, and keeps it when its parent dies, unless it drops that
/// ([`Volume::leave_to_parent`](crate::Volume::leave_to_parent)).
#[derive(Debug)]
pub struct RoleLock {
    file: File,
    /// The process that took it.
    process: u32,
}

/// Why the role's lock could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another active node of this host has it.
    #[error(
        "the active role of {} is held by {}; stop that one first, or open as a passive",
        path.display(), Whom(holder.as_ref())
    )]
    Held {
        /// The file that is locked.
        path: PathBuf,
        /// Who has it, where that can be known.
        holder: Option<Holder>,
    },
    /// The operating system refused.
    #[error("locking {} failed", path.display())]
    Io {
        /// The file to lock.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// The name of its program, where it can be read.
    pub program: Option<String>,
}

impl RoleLock {
    /// Takes the role's lock on a diff area or an image, which must exist, without waiting.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] when another has it, in this process or another one.
    pub fn take(medium: impl AsRef<Path>) -> Result<Self, LockError> {
        let path = lock_path(medium.as_ref());
        let mut options = OpenOptions::new();
        // For writing too: NFS grants no exclusive lock on a file that is open for reading.
        options.read(true).write(true).create(cfg!(windows));
        let opened = options.open(&path).map_err(TryLockError::Error);
        let locked = opened.and_then(|file| try_lock(&file).map(|()| file));
        let process = std::process::id();
        locked.map(|file| Self { file, process }).map_err(|error| match error {
            TryLockError::WouldBlock => LockError::Held { holder: holder(&path), path },
            TryLockError::Error(source) => LockError::Io { path, source },
        })
    }
}

/// The locks that go with the role of one volume.
#[derive(Debug, Default)]
pub(crate) struct Locks(Mutex<Vec<RoleLock>>);

impl Locks {
    pub(crate) fn new(locks: impl Into<Vec<RoleLock>>) -> Self {
        Self(Mutex::new(locks.into()))
    }

    pub(crate) fn release(&self) {
        self.0.lock().clear();
    }

    /// Drops a forked child's handles of them.
    pub(crate) fn leave_to_parent(&self) {
        // Whoever held it when the child was forked off was releasing them, and is not there now.
        if let Some(mut locks) = self.0.try_lock() {
            locks.clear();
        }
    }
}

/// Tries once; for a device some times, because udev locks it for a moment whenever somebody who could
/// write to it has closed it, to look what it holds now.
fn try_lock(file: &File) -> Result<(), TryLockError> {
    let mut tries = if is_device(file) { 50 } else { 1 };
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries > 1 => {
                tries -= 1;
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

#[cfg(unix)]
fn is_device(file: &File) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file.metadata().is_ok_and(|metadata| metadata.file_type().is_block_device())
}

#[cfg(not(unix))]
const fn is_device(_: &File) -> bool {
    false
}

impl Drop for RoleLock {
    fn drop(&mut self) {
        // Closing releases it only when the last handle is closed, and a child that was just forked
        // off to start a program has one. But a child must not unlock its parent's.
        if self.process == std::process::id() {
            let _ = self.file.unlock();
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        self.program.iter().try_for_each(|program| write!(f, " ({program})"))
    }
}

struct Whom<'a>(Option<&'a Holder>);

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) if holder.process == std::process::id() => f.write_str("this process"),
            Some(holder) => holder.fmt(f),
            None => f.write_str("another process"),
        }
    }
}

/// Locks of Windows would keep passive nodes from reading the file, so another one is locked.
#[cfg(windows)]
fn lock_path(medium: &Path) -> PathBuf {
    let mut name = medium.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(not(windows))]
fn lock_path(medium: &Path) -> PathBuf {
    medium.into()
}

/// Looks the lock up in the kernel's list, whose lines read
/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`, the last but two being device and inode.
#[cfg(target_os = "linux")]
fn holder(path: &Path) -> Option<Holder> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path).ok()?;
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    let place = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let process = locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_lock = words.next() == Some("FLOCK");
        let process = words.nth(2)?.parse().ok()?;
        (is_lock && words.next() == Some(&place)).then_some(process)
    })?;
    // Processes outside this namespace are told as 0.
    (process != 0).then(|| Holder {
        process,
        program: std::fs::read_to_string(format!("/proc/{process}/comm"))
            .ok()
            .map(|name| name.trim_end().to_owned()),
    })
}

#[cfg(not(target_os = "linux"))]
fn holder(_path: &Path) -> Option<Holder> {
    None
}
