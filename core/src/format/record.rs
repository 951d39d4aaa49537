//! Journal records: one self-verifying entry each.
//!
//! ```text
//!   0  4  checksum of bytes 4..length, seeded with that of the volume id
//!   4  2  length in units of 8 bytes, the padding with zeros included
//!   6  1  kind
//!   7  1  zero
//!   8  8  sequence
//!  16  8  generation: epoch
//!  24  8  generation: number
//!  32  4  unstable: so many records before this one may not be behind a barrier yet
//!  36     body
//! ```
//!
//! Bodies, by kind:
//!
//! ```text
//! 1 created     0  4  copy        4  2  bytes of the label   6  2  attributes
//!               8  8  time       16 16  owner               32  8  expires
//!              40  8  retained   48 16  set                 64  2  copies of the set
//!              66  6  zero       72     label in UTF-8
//! 2 deleted     0  1  reason: 0 asked for, 1 no space        1  3  zero
//!               4  4  number of copies                       8     4 each: copy
//! 3 preserved   runs until the record ends, each
//!               0  8  first chunk (48 bits), chunks less one (16 bits)
//!               8  4  copy       12  4  first slot, or all ones when the chunks are zeros
//!              16     4 each: CRC-32C of a chunk; absent for zeros
//! 4 link        0  4  slot where the journal goes on   4  4  slots of that segment
//! 5 described   as 1, and replaces what was said before
//! 6 amended     as 3: bytes that the copy has in place of its own
//! 7 reverting   0  4  copy that the volume is from now on
//! 8 settled     extents until the record ends, each
//!               0  8  first chunk   8  8  chunks, at least 1
//! 9 reverted    nothing: the origin holds the volume's bytes again
//! ```
//!
//! Times are in nanoseconds since 1970 (UTC), signed; 0 for none but in a copy's own.
//! Where a run would begin, 4 bytes of padding or less end the list.

use alloc::vec::Vec;
use core::str;

use crate::description::{Attributes, Description, Id};
use crate::error::{Damage, Error};
use crate::format::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::format::checksum::Checksum;
use crate::table::Run;
use crate::units::{ChunkIndex, Content, CopyId, Extent, Generation, Segment, Sequence, SlotIndex};

/// The most bytes of one record: one small read always shows whether there is news, and the
/// smallest segment, a slot of 4 KiB, has room for any record and a link.
pub const MAX_BYTES: usize = 4096 - LINK_BYTES;
/// Bytes of a link record; every segment keeps room for one.
pub const LINK_BYTES: usize = 48;
/// Bytes of a record that show which one it is.
pub const GLANCE_BYTES: usize = 32;
/// Where a record has its epoch.
const EPOCH: usize = 16;
/// The most bytes of a label.
pub const MAX_LABEL: usize = 1024;
/// The most copies that one record deletes.
pub const MAX_DELETED: usize = 512;
/// The most chunks of one run that has slots.
pub const MAX_RUN: u64 = 512;
/// The most chunks of one run of zeros.
pub const MAX_ZEROS: u64 = 1 << 16;

/// The most extents of one `settled` record.
pub const MAX_SETTLED: usize = 250;

const HEADER: usize = 36;
const LEAST_BYTES: usize = 40;
const RUN: usize = 16;
const EXTENT: usize = 16;
/// Bytes of a `created` record's body before the label.
const DESCRIPTION: usize = 72;
const ZEROS: u32 = u32::MAX;

/// Why a copy was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Somebody asked for it.
    Request,
    /// The diff area was full, and its policy lets the oldest copies go.
    Space,
}

/// What a journal's records must carry to be believed, and what the next one carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// Checksum seed of the volume.
    pub seed: u32,
    /// The journal's generation.
    pub generation: Generation,
}

/// What runs of chunks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// What the chunks held: it answers for their copy, and for older ones as far as no other does.
    Preserved,
    /// What their copy holds in place of what it was taken with: it answers for that copy alone.
    Amended,
}

/// A record that verifies.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its bytes in the journal.
    pub length: usize,
    /// All records before this one were behind a barrier when this one was written.
    pub stable: Sequence,
    /// What it says.
    pub body: Body<'a>,
}

