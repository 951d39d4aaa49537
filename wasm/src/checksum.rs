//! CRC-32C, sixteen bytes at a time.
//!
//! The tables are made when they are first needed: as data they would be a sixth of the module. They lie
//! at a place that the compiler knows, which makes it twice as quick as the crate `crc` with tables that
//! are made at run time; and WebAssembly has no instruction for it.

use core::sync::atomic::{AtomicU32, Ordering};

use shadowvol::format::checksum::Checksum;

/// The CRC-32C of nodes in WebAssembly.
pub(crate) const CRC32C: Checksum = Checksum(extend);

/// The polynomial, the lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What a byte becomes behind as many zeros as the table's number says. Without threads an atomic number
/// is a plain one.
static TABLES: [[AtomicU32; 256]; 16] = [const { [const { AtomicU32::new(0) }; 256] }; 16];

fn extend(so_far: u32, bytes: &[u8]) -> u32 {
    // No byte but zero becomes nothing.
    if TABLES[15][255].load(Ordering::Relaxed) == 0 {
        make_tables();
    }
    let (blocks, rest) = bytes.as_chunks();
    let mut crc = !so_far;
    for block in blocks {
        crc = behind(block, crc);
    }
    for &byte in rest {
        crc = (crc >> 8) ^ look(0, crc ^ u32::from(byte));
    }
    !crc
}

fn make_tables() {
    for byte in 0..=u8::MAX {
        let mut crc = u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
        }
        TABLES[0][usize::from(byte)].store(crc, Ordering::Relaxed);
    }
    for (zeros, table) in TABLES.iter().enumerate().skip(1) {
        for byte in 0..=u8::MAX {
            let crc = look(zeros - 1, byte.into());
            table[usize::from(byte)].store((crc >> 8) ^ look(0, crc), Ordering::Relaxed);
        }
    }
}

/// Sixteen bytes. What is always inlined here would else be calls, for the module is compiled for size.
#[inline(always)]
fn behind(block: &[u8; 16], crc: u32) -> u32 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *block;
    word::<12>(u32::from_le_bytes([a, b, c, d]) ^ crc)
        ^ word::<8>(u32::from_le_bytes([e, f, g, h]))
        ^ word::<4>(u32::from_le_bytes([i, j, k, l]))
        ^ word::<0>(u32::from_le_bytes([m, n, o, p]))
}

/// What four bytes become behind so many zeros.
#[inline(always)]
fn word<const ZEROS: usize>(word: u32) -> u32 {
    look(ZEROS + 3, word)
        ^ look(ZEROS + 2, word >> 8)
        ^ look(ZEROS + 1, word >> 16)
        ^ look(ZEROS, word >> 24)
}

/// What the lowest byte becomes.
#[inline(always)]
fn look(zeros: usize, byte: u32) -> u32 {
    TABLES[zeros][usize::from(byte as u8)].load(Ordering::Relaxed)
}
