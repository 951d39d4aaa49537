//! Small requests by way of a shared mapping: the same page cache without a system call each.
//!
//! A page of a mapping that cannot be had ends the process (`SIGBUS`). So that nobody meets this
//! but who truncates a file under us, or has asked for it:
//!
//! * Writes are served in coherent mode only, whose promise is to survive the death of the process;
//!   and only on file systems that set space aside for good, after they have done so for the whole
//!   file.
//! * Reads are served where no disk can fail, in memory, where the file has no holes;
//!   elsewhere only for who asks for it.

use core::sync::atomic::{Ordering, fence};
use std::fs;
use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use rustix::mm::{MapFlags, ProtFlags};
use vm_memory::{
    Bytes, FileOffset, MmapRegion, VolatileMemory, VolatileMemoryError, VolatileSlice,
};

use super::{Mapping, sys};

/// The longest request that goes through a mapping of a file in memory.
const MOST_IN_MEMORY: usize = 16 << 10;
/// The longest write to a file on a disk, where the first one to a page after it was written back
/// costs more than a system call: short ones come many to a page.
const MOST_TO_DISK: usize = 1 << 10;
/// The longest read of a file on a disk: shorter than any chunk, so that it is the superblocks and
/// the journal's end, which are read again and again.
const MOST_FROM_DISK: usize = (4 << 10) - 1;
/// Bytes that are mapped at once; addresses, not memory.
const WINDOW: u64 = 64 << 20;
/// Windows that are kept.
const WINDOWS: usize = 1024;

/// The mapped parts of a file.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The longest request that goes through a mapping.
    most: usize,
    file: Arc<fs::File>,
    protection: ProtFlags,
    windows: RwLock<Vec<Window>>,
}

#[derive(Debug)]
struct Window {
    start: u64,
    /// Invariant: the file has all these bytes from `start` on, and keeps them.
    bytes: MmapRegion,
}

impl Mapped {
    /// Mappings to write to this file, if its file system keeps what it has set aside, and can set
    /// aside `size` bytes.
    pub(super) fn to_write(file: &fs::File, size: u64) -> Option<Self> {
        let most = match sys::keeps_reserved_space(file)? {
            sys::Storage::Memory => MOST_IN_MEMORY,
            sys::Storage::Disk => MOST_TO_DISK,
        };
        if !sys::reserve(file, size) {
            return None;
        }
        Self::new(file, most, ProtFlags::READ | ProtFlags::WRITE)
    }

    /// Mappings to read this file, if that is wanted for where it lies.
    pub(super) fn to_read(file: &fs::File, mapping: Mapping) -> Option<Self> {
        let most = match (mapping, sys::keeps_reserved_space(file)) {
            (Mapping::Never, _) => return None,
            (_, Some(sys::Storage::Memory)) => MOST_IN_MEMORY,
            (Mapping::Always, _) => MOST_FROM_DISK,
            (Mapping::Auto, _) => return None,
        };
        // The first touch of a hole asks for space, which there may be none of.
        let is_whole = || sys::facts(file).is_ok_and(|facts| facts.allocated >= facts.size);
        is_whole().then(|| Self::new(file, most, ProtFlags::READ))?
    }

    fn new(file: &fs::File, most: usize, protection: ProtFlags) -> Option<Self> {
        let file = Arc::new(file.try_clone().ok()?);
        Some(Self { most, file, protection, windows: RwLock::default() })
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
        let start = offset - offset % WINDOW;
        let at = (offset - start) as usize;
        let end = at + length;
        if length == 0 || length > self.most || end > WINDOW as usize {
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
        let length = size.saturating_sub(start).min(WINDOW) as usize;
        let mut windows = self.windows.write();
        let known = windows.iter().rposition(|window| window.start == start);
        let is_there = known.is_some_and(|nth| end <= windows[nth].bytes.size());
        let is_full = known.is_none() && windows.len() == WINDOWS;
        if is_there || is_full || end > length {
            return Ok(());
        }
        let bytes = self.region(start, length, MapFlags::empty())?;
        if let Some(nth) = known {
            windows.swap_remove(nth);
        }
        windows.push(Window { start, bytes });
        Ok(())
    }

    /// Maps what a file in memory has grown by, from `before` to `size` bytes, with all its pages:
    /// a write that is the first to a page would stop for it, and that takes longer than the write.
    pub(super) fn prepare(&self, before: u64, size: u64) -> io::Result<()> {
        if self.most < MOST_IN_MEMORY {
            return Ok(());
        }
        let mut start = before - before % WINDOW;
        while start < size {
            let length = (size - start).min(WINDOW) as usize;
            let bytes = self.region(start, length, MapFlags::POPULATE)?;
            let mut windows = self.windows.write();
            let known = windows.iter().rposition(|window| window.start == start);
            let old = known.map(|nth| windows.swap_remove(nth));
            if windows.len() < WINDOWS {
                windows.push(Window { start, bytes });
            }
            drop(windows);
            // It takes a while, which no write should wait for.
            drop(old);
            start += WINDOW;
        }
        Ok(())
    }

    fn region(&self, start: u64, length: usize, more: MapFlags) -> io::Result<MmapRegion> {
        let place = FileOffset::from_arc(Arc::clone(&self.file), start);
        let protection = self.protection.bits() as i32;
        let flags = (MapFlags::SHARED | MapFlags::NORESERVE | more).bits() as i32;
        MmapRegion::build(Some(place), length, protection, flags).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    //! What a file in memory has grown by, where there is such a file system.

    use std::path::Path;

    use super::super::{Durability, File, FileOptions};
    use super::*;
    use shadowvol::backend::{ReadAt, WriteAt};

    const PAGE: u64 = 4096;

    /// Pages that this thread had to be given when it touched them.
    fn faults() -> u64 {
        let stat = fs::read_to_string("/proc/thread-self/stat").expect("what the kernel counts");
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        fields.split_whitespace().nth(7).and_then(|count| count.parse().ok()).expect("a number")
    }

    #[test]
    fn no_write_to_what_a_file_has_grown_by_waits_for_its_page() {
        let memory = Path::new("/dev/shm");
        let Ok(folder) = tempfile::tempdir_in(memory) else {
            println!("skipped: there is no {}", memory.display());
            return;
        };
        let durability = Durability::Coherent;
        let options = FileOptions { durability, map_small_writes: true, ..FileOptions::default() };
        let file = File::create(folder.path().join("grows"), PAGE, options).expect("a file");
        if file.mapped.as_ref().is_none_or(|mapped| mapped.most < MOST_IN_MEMORY) {
            println!("skipped: {} is no memory", memory.display());
            return;
        }
        file.write_at(0, &[1; PAGE as usize]).expect("room");
        // The last step begins within a window that is in use, and ends in the next one.
        let (before, size) = (WINDOW - 512 * PAGE, WINDOW + 512 * PAGE);
        for size in [before, size] {
            assert_eq!(file.grow(size).expect("room"), size);
        }
        let had = faults();
        for page in before / PAGE..size / PAGE {
            file.write_at(page * PAGE, &[2; PAGE as usize]).expect("room");
        }
        let more = faults() - had;
        assert!(more < 100, "{more} of 1024 writes waited");

        let mut bytes = [0; PAGE as usize];
        for (page, byte) in [(0, 1), (before / PAGE, 2), (size / PAGE - 1, 2), (9, 0)] {
            file.read_at(page * PAGE, &mut bytes).expect("a page");
            assert!(bytes.iter().all(|&found| found == byte), "page {page}");
        }
    }
}
