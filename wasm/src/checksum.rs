//! CRC-32C, with tables that are made when they are first needed: as data they would be a sixth of the
//! module.

use alloc::boxed::Box;
use core::hint::black_box;

use crc::{CRC_32_ISCSI, Crc, Table};
use once_cell::race::OnceBox;
use shadowvol::format::checksum::Checksum;

/// The CRC-32C of nodes in WebAssembly.
pub(crate) const CRC32C: Checksum = Checksum(extend);

fn extend(so_far: u32, bytes: &[u8]) -> u32 {
    static TABLES: OnceBox<Crc<u32, Table<16>>> = OnceBox::new();
    let tables = TABLES
        .get_or_init(|| Box::new(Crc::<u32, Table<16>>::new(black_box(&CRC_32_ISCSI))));
    let mut digest = tables.digest_with_initial(so_far.reverse_bits() ^ u32::MAX);
    digest.update(bytes);
    digest.finalize()
}
