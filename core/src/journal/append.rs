//! The writing end of a journal.

use alloc::vec::Vec;
use core::mem;

use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::record::{self, Context, Emitter, LINK_BYTES, RunKind};
use crate::geometry::Geometry;
use crate::journal::RunList;
use crate::machine::Scratch;
use crate::slots::Slots;
use crate::units::{Segment, Sequence};

/// Appends records to a buffer, lays them out in segments, and hands them over in batches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Appender {
    geometry: Geometry,
    context: Context,
    /// The number of the next record.
    next: Sequence,
    /// The first record that no batch has taken.
    taken: Sequence,
    /// Invariant 3: all records before this one are behind a barrier.
    stable: Sequence,
    /// No superblock names this journal yet. All that it says until then is behind a barrier for
    /// whoever finds it through one.
    unborn: bool,
    /// Where the next record goes: the last of `segments`, and bytes from its start.
    offset: u64,
    segments: Vec<Segment>,
    segment_slots: u32,
    /// Set aside for when the segment is full, so that a record never waits for space.
    spare: Option<Segment>,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Bytes of a batch that are neighbours on the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// First byte of the diff area.
    pub at: u64,
    /// First byte of the batch.
    pub start: usize,
    /// How many bytes.
    pub len: usize,
}

/// Records that go to the medium together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Batch {
    /// Where they go.
    pub pieces: Vec<Piece>,
    /// The record behind the last one.
    pub end: Sequence,
}

impl Batch {
    /// Takes what was appended: the records change places with the bytes of `into`. Returns the
    /// number of the first one.
    pub fn take(&mut self, appender: &mut Appender, into: &mut Scratch) -> Sequence {
        let first = appender.taken;
        self.pieces.clear();
        into.take(&mut appender.bytes);
        mem::swap(&mut self.pieces, &mut appender.pieces);
        self.end = appender.next;
        appender.taken = appender.next;
        first
    }

