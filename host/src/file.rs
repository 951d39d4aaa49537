//! Regular files and block devices as media.
//!
//! [`File`] is what an active node writes, [`ReadOnlyFile`] what a passive node reads; the second
//! has no method for writing (invariant 7).
//!
//! # How the contract of [`shadowvol::backend`] is kept
//!
//! 1. *Acknowledged writes are seen.* All nodes of one host share its page cache, so buffered I/O
//!    will do on a local file. Where another host may read or write ([`MediumKind::is_shared`]),
//!    [`Caching::Auto`] reads and writes past the page cache: an acknowledged write is on the
//!    medium, and a read asks the medium. Where that is impossible, opening fails. Whoever asks for
//!    [`Caching::Buffered`] vouches that all nodes run on this host.
//! 2. *Barriers.* [`Durability::Durable`]: the operating system's flush of data, size and drive
//!    cache (`fdatasync`, `F_FULLFSYNC`, `FlushFileBuffers`). [`Durability::Coherent`]: promise 1
//!    already orders acknowledged writes for every reader, so nothing is left to do but to keep
//!    the processor from reordering; power loss may take anything. It is refused on remote file
//!    systems, which may hold back writes in ways that we cannot see. A barrier that fails is never
//!    tried again: every later one on the same [`File`] fails too.
//! 3. *Tearing.* Writes smaller than a block of direct I/O rewrite the rest of their blocks with
//!    the bytes that are there; writers through one [`File`] exclude each other for that. Two
//!    `File`s that write to one block can lose bytes: use one, sliced
//!    ([`shadowvol::backend::Slice`]).
//! 4. *Foreign caches* are bypassed as told under 1.
//! 5. *Sizes* only grow. Space for growth is set aside where the file system can, so that a full
//!    disk shows when growing and not later; in durable mode the new size is durable before
//!    [`WriteAt::grow`] returns. Devices keep their size.
//!
//! On systems other than Linux there are regular files only, without direct I/O, and growth sets no
//! space aside.

mod claims;
mod direct;
mod error;
mod handle;
mod kind;
#[cfg_attr(not(all(target_os = "linux", target_pointer_width = "64")), path = "file/unmapped.rs")]
mod mapped;
mod sys;

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use std::fs;
use std::path::Path;

use parking_lot::Mutex;
use shadowvol::backend::{PastEnd, ReadAt, WriteAt};

use self::direct::Direct;
use self::handle::Handle;
use self::mapped::Mapped;

pub use self::error::{Action, FileError};
pub use self::kind::MediumKind;
pub(crate) use self::sys::{Facts, create_with};

/// A request that is no longer is shorter than any chunk: it is for the superblocks or the journal's
/// end, which are read again and again.
const SHORT: usize = (4 << 10) - 1;

/// Held while a file is made ready for writes to what it has grown by.
static PREPARING: Mutex<()> = Mutex::new(());

/// What survives what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// What a barrier covered survives the loss of power.
    #[default]
    Durable,
    /// What was acknowledged survives the death of the process, not that of the host.
    Coherent,
}

/// Whether the host's page cache is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Caching {
    /// Where no other host can have a hand in it.
    #[default]
    Auto,
    /// In any case; the caller knows that all nodes run on this host.
    Buffered,
    /// In no case, but for what a reader looks at again and again: see [`Mapping`].
    Direct,
}

impl Caching {
    const fn is_direct(self, medium: MediumKind) -> bool {
        match self {
            Self::Auto => medium.is_shared(),
            Self::Buffered => false,
            Self::Direct => true,
        }
    }
}

/// Whether small requests to a [`ReadOnlyFile`] go a shorter way: on Linux, to a local file, through
/// a shared mapping of the page cache, which spares a system call for each.
///
/// A page of a mapping that cannot be had ends the process (`SIGBUS`). A file that is read past the
/// page cache is not mapped; what is read of it again and again comes from the page cache all the
/// same, which spares the disk, and which writers on this host keep true, whichever way they go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Where a page is lost to nobody but who truncates the file: in memory (tmpfs), where no disk
    /// can fail; and on ext4, XFS and Btrfs what is read again and again, which is locked into
    /// memory, as far as the process may lock some.
    #[default]
    Auto,
    /// On all local disks, and without locks, chunks as well: a page that was driven out of memory
    /// and cannot be read again ends the process.
    Always,
    /// In no case.
    Never,
}

