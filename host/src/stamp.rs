//! A fingerprint of an origin, taken when it is closed and again when it is opened: what differs
//! was written behind the engine's back.
//!
//! A regular file is known by its size and time of modification. That misses a writer who sets the
//! time back, and one who writes within a tick of the file system's clock after the stamp was taken
//! (some milliseconds; up to 2 s on FAT). A block device has no such time, so samples of its
//! content stand for it: the first and the last 64 KiB, where partition tables and most file
//! systems' headers lie. That misses every write that touches neither.
//!
//! Devices are numbered anew at each boot, by each host, and by network file systems at each mount.
//! So these numbers tell one origin from another only within one boot of one host; beyond that, a
//! file is known by its inode alone and a device by nothing but its size and content.

use shadowvol::backend::ReadAt;

use crate::checksum::CRC32C;
use crate::file::{Facts, File, FileError, MediumKind, ReadOnlyFile};

/// The fingerprint. It is kept as 32 bytes, little endian:
///
/// ```text
///  0   8  size in bytes
///  8   8  file: nanoseconds from 1970 to its last modification, signed
///         device: CRC-32C of its last 64 KiB in the upper half, of its first in the lower
/// 16   8  file: inode number, 0 where there is none; device: its device number
/// 24   4  file: number of the device that it lies on, 0 where unknown; device: 0
/// 28   1  1 for a file, 2 for a device
/// 29   3  0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    content: Content,
    identity: Identity,
}

/// What two stamps say of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing shows that it was changed. A faithful copy that kept size and time is the same.
    Same,
    /// The same file, changed.
    Changed,
    /// Another file, and not a faithful copy that kept size and time.
    OtherFile,
}

impl Stamp {
    /// Takes the stamp of a file to which nobody writes.
    ///
    /// # Errors
    ///
    /// When the file cannot be inspected, or a device not be read.
    pub fn of(file: &File) -> Result<Self, FileError> {
        Self::take(file, file.medium(), file.facts()?)
    }

    /// Takes the stamp of a file that this process can only read.
    ///
    /// # Errors
    ///
    /// As [`Stamp::of`].
    pub fn of_read_only(file: &ReadOnlyFile) -> Result<Self, FileError> {
        Self::take(file, file.medium(), file.facts()?)
    }

    fn take(
        file: &impl ReadAt<Error = FileError>,
        medium: MediumKind,
        facts: Facts,
    ) -> Result<Self, FileError> {
        let size = file.size()?;
        if medium == MediumKind::BlockDevice {
            let length = size.min(SAMPLE);
            let (first, last) = (sample(file, 0, length)?, sample(file, size - length, length)?);
            let sign = u64::from(last) << 32 | u64::from(first);
            let identity = Identity { number: facts.itself, device: 0 };
            return Ok(Self { content: Content { kind: DEVICE, size, sign }, identity });
        }
        let device = match medium {
            MediumKind::RemoteFile { .. } => 0,
            // Device numbers have 32 bits on the systems that tell them.
            _ => facts.device as u32,
        };
        let identity = Identity { number: facts.inode, device };
        let sign = facts.modified.cast_unsigned();
        Ok(Self { content: Content { kind: FILE, size, sign }, identity })
    }

    /// The stamp that was kept as these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|byte| bytes[at + byte]));
        Self {
            content: Content { kind: bytes[28], size: word(0), sign: word(8) },
            identity: Identity { number: word(16), device: word(24) as u32 },
        }
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.content.size.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.content.sign.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.identity.number.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.identity.device.to_le_bytes());
        bytes[28] = self.content.kind;
        bytes
    }

    /// The same without the numbers of devices, to compare with a stamp of another boot or host.
    #[must_use]
    pub fn without_devices(mut self) -> Self {
        self.identity.device = 0;
        if self.content.kind == DEVICE {
            self.identity.number = 0;
        }
        self
    }

    /// What has become of the origin since this stamp was taken.
    #[must_use]
    pub fn compare(self, now: Self) -> Verdict {
        if self.content == now.content {
            Verdict::Same
        } else if self.identity.may_be(now.identity) {
            Verdict::Changed
        } else {
            Verdict::OtherFile
        }
    }
}

/// What changes when somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Content {
    kind: u8,
    size: u64,
    sign: u64,
}

/// What does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Identity {
    number: u64,
    device: u32,
}

impl Identity {
    /// Whether nothing that is known of both differs.
    fn may_be(self, other: Self) -> bool {
        let number = self.number == other.number || self.number == 0 || other.number == 0;
        let device = self.device == other.device || self.device == 0 || other.device == 0;
        number && device
    }
}

const FILE: u8 = 1;
const DEVICE: u8 = 2;

/// Bytes of a sample.
const SAMPLE: u64 = 64 * 1024;

fn sample(
    file: &impl ReadAt<Error = FileError>,
    offset: u64,
    length: u64,
) -> Result<u32, FileError> {
    let mut bytes = vec![0; length as usize];
    file.read_at(offset, &mut bytes)?;
    Ok(CRC32C.of(&bytes))
}
