//! What is there if no ext4 file system is: the message shall help.

use core::fmt;

use shadowvol::backend::ReadAt;

/// What the first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A table of partitions: a file system begins at one of them.
    Partitions,
    /// Something that is known, by its name.
    Known(&'static str),
    /// Only zeros, as far as was looked.
    Zeros,
    /// Nothing that is known.
    Unknown,
}

/// Where a signature is, what it is, and whose.
const SIGNATURES: [(u64, &[u8], Found); 13] = [
    (512, b"EFI PART", Found::Partitions),
    (0, b"XFSB", Found::Known("an XFS file system")),
    (0x1_0040, b"_BHRfS_M", Found::Known("a Btrfs file system")),
    (3, b"NTFS    ", Found::Known("an NTFS file system")),
    (82, b"FAT32", Found::Known("a FAT file system")),
    (54, b"FAT1", Found::Known("a FAT file system")),
    (0, b"LUKS\xba\xbe", Found::Known("an encrypted volume (LUKS)")),
    (512, b"LABELONE", Found::Known("a volume of LVM")),
    (0, b"hsqs", Found::Known("a SquashFS file system")),
    (4086, b"SWAPSPACE2", Found::Known("swap space")),
    (0, b"SQLite format 3\0", Found::Known("an SQLite database")),
    (0, b"QFI\xfb", Found::Known("a QCOW2 image")),
    // The last: FAT and NTFS have it, too.
    (510, b"\x55\xaa", Found::Partitions),
];

impl Found {
    /// Looks at a source.
    pub(crate) fn look<S: ReadAt>(source: &S) -> Result<Self, S::Error> {
        let size = source.size()?;
        for (at, signature, found) in SIGNATURES {
            let mut bytes = [0; 16];
            let bytes = &mut bytes[..signature.len()];
            if at + signature.len() as u64 <= size {
                source.read_at(at, bytes)?;
                if bytes == signature {
                    return Ok(found);
                }
            }
        }
        let mut bytes = [0; 4096];
        let bytes = &mut bytes[..size.min(4096) as usize];
        source.read_at(0, bytes)?;
        Ok(if bytes.iter().all(|&byte| byte == 0) { Self::Zeros } else { Self::Unknown })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partitions => f.write_str(
                "a partition table; give the offset at which a partition begins, in bytes \
                 (`sfdisk --list` shows it in sectors, most often of 512)",
            ),
            Self::Known(name) => f.write_str(name),
            Self::Zeros => f.write_str("only zeros"),
            Self::Unknown => f.write_str("something unknown"),
        }
    }
}
