//! CRC-32C with the widest instructions that the processor has.

use crc_fast::{CrcAlgorithm::Crc32Iscsi, Digest};
use shadowvol::format::checksum::Checksum;

/// What nodes on this host check and sign records with.
pub const CRC32C: Checksum = Checksum(append);

fn append(so_far: u32, bytes: &[u8]) -> u32 {
    // A digest's state is the checksum before its last step, which turns all bits over.
    let mut digest = Digest::new_with_init_state(Crc32Iscsi, u64::from(!so_far));
    digest.update(bytes);
    digest.finalize() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_equals_the_portable_one() {
        let bytes: Vec<u8> = (0..70_000_u64).map(|at| ((at * at) >> 7) as u8).collect();
        for length in [0, 1, 7, 8, 9, 63, 64, 4096, 69_999] {
            let (head, tail) = bytes[..length].split_at(length / 3);
            let whole = Checksum::PORTABLE.of(&bytes[..length]);
            assert_eq!(CRC32C.of(&bytes[..length]), whole);
            assert_eq!(CRC32C.extend(CRC32C.of(head), tail), whole);
        }
    }
}
