//! What becomes of a real diff area: damage that checksums show, and forgery that they do not.

use arbitrary::Arbitrary;
use shadowvol::format::record::{self, Body, Context};
use shadowvol::format::superblock::{BYTES, PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::{CopyId, Geometry, Sequence, SlotIndex};
use shadowvol_host::checksum::CRC32C;

use crate::forge::{Facts, Forged, seal};
use crate::image::Image;
use crate::number::Number;

/// Where the superblocks are.
pub(crate) const PLACES: [u64; 2] = [PAIR_OFFSET, PAIR_OFFSET + BYTES as u64];

/// Places and bytes of a superblock's fields.
pub(crate) const FIELDS: [(u64, usize); 15] = [
    (12, 4),
    (32, 8),
    (40, 4),
    (44, 4),
    (48, 8),
    (56, 8),
    (64, 8),
    (72, 8),
    (80, 4),
    (84, 4),
    (88, 4),
    (92, 4),
    (96, 8),
    (136, 8),
    (152, 8),
];

/// One thing that is done to a diff area.
#[derive(Clone, Debug, Arbitrary)]
pub(crate) enum Damage<'a> {
    /// A bit is another one.
    Flip { at: Where, bit: u8 },
    /// The medium ends early.
    Truncate(Number),
    /// Bytes are others.
    Overwrite { at: Where, bytes: &'a [u8] },
    /// Bytes of one place are found in another.
    Copy { from: Where, to: Where, length: u16 },
    /// A field of one or both superblocks is another, and the checksum is right.
    Superblock { both: bool, second: bool, field: u8, value: Number },
    /// Bytes of a record are others, and the checksum is right.
    Record { nth: u8, at: u16, value: Number },
    /// Records follow the last one.
    Append(Vec<Forged<'a>>),
}

/// A place of the diff area, more often one where something is.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) enum Where {
    Superblocks(u16),
    Journal(u16),
    Any(u32),
}

/// The journal of a diff area, as far as it can be followed.
struct Journal {
    superblock: Superblock,
    context: Context,
    /// Where each record is, its length, and its sequence number.
    records: Vec<(u64, usize, Sequence)>,
    /// Where the next one would be.
    end: u64,
    next: Sequence,
    next_copy: u32,
}

impl Damage<'_> {
    /// Whether checksums show it, so that the bytes returned of a copy must be right or none.
    pub(crate) fn is_shown(&self) -> bool {
        matches!(self, Self::Flip { .. } | Self::Truncate(_))
    }

    pub(crate) fn inflict(&self, image: &mut Image) {
        match *self {
            Self::Flip { at, bit } => {
                let at = at.find(image);
                let byte = image.read(at, 1)[0] ^ 1 << (bit % 8);
                image.write(at, &[byte]);
            }
            Self::Truncate(to) => {
                let length = to.in_place_of(image.size()).min(image.size());
                let bytes = image.read(0, length as usize);
                let closed = image.closed;
                let shorter = Image::of(&bytes, 0);
                *image = Image { diff: shorter.diff, closed, ..image.clone() };
            }
            Self::Overwrite { at, bytes } => image.write(at.find(image), bytes),
            Self::Copy { from, to, length } => {
                let bytes = image.read(from.find(image), length.into());
                image.write(to.find(image), &bytes);
            }
            Self::Superblock { both, second, field, value } => {
                for (nth, place) in PLACES.into_iter().enumerate() {
                    if both || nth == usize::from(second) {
                        forge_field(image, place, FIELDS[usize::from(field) % FIELDS.len()], value);
                    }
                }
            }
            Self::Record { nth, at, value } => forge_record(image, nth, at, value),
            Self::Append(ref forged) => append(image, forged),
        }
    }
}

impl Where {
    fn find(self, image: &Image) -> u64 {
        match self {
            Self::Superblocks(at) => PAIR_OFFSET + u64::from(at) % PAIR_BYTES as u64,
            Self::Journal(at) => Journal::follow(image).map_or(0, |journal| {
                let start =
                    journal.superblock.geometry.slot_offset(journal.superblock.journal.first);
                let length = journal.end.saturating_sub(start).max(1);
                start.saturating_add(u64::from(at) % length)
            }),
            Self::Any(at) => u64::from(at) % image.size().max(1),
        }
    }
}

/// Gives a superblock the checksum of its bytes.
pub(crate) fn reseal(image: &Image, place: u64) {
    let sum = CRC32C.of(&image.read(place + 12, BYTES - 12));
    image.write(place + 8, &sum.to_le_bytes());
}

fn forge_field(image: &Image, place: u64, (at, bytes): (u64, usize), value: Number) {
    let mut field = image.read(place + at, bytes);
    value.replace(&mut field);
    image.write(place + at, &field);
    reseal(image, place);
}

fn forge_record(image: &Image, nth: u8, at: u16, value: Number) {
    let Some(journal) = Journal::follow(image) else { return };
    let Some(&(place, length, _)) =
        journal.records.get(usize::from(nth) % journal.records.len().max(1))
    else {
        return;
    };
    let mut record = image.read(place, length);
    let at = 4 + usize::from(at) % (length - 8);
    value.replace(&mut record[at..at + 4]);
    seal(&mut record, journal.context);
    image.write(place, &record);
}

fn append(image: &Image, forged: &[Forged<'_>]) {
    let Some(journal) = Journal::follow(image) else { return };
    let geometry = journal.superblock.geometry;
    let sum = |chunk: u64, slot: u32| {
        let start = geometry.chunk.bytes().saturating_mul(chunk);
        let length = geometry.size.saturating_sub(start).min(geometry.chunk.bytes());
        CRC32C.of(&image.read(geometry.slot_offset(SlotIndex(slot)), length as usize))
    };
    let facts = Facts {
        next_copy: journal.next_copy,
        chunks: geometry.chunks(),
        free_slot: geometry.slots_in(journal.end).saturating_add(geometry.segment),
        sum: &sum,
    };
    let mut bytes = Vec::new();
    let mut next = journal.next;
    for forged in forged {
        forged.emit(&facts, journal.context, next, &mut bytes);
        next = next.next();
    }
    image.write(journal.end, &bytes);
}

impl Journal {
    fn follow(image: &Image) -> Option<Self> {
        let pair = image.read(PAIR_OFFSET, PAIR_BYTES);
        let (superblock, _) = Superblock::newest(&pair, CRC32C).ok()?;
        let context = Context { seed: superblock.seed(CRC32C), generation: superblock.generation };
        let geometry: Geometry = superblock.geometry;
        let end = geometry.slot_offset(superblock.journal.first);
        let next_copy = superblock.next_copy;
        let next = Sequence(0);
        let mut journal = Self { superblock, context, records: Vec::new(), end, next, next_copy };
        loop {
            let bytes = image.read(journal.end, record::MAX_BYTES);
            let Ok(Some(found)) = record::parse(&bytes, context, journal.next, CRC32C) else {
                return Some(journal);
            };
            journal.records.push((journal.end, found.length, journal.next));
            journal.next = journal.next.next();
            journal.end += found.length as u64;
            match found.body {
                Body::Link(segment) => journal.end = geometry.slot_offset(segment.first),
                Body::Created { copy, .. } => {
                    let behind = copy.next().map_or(u32::MAX, CopyId::number);
                    journal.next_copy = journal.next_copy.max(behind);
                }
                _ => {}
            }
        }
    }
}
