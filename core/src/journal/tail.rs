//! The reading end of a journal: where a node has read to, and how it goes on.

use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::record::{self, Body, Context, MAX_BYTES, Record};
use crate::geometry::Geometry;
use crate::machine::{Medium, ReadOp, Span};
use crate::units::{Segment, Sequence};

/// A position in a journal: the record that is read next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tail {
    geometry: Geometry,
    context: Context,
    next: Sequence,
    segment: Segment,
    offset: u64,
    /// Slots of the segments up to this one.
    slots: u32,
}

/// What a read of the tail brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// The journal ended here when it was read.
    End,
    /// There may be more behind what was read.
    More,
}

impl Tail {
    /// The start of a journal.
    #[must_use]
    pub fn new(geometry: Geometry, context: Context, segment: Segment) -> Self {
        let slots = segment.slots;
        Self { geometry, context, next: Sequence(0), segment, offset: 0, slots }
    }

    /// The number of the record that is read next.
    #[must_use]
    pub fn next(&self) -> Sequence {
        self.next
    }

    /// Whether both are positions in the same journal.
    #[must_use]
    pub fn is_same_journal(&self, other: &Self) -> bool {
        self.context == other.context
    }

    /// Slots of the segments up to the one that it is in.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// The segment it is in.
    #[must_use]
    pub fn segment(&self) -> Segment {
        self.segment
    }

    /// The read that goes on from here, of at most `most` bytes, into the working space at `start`.
    ///
    /// [`MAX_BYTES`] are enough to see whether there is a next record.
    #[must_use]
    pub fn read(&self, start: usize, most: usize) -> ReadOp {
        let rest = self.geometry.slot_bytes(self.segment.slots) - self.offset;
        let len = rest.min(most.max(MAX_BYTES) as u64) as usize;
        let at = self.geometry.slot_offset(self.segment.first) + self.offset;
        ReadOp { medium: Medium::DiffArea, at, into: Span::scratch(start, len) }
    }

    /// Whether `bytes`, the first ones that [`Tail::read`] brought, can be the start of a record.
    #[must_use]
    pub fn shows_news(&self, bytes: &[u8]) -> bool {
        record::shows(bytes, self.context, self.next)
    }

    /// The first record that is not behind a barrier, as far as `bytes`, which [`Tail::read`]
    /// brought, tell of any behind the next one. If the journal ends before it, a record was
    /// damaged, or was read before it was there.
    #[must_use]
    pub fn stable_ahead(&self, bytes: &[u8], checksum: Checksum) -> Option<Sequence> {
        record::stable_ahead(bytes, self.context, self.next, checksum)
    }

