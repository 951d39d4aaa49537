//! A file without its name.

use shadowvol::backend::ReadAt;

use crate::bytes::{joined, le16, le32, part};
use crate::checksum::crc32c;
use crate::error::{Error, Part, Problem};
use crate::reader::Reader;

/// The root directory.
pub(crate) const ROOT: u32 = 2;

const ENCRYPTED: u32 = 0x800;
const INDEXED: u32 = 0x1000;
const EXTENTS: u32 = 0x8_0000;
const INLINE: u32 = 0x1000_0000;

const CHECKSUM_LOW: usize = 0x7c;
const CHECKSUM_HIGH: usize = 0x82;
/// Bytes of an inode that every file system has.
const OLD_BYTES: usize = 128;
/// In them, what a file's blocks are, or the target of a short symbolic link.
pub(crate) const MAP_BYTES: usize = 60;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file with bytes.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// A time since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds, rounded down.
    pub seconds: i64,
    /// The rest.
    pub nanoseconds: u32,
}

/// All about a file but its names and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inode {
    /// Its number in the file system.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// Its permissions, the lower twelve bits of the mode.
    pub permissions: u16,
    /// Its owner.
    pub user: u32,
    /// Its group.
    pub group: u32,
    /// How many names it has.
    pub links: u16,
    /// Its bytes.
    pub size: u64,
    /// When its bytes were last changed.
    pub modified: Time,
    /// When it was last read, if the file system was told.
    pub accessed: Time,
    /// When anything of it was last changed.
    pub changed: Time,
    flags: u32,
    /// What the checksums of its blocks begin with.
    pub(crate) seed: Option<u32>,
    pub(crate) map: [u8; MAP_BYTES],
}

impl Inode {
    pub(crate) fn is_indexed(&self) -> bool {
        self.flags & INDEXED != 0
    }

    pub(crate) fn has_extents(&self) -> bool {
        self.flags & EXTENTS != 0
    }

    /// Whether it is a symbolic link whose target lies in the inode.
    pub(crate) fn is_short_link(&self) -> bool {
        self.kind == Kind::Link && !self.has_extents() && self.size < MAP_BYTES as u64
    }

    /// Whether its bytes can be understood.
    pub(crate) fn check_readable(&self) -> Result<(), Problem> {
        match self.flags & (ENCRYPTED | INLINE) {
            0 => Ok(()),
            flags if flags & ENCRYPTED != 0 => {
                Err(Problem::Unsupported { feature: "an encrypted file" })
            }
            _ => Err(Problem::Unsupported { feature: "a file inside its inode (inline data)" }),
        }
    }
}

impl<S: ReadAt> Reader<'_, S> {
    /// The inode with this number.
    pub(crate) fn inode(&self, number: u32) -> Result<Inode, Error<S::Error>> {
        let superblock = self.superblock;
        let damaged = Part::Inode.damaged(number);
        if number == 0 || number > superblock.inodes {
            return Err(damaged.into());
        }
        let (group, nth) = (
            (number - 1) / superblock.inodes_per_group,
            (number - 1) % superblock.inodes_per_group,
        );
        let offset = u64::from(nth) * superblock.inode_size as u64;
        let table = self.table_of(group)?.checked_add(offset / superblock.block_size);
        let block = self.block(table.ok_or(damaged)?)?;
        let at = (offset % superblock.block_size) as usize;
        // Inodes divide a block without rest.
        let bytes = block.get(at..at + superblock.inode_size).ok_or(damaged)?;
        parse(number, bytes, superblock.seed).map_err(Error::Problem)
    }

    /// The first block of a group's table of inodes.
    fn table_of(&self, group: u32) -> Result<u64, Error<S::Error>> {
        let superblock = self.superblock;
        let size = superblock.descriptor_size;
        let offset = u64::from(group) * size as u64;
        let number = superblock.first_block + 1 + offset / superblock.block_size;
        let block = self.block(number)?;
        let damaged = Part::Group.damaged(group);
        let at = (offset % superblock.block_size) as usize;
        let bytes = block.get(at..at + size).ok_or(damaged)?;
        if let Some(seed) = superblock.seed {
            let (head, rest) = (&bytes[..0x1e], bytes.get(0x20..).unwrap_or_default());
            let found = crc32c(seed, &[&group.to_le_bytes(), head, &[0; 2], rest]);
            if found as u16 != le16(bytes, 0x1e) {
                return Err(damaged.into());
            }
        }
        Ok(joined(le32(bytes, 0x28), le32(bytes, 0x8)))
    }
}

