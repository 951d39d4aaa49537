//! Small requests by way of a shared mapping: the same page cache without a system call each.
//!
//! A page of a mapping that cannot be had ends the process (`SIGBUS`). So that nobody meets this
//! but who truncates a file under us, or has asked for it:
//!
//! * Writes are served in coherent mode only, whose promise is to survive the death of the process;
//!   and only on file systems that set space aside for good, after they have done so for the whole
//!   file.
//! * Reads are served where no disk can fail, in memory, where the file has no holes.
//! * On disks, what is read again and again is locked into memory: a lock that was given is the
//!   proof that the pages are there, and they stay, so that no disk is asked for them. Where locks
//!   are refused, or their limit is reached, nothing is mapped. Without locks, and chunks as well,
//!   only for who asks for it.
//!
//! Locks end where pages are taken from the page cache by force, as a writer does that goes past it
//! (`Caching::Direct`) on the same host; then they are those of a mapping without locks.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use std::fs;
use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use region::LockGuard;
use rustix::mm::{MapFlags, ProtFlags};
use vm_memory::{
    Bytes, FileOffset, MmapRegion, VolatileMemory, VolatileMemoryError, VolatileSlice,
};

use super::{Mapping, sys};

/// What is mapped of a file, and what for.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The longest request that goes through a mapping.
    most: usize,
    /// Windows begin at its multiples.
    step: u64,
    /// Bytes of a window.
    window: u64,
    /// Windows that are kept.
    windows: usize,
    /// Whether windows are locked into memory, and those that were mapped first go when there are
    /// too many.
    locked: bool,
}

/// For files in memory, and to read where nobody minds the end of the process. Windows are
/// addresses, not memory.
const IN_MEMORY: Layout =
    Layout { most: 16 << 10, step: 64 << 20, window: 64 << 20, windows: 1024, locked: false };
/// To write to a disk, where the first write to a page after it was written back costs more than a
/// system call: short ones come many to a page.
const TO_DISK: Layout = Layout { most: 1 << 10, ..IN_MEMORY };
/// To read from a disk what is shorter than any chunk, so that it is the superblocks and the
/// journal's end, which are read again and again; with locks, which every process is given some of.
/// Windows overlap, so that no request is cut by their ends.
const LOCKED: Layout =
    Layout { most: (4 << 10) - 1, step: 16 << 10, window: 32 << 10, windows: 3, locked: true };

/// The mapped parts of a file.
#[derive(Debug)]
pub(super) struct Mapped {
    layout: Layout,
    file: Arc<fs::File>,
    protection: ProtFlags,
    windows: RwLock<Vec<Window>>,
    /// A lock was refused, and none is asked for again.
    refused: AtomicBool,
}

struct Window {
    start: u64,
    /// Dropped before the bytes are.
    _lock: Option<LockGuard>,
    /// Invariant: the file has all these bytes from `start` on, and keeps them.
    bytes: MmapRegion,
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("start", &self.start).finish_non_exhaustive()
    }
}

impl Mapped {
    /// Mappings to write to this file, if its file system keeps what it has set aside, and can set
    /// aside `size` bytes.
    pub(super) fn to_write(file: &fs::File, size: u64) -> Option<Self> {
        let layout = match sys::keeps_reserved_space(file)? {
            sys::Storage::Memory => IN_MEMORY,
            sys::Storage::Disk => TO_DISK,
        };
        if !sys::reserve(file, size) {
            return None;
        }
        Self::new(file, layout, ProtFlags::READ | ProtFlags::WRITE)
    }

    /// Mappings to read this file, if that is wanted for where it lies.
    pub(super) fn to_read(file: &fs::File, mapping: Mapping) -> Option<Self> {
        let storage = sys::storage(file);
        let layout = match (mapping, storage) {
            (Mapping::Never, _) | (Mapping::Auto, None) => return None,
            (_, Some(sys::Storage::Memory)) | (Mapping::Always, _) => IN_MEMORY,
            (Mapping::Auto, Some(sys::Storage::Disk)) => LOCKED,
        };
        // In memory, even to read from a hole asks for space, which there may be none of.
        let is_whole = || sys::facts(file).is_ok_and(|facts| facts.allocated >= facts.size);
        let can_be_mapped = storage == Some(sys::Storage::Disk) || is_whole();
        can_be_mapped.then(|| Self::new(file, layout, ProtFlags::READ))?
    }

    fn new(file: &fs::File, layout: Layout, protection: ProtFlags) -> Option<Self> {
        let file = Arc::new(file.try_clone().ok()?);
        let (windows, refused) = (RwLock::default(), AtomicBool::new(false));
        Some(Self { layout, file, protection, windows, refused })
    }

