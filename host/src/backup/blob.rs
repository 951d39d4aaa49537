//! How the bytes of a chunk are stored: compressed where that helps, and checked twice.
//!
//! The checksum covers the stored bytes, so that a reader that decompresses nothing can verify
//! them; the name is the hash of the plain bytes, so that no fault of a compressor goes unseen.

use core::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

use super::hash::Hash;
use crate::checksum::CRC32C;

/// The fastest level that still halves what is half empty.
const LEVEL: i32 = 1;
/// What does not lose this fraction of its bytes is stored as it is: reading it is then faster.
const WORTH: usize = 16;

/// What is known of stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    /// The hash of the plain bytes.
    pub(crate) hash: Hash,
    /// How many bytes are stored.
    pub(crate) stored: u32,
    /// How many plain bytes they stand for.
    pub(crate) plain: u32,
    /// CRC-32C of the stored bytes.
    pub(crate) crc: u32,
    /// How they are stored.
    pub(crate) coding: u32,
}

/// Stored as they are.
const PLAIN: u32 = 0;
/// Stored as one frame of Zstandard.
const ZSTD: u32 = 1;

impl Blob {
    /// Bytes of the record of a blob in a pack's directory.
    pub(crate) const BYTES: usize = 48;

    pub(crate) fn emit(&self, bytes: &mut [u8]) {
        let (hash, numbers) = bytes.split_at_mut(Hash::BYTES);
        hash.copy_from_slice(&self.hash.0);
        let fields = [self.stored, self.plain, self.crc, self.coding];
        for (place, field) in numbers.chunks_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
    }

    /// Reads a record of [`Blob::BYTES`] bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut hash = [0; Hash::BYTES];
        hash.copy_from_slice(&bytes[..Hash::BYTES]);
        let field = |nth: usize| le_u32(&bytes[Hash::BYTES + 4 * nth..]);
        let (stored, plain, crc, coding) = (field(0), field(1), field(2), field(3));
        Self { hash: Hash(hash), stored, plain, crc, coding }
    }

    /// The plain bytes, or what does not agree. They are put into `plain`, which is cleared.
    pub(crate) fn decode(&self, stored: &[u8], plain: &mut Vec<u8>) -> Result<(), &'static str> {
        plain.clear();
        if CRC32C.of(stored) != self.crc {
            return Err("the checksum of a chunk");
        }
        match self.coding {
            PLAIN => plain.extend_from_slice(stored),
            ZSTD => {
                plain.reserve(self.plain as usize);
                with(&DECOMPRESSOR, Decompressor::new, |zstd| {
                    zstd.decompress_to_buffer(stored, plain)
                })
                .map_err(|_| "a compressed chunk")?;
            }
            _ => return Err("the coding of a chunk"),
        }
        if plain.len() == self.plain as usize && Hash::of(plain) == self.hash {
            Ok(())
        } else {
            Err("the bytes of a chunk")
        }
    }
}

/// Plain bytes as they are to be stored: in `room` if compressed, or where they are.
pub(crate) fn encode<'a>(hash: Hash, plain: &'a [u8], room: &'a mut Vec<u8>) -> (Blob, &'a [u8]) {
    let most = plain.len() - plain.len() / WORTH;
    room.clear();
    room.reserve(most);
    // What does not fit into the room is not worth compressing.
    let compressed =
        with(&COMPRESSOR, || Compressor::new(LEVEL), |zstd| zstd.compress_to_buffer(plain, room));
    let (coding, stored) = match compressed {
        Ok(_) if room.len() < most => (ZSTD, &room[..]),
        _ => (PLAIN, plain),
    };
    let (length, crc) = (stored.len() as u32, CRC32C.of(stored));
    (Blob { hash, stored: length, plain: plain.len() as u32, crc, coding }, stored)
}

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Uses what this thread keeps, because making it anew costs more than a chunk.
fn with<Z, T>(
    kept: &'static std::thread::LocalKey<RefCell<Option<Z>>>,
    make: impl FnOnce() -> io::Result<Z>,
    work: impl FnOnce(&mut Z) -> io::Result<T>,
) -> io::Result<T> {
    let mut tool = match kept.take() {
        Some(tool) => tool,
        None => make()?,
    };
    let done = work(&mut tool);
    kept.set(Some(tool));
    done
}

/// The number at the beginning of at least four bytes.
pub(crate) fn le_u32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The number at the beginning of at least eight bytes.
pub(crate) fn le_u64(bytes: &[u8]) -> u64 {
    u64::from(le_u32(bytes)) | u64::from(le_u32(&bytes[4..])) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(plain: &[u8]) -> (Blob, Vec<u8>) {
        let mut room = Vec::new();
        let (blob, stored) = encode(Hash::of(plain), plain, &mut room);
        (blob, stored.to_vec())
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn what_can_be_compressed_is_and_comes_back() {
        let plain = b"the same again and ".repeat(3000);
        let (blob, bytes) = stored(&plain);
        assert!(bytes.len() < plain.len() / 10);
        let mut back = vec![1];
        blob.decode(&bytes, &mut back).expect("whole");
        assert_eq!(back, plain);
    }

    #[test]
    fn noise_is_stored_as_it_is() {
        let plain = noise(65_536);
        let (blob, bytes) = stored(&plain);
        assert_eq!((blob.coding, &bytes), (PLAIN, &plain));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let plain = b"few bytes, few bytes, few bytes, few bytes".repeat(4);
        for (blob, bytes) in [stored(&plain), stored(&noise(70))] {
            for bit in 0..bytes.len() * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(blob.decode(&damaged, &mut Vec::new()).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_record_comes_back() {
        let blob = Blob { hash: Hash::of(b"x"), stored: 1, plain: 2, crc: 3, coding: 4 };
        let mut bytes = [0; Blob::BYTES];
        blob.emit(&mut bytes);
        assert_eq!(Blob::parse(&bytes), blob);
    }
}
