//! Making a backup of a shadow copy.

use core::cell::RefCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use shadowvol::format::checksum::is_zeros;
use shadowvol::machine::Scratch;

use super::hash::Hash;
use super::store::Bench;
use super::tree::{Shape, node_bytes, read_node};
use super::work::Tally;
use super::writer::Writer;
use crate::error::Error;
use crate::extent::ByteExtent;
use crate::passive::ShadowCopy;

/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// What a thread keeps from one piece to the next.
#[derive(Default)]
struct Room {
    piece: Scratch,
    bench: Bench,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// A shadow copy on its way into a repository.
pub(crate) struct Take<'a> {
    pub(crate) copy: &'a ShadowCopy,
    pub(crate) writer: &'a Writer<'a>,
    pub(crate) tally: &'a Tally,
    pub(crate) shape: Shape,
    /// What may differ from the base, in order; all if there is no base.
    pub(crate) changed: Option<&'a [ByteExtent]>,
    read: AtomicU64,
}

impl<'a> Take<'a> {
    pub(crate) fn new(
        copy: &'a ShadowCopy,
        writer: &'a Writer<'a>,
        tally: &'a Tally,
        changed: Option<&'a [ByteExtent]>,
    ) -> Self {
        let shape = Shape { size: copy.size(), chunk: writer.store.chunk.into() };
        Self { copy, writer, tally, shape, changed, read: AtomicU64::new(0) }
    }

    /// Stores the map below a node with all that it needs. `base` is the node in its place before.
    pub(crate) fn node(&self, level: u32, nth: u64, base: Option<Hash>) -> Result<Hash, Error> {
        if let Some(base) = base
            && self.unchanged(&self.shape.range(level, nth))
        {
            return Ok(base);
        }
        let range = self.shape.range(level, nth);
        let length = range.end - range.start;
        if self.changed.is_none() && self.copy.zeros_at(range.start, length)? == length {
            self.tally.advance(length)?;
            return Ok(Hash::HOLE);
        }
        let children = self.shape.children(level, nth);
        let count = (children.end - children.start) as usize;
        let mut names = match base {
            Some(base) => ROOM.with_borrow_mut(|room| {
                read_node(self.writer.store, &base, count, &mut room.bench)
            })?,
            None => vec![Hash::HOLE; count],
        };
        let child = |(nth, name): (u64, &mut Hash)| -> Result<(), Error> {
            *name = self.node(level - 1, nth, base.map(|_| *name))?;
            Ok(())
        };
        match level {
            1 => ROOM.with_borrow_mut(|room| self.leaf(children, &mut names, room))?,
            // One row of nodes is in the works at a time, so that memory does not grow with the
            // volume.
            2 => (children.start..)
                .zip(&mut names)
                .collect::<Vec<_>>()
                .into_par_iter()
                .with_max_len(1)
                .try_for_each(child)?,
            _ => (children.start..).zip(&mut names).try_for_each(child)?,
        }
        let Some(bytes) = node_bytes(&names) else { return Ok(Hash::HOLE) };
        ROOM.with_borrow_mut(|room| self.writer.put(&bytes, &mut room.bench.stored))
    }

    /// Bytes of the volume that were read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Reads what may have changed of a row of chunks, in pieces.
    fn leaf(&self, chunks: Range<u64>, names: &mut [Hash], room: &mut Room) -> Result<(), Error> {
        let most = (PIECE / self.shape.chunk).max(1);
        let mut is_behind_a_hole = false;
        let mut first = chunks.start;
        while first < chunks.end {
            if self.unchanged(&self.shape.range(0, first)) {
                first += 1;
                continue;
            }
            let end = (first + 1..chunks.end.min(first + most))
                .find(|&next| self.unchanged(&self.shape.range(0, next)))
                .unwrap_or(chunks.end.min(first + most));
            let names = &mut names[(first - chunks.start) as usize..(end - chunks.start) as usize];
            let holes = self.holes(first..end)?;
            if holes > 0 {
                names[..holes as usize].fill(Hash::HOLE);
                first += holes;
                is_behind_a_hole = true;
                continue;
            }
            // Among holes there may be little.
            let end = if is_behind_a_hole { first + 1 } else { end };
            self.piece(first..end, &mut names[..(end - first) as usize], room)?;
            first = end;
            is_behind_a_hole = false;
        }
        Ok(())
    }

    /// How many of these chunks, from the first on, are known to be zeros before they are read.
    fn holes(&self, chunks: Range<u64>) -> Result<u64, Error> {
        let begin = self.shape.range(0, chunks.start).start;
        let end = self.shape.range(0, chunks.end - 1).end;
        let zeros = self.copy.zeros_at(begin, end - begin)?;
        if begin + zeros == end {
            self.tally.advance(zeros)?;
            return Ok(chunks.end - chunks.start);
        }
        let whole = zeros / self.shape.chunk;
        self.tally.advance(whole * self.shape.chunk)?;
        Ok(whole)
    }

    fn piece(&self, chunks: Range<u64>, names: &mut [Hash], room: &mut Room) -> Result<(), Error> {
        let begin = self.shape.range(0, chunks.start).start;
        let length = self.shape.range(0, chunks.end - 1).end - begin;
        room.piece.reach(length as usize);
        let piece = &mut room.piece[..length as usize];
        self.copy.read(begin, piece)?;
        self.read.fetch_add(length, Ordering::Relaxed);
        for (name, bytes) in names.iter_mut().zip(piece.chunks(self.shape.chunk as usize)) {
            *name = if is_zeros(bytes) {
                Hash::HOLE
            } else {
                self.writer.put(bytes, &mut room.bench.stored)?
            };
        }
        self.tally.advance(length)
    }

    fn unchanged(&self, range: &Range<u64>) -> bool {
        let Some(changed) = self.changed else { return false };
        let next = changed.partition_point(|extent| extent.offset + extent.length <= range.start);
        changed.get(next).is_none_or(|extent| extent.offset >= range.end)
    }
}

/// Bytes that will be read: whole chunks.
pub(crate) fn to_read(changed: Option<&[ByteExtent]>, shape: Shape) -> u64 {
    let Some(changed) = changed else { return shape.size };
    let (mut next, mut bytes) = (0, 0);
    for extent in changed {
        let first = next.max(extent.offset / shape.chunk);
        let end = (extent.offset + extent.length).div_ceil(shape.chunk);
        bytes += (end.min(shape.size.div_ceil(shape.chunk)) * shape.chunk)
            .min(shape.size)
            .saturating_sub((first * shape.chunk).min(shape.size));
        next = next.max(end);
    }
    bytes
}
