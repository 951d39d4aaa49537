//! How long the journal gets.

use shadowvol::Geometry;
use shadowvol::format::record::{LINK_BYTES, MAX_BYTES};

use super::records;

/// A journal of which only the length is known.
#[derive(Debug)]
pub(super) struct Journal {
    geometry: Geometry,
    slots: u64,
    /// Bytes in the last segment.
    filled: u64,
    most_slots: u64,
    appended: u64,
    rewritten: u64,
}

impl Journal {
    pub(super) fn new(geometry: Geometry) -> Self {
        let slots = geometry.segment.into();
        Self { geometry, slots, filled: 0, most_slots: slots, appended: 0, rewritten: 0 }
    }

    /// Slots of its segments.
    pub(super) fn slots(&self) -> u64 {
        self.slots
    }

    /// The most slots that it ever had.
    pub(super) fn most_slots(&self) -> u64 {
        self.most_slots
    }

    /// Bytes of the records that were appended, links included.
    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    /// Bytes of the journals that were written anew, at most.
    pub(super) fn rewritten(&self) -> u64 {
        self.rewritten
    }

    /// Appends a record of this length.
    pub(super) fn append(&mut self, length: usize) {
        if self.filled + (length + LINK_BYTES) as u64 > self.geometry.segment_bytes() {
            self.appended += LINK_BYTES as u64;
            self.slots += u64::from(self.geometry.segment);
            self.most_slots = self.most_slots.max(self.slots);
            self.filled = 0;
        }
        self.filled += length as u64;
        self.appended += length as u64;
    }

    /// Writes it anew if it is worth it, when it tells of so many chunks and copies.
    pub(super) fn settle(&mut self, chunks: u64, copies: u64) {
        let bytes = self.slots * self.geometry.chunk.bytes();
        if bytes <= self.geometry.most_journal_bytes(chunks, copies) {
            return;
        }
        // At worst every chunk is a run of its own, in records that are full.
        const RUN: u64 = 20;
        const HEADER: u64 = 40;
        let runs = (MAX_BYTES as u64 - HEADER) / RUN;
        let bytes =
            copies * records::created() as u64 + chunks * RUN + chunks.div_ceil(runs) * HEADER;
        let room = self.geometry.segment_bytes() - MAX_BYTES as u64;
        self.slots = (bytes / room + 1) * u64::from(self.geometry.segment);
        self.filled = bytes % room;
        self.rewritten += bytes;
    }
}
