//! Who works with a repository: many that read or add, or one that removes.
//!
//! The lock is the operating system's, on the file `lock`, and so dies with the process that holds
//! it: there are no stale locks. Several hosts can share a repository where their file system's
//! locks reach from one to the other, as those of NFS do.

use core::time::Duration;
use std::fs::{File, OpenOptions, TryLockError};
use std::thread;
use std::time::Instant;

use super::error::RepositoryError;
use super::folder::Folder;
use crate::error::Error;
use crate::partial::failed;

/// How long cleaning up may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A repository's lock, held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// For those that read or add. Waits a moment, because a backup that finds itself alone takes
    /// the lock to clean up; a pruning takes longer, and is told of.
    pub(crate) fn share(folder: &Folder) -> Result<Self, Error> {
        Self::take(folder, OpenOptions::new().read(true), |file| {
            let begun = Instant::now();
            loop {
                match file.try_lock_shared() {
                    Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                        thread::sleep(PATIENCE / 100);
                    }
                    done => return done,
                }
            }
        })
    }

    /// For one that removes.
    pub(crate) fn own(folder: &Folder) -> Result<Self, Error> {
        // For writing too: NFS grants no exclusive lock on a file that is open for reading.
        Self::take(folder, OpenOptions::new().read(true).write(true), File::try_lock)
    }

    fn take(
        folder: &Folder,
        options: &OpenOptions,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, Error> {
        let path = folder.lock();
        let file = options.open(&path).map_err(|source| failed("opening", &path, source))?;
        match lock(&file) {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(RepositoryError::Busy { path: folder.root().to_owned() }.into())
            }
            Err(TryLockError::Error(source)) => Err(failed("locking", &path, source)),
        }
    }
}
