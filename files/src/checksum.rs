//! CRC-32C as ext4 has it: the state before the last inversion, and any state to begin with.

use crc::{Algorithm, Crc};

/// What a checksum that follows no other begins with.
pub(crate) const START: u32 = !0;

static CRC: Crc<u32> = Crc::<u32>::new(&Algorithm {
    width: 32,
    poly: 0x1edc_6f41,
    init: START,
    refin: true,
    refout: true,
    xorout: 0,
    check: 0x1cf9_6d7c,
    residue: 0,
});

/// The checksum of these parts one behind the other, begun with another one.
pub(crate) fn crc32c(start: u32, parts: &[&[u8]]) -> u32 {
    let mut digest = CRC.digest_with_initial(start.reverse_bits());
    for part in parts {
        digest.update(part);
    }
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_after_the_other() {
        let whole = crc32c(START, &[b"123456789"]);
        assert_eq!(whole, !0xe306_9283, "the well-known value, not inverted");
        assert_eq!(whole, crc32c(crc32c(START, &[b"1234"]), &[b"56", b"789"]));
    }
}
