//! Opening a passive node on files and devices.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shadowvol::Error as EngineError;
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::Medium;

use super::Passive;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::file::{Caching, Mapping, MediumKind, ReadOnlyFile};
use crate::identity::boot_id;
use crate::media::{ReadMedia, Source};
use crate::stamp::Stamp;
use crate::volume::{diff_path, judge_stamp};

/// How a passive node is opened.
#[derive(Clone, Debug, Default)]
pub struct PassiveOptions {
    /// The diff area; [`diff_path`] of the image if not given.
    pub diff: Option<PathBuf>,
    /// Whether the page cache is used.
    pub caching: Caching,
    /// Whether the journal is looked at without a system call, and small chunks with it.
    pub mapping: Mapping,
}

impl Passive {
    /// Opens the shadow copies of an image for reading.
    ///
    /// # Errors
    ///
    /// When a file is missing, the diff area cannot be used or belongs to another origin, or this
    /// host would answer from a cache that the active's host does not share.
    pub fn open(path: impl AsRef<Path>, options: &PassiveOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        let diff = options.diff.clone().unwrap_or_else(|| diff_path(path));
        let origin = Arc::new(ReadOnlyFile::open(path, options.caching)?);
        let area = ReadOnlyFile::open(&diff, options.caching)?;
        let area = Arc::new(area.map_small_reads(options.mapping));
        let (stamped, looked_at) = (Arc::clone(&origin), Arc::clone(&area));
        let remote = matches!(area.medium(), MediumKind::RemoteFile { .. });
        let own = vec![path.to_owned(), diff.clone()];
        let node = Self::open_beside(ReadMedia { origin, diff: area }, own)?;
        let (superblock, copies) =
            node.look(|state| (state.superblock().clone(), state.view().copies().len()));
        if superblock.coherent && remote && options.caching != Caching::Buffered {
            return Err(Error::CoherentElsewhere { path: diff });
        }
        if copies > 0
            && superblock.clean
            && let now = Stamp::of_read_only(&stamped)?.to_bytes()
            && let Some(error) = judge_stamp(&superblock, now, boot_id().unwrap_or([0; 16]))
            // An active node that has begun since may write to the origin.
            && peek(&*looked_at)? == superblock
        {
            return Err(error.into());
        }
        Ok(node)
    }
}

/// Reads the superblock in force.
pub(crate) fn peek(diff: &(impl Source + ?Sized)) -> Result<Superblock, Error> {
    let size = diff.source_size().map_err(Error::reading(Medium::DiffArea))?;
    if size < PAIR_OFFSET + PAIR_BYTES as u64 {
        return Err(EngineError::NotADiffArea.into());
    }
    // A pair that is being written while it is read can fail to verify twice in a row, not often.
    let mut tries = 3;
    loop {
        let mut pair = [0; PAIR_BYTES];
        diff.fill(PAIR_OFFSET, &mut pair).map_err(Error::reading(Medium::DiffArea))?;
        match Superblock::newest(&pair, CRC32C) {
            Ok((superblock, _)) => return Ok(superblock),
            Err(EngineError::Corrupt { .. }) if tries > 1 => tries -= 1,
            Err(error) => return Err(error.into()),
        }
    }
}
