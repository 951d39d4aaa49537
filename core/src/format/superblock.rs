//! The superblock: which journal is in force, who holds the active role, and what the volume is.
//!
//! There are two places, written in turn with a barrier between, so that one of them is always
//! whole. They lie in different 4 KiB blocks, yet side by side: one read of [`PAIR_BYTES`] bytes
//! at [`PAIR_OFFSET`] brings both.
//!
//! ```text
//!   0   8  magic "SHADOWVL"           80   4  first slot of the journal's first segment
//!   8   4  checksum of bytes 12..512  84   4  flags: 1 clean, 2 coherent, 4 drops oldest
//!  12   4  format                     88   4  a copy number that was never given
//!  16  16  volume id                  92   4  slots of that segment
//!  32   8  bytes of the volume        96   8  limit of the diff area in bytes
//!  40   4  chunk, as a power of two  104  32  stamp of the origin
//!  44   4  slots of a full segment        136  16  boot id
//!  48   8  epoch of the holder       152   8  records behind a barrier, at least
//!  56   8  serial                    160 352  zero
//!  64   8  generation: epoch
//!  72   8  generation: number
//! ```
//!
//! Numbers are little-endian. The newest superblock is the one with the greater (epoch, serial).

use crate::error::{Damage, Error};
use crate::format::bytes::{array, put, u32_at, u64_at};
use crate::format::checksum::{Checksum, is_zeros};
use crate::geometry::Geometry;
use crate::units::{ChunkSize, Epoch, Generation, Segment, Sequence, SlotIndex, VolumeId};

/// Bytes of one superblock.
pub const BYTES: usize = 512;
/// Where the two places begin in the diff area.
pub const PAIR_OFFSET: u64 = 3584;
/// Bytes of the two places together.
pub const PAIR_BYTES: usize = 2 * BYTES;
/// The format that this version reads and writes.
pub const FORMAT: u32 = 1;

/// Epochs and serials beyond this were never counted up to: the next ones would have no room.
const LAST: u64 = 1 << 62;

const MAGIC: [u8; 8] = *b"SHADOWVL";
const CLEAN: u32 = 1;
const COHERENT: u32 = 2;
const DROPS_OLDEST: u32 = 4;

/// One of the two places of a superblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// At the end of the first 4 KiB block.
    First,
    /// At the start of the second.
    Second,
}

impl Place {
    /// The place that is written next.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// Where it begins in the diff area, in bytes.
    #[must_use]
    pub const fn offset(self) -> u64 {
        match self {
            Self::First => PAIR_OFFSET,
            Self::Second => PAIR_OFFSET + BYTES as u64,
        }
    }
}

/// What a write does when the diff area has no room for the old bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFull {
    /// It fails, and every shadow copy stays.
    #[default]
    FailWrite,
    /// The oldest shadow copies are deleted until there is room, and that is reported.
    DropOldest,
}

/// Which journal it is: a generation of a volume. A diff area can be made anew for another volume
/// while a node has it open, and generations begin anew with it.
pub type JournalId = (VolumeId, Generation);

/// The content of a superblock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Superblock {
    /// Identity of the volume.
    pub volume: VolumeId,
    /// Sizes; they never change.
    pub geometry: Geometry,
    /// Who holds the active role, or held it last. Invariant 8: it never falls.
    pub epoch: Epoch,
    /// How many superblocks were written before this one.
    pub serial: u64,
    /// The journal in force; its epoch is older than the holder's while the role is being taken.
    pub generation: Generation,
    /// Where the journal begins.
    pub journal: Segment,
    /// Whether the holder closed the volume after this.
    pub clean: bool,
    /// Whether the holder promised no more than to survive the death of its process.
    pub coherent: bool,
    /// What happens when the diff area is full.
    pub on_full: OnFull,
    /// A copy number that was never given when the journal began, nor any above it.
    pub next_copy: u32,
    /// Bytes that the diff area may grow to.
    pub limit: u64,
    /// The host's fingerprint of the origin, taken when the volume was opened or closed.
    pub stamp: [u8; 32],
    /// The boot of the holder's machine.
    pub boot: [u8; 16],
    /// How many records of the journal were behind a barrier when this was written, at least: all
    /// of them if the volume was closed. A journal that ends before was damaged.
    pub records: u64,
}

