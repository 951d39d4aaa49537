//! CRC-32C at the speed of the processor's own instruction.

use shadowvol::format::checksum::Checksum;

/// What nodes on this host check and sign records with.
pub const CRC32C: Checksum = Checksum(crc32c::crc32c_append);

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