/// How a [`File`] is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileOptions {
    /// What a barrier promises.
    pub durability: Durability,
    /// Whether the page cache is used.
    pub caching: Caching,
    /// Whether small writes may go through a shared mapping, where that is as good: on Linux, in
    /// coherent mode, on tmpfs, ext4 and XFS. Truncating the file then ends the process.
    pub map_small_writes: bool,
}

/// A file or block device to read and write.
#[derive(Debug)]
pub struct File {
    handle: Handle,
    durability: Durability,
    mapped: Option<Mapped>,
    /// A size that the file had; it has no less now (contract 5).
    known_size: AtomicU64,
    growing: Mutex<()>,
    /// Whether a flush has failed. Flushes take turns: of two at once, the operating system would
    /// tell only one of a failure that concerns both.
    flush_failed: Mutex<bool>,
}

impl File {
    /// Opens a file or device that exists.
    ///
    /// # Errors
    ///
    /// When the operating system refuses, the path names neither, direct I/O is needed and not
    /// offered, or [`Durability::Coherent`] is asked for on a remote file system.
    pub fn open(path: impl AsRef<Path>, options: FileOptions) -> Result<Self, FileError> {
        let mut access = fs::OpenOptions::new();
        let handle = Handle::open(path.as_ref(), access.read(true).write(true), options.caching)?;
        let remote = matches!(handle.medium, MediumKind::RemoteFile { .. });
        if remote && options.durability == Durability::Coherent {
            return Err(FileError::NotCoherent { path: handle.path, medium: handle.medium });
        }
        let size = handle.size()?;
        let mappable = options.map_small_writes
            && options.durability == Durability::Coherent
            && handle.direct.is_none()
            && handle.medium == MediumKind::LocalFile;
        let mapped = mappable.then(|| Mapped::to_write(&handle.file, size)).flatten();
        let known_size = AtomicU64::new(size);
        Ok(Self {
            handle,
            durability: options.durability,
            mapped,
            known_size,
            growing: Mutex::new(()),
            flush_failed: Mutex::new(false),
        })
    }

    /// Makes a file of `size` zeros, without setting space aside, and opens it. In durable mode it
    /// survives the loss of power from then on.
    ///
    /// # Errors
    ///
    /// When there is one already, and as [`File::open`]; no file is left behind.
    pub fn create(
        path: impl AsRef<Path>,
        size: u64,
        options: FileOptions,
    ) -> Result<Self, FileError> {
        Self::make(path.as_ref(), size, options, None)
    }

    /// Makes an empty file as [`File::create`], which nobody can read or write who cannot do the
    /// same to `like`: it is for that one's bytes.
    pub(crate) fn create_beside(
        path: &Path,
        like: &Self,
        options: FileOptions,
    ) -> Result<Self, FileError> {
        Self::make(path, 0, options, Some(like.handle.metadata()?.permissions()))
    }

    fn make(
        path: &Path,
        size: u64,
        options: FileOptions,
        permissions: Option<fs::Permissions>,
    ) -> Result<Self, FileError> {
        let failed = |source| FileError::Io { action: Action::Create, path: path.into(), source };
        let mut access = fs::OpenOptions::new();
        access.write(true).create_new(true);
        if let Some(permissions) = permissions {
            create_with(&mut access, permissions);
        }
        let new = access.open(path).map_err(failed)?;
        let made = new.set_len(size).map_err(failed).and_then(|()| {
            let file = Self::open(path, options)?;
            if options.durability == Durability::Durable {
                new.sync_all().and_then(|()| sys::sync_parent(path)).map_err(failed)?;
            }
            Ok(file)
        });
        if made.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        made
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    /// What sort of medium it is.
    #[must_use]
    pub const fn medium(&self) -> MediumKind {
        self.handle.medium
    }

    /// Whether it bypasses the page cache.
    #[must_use]
    pub const fn is_direct(&self) -> bool {
        self.handle.direct.is_some()
    }

    /// What its barriers promise.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn facts(&self) -> Result<Facts, FileError> {
        self.handle.facts()
    }

