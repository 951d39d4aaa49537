//! A volume and its shadow copies as files in a folder, for everything that knows files only.
//!
//! ```text
//! DIR/volume          the live volume, if this process is its active node
//! DIR/copies/3.img    shadow copy 3, to be read only; there as long as the copy is
//! ```
//!
//! The kernel asks this process for them (FUSE). So loop devices, file systems, virtual machines and
//! databases can use a volume, while the process goes on taking shadow copies of it.
//!
//! `volume` is like a disk: it has one size, `fsync` is a flush, and punching a hole is a discard. The
//! kernel keeps nothing of it, because this process may write to the volume, or revert it, beside the
//! mount. A loop device has a cache of its own above. Copies are constants: the kernel keeps what it has
//! read. So what it has of a deleted one can still be read by who has it open, and is right; the rest
//! is refused as stale.
//!
//! Requests are served by threads that do nothing else, and wait for nobody but the volume and its media.
//! So a file system on a loop device on `volume` can be frozen, for a set, by the process that serves
//! it: while the kernel writes out what is left, and while it holds the lock of an interpreter. A write
//! that a set holds keeps a thread. If it keeps all of them, reads wait, too, but no longer than the
//! hold, in which nobody is called who could need them.

mod error;
mod place;
mod serve;
mod tree;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use fuser::{Config, MountOption, Session, SessionACL};
use parking_lot::{Condvar, Mutex};
use rustix::process::configure_io_flusher_behavior;

use crate::error::Error;
use crate::passive::Passive;
use crate::volume::Volume;
use place::Place;
use tree::Tree;

pub use error::MountError;

/// Requests that are served at once.
const THREADS: usize = 16;
/// How long whoever is about to leave is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the threads may take to end when nobody can ask them any more, with the last flush.
const ENDING: Duration = Duration::from_secs(30);

/// How a volume is mounted.
#[derive(Clone, Copy, Debug, Default)]
pub struct MountOptions {
    /// Let other users in, as far as the image's own permissions let them. Without it there is
    /// nobody but the user of this process.
    pub allow_other: bool,
}

/// A mounted folder. It is unmounted when this is dropped.
///
/// ```no_run
/// use std::sync::Arc;
/// use shadowvol_host::mount::{Mount, MountOptions};
/// use shadowvol_host::{OpenOptions, Volume};
/// let volume = Arc::new(Volume::open("disk.img", &OpenOptions::default())?);
/// let mount = Mount::volume(Arc::clone(&volume), "/mnt/disk", MountOptions::default())?;
/// let copy = volume.create_shadow_copy("nightly")?;
/// std::fs::copy(mount.copy_path(copy.id.number()), "nightly.img")?;
/// mount.unmount()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Mount {
    place: Place,
    end: Arc<End>,
    has_volume: bool,
    is_detached: AtomicBool,
}

/// Whether the threads that serve it have ended.
#[derive(Default)]
struct End {
    has_come: Mutex<bool>,
    told: Condvar,
}

/// Tells of the end, whatever it was.
struct TellEnd(Arc<End>);

impl Mount {
    /// Mounts a live volume and its shadow copies on an empty folder. The volume stays open as long as
    /// anything there is used, unless it is closed: then all use of it fails.
    ///
    /// # Errors
    ///
    /// When the folder is missing or not empty, this process may not mount, or the volume is closed.
    pub fn volume(
        volume: Arc<Volume>,
        dir: impl AsRef<Path>,
        options: MountOptions,
    ) -> Result<Self, Error> {
        let copies = volume.reader()?;
        Self::start(Tree::new(Some(volume), copies), dir.as_ref(), options)
    }

    /// Mounts the shadow copies that a passive node sees. It goes on seeing new ones.
    ///
    /// # Errors
    ///
    /// As [`Mount::volume`].
    pub fn passive(
        node: Arc<Passive>,
        dir: impl AsRef<Path>,
        options: MountOptions,
    ) -> Result<Self, Error> {
        node.catch_up()?;
        Self::start(Tree::new(None, node), dir.as_ref(), options)
    }

