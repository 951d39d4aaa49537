//! Where a file's blocks are: by extents, or by the lists of blocks that ext2 and ext3 have.

use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use crate::bytes::{joined, le16, le32};
use crate::checksum::crc32c;
use crate::error::{Error, Part, Problem};
use crate::inode::Inode;
use crate::reader::Reader;

const MAGIC: u16 = 0xf30a;
/// Bytes of a node's header, and of each of its entries.
const ENTRY: usize = 12;
const DEEPEST: u16 = 5;
/// An extent that is longer was reserved and never written: it is the rest of blocks of zeros.
const LONGEST_WRITTEN: u16 = 32_768;
/// A file has no block with a number that is as large.
const BLOCKS: u64 = 1 << 32;
/// Numbers in an inode's list that are those of blocks of the file.
const DIRECT: u64 = 12;

/// Bytes of a file that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where they are in the source; zeros that are nowhere if there is no such place.
    pub place: Option<u64>,
    /// How many.
    pub length: u64,
}

/// Blocks of a file that lie side by side.
struct Run {
    place: Option<u64>,
    blocks: u64,
}

/// A node of the tree of extents.
struct Node<'a> {
    entries: &'a [u8],
    depth: u16,
    /// Where the checksum is.
    end: usize,
}

impl<S: ReadAt> Reader<'_, S> {
    /// Where a file's bytes are, from `offset` on, to its end at most.
    pub(crate) fn pieces(
        &self,
        inode: &Inode,
        offset: u64,
        length: u64,
    ) -> Result<Vec<Piece>, Error<S::Error>> {
        inode.check_readable()?;
        let size = self.superblock.block_size;
        let end = offset.saturating_add(length).min(inode.size);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut at = offset;
        // More than there is on the disk: it is there again and again.
        let mut left_on_disk = self.superblock.blocks * size;
        while at < end {
            let run = self.run_at(inode, at / size)?;
            let left = (run.blocks * size - at % size).min(end - at);
            let piece = match run.place {
                Some(block) => self.piece(block, at % size, left)?,
                None => Piece { place: None, length: left },
            };
            if piece.place.is_some() {
                let rest = left_on_disk.checked_sub(piece.length);
                left_on_disk = rest.ok_or(Part::Map.damaged(inode.number))?;
            }
            at += piece.length;
            match pieces.last_mut() {
                Some(last) if follows(last, &piece) => last.length += piece.length,
                _ => pieces.push(piece),
            }
        }
        Ok(pieces)
    }

    /// The bytes of a file's block; none where it has none.
    pub(crate) fn block_of(
        &self,
        inode: &Inode,
        logical: u64,
    ) -> Result<Option<Vec<u8>>, Error<S::Error>> {
        self.place_of(inode, logical)?.map(|block| self.block(block)).transpose()
    }

    /// The block that a file's block is in.
    pub(crate) fn place_of(
        &self,
        inode: &Inode,
        logical: u64,
    ) -> Result<Option<u64>, Error<S::Error>> {
        Ok(self.run_at(inode, logical)?.place)
    }

    /// Bytes of a block and of those behind it, as far as the journal leaves them together.
    fn piece(&self, block: u64, skip: u64, left: u64) -> Result<Piece, Error<S::Error>> {
        let size = self.superblock.block_size;
        let blocks = (skip + left).div_ceil(size);
        let (place, blocks) = match self.replayed.first_newer(block, blocks) {
            None => (block, blocks),
            Some((first, _)) if first > block => (block, first - block),
            Some((_, newer)) if newer.is_escaped => {
                let feature = "a file that looks like a part of the journal";
                return Err(Problem::Unsupported { feature }.into());
            }
            Some((_, newer)) => {
                // Its checksum is looked at here, because nobody does when the bytes are read.
                self.block(block)?;
                (newer.place, 1)
            }
        };
        Ok(Piece { place: Some(place * size + skip), length: left.min(blocks * size - skip) })
    }

    /// The blocks from one on that lie side by side, or are all holes.
    fn run_at(&self, inode: &Inode, logical: u64) -> Result<Run, Error<S::Error>> {
        if logical >= BLOCKS {
            return Err(Part::Map.damaged(inode.number).into());
        }
        let run = match inode.has_extents() {
            true => self.run_by_extents(inode, logical)?,
            false => self.run_by_list(inode, logical)?,
        };
        let is_inside = run.place.is_none_or(|place| {
            place > 0 && place.saturating_add(run.blocks) <= self.superblock.blocks
        });
        let is_sane = is_inside && run.blocks > 0;
        if is_sane { Ok(run) } else { Err(Part::Map.damaged(inode.number).into()) }
    }

    fn run_by_extents(&self, inode: &Inode, logical: u64) -> Result<Run, Error<S::Error>> {
        let damaged = Part::Map.damaged(inode.number);
        let mut held: Vec<u8>;
        let mut node = Node::parse(&inode.map).ok_or(damaged)?;
        // Where the next thing begins that the file has.
        let mut next = BLOCKS;
        loop {
            let starts = || node.entries.chunks_exact(ENTRY).map(|entry| le32(entry, 0).into());
            let behind = starts().position(|start: u64| start > logical);
            next = behind.and_then(|nth| starts().nth(nth)).map_or(next, |start| start.min(next));
            let nth = behind.unwrap_or(node.entries.len() / ENTRY);
            let hole = Run { place: None, blocks: next - logical };
            let Some(nth) = nth.checked_sub(1) else { return Ok(hole) };
            let entry = &node.entries[nth * ENTRY..][..ENTRY];
            if node.depth == 0 {
                let start = u64::from(le32(entry, 0));
                let place = joined(le16(entry, 6).into(), le32(entry, 8));
                let (length, is_written) = match le16(entry, 4) {
                    length if length <= LONGEST_WRITTEN => (length, true),
                    length => (length - LONGEST_WRITTEN, false),
                };
                let end = start + u64::from(length);
                let blocks = end.min(next).saturating_sub(logical);
                return Ok(match logical < end {
                    true if is_written => Run { place: Some(place + logical - start), blocks },
                    true => Run { place: None, blocks },
                    false => hole,
                });
            }
            let depth = node.depth - 1;
            held = self.block(joined(le16(entry, 8).into(), le32(entry, 4)))?;
            node = Node::parse(&held).filter(|node| node.depth == depth).ok_or(damaged)?;
            if let Some(seed) = inode.seed {
                let recorded = held.get(node.end..node.end + 4).map(|bytes| le32(bytes, 0));
                if recorded != Some(crc32c(seed, &[&held[..node.end]])) {
                    return Err(damaged.into());
                }
            }
        }
    }

    fn run_by_list(&self, inode: &Inode, logical: u64) -> Result<Run, Error<S::Error>> {
        let per_block = self.superblock.block_size / 4;
        if logical < DIRECT {
            return Ok(Run::listed(&inode.map, logical, DIRECT));
        }
        let mut rest = logical - DIRECT;
        // Blocks of the file that one number answers for.
        let mut reach = 1;
        for level in 1..=3 {
            reach *= per_block;
            if rest >= reach {
                rest -= reach;
                continue;
            }
            let mut list = number_at(&inode.map, DIRECT + level - 1);
            while list > 0 && reach > per_block {
                reach /= per_block;
                list = number_at(&self.block(list)?, rest / reach);
                rest %= reach;
            }
            return Ok(match list {
                0 => Run { place: None, blocks: reach - rest },
                _ => Run::listed(&self.block(list)?, rest, per_block),
            });
        }
        Err(Part::Map.damaged(inode.number).into())
    }
}

impl Run {
    /// What is in a list from one block on, up to its end.
    fn listed(list: &[u8], nth: u64, end: u64) -> Self {
        let first = number_at(list, nth);
        let follows = |&other: &u64| {
            let expected = if first == 0 { 0 } else { first + other - nth };
            number_at(list, other) == expected
        };
        let blocks = (nth..end).take_while(follows).count() as u64;
        Self { place: (first > 0).then_some(first), blocks }
    }
}

fn number_at(list: &[u8], nth: u64) -> u64 {
    le32(list, nth as usize * 4).into()
}

impl<'a> Node<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (entries, most, depth) = (le16(bytes, 2), le16(bytes, 4), le16(bytes, 6));
        let end = ENTRY * (1 + usize::from(most));
        let is_sane = le16(bytes, 0) == MAGIC && entries <= most && depth <= DEEPEST;
        let entries = bytes.get(ENTRY..ENTRY * (1 + usize::from(entries)))?;
        (is_sane && end <= bytes.len()).then_some(Self { entries, depth, end })
    }
}

fn follows(last: &Piece, next: &Piece) -> bool {
    match (last.place, next.place) {
        (None, None) => true,
        (Some(place), Some(next)) => place + last.length == next,
        _ => false,
    }
}
