//! What a schedule takes: room at each moment, and writes altogether.

use shadowvol::Geometry;

use super::journal::Journal;
use super::records::{self, Cost};
use super::row::{Change, Interval, Row, Schedule};

/// What one chunk size with one schedule has taken so far.
#[derive(Debug)]
pub(super) struct Need {
    geometry: Geometry,
    schedule: Schedule,
    journal: Journal,
    copies: u64,
    slots: u64,
    copies_taken: u64,
    most_copies: u64,
    peak_slots: u64,
    peak_at: u64,
    /// Slots of the smallest diff area in which every write has had room.
    area: u64,
    preserved_chunks: u64,
    preserved_bytes: u64,
    /// Whether a copy was deleted: until then, none was as old as it may get.
    has_deleted: bool,
    intervals: Vec<Interval>,
}

impl Need {
    pub(super) fn new(geometry: Geometry, schedule: Schedule) -> Self {
        let mut need = Self {
            geometry,
            schedule,
            journal: Journal::new(geometry),
            copies: 0,
            slots: 0,
            copies_taken: 0,
            most_copies: 0,
            peak_slots: 0,
            peak_at: 0,
            area: 0,
            preserved_chunks: 0,
            preserved_bytes: 0,
            has_deleted: false,
            intervals: Vec::new(),
        };
        need.note_area(0);
        need
    }

    /// A write preserves some chunks.
    pub(super) fn preserve(&mut self, at: u64, cost: &Cost) {
        self.slots += cost.chunks;
        self.preserved_chunks += cost.chunks;
        self.preserved_bytes += cost.bytes;
        if self.slots > self.peak_slots {
            (self.peak_slots, self.peak_at) = (self.slots, at);
        }
        if let Some(interval) = self.intervals.last_mut() {
            interval.preserved += cost.chunks;
            interval.slots = interval.slots.max(self.slots);
        }
        cost.records.iter().for_each(|&record| self.journal.append(record));
        self.note_area(cost.chunks);
        self.journal.settle(self.slots, self.copies);
    }

    /// A copy is taken, and with it begins an interval.
    pub(super) fn create(&mut self, at: u64) {
        self.copies += 1;
        self.copies_taken += 1;
        self.most_copies = self.most_copies.max(self.copies);
        self.intervals.push(Interval { at, preserved: 0, slots: self.slots });
        self.journal.append(records::created());
        self.note_area(0);
    }

    /// A copy is deleted, and so many slots are free with it.
    pub(super) fn delete(&mut self, freed: u64) {
        self.copies -= 1;
        self.slots -= freed;
        self.has_deleted = true;
        self.journal.append(records::deleted());
        self.note_area(0);
        self.journal.settle(self.slots, self.copies);
    }

    /// What it has taken, for a trace of so many written bytes.
    pub(super) fn row(self, written: u64) -> Row {
        let chunk = self.geometry.chunk.bytes();
        let record_bytes = self.journal.appended();
        let rewritten_bytes = self.journal.rewritten();
        let all = written + self.preserved_bytes + record_bytes + rewritten_bytes;
        Row {
            chunk: self.geometry.chunk,
            schedule: self.schedule,
            diff_area: self.area * chunk,
            peak_slots: self.peak_slots,
            peak_at: self.peak_at,
            journal: self.journal.most_slots() * chunk,
            copies: self.copies_taken,
            most_copies: self.most_copies,
            is_warm: self.has_deleted,
            preserved_chunks: self.preserved_chunks,
            preserved_bytes: self.preserved_bytes,
            record_bytes,
            rewritten_bytes,
            amplification: (written > 0).then(|| all as f64 / written as f64),
            change: Change::of(&self.intervals, chunk),
            intervals: self.intervals,
        }
    }

    /// Notes how large the diff area has to be for a write that preserves so many chunks: what is
    /// in use, and what a write leaves free, so that the journal can always be written anew. The
    /// write's own slots are in use already.
    fn note_area(&mut self, chunks: u64) {
        let Self { geometry, slots, copies, .. } = *self;
        let journal = u32::try_from(self.journal.slots()).unwrap_or(u32::MAX);
        let chunks = u32::try_from(chunks).unwrap_or(u32::MAX);
        let spare = geometry.segment;
        let rewrite = geometry.slots_for_rewrite(slots, copies * records::created() as u64);
        let area = slots
            + [
                geometry.header_slots(),
                journal,
                spare,
                geometry.slots_for_next_journal(journal),
                geometry.slots_for_records(chunks),
                rewrite,
                spare,
            ]
            .map(u64::from)
            .iter()
            .sum::<u64>();
        self.area = self.area.max(area);
    }
}
