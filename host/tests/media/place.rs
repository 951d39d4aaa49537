//! Where the tests put their files.

use core::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use shadowvol_host::{Caching, Durability, FileOptions};
use tempfile::{NamedTempFile, TempDir};

pub(crate) use super::tiny_disk::{TinyDisk, run};

/// A directory whose files get names of their own.
pub(crate) struct Place {
    directory: TempDir,
    next: Cell<u32>,
}

impl Place {
    pub(crate) fn new(parent: &Path) -> Self {
        let directory = TempDir::new_in(parent).expect("a directory to test in");
        Self { directory, next: Cell::new(0) }
    }

    /// One on disk and one in memory, where this machine has both.
    pub(crate) fn all() -> Vec<Self> {
        let memory = Path::new("/dev/shm");
        let parents = [Some(std::env::temp_dir()), memory.is_dir().then(|| memory.into())];
        parents.into_iter().flatten().map(|parent| Self::new(&parent)).collect()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.next.set(self.next.get() + 1);
        self.directory.path().join(format!("{}.img", self.next.get()))
    }
}

/// A directory `there` that is seen once more as `here`, by way of FUSE, until dropped.
pub(crate) struct Mirror {
    pub(crate) there: TempDir,
    pub(crate) here: TempDir,
}

impl Mirror {
    /// `None`, and a word about it, where it cannot be mounted.
    pub(crate) fn mount() -> Option<Self> {
        let directory = || TempDir::new().expect("a directory to test in");
        let (there, here) = (directory(), directory());
        if run(Command::new("bindfs").arg(there.path()).arg(here.path())).is_none() {
            println!("skipped: FUSE needs root and bindfs");
            return None;
        }
        Some(Self { there, here })
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.here.path()));
    }
}

/// A file as a block device, detached when dropped.
pub(crate) struct LoopDevice {
    pub(crate) path: PathBuf,
    _backing: NamedTempFile,
}

impl LoopDevice {
    /// `None`, and a word about it, where there are no loop devices.
    pub(crate) fn attach(size: u64) -> Option<Self> {
        Self::attach_in(&std::env::temp_dir(), size)
    }

    /// The same with the file in a given directory.
    pub(crate) fn attach_in(directory: &Path, size: u64) -> Option<Self> {
        let backing = NamedTempFile::new_in(directory).expect("a file");
        backing.as_file().set_len(size).expect("a sparse file");
        let found = run(Command::new("losetup").args(["--find", "--show"]).arg(backing.path()));
        let Some(name) = found else {
            println!("skipped: a loop device needs root and losetup");
            return None;
        };
        Some(Self { path: name.trim().into(), _backing: backing })
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        run(Command::new("losetup").arg("--detach").arg(&self.path));
    }
}

pub(crate) const fn options(durability: Durability, caching: Caching) -> FileOptions {
    FileOptions { durability, caching, map_small_writes: false }
}
