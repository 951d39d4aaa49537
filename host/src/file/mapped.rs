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

use super::{Mapping, SHORT, sys};

/// What is mapped of a file, and what for.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The longest request that goes through a mapping.
    most: usize,
    /// Windows begin at its multiples; a power of two.
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
    Layout { most: 16 << 10, step: 1 << 30, window: 1 << 30, windows: 1024, locked: false };
/// To write to a disk, where the first write to a page after it was written back costs more than a
/// system call: short ones come many to a page.
const TO_DISK: Layout = Layout { most: 1 << 10, ..IN_MEMORY };
/// To read from a disk what is read again and again, with locks, which every process is given some of.
/// Windows overlap, so that no request is cut by their ends.
const LOCKED: Layout =
    Layout { most: SHORT, step: 16 << 10, window: 32 << 10, windows: 3, locked: true };
/// The least bytes of a page, on any processor.
const PAGE: usize = 4 << 10;

/// The mapped parts of a file.
#[derive(Debug)]
pub(super) struct Mapped {
    layout: Layout,
    file: Arc<fs::File>,
    protection: ProtFlags,
    windows: RwLock<Vec<Window>>,
    /// A mapping or a lock was refused, and none is asked for again.
    refused: AtomicBool,
}

/// Addresses for a part of the file, also for bytes that it does not have yet.
struct Window {
    start: u64,
    /// Invariant: the file has that many bytes from `start` on, and keeps them.
    has: usize,
    /// Of what the file has. Dropped before the bytes are.
    lock: Option<LockGuard>,
    bytes: Arc<MmapRegion>,
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
        let start = offset & !(step - 1);
        let at = (offset - start) as usize;
        let end = at + length;
        let is_long = length == 0 || length > most || end > window as usize;
        if is_long || self.refused.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let has = |window: &Window| window.start == start && end <= window.has;
        let mut windows = self.windows.read();
        let mut found = windows.iter().rposition(has);
        if found.is_none() {
            drop(windows);
            self.extend(start, start + end as u64, size()?);
            windows = self.windows.read();
            found = windows.iter().rposition(has);
        }
        let Some(nth) = found else { return Ok(false) };
        let bytes = windows[nth].bytes.as_volatile_slice().subslice(at, length);
        bytes.and_then(work).map_err(io::Error::other)?;
        Ok(true)
    }

    /// Tells the window that begins at `start` that the file has `size` bytes, if that brings it up to
    /// `end`.
    fn extend(&self, start: u64, end: u64, size: u64) {
        if end <= size {
            let has = (size - start).min(self.layout.window) as usize;
            self.with_window(start, |window| window.extend(has, self.layout.locked));
        }
    }

    /// Has the pages of what a file in memory has grown by, from `before` to `size` bytes, made and
    /// mapped: a write that is the first to a page would stop for it, and that takes longer than the
    /// write.
    ///
    /// It touches one page after the other. The kernel would map them all in one call, but keeps
    /// every thread that needs memory waiting meanwhile.
    pub(super) fn prepare(&self, before: u64, size: u64) {
        let Layout { most, step, window, .. } = self.layout;
        if most < IN_MEMORY.most {
            return;
        }
        let mut start = before - before % step;
        while start < size {
            let Some(bytes) = self.with_window(start, |window| Ok(Arc::clone(&window.bytes)))
            else {
                return;
            };
            let (from, to) = (before.max(start) - start, (size - start).min(window));
            let bytes = bytes.as_volatile_slice();
            for page in (from..to).step_by(PAGE) {
                // Whatever is there; what matters is that it was looked at.
                let _ = bytes.load::<u8>(page as usize, Ordering::Relaxed);
            }
            self.extend(start, start + to, size);
            start += step;
        }
    }

    /// Does something to the window that begins at `start`, which is mapped if it was not; none if
    /// that is refused, or there are too many.
    fn with_window<T>(
        &self,
        start: u64,
        work: impl FnOnce(&mut Window) -> io::Result<T>,
    ) -> Option<T> {
        let Layout { windows: most, locked, .. } = self.layout;
        let mut windows = self.windows.write();
        let known = windows.iter().rposition(|window| window.start == start);
        if known.is_none() && windows.len() == most {
            if !locked {
                return None;
            }
            windows.remove(0);
        }
        let done = match known {
            Some(nth) => work(&mut windows[nth]),
            None => self.window(start).and_then(|mut window| {
                let done = work(&mut window)?;
                windows.push(window);
                Ok(done)
            }),
        };
        if done.is_err() {
            self.refused.store(true, Ordering::Relaxed);
        }
        done.ok()
    }

    fn window(&self, start: u64) -> io::Result<Window> {
        let length = self.layout.window as usize;
        let place = FileOffset::from_arc(Arc::clone(&self.file), start);
        let flags = (MapFlags::SHARED | MapFlags::NORESERVE).bits() as i32;
        let protection = self.protection.bits() as i32;
        let bytes = MmapRegion::build(Some(place), length, protection, flags);
        let bytes = Arc::new(bytes.map_err(io::Error::other)?);
        Ok(Window { start, has: 0, lock: None, bytes })
    }
}

impl Window {
    /// The file has so many bytes from the window's start on, which shall be locked or not.
    fn extend(&mut self, has: usize, locked: bool) -> io::Result<()> {
        if has <= self.has {
            return Ok(());
        }
        if locked {
            self.has = 0;
            self.lock = None;
            let lock = region::lock(self.bytes.as_ptr(), has);
            self.lock = Some(lock.map_err(io::Error::other)?);
        }
        self.has = has;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
