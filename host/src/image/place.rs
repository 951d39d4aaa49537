//! A block device or an image that is there, to be overwritten where it is.

use std::path::Path;

use shadowvol::backend::{ReadAt as _, WriteAt as _};
use shadowvol::format::checksum::is_zeros;
use shadowvol::machine::Scratch;

use super::Sink;
use crate::backup::RepositoryError;
use crate::error::Error;
use crate::file::{File, FileOptions};

/// Bytes that are compared or written at once.
const PIECE: u64 = 1 << 20;

pub(crate) struct Place {
    file: File,
}

impl Place {
    pub(crate) fn open(path: &Path, needed: u64) -> Result<Self, Error> {
        let file = File::open(path, FileOptions::default())?;
        let found = file.size()?;
        if found < needed {
            return Err(RepositoryError::TooSmall { path: path.into(), needed, found }.into());
        }
        Ok(Self { file })
    }
}

impl Sink for Place {
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.file.write_at(at, bytes)?)
    }

    fn zeros(&self, at: u64, length: u64) -> Result<(), Error> {
        // What is zeros already stays as it is, so that holes stay holes.
        let mut bytes = Scratch::new();
        bytes.reach(length.min(PIECE) as usize);
        let mut done = 0;
        while done < length {
            let piece = &mut bytes[..(length - done).min(PIECE) as usize];
            self.file.read_at(at + done, piece)?;
            if !is_zeros(piece) {
                self.file.punch(at + done, piece.len() as u64)?;
            }
            done += piece.len() as u64;
        }
        Ok(())
    }

    fn complete(self: Box<Self>) -> Result<(), Error> {
        Ok(self.file.barrier()?)
    }
}
