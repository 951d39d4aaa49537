//! A table of an index: which chunk is where, sorted by its name, and searched on the disk.
//!
//! Only the first name of each page is kept in memory, two thousandths of the table, so that a
//! repository of any size can be opened at once and by a small machine.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::blob::{Blob, le_u32, le_u64};
use super::error::RepositoryError;
use super::folder::Folder;
use super::hash::Hash;
use super::pack::Placed;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::partial::{Partial, failed, read_at};

const PAGE: usize = 4096;
/// The record of a blob, the number of its pack, and where in the pack it begins.
const ENTRY: usize = Blob::BYTES + 8;
const PER_PAGE: usize = (PAGE - 4) / ENTRY;
const TAIL: &[u8; 8] = b"SVINDEX1";
/// Numbers of packs and entries, checksum of the directory, padding, and [`TAIL`].
const FOOTER: usize = 32;

/// A chunk and the pack that it is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) placed: Placed,
    /// The pack's place in the list of its table.
    pub(crate) pack: u32,
}

/// A table on the disk.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: Hash,
    path: PathBuf,
    file: File,
    pub(crate) packs: Vec<Hash>,
    entries: u64,
    /// The beginning of the first name of each page.
    fences: Vec<u64>,
}

impl Table {
    pub(crate) fn open(folder: &Folder, name: Hash) -> Result<Self, Error> {
        let path = folder.table(&name);
        let file = File::open(&path).map_err(|source| failed("opening", &path, source))?;
        Self::load(file, path, name)
    }

