//! System calls, one meaning each on every operating system.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(target_os = "linux")]
#[path = "sys/linux.rs"]
mod os;
#[cfg(not(target_os = "linux"))]
#[path = "sys/other.rs"]
mod os;

pub(super) use os::{
    alignment, allocate, check_space, facts, is_block_device, is_written_here, next_data,
    open_direct, punch_hole, remote_file_system,
};

#[cfg(target_os = "linux")]
pub(super) use os::{keeps_reserved_space, reserve, storage};

/// Where a file system keeps bytes.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// In memory.
    Memory,
    /// On a disk.
    Disk,
}

/// What the file system tells of an open file, as its server has it now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// 0 for a device.
    pub(crate) size: u64,
    /// Bytes that are set aside for it.
    #[cfg(target_os = "linux")]
    pub(crate) allocated: u64,
    /// Last modification in nanoseconds from 1970.
    pub(crate) modified: i64,
    /// 0 where there is none.
    pub(crate) inode: u64,
    /// The device that it lies on, 0 where unknown.
    pub(crate) device: u64,
    /// The device that it is, 0 for a file.
    pub(crate) itself: u64,
}

impl Facts {
    /// Whether both are of one file or device, by whatever names. Where files have no numbers,
    /// nobody can tell.
    pub(crate) const fn is_same_file(&self, other: &Self) -> bool {
        let same_device = self.itself != 0 && self.itself == other.itself;
        let same_file = self.inode != 0 && self.inode == other.inode && self.device == other.device;
        same_device || same_file
    }
}

/// What direct I/O must be aligned to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alignment {
    /// Offsets and lengths; a power of two.
    pub(super) block: u64,
    /// Addresses of buffers.
    pub(super) memory: usize,
}

/// Reads until the buffer is full or the file ends, and returns how many bytes it got.
///
/// A read that stops within a block has met the end; direct I/O could not go on from there.
pub(super) fn read_up_to(
    file: &fs::File,
    buffer: &mut [u8],
    offset: u64,
    block: u64,
) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read_at(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(got) => done += got,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if !(done as u64).is_multiple_of(block) {
            break;
        }
    }
    Ok(done)
}

/// Fills the buffer, or fails.
pub(super) fn read_exact(
    file: &fs::File,
    buffer: &mut [u8],
    offset: u64,
    block: u64,
) -> io::Result<()> {
    if read_up_to(file, buffer, offset, block)? < buffer.len() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Writes everything, or fails.
pub(super) fn write_all(file: &fs::File, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        match write_at(file, data, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(put) => {
                data = &data[put..];
                offset += put as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Has a new file get these permissions, or fewer where the process has a mask.
#[cfg(unix)]
pub(crate) fn create_with(access: &mut fs::OpenOptions, permissions: fs::Permissions) {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    // Nothing is executed, and the owner must be able to open it.
    access.mode(permissions.mode() & 0o066 | 0o600);
}

/// Has a new file get these permissions: here it gets those of its folder.
#[cfg(not(unix))]
pub(crate) fn create_with(_access: &mut fs::OpenOptions, _permissions: fs::Permissions) {}

/// Makes the name of a new file durable.
#[cfg(unix)]
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes the name of a new file durable: here the file's own barrier does.
#[cfg(not(unix))]
pub(super) fn sync_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

// Not by the C library, whose calls can be cancelled: in a process with threads, to prepare for that costs
// a part of a short request.
#[cfg(unix)]
fn read_at(file: &fs::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    Ok(rustix::io::pread(file, buffer, offset)?)
}

#[cfg(unix)]
fn write_at(file: &fs::File, data: &[u8], offset: u64) -> io::Result<usize> {
    Ok(rustix::io::pwrite(file, data, offset)?)
}

#[cfg(windows)]
fn read_at(file: &fs::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(windows)]
fn write_at(file: &fs::File, data: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, data, offset)
}
