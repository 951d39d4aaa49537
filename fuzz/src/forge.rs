//! Records with any content and right checksums, laid out by hand: what a broken or hostile writer
//! could leave. The engine's own emitter would refuse most of them.

use arbitrary::Arbitrary;
use shadowvol::Sequence;
use shadowvol::format::record::Context;
use shadowvol_host::checksum::CRC32C;

use crate::number::Number;

/// What a record should say, to be a little wrong on purpose.
pub(crate) struct Facts<'a> {
    /// The number that the next copy gets.
    pub(crate) next_copy: u32,
    /// Chunks of the volume.
    pub(crate) chunks: u64,
    /// A slot that nothing is in.
    pub(crate) free_slot: u32,
    /// The checksum of a chunk's bytes in a slot.
    pub(crate) sum: &'a dyn Fn(u64, u32) -> u32,
}

/// A record in the making.
#[derive(Clone, Debug, Arbitrary)]
pub(crate) struct Forged<'a> {
    body: Body<'a>,
    /// In units of 8 bytes.
    length: Number,
    sequence: Number,
    unstable: Number,
}

#[derive(Clone, Debug, Arbitrary)]
enum Body<'a> {
    Created { again: bool, copy: Number, length: Number, facts: [u8; 66], label: &'a [u8] },
    Deleted { reason: u8, count: Number, copies: Vec<Number> },
    Runs { amended: bool, runs: Vec<Run> },
    Link { first: Number, slots: Number },
    Reverting { copy: Number },
    Settled { extents: Vec<(Number, Number)> },
    Reverted,
    Other { kind: u8, bytes: &'a [u8] },
}

#[derive(Clone, Copy, Debug, Arbitrary)]
struct Run {
    chunk: Number,
    count: u16,
    copy: Number,
    place: Place,
    sum: Number,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Place {
    Zeros,
    Slot(Number),
}

/// Bytes before a record's body.
const HEADER: usize = 36;
/// More would be no record.
const MOST: usize = 4048;

impl Forged<'_> {
    /// Appends the record, which should have this sequence number, and returns its length.
    pub(crate) fn emit(
        &self,
        facts: &Facts<'_>,
        context: Context,
        sequence: Sequence,
        out: &mut Vec<u8>,
    ) -> usize {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        out[start + 6] = self.body.emit(facts, out);
        out.truncate(start + MOST);
        let length = (out.len() - start).next_multiple_of(8).max(40);
        out.resize(start + length, 0);

        let units = self.length.in_place_of(length as u64 / 8) as u16;
        let Sequence(sequence) = sequence;
        let header = &mut out[start..];
        header[4..6].copy_from_slice(&units.to_le_bytes());
        header[8..16].copy_from_slice(&self.sequence.in_place_of(sequence).to_le_bytes());
        header[16..24].copy_from_slice(&context.generation.epoch.0.to_le_bytes());
        header[24..32].copy_from_slice(&context.generation.number.to_le_bytes());
        header[32..36].copy_from_slice(&self.unstable.in_place_of_u32(0).to_le_bytes());
        let claimed = usize::from(units) * 8;
        seal(&mut header[..claimed.clamp(40, length)], context);
        length
    }
}

/// Gives a record the checksum of its bytes.
pub(crate) fn seal(record: &mut [u8], context: Context) {
    let sum = CRC32C.extend(context.seed, &record[4..]);
    record[..4].copy_from_slice(&sum.to_le_bytes());
}

impl Body<'_> {
    /// Appends the body and returns its kind.
    fn emit(&self, facts: &Facts<'_>, out: &mut Vec<u8>) -> u8 {
        match self {
            Self::Created { again, copy, length, facts: rest, label } => {
                let length = length.in_place_of(label.len() as u64) as u16;
                out.extend_from_slice(&copy.in_place_of_u32(facts.next_copy).to_le_bytes());
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(rest);
                out.extend_from_slice(label);
                if *again { 5 } else { 1 }
            }
            Self::Deleted { reason, count, copies } => {
                let count = count.in_place_of_u32(copies.len() as u32);
                out.extend_from_slice(&[*reason % 3, 0, 0, 0]);
                out.extend_from_slice(&count.to_le_bytes());
                for copy in copies {
                    let copy = copy.in_place_of_u32(facts.next_copy.wrapping_sub(1));
                    out.extend_from_slice(&copy.to_le_bytes());
                }
                2
            }
            Self::Runs { amended, runs } => {
                runs.iter().for_each(|run| run.emit(facts, out));
                if *amended { 6 } else { 3 }
            }
            Self::Link { first, slots } => {
                out.extend_from_slice(&first.in_place_of_u32(facts.free_slot).to_le_bytes());
                out.extend_from_slice(&slots.in_place_of_u32(1).to_le_bytes());
                4
            }
            Self::Reverting { copy } => {
                let copy = copy.in_place_of_u32(facts.next_copy.wrapping_sub(1));
                out.extend_from_slice(&copy.to_le_bytes());
                7
            }
            Self::Settled { extents } => {
                for (first, count) in extents {
                    out.extend_from_slice(&first.in_place_of(facts.chunks / 2).to_le_bytes());
                    out.extend_from_slice(&count.in_place_of(1).to_le_bytes());
                }
                8
            }
            Self::Reverted => 9,
            Self::Other { kind, bytes } => {
                out.extend_from_slice(bytes);
                *kind
            }
        }
    }
}

impl Run {
    fn emit(self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        let chunk = self.chunk.in_place_of(facts.chunks / 2) & ((1 << 48) - 1);
        let less_one = u64::from(self.count);
        let copy = self.copy.in_place_of_u32(facts.next_copy.wrapping_sub(1));
        let slot = match self.place {
            Place::Zeros => u32::MAX,
            Place::Slot(slot) => slot.in_place_of_u32(facts.free_slot),
        };
        // A run with slots has few enough chunks for a record.
        let less_one = if slot == u32::MAX { less_one } else { less_one % 8 };
        out.extend_from_slice(&(chunk | less_one << 48).to_le_bytes());
        out.extend_from_slice(&copy.to_le_bytes());
        out.extend_from_slice(&slot.to_le_bytes());
        if slot != u32::MAX {
            for nth in 0..=less_one as u32 {
                let right = (facts.sum)(chunk + u64::from(nth), slot.wrapping_add(nth));
                out.extend_from_slice(&self.sum.in_place_of_u32(right).to_le_bytes());
            }
        }
    }
}
