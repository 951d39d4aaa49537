//! CRC-32C, the one checksum of the format.

use core::fmt;

/// A CRC-32C (Castagnoli) implementation: `checksum(crc_so_far, bytes)`, beginning with 0.
///
/// The portable one is [`Checksum::PORTABLE`]; a host passes one that uses its processor's
/// instructions.
#[derive(Clone, Copy)]
pub struct Checksum(pub fn(u32, &[u8]) -> u32);

impl Checksum {
    /// Works everywhere, at some gigabytes per second.
    pub const PORTABLE: Self = Self(portable);

    /// The CRC-32C of `bytes` after that of earlier bytes was `so_far`.
    #[must_use]
    pub fn extend(self, so_far: u32, bytes: &[u8]) -> u32 {
        (self.0)(so_far, bytes)
    }

    /// The CRC-32C of `bytes`.
    ///
    /// ```
    /// use shadowvol::format::checksum::Checksum;
    /// assert_eq!(Checksum::PORTABLE.of(b"123456789"), 0xe306_9283);
    /// ```
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> u32 {
        self.extend(0, bytes)
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checksum")
    }
}

fn portable(so_far: u32, bytes: &[u8]) -> u32 {
    const CRC: crc::Crc<u32, crc::Table<16>> =
        crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISCSI);
    static TABLE: crc::Crc<u32, crc::Table<16>> = CRC;
    let mut digest = TABLE.digest_with_initial(so_far.reverse_bits() ^ u32::MAX);
    digest.update(bytes);
    digest.finalize()
}

/// Whether every byte is zero.
#[must_use]
pub fn is_zeros(bytes: &[u8]) -> bool {
    // To look at the sum of a block costs as much as a good part of the block.
    let (blocks, rest) = bytes.as_chunks::<256>();
    // Words, because not every compiler's options let it see them in bytes.
    let any = |block: &[u8; 256]| {
        let words = block.as_chunks().0.iter();
        words.fold(0, |all, &word| all | u64::from_le_bytes(word))
    };
    blocks.iter().all(|block| any(block) == 0) && rest.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_can_be_taken_in_parts() {
        let bytes = b"look in the diff area, read the volume, look again";
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            let first = Checksum::PORTABLE.of(head);
            assert_eq!(Checksum::PORTABLE.extend(first, tail), Checksum::PORTABLE.of(bytes));
        }
    }

    #[test]
    fn one_set_bit_anywhere_is_not_zeros() {
        for len in [0, 1, 63, 255, 256, 257, 600] {
            let mut bytes = alloc::vec![0; len];
            assert!(is_zeros(&bytes));
            for at in 0..len {
                bytes[at] = 0x10;
                assert!(!is_zeros(&bytes), "{at} of {len}");
                bytes[at] = 0;
            }
        }
    }
}
