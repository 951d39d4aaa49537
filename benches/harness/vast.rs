//! Media for volumes that are larger than this machine: what is the same everywhere is not kept.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use shadowvol::backend::{PastEnd, ReadAt, WriteAt};
use shadowvol_host::Media;

/// What is everywhere: no zero, so that nothing is saved on zeros.
const BYTE: u8 = 0x5a;
const PAGE: u64 = 4096;
const ALIKE: [u8; PAGE as usize] = [BYTE; PAGE as usize];

/// The media of a volume of `size` bytes with a real journal, in the file at `path`.
///
/// All bytes of the volume are alike, whatever is written. So are those that are preserved, and the diff
/// area does not keep them; all else of it, which is the journal and what belongs to it, is in the
/// file.
///
/// # Errors
///
/// When the file cannot be made.
pub fn vast(size: u64, path: &Path) -> io::Result<Media> {
    let mut access = OpenOptions::new();
    let file = access.create(true).truncate(true).read(true).write(true).open(path)?;
    let diff = Thin { file, map: Mutex::default() };
    Ok(Media { origin: Arc::new(Alike { size }), diff: Arc::new(diff) })
}

/// A medium that is the same everywhere.
struct Alike {
    size: u64,
}

impl ReadAt for Alike {
    type Error = io::Error;

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(BYTE);
        Ok(())
    }
}

impl WriteAt for Alike {
    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn barrier(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A sparse file that remembers which of its pages are alike, and does not keep these.
struct Thin {
    file: File,
    map: Mutex<Map>,
}

/// How large it is, and which pages are alike.
#[derive(Default)]
struct Map {
    size: u64,
    /// A bit for each page.
    alike: Vec<u64>,
}

impl Thin {
    fn with_map<T>(&self, work: impl FnOnce(&mut Map) -> T) -> T {
        work(&mut self.map.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReadAt for Thin {
    type Error = io::Error;

    fn size(&self) -> io::Result<u64> {
        Ok(self.with_map(|map| map.size))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)?;
        self.with_map(|map| {
            for (page, at, length) in pages(offset, buffer.len()) {
                if map.is_alike(page) {
                    buffer[at..at + length].fill(BYTE);
                }
            }
        });
        Ok(())
    }
}

impl WriteAt for Thin {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_map(|map| {
            PastEnd::check(offset, data.len() as u64, map.size).map_err(io::Error::other)?;
            // Neighbours that are kept go to the file together.
            let mut kept = 0..0;
            for (page, at, length) in pages(offset, data.len()) {
                let part = &data[at..at + length];
                let is_whole = length as u64 == PAGE;
                let is_alike = is_whole && part == ALIKE;
                if is_alike || kept.end != at {
                    self.file.write_all_at(&data[kept.clone()], offset + kept.start as u64)?;
                    kept = at..at;
                }
                if !is_alike {
                    if !is_whole && map.is_alike(page) {
                        self.file.write_all_at(&ALIKE, page * PAGE)?;
                    }
                    kept.end = at + length;
                }
                map.set(page, is_alike);
            }
            self.file.write_all_at(&data[kept.clone()], offset + kept.start as u64)
        })
    }

    fn barrier(&self) -> io::Result<()> {
        Ok(())
    }

    fn punch(&self, offset: u64, length: u64) -> io::Result<()> {
        self.with_map(|map| PastEnd::check(offset, length, map.size).map_err(io::Error::other))?;
        let zeros = vec![0; length.min(1 << 20) as usize];
        let mut pieces = (offset..offset + length).step_by(zeros.len().max(1));
        pieces.try_for_each(|at| {
            let rest = (offset + length - at).min(zeros.len() as u64);
            self.write_at(at, &zeros[..rest as usize])
        })
    }

    /// Without setting space aside.
    fn grow(&self, size: u64) -> io::Result<u64> {
        self.with_map(|map| {
            if size > map.size {
                self.file.set_len(size)?;
                map.size = size;
            }
            Ok(map.size)
        })
    }
}

impl Map {
    fn is_alike(&self, page: u64) -> bool {
        self.alike.get((page / 64) as usize).is_some_and(|word| word >> (page % 64) & 1 == 1)
    }

    fn set(&mut self, page: u64, value: bool) {
        let word = (page / 64) as usize;
        if self.alike.len() <= word {
            self.alike.resize(word + 1, 0);
        }
        let word = &mut self.alike[word];
        *word = *word & !(1 << (page % 64)) | u64::from(value) << (page % 64);
    }
}

/// The pages that a request touches: number, where in the request, how much of it.
fn pages(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length as u64;
    (offset / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let (from, to) = ((page * PAGE).max(offset), ((page + 1) * PAGE).min(end));
        (page, (from - offset) as usize, (to - from) as usize)
    })
}

#[cfg(test)]
mod tests {
    use shadowvol::backend::conformance;

    use super::*;

    fn thin(size: u64) -> Thin {
        let thin = Thin { file: tempfile::tempfile().expect("a file"), map: Mutex::default() };
        thin.grow(size).expect("room");
        thin
    }

    #[test]
    fn it_is_a_medium_like_any_other() {
        conformance::suite(thin);
    }

    /// What is not in the file has to come back all the same, also when a part of it is overwritten.
    #[test]
    fn pages_that_are_alike_are_there_and_take_no_room() {
        use std::os::unix::fs::MetadataExt as _;

        let (thin, page) = (thin(16 * PAGE), PAGE as usize);
        thin.write_at(0, &vec![BYTE; 16 * page]).expect("a write");
        assert!(thin.file.metadata().expect("facts").blocks() * 512 < PAGE);
        thin.write_at(PAGE + 5, &[1, 2]).expect("a write");
        let mut all = vec![0; 16 * page];
        thin.read_at(0, &mut all).expect("a read");
        let mut model = vec![BYTE; 16 * page];
        model[page + 5..page + 7].copy_from_slice(&[1, 2]);
        assert!(all == model);
    }
}
