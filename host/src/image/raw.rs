//! A new raw file, with holes for what is not written.

use std::path::{Path, PathBuf};

use super::Sink;
use crate::error::Error;
use crate::partial::{Partial, write_at};

pub(super) struct Raw {
    partial: Partial,
    path: PathBuf,
}

impl Raw {
    pub(super) fn create(path: &Path, size: u64, source: Option<&Path>) -> Result<Self, Error> {
        let partial = Partial::create_like(path, source)?;
        partial.run("sizing", |file| file.set_len(size))?;
        Ok(Self { partial, path: path.to_owned() })
    }
}

impl Sink for Raw {
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        self.partial.run("writing", |file| write_at(file, at, bytes))
    }

    fn zeros(&self, _at: u64, _length: u64) -> Result<(), Error> {
        Ok(())
    }

    fn complete(self: Box<Self>) -> Result<(), Error> {
        self.partial.complete(&self.path)
    }
}
