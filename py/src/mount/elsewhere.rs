//! Systems on which nothing is mounted.

use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shadowvol_host::{Error, Passive, Volume};

/// There is none.
pub(super) enum HostMount {}

pub(super) struct MountOptions {
    pub(super) allow_other: bool,
}

impl HostMount {
    pub(super) fn volume(_: Arc<Volume>, dir: PathBuf, how: MountOptions) -> Result<Self, Error> {
        Self::refuse(&dir, &how)
    }

    pub(super) fn passive(_: Arc<Passive>, dir: PathBuf, how: MountOptions) -> Result<Self, Error> {
        Self::refuse(&dir, &how)
    }

    fn refuse(dir: &Path, how: &MountOptions) -> Result<Self, Error> {
        let _ = how.allow_other;
        let why = "mounting is for Linux; copy a shadow copy to a file instead";
        let source = io::Error::new(io::ErrorKind::Unsupported, why);
        Err(Error::System { what: format!("{} cannot be mounted", dir.display()), source })
    }

    pub(super) fn dir(&self) -> &Path {
        match *self {}
    }

    pub(super) fn volume_path(&self) -> Option<PathBuf> {
        match *self {}
    }

    pub(super) fn is_mounted(&self) -> bool {
        match *self {}
    }

    pub(super) fn wait(&self, _: Duration) -> bool {
        match *self {}
    }

    pub(super) fn unmount(&self) -> Result<(), Error> {
        match *self {}
    }

    pub(super) fn detach(&self) -> Result<(), Error> {
        match *self {}
    }
}