    /// Writes through a mapping; false when this write cannot go that way. The caller has checked
    /// that it lies in the file's `size`.
    pub(super) fn write(&self, offset: u64, data: &[u8], size: u64) -> io::Result<bool> {
        self.with(offset, data.len(), || Ok(size), |bytes| bytes.write_slice(data, 0))
    }

    /// Reads through a mapping; false when this read cannot go that way, which the file's end may
    /// be a reason for.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<bool> {
        let size = || Ok(sys::facts(&self.file)?.size);
        let read = self.with(offset, buffer.len(), size, |bytes| bytes.read_slice(buffer, 0));
        // A later read must not be answered from before this one (contract 2).
        fence(Ordering::Acquire);
        read
    }

    /// Does something to mapped bytes, if they can be had; `size` says how many bytes of the file
    /// can be mapped, when that has to be known.
    fn with(
        &self,
        offset: u64,
        length: usize,
        size: impl FnOnce() -> io::Result<u64>,
        work: impl FnOnce(VolatileSlice<'_>) -> Result<(), VolatileMemoryError>,
    ) -> io::Result<bool> {
        let Layout { most, step, window, .. } = self.layout;
        let start = offset - offset % step;
        let at = (offset - start) as usize;
        let end = at + length;
        let is_long = length == 0 || length > most || end > window as usize;
        if is_long || self.refused.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let has = |window: &Window| window.start == start && end <= window.bytes.size();
        let mut windows = self.windows.read();
        let mut found = windows.iter().rposition(has);
        if found.is_none() {
            drop(windows);
            self.map(start, end, size()?)?;
            windows = self.windows.read();
            found = windows.iter().rposition(has);
        }
        let Some(nth) = found else { return Ok(false) };
        let bytes = windows[nth].bytes.as_volatile_slice().subslice(at, length);
        bytes.and_then(work).map_err(io::Error::other)?;
        Ok(true)
    }

    /// Maps the window that begins at `start`, or maps it anew because the file has grown, if that
    /// brings its bytes up to `end`.
    fn map(&self, start: u64, end: usize, size: u64) -> io::Result<()> {
        let Layout { window, windows: most, locked, .. } = self.layout;
        let length = size.saturating_sub(start).min(window) as usize;
        let mut windows = self.windows.write();
        let known = windows.iter().rposition(|window| window.start == start);
        let is_there = known.is_some_and(|nth| end <= windows[nth].bytes.size());
        let is_full = known.is_none() && windows.len() == most;
        if is_there || is_full && !locked || end > length {
            return Ok(());
        }
        let new = self.window(start, length, MapFlags::empty());
        if locked && new.is_err() {
            self.refused.store(true, Ordering::Relaxed);
        }
        let new = new?;
        if let Some(nth) = known.or(is_full.then_some(0)) {
            windows.remove(nth);
        }
        windows.push(new);
        Ok(())
    }

    /// Maps what a file in memory has grown by, from `before` to `size` bytes, with all its pages:
    /// a write that is the first to a page would stop for it, and that takes longer than the write.
    pub(super) fn prepare(&self, before: u64, size: u64) -> io::Result<()> {
        if self.layout.most < IN_MEMORY.most {
            return Ok(());
        }
        let Layout { step, window, windows: most, .. } = self.layout;
        let mut start = before - before % step;
        while start < size {
            let length = (size - start).min(window) as usize;
            let new = self.window(start, length, MapFlags::POPULATE)?;
            let mut windows = self.windows.write();
            let known = windows.iter().rposition(|window| window.start == start);
            let old = known.map(|nth| windows.swap_remove(nth));
            if windows.len() < most {
                windows.push(new);
            }
            drop(windows);
            // It takes a while, which no write should wait for.
            drop(old);
            start += step;
        }
        Ok(())
    }

    /// A window that is locked, if those of this file are.
    fn window(&self, start: u64, length: usize, more: MapFlags) -> io::Result<Window> {
        let place = FileOffset::from_arc(Arc::clone(&self.file), start);
        let protection = self.protection.bits() as i32;
        let flags = (MapFlags::SHARED | MapFlags::NORESERVE | more).bits() as i32;
        let bytes = MmapRegion::build(Some(place), length, protection, flags);
        let bytes = bytes.map_err(io::Error::other)?;
        let lock = self.layout.locked.then(|| region::lock(bytes.as_ptr(), length));
        Ok(Window { start, _lock: lock.transpose().map_err(io::Error::other)?, bytes })
    }
}

#[cfg(test)]
mod tests;
