//! Names: the entries of directories.

use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use crate::bytes::{le16, le32};
use crate::checksum::crc32c;
use crate::error::{Error, Part, Problem};
use crate::inode::{Inode, Kind};
use crate::reader::Reader;

/// Bytes of an entry before its name.
const HEAD: usize = 8;
/// The entry at a block's end that has its checksum.
const TAIL: usize = 12;
const TAIL_TYPE: u8 = 0xde;
/// Where the table of an index begins: in its root, behind the entries of the directory itself and
/// of its parent; in its other nodes, behind one that covers the block.
const ROOT_TABLE: usize = 0x20;
const NODE_TABLE: usize = 0x8;

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name: any bytes but `/` and zero, most often UTF-8.
    pub name: Vec<u8>,
    /// The number of its inode.
    pub inode: u32,
}

impl<S: ReadAt> Reader<'_, S> {
    /// The names in a directory, in the order in which they lie there, without `.` and `..`.
    pub(crate) fn list(&self, directory: &Inode) -> Result<Vec<Entry>, Error<S::Error>> {
        let mut entries = Vec::new();
        self.visit(directory, |name, inode| {
            entries.push(Entry { name: name.into(), inode });
            true
        })?;
        Ok(entries)
    }

    /// The number of the inode that a directory has under a name.
    pub(crate) fn look_up(
        &self,
        directory: &Inode,
        name: &[u8],
    ) -> Result<Option<u32>, Error<S::Error>> {
        let mut found = None;
        self.visit(directory, |other, inode| {
            found = (other == name).then_some(inode);
            found.is_none()
        })?;
        Ok(found)
    }

    /// Shows all names to somebody who says whether to go on.
    fn visit(
        &self,
        directory: &Inode,
        mut see: impl FnMut(&[u8], u32) -> bool,
    ) -> Result<(), Error<S::Error>> {
        if directory.kind != Kind::Directory {
            return Err(Problem::NotADirectory.into());
        }
        directory.check_readable()?;
        let damaged = Part::Directory.damaged(directory.number);
        let blocks = directory.size.div_ceil(self.superblock.block_size);
        // What is longer than the file system shows the same blocks again and again.
        if blocks > self.superblock.blocks {
            return Err(damaged.into());
        }
        for nth in 0..blocks {
            let block = self.block_of(directory, nth)?.ok_or(damaged)?;
            check_sum(directory, nth, &block)?;
            let mut rest = &block[..];
            while !rest.is_empty() {
                let length = length_of(rest, block.len());
                let entry = rest.get(..length).filter(|entry| entry.len() >= HEAD);
                let entry = entry.ok_or(damaged)?;
                rest = &rest[length..];
                let inode = le32(entry, 0);
                let name = entry.get(HEAD..HEAD + usize::from(entry[6])).ok_or(damaged)?;
                if inode == 0 || name == b"." || name == b".." {
                    continue;
                }
                if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
                    return Err(damaged.into());
                }
                if !see(name, inode) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The length of the entry at the beginning of these bytes. 64 KiB do not fit in its field.
fn length_of(entry: &[u8], block: usize) -> usize {
    match le16(entry, 4) {
        0 | u16::MAX if block == 1 << 16 => block,
        length => length.into(),
    }
}

fn check_sum(directory: &Inode, nth: u64, block: &[u8]) -> Result<(), Problem> {
    let Some(seed) = directory.seed else { return Ok(()) };
    let table = match directory.is_indexed() {
        true if nth == 0 => Some(ROOT_TABLE),
        true if le32(block, 0) == 0 && length_of(block, block.len()) == block.len() => {
            Some(NODE_TABLE)
        }
        _ => None,
    };
    let right = match table {
        Some(table) => is_node_right(seed, block, table),
        None => is_leaf_right(seed, block),
    };
    if right { Ok(()) } else { Err(Part::Directory.damaged(directory.number)) }
}

fn is_leaf_right(seed: u32, block: &[u8]) -> bool {
    let (names, tail) = block.split_at(block.len() - TAIL);
    let is_tail = le32(tail, 0) == 0 && usize::from(le16(tail, 4)) == TAIL && tail[7] == TAIL_TYPE;
    is_tail && crc32c(seed, &[names]) == le32(tail, 8)
}

/// The checksum of a node of an index is behind the room for its table, and covers what is in use.
fn is_node_right(seed: u32, block: &[u8], table: usize) -> bool {
    let (limit, count) = (usize::from(le16(block, table)), usize::from(le16(block, table + 2)));
    let used = block.get(..table + count * 8);
    let tail = block.get(table + limit * 8..table + limit * 8 + 8);
    match (used, tail) {
        (Some(used), Some(tail)) if count <= limit => {
            crc32c(seed, &[used, &tail[..4], &[0; 4]]) == le32(tail, 4)
        }
        _ => false,
    }
}