/// What a record says.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A shadow copy was taken.
    Created {
        /// The copy.
        copy: CopyId,
        /// What is known of it.
        about: Description<&'a str>,
    },
    /// A shadow copy is described anew.
    Described {
        /// The copy.
        copy: CopyId,
        /// What is known of it from now on.
        about: Description<&'a str>,
    },
    /// Shadow copies were deleted.
    Deleted {
        /// Why.
        reason: Reason,
        /// Which.
        copies: Copies<'a>,
    },
    /// Old bytes were preserved.
    Preserved(Runs<'a>),
    /// Chunks of unfinished copies were changed.
    Amended(Runs<'a>),
    /// The journal goes on in another segment.
    Link(Segment),
    /// The volume is this shadow copy from now on, wherever its bytes are.
    Reverting(CopyId),
    /// The origin holds the volume's bytes of these chunks.
    Settled(Extents<'a>),
    /// The origin holds all of the volume's bytes.
    Reverted,
}

/// The copies of a `deleted` record.
#[derive(Clone, Copy, Debug)]
pub struct Copies<'a>(&'a [u8]);

impl Iterator for Copies<'_> {
    type Item = Result<CopyId, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (copy, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(CopyId::new(u32::from_le_bytes(*copy)).ok_or(DAMAGED))
    }
}

/// The runs of a `preserved` or `amended` record.
#[derive(Clone, Copy, Debug)]
pub struct Runs<'a>(&'a [u8]);

impl<'a> Iterator for Runs<'a> {
    type Item = Result<(Run, Sums<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.len() < RUN {
            return None;
        }
        let run = parse_run(self.0);
        self.0 = run.as_ref().map_or(&[], |&(_, sums)| &self.0[RUN + sums.0.len()..]);
        Some(run)
    }
}

/// The checksums of a run, one a chunk; none for zeros.
#[derive(Clone, Copy, Debug)]
pub struct Sums<'a>(&'a [u8]);

impl Iterator for Sums<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<Self::Item> {
        let (sum, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*sum))
    }
}

/// The extents of a `settled` record.
#[derive(Clone, Copy, Debug)]
pub struct Extents<'a>(&'a [u8]);

impl Iterator for Extents<'_> {
    type Item = Result<Extent, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (extent, rest) = self.0.split_at_checked(EXTENT)?;
        self.0 = rest;
        let (first, count) = (u64_at(extent, 0), u64_at(extent, 8));
        let is_sound = count > 0 && first.checked_add(count).is_some();
        Some(is_sound.then(|| Extent::new(first, count)).ok_or(DAMAGED))
    }
}

/// What is wrong with a record that verifies and yet cannot be; the reader adds where it is.
const DAMAGED: Error = Error::Corrupt { what: Damage::Record, at: 0 };

/// Whether `bytes`, of which [`GLANCE_BYTES`] will do, can be the start of the record with this sequence.
#[must_use]
pub fn shows(bytes: &[u8], context: Context, sequence: Sequence) -> bool {
    bytes.len() >= GLANCE_BYTES
        && u64_at(bytes, 8) == sequence.0
        && u64_at(bytes, EPOCH) == context.generation.epoch.0
        && u64_at(bytes, 24) == context.generation.number
}

/// Reads the record at the start of `bytes`; `Ok(None)` unless one with this sequence verifies.
///
/// Invariants 2 and 3: checksum, generation and sequence must agree, and a reader stops at the
/// first record that does not verify.
///
/// # Errors
///
/// [`Error::Corrupt`] for a record that verifies but cannot be.
pub fn parse(
    bytes: &[u8],
    context: Context,
    sequence: Sequence,
    checksum: Checksum,
) -> Result<Option<Record<'_>>, Error> {
    if bytes.len() < LEAST_BYTES || !shows(bytes, context, sequence) {
        return Ok(None);
    }
    let length = usize::from(u16_at(bytes, 4)) * 8;
    let believable = (LEAST_BYTES..=MAX_BYTES.min(bytes.len())).contains(&length)
        && u32_at(bytes, 0) == checksum.extend(context.seed, &bytes[4..length]);
    if !believable {
        return Ok(None);
    }
    let unstable = u64::from(u32_at(bytes, 32));
    let stable = Sequence(sequence.0.checked_sub(unstable).ok_or(DAMAGED)?);
    let body = parse_body(bytes[6], &bytes[HEADER..length])?;
    Ok(Some(Record { length, stable, body }))
}