    /// Makes durable what was written, whatever a barrier promises.
    pub(crate) fn settle(&self) -> Result<(), FileError> {
        self.flush()
    }

    /// As if a barrier had failed.
    #[cfg(test)]
    pub(crate) fn lose_barrier(&self) {
        *self.flush_failed.lock() = true;
    }

    /// Checks a request, asking the operating system only when it reaches past the size known.
    fn check(&self, offset: u64, length: u64) -> Result<u64, FileError> {
        let known = self.known_size.load(Ordering::Relaxed);
        if PastEnd::check(offset, length, known).is_ok() {
            return Ok(known);
        }
        let size = self.handle.size()?;
        PastEnd::check(offset, length, size).map_err(|range| self.handle.past_end(range))?;
        self.known_size.fetch_max(size, Ordering::Relaxed);
        Ok(size)
    }

    fn write_direct(
        &self,
        direct: &Direct,
        offset: u64,
        data: &[u8],
        size: u64,
    ) -> Result<(), FileError> {
        let length = data.len() as u64;
        let failed = |source| self.handle.failed(Action::Write { offset, length }, source);
        let claimed = direct.claim(offset, length);
        let (blocks, tail) = direct.split(offset, data, size);
        direct.write(&claimed, offset, blocks).map_err(failed)?;
        if tail.is_empty() {
            return Ok(());
        }
        sys::write_all(&self.handle.file, tail, offset + blocks.len() as u64).map_err(failed)?;
        self.flush()
    }

    fn zero(&self, range: Range<u64>) -> Result<(), FileError> {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let mut at = range.start;
        while at < range.end {
            let length = (range.end - at).min(ZEROS.len() as u64);
            self.write_at(at, &ZEROS[..length as usize])?;
            at += length;
        }
        Ok(())
    }

    /// Flushes, once and for all: after a failure the pages that could not be written count as
    /// clean, and a second flush would succeed without them.
    fn flush(&self) -> Result<(), FileError> {
        let mut failed = self.flush_failed.lock();
        if *failed {
            return Err(FileError::BarrierLost { path: self.handle.path.clone() });
        }
        self.handle.file.sync_data().map_err(|source| {
            *failed = true;
            self.handle.failed(Action::Barrier, source)
        })
    }
}

impl ReadAt for File {
    type Error = FileError;

    fn size(&self) -> Result<u64, FileError> {
        self.handle.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FileError> {
        self.handle.read(offset, buffer)
    }

    fn next_data(&self, offset: u64) -> Result<u64, FileError> {
        self.handle.next_data(offset)
    }

    fn is_never_stale(&self) -> bool {
        self.handle.is_never_stale()
    }
}

impl WriteAt for File {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), FileError> {
        let length = data.len() as u64;
        let size = self.check(offset, length)?;
        if let Some(direct) = &self.handle.direct {
            return self.write_direct(direct, offset, data, size);
        }
        if let Some(mapped) = &self.mapped
            && mapped
                .write(offset, data, size)
                .map_err(|source| self.handle.failed(Action::Write { offset, length }, source))?
        {
            return Ok(());
        }
        sys::write_all(&self.handle.file, data, offset)
            .map_err(|source| self.handle.failed(Action::Write { offset, length }, source))
    }

    fn barrier(&self) -> Result<(), FileError> {
        match self.durability {
            Durability::Durable => self.flush(),
            Durability::Coherent => {
                fence(Ordering::Release);
                Ok(())
            }
        }
    }

