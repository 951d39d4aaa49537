//! Packs: files of some mebibytes that hold many chunks, and say themselves which.
//!
//! A pack is written once, from its beginning to its end, and is never changed. Its directory is
//! at its end, and its name is the hash of the directory.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::blob::{Blob, le_u32};
use super::error::RepositoryError;
use super::folder::Folder;
use super::hash::Hash;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::partial::{Partial, failed, read_at};

const HEAD: &[u8; 8] = b"SVPACK01";
const TAIL: &[u8; 8] = b"SVPACKED";
/// Number of records, checksum, and [`TAIL`].
const FOOTER: usize = 16;
/// A pack that has grown to this size is complete.
pub(crate) const FULL: u64 = 16 << 20;
/// Bytes that are handed to the operating system at once.
const BUFFER: usize = 1 << 20;

/// A chunk in a pack: what it is, and where it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) blob: Blob,
    pub(crate) offset: u32,
}

/// A pack in the making.
pub(crate) struct PackWriter {
    partial: Partial,
    buffer: Vec<u8>,
    /// Bytes of the file, with those in the buffer.
    length: u64,
    blobs: Vec<Blob>,
}

impl PackWriter {
    pub(crate) fn create(folder: &Folder) -> Result<Self, Error> {
        let partial = Partial::create(&folder.packs().join("pack"))?;
        let mut buffer = Vec::with_capacity(BUFFER + (128 << 10));
        buffer.extend_from_slice(HEAD);
        Ok(Self { partial, buffer, length: HEAD.len() as u64, blobs: Vec::new() })
    }

    pub(crate) fn append(&mut self, blob: Blob, stored: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(stored);
        self.length += stored.len() as u64;
        self.blobs.push(blob);
        if self.buffer.len() >= BUFFER { self.hand_over() } else { Ok(()) }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length >= FULL
    }

    /// Writes the directory, and makes the pack durable under its name.
    pub(crate) fn complete(mut self, folder: &Folder) -> Result<Pack, Error> {
        let mut directory = vec![0; self.blobs.len() * Blob::BYTES];
        for (place, blob) in directory.chunks_mut(Blob::BYTES).zip(&self.blobs) {
            blob.emit(place);
        }
        let name = Hash::of(&directory);
        directory.extend((self.blobs.len() as u32).to_le_bytes());
        let crc = CRC32C.of(&directory);
        directory.extend(crc.to_le_bytes());
        directory.extend(TAIL);
        self.buffer.extend_from_slice(&directory);
        self.hand_over()?;
        self.partial.complete(&folder.pack(&name))?;
        let bytes = self.length + directory.len() as u64;
        Ok(Pack { name, bytes, chunks: placed(self.blobs) })
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        self.partial.run("writing", |mut file| file.write_all(&self.buffer))?;
        self.buffer.clear();
        Ok(())
    }
}

/// A pack that is complete.
pub(crate) struct Pack {
    pub(crate) name: Hash,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// In the order in which they are stored.
    pub(crate) chunks: Vec<Placed>,
}

impl Pack {
    /// Reads the directory of a pack, and checks all of the file's bytes but those of its chunks.
    pub(crate) fn read(file: &File, name: Hash, path: &Path) -> Result<Self, Error> {
        let reading = |source| failed("reading", path, source);
        let damaged = |what| RepositoryError::damaged(path, what);
        let size = file.metadata().map_err(reading)?.len();
        let read = |at: u64, length: usize| -> Result<Vec<u8>, Error> {
            let mut bytes = vec![0; length];
            match read_at(file, at, &mut bytes) {
                Err(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                    Err(damaged("its length").into())
                }
                done => done.map(|()| bytes).map_err(reading),
            }
        };
        let end = size.checked_sub(FOOTER as u64).ok_or(damaged("its length"))?;
        let footer = read(end, FOOTER)?;
        let length = u64::from(le_u32(&footer)) * Blob::BYTES as u64;
        let begin = end.checked_sub(length).filter(|_| footer[8..] == *TAIL);
        let begin = begin.ok_or(damaged("its end"))?;
        let mut directory = read(begin, length as usize)?;
        let found = Hash::of(&directory);
        directory.extend_from_slice(&footer[..4]);
        if CRC32C.of(&directory) != le_u32(&footer[4..]) || found != name {
            return Err(damaged("its directory").into());
        }
        let blobs = directory.chunks_exact(Blob::BYTES).map(Blob::parse).collect::<Vec<_>>();
        let stored: u64 = blobs.iter().map(|blob| u64::from(blob.stored)).sum();
        if read(0, HEAD.len())? != *HEAD || HEAD.len() as u64 + stored != begin {
            return Err(damaged("its beginning or length").into());
        }
        Ok(Self { name, bytes: size, chunks: placed(blobs) })
    }
}

/// Where each begins: they lie one behind the other.
fn placed(blobs: Vec<Blob>) -> Vec<Placed> {
    let place = |offset: &mut u32, blob: Blob| {
        let placed = Placed { blob, offset: *offset };
        *offset = offset.wrapping_add(blob.stored);
        Some(placed)
    };
    blobs.into_iter().scan(HEAD.len() as u32, place).collect()
}
