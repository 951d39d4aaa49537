//! What the file system is: its superblock.

use crate::bytes::{joined, le16, le32, part};
use crate::checksum::{START, crc32c};
use crate::error::{Part, Problem};

/// Where it lies, and its length.
pub(crate) const PLACE: u64 = 1024;
pub(crate) const BYTES: usize = 1024;

const MAGIC: u16 = 0xef53;
const CHECKSUM: usize = 0x3fc;

const COMPAT_JOURNAL: u32 = 0x4;
const RO_COMPAT_CHECKSUMS: u32 = 0x400;
const INCOMPAT_FILE_TYPE: u32 = 0x2;
const INCOMPAT_RECOVER: u32 = 0x4;
const INCOMPAT_64BIT: u32 = 0x80;
const INCOMPAT_SEED: u32 = 0x2000;

/// Features that a reader has to know. Those that are known are so by their code here (the types
/// of directory entries, extents, numbers of 64 bits, the seed of checksums), or do not change what
/// is where: multiple mount protection, flexible groups, values of attributes in inodes, large
/// directories, and that there may be encrypted files, inline data, or directories that ignore case.
const KNOWN: u32 = 0x3_e7c6;

const UNKNOWN: [(u32, &str); 4] = [
    (0x1, "compression"),
    (0x8, "a journal on another device"),
    (0x10, "meta block groups"),
    (0x1000, "data in directory entries"),
];

/// The numbers of a file system.
#[derive(Clone, Debug)]
pub(crate) struct Superblock {
    pub(crate) block_size: u64,
    pub(crate) blocks: u64,
    /// The block of the superblock.
    pub(crate) first_block: u64,
    pub(crate) inodes: u32,
    pub(crate) inodes_per_group: u32,
    pub(crate) inode_size: usize,
    pub(crate) descriptor_size: usize,
    /// What checksums begin with, if there are any.
    pub(crate) seed: Option<u32>,
    /// The inode of a journal that was not replayed.
    pub(crate) journal: Option<u32>,
    pub(crate) uuid: [u8; 16],
    pub(crate) label: [u8; 16],
}

impl Superblock {
    /// The one in these bytes; none if they are no superblock at all.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, Problem> {
        if le16(bytes, 0x38) != MAGIC {
            return Ok(None);
        }
        let (compat, incompat) = (le32(bytes, 0x5c), le32(bytes, 0x60));
        let damaged = Part::Superblock.damaged(0_u32);
        let has_checksums = le32(bytes, 0x64) & RO_COMPAT_CHECKSUMS != 0;
        if has_checksums {
            let found = crc32c(START, &[bytes.get(..CHECKSUM).unwrap_or_default()]);
            if found != le32(bytes, CHECKSUM) {
                return Err(damaged);
            }
        }
        check_features(incompat)?;
        let uuid = part(bytes, 0x68);
        let seed = has_checksums.then(|| match incompat & INCOMPAT_SEED {
            0 => crc32c(START, &[&uuid]),
            _ => le32(bytes, 0x270),
        });
        let is_wide = incompat & INCOMPAT_64BIT != 0;
        // The first revision has no such fields.
        let is_old = le32(bytes, 0x4c) == 0;
        let is_dirty = compat & COMPAT_JOURNAL != 0 && incompat & INCOMPAT_RECOVER != 0;
        let journal = le32(bytes, 0xe0);
        if is_dirty && journal == 0 {
            return Err(Problem::Unsupported { feature: "a journal on another device" });
        }
        let log = le32(bytes, 0x18);
        let block_size = if log <= 6 { 1024 << log } else { return Err(damaged) };
        let superblock = Self {
            block_size,
            blocks: joined(if is_wide { le32(bytes, 0x150) } else { 0 }, le32(bytes, 0x4)),
            first_block: le32(bytes, 0x14).into(),
            inodes: le32(bytes, 0x0),
            inodes_per_group: le32(bytes, 0x28),
            inode_size: if is_old { 128 } else { le16(bytes, 0x58).into() },
            descriptor_size: if is_wide { le16(bytes, 0xfe).into() } else { 32 },
            seed,
            journal: is_dirty.then_some(journal),
            uuid,
            label: part(bytes, 0x78),
        };
        if superblock.is_sane() { Ok(Some(superblock)) } else { Err(damaged) }
    }

    /// Whether the rest can calculate with it.
    fn is_sane(&self) -> bool {
        let Self { block_size, inode_size, descriptor_size, .. } = *self;
        let fits = |size: usize, least: usize| {
            size.is_power_of_two() && size >= least && size as u64 <= block_size
        };
        fits(inode_size, 128)
            && fits(descriptor_size, 32)
            && self.inodes_per_group > 0
            && self.blocks < u64::MAX / block_size
            && self.first_block == u64::from(block_size == 1024)
    }
}

fn check_features(incompat: u32) -> Result<(), Problem> {
    if incompat & INCOMPAT_FILE_TYPE == 0 {
        let feature = "directory entries without types, as ext2 had them at first";
        return Err(Problem::Unsupported { feature });
    }
    let unknown = incompat & !KNOWN;
    if unknown == 0 {
        return Ok(());
    }
    let named = UNKNOWN.into_iter().find(|(flag, _)| unknown & flag != 0);
    let feature = named.map_or("a feature that is newer than this reader", |(_, name)| name);
    Err(Problem::Unsupported { feature })
}
