//! Which chunks of a fork are its own.

use std::collections::BTreeMap;

use shadowvol::Extent;

/// Where the bytes of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// In the copy: nobody has written to it.
    Copy,
    /// In the fork's file.
    File,
    /// Nowhere: all are zero.
    Zeros,
}

/// Chunks of a word.
const CHUNKS: u64 = u64::BITS as u64;

/// For every chunk where its bytes are; takes memory only for what was changed.
#[derive(Debug, Default)]
pub(super) struct Presence {
    words: BTreeMap<u64, Word>,
}

/// Neighbouring chunks, one bit each. Invariant: no bit is set in both.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    file: u64,
    zeros: u64,
}

impl Presence {
    /// All of these chunks are there from now on.
    pub(super) fn set(&mut self, chunks: Extent, to: Piece) {
        let mut at = chunks.first.0;
        while at < chunks.end() {
            let (index, first) = (at / CHUNKS, at % CHUNKS);
            let count = (CHUNKS - first).min(chunks.end() - at);
            let mask = (u64::MAX >> (CHUNKS - count)) << first;
            let word = self.words.entry(index).or_default();
            word.file &= !mask;
            word.zeros &= !mask;
            match to {
                Piece::Copy => {}
                Piece::File => word.file |= mask,
                Piece::Zeros => word.zeros |= mask,
            }
            at += count;
        }
    }

    /// The chunks in runs of one kind each.
    pub(super) fn pieces(&self, chunks: Extent) -> Vec<(Extent, Piece)> {
        let mut pieces = Vec::new();
        let mut at = chunks.first.0;
        for (&index, word) in self.words.range(at / CHUNKS..chunks.end().div_ceil(CHUNKS)) {
            let (first, end) = (index * CHUNKS, (index + 1) * CHUNKS);
            push(&mut pieces, at, first.max(at), Piece::Copy);
            for chunk in first.max(at)..end.min(chunks.end()) {
                push(&mut pieces, chunk, chunk + 1, word.piece(chunk % CHUNKS));
            }
            at = end.max(at);
        }
        push(&mut pieces, at, chunks.end(), Piece::Copy);
        pieces
    }

    /// All chunks that were changed, in runs of one kind each.
    pub(super) fn changed(&self) -> Vec<(Extent, Piece)> {
        let end = self.words.last_key_value().map_or(0, |(&index, _)| (index + 1) * CHUNKS);
        let mut changed = self.pieces(Extent::new(0, end));
        changed.retain(|(_, piece)| *piece != Piece::Copy);
        changed
    }
}

impl Word {
    fn piece(self, bit: u64) -> Piece {
        match (self.file >> bit & 1, self.zeros >> bit & 1) {
            (1, _) => Piece::File,
            (_, 1) => Piece::Zeros,
            _ => Piece::Copy,
        }
    }
}

/// Adds chunks to the last run, if they go on with it.
fn push(pieces: &mut Vec<(Extent, Piece)>, first: u64, end: u64, piece: Piece) {
    if first >= end {
        return;
    }
    match pieces.last_mut() {
        Some((run, last)) if *last == piece && run.end() == first => run.count += end - first,
        _ => pieces.push((Extent::new(first, end - first), piece)),
    }
}