fn parse(number: u32, bytes: &[u8], seed: Option<u32>) -> Result<Inode, Problem> {
    let damaged = Part::Inode.damaged(number);
    // How many bytes behind the old ones are in use.
    let extra = usize::from(le16(bytes, OLD_BYTES));
    let has = |field: usize| field + 4 <= OLD_BYTES + extra && field + 4 <= bytes.len();
    let generation = le32(bytes, 0x64);
    let seed = seed.map(|seed| crc32c(seed, &[&number.to_le_bytes(), &generation.to_le_bytes()]));
    if let Some(seed) = seed {
        let high = CHECKSUM_HIGH + 2;
        let (old, new) = bytes.split_at(OLD_BYTES);
        let (head, middle) = (&old[..CHECKSUM_LOW], &old[CHECKSUM_LOW + 2..]);
        let (found, recorded) = if extra >= high - OLD_BYTES && bytes.len() > OLD_BYTES {
            let (between, rest) = (&new[..CHECKSUM_HIGH - OLD_BYTES], &new[high - OLD_BYTES..]);
            let found = crc32c(seed, &[head, &[0; 2], middle, between, &[0; 2], rest]);
            let recorded = u32::from(le16(bytes, CHECKSUM_HIGH)) << 16;
            (found, recorded | u32::from(le16(bytes, CHECKSUM_LOW)))
        } else {
            let found = crc32c(seed, &[head, &[0; 2], middle, new]);
            (found & 0xffff, le16(bytes, CHECKSUM_LOW).into())
        };
        if found != recorded {
            return Err(damaged);
        }
    }
    let mode = le16(bytes, 0x0);
    let time = |at: usize, more: usize| {
        let more = if has(more) { le32(bytes, more) } else { 0 };
        // Two bits carry on where 32 with a sign end, in 2038; the others are nanoseconds.
        let seconds = i64::from(le32(bytes, at) as i32) + (i64::from(more & 3) << 32);
        Time { seconds, nanoseconds: (more >> 2).min(999_999_999) }
    };
    let links = le16(bytes, 0x1a);
    if links == 0 {
        // Nobody has a name for it.
        return Err(damaged);
    }
    Ok(Inode {
        number,
        kind: kind_of(mode).ok_or(damaged)?,
        permissions: mode & 0o7777,
        user: u32::from(le16(bytes, 0x78)) << 16 | u32::from(le16(bytes, 0x2)),
        group: u32::from(le16(bytes, 0x7a)) << 16 | u32::from(le16(bytes, 0x18)),
        links,
        size: joined(le32(bytes, 0x6c), le32(bytes, 0x4)),
        modified: time(0x10, 0x88),
        accessed: time(0x8, 0x8c),
        changed: time(0xc, 0x84),
        flags: le32(bytes, 0x20),
        seed,
        map: part(bytes, 0x28),
    })
}

fn kind_of(mode: u16) -> Option<Kind> {
    Some(match mode >> 12 {
        0x1 => Kind::Fifo,
        0x2 => Kind::CharacterDevice,
        0x4 => Kind::Directory,
        0x6 => Kind::BlockDevice,
        0x8 => Kind::File,
        0xa => Kind::Link,
        0xc => Kind::Socket,
        _ => return None,
    })
}