    fn load(file: File, path: PathBuf, name: Hash) -> Result<Self, Error> {
        let size = file.metadata().map_err(|source| failed("reading", &path, source))?.len();
        let damaged = |what| RepositoryError::damaged(&path, what);
        let end = size.checked_sub(FOOTER as u64).ok_or(damaged("its length"))?;
        let footer = read(&file, &path, end, FOOTER)?;
        let (packs, entries) = (le_u64(&footer), le_u64(&footer[8..]));
        let pages = entries.div_ceil(PER_PAGE as u64);
        let begin = pages.checked_mul(PAGE as u64);
        let fences = packs.checked_mul(Hash::BYTES as u64).zip(begin);
        let fences = fences.and_then(|(names, begin)| begin.checked_add(names));
        let whole = fences.and_then(|at| at.checked_add(pages * 8)) == Some(end);
        if !whole || footer[24..] != *TAIL {
            return Err(damaged("its end").into());
        }
        let begin = pages * PAGE as u64;
        let mut directory = read(&file, &path, begin, (end - begin) as usize)?;
        directory.extend_from_slice(&footer[..16]);
        if CRC32C.of(&directory) != le_u32(&footer[16..]) || footer[20..24] != [0; 4] {
            return Err(damaged("its directory").into());
        }
        let (names, rest) = directory.split_at(packs as usize * Hash::BYTES);
        let packs = names.chunks_exact(Hash::BYTES).map(hash).collect();
        let fences = rest[..pages as usize * 8].chunks_exact(8).map(le_u64).collect();
        Ok(Self { name, path, file, packs, entries, fences })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many chunks it lists.
    pub(crate) fn len(&self) -> u64 {
        self.entries
    }

    /// Looks at what is known of a chunk, with the place of each entry, until `look` is content.
    pub(crate) fn find<T>(
        &self,
        name: &Hash,
        mut look: impl FnMut(u64, Entry) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let key = fence(name);
        // Names that begin alike may fill pages, of which the first may begin with another.
        let mut page = self.fences.partition_point(|&first| first < key).saturating_sub(1) as u64;
        while self.fences.get(page as usize).is_some_and(|&first| first <= key) {
            for (nth, entry) in self.page(page)?.into_iter().enumerate() {
                if entry.placed.blob.hash == *name
                    && let Some(found) = look(page * PER_PAGE as u64 + nth as u64, entry)
                {
                    return Ok(Some(found));
                }
            }
            page += 1;
        }
        Ok(None)
    }

    /// All entries in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry, Error>> + '_ {
        (0..self.fences.len() as u64).flat_map(|page| match self.page(page) {
            Ok(entries) => entries.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Whether the file's bytes are those that its name was made of, even if another writer has
    /// merged and removed it.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        const AT_ONCE: usize = 1 << 20;
        let size = self.file.metadata().map_err(|source| failed("reading", &self.path, source))?;
        let (size, mut hasher) = (size.len(), blake3::Hasher::new());
        for at in (0..size).step_by(AT_ONCE) {
            let length = AT_ONCE.min((size - at) as usize);
            hasher.update(&read(&self.file, &self.path, at, length)?);
        }
        if Hash(*hasher.finalize().as_bytes()) == self.name {
            Ok(())
        } else {
            Err(RepositoryError::damaged(&self.path, "its checksum").into())
        }
    }

    fn page(&self, page: u64) -> Result<Vec<Entry>, Error> {
        let bytes = read(&self.file, &self.path, page * PAGE as u64, PAGE)?;
        let (body, crc) = bytes.split_at(PAGE - 4);
        if CRC32C.of(body) != le_u32(crc) {
            return Err(RepositoryError::damaged(&self.path, "a page").into());
        }
        let count = (self.entries - page * PER_PAGE as u64).min(PER_PAGE as u64) as usize;
        let entries: Vec<_> = body.chunks_exact(ENTRY).take(count).map(parse).collect();
        if entries.iter().all(|entry| (entry.pack as usize) < self.packs.len()) {
            Ok(entries)
        } else {
            Err(RepositoryError::damaged(&self.path, "a number of a pack").into())
        }
    }
}

/// A table in the making. Entries come sorted by their chunk's name.
pub(crate) struct TableWriter {
    partial: Partial,
    page: Vec<u8>,
    hasher: blake3::Hasher,
    fences: Vec<u64>,
    entries: u64,
}

impl TableWriter {
    pub(crate) fn create(folder: &Folder) -> Result<Self, Error> {
        let partial = Partial::create(&folder.index().join("table"))?;
        let (hasher, page) = (blake3::Hasher::new(), Vec::with_capacity(PAGE));
        Ok(Self { partial, page, hasher, fences: Vec::new(), entries: 0 })
    }

    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), Error> {
        if self.page.is_empty() {
            self.fences.push(fence(&entry.placed.blob.hash));
        }
        let begin = self.page.len();
        self.page.resize(begin + Blob::BYTES, 0);
        entry.placed.blob.emit(&mut self.page[begin..]);
        self.page.extend(entry.pack.to_le_bytes());
        self.page.extend(entry.placed.offset.to_le_bytes());
        self.entries += 1;
        if self.page.len() == PER_PAGE * ENTRY { self.end_page() } else { Ok(()) }
    }

    /// Makes the table durable under its name.
    pub(crate) fn complete(mut self, folder: &Folder, packs: &[Hash]) -> Result<Table, Error> {
        self.end_page()?;
        let mut end: Vec<u8> = packs.iter().flat_map(|name| name.0).collect();
        end.extend(self.fences.iter().flat_map(|fence| fence.to_le_bytes()));
        end.extend((packs.len() as u64).to_le_bytes());
        end.extend(self.entries.to_le_bytes());
        let crc = CRC32C.of(&end);
        end.extend(crc.to_le_bytes());
        end.extend([0; 4]);
        end.extend(TAIL);
        self.write(&end)?;
        let name = Hash(*self.hasher.finalize().as_bytes());
        let (file, path) = (self.partial.handle()?, folder.table(&name));
        self.partial.complete(&path)?;
        // By the handle: another writer may have made the same table, merged and removed it.
        Table::load(file, path, name)
    }

    fn end_page(&mut self) -> Result<(), Error> {
        if self.page.is_empty() {
            return Ok(());
        }
        self.page.resize(PAGE - 4, 0);
        self.page.extend(CRC32C.of(&self.page).to_le_bytes());
        let page = core::mem::take(&mut self.page);
        self.write(&page)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.partial.run("writing", |mut file| file.write_all(bytes))
    }
}

/// The beginning of a name as a number that sorts alike.
fn fence(name: &Hash) -> u64 {
    name.0[..8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; Hash::BYTES];
    hash.copy_from_slice(bytes);
    Hash(hash)
}

fn parse(bytes: &[u8]) -> Entry {
    let rest = &bytes[Blob::BYTES..];
    let placed = Placed { blob: Blob::parse(bytes), offset: le_u32(&rest[4..]) };
    Entry { placed, pack: le_u32(rest) }
}

fn read(file: &File, path: &Path, at: u64, length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; length];
    read_at(file, at, &mut bytes).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => RepositoryError::damaged(path, "its length").into(),
        _ => failed("reading", path, source),
    })?;
    Ok(bytes)
}
