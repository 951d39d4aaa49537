//! Small writes by way of a shared mapping: the same page cache without a system call each.
//!
//! It serves coherent mode only, whose promise is to survive the death of the process: a page of
//! a mapping that cannot be had, because somebody has truncated the file or the disk fails, ends
//! the process (`SIGBUS`). So that a full disk is not such a case, only file systems are mapped
//! that set space aside for good, and only after they have done so for the whole file.

#![expect(unsafe_code, reason = "no crate offers a shared mapping that several may write to")]

use core::ptr;
use std::fs;
use std::io;

use memmap2::{MmapOptions, MmapRaw};
use parking_lot::Mutex;

use super::sys;

/// The longest write that goes through a mapping of a file in memory.
const MOST_IN_MEMORY: usize = 16 << 10;
/// The same for a file on a disk, where the first write to a page after it was written back costs
/// more than a system call: short ones come many to a page.
const MOST_ON_DISK: usize = 1 << 10;
/// Bytes that are mapped at once; addresses, not memory.
const WINDOW: u64 = 64 << 20;
/// Windows that are kept.
const WINDOWS: usize = 1024;

/// The mapped parts of a file.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The longest write that goes through a mapping.
    most: usize,
    windows: Mutex<Vec<Window>>,
}

#[derive(Debug)]
struct Window {
    start: u64,
    /// Invariant: the file has all these bytes from `start` on, and keeps them.
    bytes: MmapRaw,
}

impl Mapped {
    /// Mappings of this file, if its file system keeps what it has set aside, and can set aside
    /// `size` bytes.
    pub(super) fn of(file: &fs::File, size: u64) -> Option<Self> {
        let most = match sys::keeps_reserved_space(file)? {
            sys::Storage::Memory => MOST_IN_MEMORY,
            sys::Storage::Disk => MOST_ON_DISK,
        };
        sys::reserve(file, size).then(|| Self { most, windows: Mutex::default() })
    }

    /// Writes through a mapping; false when this write cannot go that way. The caller has checked
    /// that it lies in the file's `size`.
    pub(super) fn write(
        &self,
        file: &fs::File,
        offset: u64,
        data: &[u8],
        size: u64,
    ) -> io::Result<bool> {
        let start = offset - offset % WINDOW;
        let at = (offset - start) as usize;
        let end = at + data.len();
        if data.len() > self.most || end > WINDOW as usize {
            return Ok(false);
        }
        let mut windows = self.windows.lock();
        let known = windows.iter().rposition(|window| window.start == start);
        let nth = match known {
            Some(nth) if end <= windows[nth].bytes.len() => nth,
            None if windows.len() == WINDOWS => return Ok(false),
            _ => {
                let length = (size - start).min(WINDOW) as usize;
                let bytes = MmapOptions::new().offset(start).len(length).map_raw(file)?;
                // The file has grown since the window was mapped, or it is a new one.
                if let Some(nth) = known {
                    windows.swap_remove(nth);
                }
                windows.push(Window { start, bytes });
                windows.len() - 1
            }
        };
        let window = &windows[nth];
        // SAFETY: the destination lies in the window, as was just seen to, and the mapping lives as
        // long as the lock is held. No reference into a mapping is ever made, so the source cannot
        // overlap it, and the lock keeps other writers of this file away. Readers use the kernel.
        unsafe {
            ptr::copy_nonoverlapping(data.as_ptr(), window.bytes.as_mut_ptr().add(at), data.len());
        }
        Ok(true)
    }
}
