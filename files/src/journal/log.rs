//! The journal's ring of blocks, and its checksums.

use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use super::{COMMIT, MAGIC};
use crate::bytes::{be32, part};
use crate::checksum::{START, crc32c};
use crate::error::{Error, Part, Problem};
use crate::inode::Inode;
use crate::reader::Reader;

const SUPERBLOCKS: [u32; 2] = [3, 4];
const SUPERBLOCK_BYTES: usize = 1024;
const SUPERBLOCK_CHECKSUM: usize = 0xfc;

const REVOCATIONS: u32 = 0x1;
const WIDE: u32 = 0x2;
const CHECKSUMS_2: u32 = 0x8;
const CHECKSUMS_3: u32 = 0x10;
const CRC_32C: u8 = 4;

/// Where a commit has its checksum.
const COMMIT_CHECKSUM: usize = 0x10;

/// The checksums of a journal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Checksums {
    /// There are none.
    #[default]
    None,
    /// Of other blocks' bytes, half of it is there.
    Half {
        /// What they begin with.
        seed: u32,
    },
    /// All of it is.
    Whole {
        /// What they begin with.
        seed: u32,
    },
}

/// A journal that is read from its oldest transaction on.
pub(super) struct Log<'r, 'a, S> {
    reader: &'r Reader<'a, S>,
    inode: &'r Inode,
    pub(super) checksums: Checksums,
    /// Whether numbers of blocks have 64 bits.
    pub(super) is_wide: bool,
    /// The transaction whose turn it is.
    pub(super) transaction: u32,
    /// The block that is read next, and those between which the ring is.
    at: u32,
    first: u32,
    end: u32,
    /// Blocks that were not read yet: none is twice.
    left: u32,
}

impl<'r, 'a, S: ReadAt> Log<'r, 'a, S> {
    /// The journal with this inode; none if there is nothing in it.
    pub(super) fn open(
        reader: &'r Reader<'a, S>,
        inode: &'r Inode,
    ) -> Result<Option<Self>, Error<S::Error>> {
        let damaged = Part::Journal.damaged(0_u32);
        let block = reader.block_of(inode, 0)?.ok_or(damaged)?;
        let superblock = block.get(..SUPERBLOCK_BYTES).ok_or(damaged)?;
        let is_old = be32(superblock, 4) == SUPERBLOCKS[0];
        let is_known = be32(superblock, 0) == MAGIC && SUPERBLOCKS.contains(&be32(superblock, 4));
        let features = if is_old { 0 } else { be32(superblock, 0x28) };
        let checksums = checksums_of(superblock, features)?;
        let (end, first, start) =
            (be32(superblock, 0x10), be32(superblock, 0x14), be32(superblock, 0x1c));
        let is_sane = is_known
            && u64::from(be32(superblock, 0xc)) == reader.superblock.block_size
            && u64::from(end) * reader.superblock.block_size <= inode.size
            && (1..end).contains(&first)
            && (start == 0 || (first..end).contains(&start));
        if !is_sane {
            return Err(damaged.into());
        }
        let left = end - first;
        let (is_wide, transaction) = (features & WIDE != 0, be32(superblock, 0x18));
        let log =
            Self { reader, inode, checksums, is_wide, transaction, at: start, first, end, left };
        Ok((start != 0).then_some(log))
    }

    /// The next block, if it belongs to the transaction whose turn it is.
    pub(super) fn next_block(&mut self) -> Result<Option<Vec<u8>>, Error<S::Error>> {
        if self.left == 0 {
            return Ok(None);
        }
        let place = self.skip_block()?;
        let block = self.reader.raw_block(place)?;
        let is_next = be32(&block, 0) == MAGIC && be32(&block, 8) == self.transaction;
        Ok(is_next.then_some(block))
    }

    /// Goes on to the block behind the next one, and says where that is.
    pub(super) fn skip_block(&mut self) -> Result<u64, Error<S::Error>> {
        let damaged = Part::Journal.damaged(self.at);
        self.left = self.left.checked_sub(1).ok_or(damaged)?;
        let at = self.at;
        self.at = if at + 1 < self.end { at + 1 } else { self.first };
        Ok(self.reader.place_of(self.inode, at.into())?.ok_or(damaged)?)
    }

    /// Whether the transaction has its end in what is left of the ring.
    pub(super) fn has_commit(&mut self) -> Result<bool, Error<S::Error>> {
        while self.left > 0 {
            if let Some(block) = self.next_block()?
                && be32(&block, 4) == COMMIT
                && self.checksums.is_commit_right(&block)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Bytes of a tag in a descriptor.
    pub(super) fn tag_bytes(&self) -> usize {
        match (self.checksums, self.is_wide) {
            (Checksums::Whole { .. }, _) => 16,
            (Checksums::Half { .. }, true) => 14,
            (Checksums::Half { .. }, false) => 10,
            (Checksums::None, true) => 12,
            (Checksums::None, false) => 8,
        }
    }
}

impl Checksums {
    /// Bytes of the checksum at the end of a block.
    pub(super) fn end_bytes(self) -> usize {
        if matches!(self, Self::None) { 0 } else { 4 }
    }

    /// Whether a descriptor or a revocation is whole: its checksum is its end.
    pub(super) fn is_end_right(self, block: &[u8]) -> bool {
        self.is_right_at(block, block.len() - 4)
    }

    pub(super) fn is_commit_right(self, block: &[u8]) -> bool {
        self.is_right_at(block, COMMIT_CHECKSUM)
    }

    /// Whether the bytes of another block are what was written.
    pub(super) fn is_right(self, transaction: u32, recorded: u32, bytes: &[u8]) -> bool {
        let sum = |seed| crc32c(seed, &[&transaction.to_be_bytes(), bytes]);
        match self {
            Self::None => true,
            Self::Half { seed } => sum(seed) & 0xffff == recorded,
            Self::Whole { seed } => sum(seed) == recorded,
        }
    }

    fn is_right_at(self, block: &[u8], at: usize) -> bool {
        let (Self::Half { seed } | Self::Whole { seed }) = self else { return true };
        let (head, rest) = (&block[..at], &block[at + 4..]);
        crc32c(seed, &[head, &[0; 4], rest]) == be32(block, at)
    }
}

fn checksums_of(superblock: &[u8], features: u32) -> Result<Checksums, Problem> {
    if features & !(REVOCATIONS | WIDE | CHECKSUMS_2 | CHECKSUMS_3) != 0 {
        let feature = "a journal with fast or asynchronous commits that was not replayed";
        return Err(Problem::Unsupported { feature });
    }
    if features & (CHECKSUMS_2 | CHECKSUMS_3) == 0 {
        return Ok(Checksums::None);
    }
    let at = SUPERBLOCK_CHECKSUM;
    let found = crc32c(START, &[&superblock[..at], &[0; 4], &superblock[at + 4..]]);
    if superblock[0x50] != CRC_32C || found != be32(superblock, at) {
        return Err(Part::Journal.damaged(0_u32));
    }
    let seed = crc32c(START, &[&part::<16>(superblock, 0x30)]);
    Ok(match features & CHECKSUMS_3 {
        0 => Checksums::Half { seed },
        _ => Checksums::Whole { seed },
    })
}
