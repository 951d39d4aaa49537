//! Blocks of a recorded trace: entries, their times, a checksum. `docs/trace.md` has the layout.

use super::event::Change;
use crate::checksum::CRC32C;

/// Bytes of a block before its entries.
pub(super) const HEADER: usize = 16;
/// The most bytes of a block's entries.
pub(super) const MOST_BYTES: usize = 1 << 20;

const WRITE: u8 = 1;
const DISCARD: u8 = 2;
const FLUSH: u8 = 3;
const CREATED: u8 = 4;
const DELETED: u8 = 5;
const REVERTED: u8 = 6;
const END: u8 = 7;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Change(Change),
    /// The recording ended.
    End,
}

/// A block in the making.
#[derive(Debug)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    begun: u64,
    time: u64,
    /// The byte behind the last write or discard.
    end: u64,
}

impl BlockWriter {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEADER], begun: 0, time: 0, end: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER
    }

    /// Bytes of the entries.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - HEADER
    }

    /// Adds an entry. Its time is not before that of the last one.
    pub(super) fn push(&mut self, time: u64, entry: Entry) {
        if self.is_empty() {
            (self.begun, self.time) = (time, time);
        }
        let (kind, numbers) = match entry {
            Entry::Change(Change::Write { offset, length }) => (WRITE, self.place(offset, length)),
            Entry::Change(Change::Discard { offset, length }) => {
                (DISCARD, self.place(offset, length))
            }
            Entry::Change(Change::Flush) => (FLUSH, [None; 2]),
            Entry::Change(Change::Created { copy }) => (CREATED, [Some(copy.into()), None]),
            Entry::Change(Change::Deleted { copy }) => (DELETED, [Some(copy.into()), None]),
            Entry::Change(Change::Reverted { copy }) => (REVERTED, [Some(copy.into()), None]),
            Entry::End => (END, [None; 2]),
        };
        self.bytes.push(kind);
        put_varint(&mut self.bytes, time - self.time);
        numbers.into_iter().flatten().for_each(|number| put_varint(&mut self.bytes, number));
        self.time = time;
    }

    /// Gives out the block, and begins the next one with the memory of `into`.
    pub(super) fn finish(&mut self, into: &mut Vec<u8>) {
        let length = self.len() as u32;
        self.bytes[4..8].copy_from_slice(&length.to_le_bytes());
        self.bytes[8..16].copy_from_slice(&self.begun.to_le_bytes());
        let sum = CRC32C.of(&self.bytes[4..]);
        self.bytes[..4].copy_from_slice(&sum.to_le_bytes());
        into.clear();
        into.resize(HEADER, 0);
        core::mem::swap(into, &mut self.bytes);
        self.end = 0;
    }

    fn place(&mut self, offset: u64, length: u64) -> [Option<u64>; 2] {
        let distance = offset.wrapping_sub(self.end).cast_signed();
        self.end = offset.wrapping_add(length);
        [Some(zigzag(distance)), Some(length)]
    }
}

/// The entries of a block whose checksum is right.
#[derive(Debug, Default)]
pub(super) struct BlockReader {
    bytes: Vec<u8>,
    at: usize,
    time: u64,
    end: u64,
}

impl BlockReader {
    /// What a block's first bytes say: the bytes of its entries, unless no block begins so.
    pub(super) fn length(header: &[u8; HEADER]) -> Option<usize> {
        let [_, _, _, _, a, b, c, d, ..] = *header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        (1..=MOST_BYTES).contains(&length).then_some(length)
    }