    /// Hands the records in `bytes`, which [`Tail::read`] brought, to `visit`, and moves behind
    /// them. So many bytes `behind` the last one are wanted to call it the last: [`record::GLANCE_BYTES`] will do
    /// where no read is ever stale, and [`MAX_BYTES`] may hold what proves that one was.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with its place, for a record that verifies but cannot be.
    pub fn follow(
        &mut self,
        bytes: &[u8],
        behind: usize,
        checksum: Checksum,
        mut visit: impl FnMut(Sequence, &Record<'_>) -> Result<(), Error>,
    ) -> Result<News, Error> {
        let mut rest = bytes;
        loop {
            let here = self.geometry.slot_offset(self.segment.first) + self.offset;
            let locate = |error| match error {
                Error::Corrupt { what, .. } => Error::Corrupt { what, at: here },
                other => other,
            };
            let parsed = record::parse(rest, self.context, self.next, checksum).map_err(locate)?;
            let Some(record) = parsed else {
                let begins = record::shows(rest, self.context, self.next);
                let behind = if begins { MAX_BYTES } else { behind };
                let undecided = rest.len() < behind.min(bytes.len());
                let more = undecided
                    && self.offset + (rest.len() as u64)
                        < self.geometry.slot_bytes(self.segment.slots);
                return Ok(if more { News::More } else { News::End });
            };
            visit(self.next, &record).map_err(locate)?;
            self.next = self.next.next();
            self.offset += record.length as u64;
            rest = &rest[record.length..];
            if let Body::Link(segment) = record.body {
                self.segment = segment;
                self.slots = self.slots.saturating_add(segment.slots);
                self.offset = 0;
                return Ok(News::More);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! How far one read brings a follower, and what it says then.

    use crate::description::Description;
    use alloc::vec::Vec;

    use super::*;
    use crate::error::Damage;
    use crate::format::record::{Emitter, seal};
    use crate::units::{ChunkSize, CopyId, Epoch, Generation, SlotIndex};

    const SUM: Checksum = Checksum::PORTABLE;
    const CONTEXT: Context =
        Context { seed: 7, generation: Generation { epoch: Epoch(1), number: 0 } };

    fn tail(slots: u32) -> Tail {
        let geometry = Geometry { size: 1 << 30, chunk: ChunkSize::MIN, segment: slots };
        Tail::new(geometry, CONTEXT, Segment { first: SlotIndex(2), slots })
    }

    /// The bytes of a segment that begins with so many records of 1,056 bytes.
    fn segment(slots: usize, records: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let copy = CopyId::new(1).expect("a number");
        let about = Description::new("x".repeat(1_000 - 56), 0);
        for sequence in 0..records {
            let start = bytes.len();
            assert_eq!(Emitter::created(&mut bytes, copy, about.borrow()).end(), 1_056);
            seal(&mut bytes[start..], CONTEXT, Sequence(sequence), Sequence(0), SUM);
        }
        bytes.resize(slots * 4096, 0);
        bytes
    }

    /// Reads at most so many bytes from where the tail is, and follows them.
    fn follow(tail: &mut Tail, segment: &[u8], most: usize) -> (Result<News, Error>, u64) {
        follow_behind(tail, segment, most, MAX_BYTES)
    }

    fn follow_behind(
        tail: &mut Tail,
        segment: &[u8],
        most: usize,
        behind: usize,
    ) -> (Result<News, Error>, u64) {
        let read = tail.read(0, most);
        let bytes = &segment[read.at as usize - 2 * 4096..][..read.into.len];
        let news = tail.follow(bytes, behind, SUM, |_, _| Ok(()));
        (news, tail.next().0)
    }

    #[test]
    fn small_reads_go_on_until_one_brings_nothing() {
        let (mut tail, bytes) = (tail(4), segment(4, 5));
        let mut told = [(); 3].map(|()| follow(&mut tail, &bytes, 0));
        assert_eq!(told, [(Ok(News::More), 3), (Ok(News::More), 5), (Ok(News::End), 5)]);

        // A read that reaches the segment's end leaves nothing open, nor does one behind which a
        // whole record would have been seen.
        tail = self::tail(4);
        told = [(); 3].map(|()| follow(&mut tail, &bytes, 4 * 4096));
        assert_eq!(told, [(); 3].map(|()| (Ok(News::End), 5)));
        assert_eq!(follow(&mut self::tail(1), &segment(1, 1), 4096), (Ok(News::End), 1));
        assert_eq!(follow(&mut self::tail(1), &segment(1, 3), 4096), (Ok(News::End), 3));
    }

    #[test]
    fn where_nothing_is_stale_a_read_goes_on_only_for_a_record_that_it_shows() {
        let glance = record::GLANCE_BYTES;
        // The read ends within the fourth record.
        let (mut long, bytes) = (tail(4), segment(4, 5));
        let mut told = [(); 2].map(|()| follow_behind(&mut long, &bytes, 0, glance));
        assert_eq!(told, [(Ok(News::More), 3), (Ok(News::End), 5)]);
        // Less is left of it than shows whether there is one; and much behind it that is none.
        for (most, news) in [(3 * 1_056 + glance - 1, News::More), (3 * 1_056 + glance, News::End)]
        {
            let bytes = &segment(4, 3)[..most];
            assert_eq!(tail(4).follow(bytes, glance, SUM, |_, _| Ok(())), Ok(news));
        }
        // One that is torn is not there yet.
        let mut torn = segment(4, 5);
        torn[3 * 1_056 + 500] ^= 1;
        let mut short = tail(4);
        told = [(); 2].map(|()| follow_behind(&mut short, &torn, 0, glance));
        assert_eq!(told, [(Ok(News::More), 3), (Ok(News::End), 3)]);
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let mut bytes = segment(1, 2);
        bytes[1_056 + 6] = 99;
        seal(&mut bytes[1_056..2 * 1_056], CONTEXT, Sequence(1), Sequence(0), SUM);
        let damage = Error::Corrupt { what: Damage::Record, at: 2 * 4096 + 1_056 };
        assert_eq!(follow(&mut tail(1), &bytes, 4096), (Err(damage), 1));
    }

    #[test]
    fn a_position_belongs_to_one_journal() {
        let (here, mut other) = (tail(1), tail(1));
        assert!(here.is_same_journal(&other));
        other.context.generation.number += 1;
        assert!(!here.is_same_journal(&other));
    }
}
