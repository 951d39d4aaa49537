//! Sectors that describe themselves.

use super::random::Random;

pub(crate) const SECTOR: usize = 512;

/// A sector that says which it is, and which version; the rest is made from these.
pub(crate) fn sector(nth: u64, version: u64) -> Vec<u8> {
    let mut bytes = Random(nth << 32 | version).bytes(SECTOR);
    bytes[..8].copy_from_slice(&nth.to_le_bytes());
    bytes[8..16].copy_from_slice(&version.to_le_bytes());
    bytes
}

/// The version of a sector, 0 if it is zeros; `None` if it is torn or another's.
pub(crate) fn version_of(nth: u64, bytes: &[u8]) -> Option<u64> {
    let version = u64::from_le_bytes(*bytes[8..].first_chunk().expect("a whole sector"));
    let zeros = bytes.iter().all(|&byte| byte == 0);
    (zeros || bytes == sector(nth, version)).then_some(version)
}
