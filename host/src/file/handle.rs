//! An open file: what reading it needs, whoever it is open for.

use core::sync::atomic::{Ordering, fence};
use std::fs;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use shadowvol::backend::PastEnd;

use super::direct::Direct;
use super::sys::Facts;
use super::{Action, Caching, FileError, MediumKind, sys};

#[derive(Debug)]
pub(super) struct Handle {
    pub(super) path: PathBuf,
    pub(super) medium: MediumKind,
    /// By way of the page cache.
    pub(super) file: fs::File,
    /// Past it, where that was asked for or is needed.
    pub(super) direct: Option<Direct>,
    /// Whether what is read of it by way of the page cache is what was written last, whoever wrote it and
    /// whichever way.
    pub(super) is_cache_true: bool,
}

impl Handle {
    pub(super) fn open(
        path: &Path,
        access: &mut fs::OpenOptions,
        caching: Caching,
    ) -> Result<Self, FileError> {
        let failed = |source| FileError::Io { action: Action::Open, path: path.into(), source };
        // Asked before opening, which waits for ever on a pipe.
        let file_type = fs::metadata(path).map_err(failed)?.file_type();
        if !file_type.is_file() && !sys::is_block_device(file_type) {
            return Err(FileError::NotAMedium { path: path.into() });
        }
        let file = access.open(path).map_err(failed)?;
        let medium = MediumKind::of(path, &file).map_err(failed)?;
        let direct = if caching.is_direct(medium) {
            let opened = sys::open_direct(path, access).and_then(Direct::new);
            let refused = |source| FileError::NoDirect { path: path.into(), medium, source };
            Some(opened.map_err(refused)?)
        } else {
            None
        };
        let is_cache_true = medium == MediumKind::LocalFile && sys::is_written_here(&file);
        Ok(Self { path: path.into(), medium, file, direct, is_cache_true })
    }

    pub(super) fn size(&self) -> Result<u64, FileError> {
        let size = match self.medium {
            MediumKind::BlockDevice => (&self.file).seek(SeekFrom::End(0)),
            _ => sys::facts(&self.file).map(|facts| facts.size),
        };
        size.map_err(|source| self.failed(Action::Inspect, source))
    }

    pub(super) fn facts(&self) -> Result<Facts, FileError> {
        sys::facts(&self.file).map_err(|source| self.failed(Action::Inspect, source))
    }

    pub(super) fn metadata(&self) -> Result<fs::Metadata, FileError> {
        self.file.metadata().map_err(|source| self.failed(Action::Inspect, source))
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FileError> {
        self.read_by(self.direct.as_ref(), offset, buffer)
    }

    /// Reads by way of the page cache, whatever way others go.
    pub(super) fn read_cached(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FileError> {
        self.read_by(None, offset, buffer)
    }

    fn read_by(
        &self,
        direct: Option<&Direct>,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), FileError> {
        let length = buffer.len() as u64;
        let mut read = self.try_read(direct, offset, buffer);
        if matches!(&read, Err(error) if error.kind() == ErrorKind::UnexpectedEof) {
            PastEnd::check(offset, length, self.size()?).map_err(|range| self.past_end(range))?;
            // The file may have grown since, or a network file system learned only now that it has.
            read = self.try_read(direct, offset, buffer);
        }
        read.map_err(|source| self.failed(Action::Read { offset, length }, source))?;
        // A later read must not be answered from before this one (contract 2).
        fence(Ordering::Acquire);
        Ok(())
    }

    fn try_read(&self, direct: Option<&Direct>, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match direct {
            Some(direct) => direct.read(offset, buffer),
            None => sys::read_exact(&self.file, buffer, offset, 1),
        }
    }

    /// Where data begins from `offset` on. Only who shares the page cache with all that write knows.
    pub(super) fn next_data(&self, offset: u64) -> Result<u64, FileError> {
        if self.direct.is_some() || self.medium == MediumKind::BlockDevice {
            return Ok(offset);
        }
        let size = self.size()?;
        let next = if offset < size { sys::next_data(&self.file, offset) } else { None };
        // As in `read`.
        fence(Ordering::Acquire);
        Ok(next.unwrap_or(offset).clamp(offset, size.max(offset)))
    }

    /// As [`shadowvol::backend::ReadAt::is_never_stale`], for whole requests of any length.
    pub(super) const fn is_never_stale(&self) -> bool {
        self.is_cache_true && self.direct.is_none()
    }

    /// Bytes of the unit in which holes are punched.
    pub(super) fn block(&self) -> u64 {
        self.direct.as_ref().map_or(4096, |direct| direct.block().max(4096))
    }

    pub(super) fn failed(&self, action: Action, source: io::Error) -> FileError {
        FileError::Io { action, path: self.path.clone(), source }
    }

    pub(super) fn past_end(&self, range: PastEnd) -> FileError {
        FileError::PastEnd { path: self.path.clone(), range }
    }
}
