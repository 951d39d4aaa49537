//! Superblocks and records alone: nothing makes the parsers panic, and what they believe is
//! emitted as bytes that say the same.

use arbitrary::{Arbitrary, Unstructured};
use shadowvol::format::record::{
    self, Body, Context, Emitter, MAX_BYTES, Reason, Record, RunKind, Runs,
};
use shadowvol::format::superblock::{BYTES, OnFull, PAIR_BYTES, Superblock};
use shadowvol::{
    ChunkSize, CopyId, Description, Epoch, Error, Extent, Generation, Geometry, Run, Segment,
    Sequence, SlotIndex, VolumeId,
};
use shadowvol_host::checksum::CRC32C;

use crate::damage::FIELDS;
use crate::forge::{Facts, Forged, seal};
use crate::number::Number;

#[derive(Debug, Arbitrary)]
struct Case<'a> {
    sequence: u64,
    epoch: u64,
    number: u64,
    seed: u32,
    kind: Kind<'a>,
}

/// What is put in the place of a superblock's fields.
type Fields = [Option<Number>; FIELDS.len()];

#[derive(Debug, Arbitrary)]
enum Kind<'a> {
    /// Two superblocks that verify, with some fields that may be wrong.
    Superblocks(Box<[Fields; 2]>),
    /// Bytes as they are.
    Bytes(&'a [u8]),
    /// A record of these bytes that verifies.
    Sealed(&'a [u8]),
    /// Records that say something, and where one bit is flipped.
    Records(Vec<Forged<'a>>, u16, u8),
}

/// Parses what the input becomes.
pub fn records(input: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let generation = Generation { epoch: Epoch(case.epoch), number: case.number };
    let context = Context { seed: case.seed, generation };
    let sequence = Sequence(case.sequence);
    match case.kind {
        Kind::Superblocks(places) => superblocks(&places),
        Kind::Bytes(bytes) => {
            superblock(bytes);
            pair(bytes);
            all(bytes, context, sequence);
        }
        Kind::Sealed(bytes) => sealed(bytes, context, sequence),
        Kind::Records(forged, at, bit) => journal(&forged, context, sequence, at, bit),
    }
}

fn superblocks(places: &[Fields; 2]) {
    let mut bytes = [0; PAIR_BYTES];
    for (place, numbers) in bytes.chunks_mut(BYTES).zip(places) {
        place[..BYTES].copy_from_slice(&sound().emit(CRC32C));
        for (&(at, length), number) in FIELDS.iter().zip(numbers) {
            if let Some(number) = number {
                number.replace(&mut place[at as usize..][..length]);
            }
        }
        let sum = CRC32C.of(&place[12..]);
        place[8..12].copy_from_slice(&sum.to_le_bytes());
        superblock(place);
    }
    pair(&bytes);
}

/// A superblock with something in every field.
fn sound() -> Superblock {
    let epoch = Epoch(5);
    Superblock {
        volume: VolumeId([7; 16]),
        geometry: Geometry::new(1 << 30, ChunkSize::MIN),
        epoch,
        serial: 11,
        generation: Generation { epoch, number: 2 },
        journal: Segment { first: SlotIndex(70), slots: 64 },
        clean: true,
        coherent: true,
        on_full: OnFull::DropOldest,
        next_copy: 4,
        limit: 1 << 40,
        stamp: [3; 32],
        boot: [4; 16],
        records: 20,
    }
}

/// What parses is emitted as what parses to the same.
fn superblock(bytes: &[u8]) {
    if let Ok(Some(found)) = Superblock::parse(bytes, CRC32C) {
        let again = Superblock::parse(&found.emit(CRC32C), CRC32C);
        assert_eq!(again, Ok(Some(found)));
    }
}

/// The newest of two is one of them.
fn pair(bytes: &[u8]) {
    let (found, _) = Superblock::survey(bytes, CRC32C);
    if let Ok((newest, _)) = found {
        let places = bytes.split_at(BYTES.min(bytes.len()));
        let parsed = [places.0, places.1].map(|place| Superblock::parse(place, CRC32C));
        assert!(parsed.contains(&Ok(Some(newest.clone()))), "a superblock from nowhere");
        let newer = |other: &Superblock| other.is_newer_than(&newest);
        assert!(!parsed.iter().flatten().flatten().any(newer), "a newer one is in force");
    }
}

/// Everything that looks at records looks at these bytes.
fn all(bytes: &[u8], context: Context, sequence: Sequence) {
    believed(bytes, context, sequence);
    if let Some(stable) = record::stable_ahead(bytes, context, sequence, CRC32C) {
        let tells = |at: usize| {
            let number = bytes[at..].get(8..16).and_then(|field| field.try_into().ok());
            let later = Sequence(number.map_or(0, u64::from_le_bytes));
            let found = record::parse(&bytes[at..], context, later, CRC32C);
            later > sequence && matches!(found, Ok(Some(record)) if record.stable == stable)
        };
        assert!(stable > sequence, "it is stable to where it is read already");
        assert!((0..bytes.len()).step_by(8).any(tells), "no record says so");
    }
    let mut rest = bytes;
    while let Some((piece, behind)) = record::split(rest) {
        assert!(!piece.is_empty(), "splitting goes on for ever");
        rest = behind;
    }
}

fn sealed(bytes: &[u8], context: Context, sequence: Sequence) {
    let mut bytes = bytes.to_vec();
    bytes.truncate(MAX_BYTES + 8);
    bytes.resize(bytes.len().next_multiple_of(8).max(40), 0);
    let units = (bytes.len() / 8) as u16;
    bytes[4..6].copy_from_slice(&units.to_le_bytes());
    bytes[6] %= 10;
    bytes[8..16].copy_from_slice(&sequence.0.to_le_bytes());
    bytes[16..24].copy_from_slice(&context.generation.epoch.0.to_le_bytes());
    bytes[24..32].copy_from_slice(&context.generation.number.to_le_bytes());
    seal(&mut bytes, context);
    all(&bytes, context, sequence);
}

/// Records one after the other; then one bit of them is flipped, and that one is not believed.
fn journal(forged: &[Forged<'_>], context: Context, sequence: Sequence, at: u16, bit: u8) {
    let facts = Facts { next_copy: 3, chunks: 40, free_slot: 9, sum: &|_, _| 5 };
    let mut bytes = Vec::new();
    let mut starts = Vec::new();
    let mut next = sequence;
    for forged in forged {
        starts.push((bytes.len(), next));
        forged.emit(&facts, context, next, &mut bytes);
        next = Sequence(next.0.wrapping_add(1));
    }
    all(&bytes, context, sequence);
    starts.iter().for_each(|&(start, sequence)| believed(&bytes[start..], context, sequence));

    let at = usize::from(at) % bytes.len().max(1);
    let Some(&(start, sequence)) = starts.iter().rev().find(|(start, _)| *start <= at) else {
        return;
    };
    let whole = record::parse(&bytes[start..], context, sequence, CRC32C)
        .map(|found| found.is_some_and(|found| at < start + found.length));
    bytes[at] ^= 1 << (bit % 8);
    if whole == Ok(true) {
        let found = record::parse(&bytes[start..], context, sequence, CRC32C);
        assert!(matches!(found, Ok(None)), "byte {at} was changed, and the record is believed");
    }
}

/// What a record says, with nothing borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Created(CopyId, Description),
    Described(CopyId, Description),
    Deleted(Reason, Vec<CopyId>),
    Runs(RunKind, Vec<(Run, Vec<u32>)>),
    Link(Segment),
    Reverting(CopyId),
    Settled(Vec<Extent>),
    Reverted,
}

/// What is believed is emitted as what is believed to say the same.
fn believed(bytes: &[u8], context: Context, sequence: Sequence) {
    let Ok(Some(found)) = record::parse(bytes, context, sequence, CRC32C) else { return };
    assert!(found.length <= bytes.len().min(MAX_BYTES) && found.stable <= sequence);
    // Some parts are looked at only when they are used.
    let Ok(said) = Said::by(&found) else { return };
    let mut again = Vec::new();
    let length = said.emit(&mut again);
    assert!(length == again.len() && length <= found.length, "{length} bytes of {said:?}");
    record::seal(&mut again, context, sequence, found.stable, CRC32C);
    let parsed = record::parse(&again, context, sequence, CRC32C).ok().flatten();
    let parsed = parsed.expect("the engine believes its own records");
    assert_eq!((parsed.length, parsed.stable), (length, found.stable));
    assert_eq!(Said::by(&parsed), Ok(said));
}

impl Said {
    fn by(record: &Record<'_>) -> Result<Self, Error> {
        Ok(match record.body {
            Body::Created { copy, about } => Self::Created(copy, about.to_owned()),
            Body::Described { copy, about } => Self::Described(copy, about.to_owned()),
            Body::Deleted { reason, copies } => {
                Self::Deleted(reason, copies.collect::<Result<_, _>>()?)
            }
            Body::Preserved(runs) => Self::Runs(RunKind::Preserved, owned(runs)?),
            Body::Amended(runs) => Self::Runs(RunKind::Amended, owned(runs)?),
            Body::Link(segment) => Self::Link(segment),
            Body::Reverting(copy) => Self::Reverting(copy),
            Body::Settled(extents) => Self::Settled(extents.collect::<Result<_, _>>()?),
            Body::Reverted => Self::Reverted,
        })
    }

    fn emit(&self, out: &mut Vec<u8>) -> usize {
        match self {
            Self::Created(copy, about) => Emitter::created(out, *copy, about.borrow()).end(),
            Self::Described(copy, about) => Emitter::described(out, *copy, about.borrow()).end(),
            Self::Deleted(reason, copies) => Emitter::deleted(out, *reason, copies).end(),
            Self::Runs(kind, runs) => {
                let mut emitter = Emitter::runs(out, *kind);
                for (run, sums) in runs {
                    assert!(emitter.has_room(sums.len()), "more than a record holds");
                    emitter.run(*run, sums);
                }
                emitter.end()
            }
            Self::Link(segment) => Emitter::link(out, *segment).end(),
            Self::Reverting(copy) => Emitter::reverting(out, *copy).end(),
            Self::Settled(extents) => Emitter::settled(out, extents).end(),
            Self::Reverted => Emitter::reverted(out).end(),
        }
    }
}

fn owned(runs: Runs<'_>) -> Result<Vec<(Run, Vec<u32>)>, Error> {
    runs.map(|run| run.map(|(run, sums)| (run, sums.collect()))).collect()
}
