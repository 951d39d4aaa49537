//! Systems other than Linux: regular files, through the page cache.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Alignment, Facts};

/// Devices tell their size in a way of each system's own, so they are not offered.
pub(crate) const fn is_block_device(_file_type: fs::FileType) -> bool {
    false
}

/// Nobody asks, for nothing is read past the page cache.
pub(crate) const fn is_written_here(_file: &fs::File) -> bool {
    false
}

/// Holes are not looked for.
pub(crate) const fn next_data(_file: &fs::File, _offset: u64) -> Option<u64> {
    None
}

#[cfg(target_os = "macos")]
pub(crate) fn remote_file_system(
    _path: &Path,
    file: &fs::File,
) -> io::Result<Option<&'static str>> {
    /// `MNT_LOCAL` of `sys/mount.h`.
    const LOCAL: u32 = 0x1000;
    let local = rustix::fs::fstatfs(file)?.f_flags & LOCAL != 0;
    Ok((!local).then_some("a network file system"))
}

/// The full path of a file on a mapped drive names its server.
#[cfg(windows)]
pub(crate) fn remote_file_system(
    path: &Path,
    _file: &fs::File,
) -> io::Result<Option<&'static str>> {
    use std::path::{Component, Prefix};

    let full = path.canonicalize()?;
    let remote = match full.components().next() {
        Some(Component::Prefix(prefix)) => {
            matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
        }
        _ => false,
    };
    Ok(remote.then_some("a network share"))
}

#[cfg(not(any(target_os = "macos", windows)))]
pub(crate) const fn remote_file_system(
    _path: &Path,
    _file: &fs::File,
) -> io::Result<Option<&'static str>> {
    Ok(None)
}

#[cfg(unix)]
pub(crate) fn facts(file: &fs::File) -> io::Result<Facts> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata()?;
    Ok(Facts {
        size: metadata.len(),
        modified: metadata
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(metadata.mtime_nsec()),
        inode: metadata.ino(),
        device: metadata.dev(),
        itself: 0,
    })
}

#[cfg(not(unix))]
pub(crate) fn facts(file: &fs::File) -> io::Result<Facts> {
    let metadata = file.metadata()?;
    let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
    let modified = since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    Ok(Facts { size: metadata.len(), modified, inode: 0, device: 0, itself: 0 })
}

pub(crate) fn open_direct(_path: &Path, _options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn alignment(_file: &fs::File) -> io::Result<Alignment> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) const fn check_space(_file: &fs::File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

pub(crate) fn allocate(file: &fs::File, _from: u64, to: u64) -> io::Result<()> {
    file.set_len(to)
}

pub(crate) const fn punch_hole(_file: &fs::File, _offset: u64, _length: u64) -> io::Result<bool> {
    Ok(false)
}