impl Superblock {
    /// The superblock's bytes.
    #[must_use]
    pub fn emit(&self, checksum: Checksum) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let flags = [
            (self.clean, CLEAN),
            (self.coherent, COHERENT),
            (self.on_full == OnFull::DropOldest, DROPS_OLDEST),
        ];
        let flags = flags.iter().fold(0, |all, &(on, flag)| if on { all | flag } else { all });
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 12, FORMAT.to_le_bytes());
        put(&mut bytes, 16, self.volume.0);
        put(&mut bytes, 32, self.geometry.size.to_le_bytes());
        put(&mut bytes, 40, u32::from(self.geometry.chunk.shift()).to_le_bytes());
        put(&mut bytes, 44, self.geometry.segment.to_le_bytes());
        put(&mut bytes, 48, self.epoch.0.to_le_bytes());
        put(&mut bytes, 56, self.serial.to_le_bytes());
        put(&mut bytes, 64, self.generation.epoch.0.to_le_bytes());
        put(&mut bytes, 72, self.generation.number.to_le_bytes());
        put(&mut bytes, 80, self.journal.first.0.to_le_bytes());
        put(&mut bytes, 92, self.journal.slots.to_le_bytes());
        put(&mut bytes, 84, flags.to_le_bytes());
        put(&mut bytes, 88, self.next_copy.to_le_bytes());
        put(&mut bytes, 96, self.limit.to_le_bytes());
        put(&mut bytes, 104, self.stamp);
        put(&mut bytes, 136, self.boot);
        put(&mut bytes, 152, self.records.to_le_bytes());
        let sum = checksum.of(&bytes[12..]);
        put(&mut bytes, 8, sum.to_le_bytes());
        bytes
    }

    /// Reads one superblock; `Ok(None)` when it does not verify.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] and [`Error::Corrupt`] for one that verifies but cannot be used.
    pub fn parse(bytes: &[u8], checksum: Checksum) -> Result<Option<Self>, Error> {
        let Some(bytes) = bytes.first_chunk::<BYTES>() else { return Ok(None) };
        if array(bytes, 0) != MAGIC || u32_at(bytes, 8) != checksum.of(&bytes[12..]) {
            return Ok(None);
        }
        if u32_at(bytes, 12) != FORMAT {
            return Err(Error::UnknownFormat { found: u32_at(bytes, 12), known: FORMAT });
        }
        let geometry =
            geometry(bytes).ok_or(Error::Corrupt { what: Damage::Geometry, at: PAIR_OFFSET })?;
        let flags = u32_at(bytes, 84);
        let on_full =
            if flags & DROPS_OLDEST != 0 { OnFull::DropOldest } else { OnFull::FailWrite };
        Ok(Some(Self {
            volume: VolumeId(array(bytes, 16)),
            geometry,
            epoch: Epoch(u64_at(bytes, 48)),
            serial: u64_at(bytes, 56),
            generation: Generation { epoch: Epoch(u64_at(bytes, 64)), number: u64_at(bytes, 72) },
            journal: Segment { first: SlotIndex(u32_at(bytes, 80)), slots: u32_at(bytes, 92) },
            clean: flags & CLEAN != 0,
            coherent: flags & COHERENT != 0,
            on_full,
            next_copy: u32_at(bytes, 88),
            limit: u64_at(bytes, 96),
            stamp: array(bytes, 104),
            boot: array(bytes, 136),
            records: u64_at(bytes, 152),
        }))
    }

    /// The newest superblock of the pair and its place.
    ///
    /// The bytes of the two places need not be of one instant: a place is only rewritten after the
    /// other one is visible, so if both verify, the newest was in force during the read.
    ///
    /// # Errors
    ///
    /// [`Error::NotADiffArea`] when there is not even a magic number, else as
    /// [`Superblock::parse`]; [`Error::Corrupt`] when neither verifies.
    pub fn newest(pair: &[u8], checksum: Checksum) -> Result<(Self, Place), Error> {
        Self::survey(pair, checksum).0
    }

    /// As [`Superblock::newest`], and whether a place has bytes that do not verify. Then a reader
    /// whom the active does not wait for reads once more, until two reads in a row bring the same.
    pub fn survey(pair: &[u8], checksum: Checksum) -> (Result<(Self, Place), Error>, bool) {
        let (first, second) = pair.split_at(BYTES.min(pair.len()));
        let parsed = [
            (Self::parse(first, checksum), Place::First),
            (Self::parse(second, checksum), Place::Second),
        ];
        let mut newest: Option<(Self, Place)> = None;
        let mut refusal = None;
        let mut torn = false;
        for (result, place) in parsed {
            match result {
                Ok(Some(found))
                    if newest.as_ref().is_none_or(|(best, _)| found.is_newer_than(best)) =>
                {
                    newest = Some((found, place));
                }
                Ok(Some(_)) => {}
                Ok(None) => torn |= !is_zeros(if place == Place::First { first } else { second }),
                Err(error) => refusal = Some(error),
            }
        }
        let magic = first.starts_with(&MAGIC) || second.starts_with(&MAGIC);
        let found = match (newest, refusal) {
            (_, Some(error)) => Err(error),
            (Some(found), None) => Ok(found),
            (None, None) if magic => {
                Err(Error::Corrupt { what: Damage::Superblock, at: PAIR_OFFSET })
            }
            (None, None) => Err(Error::NotADiffArea),
        };
        (found, torn)
    }

    /// All records before this one are behind a barrier, as far as the superblock can tell: the
    /// journal of a volume that was closed ends in no doubt.
    #[must_use]
    pub fn stable(&self) -> Sequence {
        Sequence(self.records)
    }

    /// Whether this one was written after the other.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.epoch, self.serial) > (other.epoch, other.serial)
    }

    /// The journal in force, among all that this medium may ever hold.
    #[must_use]
    pub fn journal_id(&self) -> JournalId {
        (self.volume, self.generation)
    }

    /// The seed of every record checksum: records of another volume never verify.
    #[must_use]
    pub fn seed(&self, checksum: Checksum) -> u32 {
        checksum.of(&self.volume.0)
    }
}

/// The volume's sizes, unless some fields cannot be right.
fn geometry(bytes: &[u8; BYTES]) -> Option<Geometry> {
    let shift = u8::try_from(u32_at(bytes, 40)).ok()?;
    let chunk = ChunkSize::from_shift(shift).ok()?;
    let segment = u32_at(bytes, 44);
    let geometry = Geometry { size: u64_at(bytes, 32), chunk, segment };
    let sound = (1..=1 << 16).contains(&segment)
        && u32_at(bytes, 92) > 0
        && u32_at(bytes, 80).checked_add(u32_at(bytes, 92)).is_some()
        && u64_at(bytes, 48) <= LAST
        && u64_at(bytes, 56) <= LAST
        && u64_at(bytes, 64) <= u64_at(bytes, 48)
        && geometry.size <= 1 << 62
        && geometry.chunks() < 1 << 48;
    sound.then_some(geometry)
}
