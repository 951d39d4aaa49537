//! CRC-32C, for which WebAssembly has no instruction.
//!
//! A checksum is what is left when the bytes, as a polynomial, are divided by one of degree 32. Adding a
//! multiple of that one changes nothing, and one multiple has six terms alone: x^437 + x^177 + x^176 +
//! x^171 + x^58 + 1. Its eighth power has the same terms in bytes instead of bits. Added wherever a byte
//! stands, it takes all bytes away but the last 437: each is added to five later ones, sixteen at a
//! time, without a table. The method is Sam Russell's Chorba (arXiv:2412.16398), and the multiple was
//! searched for; large pieces take a third to a quarter of the time that sixteen tables take.
//!
//! The tables for the last bytes are made when they are first needed: as data they would be a tenth of
//! the module. They lie at a place that the compiler knows.

use core::arch::wasm32::{u32x4, v128, v128_load, v128_store, v128_xor};
use core::mem;
use core::sync::atomic::{AtomicU32, Ordering};

use shadowvol::format::checksum::Checksum;

/// The CRC-32C of nodes in WebAssembly.
pub(crate) const CRC32C: Checksum = Checksum(extend);

/// The polynomial, the lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// How far behind a byte those are that it is added to.
const BEHIND: [usize; 5] = [260, 261, 266, 379, 437];

/// So many bytes hold all that is still to be added to those that come behind them.
const REACH: usize = 512;

/// Bytes that can be taken away before those that reach further are moved.
const ROUND: usize = 2048;

/// Bytes that are taken away together; a block of them, too, is added to none of its own.
const STEP: usize = 32;
const BLOCK: usize = 256;

/// With fewer bytes, tables are quicker.
const FEW: usize = 1024;

/// Bytes taken away, as they were when they were added to others; room for more behind them.
type Window = [u8; REACH + ROUND];

/// What a byte becomes behind as many zeros as the table's number says. Without threads an atomic number
/// is a plain one.
static TABLES: [[AtomicU32; 256]; 16] = [const { [const { AtomicU32::new(0) }; 256] }; 16];

fn extend(so_far: u32, bytes: &[u8]) -> u32 {
    // No byte but zero becomes nothing.
    if TABLES[15][255].load(Ordering::Relaxed) == 0 {
        make_tables();
    }
    let take = if bytes.len() < FEW { look_up } else { shorten };
    !take(!so_far, bytes)
}

/// Takes all bytes away but a few, and looks up those.
fn shorten(so_far: u32, bytes: &[u8]) -> u32 {
    let (away, last) = bytes.split_at((bytes.len() - REACH) / STEP * STEP);
    let mut window: Window = [0; REACH + ROUND];
    let mut taken = 0;
    // What came before is added to the first bytes.
    let mut so_far = u32x4(so_far, 0, 0, 0);
    for round in away.chunks(ROUND) {
        window.copy_within(taken..taken + REACH, 0);
        add(&mut window, round, mem::replace(&mut so_far, u32x4(0, 0, 0, 0)));
        taken = round.len();
    }
    let mut crc = 0;
    let (blocks, rest) = last.as_chunks::<BLOCK>();
    for block in blocks {
        window.copy_within(taken..taken + REACH, 0);
        add(&mut window, block, so_far);
        crc = look_up(crc, &window[REACH..REACH + BLOCK]);
        // These are not taken away.
        window[REACH..REACH + BLOCK].fill(0);
        taken = BLOCK;
    }
    look_up(crc, rest)
}

/// Sixteen bytes, and all that is added to them. A function that is called twice would not be inlined,
/// for the module is compiled for size.
macro_rules! sum {
    ($from:expr, $to:expr) => {{
        let [a, b, c, d, e] = BEHIND;
        let bytes = v128_xor(v128_load($from.cast()), v128_load($to.sub(a).cast()));
        let near = v128_xor(v128_load($to.sub(b).cast()), v128_load($to.sub(c).cast()));
        let far = v128_xor(v128_load($to.sub(d).cast()), v128_load($to.sub(e).cast()));
        v128_xor(v128_xor(bytes, near), far)
    }};
}

/// Puts bytes behind the window's first ones, with all that is added to them.
#[target_feature(enable = "simd128")]
fn add(window: &mut Window, bytes: &[u8], before: v128) {
    assert!(bytes.len() <= ROUND && bytes.len().is_multiple_of(STEP), "whole steps that fit");
    let mut before = before;
    for nth in (0..bytes.len()).step_by(STEP) {
        // SAFETY: a step from `nth` on ends within the bytes and, `REACH` bytes later, within the
        // window; no place is further behind than `REACH`. Slices, here, would take four times as long
        // with their checks, and no crate has this checksum.
        unsafe {
            let (from, to) = (bytes.as_ptr().add(nth), window.as_mut_ptr().add(REACH + nth));
            v128_store(to.cast(), v128_xor(before, sum!(from, to)));
            v128_store(to.add(16).cast(), sum!(from.add(16), to.add(16)));
        }
        before = u32x4(0, 0, 0, 0);
    }
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

/// Sixteen bytes at a time. What is always inlined here would else be calls, for the module is compiled
/// for size.
fn look_up(mut crc: u32, bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] in blocks {
        crc = word::<12>(u32::from_le_bytes([a, b, c, d]) ^ crc)
            ^ word::<8>(u32::from_le_bytes([e, f, g, h]))
            ^ word::<4>(u32::from_le_bytes([i, j, k, l]))
            ^ word::<0>(u32::from_le_bytes([m, n, o, p]));
    }
    for &byte in rest {
        crc = (crc >> 8) ^ look(0, crc ^ u32::from(byte));
    }
    crc
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