    fn start(tree: Tree, dir: &Path, options: MountOptions) -> Result<Self, Error> {
        let dir = place::check(dir)?;
        let has_volume = tree.has_volume();
        let mut config = Config::default();
        config.n_threads = Some(THREADS);
        config.mount_options = vec![MountOption::FSName("shadowvol".into()), MountOption::NoExec];
        if !has_volume {
            config.mount_options.push(MountOption::RO);
        }
        if options.allow_other {
            config.acl = SessionACL::All;
            config.mount_options.push(MountOption::DefaultPermissions);
        }
        let session = Session::new(tree, &dir, &config)
            .map_err(|source| MountError::Refused { dir: dir.clone(), source })?;
        let end = Arc::new(End::default());
        let tell = TellEnd(Arc::clone(&end));
        let serve = move || {
            let _tell = tell;
            // The kernel may need these threads to write out what it wants to throw away: they must not
            // wait for that themselves. Who may not ask for this had better not run out of memory.
            let _ = configure_io_flusher_behavior(true);
            // However it ends, nothing is mounted any more.
            let _ = session.run();
        };
        thread::Builder::new()
            .name("shadowvol-mount".into())
            .spawn(serve)
            .map_err(|source| MountError::Refused { dir: dir.clone(), source })?;
        let place = Place::of_mounted(dir)?;
        Ok(Self { place, end, has_volume, is_detached: AtomicBool::new(false) })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.place.dir()
    }

    /// The file that is the live volume; none if a passive node is mounted.
    #[must_use]
    pub fn volume_path(&self) -> Option<PathBuf> {
        self.has_volume.then(|| self.dir().join(tree::VOLUME))
    }

    /// The file that is the shadow copy with this number, whether or not there is one.
    #[must_use]
    pub fn copy_path(&self, copy: u32) -> PathBuf {
        self.dir().join(tree::COPIES).join(tree::file_name(copy))
    }

    /// Whether it is still served: nobody has unmounted it, or somebody uses it nevertheless.
    #[must_use]
    pub fn is_mounted(&self) -> bool {
        !*self.end.has_come.lock()
    }

    /// Waits until somebody unmounts it; false if nobody does for so long.
    pub fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now().checked_add(patience);
        let mut has_come = self.end.has_come.lock();
        while !*has_come {
            match until {
                Some(until) if self.end.told.wait_until(&mut has_come, until).timed_out() => {
                    return *has_come;
                }
                Some(_) => {}
                None => self.end.told.wait(&mut has_come),
            }
        }
        true
    }

    /// Unmounts it. What was written to the volume is flushed. Doing it twice is fine.
    ///
    /// # Errors
    ///
    /// When something in the folder is in use: it stays as it is. When this process may not unmount.
    pub fn unmount(&self) -> Result<(), Error> {
        let busy = || MountError::Busy { dir: self.dir().into() };
        let until = Instant::now() + PATIENCE;
        while self.is_mounted() {
            if self.is_detached.load(Ordering::Relaxed) {
                return Err(busy().into());
            }
            match self.place.unmount() {
                Ok(()) => {}
                Err(MountError::Busy { .. }) if Instant::now() < until => {
                    thread::sleep(Duration::from_millis(10));
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            // In another name space it may be mounted still.
            if !self.wait(ENDING) {
                return Err(busy().into());
            }
        }
        Ok(())
    }

    /// Takes it out of sight at once. Who uses something there can go on as long as this process lives
    /// and the volume is open.
    ///
    /// # Errors
    ///
    /// When this process may not unmount.
    pub fn detach(&self) -> Result<(), Error> {
        if self.is_mounted() && !self.is_detached.load(Ordering::Relaxed) {
            self.place.detach()?;
            self.is_detached.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Who wants to know how it went has called `unmount`.
        if self.unmount().is_err() {
            let _ = self.detach();
        }
    }
}

impl Drop for TellEnd {
    fn drop(&mut self) {
        *self.0.has_come.lock() = true;
        self.0.told.notify_all();
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("dir", &self.dir()).finish_non_exhaustive()
    }
}
