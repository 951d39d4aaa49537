//! Traces that a volume recorded of itself. `docs/trace.md` has the format.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use super::block::{BlockReader, Entry, HEADER};
use super::error::TraceError;
use super::event::{Change, Parse, Raw};
use super::head::Head;
use super::lines::Reader;

/// The parser.
pub(super) struct Native {
    reader: Reader,
    size: u64,
    /// Copies that there were before, which are told of first.
    older: VecDeque<u32>,
    block: BlockReader,
    spare: Vec<u8>,
    /// Where the block is, and where the next one is.
    at: u64,
    next: u64,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Marked,
    CutOff,
}

impl Native {
    pub(super) fn new(mut reader: Reader) -> Result<Self, TraceError> {
        let (head, at) = Head::read(&mut reader)?;
        Ok(Self {
            reader,
            size: head.size,
            older: head.copies.into(),
            block: BlockReader::default(),
            spare: Vec::new(),
            at,
            next: at,
            end: End::NotYet,
        })
    }

    /// Bytes of the volume.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Reads the next block; false if there is none that counts.
    fn advance(&mut self) -> Result<bool, TraceError> {
        self.at = self.next;
        self.spare.clear();
        let header = self.read(HEADER)?;
        let length = match self.spare.first_chunk() {
            Some(header) => BlockReader::length(header),
            None if header == 0 => return Ok(false),
            None => return self.cut_off(),
        };
        let Some(length) = length else { return self.cut_off() };
        if self.read(length)? < length {
            return self.cut_off();
        }
        if self.block.begin(&mut self.spare).is_none() {
            return self.cut_off();
        }
        self.next += (HEADER + length) as u64;
        Ok(true)
    }

    fn read(&mut self, bytes: usize) -> io::Result<usize> {
        self.reader.by_ref().take(bytes as u64).read_to_end(&mut self.spare)
    }

    /// The block is not whole: that is all, if it is the last thing that there is.
    fn cut_off(&mut self) -> Result<bool, TraceError> {
        if self.reader.fill_buf()?.is_empty() {
            self.end = End::CutOff;
            return Ok(false);
        }
        Err(TraceError::Damaged { at: self.at })
    }
}

impl Parse for Native {
    fn next(&mut self) -> Result<Option<Raw>, TraceError> {
        if let Some(copy) = self.older.pop_front() {
            return Ok(Some(Raw { time: 0, change: Change::Created { copy } }));
        }
        if self.end != End::NotYet {
            return Ok(None);
        }
        loop {
            match self.block.next() {
                Ok(Some((time, Entry::Change(change)))) => return Ok(Some(Raw { time, change })),
                Ok(Some((_, Entry::End))) => {
                    self.end = End::Marked;
                    return Ok(None);
                }
                Ok(None) if self.advance()? => {}
                Ok(None) => {
                    self.end = End::CutOff;
                    return Ok(None);
                }
                Err(_) => return Err(TraceError::Damaged { at: self.at }),
            }
        }
    }

    fn place(&self) -> String {
        format!("the block at byte {}", self.at)
    }

    fn is_cut_off(&self) -> bool {
        self.end == End::CutOff
    }
}
