//! A new qcow2 image, as QEMU and its kin read it.

use std::io;
use std::path::{Path, PathBuf};

use imago::file::File;
use imago::format::builder::FormatDriverBuilder as _;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatCreateBuilder as _, StorageOpenOptions};

use super::Sink;
use crate::error::Error;
use crate::partial::{Partial, failed};

/// What the size of a qcow2 image is a multiple of.
const SECTOR: u64 = 512;

pub(super) struct Qcow2 {
    image: FormatAccess<File>,
    partial: Partial,
    path: PathBuf,
}

impl Qcow2 {
    pub(super) fn create(path: &Path, size: u64, source: Option<&Path>) -> Result<Self, Error> {
        let partial = Partial::create_like(path, source)?;
        let made = make(partial.handle()?, size.next_multiple_of(SECTOR));
        let image = made.map_err(|source| failed("formatting", path, source))?;
        Ok(Self { image, partial, path: path.to_owned() })
    }
}

impl Sink for Qcow2 {
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut padded = Vec::new();
        let bytes = if (bytes.len() as u64).is_multiple_of(SECTOR) {
            bytes
        } else {
            padded.extend_from_slice(bytes);
            padded.resize(bytes.len().next_multiple_of(SECTOR as usize), 0);
            &padded
        };
        self.image.write(bytes, at).map_err(|source| failed("writing", &self.path, source))
    }

    fn zeros(&self, _at: u64, _length: u64) -> Result<(), Error> {
        Ok(())
    }

    fn complete(self: Box<Self>) -> Result<(), Error> {
        let Self { image, partial, path } = *self;
        image.flush().map_err(|source| failed("writing", &path, source))?;
        drop(image);
        partial.complete(&path)
    }
}

fn make(file: std::fs::File, size: u64) -> io::Result<FormatAccess<File>> {
    let file = File::from_open_file(file, StorageOpenOptions::new().write(true))?;
    let builder = imago::qcow2::Qcow2::<File>::create_builder(file).size(size);
    let image = builder.create_open(DenyImplicitOpenGate::default(), |file| {
        Ok(imago::qcow2::Qcow2::builder(file).backing(None).write(true))
    })?;
    Ok(FormatAccess::new(image))
}
