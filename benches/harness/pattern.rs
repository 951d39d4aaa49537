//! Where a workload writes or reads.

use serde::Serialize;

use crate::settings;

/// An order of requests over a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// One request in every 64 KiB, in order.
    Sparse,
    /// Every place once, in random order; of requests below 4 KiB, one in every 4 KiB.
    Random,
    /// Every place once, in order.
    Sequential,
}

impl Pattern {
    /// The offsets of requests of `length` bytes over a volume of `size`.
    #[must_use]
    pub fn offsets(self, size: u64, length: u64) -> Vec<u64> {
        let step = match self {
            Self::Sparse => (64 << 10).max(length),
            Self::Random => (4 << 10).max(length),
            Self::Sequential => length,
        };
        let mut offsets: Vec<u64> = (0..size / step).map(|nth| nth * step).collect();
        if self == Self::Random {
            Shuffle::new(0).shuffle(&mut offsets);
        }
        offsets
    }

    /// The name in the tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sparse => "sparse",
            Self::Random => "random",
            Self::Sequential => "sequential",
        }
    }
}

/// A small generator of the same random numbers in every run.
#[derive(Clone, Debug)]
pub struct Shuffle(u64);

impl Shuffle {
    /// Numbers that depend on the seed of the run, and on this number alone.
    #[must_use]
    pub fn new(stream: u64) -> Self {
        Self((settings().seed + stream).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Puts the items in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}
