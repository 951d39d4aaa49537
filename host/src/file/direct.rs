//! Direct I/O of any alignment: straight where the request is aligned, else by way of aligned
//! buffers.
//!
//! A file's size need not be a multiple of the block, and no direct write can end at such a size:
//! it would make the file larger. So the last, partial block is written through the page cache and
//! flushed from there before the write is acknowledged.
//!
//! A log is written in pieces shorter than a block, each of which begins where the one before ended. So
//! the block that such a write ended in is remembered, which saves the next one a read of it.

use core::ops::Range;
use std::fs;
use std::io::{self, ErrorKind};

use parking_lot::Mutex;

use super::claims::{Claim, Claims, Company};
use super::sys::{self, Alignment};

/// A file opened past the page cache.
#[derive(Debug)]
pub(super) struct Direct {
    file: fs::File,
    alignment: Alignment,
    claims: Claims,
    last: Mutex<Option<LastBlock>>,
    spare: Mutex<Vec<Bounce>>,
}

/// The block that the last write of no whole blocks ended in, as it is on the medium.
#[derive(Debug)]
struct LastBlock {
    at: u64,
    bytes: Vec<u8>,
}

/// Blocks that are about to be written.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    _claim: Claim<'a>,
    /// The block that was remembered, if it is one of them. They will be others, so it no longer is.
    last: Option<LastBlock>,
}

impl Direct {
    /// Takes a file that was opened for direct I/O, and proves by a read that it offers it.
    pub(super) fn new(file: fs::File) -> io::Result<Self> {
        let alignment = sys::alignment(&file)?;
        let (claims, last, spare) = (Claims::default(), Mutex::default(), Mutex::default());
        let direct = Self { file, alignment, claims, last, spare };
        let block = alignment.block;
        direct.with_bounce(|bounce| {
            sys::read_up_to(&direct.file, &mut bounce[..block as usize], 0, block)
        })?;
        Ok(direct)
    }

    /// Bytes of the smallest unit that can be written.
    pub(super) const fn block(&self) -> u64 {
        self.alignment.block
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if self.is_aligned(offset, buffer) {
            return sys::read_exact(&self.file, buffer, offset, self.block());
        }
        self.with_bounce(|bounce| {
            let mut done = 0;
            while done < buffer.len() {
                let at = offset + done as u64;
                let skip = (at % self.block()) as usize;
                let rest = &mut buffer[done..];
                let want = self.round_up(skip + rest.len()).min(bounce.len());
                let from = at - skip as u64;
                let got = sys::read_up_to(&self.file, &mut bounce[..want], from, self.block())?;
                let take = got.saturating_sub(skip).min(rest.len());
                if take == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                rest[..take].copy_from_slice(&bounce[skip..skip + take]);
                done += take;
            }
            Ok(())
        })
    }

    /// Claims the blocks of a write, so that nobody else changes the rest of them meanwhile.
    pub(super) fn claim(&self, offset: u64, length: u64) -> Claimed<'_> {
        let (block, end) = (self.block(), offset + length);
        let aligned = offset.is_multiple_of(block) && end.is_multiple_of(block);
        let company = if aligned { Company::Shared } else { Company::Alone };
        let blocks = offset - offset % block..end.next_multiple_of(block);
        let claim = self.claims.take(blocks.clone(), company);
        let last = self.last.lock().take_if(|last| blocks.contains(&last.at));
        Claimed { _claim: claim, last }
    }

    /// Cuts a write to a file of `size` bytes where the file's last, partial block begins.
    pub(super) fn split<'a>(&self, offset: u64, data: &'a [u8], size: u64) -> (&'a [u8], &'a [u8]) {
        let whole = size - size % self.block();
        data.split_at(whole.saturating_sub(offset).min(data.len() as u64) as usize)
    }

    /// Writes to whole blocks of the file. The caller has claimed them.
    pub(super) fn write(&self, claimed: &Claimed<'_>, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.is_aligned(offset, data) {
            return sys::write_all(&self.file, data, offset);
        }
        self.with_bounce(|bounce| {
            let mut done = 0;
            while done < data.len() {
                let at = offset + done as u64;
                let skip = (at % self.block()) as usize;
                let take = (data.len() - done).min(bounce.len() - skip);
                let image = &mut bounce[..self.round_up(skip + take)];
                self.fill_edges(claimed, image, at - skip as u64, skip..skip + take)?;
                image[skip..skip + take].copy_from_slice(&data[done..done + take]);
                sys::write_all(&self.file, image, at - skip as u64)?;
                done += take;
                if done == data.len() && skip + take < image.len() {
                    let start = image.len() - self.block() as usize;
                    let at = at - skip as u64 + start as u64;
                    *self.last.lock() = Some(LastBlock { at, bytes: image[start..].to_vec() });
                }
            }
            Ok(())
        })
    }

    /// Fills in the first and last block of an image of the file at `at` as far as the bytes
    /// `wanted` of it, which are about to be written, leave a part of them as it is.
    fn fill_edges(
        &self,
        claimed: &Claimed<'_>,
        image: &mut [u8],
        at: u64,
        wanted: Range<usize>,
    ) -> io::Result<()> {
        let fill = |block: &mut [u8], at| match &claimed.last {
            Some(last) if last.at == at => {
                block.copy_from_slice(&last.bytes);
                Ok(())
            }
            _ => sys::read_exact(&self.file, block, at, self.block()),
        };
        let last = image.len() - self.block() as usize;
        if wanted.start > 0 {
            fill(&mut image[..self.block() as usize], at)?;
        }
        if wanted.end < image.len() && (last > 0 || wanted.start == 0) {
            fill(&mut image[last..], at + last as u64)?;
        }
        Ok(())
    }

    fn is_aligned(&self, offset: u64, bytes: &[u8]) -> bool {
        bytes.is_empty()
            || offset.is_multiple_of(self.block())
                && (bytes.len() as u64).is_multiple_of(self.block())
                && bytes.as_ptr().addr().is_multiple_of(self.alignment.memory)
    }

    const fn round_up(&self, length: usize) -> usize {
        length.next_multiple_of(self.alignment.block as usize)
    }

    /// Lends an aligned buffer of [`BOUNCE`] bytes.
    fn with_bounce<T>(&self, work: impl FnOnce(&mut [u8]) -> T) -> T {
        let spare = self.spare.lock().pop();
        let mut bounce = spare.unwrap_or_else(|| Bounce::new(self.alignment));
        let done = work(bounce.bytes());
        let mut spare = self.spare.lock();
        if spare.len() < SPARES {
            spare.push(bounce);
        }
        done
    }
}

/// Bytes of a detour; larger requests take several.
const BOUNCE: usize = 1 << 20;
/// Buffers kept for the next request.
const SPARES: usize = 4;

/// A buffer with an aligned part of [`BOUNCE`] bytes.
#[derive(Debug)]
struct Bounce {
    memory: Vec<u8>,
    start: usize,
}

impl Bounce {
    fn new(alignment: Alignment) -> Self {
        let align = alignment.memory.max(4096);
        let memory = vec![0; BOUNCE + align];
        let start = memory.as_ptr().addr().next_multiple_of(align) - memory.as_ptr().addr();
        Self { memory, start }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + BOUNCE]
    }
}
