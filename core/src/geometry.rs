//! Where everything is: the only place with offset arithmetic.
//!
//! The diff area is an array of slots of one chunk each. The first ones hold the superblocks
//! ([`crate::format::superblock`]); journal segments are runs of slots; all others hold old bytes.

use crate::error::Error;
use crate::units::{ChunkIndex, ChunkSize, Extent, SlotIndex};

/// Bytes at the start of the diff area that belong to the superblocks.
const HEADER_BYTES: u64 = 8192;

/// Bytes of a journal segment, unless a chunk is larger.
const SEGMENT_BYTES: u64 = 256 << 10;

/// Old bytes that are preserved at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// What a journal says of a chunk that was preserved alone, and of a copy without a label.
const RUN_BYTES: u64 = 20;
const COPY_BYTES: u64 = 64;

/// Runs of a chunk each whose records fit the smallest segment, less one.
const RUNS_IN_A_SLOT: u32 = 200;

/// The sizes of a volume and its diff area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Bytes of the volume; need not be a multiple of the chunk.
    pub size: u64,
    /// Unit of preservation.
    pub chunk: ChunkSize,
    /// Slots of a journal segment, where so many neighbouring ones are free.
    pub segment: u32,
}

impl Geometry {
    /// The geometry of a new diff area for a volume of `size` bytes.
    #[must_use]
    pub fn new(size: u64, chunk: ChunkSize) -> Self {
        let segment = (SEGMENT_BYTES >> chunk.shift()).max(1) as u32;
        Self { size, chunk, segment }
    }

    /// Chunks of the volume; the last one may be shorter.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.size.div_ceil(self.chunk.bytes())
    }

    /// All chunks that have a byte in the range.
    #[must_use]
    pub fn cover(&self, offset: u64, length: u64) -> Extent {
        if length == 0 {
            return Extent::new(offset >> self.chunk.shift(), 0);
        }
        let first = offset >> self.chunk.shift();
        let last = (offset + length - 1) >> self.chunk.shift();
        Extent::new(first, last - first + 1)
    }

    /// Where a chunk begins in the volume, in bytes.
    #[must_use]
    pub fn offset_of(&self, chunk: ChunkIndex) -> u64 {
        chunk.0 << self.chunk.shift()
    }

    /// Bytes of an extent, without what lies behind the end of the volume.
    #[must_use]
    pub fn length_of(&self, extent: Extent) -> u64 {
        let end = (extent.end() << self.chunk.shift()).min(self.size);
        end - self.offset_of(extent.first)
    }

    /// Where a slot begins in the diff area, in bytes.
    #[must_use]
    pub fn slot_offset(&self, slot: SlotIndex) -> u64 {
        u64::from(slot.0) << self.chunk.shift()
    }

    /// Slots that belong to the superblocks.
    #[must_use]
    pub fn header_slots(&self) -> u32 {
        HEADER_BYTES.div_ceil(self.chunk.bytes()) as u32
    }

    /// Whole slots in a diff area of `bytes`.
    #[must_use]
    pub fn slots_in(&self, bytes: u64) -> u32 {
        (bytes >> self.chunk.shift()).min(u64::from(u32::MAX - 1)) as u32
    }

    /// Bytes of `slots` slots.
    #[must_use]
    pub fn slot_bytes(&self, slots: u32) -> u64 {
        u64::from(slots) << self.chunk.shift()
    }

    /// Bytes of a full journal segment.
    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        self.slot_bytes(self.segment)
    }

    /// Slots to keep free while the journal lies in `slots`, so that its next generation always has
    /// room: that says no more, though perhaps in a few more runs.
    #[must_use]
    pub fn slots_for_next_journal(&self, slots: u32) -> u32 {
        slots.saturating_add(slots / 4).saturating_add(2 * self.segment)
    }

    /// Bytes of journal above which it is written anew, while it tells of so many preserved chunks
    /// and live copies: it has grown to twice what it has to say.
    #[must_use]
    pub fn most_journal_bytes(&self, chunks: u64, copies: u64) -> u64 {
        4 * (chunks * RUN_BYTES + copies * COPY_BYTES) + 4 * self.segment_bytes()
    }

    /// Slots that a journal takes at most that is written anew and tells of so many preserved
    /// chunks, and of other things in so many bytes.
    #[must_use]
    pub fn slots_for_rewrite(&self, chunks: u64, other_bytes: u64) -> u32 {
        self.slots_in(other_bytes + chunks * 24) + 4
    }

    /// Chunks that a write preserves at once. This bounds its working space, and the runs of its
    /// records.
    #[must_use]
    pub fn chunks_at_once(&self) -> u64 {
        (WINDOW_BYTES >> self.chunk.shift()).max(1)
    }

    /// Slots that the records of a write that preserves so many chunks take at most.
    #[must_use]
    pub fn slots_for_records(&self, chunks: u32) -> u32 {
        chunks / RUNS_IN_A_SLOT + 1
    }

    /// Bytes that a diff area needs at least: superblocks, a segment in use and the next one, and
    /// as much again for the journal's next generation.
    #[must_use]
    pub fn least_bytes(&self) -> u64 {
        self.slot_bytes(self.header_slots() + 4 * self.segment)
    }

    /// Checks that a request lies in the volume.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when it reaches past the end.
    pub fn check(&self, offset: u64, length: u64) -> Result<(), Error> {
        match offset.checked_add(length) {
            Some(end) if end <= self.size => Ok(()),
            _ => Err(Error::OutOfRange { offset, length, size: self.size }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry() -> Geometry {
        Geometry::new(10_000, ChunkSize::MIN)
    }

    #[test]
    fn the_last_chunk_is_as_short_as_the_volume_says() {
        assert_eq!(geometry().chunks(), 3);
        assert_eq!(geometry().length_of(Extent::new(2, 1)), 10_000 - 8_192);
        assert_eq!(geometry().length_of(Extent::new(0, 3)), 10_000);
    }

    #[test]
    fn a_request_is_covered_by_every_chunk_it_touches() {
        assert_eq!(geometry().cover(4_095, 2), Extent::new(0, 2));
        assert_eq!(geometry().cover(4_096, 4_096), Extent::new(1, 1));
        assert!(geometry().cover(4_096, 0).is_empty());
    }

    #[test]
    fn requests_past_the_end_are_refused_even_where_the_sum_overflows() {
        assert!(geometry().check(10_000, 0).is_ok());
        assert!(geometry().check(9_999, 2).is_err());
        assert!(geometry().check(u64::MAX, 2).is_err());
    }

    #[test]
    fn the_superblocks_fit_whatever_the_chunk() {
        for shift in 12..=20 {
            let chunk = ChunkSize::from_shift(shift).unwrap();
            let geometry = Geometry::new(1, chunk);
            assert!(geometry.slot_bytes(geometry.header_slots()) >= HEADER_BYTES);
            assert!(geometry.segment_bytes() >= SEGMENT_BYTES);
        }
    }
}
