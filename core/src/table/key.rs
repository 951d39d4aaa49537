//! The order of the table's entries.

use crate::units::{CopyId, Extent};

/// Bits of a place that say how long the block is.
const LENGTH: u32 = 5;
const SHORTEST: u64 = (1 << LENGTH) - 1;

/// What an entry is for: a block, which is an aligned piece of 2^j chunks, and a copy.
///
/// The order is by first chunk, then longer blocks before shorter ones, then by copy. So a block
/// comes before the blocks inside it, and behind those that it is inside of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// The first chunk, above it [`SHORTEST`] minus j.
    pub(super) place: u64,
    pub(super) copy: u32,
}

impl Key {
    /// Behind all others.
    pub(super) const MAX: Self = Self { place: u64::MAX, copy: u32::MAX };
    /// Chunks have to be below this one.
    pub(super) const CHUNKS: u64 = 1 << (u64::BITS - LENGTH);

    /// The block of 2^`shift` chunks that `chunk` is in.
    pub(super) const fn new(chunk: u64, shift: u32, copy: u32) -> Self {
        let first = chunk >> shift << shift;
        Self { place: first << LENGTH | (SHORTEST - shift as u64), copy }
    }

    /// The first of all keys for blocks that begin with `chunk`.
    pub(super) const fn first(chunk: u64, copy: u32) -> Self {
        Self { place: chunk << LENGTH, copy }
    }

    /// The block's length is two to the power of this.
    pub(super) const fn shift(self) -> u32 {
        (SHORTEST - (self.place & SHORTEST)) as u32
    }

    /// The block.
    pub(super) const fn chunks(self) -> Extent {
        Extent::new(self.place >> LENGTH, 1 << self.shift())
    }

    /// The next key for the same block.
    pub(super) const fn next(self) -> Self {
        Self { copy: self.copy + 1, ..self }
    }

    /// What all keys have in common that differ in their ranks only.
    pub(super) const fn window(self) -> u64 {
        self.place >> u32::BITS
    }

    /// The order within a window.
    pub(super) const fn rank(self) -> u64 {
        rank(self.place as u32, self.copy)
    }

    /// The key in the same window with this low half of its place.
    pub(super) const fn with(self, low: u32, copy: CopyId) -> Self {
        Self { place: self.window() << u32::BITS | low as u64, copy: copy.number() }
    }
}

/// The order within a window.
pub(super) const fn rank(low: u32, copy: u32) -> u64 {
    (low as u64) << u32::BITS | copy as u64
}