fn parse_body(kind: u8, bytes: &[u8]) -> Result<Body<'_>, Error> {
    match kind {
        1 => parse_description(bytes).map(|(copy, about)| Body::Created { copy, about }),
        2 if bytes.len() >= 8 => {
            let reason = match bytes[0] {
                0 => Reason::Request,
                1 => Reason::Space,
                _ => return Err(DAMAGED),
            };
            let count = u32_at(bytes, 4) as usize;
            let copies = count.checked_mul(4).and_then(|len| bytes[8..].get(..len));
            Ok(Body::Deleted { reason, copies: Copies(copies.ok_or(DAMAGED)?) })
        }
        3 => Ok(Body::Preserved(Runs(bytes))),
        4 if bytes.len() >= 8 => {
            let (first, slots) = (SlotIndex(u32_at(bytes, 0)), u32_at(bytes, 4));
            let sound = slots > 0 && first.0.checked_add(slots).is_some();
            sound.then_some(Body::Link(Segment { first, slots })).ok_or(DAMAGED)
        }
        5 => parse_description(bytes).map(|(copy, about)| Body::Described { copy, about }),
        6 => Ok(Body::Amended(Runs(bytes))),
        7 => CopyId::new(u32_at(bytes, 0)).map(Body::Reverting).ok_or(DAMAGED),
        8 => Ok(Body::Settled(Extents(bytes))),
        9 => Ok(Body::Reverted),
        _ => Err(DAMAGED),
    }
}

fn parse_description(bytes: &[u8]) -> Result<(CopyId, Description<&str>), Error> {
    if bytes.len() < DESCRIPTION {
        return Err(DAMAGED);
    }
    let end = DESCRIPTION + usize::from(u16_at(bytes, 4));
    let label = bytes.get(DESCRIPTION..end).ok_or(DAMAGED)?;
    let about = Description {
        label: str::from_utf8(label).map_err(|_| DAMAGED)?,
        time: i64::from_le_bytes(array(bytes, 8)),
        attributes: Attributes::from_bits_retain(u16_at(bytes, 6)),
        owner: Id(array(bytes, 16)),
        expires: i64::from_le_bytes(array(bytes, 32)),
        retained_until: i64::from_le_bytes(array(bytes, 40)),
        set: Id(array(bytes, 48)),
        set_copies: u16_at(bytes, 64),
    };
    Ok((CopyId::new(u32_at(bytes, 0)).ok_or(DAMAGED)?, about))
}

fn parse_run(bytes: &[u8]) -> Result<(Run, Sums<'_>), Error> {
    let place = u64_at(bytes, 0);
    let chunks = Extent::new(place & ((1 << 48) - 1), (place >> 48) + 1);
    let copy = CopyId::new(u32_at(bytes, 8)).ok_or(DAMAGED)?;
    let (content, sums) = match u32_at(bytes, 12) {
        ZEROS => (Content::Zeros, 0),
        slot => (Content::Slot(SlotIndex(slot)), chunks.count as usize * 4),
    };
    let sums = bytes[RUN..].get(..sums).ok_or(DAMAGED)?;
    Ok((Run { chunks, copy, content }, Sums(sums)))
}