    fn grow(&self, size: u64) -> Result<u64, FileError> {
        let _growing = self.growing.lock();
        let now = self.handle.size()?;
        if size <= now || self.handle.medium == MediumKind::BlockDevice {
            return Ok(now);
        }
        let failed = |source| self.handle.failed(Action::Grow { size }, source);
        // To try in vain would leave no space to anybody for a while.
        sys::check_space(&self.handle.file, size - now).map_err(failed)?;
        if let Err(source) = sys::allocate(&self.handle.file, now, size) {
            // Some file systems keep what they had found when they ran out of space: all there was.
            let _ = self.handle.file.set_len(now);
            return Err(failed(source));
        }
        if self.durability == Durability::Durable {
            self.flush()?;
        }
        self.handle.size()
    }

    fn prepare(&self, offset: u64, length: u64) {
        let Some(mapped) = &self.mapped else { return };
        // Many volumes that grow at the same time would take all processors from their writers.
        let Some(_only_one) = PREPARING.try_lock() else { return };
        mapped.prepare(offset, offset + length);
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), FileError> {
        self.check(offset, length)?;
        let end = offset + length;
        let block = self.handle.block();
        let (first, last) = (offset.next_multiple_of(block), end - end % block);
        if first >= last {
            return self.zero(offset..end);
        }
        self.zero(offset..first)?;
        let Handle { file, direct, .. } = &self.handle;
        let claim = direct.as_ref().map(|direct| direct.claim(first, last - first));
        let punched = sys::punch_hole(file, first, last - first)
            .map_err(|source| self.handle.failed(Action::Punch { offset, length }, source))?;
        drop(claim);
        if !punched {
            self.zero(first..last)?;
        }
        self.zero(last..end)
    }
}

/// A file or block device that can only be read.
#[derive(Debug)]
pub struct ReadOnlyFile {
    handle: Handle,
    shorter: Option<Shorter>,
}

/// The way of small requests.
#[derive(Debug)]
enum Shorter {
    Mapped(Mapped),
    /// By way of the page cache, where all others go past it.
    Cached,
}

impl ReadOnlyFile {
    /// Opens a file or device that exists.
    ///
    /// # Errors
    ///
    /// When the operating system refuses, the path names neither, or direct I/O is needed and not
    /// offered.
    pub fn open(path: impl AsRef<Path>, caching: Caching) -> Result<Self, FileError> {
        let mut access = fs::OpenOptions::new();
        Ok(Self { handle: Handle::open(path.as_ref(), access.read(true), caching)?, shorter: None })
    }

    /// Has small reads go a shorter way from now on, if there is one.
    #[must_use]
    pub fn map_small_reads(self, mapping: Mapping) -> Self {
        let Handle { file, medium, direct, is_cache_true, .. } = &self.handle;
        let shorter = match (medium, direct) {
            (MediumKind::LocalFile, None) => Mapped::to_read(file, mapping).map(Shorter::Mapped),
            (MediumKind::LocalFile, Some(_)) => {
                let cached = mapping != Mapping::Never && *is_cache_true;
                cached.then_some(Shorter::Cached)
            }
            _ => None,
        };
        Self { shorter, ..self }
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    /// What sort of medium it is.
    #[must_use]
    pub const fn medium(&self) -> MediumKind {
        self.handle.medium
    }

    /// Whether it bypasses the page cache.
    #[must_use]
    pub const fn is_direct(&self) -> bool {
        self.handle.direct.is_some()
    }

    pub(crate) fn facts(&self) -> Result<Facts, FileError> {
        self.handle.facts()
    }
}

impl ReadAt for ReadOnlyFile {
    type Error = FileError;

    fn size(&self) -> Result<u64, FileError> {
        self.handle.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FileError> {
        match &self.shorter {
            Some(Shorter::Mapped(mapped)) if matches!(mapped.read(offset, buffer), Ok(true)) => {
                Ok(())
            }
            Some(Shorter::Cached) if buffer.len() <= SHORT => {
                self.handle.read_cached(offset, buffer)
            }
            _ => self.handle.read(offset, buffer),
        }
    }

    fn next_data(&self, offset: u64) -> Result<u64, FileError> {
        self.handle.next_data(offset)
    }

    fn is_never_stale(&self) -> bool {
        matches!(self.shorter, Some(Shorter::Cached)) || self.handle.is_never_stale()
    }
}