    /// Bytes of the records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |piece| piece.start + piece.len)
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

impl Appender {
    /// A new journal that begins in `segment`; nothing is written yet.
    #[must_use]
    pub fn new(geometry: Geometry, context: Context, segment: Segment) -> Self {
        Self {
            geometry,
            context,
            next: Sequence(0),
            taken: Sequence(0),
            stable: Sequence(0),
            unborn: true,
            offset: 0,
            segments: alloc::vec![segment],
            segment_slots: segment.slots,
            spare: None,
            bytes: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Seed and generation of the records.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// The segments, the first one first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment set aside for when the last one is full.
    #[must_use]
    pub fn spare(&self) -> Option<Segment> {
        self.spare
    }

    /// Slots of all segments.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.segment_slots
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.next.0
    }

    /// How many records are known to be behind a barrier.
    #[must_use]
    pub fn stable(&self) -> u64 {
        self.stable.0
    }

    /// Whether there are records that no batch has taken.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Bytes of the records that no batch has taken.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Takes a spare segment, if there is none and a slot is free.
    pub fn set_aside(&mut self, slots: &mut Slots) {
        if self.spare.is_none() {
            self.spare = take_segment(slots, self.geometry.segment);
        }
    }

    /// Appends the record that `emit` writes and returns its number.
    ///
    /// # Errors
    ///
    /// [`Error::DiffAreaFull`] when it needs a new segment and none is free; nothing is appended.
    pub fn append(
        &mut self,
        slots: &mut Slots,
        checksum: Checksum,
        emit: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> Result<Sequence, Error> {
        let start = self.bytes.len();
        let length = emit(&mut self.bytes);
        self.follow_up(start, length, slots, checksum)
    }

    /// Gives the record that was written from `start` on its place, in the next segment if this one has
    /// no room for it.
    fn follow_up(
        &mut self,
        start: usize,
        length: usize,
        slots: &mut Slots,
        checksum: Checksum,
    ) -> Result<Sequence, Error> {
        let segment = self.segments[self.segments.len() - 1];
        if self.offset + (length + LINK_BYTES) as u64 > self.geometry.slot_bytes(segment.slots) {
            let record = self.bytes.split_off(start);
            self.follow_link(slots, checksum)?;
            self.bytes.extend_from_slice(&record);
        }
        Ok(self.place(length, checksum))
    }

    /// Appends records with these runs, as few as hold them. Says how many runs are in appended
    /// records: all, unless there is an error, which is that of [`Appender::append`].
    pub fn append_runs(
        &mut self,
        slots: &mut Slots,
        checksum: Checksum,
        kind: RunKind,
        list: &RunList,
    ) -> (usize, Result<(), Error>) {
        let mut runs = list.iter().peekable();
        let mut done = 0;
        while runs.peek().is_some() {
            let mut held = 0;
            let appended = self.append(slots, checksum, |out| {
                let mut emitter = Emitter::runs(out, kind);
                while let Some((run, sums)) = runs.next_if(|(_, sums)| emitter.has_room(sums.len()))
                {
                    emitter.run(run, sums);
                    held += 1;
                }
                emitter.end()
            });
            if let Err(error) = appended {
                return (done, Err(error));
            }
            done += held;
        }
        (done, Ok(()))
    }

    /// Ends the time before a superblock names the journal: the batch taken last is the last one
    /// that is behind the barrier before it.
    pub fn name(&mut self) {
        self.unborn = false;
        self.stable = self.next;
    }

    /// Whether a superblock may name the journal.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.unborn
    }

    /// The records that no batch has taken, from byte `start` of them on.
    #[must_use]
    pub fn pending_from(&self, start: usize) -> &[u8] {
        &self.bytes[start..]
    }

    /// Notes that the records before `end` are behind a barrier.
    pub fn confirm(&mut self, end: Sequence) {
        debug_assert!(end <= self.next, "a record that was never appended");
        self.stable = self.stable.max(end);
    }

    fn follow_link(&mut self, slots: &mut Slots, checksum: Checksum) -> Result<(), Error> {
        self.set_aside(slots);
        let Some(segment) = self.spare.take() else {
            return Err(Error::DiffAreaFull {
                needed: self.geometry.segment_bytes(),
                free: self.geometry.slot_bytes(slots.free()),
                limit: self.geometry.slot_bytes(slots.capacity()),
            });
        };
        let length = Emitter::link(&mut self.bytes, segment).end();
        self.place(length, checksum);
        self.segments.push(segment);
        self.segment_slots += segment.slots;
        self.offset = 0;
        self.set_aside(slots);
        Ok(())
    }

    /// Seals the record that ends the buffer and gives it its place on the medium.
    fn place(&mut self, length: usize, checksum: Checksum) -> Sequence {
        let sequence = self.next;
        if self.unborn {
            self.stable = sequence;
        }
        let start = self.bytes.len() - length;
        record::seal(&mut self.bytes[start..], self.context, sequence, self.stable, checksum);
        let segment = self.segments[self.segments.len() - 1];
        let at = self.geometry.slot_offset(segment.first) + self.offset;
        match self.pieces.last_mut() {
            Some(piece) if piece.at + piece.len as u64 == at => piece.len += length,
            _ => self.pieces.push(Piece { at, start, len: length }),
        }
        self.offset += length as u64;
        self.next = sequence.next();
        sequence
    }
}

/// Takes a segment of `most` slots; of fewer when no so many free ones are neighbours.
pub(crate) fn take_segment(slots: &mut Slots, most: u32) -> Option<Segment> {
    let mut count = most;
    loop {
        if let Some(first) = slots.take_run(count) {
            return Some(Segment { first, slots: count });
        }
        count /= 2;
        if count == 0 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Where records and links go, to the byte.

    use super::*;
    use crate::table::Run;
    use crate::units::{ChunkSize, Content, CopyId, Extent, Generation, SlotIndex};

    const SUM: Checksum = Checksum::PORTABLE;

    /// A journal in segments of one slot, the first of them slot 2, and free slots from 4 on.
    fn journal() -> (Appender, Slots) {
        let geometry = Geometry { size: 1 << 30, chunk: ChunkSize::MIN, segment: 1 };
        let context = Context { seed: 7, generation: Generation::default() };
        let mut slots = Slots::new(2, 10);
        let segment = take_segment(&mut slots, 1).expect("a free slot");
        assert!(slots.mark(SlotIndex(3), 1));
        (Appender::new(geometry, context, segment), slots)
    }

    /// Appends a record of 52 bytes and 4 for each of so many checksums, and padding.
    fn append(journal: &mut Appender, slots: &mut Slots, sums: usize) -> Result<Sequence, Error> {
        let content = Content::Slot(SlotIndex(5));
        let copy = CopyId::new(1).expect("a number");
        let run = Run { chunks: Extent::new(0, sums as u64), copy, content };
        journal.append(slots, SUM, |out| {
            let mut emitter = Emitter::preserved(out);
            emitter.run(run, &alloc::vec![0; sums]);
            emitter.end()
        })
    }

    #[test]
    fn a_segment_is_full_when_no_link_would_fit_behind_the_record() {
        for (sums, fits) in [(735, true), (736, false)] {
            let (mut journal, mut slots) = journal();
            assert_eq!(append(&mut journal, &mut slots, 251), Ok(Sequence(0)));
            let number = append(&mut journal, &mut slots, sums);
            assert_eq!(number, Ok(Sequence(if fits { 1 } else { 2 })));
            assert_eq!(journal.segments().len(), if fits { 1 } else { 2 });
            assert_eq!(journal.spare().is_some(), !fits);

            append(&mut journal, &mut slots, 100).expect("room");
            let (mut batch, mut bytes) = (Batch::default(), Scratch::new());
            assert_eq!(batch.take(&mut journal, &mut bytes), Sequence(0));
            assert_eq!((batch.end, batch.len()), (Sequence(4), bytes.len()));
            let first = batch.pieces[0];
            let used = if fits { 4096 } else { 1056 + LINK_BYTES };
            assert_eq!((first.at, first.start, first.len), (2 * 4096, 0, used));
            assert_eq!((batch.pieces[1].at, batch.pieces[1].start), (4 * 4096, used));
            assert!(!batch.is_empty() && !journal.has_news());
            batch.take(&mut journal, &mut bytes);
            assert!(batch.is_empty());
        }
    }

    #[test]
    fn a_record_for_which_there_is_no_segment_leaves_no_trace() {
        let (mut journal, mut slots) = journal();
        slots.take_run(6).expect("all others");
        append(&mut journal, &mut slots, 900).expect("room");
        let before = journal.clone();
        let failed = append(&mut journal, &mut slots, 900);
        let full = Error::DiffAreaFull { needed: 4096, free: 0, limit: 10 * 4096 };
        assert_eq!(failed, Err(full));
        assert_eq!(journal, before);
    }

    #[test]
    fn a_segment_is_as_long_as_neighbours_are_free() {
        let mut slots = Slots::new(0, 12);
        assert!(slots.mark(SlotIndex(3), 1) && slots.mark(SlotIndex(8), 1));
        let taken = |slots: &mut Slots| take_segment(slots, 8).map(|s| (s.first.0, s.slots));
        for segment in [(4, 4), (0, 2), (9, 2), (2, 1), (11, 1)] {
            assert_eq!(taken(&mut slots), Some(segment));
        }
        assert_eq!(taken(&mut slots), None);
    }

    #[test]
    fn before_a_superblock_names_a_journal_its_records_are_in_no_doubt() {
        let (mut journal, mut slots) = journal();
        let mut doubts = |journal: &mut Appender| {
            append(journal, &mut slots, 1).expect("room");
            let start = journal.pending_bytes() - 56;
            let sequence = Sequence(journal.records() - 1);
            let bytes = journal.pending_from(start);
            let parsed = record::parse(bytes, journal.context(), sequence, SUM).expect("sound");
            sequence.0 - parsed.expect("believed").stable.0
        };
        assert!(!journal.is_named());
        assert_eq!([doubts(&mut journal), doubts(&mut journal)], [0, 0]);
        journal.name();
        assert!(journal.is_named());
        assert_eq!((journal.stable(), journal.records()), (2, 2));
        assert_eq!([doubts(&mut journal), doubts(&mut journal)], [0, 1]);
        journal.confirm(Sequence(3));
        assert_eq!(doubts(&mut journal), 1);
    }
}