/// Appends records to a buffer.
#[derive(Debug)]
pub struct Emitter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Emitter<'a> {
    /// Begins a `preserved` record; [`Emitter::run`] adds to it.
    pub fn preserved(out: &'a mut Vec<u8>) -> Self {
        Self::runs(out, RunKind::Preserved)
    }

    /// Begins an `amended` record; [`Emitter::run`] adds to it.
    pub fn amended(out: &'a mut Vec<u8>) -> Self {
        Self::runs(out, RunKind::Amended)
    }

    /// Begins a record of runs of this kind; [`Emitter::run`] adds to it.
    pub fn runs(out: &'a mut Vec<u8>, kind: RunKind) -> Self {
        let kind = match kind {
            RunKind::Preserved => 3,
            RunKind::Amended => 6,
        };
        Self::begin(out, kind)
    }

    /// Begins a `created` record. The label is at most [`MAX_LABEL`] bytes long.
    pub fn created(out: &'a mut Vec<u8>, copy: CopyId, about: Description<&str>) -> Self {
        Self::description(out, 1, copy, about)
    }

    /// Begins a `described` record. The label is at most [`MAX_LABEL`] bytes long.
    pub fn described(out: &'a mut Vec<u8>, copy: CopyId, about: Description<&str>) -> Self {
        Self::description(out, 5, copy, about)
    }

    fn description(out: &'a mut Vec<u8>, kind: u8, copy: CopyId, about: Description<&str>) -> Self {
        let Description { label, time, attributes, owner, expires, retained_until, .. } = about;
        let Self { out, start } = Self::begin(out, kind);
        out.extend_from_slice(&copy.number().to_le_bytes());
        out.extend_from_slice(&(label.len() as u16).to_le_bytes());
        out.extend_from_slice(&attributes.bits().to_le_bytes());
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&owner.0);
        out.extend_from_slice(&expires.to_le_bytes());
        out.extend_from_slice(&retained_until.to_le_bytes());
        out.extend_from_slice(&about.set.0);
        out.extend_from_slice(&about.set_copies.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(label.as_bytes());
        Self { out, start }
    }

    /// Begins a `deleted` record of at most [`MAX_DELETED`] copies.
    pub fn deleted(out: &'a mut Vec<u8>, reason: Reason, copies: &[CopyId]) -> Self {
        let record = Self::begin(out, 2);
        let reason: u32 = match reason {
            Reason::Request => 0,
            Reason::Space => 1,
        };
        record.out.extend_from_slice(&reason.to_le_bytes());
        record.out.extend_from_slice(&(copies.len() as u32).to_le_bytes());
        for copy in copies {
            record.out.extend_from_slice(&copy.number().to_le_bytes());
        }
        record
    }

    /// Begins a `link` record.
    pub fn link(out: &'a mut Vec<u8>, segment: Segment) -> Self {
        let record = Self::begin(out, 4);
        record.out.extend_from_slice(&segment.first.0.to_le_bytes());
        record.out.extend_from_slice(&segment.slots.to_le_bytes());
        record
    }

    /// Begins a `reverting` record.
    pub fn reverting(out: &'a mut Vec<u8>, copy: CopyId) -> Self {
        let record = Self::begin(out, 7);
        record.out.extend_from_slice(&copy.number().to_le_bytes());
        record
    }

    /// Begins a `settled` record of at most [`MAX_SETTLED`] extents.
    pub fn settled(out: &'a mut Vec<u8>, extents: &[Extent]) -> Self {
        let record = Self::begin(out, 8);
        for extent in extents {
            record.out.extend_from_slice(&extent.first.0.to_le_bytes());
            record.out.extend_from_slice(&extent.count.to_le_bytes());
        }
        record
    }

    /// Begins a `reverted` record.
    pub fn reverted(out: &'a mut Vec<u8>) -> Self {
        Self::begin(out, 9)
    }

    fn begin(out: &'a mut Vec<u8>, kind: u8) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        out[start + 6] = kind;
        Self { out, start }
    }

    /// Whether a run with `sums` checksums still fits.
    #[must_use]
    pub fn has_room(&self, sums: usize) -> bool {
        self.out.len() - self.start + RUN + 4 * sums <= MAX_BYTES
    }

    /// Adds a run to a `preserved` or `amended` record.
    pub fn run(&mut self, run: Run, sums: &[u32]) {
        debug_assert!(run.chunks.count >= 1 && run.chunks.count <= MAX_ZEROS);
        let place = run.chunks.first.0 | (run.chunks.count - 1) << 48;
        let slot = match run.content {
            Content::Zeros => ZEROS,
            Content::Slot(slot) => slot.0,
        };
        self.out.extend_from_slice(&place.to_le_bytes());
        self.out.extend_from_slice(&run.copy.number().to_le_bytes());
        self.out.extend_from_slice(&slot.to_le_bytes());
        for sum in sums {
            self.out.extend_from_slice(&sum.to_le_bytes());
        }
    }

    /// Ends the record: pads it and returns its length. [`seal`] makes it believable.
    #[must_use]
    pub fn end(self) -> usize {
        let length = (self.out.len() - self.start).next_multiple_of(8).max(LEAST_BYTES);
        self.out.resize(self.start + length, 0);
        put(self.out, self.start + 4, ((length / 8) as u16).to_le_bytes());
        length
    }
}

