//! A snapshot system, as the benches see all of them.

use std::path::PathBuf;

use shadowvol_benches::{Axes, Result};
use shadowvol_host::Caching;

use crate::disk::Disk;

/// Requests that are under way at a time, where there can be several.
pub(crate) const DEPTH: usize = 16;

/// Threads that make requests to what is called: several where each one waits for the disk.
pub(crate) fn depth(axes: Axes) -> usize {
    if axes.caching == Caching::Direct { DEPTH } else { 1 }
}

/// Where and how a peer runs.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// A folder of its own.
    pub(crate) folder: PathBuf,
    /// Place, size of the volume, and whether the page cache is used.
    pub(crate) axes: Axes,
}

/// One of the snapshots that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Newest,
    Oldest,
}

/// A disk of which snapshots are taken.
pub(crate) trait Peer {
    /// Begins anew: no snapshots.
    fn renew(&mut self) -> Result<()>;

    /// Takes a snapshot. Where there can be only one, it takes the place of the last one.
    fn snapshot(&mut self) -> Result<()>;

    /// The disk. Ends to work when the peer begins anew.
    fn live(&self) -> Result<Box<dyn Disk>>;

    /// A snapshot; none where it cannot be read beside a writer.
    fn frozen(&self, age: Age) -> Result<Option<Box<dyn Disk>>>;

    /// Another disk that is reached in the same way, of which no snapshots are taken.
    fn plain(&self) -> Result<Box<dyn Disk>>;

    /// Whether a snapshot can be taken while somebody writes.
    fn takes_while_written(&self) -> bool {
        true
    }

    /// Whether there can be several snapshots.
    fn has_many(&self) -> bool {
        true
    }

    /// Bytes that it has written to its media since it began; none where nobody counts them.
    fn written(&mut self) -> Result<Option<u64>>;
}
