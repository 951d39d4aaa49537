//! A file without any shadow copies: what we compare with.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use shadowvol_host::Caching;

use crate::{Buffer, Result};

/// Bytes that are written at once when a file is filled.
const PIECE: usize = 1 << 20;

/// A plain file, read and written by the system calls that we use, too.
#[derive(Debug)]
pub struct Plain(File);

impl Plain {
    /// A new file without a zero in it, so that nothing is saved on zeros.
    ///
    /// # Errors
    ///
    /// When it cannot be made or written.
    pub fn create(path: &Path, size: u64, caching: Caching) -> Result<Self> {
        File::create(path)?;
        let plain = Self::open(path, caching)?;
        plain.0.set_len(size)?;
        plain.fill()?;
        Ok(plain)
    }

    /// A new file whose space is set aside, where the file system can, and not yet written.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn reserve(path: &Path, size: u64, caching: Caching) -> Result<Self> {
        File::create(path)?;
        let plain = Self::open(path, caching)?;
        plain.0.set_len(size)?;
        #[cfg(target_os = "linux")]
        rustix::fs::fallocate(&plain.0, rustix::fs::FallocateFlags::empty(), 0, size)?;
        Ok(plain)
    }

    /// Writes all of it, in large pieces.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn fill(&self) -> Result<()> {
        let piece = Buffer::new(PIECE, 0x5a);
        let size = self.0.metadata()?.len();
        (0..size)
            .step_by(PIECE)
            .try_for_each(|at| self.write(at, &piece[..(size - at).min(PIECE as u64) as usize]))
    }

    /// A file that is there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(path: &Path, caching: Caching) -> Result<Self> {
        Self::access(path, caching, OpenOptions::new().read(true).write(true))
    }

    /// A file that is there, to be read.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open_read_only(path: &Path, caching: Caching) -> Result<Self> {
        Self::access(path, caching, OpenOptions::new().read(true))
    }

    fn access(path: &Path, caching: Caching, access: &mut OpenOptions) -> Result<Self> {
        if caching == Caching::Direct {
            direct(access)?;
        }
        Ok(Self(access.open(path)?))
    }

    /// `pread`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        Ok(self.0.read_exact_at(buffer, offset)?)
    }

    /// `pwrite`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        Ok(self.0.write_all_at(data, offset)?)
    }

    /// `copy_file_range`, which shares the blocks where the file system can.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[cfg(target_os = "linux")]
    pub fn take_over(&self, offset: u64, from: &Self, mut at: u64, length: usize) -> Result<()> {
        let (mut to, end) = (offset, offset + length as u64);
        while to < end {
            let rest = (end - to) as usize;
            let took =
                rustix::fs::copy_file_range(&from.0, Some(&mut at), &self.0, Some(&mut to), rest)?;
            if took == 0 {
                return Err("the file has ended".into());
            }
        }
        Ok(())
    }

    /// `fdatasync`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn sync(&self) -> Result<()> {
        Ok(self.0.sync_data()?)
    }
}

/// Past the page cache.
#[cfg(target_os = "linux")]
fn direct(access: &mut OpenOptions) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    access.custom_flags(rustix::fs::OFlags::DIRECT.bits().cast_signed());
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn direct(_: &mut OpenOptions) -> Result<()> {
    Err("direct I/O is measured on Linux only".into())
}
