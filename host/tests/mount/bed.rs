//! A mounted volume, where one can be mounted.

use std::fs::{File, OpenOptions as FileOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use shadowvol_host::mount::{Mount, MountError, MountOptions};
use shadowvol_host::{CreateOptions, Durability, Error, Volume};
use tempfile::TempDir;

/// No multiple of a chunk, nor of a page.
pub(crate) const SIZE: u64 = (1 << 20) + 4096 + 512;

/// A volume and the folder in which it is mounted.
pub(crate) struct Bed {
    pub(crate) mount: Mount,
    pub(crate) volume: Arc<Volume>,
    pub(crate) folder: TempDir,
}

impl Bed {
    /// `None`, and a loud word about it, where nothing can be mounted.
    pub(crate) fn new() -> Option<Self> {
        Self::with(None)
    }

    /// The same with a diff area that is full at some time.
    pub(crate) fn with(limit: Option<u64>) -> Option<Self> {
        let folder = TempDir::new().expect("a folder to test in");
        let volume = Arc::new(Self::make(&folder, limit));
        let mount = mounted(Mount::volume(Arc::clone(&volume), Self::dir(&folder), plain()))?;
        Some(Self { mount, volume, folder })
    }

    pub(crate) fn make(folder: &TempDir, limit: Option<u64>) -> Volume {
        std::fs::create_dir(Self::dir(folder)).expect("a folder to mount on");
        let options = CreateOptions {
            size: Some(SIZE),
            limit,
            durability: Durability::Coherent,
            ..CreateOptions::default()
        };
        Volume::create(Self::image(folder), &options).expect("a new volume")
    }

    pub(crate) fn image(folder: &TempDir) -> PathBuf {
        folder.path().join("disk.img")
    }

    pub(crate) fn dir(folder: &TempDir) -> PathBuf {
        folder.path().join("mounted")
    }

    /// The live volume as a file.
    pub(crate) fn file(&self) -> File {
        let path = self.mount.volume_path().expect("an active node's");
        FileOptions::new().read(true).write(true).open(path).expect("the volume's file")
    }

    pub(crate) fn copy_path(&self, copy: u32) -> PathBuf {
        self.mount.copy_path(copy)
    }

    /// Names in a folder of the mounted one, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.mount.dir().join(folder)).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("plain letters")
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }
}

pub(crate) const fn plain() -> MountOptions {
    MountOptions { allow_other: false }
}

/// What was mounted; none, and a loud word about it, if this machine does not let us.
pub(crate) fn mounted(tried: Result<Mount, Error>) -> Option<Mount> {
    match tried {
        Ok(mount) => Some(mount),
        Err(Error::Mount(
            error @ (MountError::NoFuse
            | MountError::NoAccess
            | MountError::NoHelper
            | MountError::Refused { .. }),
        )) => {
            // Past the harness, which shows what a passing test prints to nobody.
            let _ = writeln!(std::io::stderr(), "\n  NOT TESTED: mounted volumes: {error}\n");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
