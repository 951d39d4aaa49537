//! The quantities of the protocol, one type each, so that an index, a count and a number of bytes
//! cannot be mistaken for one another.

use core::fmt;

use crate::error::Error;

/// Number of a shadow copy: 1, 2, 3 ... in the order of creation, never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CopyId(u32);

impl CopyId {
    /// The largest number a copy can have: two thousand million creations in a diff area's life.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// The copy with this number, or `None` for 0 and for numbers above [`CopyId::MAX`].
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 || number > Self::MAX.0 { None } else { Some(Self(number)) }
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The number that the next copy gets, or `None` when all are used up.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

impl fmt::Display for CopyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Position of a chunk in the volume, in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkIndex(pub u64);

/// Position of a slot in the diff area, in chunks from its first byte.
///
/// The all-ones value is not a slot: on media it marks a chunk of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(pub u32);

/// A run of neighbouring slots that the journal lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The first slot.
    pub first: SlotIndex,
    /// How many slots, at least one.
    pub slots: u32,
}

/// Where a preserved chunk's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// Every byte is zero; no slot is used.
    Zeros,
    /// In this slot; for a run of chunks, the first of as many neighbouring slots.
    Slot(SlotIndex),
}

/// A run of neighbouring chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The first chunk.
    pub first: ChunkIndex,
    /// How many chunks, none when 0.
    pub count: u64,
}

impl Extent {
    /// `count` chunks from chunk `first` on.
    #[must_use]
    pub const fn new(first: u64, count: u64) -> Self {
        Self { first: ChunkIndex(first), count }
    }

    /// The chunk behind the last one.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.first.0 + self.count
    }

    /// Whether there is no chunk in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Whether the two have a chunk in common.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first.0 < other.end() && other.first.0 < self.end()
    }
}

/// Number of the active role's holder; a newer epoch fences the older holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One incarnation of the journal. Taking the role raises the epoch, compaction the number.
///
/// Invariant 8: no two journals that any node ever believed have the same generation. A single
/// counter would not do: a superblock that a passive saw, but that a power cut took back, would
/// give its number to a different journal afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation {
    /// The holder that wrote this journal.
    pub epoch: Epoch,
    /// How many compactions this holder had done before.
    pub number: u64,
}

/// Number of a record in its generation, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The number of the record behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Identity of a volume and its diff area, drawn at random when the diff area is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VolumeId(pub [u8; 16]);

impl fmt::Display for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Unit of preservation: a power of two from 4 KiB to 1 MiB, fixed when the diff area is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkSize(u8);

impl ChunkSize {
    /// 4 KiB, the smallest.
    pub const MIN: Self = Self(12);
    /// 1 MiB, the largest.
    pub const MAX: Self = Self(20);

    /// A chunk of this many bytes.
    ///
    /// # Errors
    ///
    /// [`Error::ChunkSize`] unless it is a power of two from 4 KiB to 1 MiB.
    ///
    /// ```
    /// use shadowvol::ChunkSize;
    /// assert_eq!(ChunkSize::from_bytes(65_536)?.bytes(), 65_536);
    /// assert!(ChunkSize::from_bytes(5_000).is_err());
    /// # Ok::<(), shadowvol::Error>(())
    /// ```
    pub const fn from_bytes(bytes: u64) -> Result<Self, Error> {
        if !bytes.is_power_of_two() {
            return Err(Error::ChunkSize { bytes });
        }
        Self::from_shift(bytes.trailing_zeros() as u8)
    }

    /// A chunk of two to the power of `shift` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::ChunkSize`] unless `shift` is from 12 to 20.
    pub const fn from_shift(shift: u8) -> Result<Self, Error> {
        if shift < Self::MIN.0 || shift > Self::MAX.0 {
            let bytes = if shift < 64 { 1 << shift } else { u64::MAX };
            return Err(Error::ChunkSize { bytes });
        }
        Ok(Self(shift))
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        1 << self.0
    }

    /// The size's binary logarithm.
    #[must_use]
    pub const fn shift(self) -> u8 {
        self.0
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_numbered_from_one_and_end_at_the_limit() {
        assert_eq!(CopyId::new(0), None);
        assert_eq!(CopyId::new(1).and_then(CopyId::next), CopyId::new(2));
        assert_eq!(CopyId::MAX.next(), None);
    }

    #[test]
    fn extents_that_only_touch_do_not_overlap() {
        let left = Extent::new(4, 4);
        assert!(!left.overlaps(Extent::new(8, 1)));
        assert!(left.overlaps(Extent::new(7, 9)));
        assert!(!left.overlaps(Extent::new(0, 4)));
    }

    #[test]
    fn chunk_sizes_outside_the_range_are_refused() {
        for bytes in [0, 1, 2_048, 4_097, 2 << 20, u64::MAX] {
            assert!(ChunkSize::from_bytes(bytes).is_err(), "{bytes}");
        }
        assert!(ChunkSize::from_shift(200).is_err());
    }
}
