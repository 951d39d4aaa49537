//! Linux: everything.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, FallocateFlags, OFlags, StatVfs, StatVfsMountFlags, StatxFlags};
use rustix::io::Errno;

use super::{Alignment, Facts, Storage};

/// File systems whose files other hosts, or a process that we know nothing of, may write to
/// (the numbers of `linux/magic.h` and of the projects' own headers).
const REMOTE: [(u32, &str); 20] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x00c3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x0bd0_0bd0, "Lustre"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x6573_5546, "FUSE"),
    (0x786f_4256, "vboxsf"),
    (0xbacb_acbc, "vmhgfs"),
    (0x7c7c_6673, "prl_fs"),
    (0x4750_4653, "GPFS"),
    (0x2003_0528, "OrangeFS"),
    (0x1983_0326, "BeeGFS"),
    (0xaad7_aaea, "PanFS"),
];

/// Bytes of a file in memory: about a tenth of a millisecond.
const SET_ASIDE_AT_ONCE: u64 = 256 << 10;

const TMPFS: u32 = 0x0102_1994;
const EXT4: u32 = 0xef53;
const XFS: u32 = 0x5846_5342;
const BTRFS: u32 = 0x9123_683e;

pub(crate) fn is_block_device(file_type: fs::FileType) -> bool {
    file_type.is_block_device()
}

pub(crate) fn remote_file_system(
    _path: &Path,
    file: &fs::File,
) -> io::Result<Option<&'static str>> {
    let magic = rustix::fs::fstatfs(file)?.f_type as u32;
    Ok(REMOTE.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name))
}

/// Where data begins from here on, or the largest number if there is none; nothing if the file
/// system does not tell. It moves the file's own place, which nobody uses.
pub(crate) fn next_data(file: &fs::File, offset: u64) -> Option<u64> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
        Ok(next) => Some(next),
        Err(Errno::NXIO) => Some(u64::MAX),
        Err(_) => None,
    }
}

pub(crate) fn facts(file: &fs::File) -> io::Result<Facts> {
    // Else a network file system answers from what it remembers.
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
    let stat = rustix::fs::statx(file, "", flags, StatxFlags::BASIC_STATS)?;
    let (seconds, nanos) = (stat.stx_mtime.tv_sec, i64::from(stat.stx_mtime.tv_nsec));
    Ok(Facts {
        size: stat.stx_size,
        allocated: stat.stx_blocks.saturating_mul(512),
        modified: seconds.saturating_mul(1_000_000_000).saturating_add(nanos),
        inode: stat.stx_ino,
        device: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        itself: rustix::fs::makedev(stat.stx_rdev_major, stat.stx_rdev_minor),
    })
}

/// Opens a file past the page cache. It must be a flag of the opening: some network file systems
/// decide then, and for good, how they treat the file.
pub(crate) fn open_direct(path: &Path, options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    options.custom_flags(OFlags::DIRECT.bits() as i32).open(path)
}

/// What the file's direct I/O must be aligned to; an error when it offers none.
pub(crate) fn alignment(file: &fs::File) -> io::Result<Alignment> {
    let stat = rustix::fs::statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN)?;
    if stat.stx_mask & StatxFlags::DIOALIGN.bits() != 0 {
        if stat.stx_dio_offset_align == 0 {
            return Err(ErrorKind::Unsupported.into());
        }
        let memory = stat.stx_dio_mem_align as usize;
        return Ok(Alignment { block: stat.stx_dio_offset_align.into(), memory });
    }
    // Kernels before 6.1, and file systems that don't say: sectors for devices, else pages.
    let block = match rustix::fs::ioctl_blksszget(file) {
        Ok(sector) => sector.into(),
        Err(_) => 4096,
    };
    Ok(Alignment { block, memory: 4096 })
}

/// Whether the file system has so much space left, as far as it tells.
pub(crate) fn check_space(file: &fs::File, bytes: u64) -> io::Result<()> {
    let found = rustix::fs::fstatvfs(file)?;
    let is_known = found.f_blocks > 0;
    if is_known && bytes > found.f_bavail.saturating_mul(found.f_frsize) {
        return Err(Errno::NOSPC.into());
    }
    Ok(())
}

/// Makes a file of `from` bytes `to` bytes large, with the space set aside where the file system
/// can.
pub(crate) fn allocate(file: &fs::File, from: u64, to: u64) -> io::Result<()> {
    // A disk's file system notes an extent; memory is taken page by page, and no other thread can
    // write to the file meanwhile.
    let most = if storage(file) == Some(Storage::Memory) { SET_ASIDE_AT_ONCE } else { to - from };
    let mut at = from;
    while at < to {
        let length = most.min(to - at);
        match fallocate(file, FallocateFlags::empty(), at, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return file.set_len(to),
            done => done?,
        }
        at += length;
    }
    Ok(())
}

/// Sets aside the space of the first `bytes` bytes; false when the file system cannot.
pub(crate) fn reserve(file: &fs::File, bytes: u64) -> bool {
    bytes == 0 || fallocate(file, FallocateFlags::empty(), 0, bytes).is_ok()
}

/// Where the file's bytes lie, if its file system has room for every later write to what was set
/// aside: tmpfs, ext4 and XFS do, but ext2 and ext3, which look the same, set none aside.
pub(crate) fn keeps_reserved_space(file: &fs::File) -> Option<Storage> {
    if file_system(file) == Some(BTRFS) { None } else { storage(file) }
}

/// Where the file's bytes lie, if whoever has it mapped sees what others write to it on this host:
/// there is one page cache of a file, and no other file below it.
pub(crate) fn storage(file: &fs::File) -> Option<Storage> {
    match file_system(file)? {
        TMPFS => Some(Storage::Memory),
        EXT4 | XFS | BTRFS => Some(Storage::Disk),
        _ => None,
    }
}

/// Whether only this host writes to the file, whose page cache its kernel then keeps true: its file
/// system, which is no shared one, can be written to here. Another host may write to what is mounted
/// to be read.
pub(crate) fn is_written_here(file: &fs::File) -> bool {
    let is_read_only = |found: StatVfs| found.f_flag.contains(StatVfsMountFlags::RDONLY);
    storage(file).is_some() && rustix::fs::fstatvfs(file).is_ok_and(|found| !is_read_only(found))
}

fn file_system(file: &fs::File) -> Option<u32> {
    Some(rustix::fs::fstatfs(file).ok()?.f_type as u32)
}

/// Turns whole blocks into a hole; `false` when the medium cannot.
pub(crate) fn punch_hole(file: &fs::File, offset: u64, length: u64) -> io::Result<bool> {
    let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match fallocate(file, mode, offset, length) {
        Ok(()) => Ok(true),
        // A device whose sectors are larger than our blocks says INVAL.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::NODEV | Errno::INVAL) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn fallocate(file: &fs::File, mode: FallocateFlags, at: u64, len: u64) -> Result<(), Errno> {
    rustix::io::retry_on_intr(|| rustix::fs::fallocate(file, mode, at, len))
}