/// Gives an ended record its place in a journal and its checksum.
pub fn seal(
    record: &mut [u8],
    context: Context,
    sequence: Sequence,
    stable: Sequence,
    checksum: Checksum,
) {
    let unstable = u32::try_from(sequence.0 - stable.0).unwrap_or(u32::MAX);
    put(record, 8, sequence.0.to_le_bytes());
    put(record, EPOCH, context.generation.epoch.0.to_le_bytes());
    put(record, 24, context.generation.number.to_le_bytes());
    put(record, 32, unstable.to_le_bytes());
    let sum = checksum.extend(context.seed, &record[4..]);
    put(record, 0, sum.to_le_bytes());
}

/// The first of some ended records, and the others; `None` when there is none.
#[must_use]
pub fn split(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16_at(records.first_chunk::<HEADER>()?, 4)) * 8;
    (length >= LEAST_BYTES).then(|| records.split_at_checked(length)).flatten()
}

/// Whether an ended record is a link.
#[must_use]
pub fn is_link(record: &[u8]) -> bool {
    record.get(6) == Some(&4)
}

/// The first record that is not behind a barrier, as far as records further on in `bytes` than the
/// one with this sequence can tell, if they tell of any behind it.
///
/// A record before it that does not verify was damaged since, or was read before it was there. It
/// proves nothing that there is none, for instance when the damaged record was the last one.
#[must_use]
pub fn stable_ahead(
    bytes: &[u8],
    context: Context,
    sequence: Sequence,
    checksum: Checksum,
) -> Option<Sequence> {
    let tells = |at: usize| {
        let bytes = &bytes[at..];
        let later = Sequence(u64_at(bytes, 8));
        let record = parse(bytes, context, later, checksum).ok()??;
        (record.stable > sequence).then_some(record.stable)
    };
    // Few places have this journal's epoch where a record would have it. Blocks of words are compared
    // first, without a branch for each.
    let epoch = context.generation.epoch.0.to_le_bytes();
    let (words, _) = bytes.get(EPOCH..)?.as_chunks::<8>();
    let has_epoch =
        |words: &[[u8; 8]]| words.iter().fold(false, |any, word| any | (*word == epoch));
    let blocks = words.chunks(64).enumerate().filter(|(_, words)| has_epoch(words));
    let starts = blocks.flat_map(|(nth, words)| {
        let own = words.iter().enumerate().filter(|&(_, word)| *word == epoch);
        own.map(move |(word, _)| (nth * 64 + word) * 8)
    });
    starts.filter_map(tells).max()
}

/// Whether all chunks and slots of a run exist; a record that names others cannot be.
#[must_use]
pub fn is_sound(run: &Run, chunks: u64) -> bool {
    run.chunks.end() <= chunks
        && match run.content {
            Content::Zeros => true,
            Content::Slot(first) => u64::from(first.0) + run.chunks.count < u64::from(u32::MAX),
        }
}

/// The chunk behind the last one of a run that begins at `first` and is emitted in pieces.
#[must_use]
pub fn piece_end(first: ChunkIndex, end: u64, content: Content) -> u64 {
    let most = match content {
        Content::Zeros => MAX_ZEROS,
        Content::Slot(_) => MAX_RUN,
    };
    end.min(first.0 + most)
}