    /// Begins with a block, given whole; `None` if its checksum is wrong. The memory of the block
    /// before is left in its place.
    pub(super) fn begin(&mut self, block: &mut Vec<u8>) -> Option<()> {
        let (sum, rest) = block.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*sum) != CRC32C.of(rest) {
            return None;
        }
        let time = u64::from_le_bytes(*rest.get(4..)?.first_chunk()?);
        core::mem::swap(&mut self.bytes, block);
        (self.at, self.time, self.end) = (HEADER, time, 0);
        Some(())
    }

    /// The next entry with its time; `Ok(None)` at the block's end, an error if it is none.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Entry)>, NoEntry> {
        let Some(&kind) = self.bytes.get(self.at) else { return Ok(None) };
        self.at += 1;
        self.time = self.time.checked_add(self.varint()?).ok_or(NoEntry)?;
        let change = match kind {
            WRITE => self.place().map(|(offset, length)| Change::Write { offset, length })?,
            DISCARD => self.place().map(|(offset, length)| Change::Discard { offset, length })?,
            FLUSH => Change::Flush,
            CREATED => Change::Created { copy: self.copy()? },
            DELETED => Change::Deleted { copy: self.copy()? },
            REVERTED => Change::Reverted { copy: self.copy()? },
            END => return Ok(Some((self.time, Entry::End))),
            _ => return Err(NoEntry),
        };
        Ok(Some((self.time, Entry::Change(change))))
    }

    fn place(&mut self) -> Result<(u64, u64), NoEntry> {
        let offset = self.end.checked_add_signed(unzigzag(self.varint()?)).ok_or(NoEntry)?;
        let length = self.varint()?;
        self.end = offset.checked_add(length).ok_or(NoEntry)?;
        Ok((offset, length))
    }

    fn copy(&mut self) -> Result<u32, NoEntry> {
        u32::try_from(self.varint()?).map_err(|_| NoEntry)
    }

    fn varint(&mut self) -> Result<u64, NoEntry> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(NoEntry)?;
            self.at += 1;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return Err(NoEntry);
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(NoEntry)
    }
}

/// Bytes that are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoEntry;

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

const fn zigzag(distance: i64) -> u64 {
    (distance << 1 ^ distance >> 63).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<(u64, Entry)>> {
        let place = (0..1_u64 << 62, 0..1_u64 << 40);
        let change = prop_oneof![
            place.clone().prop_map(|(offset, length)| Change::Write { offset, length }),
            place.prop_map(|(offset, length)| Change::Discard { offset, length }),
            Just(Change::Flush),
            any::<u32>().prop_map(|copy| Change::Created { copy }),
            any::<u32>().prop_map(|copy| Change::Deleted { copy }),
            any::<u32>().prop_map(|copy| Change::Reverted { copy }),
        ];
        let entry = prop_oneof![9 => change.prop_map(Entry::Change), 1 => Just(Entry::End)];
        prop::collection::vec((0..1_u64 << 50, entry), 1..40)
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(entries in entries()) {
            let mut writer = BlockWriter::new();
            let mut time = 0;
            let mut expected = Vec::new();
            for (later, entry) in entries {
                time += later;
                writer.push(time, entry);
                expected.push((time, entry));
            }
            let (length, mut block) = (writer.len(), Vec::new());
            writer.finish(&mut block);
            prop_assert!(writer.is_empty());
            let header = block.first_chunk().expect("a header");
            prop_assert_eq!(BlockReader::length(header), Some(length));

            let mut reader = BlockReader::default();
            prop_assert_eq!(reader.begin(&mut block), Some(()));
            for entry in expected {
                prop_assert_eq!(reader.next(), Ok(Some(entry)));
            }
            prop_assert_eq!(reader.next(), Ok(None));
        }

        #[test]
        fn no_bytes_make_it_panic(payload in prop::collection::vec(any::<u8>(), 1..60)) {
            let mut writer = BlockWriter::new();
            writer.bytes.extend_from_slice(&payload);
            let mut block = Vec::new();
            writer.finish(&mut block);
            let mut reader = BlockReader::default();
            prop_assert_eq!(reader.begin(&mut block), Some(()));
            let ends = (0..=payload.len()).any(|_| !matches!(reader.next(), Ok(Some(_))));
            prop_assert!(ends, "each entry takes a byte at least");
        }
    }

    #[test]
    fn a_flipped_bit_is_seen() {
        let mut writer = BlockWriter::new();
        writer.push(9, Entry::Change(Change::Write { offset: 4096, length: 512 }));
        let mut block = Vec::new();
        writer.finish(&mut block);
        for bit in 0..block.len() * 8 {
            let mut flipped = block.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockReader::default().begin(&mut flipped), None, "bit {bit}");
        }
    }
}
