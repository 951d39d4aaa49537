//! Media for volumes that are larger than this machine: what is the same everywhere is not kept.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::Media;

/// What is everywhere: no zero, so that nothing is saved on zeros.
const BYTE: u8 = 0x5a;
const PAGE: u64 = 4096;

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
    let diff = Thin { file, alike: Mutex::default() };
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
    /// A bit for each page.
    alike: Mutex<Vec<u64>>,
}

impl Thin {
    fn with_bits<T>(&self, work: impl FnOnce(&mut Vec<u64>) -> T) -> T {
        work(&mut self.alike.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReadAt for Thin {
    type Error = io::Error;

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)?;
        self.with_bits(|bits| {
            for (page, at, length) in pages(offset, buffer.len()) {
                if is_set(bits, page) {
                    buffer[at..at + length].fill(BYTE);
                }
            }
        });
        Ok(())
    }
}

impl WriteAt for Thin {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_bits(|bits| {
            for (page, at, length) in pages(offset, data.len()) {
                let part = &data[at..at + length];
                let is_whole = length as u64 == PAGE;
                if is_whole && part.iter().all(|byte| *byte == BYTE) {
                    set(bits, page, true);
                    continue;
                }
                if !is_whole && is_set(bits, page) {
                    self.file.write_all_at(&[BYTE; PAGE as usize], page * PAGE)?;
                }
                set(bits, page, false);
                self.file.write_all_at(part, offset + at as u64)?;
            }
            Ok(())
        })
    }

    fn barrier(&self) -> io::Result<()> {
        Ok(())
    }

    /// Without setting space aside.
    fn grow(&self, size: u64) -> io::Result<u64> {
        self.with_bits(|_| {
            let now = self.size()?.max(size);
            self.file.set_len(now)?;
            Ok(now)
        })
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

fn is_set(bits: &[u64], page: u64) -> bool {
    bits.get((page / 64) as usize).is_some_and(|word| word >> (page % 64) & 1 == 1)
}

fn set(bits: &mut Vec<u64>, page: u64, value: bool) {
    let word = (page / 64) as usize;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    bits[word] = bits[word] & !(1 << (page % 64)) | u64::from(value) << (page % 64);
}
