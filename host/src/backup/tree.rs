//! The map of a backup: a tree of hashes over the chunks of a volume.
//!
//! A node is a chunk itself, whose bytes are the names of its children in order. Parts of two
//! volumes that are alike have the same nodes, which are stored once: a backup of little that has
//! changed adds little, however large the volume.

use core::ops::Range;

use super::error::RepositoryError;
use super::hash::Hash;
use super::store::{Bench, Store};
use crate::error::Error;

/// Children of a node.
const FANOUT: u64 = 256;

/// The form of the tree over a volume of some size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) size: u64,
    pub(crate) chunk: u64,
}

impl Shape {
    /// Bytes of a node, at most.
    pub(crate) const NODE: u32 = FANOUT as u32 * Hash::BYTES as u32;

    /// The level of the root. Chunks have level 0.
    pub(crate) fn height(&self) -> u32 {
        (1..).find(|&level| self.span(level) >= self.size).unwrap_or(1)
    }

    /// Bytes of the volume that a node of this level stands for, if it is not the last.
    pub(crate) fn span(&self, level: u32) -> u64 {
        (0..level).fold(self.chunk, |span, _| span.saturating_mul(FANOUT))
    }

    /// The bytes that a node stands for.
    pub(crate) fn range(&self, level: u32, nth: u64) -> Range<u64> {
        let begin = nth.saturating_mul(self.span(level)).min(self.size);
        begin..begin.saturating_add(self.span(level)).min(self.size)
    }

    /// The numbers of a node's children in their level.
    pub(crate) fn children(&self, level: u32, nth: u64) -> Range<u64> {
        let last = self.size.div_ceil(self.span(level - 1));
        nth * FANOUT..(nth * FANOUT + FANOUT).min(last)
    }
}

/// Reads the names of so many children.
pub(crate) fn read_node(
    store: &Store,
    name: &Hash,
    count: usize,
    bench: &mut Bench,
) -> Result<Vec<Hash>, Error> {
    if name.is_hole() {
        return Ok(vec![Hash::HOLE; count]);
    }
    store.read(name, bench)?;
    if bench.plain.len() != count * Hash::BYTES {
        let what = "a map has another number of children";
        return Err(RepositoryError::damaged(&store.folder.packs(), what).into());
    }
    let parse = |bytes: &[u8]| {
        let mut hash = [0; Hash::BYTES];
        hash.copy_from_slice(bytes);
        Hash(hash)
    };
    Ok(bench.plain.chunks_exact(Hash::BYTES).map(parse).collect())
}

/// The bytes of a node; none if all its children are holes, because then it is one.
pub(crate) fn node_bytes(children: &[Hash]) -> Option<Vec<u8>> {
    let whole = children.iter().all(Hash::is_hole);
    (!whole).then(|| children.iter().flat_map(|child| child.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_covers_its_volume_and_no_more() {
        for size in [0, 1, 65_536, 65_537, 16 << 20, (16 << 20) + 1, 1 << 40, (1 << 40) + 5] {
            let shape = Shape { size, chunk: 65_536 };
            let mut count = 1;
            for level in (1..=shape.height()).rev() {
                let children: u64 = (0..count)
                    .map(|nth| {
                        let range = shape.children(level, nth);
                        range.end - range.start
                    })
                    .sum();
                count = children;
                if count > 1 << 17 {
                    break;
                }
                let whole: u64 = (0..count)
                    .map(|nth| {
                        let range = shape.range(level - 1, nth);
                        range.end - range.start
                    })
                    .sum();
                assert_eq!(whole, size, "level {level}");
            }
        }
        assert_eq!(Shape { size: 1 << 40, chunk: 65_536 }.height(), 3);
        assert_eq!(Shape { size: (1 << 40) + 1, chunk: 65_536 }.height(), 4);
        assert_eq!(Shape { size: u64::MAX, chunk: 4096 }.height(), 7);
    }
}
